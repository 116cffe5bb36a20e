//! What happens when its virtual time has come, without anybody asking.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Payer;
use crate::exchange::ServiceCall;
use crate::pairs;

/// Something planned; prompts and payments are named by their place.
#[derive(Serialize, Deserialize)]
pub(crate) enum Due {
    PromptAnswer(usize, Payer),
    EzCashAnswer(usize, Payer),
    LateRequest(ServiceCall),
}

/// What is planned, by its time and in the order of planning.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Agenda {
    #[serde(with = "pairs")]
    entries: BTreeMap<(u64, u64), Due>,
    planned: u64,
}

impl Agenda {
    /// As many as wait in any test, and under 2 GB with the largest requests. What does not fit happens at once.
    pub(crate) const MOST: usize = 20_000;

    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() >= Self::MOST
    }

    pub(crate) fn plan(&mut self, at: u64, due: Due) {
        self.planned += 1;
        self.entries.insert((at, self.planned), due);
    }

    pub(crate) fn next_at(&self) -> Option<u64> {
        self.entries.first_key_value().map(|((at, _), _)| *at)
    }

    /// What is due first, with its time.
    pub(crate) fn take(&mut self) -> Option<(u64, Due)> {
        self.entries.pop_first().map(|((at, _), due)| (at, due))
    }
}
