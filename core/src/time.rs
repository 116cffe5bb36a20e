//! The caller's clock: monotonic milliseconds. The core never reads a clock of its own.

/// Milliseconds between two instants, up to 49 days; what is longer counts as that long.
pub type Millis = u32;

/// One second, in the unit of this crate's durations.
pub const SECOND: Millis = 1_000;

/// A moment of the caller's monotonic clock, in milliseconds since any fixed start (boot, usually).
///
/// Wall clocks jump and a machine may have none, so nothing here is a date. After a restart the count may begin
/// again at zero: the charge then starts its windows anew (RECOVERY R50).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Instant(u64);

impl Instant {
    /// The start of the caller's clock.
    pub const ZERO: Instant = Instant(0);

    /// A moment `millis` milliseconds after the clock's start.
    pub const fn from_millis(millis: u64) -> Self {
        Instant(millis)
    }

    /// Milliseconds since the clock's start.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The moment `millis` later; stays at the end of time instead of wrapping.
    #[must_use]
    #[inline(never)]
    pub const fn after(self, millis: Millis) -> Self {
        Instant(self.0.saturating_add(millis as u64))
    }

    /// The moment `millis` later; `None` behind the end of time.
    #[must_use]
    pub(crate) fn checked_after(self, millis: Millis) -> Option<Self> {
        self.0.checked_add(millis.into()).map(Instant)
    }

    /// Milliseconds from `earlier` to this moment, 0 if `earlier` is later.
    #[inline(never)]
    pub const fn since(self, earlier: Instant) -> Millis {
        let millis = self.0.saturating_sub(earlier.0);
        if millis > Millis::MAX as u64 { Millis::MAX } else { millis as Millis }
    }
}

/// Makes a 32-bit millisecond tick counter, as most microcontrollers have, into an [`Instant`] that does not wrap.
///
/// It must be asked at least once in each 49.7 days, which is the counter's period.
///
/// ```
/// use caas_core::time::TickWidener;
/// let mut clock = TickWidener::new();
/// assert_eq!(clock.widen(u32::MAX).as_millis(), 0xFFFF_FFFF);
/// assert_eq!(clock.widen(5).as_millis(), 0x1_0000_0005);
/// ```
#[derive(Debug, Default)]
pub struct TickWidener {
    wraps: u32,
    last: u32,
}

impl TickWidener {
    /// A widener for a counter that starts anywhere.
    pub const fn new() -> Self {
        TickWidener { wraps: 0, last: 0 }
    }

    /// The moment of the counter value `tick`. A value lower than the last one means that the counter wrapped.
    pub fn widen(&mut self, tick: u32) -> Instant {
        if tick < self.last {
            self.wraps = self.wraps.saturating_add(1);
        }
        self.last = tick;
        Instant((u64::from(self.wraps) << 32) | u64::from(tick))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_neither_wraps_nor_runs_backwards() {
        let late = Instant::from_millis(u64::MAX);
        assert_eq!(late.after(SECOND), late);
        assert_eq!(Instant::ZERO.since(late), 0);
        assert_eq!(Instant::ZERO.after(120 * SECOND).since(Instant::ZERO), 120_000);
    }

    /// R51
    #[test]
    fn a_tick_counter_is_widened_over_every_wrap() {
        let mut clock = TickWidener::new();
        let step: u32 = 0x7FFF_FFFF;
        let mut expected: u64 = 0;
        let mut tick: u32 = 0;
        for _ in 0..1000 {
            assert_eq!(clock.widen(tick).as_millis(), expected);
            assert_eq!(clock.widen(tick).as_millis(), expected);
            tick = tick.wrapping_add(step);
            expected += u64::from(step);
        }
    }

    /// R51
    #[test]
    fn a_deadline_across_the_wrap_is_right() {
        let mut clock = TickWidener::new();
        let asked = clock.widen(u32::MAX - 60_000);
        let deadline = asked.after(120 * SECOND);
        assert!(clock.widen(59_998) < deadline);
        assert_eq!(clock.widen(59_999), deadline);
    }
}
