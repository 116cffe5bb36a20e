//! How many notifications per second are taken: a token bucket.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A bucket that fills with `per_second` and holds one second's worth.
#[derive(Debug)]
pub(crate) struct RateLimit {
    per_second: u32,
    state: Mutex<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    /// In billionths of a request: what one nanosecond adds at one request per second.
    filled: u64,
    at: Instant,
}

const ONE: u64 = 1_000_000_000;

impl RateLimit {
    /// A full bucket. `per_second` is at least 1.
    pub(crate) fn new(per_second: u32, now: Instant) -> Self {
        let filled = u64::from(per_second) * ONE;
        RateLimit { per_second, state: Mutex::new(Bucket { filled, at: now }) }
    }

    /// Whether one more may pass now.
    pub(crate) fn admits(&self, now: Instant) -> bool {
        let mut bucket = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // More than a second cannot fill it any further.
        let elapsed = now.saturating_duration_since(bucket.at).min(Duration::from_secs(1));
        let gained = elapsed.as_nanos() as u64 * u64::from(self.per_second);
        bucket.filled = (bucket.filled + gained).min(u64::from(self.per_second) * ONE);
        bucket.at = bucket.at.max(now);
        let admitted = bucket.filled >= ONE;
        if admitted {
            bucket.filled -= ONE;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seconds_worth_passes_at_once_and_then_one_per_interval() {
        let start = Instant::now();
        let limit = RateLimit::new(4, start);
        assert_eq!((0..10).filter(|_| limit.admits(start)).count(), 4);
        let quarter = Duration::from_millis(250);
        assert!(!limit.admits(start + quarter - Duration::from_nanos(1)));
        assert!(limit.admits(start + quarter));
        assert!(!limit.admits(start + quarter));
        let next_hour = start + Duration::from_secs(3600);
        assert_eq!((0..10).filter(|_| limit.admits(next_hour)).count(), 4);
        assert!(!limit.admits(start), "an instant of the past adds nothing");
    }

    #[test]
    fn the_highest_rate_does_not_overflow() {
        let start = Instant::now();
        let limit = RateLimit::new(u32::MAX, start);
        assert!(limit.admits(start + Duration::from_secs(u64::from(u32::MAX))));
    }
}
