//! How long a charge is driven on while the journal fails.

use std::time::{Duration, Instant};

use caas_transport_std::ChargeEvent;

/// A disk that failed for this long is not soon well again. What is durable stays, and `caas resume` goes on from it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Counts how long the journal fails without a success in between.
#[derive(Default)]
pub struct Patience {
    failing_since: Option<Instant>,
}

impl Patience {
    /// Whether the journal has failed for too long, this event counted.
    pub fn is_over(&mut self, event: &ChargeEvent) -> bool {
        if !matches!(event, ChargeEvent::StorageFailing(_)) {
            self.failing_since = None;
            return false;
        }
        self.failing_since.get_or_insert_with(Instant::now).elapsed() >= PATIENCE
    }
}
