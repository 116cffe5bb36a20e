//! What comes next without anybody asking: deadlines that pass, and requests that are due.

use super::attempt::{Attempt, Mark};
use super::guard::Guard;
use super::kept::KeptOrNone;
use super::timers::{Timer, WAIT_MAX, doubled};
use super::{Charge, Closing, Payment, Phase, RECOVERIES_MAX, Reason, Release, Review, Sale};
use crate::profile::{CapturesAt, Profile, Service};
use crate::time::{Instant, Millis, SECOND};

/// The first pause before a charge request that was not sent, or was throttled, is sent again; it doubles.
pub const RESEND_PAUSE: Millis = 2 * SECOND;
/// The first pause after "handset busy", which doubles too: a USSD session lasts about as long.
pub const BUSY_PAUSE: Millis = 30 * SECOND;

/// A request that is decided on: its intent is in the evidence, and must be durable before it is handed out. Or one that
/// was handed out and whose token is not back.
#[derive(Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "model", derive(Clone))]
pub(super) struct Planned {
    pub attempt: u8,
    pub index: u8,
    pub service: Service,
}

impl Charge {
    /// Applies every deadline that has passed.
    #[inline(never)]
    pub(super) fn settle(&mut self, profile: &Profile<'_>) {
        if let Some(sequence) = self.storage.overdue(&self.timers) {
            self.storage_failed(sequence);
        }
        if self.timers.is_over(Timer::AnswerBy) {
            if let Some(flight) = self.flight.take() {
                self.timers.clear(Timer::AnswerBy);
                self.lose(profile, &flight);
            }
        }
        self.end_window();
        self.note_asked_enough(profile);
        self.end_sale();
        self.end_refused_sale();
        self.end_doubt(profile);
        self.review_what_is_left();
        self.listen(profile);
    }

    /// Decides on the next request, if one is due, and notes its intent.
    pub(super) fn plan(&mut self, profile: &Profile<'_>) {
        if self.planned.is_some() || self.flight.is_some() || matches!(self.review, Review::Needed(_)) {
            return;
        }
        if self.attempt_is_due() {
            self.begin_attempt();
        }
        let number = self.latest_number();
        let Some(service) = self.due_service(profile) else { return };
        let Some(attempt) = self.lasting.attempts.get_mut(number) else { return };
        let intended = if service.is_confirm() { attempt.intend_confirm() } else { attempt.intend_send() };
        let Some(index) = intended else { return };
        self.timers.clear(Timer::ResendAt);
        self.planned = Some(Planned { attempt: number, index, service });
        self.storage.touch();
    }

    /// Whether a planned request may be handed out: while its intent was written, the sale may have been closed, or an
    /// answer or a notification may have said what it was to find out.
    pub(super) fn may_send(&self, planned: &Planned) -> bool {
        let open = self.sale == Sale::Open || !self.guards.hold(Guard::NoCaptureAfterClose);
        let current = planned.attempt == self.latest_number();
        let unpaid = self.payment() != Payment::Confirmed;
        let around = self.surroundings(planned.attempt);
        if planned.service.is_confirm() {
            // Where confirm only reads, it may be asked also of a live prompt after another attempt was paid.
            let unanswered = self.latest().is_some_and(Attempt::is_askable);
            current && unanswered && ((unpaid && open) || self.captures_at == CapturesAt::Consent)
        } else {
            let unanswered = self.latest().is_some_and(|attempt| attempt.has_open_send(&around));
            current && unanswered && unpaid && open
        }
    }

    /// The earliest deadline; later than `now`, because [`Charge::settle`] has applied the others.
    pub(super) fn next_time(&self) -> Option<Instant> {
        let timers = &self.timers;
        let open = self.sale == Sale::Open && !self.is_ready();
        let asking = self.confirm_is_possible();
        let sending = self.send_is_possible() && self.flight.is_none();
        let waiting = self.latest_phase() == Phase::PendingConsent && !self.consent.is_prompt();
        let mut next = i32::MAX;
        for (timer, counts) in [
            (Timer::AnswerBy, self.flight.is_some()),
            (Timer::SaleEnds, open),
            (Timer::WindowEnds, waiting),
            (Timer::PollAt, asking && self.flight.is_none()),
            (Timer::ResendAt, sending),
            (Timer::ReviewAt, true),
            (Timer::ListenUntil, true),
            (Timer::StorageAt, !self.storage.is_durable()),
        ] {
            if let Some(left) = timers.left(timer).filter(|left| counts && *left > 0) {
                next = next.min(left);
            }
        }
        // No deadline is that far away; and behind the end of time there is none.
        let at = timers.now().after(Millis::try_from(next).unwrap_or(0));
        (next != i32::MAX && at > timers.now()).then_some(at)
    }

    /// Sets the time of the next `confirm`; one is asked right at the window's end, because only an answer asked for
    /// after it says that consent was not given.
    pub(super) fn schedule_confirm(&mut self, profile: &Profile<'_>) {
        if !self.consent.is_prompt() {
            return;
        }
        let polling = profile.polling;
        let most = polling.most.max(polling.first);
        let pause = doubled(polling.first, self.doublings, most);
        if pause < most {
            self.doublings = self.doublings.saturating_add(1);
        }
        self.timers.set(Timer::PollAt, pause);
        if self.timers.is_ahead(Timer::WindowEnds)
            && self.timers.left(Timer::WindowEnds) < self.timers.left(Timer::PollAt)
        {
            self.timers.copy(Timer::WindowEnds, Timer::PollAt);
        }
    }

    pub(super) fn schedule_resend(&mut self, pause: Millis) {
        let sends = self.latest().map_or(0, |attempt| attempt.opened).clamp(1, 6) - 1;
        self.timers.set(Timer::ResendAt, doubled(pause, sends, WAIT_MAX));
    }

    /// Whether `confirm` may be sent for the latest attempt, leaving the time aside.
    pub(super) fn confirm_is_possible(&self) -> bool {
        let open = self.sale == Sale::Open || !self.guards.hold(Guard::NoCaptureAfterClose);
        self.consent.is_prompt()
            && self.latest().is_some_and(Attempt::is_askable)
            && (open || self.captures_at == CapturesAt::Consent)
            && (self.payment() != Payment::Confirmed || self.captures_at == CapturesAt::Consent)
            && !matches!(self.review, Review::Needed(_))
    }

    /// A write failed, or is overdue; says whether it was the one awaited.
    pub(super) fn storage_failed(&mut self, sequence: u32) -> bool {
        let awaited = self.storage.failed(&mut self.timers, sequence);
        if awaited {
            self.refuse_unsent();
        }
        awaited
    }

    /// Storage refuses the first intent: the sale is refused before anything is sent (R45).
    fn refuse_unsent(&mut self) {
        if self.was_never_sent() && self.sale == Sale::Open {
            if let Some(planned) = self.planned.take() {
                let guards = self.guards;
                if let Some(attempt) = self.attempt_mut(planned.attempt) {
                    attempt.close_send(planned.index, guards);
                }
            }
            self.close(Closing::Refused);
        }
    }

    pub(super) fn end_window(&mut self) {
        // Each restart begins the window anew (R50), so that restarts without end must end it too (R28).
        let over = self.timers.is_over(Timer::WindowEnds) || self.lasting.recoveries > RECOVERIES_MAX;
        if over && !self.consent.is_prompt() && self.latest_phase() == Phase::PendingConsent {
            self.set_mark(self.latest_number(), Mark::WindowOver);
        }
    }

    fn note_asked_enough(&mut self, profile: &Profile<'_>) {
        let number = self.latest_number();
        let asked: u16 =
            self.lasting.attempts.places().iter().map(|attempt| u16::from(attempt.confirms)).sum();
        let spent = asked >= u16::from(profile.limits.confirms)
            || self.lasting.credential_refusals >= 2
            || self.lasting.recoveries > RECOVERIES_MAX;
        if spent && self.flight.is_none() && self.planned.is_none() && self.confirm_is_possible() {
            self.set_mark(number, Mark::AskedEnough);
        }
    }

    /// A sale ends with its time, unless the application may release the goods now.
    pub(super) fn end_sale(&mut self) {
        let over = self.timers.is_over(Timer::SaleEnds) || self.lasting.recoveries > RECOVERIES_MAX;
        if over && !self.is_ready() {
            self.close(Closing::Expired);
        }
    }

    /// Whether the goods may be released now, or are being released.
    fn is_ready(&self) -> bool {
        self.release != Release::None || (self.payment() == Payment::Confirmed && self.is_releasable())
    }

    /// Nothing of this sale can be paid any more, and nobody is asked whether to try again.
    fn end_refused_sale(&mut self) {
        let failed = self.payment() == Payment::Failed && self.latest_phase() != Phase::Planned;
        if (failed || self.is_failed_by_carrier()) && self.flight.is_none() && self.planned.is_none() {
            self.close(Closing::Refused);
        }
    }

    /// The carrier says that it failed, though a later success would still count. The sale fails at once: a payer who
    /// was told so pays in another way, and what comes late is to be given back instead of releasing goods twice. Where
    /// money was received before, the failure is only a contradiction. A send that was throttled only has not failed: it
    /// may be asked for again while the sale is open.
    fn is_failed_by_carrier(&self) -> bool {
        let failed = self
            .latest()
            .is_some_and(|attempt| attempt.has(Mark::FailedListening) || attempt.has(Mark::SendFailed));
        self.latest_phase() == Phase::Listening
            && failed
            && self.received().is_zero()
            && self.payment() != Payment::InDoubt
    }

    /// A doubt that outlasts the sale, and the time that the carrier may take to execute, becomes a review.
    fn end_doubt(&mut self, profile: &Profile<'_>) {
        let doubt = self.payment() == Payment::InDoubt || self.is_any_in_doubt();
        if !doubt || self.review != Review::None {
            self.timers.clear(Timer::ReviewAt);
            return;
        }
        if !self.timers.is_set(Timer::ReviewAt) {
            self.timers.set(Timer::ReviewAt, profile.windows.execution);
        }
        let over = self.timers.is_over(Timer::ReviewAt);
        // While the sale is open its own end is the bound: until then the caller may accept the risk of another
        // attempt, which is not possible before the carrier's time to execute is over (R09).
        if self.sale != Sale::Open && (over || self.lasting.recoveries > RECOVERIES_MAX) {
            self.timers.clear(Timer::ReviewAt);
            let paid = self.payment() == Payment::Confirmed;
            self.need_review(if paid { Reason::OtherAttemptInDoubt } else { Reason::InDoubt });
        }
    }

    fn review_what_is_left(&mut self) {
        if self.sale == Sale::Open || self.review != Review::None {
            return;
        }
        if !self.lasting.received.unmatched().is_zero() {
            self.need_review(Reason::UnmatchedPayment);
        }
        // Before money is given back that only notifications told of, somebody is to see whether it came.
        if !self.is_releasable() && !self.received().is_zero() {
            self.need_review(Reason::PaidByNotificationOnly);
        }
    }

    /// A closed charge that may still be paid keeps its place for a while.
    fn listen(&mut self, profile: &Profile<'_>) {
        if self.sale == Sale::Open || self.release.counts() {
            return;
        }
        if !self.timers.is_set(Timer::ListenUntil) && self.may_still_charge() {
            self.timers.set(Timer::ListenUntil, profile.windows.listen);
        }
    }

    /// A lapsed attempt is followed by another where the order or the caller wants one; never while an earlier attempt
    /// may charge, because that risk was accepted for one attempt only.
    fn attempt_is_due(&self) -> bool {
        let wanted = self.retry_wanted || self.lasting.attempts.count() < self.lasting.auto_attempts;
        let unpaid = self.payment() != Payment::Confirmed;
        wanted
            && self.sale == Sale::Open
            && unpaid
            && self.latest_phase() == Phase::Lapsed
            && self.has_attempt_left()
            && !self.is_earlier_in_doubt()
    }

    pub(super) fn begin_attempt(&mut self) {
        if self.has_attempt_left() && self.lasting.attempts.add().is_some() {
            self.retry_wanted = false;
            self.timers.begin_attempt();
            self.doublings = 0;
            self.lasting.amount_due = KeptOrNone::NONE;
            self.storage.touch();
        }
    }

    fn due_service(&self, profile: &Profile<'_>) -> Option<Service> {
        if self.send_is_possible() && !self.timers.is_ahead(Timer::ResendAt) {
            return Some(profile.charge_service);
        }
        (self.confirm_is_possible() && self.timers.is_over(Timer::PollAt)).then_some(Service::Confirm)
    }

    /// Whether a charge request may be sent for the latest attempt, leaving the time aside.
    fn send_is_possible(&self) -> bool {
        let Some(attempt) = self.latest() else { return false };
        let around = self.surroundings(self.latest_number());
        let open = self.sale == Sale::Open || !self.guards.hold(Guard::NoCaptureAfterClose);
        if !open || self.payment() == Payment::Confirmed || self.release != Release::None {
            return false;
        }
        let may_repeat_lost = self.deduplicates || !self.guards.hold(Guard::ResendOnlyDeduplicated);
        match self.phase_of(self.latest_number()) {
            Phase::Planned => true,
            Phase::Requested => attempt.all_closed(),
            Phase::InDoubt => {
                may_repeat_lost
                    && attempt.has_open_send(&around)
                    && attempt.opened < around.sends
                    && !attempt.has(Mark::Accepted)
            }
            _ => false,
        }
    }
}
