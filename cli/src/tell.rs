//! What a charge's events look like: a line for a person, or a JSON object for a program.

use std::io::Write;

use caas_core::charge::{Payment, Review};
use caas_simulator::Capture;
use caas_transport_std::{ChargeEvent, ChargeView, Ended, Outcome};
use serde_json::{Value, json};

use crate::exit::Exit;

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
        if self.json {
            let mut line = json!({
                "event": name, "sale": view.sale_id, "payment": view.payment_word(),
                "received": view.received.to_string(), "simulated": self.simulated,
            });
            if let (Some(line), Value::Object(more)) = (line.as_object_mut(), more) {
                line.extend(more);
            }
            self.line(&line.to_string());
        } else {
            self.line(&format!("charge    {text}"));
        }
    }

    /// Tells the end, and how the command exits. The simulated carrier's ledger stands beside it.
    pub fn end(self, outcome: &Outcome, captures: Option<&[Capture]>) -> Exit {
        let view = &outcome.charge;
        let (state, exit) = state_of(outcome);
        if self.json {
            let mut line = json!({
                "event": "end", "state": state, "sale": view.sale_id, "charge": view.charge_id,
                "subscriber": view.subscriber, "amount": view.amount.to_string(),
                "currency": view.currency.as_str(), "payment": view.payment_word(), "saleState": view.sale_word(),
                "release": view.release_word(), "review": view.review_word(), "received": view.received.to_string(),
                "refundDue": view.refund_due.to_string(), "exit": exit as u8, "simulated": self.simulated,
            });
            if let (Some(line), Some(captures)) = (line.as_object_mut(), captures) {
                let ledger: Vec<_> = captures.iter().map(|capture| json!({
                    "serial": capture.serial, "amount": rupees(capture.amount), "reference": capture.reference,
                })).collect();
                line.insert("ledger".to_owned(), Value::Array(ledger));
            }
            self.line(&line.to_string());
        } else {
            self.line(&sentence(outcome, state, self.simulated));
            if let Some(captures) = captures {
                self.line(&ledger_line(captures));
            }
            if outcome.ended == Ended::Interrupted {
                self.line("          interrupted: `caas resume` finishes it");
            }
        }
        exit
    }

    /// A line of any text. A reader that has gone (a closed pipe) does not stop a charge.
    pub fn line(self, text: &str) {
        let _ = writeln!(std::io::stdout(), "{text}");
    }
}

/// The word for a charge that was put down, and the exit code for it.
pub fn state_of(outcome: &Outcome) -> (&'static str, Exit) {
    let view = &outcome.charge;
    if outcome.ended == Ended::Interrupted {
        return ("interrupted", Exit::Interrupted);
    }
    if matches!(view.review, Review::Needed(_)) {
        return ("needs-review", Exit::InDoubt);
    }
    match view.payment {
        Payment::Confirmed if view.release.counts() => ("confirmed", Exit::Done),
        // Paid and not released: somebody owes the payer, so nothing may be released on this exit code.
        Payment::Confirmed => ("refund-due", Exit::InDoubt),
        Payment::Failed if !view.refund_due.is_zero() => ("refund-due", Exit::InDoubt),
        Payment::Failed if view.may_still_charge => ("failed-listening", Exit::InDoubt),
        Payment::Failed => ("failed", Exit::Failed),
        Payment::InDoubt => ("in-doubt", Exit::InDoubt),
        Payment::Requested | Payment::PendingConsent => ("open", Exit::InDoubt),
    }
}

fn sentence(outcome: &Outcome, state: &str, simulated: bool) -> String {
    let view = &outcome.charge;
    let note = if simulated { " (simulated)" } else { "" };
    let code = view.attempts.last().map(|attempt| attempt.code.as_str()).filter(|code| !code.is_empty());
    let code = code.map_or_else(String::new, |code| format!(", carrier's code {code}"));
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

fn describe(event: &ChargeEvent) -> (&'static str, String, Value) {
    let plain = |name: &'static str, text: &str| (name, text.to_owned(), json!({}));
    match event {
        ChargeEvent::PayerMustAct { text, reference, amount_due } => {
            let mut shown =
                if text.is_empty() { "answer the prompt on the phone".to_owned() } else { text.clone() };
            if !reference.is_empty() {
                shown = format!("{shown} (reference {reference})");
            }
            let due = amount_due.map(|due| due.to_string());
            (
                "payer-must-act",
                format!("the payer must act: {shown}"),
                json!({"text": text, "reference": reference, "amountDue": due}),
            )
        }
        ChargeEvent::Requested => plain("requested", "asked for"),
        ChargeEvent::PendingConsent => plain("pending-consent", "waiting for the payer's consent"),
        ChargeEvent::PartlyPaid(received) => {
            ("partly-paid", format!("partly paid: {received}"), json!({"received": received.to_string()}))
        }
        ChargeEvent::Confirmed => plain("confirmed", "confirmed: paid in full"),
        ChargeEvent::Failed => plain("failed", "failed: not paid"),
        ChargeEvent::InDoubt => {
            plain("in-doubt", "in doubt: money may have moved; nothing is sent again blindly")
        }
        ChargeEvent::Lapsed => plain("lapsed", "not approved in time"),
        ChargeEvent::Release(_) => plain("release", "release the goods"),
        ChargeEvent::Released => plain("released", "released, and recorded"),
        ChargeEvent::ReleaseHeld => plain("release-held", "paid, but held: a person must look"),
        ChargeEvent::ReleaseUncertain => plain(
            "release-uncertain",
            "the power went during the release, which counts as made: look at the machine",
        ),
        ChargeEvent::Closed(closing) => {
            let how = format!("{closing:?}").to_lowercase();
            ("closed", format!("the sale is closed: {how}"), json!({"how": how}))
        }
        ChargeEvent::RefundDue(amount) => {
            ("refund-due", format!("refund due: {amount}"), json!({"refundDue": amount.to_string()}))
        }
        ChargeEvent::NeedsReview(reason) => (
            "needs-review",
            format!("needs review ({reason:?}): find out, then `caas resolve`"),
            json!({"reason": format!("{reason:?}")}),
        ),
        ChargeEvent::Conflict(conflict) => (
            "conflict",
            format!("evidence contradicts: {conflict:?}"),
            json!({"conflict": format!("{conflict:?}")}),
        ),
        ChargeEvent::CredentialsRefused => {
            plain("credentials-refused", "the carrier refused the credentials")
        }
        ChargeEvent::Misconfigured(fault) => ("misconfigured", format!("not sent: {fault}"), json!({})),
        ChargeEvent::NotSent(cause) => {
            ("not-sent", format!("not sent: {cause}"), json!({"cause": cause.to_string()}))
        }
        ChargeEvent::NoAnswer(cause) => {
            ("no-answer", format!("maybe sent: {cause}"), json!({"cause": cause.to_string()}))
        }
        ChargeEvent::StorageFailing(error) => {
            ("storage-failing", format!("the journal fails: {error}"), json!({"cause": error.to_string()}))
        }
        _ => plain("event", "something that this version has no words for"),
    }
}

fn rupees(minor: u64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}
