//! The time as a charge was told it last, and all its deadlines, four bytes each: milliseconds from then.

use crate::time::{Instant, Millis, SECOND};

/// The longest time that is waited for, 24 days; a longer one counts as this long. It keeps a deadline in 32 bits, and is
/// a hundred times what any document names.
pub const WAIT_MAX: Millis = 24 * 24 * 3600 * SECOND;

/// Which deadline. The order counts: the sale's is the first and storage's the last, and those between are an attempt's; the
/// rules have a row for each.
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

pub(super) const TIMERS: usize = Timer::StorageAt as usize + 1;
/// No deadline is further ahead than the longest wait, also when the clock stepped back.
const AHEAD_MAX: i32 = WAIT_MAX as i32;
/// Stands for a deadline that is not set, so that a charge begins with zeros.
const NOT_SET: i32 = 0;
/// Stands for a deadline that has come now; one that came before is less.
const NOW: i32 = -1;

const _: () = assert!(WAIT_MAX < i32::MAX as Millis);

/// The time, and all deadlines of a charge, in milliseconds from now: whoever is told the time sets it once, and all
/// that follows counts in 32 bits.
#[derive(Debug)]
#[cfg_attr(feature = "model", derive(Clone))]
pub(super) struct Timers {
    /// The time, in two halves: whole, it would align the charge to eight bytes.
    now: [u32; 2],
    /// What is left of each, as [`kept`].
    left: [i32; TIMERS],
}

impl Timers {
    /// Nothing is waited for.
    pub const fn starting(now: Instant) -> Self {
        Timers { now: halves(now), left: [NOT_SET; TIMERS] }
    }

    /// It is `now`. A clock that steps back moves no deadline, unless it would be further away than the longest wait. One
    /// that is over for more than 24 days counts as over for so long: it stays in 32 bits.
    #[inline(never)]
    pub fn advance(&mut self, now: Instant) {
        let passed = self.passed(now);
        for left in self.left.iter_mut().filter(|left| **left != NOT_SET) {
            *left = kept(meant(*left).saturating_sub(passed).min(AHEAD_MAX));
        }
        self.now = halves(now);
    }

    /// The time.
    pub fn now(&self) -> Instant {
        whole(self.now)
    }

    /// The deadlines of an attempt that begins: the sale's end and storage's stay.
    pub fn begin_attempt(&mut self) {
        let [_sale_ends, of_attempt @ .., _storage_at] = &mut self.left;
        of_attempt.fill(NOT_SET);
    }

    /// The deadline, if it is set.
    #[cfg(any(test, feature = "model"))]
    pub fn get(&self, timer: Timer) -> Option<Instant> {
        let left = self.left(timer)?;
        let (ahead, over) = (millis(left), millis(left.saturating_neg()));
        Some(Instant::from_millis(self.now().as_millis().saturating_sub(over.into())).after(ahead))
    }

    /// Milliseconds to the deadline, if it is set; less than nothing once it has come.
    #[cfg(any(test, feature = "model"))]
    pub fn left(&self, timer: Timer) -> Option<i32> {
        Some(self.kept(timer)).filter(|left| *left != NOT_SET).map(meant)
    }

    /// The next of the deadlines that count, each in its place, and have not come; behind the end of time there is none.
    pub fn next(&self, counts: impl Iterator<Item = bool>) -> Option<Instant> {
        let mut next = Millis::MAX;
        for (left, counts) in self.left.iter().zip(counts) {
            if counts && *left > 0 {
                next = next.min(millis(*left));
            }
        }
        if next == Millis::MAX { None } else { self.now().checked_after(next) }
    }

    /// Whether the deadline is set.
    pub fn is_set(&self, timer: Timer) -> bool {
        self.kept(timer) != NOT_SET
    }

    /// Whether the deadline is set and has come.
    pub fn is_over(&self, timer: Timer) -> bool {
        self.kept(timer) < NOT_SET
    }

    /// Whether the deadline is set and has not come.
    pub fn is_ahead(&self, timer: Timer) -> bool {
        self.kept(timer) > NOT_SET
    }

    /// Whether the deadline is set, and will not have come at that moment.
    #[inline(never)]
    pub fn is_ahead_at(&self, timer: Timer, at: Instant) -> bool {
        self.kept(timer) > self.passed(at).max(0)
    }

    /// Sets the deadline to so long after now.
    #[inline(never)]
    pub fn set(&mut self, timer: Timer, wait: Millis) {
        self.put(timer, kept(in_32_bits(wait.min(WAIT_MAX))));
    }

    /// Sets the deadline to so long after now, unless it is later already.
    pub fn extend(&mut self, timer: Timer, wait: Millis) {
        let before = self.kept(timer);
        self.set(timer, wait);
        if before != NOT_SET && before > self.kept(timer) {
            self.put(timer, before);
        }
    }

    /// Sets the deadline to now, unless it is earlier already.
    pub fn hasten(&mut self, timer: Timer) {
        if self.is_ahead(timer) {
            self.put(timer, NOW);
        }
    }

    /// Sets the deadline to that of another one, if that is ahead and earlier.
    pub fn hasten_to(&mut self, other: Timer, timer: Timer) {
        let earlier = self.kept(other);
        if earlier > NOT_SET && earlier < self.kept(timer) {
            self.put(timer, earlier);
        }
    }

    /// Sets the deadline to that of another one.
    pub fn copy(&mut self, from: Timer, to: Timer) {
        self.put(to, self.kept(from));
    }

    pub fn clear(&mut self, timer: Timer) {
        self.put(timer, NOT_SET);
    }

    /// Milliseconds in which a new attempt would prompt a payer who may still answer the old one; 0 if none.
    pub fn until_quiet(&self) -> Millis {
        // What is not set is over.
        let [_, window_ends, execution_ends, ..] = self.left;
        millis(window_ends.max(execution_ends))
    }

    /// Milliseconds from the time to that moment, less than nothing if it is earlier; at most as many as 32 bits hold.
    #[inline(never)]
    fn passed(&self, at: Instant) -> i32 {
        let passed = at.as_millis().wrapping_sub(self.now().as_millis()).cast_signed();
        i32::try_from(passed).unwrap_or(if passed < 0 { i32::MIN } else { i32::MAX })
    }

    fn kept(&self, timer: Timer) -> i32 {
        self.left.get(timer as usize).copied().unwrap_or(NOT_SET)
    }

    fn put(&mut self, timer: Timer, left: i32) {
        if let Some(place) = self.left.get_mut(timer as usize) {
            *place = left;
        }
    }
}

/// How milliseconds to a deadline are kept: one less once it has come, because zero says that it is not set.
fn kept(left: i32) -> i32 {
    if left > 0 { left } else { left.saturating_add(NOW) }
}

/// The milliseconds that are kept so.
fn meant(kept: i32) -> i32 {
    if kept > 0 { kept } else { kept.saturating_sub(NOW) }
}

fn in_32_bits(wait: Millis) -> i32 {
    i32::try_from(wait).unwrap_or(i32::MAX)
}

/// What is over is nothing.
fn millis(left: i32) -> Millis {
    Millis::try_from(left).unwrap_or(0)
}

#[expect(clippy::cast_possible_truncation, reason = "each half is 32 bits of the whole")]
const fn halves(moment: Instant) -> [u32; 2] {
    [(moment.as_millis() >> 32) as u32, moment.as_millis() as u32]
}

fn whole([high, low]: [u32; 2]) -> Instant {
    Instant::from_millis((u64::from(high) << 32) | u64::from(low))
}

/// Charges with the same deadlines are the same, whatever the deadlines are counted from.
#[cfg(feature = "model")]
mod equality {
    use super::{TIMERS, Timer, Timers};
    use crate::time::Instant;
    use core::hash::{Hash, Hasher};

    const ALL: [Timer; TIMERS] = [
        Timer::SaleEnds,
        Timer::WindowEnds,
        Timer::ExecutionEnds,
        Timer::PollAt,
        Timer::ResendAt,
        Timer::ReviewAt,
        Timer::ListenUntil,
        Timer::AnswerBy,
        Timer::StorageAt,
    ];

    impl Timers {
        fn all(&self) -> [Option<Instant>; TIMERS] {
            ALL.map(|timer| self.get(timer))
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
        timers.set(Timer::SaleEnds, window);
        timers
    }

    /// R51: a charge that is kept for months, on a clock that starts anywhere.
    #[test]
    fn deadlines_are_right_however_old_the_charge_is() {
        for start in [0, 5, u64::from(u32::MAX) - 7, 1 << 40] {
            let mut timers = started(at(start), 180_000);
            for age in [0, 1, 1 << 30, 1 << 31, (1 << 31) + 1, 1 << 32, 1 << 33, 1 << 45] {
                let now = start + age;
                timers.advance(at(now));
                timers.set(Timer::WindowEnds, 120_000);
                assert_eq!(timers.is_over(Timer::SaleEnds), age >= 180_000, "{start} {age}");
                assert_eq!(timers.get(Timer::WindowEnds), Some(at(now + 120_000)), "{start} {age}");
                timers.advance(at(now + 119_999));
                assert!(!timers.is_over(Timer::WindowEnds) && timers.is_ahead(Timer::WindowEnds));
                timers.advance(at(now + 120_000));
                assert!(timers.is_over(Timer::WindowEnds) && !timers.is_ahead(Timer::WindowEnds));
                assert_eq!(timers.get(Timer::WindowEnds), Some(at(now + 120_000)), "{start} {age}");
                assert_eq!(timers.get(Timer::ReviewAt), None);
                timers.advance(at(now));
            }
        }
    }

    /// However often the time is told, what is over stays over.
    #[test]
    fn a_deadline_that_is_over_stays_over() {
        let mut timers = started(at(0), 1_000);
        for step in [1_000, 1 << 29, 1 << 30, 1 << 31, 1 << 32, 1 << 40, 1, 1] {
            let now = at(timers.now().as_millis() + step);
            timers.advance(now);
            assert!(timers.is_over(Timer::SaleEnds), "{step}");
            assert!(timers.get(Timer::SaleEnds).is_some_and(|end| end <= now), "{step}");
        }
    }

    #[test]
    fn a_deadline_of_months_counts_as_the_longest_and_is_never_earlier_than_now() {
        let late = at(u64::MAX - 5);
        for now in [at(0), at(1 << 50), late] {
            let mut timers = started(now, Millis::MAX);
            assert_eq!(timers.get(Timer::SaleEnds), Some(now.after(WAIT_MAX)));
            timers.extend(Timer::SaleEnds, 1);
            assert_eq!(timers.get(Timer::SaleEnds), Some(now.after(WAIT_MAX)));
            timers.hasten(Timer::SaleEnds);
            assert_eq!(timers.get(Timer::SaleEnds), Some(now));
        }
    }

    /// R51: however far a clock steps back, something is waited for.
    #[test]
    fn a_clock_that_steps_far_back_keeps_every_deadline_within_the_longest_wait() {
        let mut timers = started(at(1 << 40), 50_000);
        timers.advance(at(0));
        assert_eq!(timers.get(Timer::SaleEnds), Some(at(WAIT_MAX.into())));
        assert!(timers.left(Timer::SaleEnds).is_some_and(|left| left < i32::MAX));
    }

    #[test]
    fn a_clock_that_steps_back_keeps_the_deadlines() {
        let mut timers = started(at(100_000), 50_000);
        timers.advance(at(40_000));
        timers.set(Timer::WindowEnds, 1_000);
        assert_eq!(timers.get(Timer::WindowEnds), Some(at(41_000)));
        assert_eq!(timers.get(Timer::SaleEnds), Some(at(150_000)));
    }
}
