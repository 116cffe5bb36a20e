//! The ids that the carrier makes.

use serde::{Deserialize, Serialize};

/// They start from the calendar, so a simulator started later does not give out the ids which a terminal's journal
/// still holds, and they go on over a reset.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ids {
    started: u64,
    made: u64,
}

impl Ids {
    pub(crate) fn starting_at(started: u64) -> Self {
        Self { started, made: 0 }
    }

    /// Mobitel's reference: 15 digits like the document's 320438941208291.
    pub(crate) fn mobitel(&mut self) -> String {
        (320_000_000_000_000 + self.next() % 1_000_000_000_000).to_string()
    }

    /// `internalTrxId`: 15 digits like the document's 914021114190001.
    pub(crate) fn internal(&mut self) -> String {
        (914_000_000_000_000 + self.next() % 1_000_000_000_000).to_string()
    }

    /// `referenceId`: eight digits. They repeat after 90 million.
    pub(crate) fn reference(&mut self) -> String {
        self.made += 1;
        (10_000_000 + (self.started + self.made) % 90_000_000).to_string()
    }

    fn next(&mut self) -> u64 {
        self.made += 1;
        self.started.wrapping_mul(1_000).wrapping_add(self.made)
    }
}
