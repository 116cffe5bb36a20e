//! How a charge ended, or why it was put down.

use caas_core::charge::{Payment, Reason, Review};
use caas_core::money::Amount;

use crate::journal::ChargeView;

/// A charge when it was put down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What is known of it.
    pub charge: ChargeView,
    /// Why it was put down.
    pub ended: Ended,
}

/// Why a charge was put down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Nothing is left to be driven. Late money still counts, and becomes a refund due.
    Settled,
    /// The desk was interrupted; the charge is as it was, and a resume finishes it.
    Interrupted,
}

/// What a charge came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Paid and released. Money beyond the amount is in [`ChargeView::refund_due`].
    Paid,
    /// Not charged.
    NotCharged,
    /// Money came, or too much of it, and this much is owed back.
    RefundDue(Amount),
    /// A person must find out: [`Desk::resolve`](crate::Desk::resolve).
    NeedsReview(Reason),
    /// Not at its end; a resume finishes it.
    Unfinished,
}

/// What an observer wants done about an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// Nothing. For [`ChargeEvent::Release`](crate::ChargeEvent::Release) it means, as all but [`Reaction::Released`], that
    /// the goods were **not** released: what was paid is a refund due.
    Continue,
    /// For [`ChargeEvent::Release`](crate::ChargeEvent::Release): the goods were released.
    Released,
    /// End the sale.
    Cancel,
    /// Ask the payer again.
    Retry {
        /// The caller accepts that the earlier attempt may still charge.
        accept_risk: bool,
    },
    /// Stop driving; the charge stays as it is.
    Stop,
}

impl Outcome {
    /// What the charge came to. The first that applies is said: review, refund due, paid, not charged.
    pub fn ending(&self) -> Ending {
        let charge = &self.charge;
        if let Review::Needed(reason) = charge.review {
            return Ending::NeedsReview(reason);
        }
        if self.ended == Ended::Interrupted {
            return Ending::Unfinished;
        }
        if !charge.refund_due.is_zero() {
            return Ending::RefundDue(charge.refund_due);
        }
        match charge.payment {
            Payment::Confirmed if charge.release.counts() => Ending::Paid,
            Payment::InDoubt | Payment::Requested => Ending::Unfinished,
            // Paid and paid back, or a sale that is closed and nothing came.
            Payment::Confirmed | Payment::Failed | Payment::PendingConsent => Ending::NotCharged,
        }
    }
}
