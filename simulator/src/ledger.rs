//! The ledger: who was charged what. It is only ever added to: of old captures the sums stay.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::subscriber;

/// The carrier family a capture went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CarrierFamily {
    /// Mobitel CaaS.
    Mobitel,
    /// Ideamart and its siblings.
    Ideamart,
}

/// What took the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// Who was charged what since the start (or the last reset). Counts and sums are exact for ever; of the captures
/// themselves the latest [`Ledger::DETAIL`] are kept, so that a million sales need no more memory than a hundred
/// thousand. Nothing is ever taken back: there are no refunds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ledger {
    captures: Vec<Capture>,
    count: u64,
    sum: u64,
    /// By subscriber, all captures.
    taken: BTreeMap<String, u64>,
}

impl Ledger {
    /// How many captures are kept whole, and by how many more the list may grow before the oldest go.
    pub const DETAIL: usize = 50_000;
    /// Old captures go this many at a time: one by one would move all the others each time.
    const MORE: usize = 5_000;

    /// The sum taken from a subscriber, in minor units. All forms of one number are one subscriber.
    pub fn total(&self, subscriber: &str) -> u64 {
        self.taken.get(&subscriber::canonical(subscriber)).copied().unwrap_or(0)
    }

    /// The sum taken from everybody, in minor units.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// The sum taken under a caller's id, in minor units, of the captures that are kept whole.
    pub fn total_by_external_id(&self, external_id: &str) -> u64 {
        sum(self.by_external_id(external_id))
    }

    /// The sum taken under a reference, in minor units, of the captures that are kept whole.
    pub fn total_by_reference(&self, reference: &str) -> u64 {
        sum(self.by_reference(reference))
    }

    /// The captures under a caller's id that are kept whole, oldest first.
    pub fn by_external_id(&self, external_id: &str) -> Vec<&Capture> {
        self.captures.iter().filter(|capture| capture.external_id.as_deref() == Some(external_id)).collect()
    }

    /// The captures under a reference that are kept whole, oldest first.
    pub fn by_reference(&self, reference: &str) -> Vec<&Capture> {
        self.captures.iter().filter(|capture| capture.reference.as_deref() == Some(reference)).collect()
    }

    /// How many captures there were in all.
    pub fn count(&self) -> usize {
        usize::try_from(self.count).unwrap_or(usize::MAX)
    }

    /// How many old captures are no longer kept whole: what [`captures`](Self::captures) and the totals by id
    /// do not have. Counts and the sums of subscribers have them.
    pub fn summed_up(&self) -> u64 {
        self.count - self.captures.len() as u64
    }

    /// The captures that are kept whole, oldest first: the latest [`Ledger::DETAIL`] at least.
    pub fn captures(&self) -> &[Capture] {
        &self.captures
    }

    /// The serial number of the next capture.
    pub(crate) fn next_serial(&self) -> u64 {
        self.count + 1
    }

    pub(crate) fn append(&mut self, capture: Capture) {
        self.count += 1;
        self.sum = self.sum.saturating_add(capture.amount);
        match self.taken.get_mut(&capture.subscriber) {
            Some(taken) => *taken = taken.saturating_add(capture.amount),
            None => {
                self.taken.insert(capture.subscriber.clone(), capture.amount);
            }
        }
        if self.captures.len() == Self::DETAIL + Self::MORE {
            self.captures.drain(..Self::MORE);
        }
        self.captures.push(capture);
    }

    /// Whether a ledger that was read back is one that was written.
    pub(crate) fn adds_up(&self) -> bool {
        let serials = self.captures.iter().map(|capture| capture.serial);
        let taken = self.taken.values().fold(0_u64, |sum, taken| sum.saturating_add(*taken));
        self.captures.len() as u64 <= self.count
            && serials.eq(self.summed_up() + 1..=self.count)
            && taken == self.sum
    }
}

fn sum(captures: Vec<&Capture>) -> u64 {
    captures.iter().fold(0, |sum, capture| sum.saturating_add(capture.amount))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(serial: u64) -> Capture {
        Capture {
            serial,
            at: 0,
            family: CarrierFamily::Ideamart,
            subscriber: format!("9477000000{}", serial % 3),
            amount: 10,
            currency: "LKR".to_owned(),
            external_id: Some(format!("id{serial}")),
            reference: None,
            internal_id: None,
            source: CaptureSource::DirectDebit,
        }
    }

    #[test]
    fn counts_and_sums_are_exact_when_the_oldest_captures_are_no_longer_whole() {
        let mut ledger = Ledger::default();
        let most = (Ledger::DETAIL + Ledger::MORE) as u64;
        (1..=most).for_each(|serial| ledger.append(capture(serial)));
        assert_eq!((ledger.summed_up(), ledger.captures().len() as u64), (0, most));
        ledger.append(capture(most + 1));
        assert_eq!((ledger.summed_up(), ledger.captures().len()), (Ledger::MORE as u64, Ledger::DETAIL + 1));
        assert_eq!((ledger.count() as u64, ledger.sum()), (most + 1, (most + 1) * 10));
        let by_subscriber = (0..3).map(|last| ledger.total(&format!("9477000000{last}"))).sum::<u64>();
        assert_eq!(by_subscriber, ledger.sum());
        assert_eq!((ledger.by_external_id("id1").len(), ledger.total_by_external_id("id55001")), (0, 10));
        assert!(ledger.adds_up());
    }

    #[test]
    fn a_ledger_that_lost_a_capture_or_has_one_twice_does_not_add_up() {
        let mut ledger = Ledger::default();
        (1..=3).for_each(|serial| ledger.append(capture(serial)));
        assert!(ledger.adds_up());
        let (mut lost, mut twice) = (ledger.clone(), ledger.clone());
        lost.captures.remove(1);
        twice.captures.push(capture(3));
        ledger.sum += 1;
        assert!(!lost.adds_up() && !twice.adds_up() && !ledger.adds_up());
    }
}
