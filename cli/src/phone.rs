//! The simulated payer's phone, and what the simulated carrier does, beside the charge's own lines.

use std::io::{BufRead, IsTerminal};
use std::sync::Arc;

use caas_core::id::Masked;
use caas_core::money::Amount;
use caas_simulator::{DeliveryOutcome, EzCashRequest, Payer, Prompt, Simulator, SimulatorEvent};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use crate::out;
use crate::tell::{Tell, rupees};

/// Shows what happens in the built-in simulator while a charge runs, and asks the person for the payer's answers.
pub fn follow(tell: Tell, simulator: &Arc<Simulator>, payer: Payer) -> JoinHandle<()> {
    let mut events = simulator.events();
    let simulator = Arc::clone(simulator);
    tokio::spawn(async move {
        loop {
            match events.recv().await {
                Ok(event) => {
                    show(tell, &event);
                    if payer == Payer::Ask && !tell.json {
                        ask(&simulator, &event);
                    }
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    })
}

/// Shows what the payer sees, and what the simulated carrier does.
pub fn show(tell: Tell, event: &SimulatorEvent) {
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

/// Asks the person at the terminal what the payer does. The question waits on a thread of its own, so that time and the
/// charge go on.
pub fn ask(simulator: &Arc<Simulator>, event: &SimulatorEvent) {
    // The end of a file or a pipe is nobody's answer.
    if !std::io::stdin().is_terminal() {
        return;
    }
    let simulator = Arc::clone(simulator);
    match event {
        SimulatorEvent::PromptShown(prompt) => {
            let prompt = prompt.clone();
            std::thread::spawn(move || answer_prompt(&simulator, &prompt));
        }
        SimulatorEvent::EzCashRequested(request) => {
            let request = request.clone();
            std::thread::spawn(move || answer_payment(&simulator, &request));
        }
        _ => {}
    }
}

fn answer_prompt(simulator: &Simulator, prompt: &Prompt) {
    let word = question("you are the payer: type a to approve, d to decline, i to ignore, then Enter");
    let done = match word.as_str() {
        "a" | "approve" | "" => simulator.approve(&prompt.reference),
        "d" | "decline" => simulator.decline(&prompt.reference),
        _ => simulator.ignore(&prompt.reference),
    };
    if let Err(refused) = done {
        out::line(&format!("phone     {refused}"));
    }
}

fn answer_payment(simulator: &Simulator, request: &EzCashRequest) {
    let due = rupees(request.amount_due);
    let word = question(&format!(
        "you are the payer: type how much to pay, 0 for nothing, then Enter; Enter alone pays {due}"
    ));
    let typed = if word.is_empty() { &due } else { &word };
    match Amount::parse(typed) {
        Ok(amount) if amount.is_zero() => {}
        Ok(amount) => {
            if let Err(refused) = simulator.pay(&request.reference, amount.minor()) {
                out::line(&format!("phone     {refused}"));
            }
        }
        Err(error) => out::line(&format!("phone     {error}: nothing was paid")),
    }
}

fn question(text: &str) -> String {
    out::line(text);
    let mut line = String::new();
    // Without an answer the payer does nothing, as a payer who is not there.
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => "ignore".to_owned(),
        Ok(_) => line.trim().to_ascii_lowercase(),
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
