//! The USSD prompt on the payer's virtual phone.

use serde::{Deserialize, Serialize};

/// Where a prompt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromptState {
    /// It is shown and nobody has answered.
    Open,
    /// The payer consented.
    Approved,
    /// The payer declined.
    Declined,
    /// The payer lets it lie; it can still be answered until it expires.
    Ignored,
    /// The payer entered a wrong PIN.
    WrongPin,
    /// Nobody answered in time.
    Expired,
}

/// A USSD prompt, raised by a Mobitel charge request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Prompt {
    /// The transaction's reference.
    pub reference: String,
    /// The payer's number, as a bare number.
    pub subscriber: String,
    /// Minor units.
    pub amount: u64,
    /// What the phone shows.
    pub text: String,
    /// Virtual milliseconds.
    pub opened_at: u64,
    /// Virtual milliseconds; from then on it cannot be answered.
    pub expires_at: u64,
    /// When it was answered or expired, in virtual milliseconds.
    pub answered_at: Option<u64>,
    /// Where it stands.
    pub state: PromptState,
    /// Whether the money was taken.
    pub captured: bool,
}

impl Prompt {
    /// Whether the payer can still answer it.
    pub fn is_open(&self) -> bool {
        matches!(self.state, PromptState::Open | PromptState::Ignored)
    }
}
