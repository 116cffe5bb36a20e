//! The word for how a charge ended, and the exit code for it.

use caas_core::charge::{Payment, Release, Review};
use caas_transport_std::{Ended, Outcome};

use crate::exit::Exit;

/// The word for a charge that was put down, and the exit code for it. 0 stands for one thing only: paid in full, and the
/// release of the goods is in the journal.
pub fn state_of(outcome: &Outcome) -> (&'static str, Exit) {
    let view = &outcome.charge;
    if outcome.ended == Ended::Interrupted {
        return ("interrupted", Exit::Interrupted);
    }
    if matches!(view.review, Review::Needed(_)) {
        return ("needs-review", Exit::InDoubt);
    }
    match (view.payment, view.release) {
        (Payment::Confirmed, Release::Done) => ("confirmed", Exit::Done),
        // Counted as released, but nobody saw the end of it.
        (Payment::Confirmed, Release::Started | Release::Uncertain) => ("release-uncertain", Exit::InDoubt),
        // Paid and not released: somebody owes the payer, so nothing may be released on this exit code.
        (Payment::Confirmed, _) if !view.refund_due.is_zero() => ("refund-due", Exit::InDoubt),
        (Payment::Confirmed, _) => ("refunded", Exit::Failed),
        (Payment::Failed, _) if !view.refund_due.is_zero() => ("refund-due", Exit::InDoubt),
        (Payment::Failed | Payment::PendingConsent, _) if view.may_still_charge => {
            ("may-still-be-paid", Exit::InDoubt)
        }
        (Payment::Failed, _) => ("failed", Exit::Failed),
        (Payment::InDoubt, _) => ("in-doubt", Exit::InDoubt),
        (Payment::Requested | Payment::PendingConsent, _) => ("open", Exit::InDoubt),
    }
}
