//! All deadlines of a charge, four bytes each: milliseconds from a moment that moves along.

use core::num::NonZeroU32;

use crate::time::{Instant, Millis, SECOND};

/// The longest time that is waited for, 24 days; a longer one counts as this long. It keeps a deadline in 32 bits, and is
/// a hundred times what any document names.
pub const WAIT_MAX: Millis = 24 * 24 * 3600 * SECOND;

/// Which deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// The sale is open until then.
    SaleEnds,
    /// The latest attempt's consent may be given until then.
    WindowEnds,
    /// The latest attempt's lost request may be executed until then.
    ExecutionEnds,
    /// `confirm` is not asked before.
    PollAt,
    /// A charge request is not sent again before.
    ResendAt,
    /// A doubt becomes a review then.
    ReviewAt,
    /// A closed charge that may still be paid is kept at hand until then.
    ListenUntil,
    /// The request under way counts as lost then.
    AnswerBy,
    /// The write under way counts as failed then; or, after a failure, it is made again then.
    StorageAt,
}

const TIMERS: usize = Timer::StorageAt as usize + 1;
/// The base is moved along before deadlines are further from it than this: with [`WAIT_MAX`] on top they fit 32 bits.
const BASE_AGE_MAX: Millis = 1 << 31;

const _: () = assert!(BASE_AGE_MAX + WAIT_MAX < u32::MAX as Millis);

/// All deadlines of a charge.
#[derive(Debug)]
#[cfg_attr(feature = "model", derive(Clone))]
pub(super) struct Timers {
    /// The moment that the deadlines are counted from, in two halves: whole, it would align the charge to eight bytes.
    base: [u32; 2],
    /// One more than the milliseconds after it.
    after: [Option<NonZeroU32>; TIMERS],
}

impl Timers {
    /// Nothing is waited for; a `confirm` may be asked at once.
    pub fn starting(now: Instant) -> Self {
        let mut after = [None; TIMERS];
        after[Timer::PollAt as usize] = Some(NonZeroU32::MIN);
        Timers { base: halves(now), after }
    }

    /// The deadlines of an attempt that begins: the sale's end and storage's stay.
    pub fn begin_attempt(&mut self, now: Instant) {
        for timer in [
            Timer::WindowEnds,
            Timer::ExecutionEnds,
            Timer::ResendAt,
            Timer::ReviewAt,
            Timer::ListenUntil,
            Timer::AnswerBy,
        ] {
            self.clear(timer);
        }
        self.set(Timer::PollAt, now, 0);
    }

    /// The deadline, if it is set.
    pub fn get(&self, timer: Timer) -> Option<Instant> {
        let after = self.after.get(timer as usize).copied().flatten()?;
        Some(whole(self.base).after(millis(after)))
    }

    /// Whether the deadline is set and has come.
    pub fn is_over(&self, timer: Timer, now: Instant) -> bool {
        self.get(timer).is_some_and(|at| now >= at)
    }

    /// Whether the deadline is set and has not come.
    pub fn is_ahead(&self, timer: Timer, now: Instant) -> bool {
        self.get(timer).is_some_and(|at| now < at)
    }

    /// Sets the deadline to a time after `now`.
    pub fn set(&mut self, timer: Timer, now: Instant, wait: Millis) {
        let base = whole(self.base);
        if now < base || now.since(base) > BASE_AGE_MAX {
            self.rebase(now);
        }
        let after = now.since(whole(self.base)).saturating_add(wait.min(WAIT_MAX));
        if let Some(place) = self.after.get_mut(timer as usize) {
            *place = Some(in_32_bits(after));
        }
    }

    /// Sets the deadline to a time after `now`, unless it is later already.
    pub fn extend(&mut self, timer: Timer, now: Instant, wait: Millis) {
        if self.get(timer).is_none_or(|at| at < now.after(wait)) {
            self.set(timer, now, wait);
        }
    }

    /// Sets the deadline to `now`, unless it is earlier already.
    pub fn hasten(&mut self, timer: Timer, now: Instant) {
        if self.is_ahead(timer, now) {
            self.set(timer, now, 0);
        }
    }

    /// Sets the deadline to that of another one.
    pub fn copy(&mut self, from: Timer, to: Timer) {
        let after = self.after.get(from as usize).copied().flatten();
        if let Some(place) = self.after.get_mut(to as usize) {
            *place = after;
        }
    }

    pub fn clear(&mut self, timer: Timer) {
        if let Some(place) = self.after.get_mut(timer as usize) {
            *place = None;
        }
    }

    /// Milliseconds in which a new attempt would prompt a payer who may still answer the old one; 0 if none.
    pub fn until_quiet(&self, now: Instant) -> Millis {
        let left = |timer| self.get(timer).map_or(0, |at| at.since(now));
        left(Timer::WindowEnds).max(left(Timer::ExecutionEnds))
    }

    /// Counts from another moment. A deadline that is long over is over at that moment too.
    fn rebase(&mut self, base: Instant) {
        let old = whole(self.base);
        for after in self.after.iter_mut().flatten() {
            *after = in_32_bits(old.after(millis(*after)).since(base));
        }
        self.base = halves(base);
    }
}

/// A pause that was doubled so often, at most the longest.
#[inline(never)]
pub(super) fn doubled(mut pause: Millis, times: u8, most: Millis) -> Millis {
    for _ in 0..times {
        if pause >= most {
            break;
        }
        pause = pause.saturating_add(pause);
    }
    pause.min(most)
}

fn in_32_bits(after: Millis) -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(u32::try_from(after).unwrap_or(u32::MAX))
}

fn millis(after: NonZeroU32) -> Millis {
    Millis::from(after.get() - 1)
}

#[expect(clippy::cast_possible_truncation, reason = "each half is 32 bits of the whole")]
fn halves(moment: Instant) -> [u32; 2] {
    [(moment.as_millis() >> 32) as u32, moment.as_millis() as u32]
}

fn whole([high, low]: [u32; 2]) -> Instant {
    Instant::from_millis((u64::from(high) << 32) | u64::from(low))
}

/// Charges with the same deadlines are the same, whatever the deadlines are counted from.
#[cfg(feature = "model")]
mod equality {
    use super::{TIMERS, Timers, whole};
    use crate::time::Instant;
    use core::hash::{Hash, Hasher};

    impl Timers {
        fn all(&self) -> [Option<Instant>; TIMERS] {
            let base = whole(self.base);
            self.after.map(|after| after.map(|after| base.after(super::millis(after))))
        }
    }

    impl PartialEq for Timers {
        fn eq(&self, other: &Self) -> bool {
            self.all() == other.all()
        }
    }

    impl Eq for Timers {}

    impl Hash for Timers {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.all().hash(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    fn started(now: Instant, window: Millis) -> Timers {
        let mut timers = Timers::starting(now);
        timers.set(Timer::SaleEnds, now, window);
        timers
    }

    /// R51: a charge that is kept for months, on a clock that starts anywhere.
    #[test]
    fn deadlines_are_right_however_old_the_charge_is() {
        for start in [0, 5, u64::from(u32::MAX) - 7, 1 << 40] {
            let mut timers = started(at(start), 180_000);
            for age in [0, 1, BASE_AGE_MAX, BASE_AGE_MAX + 1, 1 << 33, 1 << 45] {
                let now = at(start + age);
                timers.set(Timer::WindowEnds, now, 120_000);
                assert_eq!(timers.get(Timer::WindowEnds), Some(at(start + age + 120_000)), "{start} {age}");
                assert!(!timers.is_over(Timer::WindowEnds, at(start + age + 119_999)));
                assert!(timers.is_over(Timer::WindowEnds, at(start + age + 120_000)));
                assert_eq!(timers.is_over(Timer::SaleEnds, now), age >= 180_000, "{start} {age}");
                assert_eq!(timers.get(Timer::ReviewAt), None);
            }
        }
    }

    #[test]
    fn a_deadline_of_months_counts_as_the_longest_and_is_never_earlier_than_now() {
        let late = at(u64::MAX - 5);
        for now in [at(0), at(1 << 50), late] {
            let mut timers = started(now, Millis::MAX);
            assert_eq!(timers.get(Timer::SaleEnds), Some(now.after(WAIT_MAX)));
            timers.extend(Timer::SaleEnds, now, 1);
            assert_eq!(timers.get(Timer::SaleEnds), Some(now.after(WAIT_MAX)));
            timers.hasten(Timer::SaleEnds, now);
            assert_eq!(timers.get(Timer::SaleEnds), Some(now));
        }
    }

    #[test]
    fn a_clock_that_steps_back_keeps_the_deadlines() {
        let mut timers = started(at(100_000), 50_000);
        timers.set(Timer::WindowEnds, at(40_000), 1_000);
        assert_eq!(timers.get(Timer::WindowEnds), Some(at(41_000)));
        assert_eq!(timers.get(Timer::SaleEnds), Some(at(150_000)));
    }
}
