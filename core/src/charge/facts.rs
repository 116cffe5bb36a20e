//! What holds of a charge at a moment, a bit for each fact. They are gathered once, so that a rule is two sets: what must
//! hold, and what must not.

use super::attempt::{Attempt, Mark};
use super::guard::Guard;
use super::kept_review::KeptReview;
use super::transition::{Known, Phase, Standing, payment};
use super::{Charge, Payment, Reason, Release, Sale};
use crate::profile::CapturesAt;

/// The latest attempt stands there: one of the lowest eight bits.
pub(super) const fn latest(phase: Phase) -> u32 {
    1 << phase as u32
}

/// What was received reaches the sale's amount.
pub(super) const PAID: u32 = Known::PaidInFull as u32;
/// The payment is in doubt, unless it is paid.
pub(super) const UNCERTAIN: u32 = Known::Doubt as u32;
/// The sale is open.
pub(super) const OPEN: u32 = Known::SaleOpen as u32;
/// An attempt before the latest may still charge, or have charged.
pub(super) const EARLIER_IN_DOUBT: u32 = 1 << 11;
/// A capture is still possible, by what is known.
pub(super) const MAY_STILL_CHARGE: u32 = 1 << 12;
/// The payment is in doubt, or it is paid and an attempt is in doubt.
pub(super) const DOUBT: u32 = 1 << 13;
/// The application sees the payment as failed.
pub(super) const FAILED: u32 = 1 << 14;
/// Money came that does not clearly belong to this charge.
pub(super) const UNMATCHED: u32 = 1 << 15;
/// Some money was received.
pub(super) const RECEIVED: u32 = 1 << 16;
/// The evidence of payment is good enough for the goods (R41): above the profile's limit, notifications alone are not.
pub(super) const VOUCHED: u32 = 1 << 17;
/// The goods may be released, as far as the payment is concerned.
pub(super) const RELEASABLE: u32 = 1 << 18;
/// The release was started, whatever became of it.
pub(super) const RELEASING: u32 = 1 << 19;
/// The payer counts as having the goods.
pub(super) const GIVEN: u32 = 1 << 20;
/// A person must look.
pub(super) const NEEDS_REVIEW: u32 = 1 << 21;
/// A person must look, or has looked and decided.
pub(super) const REVIEW: u32 = 1 << 22;
/// A request is under way.
pub(super) const FLYING: u32 = 1 << 23;
/// A request is decided on and not handed out yet.
pub(super) const PLANNED: u32 = 1 << 24;
/// The payer consents by a prompt, and confirm asks for it.
pub(super) const PROMPT: u32 = 1 << 25;
/// `confirm` may be sent for the latest attempt, leaving time and review aside.
pub(super) const MAY_ASK: u32 = 1 << 26;
/// A charge request may be sent for the latest attempt, leaving the time aside.
pub(super) const MAY_SEND: u32 = 1 << 27;
/// What captures may be sent: the sale is open, and it is not paid.
pub(super) const MAY_CAPTURE: u32 = 1 << 28;
/// Some send of the latest attempt may have charged and no answer speaks for it.
pub(super) const OPEN_SEND: u32 = 1 << 29;
/// The carrier said of the latest attempt that it failed, though a later success would still count. A send that was
/// throttled only has not failed: it may be asked for again while the sale is open.
pub(super) const FAILED_BY_CARRIER: u32 = 1 << 30;

/// An attempt is in doubt, whatever the payment is.
pub(super) const ATTEMPT_IN_DOUBT: u32 = 1 << 31;

/// What keeps an attempt before the latest from being left behind.
const UNDECIDED: u32 = latest(Phase::InDoubt) | latest(Phase::PendingConsent) | latest(Phase::Requested);

/// A set of facts.
#[derive(Clone, Copy)]
pub(super) struct Facts(u32);

impl Facts {
    /// Whether all of these hold.
    pub fn all(self, facts: u32) -> bool {
        self.0 & facts == facts
    }

    /// Whether some of these hold.
    pub fn any(self, facts: u32) -> bool {
        self.0 & facts != 0
    }

    /// What the application sees of the payment.
    pub fn payment(self) -> Payment {
        let [low, high, ..] = self.0.to_le_bytes();
        payment(Standing::from_bits(u16::from_le_bytes([low, high])))
    }

    /// Whether all is clear, or a person must look.
    pub fn is_clear_or_reviewed(self) -> bool {
        // Not while another attempt than the one that paid may have charged too. Where a person must look, nothing is left
        // to do: an acceptance that comes after the review is not asked about any more.
        let clear = self.any(PAID | FAILED) && !self.any(DOUBT);
        clear || self.any(NEEDS_REVIEW)
    }

    fn note(&mut self, fact: u32, holds: bool) {
        if holds {
            self.0 |= fact;
        }
    }
}

/// What holds, or does not hold, at the same time.
pub(super) struct When {
    pub all: u32,
    pub none: u32,
}

impl When {
    pub fn holds(&self, facts: Facts) -> bool {
        facts.all(self.all) && !facts.any(self.none)
    }
}

impl Charge {
    /// What holds now. The order counts: what stands further down asks for what stands above.
    #[inline(never)]
    pub(super) fn facts(&self) -> Facts {
        let (mut earlier, mut phases, mut latest_stands) = (0, 0, 0);
        for number in self.numbers() {
            earlier = phases;
            latest_stands = latest(self.phase_of(number));
            phases |= latest_stands;
        }
        let mut facts = Facts(latest_stands);
        facts.note(EARLIER_IN_DOUBT, earlier & UNDECIDED != 0);
        facts.note(OPEN, self.sale == Sale::Open);
        let prompted = self.consent.is_prompt();
        facts.note(PROMPT, prompted);
        facts.0 |= match self.release {
            Release::None => 0,
            Release::Failed => RELEASING,
            Release::Started | Release::Done | Release::Uncertain => RELEASING | GIVEN,
        };
        facts.note(REVIEW, self.review.is_some());
        facts.note(NEEDS_REVIEW, self.review.reason().is_some());
        // What the damaged record said is unknown until a person has looked (R44).
        facts.note(UNCERTAIN, self.review == KeptReview::needed(Reason::DamagedRecord));
        facts.note(FLYING, self.flight.is_some());
        facts.note(PLANNED, self.planned.is_some());

        facts.note(PAID, self.is_paid_in_full());
        facts.note(RECEIVED, !self.received().is_zero());
        facts.note(UNMATCHED, !self.lasting.received.unmatched().is_zero());
        facts.note(UNCERTAIN, facts.any(UNMATCHED) && (facts.any(NEEDS_REVIEW) || !facts.any(REVIEW)));
        // An answer that says "executed" makes an attempt paid.
        facts.note(
            VOUCHED,
            self.amount() <= self.notified_release.amount() || phases & latest(Phase::Paid) != 0,
        );
        facts.note(RELEASABLE, facts.all(PAID | VOUCHED));

        // An attempt that was not brought to an end is in doubt as well, if it is not the latest or if its prompt is live
        // while the charge is paid by another: a consent that captures would charge a second time.
        let in_doubt = facts.any(latest(Phase::InDoubt) | EARLIER_IN_DOUBT)
            || (prompted && facts.all(latest(Phase::PendingConsent) | PAID));
        facts.note(ATTEMPT_IN_DOUBT | UNCERTAIN | DOUBT, in_doubt);
        facts.note(DOUBT, facts.any(UNCERTAIN) && !facts.any(PAID));
        facts.note(FAILED, facts.payment() == Payment::Failed);
        let may_charge = phases & UNDECIDED != 0
            || (phases & latest(Phase::Listening) != 0 && self.consent.is_dialled())
            || facts.all(OPEN | latest(Phase::Planned));
        facts.note(MAY_STILL_CHARGE, may_charge);

        let may_capture = facts.any(OPEN) || !self.guards.hold(Guard::NoCaptureAfterClose);
        facts.note(MAY_CAPTURE, may_capture && !facts.any(PAID));
        if let Some(attempt) = self.latest() {
            self.note_requests(&mut facts, attempt);
        }
        facts
    }

    /// Which requests may follow for the latest attempt.
    fn note_requests(&self, facts: &mut Facts, attempt: &Attempt) {
        facts.note(OPEN_SEND, attempt.has_open_send(self.in_flight(self.latest_number()), self.deduplicates));
        // Where confirm only reads, it may be asked also of a live prompt after another attempt was paid.
        let harmless = facts.any(MAY_CAPTURE) || self.captures_at == CapturesAt::Consent;
        facts.note(MAY_ASK, self.consent.is_prompt() && harmless && attempt.is_askable());
        facts.note(MAY_SEND, self.may_send_charge(*facts, attempt));
        facts.note(FAILED_BY_CARRIER, attempt.has(Mark::FailedListening) || attempt.has(Mark::SendFailed));
    }

    /// Whether a charge request may follow for the latest attempt, while none is under way.
    fn may_send_charge(&self, facts: Facts, attempt: &Attempt) -> bool {
        if !facts.any(MAY_CAPTURE) || facts.any(RELEASING) {
            return false;
        }
        if facts.any(latest(Phase::Planned) | latest(Phase::Requested)) {
            return true;
        }
        let repeatable = self.deduplicates || !self.guards.hold(Guard::ResendOnlyDeduplicated);
        facts.all(latest(Phase::InDoubt) | OPEN_SEND)
            && repeatable
            && attempt.opened < self.sends
            && !attempt.has(Mark::Accepted)
    }
}
