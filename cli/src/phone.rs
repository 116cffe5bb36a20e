//! The simulated payer's phone, and what the simulated carrier does, beside the charge's own lines.

use std::sync::Arc;

use caas_core::id::Masked;
use caas_simulator::{DeliveryOutcome, Payer, Prompt, Simulator, SimulatorEvent};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use crate::out;
use crate::person::Person;
use crate::tell::{Tell, rupees};

/// Shows what happens in the built-in simulator while a charge runs, and asks the person for the payer's answers.
pub fn follow(tell: Tell, simulator: &Arc<Simulator>, payer: Payer) -> JoinHandle<()> {
    let mut events = simulator.events();
    let person = person(tell, simulator, payer);
    tokio::spawn(async move {
        loop {
            match events.recv().await {
                Ok(event) => see(tell, &event, person.as_ref()),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    })
}

/// Who answers for the payer, if the payer is a person and is spoken to.
pub fn person(tell: Tell, simulator: &Arc<Simulator>, payer: Payer) -> Option<Person> {
    let asked = payer == Payer::Ask && !tell.json;
    if asked { Person::at_terminal(simulator) } else { None }
}

/// Shows what happens, and asks the person what it asks of the payer.
pub fn see(tell: Tell, event: &SimulatorEvent, person: Option<&Person>) {
    show(tell, event);
    if let Some(person) = person {
        person.hear(event);
    }
}

/// Shows what the payer sees, and what the simulated carrier does.
fn show(tell: Tell, event: &SimulatorEvent) {
    if tell.json {
        tell.object(&object(event));
        return;
    }
    match event {
        SimulatorEvent::PromptShown(prompt) => screen(&prompt.text),
        SimulatorEvent::EzCashRequested(request) => screen(&format!(
            "eZ Cash: dial #111#, reference {}, Rs {}",
            request.reference,
            rupees(request.amount_due)
        )),
        SimulatorEvent::PromptAnswered(prompt) => out::line(&format!("phone     {}", word(&prompt.state))),
        SimulatorEvent::Captured(capture) => {
            out::line(&format!(
                "ledger    #{} captured {} (simulated)",
                capture.serial,
                rupees(capture.amount)
            ));
        }
        SimulatorEvent::NotificationSent(delivery) => {
            out::line(&format!("carrier   notification {}", outcome_word(&delivery.outcome)));
        }
        SimulatorEvent::Request(request) => {
            let answer =
                request.status.map_or_else(|| "no answer".to_owned(), |status| format!("HTTP {status}"));
            out::line(&format!("carrier   {}: {answer}", word(&request.service)));
        }
    }
}

/// The payer's number is masked here too: what is practised with a simulator is done with real payers.
fn object(event: &SimulatorEvent) -> Value {
    match event {
        SimulatorEvent::PromptShown(prompt) => prompt_object("prompt-shown", prompt),
        SimulatorEvent::PromptAnswered(prompt) => prompt_object("prompt-answered", prompt),
        SimulatorEvent::EzCashRequested(request) => json!({
            "event": "ezcash-requested", "reference": request.reference, "externalTrxId": request.external_id,
            "subscriber": masked(&request.subscriber), "amountDue": rupees(request.amount_due),
        }),
        SimulatorEvent::Captured(capture) => json!({
            "event": "captured", "serial": capture.serial, "subscriber": masked(&capture.subscriber),
            "amount": rupees(capture.amount), "reference": capture.reference,
            "externalTrxId": capture.external_id,
        }),
        SimulatorEvent::NotificationSent(delivery) => json!({
            "event": "notification-sent", "reference": delivery.reference, "attempt": delivery.attempt,
            "outcome": outcome_word(&delivery.outcome), "again": delivery.again,
        }),
        SimulatorEvent::Request(request) => {
            json!({"event": "request", "service": word(&request.service), "status": request.status})
        }
    }
}

fn prompt_object(event: &str, prompt: &Prompt) -> Value {
    json!({
        "event": event, "reference": prompt.reference, "subscriber": masked(&prompt.subscriber),
        "amount": rupees(prompt.amount), "text": prompt.text, "state": word(&prompt.state),
    })
}

fn masked(subscriber: &str) -> String {
    Masked(subscriber).to_string()
}

fn outcome_word(outcome: &DeliveryOutcome) -> String {
    match outcome {
        DeliveryOutcome::Refused { status } => format!("refused with HTTP {status}"),
        DeliveryOutcome::Unreachable { error } => format!("not delivered: {error}"),
        DeliveryOutcome::NoUrl => "not sent: no URL to notify is set (caas trigger set notifyUrl URL, or caas simulate --notify URL)".to_owned(),
        outcome => word(outcome),
    }
}

/// The name that the simulator's own JSON has for it.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

fn screen(text: &str) {
    let width = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    let edge = "-".repeat(width + 2);
    out::line(&format!("  .{edge}."));
    for line in text.lines() {
        out::line(&format!("  | {line:<width$} |"));
    }
    out::line(&format!("  '{edge}'"));
}
