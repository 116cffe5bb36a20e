//! What happens to a charge.

use caas_core::charge::{Charge, Closing, Conflict, Event, Reason, ReleasePermit};
use caas_core::money::Amount;
use caas_core::wire::request::RequestFault;

use crate::http_client::{MaybeSent, NotSent};
use crate::journal::JournalError;

/// Something that happened to a charge. What tells of money is durable before it is told.
#[derive(Debug)]
#[non_exhaustive]
pub enum ChargeEvent {
    /// The charge cannot go on until the payer has done this: show it.
    PayerMustAct {
        /// The carrier's words; empty if it gave none.
        text: String,
        /// The reference that the payer must enter; empty if the carrier named none.
        reference: String,
        /// What the carrier asks for. It may differ from the sale's amount.
        amount_due: Option<Amount>,
    },
    /// Asked for, or asked for again.
    Requested,
    /// The payer must act.
    PendingConsent,
    /// Paid in part so far.
    PartlyPaid(Amount),
    /// Paid in full.
    Confirmed,
    /// Not paid.
    Failed,
    /// Money may have moved and nobody here can tell, for now.
    InDoubt,
    /// Not approved in time.
    Lapsed,
    /// Release the goods now, once, and give the permit back: [`OpenCharge::released`](crate::OpenCharge::released) or
    /// [`OpenCharge::release_failed`](crate::OpenCharge::release_failed). An observer answers with
    /// [`Reaction`](crate::Reaction) instead.
    Release(ReleasePermit),
    /// The goods count as released: the desk did so by itself ([`ReleasePolicy::Automatic`](crate::ReleasePolicy)).
    Released,
    /// Paid, and not released: the amount is above what the profile releases on notifications alone. A person must look.
    ReleaseHeld,
    /// The power went during a release, which counts as made: look at the machine.
    ReleaseUncertain,
    /// The sale is over.
    Closed(Closing),
    /// This much is owed back to the payer.
    RefundDue(Amount),
    /// A person must look.
    NeedsReview(Reason),
    /// Evidence contradicts other evidence.
    Conflict(Conflict),
    /// The carrier refused the credentials: [`Desk::replace_credentials`](crate::Desk::replace_credentials).
    CredentialsRefused,
    /// A request could not be written: the configuration is to blame, nothing was sent.
    Misconfigured(RequestFault),
    /// No byte of a request was sent. It is sent again by itself where that is allowed.
    NotSent(NotSent),
    /// A request may have been sent, and there is no answer.
    NoAnswer(MaybeSent),
    /// The journal fails. Nothing is sent until it works again.
    StorageFailing(JournalError),
}

impl ChargeEvent {
    pub(super) fn of(charge: &Charge, event: Event) -> Self {
        match event {
            Event::PayerMustAct => ChargeEvent::PayerMustAct {
                text: charge.payer_text().unwrap_or_default().to_owned(),
                reference: charge.reference().unwrap_or_default().to_owned(),
                amount_due: charge.must_act().amount_due,
            },
            Event::Requested => ChargeEvent::Requested,
            Event::PendingConsent => ChargeEvent::PendingConsent,
            Event::PartlyPaid(received) => ChargeEvent::PartlyPaid(received),
            Event::Confirmed => ChargeEvent::Confirmed,
            Event::Failed => ChargeEvent::Failed,
            Event::InDoubt => ChargeEvent::InDoubt,
            Event::Lapsed => ChargeEvent::Lapsed,
            Event::Release(permit) => ChargeEvent::Release(permit),
            Event::ReleaseUncertain => ChargeEvent::ReleaseUncertain,
            Event::Closed(closing) => ChargeEvent::Closed(closing),
            Event::RefundDue(amount) => ChargeEvent::RefundDue(amount),
            Event::NeedsReview(reason) => ChargeEvent::NeedsReview(reason),
            Event::Conflict(conflict) => ChargeEvent::Conflict(conflict),
            Event::CredentialsRefused => ChargeEvent::CredentialsRefused,
            Event::Misconfigured(fault) => ChargeEvent::Misconfigured(fault),
        }
    }
}
