//! How much waits for a terminal, and for how long.

use std::time::Duration;

/// From this age on a notification that still waits is overdue: a payer waits for goods or for their money, and somebody
/// should look after the terminal. It goes on waiting all the same, for as long as it takes: it is never dropped for age.
pub const OVERDUE_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// What a terminal has not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiting {
    /// The terminal.
    pub terminal: String,
    /// How many notifications wait for it.
    pub waiting: u32,
    /// How many are set aside for a person.
    pub set_aside: u32,
    /// How long the oldest of those that wait has waited, by the wall clock; zero where none does.
    pub oldest: Duration,
}

impl Waiting {
    /// Whether somebody should look after the terminal: its oldest notification has waited for [`OVERDUE_AFTER`].
    pub fn is_overdue(&self) -> bool {
        self.oldest >= OVERDUE_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_is_overdue_after_a_day() {
        let waiting =
            |oldest| Waiting { terminal: "K1".into(), waiting: 1, set_aside: 0, oldest }.is_overdue();
        assert!(!waiting(OVERDUE_AFTER - Duration::from_secs(1)));
        assert!(waiting(OVERDUE_AFTER));
    }
}
