//! The driver's clock.

use std::time::{Duration, Instant as RealInstant};

use caas_core::time::Instant;

/// How many milliseconds of the core's clock pass in a real one: 1 in all use, more beside a simulator that runs fast.
/// The deadlines of the HTTP client stay real.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockRate(u32);

impl ClockRate {
    /// Real time.
    pub const REAL: ClockRate = ClockRate(1);

    /// So many times as fast; 0 counts as 1.
    pub const fn times(rate: u32) -> Self {
        ClockRate(if rate == 0 { 1 } else { rate })
    }
}

impl Default for ClockRate {
    fn default() -> Self {
        ClockRate::REAL
    }
}

/// Monotonic time since the desk was opened, times its rate. A wall clock that jumps does not matter (R50).
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    started: RealInstant,
    rate: u32,
}

impl Clock {
    pub fn start(rate: ClockRate) -> Self {
        Clock { started: RealInstant::now(), rate: rate.0 }
    }

    pub fn now(&self) -> Instant {
        let elapsed = self.started.elapsed().as_millis().saturating_mul(u128::from(self.rate));
        Instant::from_millis(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }

    /// The real time until `moment`, rounded up so that it has come when the sleep is over.
    pub fn real_time_until(&self, moment: Instant) -> Duration {
        Duration::from_millis(u64::from(moment.since(self.now())).div_ceil(u64::from(self.rate)))
    }
}
