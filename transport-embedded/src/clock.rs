//! The caller's clock and timer.

use caas_core::time::Instant;

/// A monotonic clock that can wake a future. With the feature `embassy-time`, `EmbassyClock` is one.
#[allow(async_fn_in_trait, reason = "the caller's executor is single-threaded, as a microcontroller's is")]
pub trait Clock {
    /// The time now. It never runs backwards.
    fn now(&self) -> Instant;

    /// Returns at `at` or later; at once if that has passed. It may be dropped at any time.
    async fn wait_until(&self, at: Instant);
}

impl<C: Clock> Clock for &C {
    fn now(&self) -> Instant {
        C::now(self)
    }

    async fn wait_until(&self, at: Instant) {
        C::wait_until(self, at).await;
    }
}

/// The clock of `embassy-time`.
#[cfg(feature = "embassy-time")]
#[derive(Clone, Copy, Debug, Default)]
pub struct EmbassyClock;

#[cfg(feature = "embassy-time")]
impl Clock for EmbassyClock {
    fn now(&self) -> Instant {
        Instant::from_millis(embassy_time::Instant::now().as_millis())
    }

    async fn wait_until(&self, at: Instant) {
        let at = embassy_time::Instant::try_from_millis(at.as_millis()).unwrap_or(embassy_time::Instant::MAX);
        embassy_time::Timer::at(at).await;
    }
}
