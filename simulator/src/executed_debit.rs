//! What a carrier that recognises repeated ids remembers of a debit.

use serde::{Deserialize, Serialize};

use crate::shelf::{Named, Shelf};

/// An executed debit: what was asked, and the answer.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExecutedDebit {
    /// [`name`] of the application and its `externalTrxId`.
    pub(crate) name: String,
    pub(crate) subscriber: String,
    pub(crate) amount: u64,
    pub(crate) answer: String,
}

/// The latest executed debits. A carrier does not remember for ever either; this many cover every repeat of a till,
/// and ten seconds of the fastest load test.
pub(crate) type ExecutedDebits = Shelf<ExecutedDebit, 100_000>;

/// Two applications may use the same id; a JSON text could hold any other separator too.
pub(crate) fn name(application: &str, external_id: &str) -> String {
    format!("{} {application} {external_id}", application.len())
}

impl Named for ExecutedDebit {
    fn names(&self) -> Vec<&str> {
        vec![&self.name]
    }
}
