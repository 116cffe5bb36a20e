//! What can be set: how this carrier understands its own documents, and what the payer does.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::preset;

/// What Mobitel's confirm does. The document says "to complete the transaction" and no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfirmMeaning {
    /// The payer's consent takes the money; confirm only tells.
    #[default]
    Reads,
    /// Confirm takes the money if the payer consented; a repeat says "already confirmed".
    Captures,
}

/// What the payer does with a prompt, and with an eZ Cash request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Payer {
    /// Consents; pays the whole amount due at eZ Cash.
    #[default]
    Approve,
    /// Declines; eZ Cash notifies E1406.
    Decline,
    /// Does nothing: the prompt expires, eZ Cash stays silent.
    Ignore,
    /// Enters a wrong PIN; eZ Cash notifies E1404.
    WrongPin,
    /// Waits for a call: [`approve`](crate::Simulator::approve), [`pay`](crate::Simulator::pay) and the like.
    Ask,
}

/// What a repeated `externalTrxId` is answered where the carrier de-duplicates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DuplicateAnswer {
    /// The first answer once more.
    #[default]
    Same,
    /// E1379 "Transaction has already completed".
    AlreadyCompleted,
}

/// Who may call: the family's applications and Mobitel's client id.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Pairs of `applicationId` and `password`.
    pub applications: Vec<(String, String)>,
    /// The value of `x-ibm-client-id`.
    pub client_id: String,
}

impl Credentials {
    /// One application and one client id.
    pub fn new(application_id: &str, password: &str, client_id: &str) -> Self {
        Self {
            applications: vec![(application_id.to_owned(), password.to_owned())],
            client_id: client_id.to_owned(),
        }
    }

    pub(crate) fn know(&self, application_id: &str, password: &str) -> bool {
        self.applications.iter().any(|(id, secret)| id == application_id && secret == password)
    }
}

impl Default for Credentials {
    /// The preset's: every sample of the documents is let in.
    fn default() -> Self {
        let owned = |(id, password): (&str, &str)| (id.to_owned(), password.to_owned());
        Self {
            applications: preset::APPLICATIONS.into_iter().map(owned).collect(),
            client_id: preset::CLIENT_ID.to_owned(),
        }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Credentials({} applications)", self.applications.len())
    }
}

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) credentials: Credentials,
    pub(crate) confirm: ConfirmMeaning,
    pub(crate) payer: Payer,
    pub(crate) payer_delay: Duration,
    pub(crate) prompt_lifetime: Duration,
    pub(crate) handset_busy_while_prompted: bool,
    pub(crate) deduplicates: bool,
    pub(crate) duplicate_answer: DuplicateAnswer,
    pub(crate) amount_due: Option<u64>,
    pub(crate) opening_balance: u64,
    pub(crate) notify_url: Option<String>,
    pub(crate) magic_values: bool,
    pub(crate) seed: u64,
    pub(crate) rate_limit: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            credentials: Credentials::default(),
            confirm: ConfirmMeaning::default(),
            payer: Payer::default(),
            payer_delay: Duration::ZERO,
            prompt_lifetime: PROMPT_LIFETIME,
            handset_busy_while_prompted: false,
            deduplicates: true,
            duplicate_answer: DuplicateAnswer::default(),
            amount_due: None,
            opening_balance: preset::BALANCE,
            notify_url: None,
            magic_values: true,
            seed: preset::SEED,
            rate_limit: None,
        }
    }
}

/// Mobitel lets a caller re-initiate "after 2 minutes": until then the first prompt may be answered.
const PROMPT_LIFETIME: Duration = Duration::from_secs(120);
