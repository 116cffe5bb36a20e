//! Virtual time: real time passed × rate + what was skipped.

use std::time::{Duration, Instant, SystemTime};

/// Virtual time ends here, a thousand years on in milliseconds: a calendar has years of four digits.
const FURTHEST: u64 = 1000 * 365 * 24 * 3_600_000;

/// The simulator's clock, in virtual milliseconds since it started. It never goes back.
pub(crate) struct VirtualClock {
    started: SystemTime,
    rebased: Instant,
    base: u64,
    rate: u32,
}

impl VirtualClock {
    pub(crate) fn new(rate: u32) -> Self {
        Self { started: SystemTime::now(), rebased: Instant::now(), base: 0, rate }
    }

    /// A clock that goes on at `base`, as far ahead of the real calendar (in milliseconds) as it was.
    pub(crate) fn resumed(base: u64, ahead: i64, rate: u32) -> Self {
        let (real, ahead_by) = (SystemTime::now(), Duration::from_millis(ahead.unsigned_abs()));
        let present = if ahead < 0 { real.checked_sub(ahead_by) } else { real.checked_add(ahead_by) };
        let started = present.and_then(|present| present.checked_sub(Duration::from_millis(base)));
        Self { started: started.unwrap_or(real), rebased: Instant::now(), base, rate }
    }

    /// How far the virtual calendar is ahead of the real one, in milliseconds.
    pub(crate) fn ahead(&self) -> i64 {
        let (virtual_time, real) = (self.calendar(self.now()), SystemTime::now());
        let signed = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        match virtual_time.duration_since(real) {
            Ok(ahead) => signed(ahead),
            Err(behind) => -signed(behind.duration()),
        }
    }

    pub(crate) fn now(&self) -> u64 {
        let passed = milliseconds(self.rebased.elapsed()).saturating_mul(self.rate.into());
        self.base.saturating_add(passed).min(FURTHEST)
    }

    pub(crate) fn skip(&mut self, time: Duration) {
        self.base = self.base.saturating_add(milliseconds(time)).min(FURTHEST);
    }

    /// Changes the speed from now on. At rate 0 the time stands still and only `skip` moves it.
    pub(crate) fn set_rate(&mut self, rate: u32) {
        self.base = self.now();
        self.rebased = Instant::now();
        self.rate = rate;
    }

    pub(crate) fn rate(&self) -> u32 {
        self.rate
    }

    /// The real time until the virtual moment `due`; none while the clock stands still.
    pub(crate) fn real_time_until(&self, due: u64) -> Option<Duration> {
        let ahead = due.saturating_sub(self.now());
        (self.rate > 0).then(|| Duration::from_millis(ahead.div_ceil(self.rate.into())))
    }

    /// The calendar time which the virtual moment `at` has.
    pub(crate) fn calendar(&self, at: u64) -> SystemTime {
        self.started + Duration::from_millis(at)
    }
}

/// A duration in whole milliseconds, the largest count where it does not fit.
pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stands_still_at_its_end() {
        let mut clock = VirtualClock::new(1000);
        for _ in 0..3 {
            clock.skip(Duration::MAX);
            assert_eq!(clock.now(), FURTHEST);
            clock.set_rate(1000);
        }
        clock.calendar(clock.now());
    }

    #[test]
    fn a_clock_at_rate_zero_moves_only_when_told() {
        let mut clock = VirtualClock::new(0);
        std::thread::sleep(Duration::from_millis(5));
        assert_eq!(clock.now(), 0);
        clock.skip(Duration::from_secs(120));
        assert_eq!(clock.now(), 120_000);
        assert_eq!(clock.real_time_until(130_000), None);
    }

    #[test]
    fn a_resumed_clock_goes_on_where_it_was_and_as_far_ahead_of_the_calendar() {
        let mut clock = VirtualClock::new(0);
        clock.skip(Duration::from_secs(3_600));
        let resumed = VirtualClock::resumed(clock.now(), clock.ahead(), 0);
        assert_eq!(resumed.now(), 3_600_000);
        assert!(resumed.ahead().abs_diff(3_600_000) < 1_000, "{}", resumed.ahead());
        assert!(VirtualClock::resumed(u64::MAX, i64::MIN, 0).now() == FURTHEST);
    }

    #[test]
    fn a_fast_clock_runs_ahead_of_real_time_and_keeps_its_time_when_slowed() {
        let mut clock = VirtualClock::new(60);
        std::thread::sleep(Duration::from_millis(20));
        let before = clock.now();
        assert!(before >= 1_200, "{before}");
        clock.set_rate(1);
        assert!(clock.now() >= before);
    }
}
