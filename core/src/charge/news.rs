//! What has been told to the application and what has not. Told again after a restart, because the application may have
//! died before it acted.

use super::attempt::Mark;
use super::facts::{self, latest};
use super::kept::Kept;
use super::kept_review::KeptReview;
use super::output::Event;
use super::{CONFLICTS, Charge, Payment, Phase, Release, Sale};

/// What was told in this run of the program. It is aligned, so that a copy is five words and not a call.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(4))]
#[cfg_attr(feature = "model", derive(PartialEq, Eq, Hash))]
pub(super) struct Told {
    conflicts: u8,
    credential_refusals: u8,
    misconfigured: bool,
    /// One more than the attempt whose instructions were told last.
    must_act: u8,
    /// One more than the attempt whose lapse was told last.
    lapsed: u8,
    pub payment: Option<Payment>,
    uncertain: bool,
    pub review: KeptReview,
    closed: bool,
    partly_paid: Kept,
    pub refund_due: Kept,
}

impl Charge {
    /// The first thing that was not told, which counts as told from now on.
    #[inline(never)]
    pub(super) fn news(&self, told: &mut Told) -> Option<Event> {
        let untold = self.lasting.conflicts & !told.conflicts;
        if let Some(conflict) = CONFLICTS.get(untold.trailing_zeros() as usize) {
            told.conflicts |= *conflict as u8;
            return Some(Event::Conflict(*conflict));
        }
        if is_new(&mut told.credential_refusals, self.lasting.credential_refusals) {
            return Some(Event::CredentialsRefused);
        }
        if let Some(fault) = self.fault {
            if is_new(&mut told.misconfigured, true) {
                return Some(Event::Misconfigured(fault));
            }
        }
        let facts = self.facts();
        let count = self.lasting.attempts.count();
        let accepted = self.latest().is_some_and(|attempt| attempt.has(Mark::Accepted));
        let must_act = accepted && facts.all(facts::OPEN | latest(Phase::PendingConsent));
        if must_act && is_new(&mut told.must_act, count) {
            return Some(Event::PayerMustAct);
        }
        if facts.all(facts::OPEN | latest(Phase::Lapsed)) && is_new(&mut told.lapsed, count) {
            return Some(Event::Lapsed);
        }
        let received = self.received();
        let partly = facts.any(facts::RECEIVED) && !facts.any(facts::PAID);
        if partly && is_new(&mut told.partly_paid, Kept::new(received)) {
            return Some(Event::PartlyPaid(received));
        }
        let payment = facts.payment();
        if is_new(&mut told.payment, Some(payment)) {
            return Some(match payment {
                Payment::Requested => Event::Requested,
                Payment::PendingConsent => Event::PendingConsent,
                Payment::Confirmed => Event::Confirmed,
                Payment::Failed => Event::Failed,
                Payment::InDoubt => Event::InDoubt,
            });
        }
        if self.release == Release::Uncertain && is_new(&mut told.uncertain, true) {
            return Some(Event::ReleaseUncertain);
        }
        if let Some(reason) = self.review.reason() {
            if is_new(&mut told.review, self.review) {
                return Some(Event::NeedsReview(reason));
            }
        }
        if let Sale::Closed(closing) = self.sale {
            if is_new(&mut told.closed, true) {
                return Some(Event::Closed(closing));
            }
        }
        let due = self.refund_due();
        (!due.is_zero() && is_new(&mut told.refund_due, Kept::new(due))).then_some(Event::RefundDue(due))
    }

    /// Whether all was told.
    pub(crate) fn is_told(&self) -> bool {
        self.news(&mut { self.told }).is_none()
    }
}

/// Whether this is not what was told, which it is from now on.
fn is_new<T: PartialEq>(told: &mut T, now: T) -> bool {
    let new = *told != now;
    *told = now;
    new
}
