//! What is sent next without anybody asking: requests that are due, and the pauses before them.

use super::evidence::Fate;
use super::facts::{self, Facts, When, latest};
use super::kept::KeptOrNone;
use super::timers::Timer;
use super::{Charge, Closing, Phase, Sale};
use crate::profile::{Profile, Service};
use crate::time::{Millis, SECOND};

/// The first pause before a charge request that was not sent, or was throttled, is sent again; it doubles.
pub const RESEND_PAUSE: Millis = 2 * SECOND;
/// How many times as long as the first the pause may be.
const RESEND_PAUSES_MAX: u8 = 32;
/// The first pause after "handset busy", which doubles too: a USSD session lasts about as long.
pub const BUSY_PAUSE: Millis = 30 * SECOND;

/// A request that is decided on: its intent is in the evidence, and must be durable before it is handed out. Or one that
/// was handed out and whose token is not back.
#[derive(Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "model", derive(Clone))]
pub(super) struct Planned {
    pub attempt: u8,
    /// The number of a `confirm`; of a charge request, its bit.
    pub index: u8,
    pub service: Service,
}

/// Another attempt would prompt nobody twice.
const LAPSED: When =
    When { all: facts::OPEN | latest(Phase::Lapsed), none: facts::PAID | facts::EARLIER_IN_DOUBT };

impl Charge {
    /// Decides on the next request, if one is due, and notes its intent.
    #[inline(never)]
    pub(super) fn plan(&mut self, profile: &Profile<'_>) {
        let facts = self.facts();
        if facts.any(facts::PLANNED | facts::FLYING | facts::NEEDS_REVIEW) {
            return;
        }
        let facts = if self.attempt_is_due(facts) {
            self.begin_attempt();
            self.facts()
        } else {
            facts
        };
        let number = self.latest_number();
        let Some(service) = self.due_service(profile, facts) else { return };
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
        let needed =
            if planned.service.is_confirm() { facts::MAY_ASK } else { facts::MAY_CAPTURE | facts::OPEN_SEND };
        self.is_latest(planned.attempt) && self.facts().all(needed)
    }

    /// Sets the time of the next `confirm`; one is asked right at the window's end, because only an answer asked for
    /// after it says that consent was not given.
    pub(super) fn schedule_confirm(&mut self, profile: &Profile<'_>) {
        if !self.consent.is_prompt() {
            return;
        }
        let polling = profile.polling;
        let most = polling.most.max(polling.first);
        let pause = polling.first.saturating_mul(1 << self.doublings.min(31)).min(most);
        if pause < most {
            self.doublings = self.doublings.saturating_add(1);
        }
        self.timers.set(Timer::PollAt, pause);
        self.timers.hasten_to(Timer::WindowEnds, Timer::PollAt);
    }

    pub(super) fn schedule_resend(&mut self, pause: Millis) {
        // Twice as long after each further send: half of the bits and one are 1, 2, 4 and so on.
        let doubled = self.latest().map_or(0, |attempt| attempt.opened / 2 + 1).min(RESEND_PAUSES_MAX);
        self.timers.set(Timer::ResendAt, pause.saturating_mul(doubled.into()));
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
                self.account(&planned, Fate::Void);
            }
            self.close(Closing::Refused);
        }
    }

    /// A lapsed attempt is followed by another where the order or the caller wants one; never while an earlier attempt
    /// may charge, because that risk was accepted for one attempt only.
    fn attempt_is_due(&self, facts: Facts) -> bool {
        LAPSED.holds(facts)
            && self.has_attempt_left()
            && (self.retry_wanted || self.lasting.attempts.count() < self.lasting.auto_attempts)
    }

    pub(super) fn begin_attempt(&mut self) {
        if self.lasting.attempts.add().is_some() {
            self.retry_wanted = false;
            self.timers.begin_attempt();
            self.doublings = 0;
            self.lasting.amount_due = KeptOrNone::NONE;
            self.storage.touch();
        }
    }

    fn due_service(&self, profile: &Profile<'_>, facts: Facts) -> Option<Service> {
        if facts.any(facts::MAY_SEND) && !self.timers.is_ahead(Timer::ResendAt) {
            return Some(profile.charge_service);
        }
        (facts.any(facts::MAY_ASK) && !self.timers.is_ahead(Timer::PollAt)).then_some(Service::Confirm)
    }
}
