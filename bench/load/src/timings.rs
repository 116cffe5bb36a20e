//! How long a hundred thousand debits took, each and together.

use std::time::Duration;

/// Debits from one printed line to the next.
pub const WINDOW: u64 = 100_000;

/// What is printed of a window.
pub struct Window {
    /// Debits so far.
    pub done: u64,
    /// Debits per second of this window.
    pub rate: f64,
    /// Half of them were faster.
    pub median: Duration,
    /// One of a hundred was slower.
    pub slow: Duration,
}

impl Window {
    /// Of the times of each debit, in microseconds, and the time of them all.
    pub fn of(done: u64, each: &mut [u32], together: Duration) -> Window {
        each.sort_unstable();
        let at = |percent: usize| {
            let place = (each.len() * percent / 100).min(each.len().saturating_sub(1));
            Duration::from_micros(each.get(place).copied().unwrap_or(0).into())
        };
        let rate = each.len() as f64 / together.as_secs_f64();
        Window { done, rate, median: at(50), slow: at(99) }
    }

    /// With the server's memory in kilobytes, where that is known.
    pub fn line(&self, resident: Option<u64>) -> String {
        let memory =
            resident.map_or_else(String::new, |kilobytes| format!("  {:6.1} MB", kilobytes as f64 / 1024.0));
        format!(
            "{:>9}  {:>7.0}/s  p50 {:>6} µs  p99 {:>6} µs{memory}",
            self.done,
            self.rate,
            self.median.as_micros(),
            self.slow.as_micros()
        )
    }
}
