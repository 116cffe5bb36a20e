//! How many requests each caller made in the current second: one counter each, whatever the load is.

use std::collections::BTreeMap;

/// Counts by caller: Mobitel's one client, or an application. Only callers with known credentials are counted, so
/// there are few.
#[derive(Default)]
pub(crate) struct RateLimits(BTreeMap<String, Second>);

struct Second {
    number: u64,
    requests: u32,
}

impl RateLimits {
    /// Counts a request at `now` (virtual milliseconds); whether it is over the limit. One that is over is counted
    /// like any other and opens nothing: the next second does.
    pub(crate) fn exceeds(&mut self, caller: &str, limit: u32, now: u64) -> bool {
        let number = now / 1_000;
        if let Some(second) = self.0.get_mut(caller) {
            if second.number != number {
                *second = Second { number, requests: 0 };
            }
            second.requests = second.requests.saturating_add(1);
            return second.requests > limit;
        }
        self.0.insert(caller.to_owned(), Second { number, requests: 1 });
        limit == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_a_second_pass_and_each_caller_has_its_own() {
        let mut limits = RateLimits::default();
        let passed = |limits: &mut RateLimits, caller: &str, now| {
            (0..10).filter(|_| !limits.exceeds(caller, 3, now)).count()
        };
        assert_eq!(passed(&mut limits, "a", 0), 3);
        assert_eq!(passed(&mut limits, "a", 999), 0);
        assert_eq!(passed(&mut limits, "b", 999), 3);
        assert_eq!(passed(&mut limits, "a", 1_000), 3);
        assert_eq!(limits.0.len(), 2, "one counter for each caller");
    }
}
