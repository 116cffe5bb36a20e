//! What follows from deadlines that pass and from what is known, as a table of rules: when all of some facts hold and none
//! of others, this is done.

use super::attempt::Mark;
use super::facts::{self, When, latest};
use super::timers::{TIMERS, Timer};
use super::{Charge, Closing, Conflict, Phase, RECOVERIES_MAX, Reason};
use crate::profile::Profile;
use crate::time::Instant;

/// What a rule does.
#[derive(Clone, Copy)]
enum Then {
    /// The payer's window is over for good.
    EndWindow,
    /// The sale is closed.
    Close(Closing),
    /// A person must look.
    Review(Reason),
    /// The deadline is set, unless it is.
    Await(Timer),
    /// The deadline is waited for no more.
    Forget(Timer),
}

/// What a deadline, or what became known, does to a charge.
struct Rule {
    /// The deadline that has passed. Each restart begins it anew (R50), so that restarts without end pass it too (R28).
    after: Option<Timer>,
    when: When,
    then: Then,
}

const fn rule(after: Option<Timer>, all: u32, none: u32, then: Then) -> Rule {
    Rule { after, when: When { all, none }, then }
}

/// What follows from deadlines and from what is known, in this order.
static RULES: [Rule; 12] = [
    // Who dials has no more time.
    rule(Some(Timer::WindowEnds), latest(Phase::PendingConsent), facts::PROMPT, Then::EndWindow),
    // A sale ends with its time, unless the application may release the goods now.
    rule(
        Some(Timer::SaleEnds),
        facts::OPEN,
        facts::RELEASING | facts::RELEASABLE,
        Then::Close(Closing::Expired),
    ),
    // Nothing of this sale can be paid any more, and nobody is asked whether to try again.
    rule(
        None,
        facts::OPEN | facts::FAILED,
        latest(Phase::Planned) | facts::FLYING | facts::PLANNED,
        Then::Close(Closing::Refused),
    ),
    // The sale fails as soon as the carrier says so, though a later success would still count: a payer who was told so
    // pays in another way, and what comes late is to be given back instead of releasing goods twice. Where money was
    // received before, the failure is only a contradiction.
    rule(
        None,
        facts::OPEN | latest(Phase::Listening) | facts::FAILED_BY_CARRIER,
        facts::RECEIVED | facts::UNCERTAIN | facts::FLYING | facts::PLANNED,
        Then::Close(Closing::Refused),
    ),
    // A doubt that outlasts the sale, and the time that the carrier may take to execute, becomes a review. While the sale
    // is open its own end is the bound: until then the caller may accept the risk of another attempt, which is not
    // possible before the carrier's time to execute is over (R09).
    rule(None, facts::DOUBT, facts::REVIEW, Then::Await(Timer::ReviewAt)),
    rule(
        Some(Timer::ReviewAt),
        facts::DOUBT,
        facts::OPEN | facts::REVIEW | facts::PAID,
        Then::Review(Reason::InDoubt),
    ),
    rule(
        Some(Timer::ReviewAt),
        facts::DOUBT | facts::PAID,
        facts::OPEN | facts::REVIEW,
        Then::Review(Reason::OtherAttemptInDoubt),
    ),
    rule(None, 0, facts::DOUBT, Then::Forget(Timer::ReviewAt)),
    rule(None, facts::REVIEW, 0, Then::Forget(Timer::ReviewAt)),
    rule(None, facts::UNMATCHED, facts::OPEN | facts::REVIEW, Then::Review(Reason::UnmatchedPayment)),
    // Before money is given back that only notifications told of, somebody is to see whether it came.
    rule(
        None,
        facts::RECEIVED,
        facts::OPEN | facts::REVIEW | facts::VOUCHED,
        Then::Review(Reason::PaidByNotificationOnly),
    ),
    // A closed charge that may still be paid keeps its place for a while.
    rule(None, facts::MAY_STILL_CHARGE, facts::OPEN | facts::GIVEN, Then::Await(Timer::ListenUntil)),
];

/// How many of the rules are the ends of windows.
const ENDS: usize = 2;

/// When each deadline counts, in the order of the timers: one that does not count brings nothing about.
static WAITED_FOR: [When; TIMERS] = [
    // SaleEnds
    When { all: facts::OPEN, none: facts::RELEASING | facts::RELEASABLE },
    // WindowEnds; a prompt's is asked about at PollAt.
    When { all: latest(Phase::PendingConsent), none: facts::PROMPT },
    // ExecutionEnds only keeps others waiting.
    When { all: u32::MAX, none: 0 },
    // PollAt
    When { all: facts::MAY_ASK, none: facts::FLYING | facts::NEEDS_REVIEW },
    // ResendAt
    When { all: facts::MAY_SEND, none: facts::FLYING },
    // ReviewAt, ListenUntil, AnswerBy, StorageAt: as long as they are set.
    ALWAYS,
    ALWAYS,
    ALWAYS,
    ALWAYS,
];

/// A `confirm` could be sent.
const ASKING: When = When { all: facts::MAY_ASK, none: facts::FLYING | facts::PLANNED | facts::NEEDS_REVIEW };
const ALWAYS: When = When { all: 0, none: 0 };

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
        self.note_asked_enough(profile);
        // Money that was not known when a person decided needs that person again, be it a part of the price only.
        if self.review.is_resolved() && self.received() > self.lasting.judged.amount() {
            self.note_conflict(Conflict::PaidAfterReview);
            self.need_review(Reason::PaidAfterReview);
        }
        self.follow(profile, &RULES);
    }

    /// Applies the end of the payer's window and that of the sale.
    pub(super) fn end_windows(&mut self, profile: &Profile<'_>) {
        self.follow(profile, &RULES[..ENDS]);
    }

    /// The earliest deadline; later than `now`, because [`Charge::settle`] has applied the others.
    pub(crate) fn next_time(&self) -> Option<Instant> {
        let facts = self.facts();
        self.timers.next(WAITED_FOR.iter().map(|when| when.holds(facts)))
    }

    /// Does what the rules say.
    #[inline(never)]
    fn follow(&mut self, profile: &Profile<'_>, rules: &[Rule]) {
        let restarted = self.lasting.recoveries > RECOVERIES_MAX;
        let mut facts = self.facts();
        for rule in rules {
            let due = rule.after.is_none_or(|timer| restarted || self.timers.is_over(timer));
            if due && rule.when.holds(facts) {
                self.apply(profile, rule.then);
                // What is waited for is no fact.
                if !matches!(rule.then, Then::Await(_) | Then::Forget(_)) {
                    facts = self.facts();
                }
            }
        }
    }

    fn apply(&mut self, profile: &Profile<'_>, then: Then) {
        match then {
            Then::EndWindow => self.set_mark(self.latest_number(), Mark::WindowOver),
            Then::Close(closing) => self.close(closing),
            Then::Review(reason) => self.need_review(reason),
            Then::Await(timer) if self.timers.is_set(timer) => {}
            Then::Await(Timer::ReviewAt) => self.timers.set(Timer::ReviewAt, profile.windows.execution),
            Then::Await(Timer::ListenUntil) => self.timers.set(Timer::ListenUntil, profile.windows.listen),
            // No rule awaits another, as a test says.
            Then::Await(_) => {}
            Then::Forget(timer) => self.timers.clear(timer),
        }
    }

    fn note_asked_enough(&mut self, profile: &Profile<'_>) {
        let asked: u16 =
            self.lasting.attempts.places().iter().map(|attempt| u16::from(attempt.confirms)).sum();
        // A profile without a way to ask has asked enough once it is time to ask: asking again would find none either.
        let spent = (profile.paths.confirm.is_none() && !self.timers.is_ahead(Timer::PollAt))
            || asked >= u16::from(profile.limits.confirms)
            || self.lasting.credential_refusals >= 2
            || self.lasting.recoveries > RECOVERIES_MAX;
        if spent && ASKING.holds(self.facts()) {
            self.set_mark(self.latest_number(), Mark::AskedEnough);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phases(facts: u32) -> u32 {
        facts & (Phase::ALL.iter().fold(0, |phases, phase| phases | latest(*phase)))
    }

    #[test]
    fn every_rule_can_fit() {
        for Rule { when, .. } in &RULES {
            assert_eq!(when.all & when.none, 0);
            assert!(phases(when.all).count_ones() <= 1, "an attempt stands in one place");
        }
    }

    /// What is closed or reviewed once stays so: no rule asks for it again, and facts are not gathered anew for nothing.
    #[test]
    fn only_an_open_sale_is_closed_and_only_a_closed_one_is_reviewed_once() {
        for Rule { when, then, .. } in &RULES {
            match then {
                Then::Close(_) => assert_ne!(when.all & facts::OPEN, 0),
                Then::Review(_) => {
                    assert_eq!(when.none & (facts::OPEN | facts::REVIEW), facts::OPEN | facts::REVIEW)
                }
                Then::EndWindow | Then::Await(_) | Then::Forget(_) => {}
            }
        }
    }

    #[test]
    fn only_deadlines_with_a_window_of_the_profile_are_awaited() {
        for Rule { then, .. } in &RULES {
            if let Then::Await(timer) = then {
                assert!(matches!(timer, Timer::ReviewAt | Timer::ListenUntil), "{timer:?}");
            }
        }
    }

    /// [`WAITED_FOR`] stands in the order of the timers.
    #[test]
    fn each_deadline_is_waited_for_in_its_own_row() {
        let row = |timer: Timer| WAITED_FOR.get(timer as usize).unwrap().all;
        assert_eq!(row(Timer::SaleEnds), facts::OPEN);
        assert_eq!(row(Timer::WindowEnds), latest(Phase::PendingConsent));
        assert_eq!(row(Timer::ExecutionEnds), u32::MAX);
        assert_eq!(row(Timer::PollAt), facts::MAY_ASK);
        assert_eq!(row(Timer::ResendAt), facts::MAY_SEND);
        for timer in [Timer::ReviewAt, Timer::ListenUntil, Timer::AnswerBy, Timer::StorageAt] {
            assert_eq!(row(timer), 0, "{timer:?}");
        }
    }

    /// A sale does not expire while its goods may be released, or are; and then its end is not waited for either.
    #[test]
    fn what_a_deadline_does_is_done_only_where_it_is_waited_for() {
        for Rule { after, when, .. } in &RULES {
            let Some(waited_for) = after.and_then(|timer| WAITED_FOR.get(timer as usize)) else { continue };
            assert_eq!(waited_for.all & !when.all, 0, "{after:?}");
            assert_eq!(waited_for.none & !when.none, 0, "{after:?}");
        }
    }
}
