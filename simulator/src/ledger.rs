//! The ledger: who was charged what. It is only ever appended to.

use serde::Serialize;

use crate::subscriber;

/// The carrier family a capture went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum CarrierFamily {
    /// Mobitel CaaS.
    Mobitel,
    /// Ideamart and its siblings.
    Ideamart,
}

/// What took the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum CaptureSource {
    /// The payer's consent to a Mobitel prompt ([`ConfirmMeaning::Reads`](crate::ConfirmMeaning::Reads)).
    Consent,
    /// Mobitel's confirm ([`ConfirmMeaning::Captures`](crate::ConfirmMeaning::Captures)).
    Confirm,
    /// A direct debit of a synchronous instrument.
    DirectDebit,
    /// A payment of the payer at eZ Cash.
    EzCashPayment,
}

/// One capture of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Capture {
    /// 1 for the first capture, and so on without a gap.
    pub serial: u64,
    /// When, in virtual milliseconds since the simulator started.
    pub at: u64,
    /// The family it went through.
    pub family: CarrierFamily,
    /// The subscriber charged, as a bare number where it is one.
    pub subscriber: String,
    /// Minor units of `currency`.
    pub amount: u64,
    /// `LKR` unless the request named another.
    pub currency: String,
    /// The caller's id (`externalTrxId`), where the carrier takes one.
    pub external_id: Option<String>,
    /// Mobitel's `reference`, eZ Cash's `referenceId`.
    pub reference: Option<String>,
    /// The gateway's id (`internalTrxId`), where there is one.
    pub internal_id: Option<String>,
    /// What took the money.
    pub source: CaptureSource,
}

/// Every capture since the start (or the last reset), oldest first. Nothing is ever trimmed or taken back: it
/// is the witness. There are no refunds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Ledger {
    captures: Vec<Capture>,
}

impl Ledger {
    /// The sum taken from a subscriber, in minor units. All forms of one number are one subscriber.
    pub fn total(&self, subscriber: &str) -> u64 {
        let name = subscriber::canonical(subscriber);
        self.sum(|capture| capture.subscriber == name)
    }

    /// The sum taken under a caller's id, in minor units.
    pub fn total_by_external_id(&self, external_id: &str) -> u64 {
        self.sum(|capture| capture.external_id.as_deref() == Some(external_id))
    }

    /// The sum taken under a reference, in minor units.
    pub fn total_by_reference(&self, reference: &str) -> u64 {
        self.sum(|capture| capture.reference.as_deref() == Some(reference))
    }

    /// The captures under a caller's id, oldest first.
    pub fn by_external_id(&self, external_id: &str) -> Vec<&Capture> {
        self.captures.iter().filter(|capture| capture.external_id.as_deref() == Some(external_id)).collect()
    }

    /// The captures under a reference, oldest first.
    pub fn by_reference(&self, reference: &str) -> Vec<&Capture> {
        self.captures.iter().filter(|capture| capture.reference.as_deref() == Some(reference)).collect()
    }

    /// How many captures there are.
    pub fn count(&self) -> usize {
        self.captures.len()
    }

    /// All captures, oldest first.
    pub fn captures(&self) -> &[Capture] {
        &self.captures
    }

    /// The serial number of the next capture.
    pub(crate) fn next_serial(&self) -> u64 {
        self.captures.len() as u64 + 1
    }

    pub(crate) fn append(&mut self, capture: Capture) {
        self.captures.push(capture);
    }

    fn sum(&self, wanted: impl Fn(&Capture) -> bool) -> u64 {
        self.captures.iter().filter(|capture| wanted(capture)).map(|capture| capture.amount).sum()
    }
}
