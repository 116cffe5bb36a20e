//! The words for what happens to a charge: a name and members for programs, a sentence for people.

use caas_transport_std::ChargeEvent;
use serde_json::{Value, json};

/// The event's name, a sentence, and what a program gets beside the name.
pub fn describe(event: &ChargeEvent) -> (&'static str, String, Value) {
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
            format!("needs review ({}): ask the carrier, then `caas resolve`", word(reason)),
            json!({"reason": word(reason)}),
        ),
        ChargeEvent::Conflict(conflict) => (
            "conflict",
            format!("the carrier contradicts itself: {}", word(conflict)),
            json!({"conflict": word(conflict)}),
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

/// `PaidByNotificationOnly` as `paid-by-notification-only`, as the journal has it.
fn word(value: &impl std::fmt::Debug) -> String {
    let mut word = String::new();
    for letter in format!("{value:?}").chars() {
        if letter.is_ascii_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}
