//! A payment that eZ Cash waits for.

use serde::{Deserialize, Serialize};

/// Where an eZ Cash request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EzCashState {
    /// Less than the amount due was paid.
    Waiting,
    /// The amount due was paid, or more.
    Paid,
    /// It was declined or failed. A later payment is taken all the same.
    Failed,
}

/// A payment asked of the payer by an eZ Cash debit (P1003).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EzCashRequest {
    /// `referenceId`, eight digits.
    pub reference: String,
    /// `internalTrxId`.
    pub internal_id: String,
    /// `externalTrxId`.
    pub external_id: String,
    /// The payer, as a bare number where it is one.
    pub subscriber: String,
    /// Minor units.
    pub amount_due: u64,
    /// The sum paid under this reference so far, in minor units.
    pub paid: u64,
    /// `LKR` unless the request named another.
    pub currency: String,
    /// Virtual milliseconds.
    pub opened_at: u64,
    /// Where it stands.
    pub state: EzCashState,
}

impl EzCashRequest {
    pub(crate) fn balance_due(&self) -> u64 {
        self.amount_due.saturating_sub(self.paid)
    }
}
