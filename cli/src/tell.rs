//! What a charge's events look like: a line for a person, or a JSON object for a program.

use caas_simulator::Capture;
use caas_transport_std::{ChargeEvent, ChargeView, Outcome};
use serde_json::{Map, Value, json};

use crate::exit::{Exit, Stop};
use crate::out;
use crate::state::state_of;
use crate::words::describe;

/// How a command speaks.
#[derive(Clone, Copy)]
pub struct Tell {
    /// One JSON object a line.
    pub json: bool,
    /// Payer and carrier are simulated.
    pub simulated: bool,
}

impl Tell {
    /// Tells an event.
    pub fn event(self, view: &ChargeView, event: &ChargeEvent) {
        let (name, text, more) = describe(event);
        if !self.json {
            self.line(&format!("charge    {text}"));
            return;
        }
        let mut line = json!({
            "event": name, "sale": view.sale_id, "payment": view.payment_word(),
            "received": view.received.to_string(),
        });
        if let (Some(line), Value::Object(more)) = (line.as_object_mut(), more) {
            line.extend(more);
        }
        self.object(&line);
    }

    /// Tells how a charge was put down.
    pub fn put_down(self, outcome: &Outcome) {
        if self.json {
            self.object(&Value::Object(ended("charge-ended", outcome)));
            return;
        }
        let (state, exit) = state_of(outcome);
        self.line(&sentence(outcome, state, self.simulated));
        if exit == Exit::Interrupted {
            let simulate = if self.simulated { " --simulate" } else { "" };
            self.line(&format!("          interrupted: `caas resume{simulate}` finishes it"));
        }
    }

    /// Tells the end of a command that was about one charge. The simulated carrier's ledger stands beside it.
    pub fn end(self, outcome: &Outcome, captures: Option<&[Capture]>) -> Exit {
        let (state, exit) = state_of(outcome);
        if self.json {
            let mut line = ended("end", outcome);
            line.insert("exit".to_owned(), json!(exit as u8));
            if let Some(captures) = captures {
                line.insert("ledger".to_owned(), captures.iter().map(capture_member).collect());
            }
            self.object(&Value::Object(line));
            return exit;
        }
        self.put_down(outcome);
        if let Some(captures) = captures {
            self.line(&ledger_line(captures));
        }
        if state == "may-still-be-paid" {
            self.line(
                "the carrier may still report a payment: release nothing; late money becomes a refund due",
            );
        }
        exit
    }

    /// Tells the end of a command that was about no single charge. People see it by its end.
    pub fn done(self, state: &str, exit: Exit) -> Exit {
        if self.json {
            self.object(&json!({"event": "end", "state": state, "exit": exit as u8}));
        }
        exit
    }

    /// Tells why a command was refused, or broke off: people on standard error, programs on both.
    pub fn stopped(self, stop: &Stop) {
        out::complain(&format!("caas: {}", stop.message));
        if self.json {
            let state = stop.exit.word();
            self.object(
                &json!({"event": "end", "state": state, "exit": stop.exit as u8, "cause": stop.message}),
            );
        }
    }

    /// Tells people something that is no event, such as what to do meanwhile.
    pub fn note(self, text: &str) {
        out::complain(&format!("caas: {text}"));
    }

    /// A JSON object on a line of its own. Every one says whether it is about something simulated.
    pub fn object(self, object: &Value) {
        let mut object = object.clone();
        if let Some(members) = object.as_object_mut() {
            members.insert("simulated".to_owned(), json!(self.simulated));
        }
        self.line(&object.to_string());
    }

    /// A line of any text.
    pub fn line(self, text: &str) {
        out::line(text);
    }
}

fn ended(event: &str, outcome: &Outcome) -> Map<String, Value> {
    let view = &outcome.charge;
    let code = view.attempts.last().map_or("", |attempt| attempt.code.as_str());
    let members = [
        ("event", event.to_owned()),
        ("state", state_of(outcome).0.to_owned()),
        ("sale", view.sale_id.clone()),
        ("charge", view.charge_id.clone()),
        ("subscriber", view.subscriber.clone()),
        ("amount", view.amount.to_string()),
        ("currency", view.currency.as_str().to_owned()),
        ("payment", view.payment_word()),
        ("saleState", view.sale_word()),
        ("release", view.release_word()),
        ("review", view.review_word()),
        ("received", view.received.to_string()),
        ("refundDue", view.refund_due.to_string()),
        ("code", code.to_owned()),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect()
}

fn capture_member(capture: &Capture) -> Value {
    json!({"serial": capture.serial, "amount": rupees(capture.amount), "reference": capture.reference})
}

fn sentence(outcome: &Outcome, state: &str, simulated: bool) -> String {
    let view = &outcome.charge;
    let note = if simulated { " (simulated)" } else { "" };
    let code = view.attempts.last().map(|attempt| attempt.code.as_str()).filter(|code| !code.is_empty());
    let code = code.map_or_else(String::new, |code| match code.starts_with(['E', 'P']) {
        true => format!(", carrier's code {code} (`caas status-code {code}`)"),
        false => format!(", carrier's code {code}"),
    });
    let refund = if view.refund_due.is_zero() {
        String::new()
    } else {
        format!(", refund due {} {}", view.refund_due, view.currency)
    };
    format!(
        "\n{state}{note}: {} {} from {}, received {}{refund}, release {}, sale {}{code}",
        view.amount,
        view.currency,
        view.subscriber,
        view.received,
        view.release_word(),
        view.sale_id
    )
}

fn ledger_line(captures: &[Capture]) -> String {
    let sum: u64 = captures.iter().map(|capture| capture.amount).sum();
    match captures.len() {
        0 => "carrier's ledger: nothing was captured".to_owned(),
        count => format!("carrier's ledger: {count} capture(s), {} in all", rupees(sum)),
    }
}

/// Minor units as people write them.
pub fn rupees(minor: u64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}
