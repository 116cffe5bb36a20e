//! What was received: per payment reference the largest valid total, summed over the references.

use heapless::Vec;

use super::attempt::{Attempt, Mark};
use super::guard::{Guard, Guards};
use super::texts::{Slot, Texts};
use super::{ATTEMPTS_MAX, CREDITS_MAX};
use crate::money::Amount;

/// Money that a carrier reported for one payment reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Credit {
    /// The attempt that it was reported for.
    pub attempt: u8,
    /// Whether it counts towards confirming: its internal id or reference is one that the carrier named in an answer,
    /// or no answer named any.
    pub matched: bool,
    /// The largest total that was reported.
    pub total: Amount,
}

/// What a report changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credited {
    /// The sum grew, or the reference became a matched one.
    More,
    /// Known already, or an older total.
    Nothing,
    /// There is no place for another reference.
    NoPlace,
}

/// All money reported for one charge.
#[derive(Debug, Default)]
#[cfg_attr(feature = "model", derive(Clone, PartialEq, Eq, Hash))]
pub(super) struct Received {
    pub credits: Vec<Credit, CREDITS_MAX>,
    /// The largest total reported beyond [`CREDITS_MAX`] references, for the review: without their names a repeated
    /// report and a further reference look the same, so only a person can tell how much it was.
    pub beyond: Amount,
    /// What a person said was charged in all.
    pub reviewed: Option<Amount>,
}

impl Received {
    /// Merges a report: the larger total wins.
    pub fn credit(
        &mut self,
        texts: &mut Texts,
        attempt: u8,
        reference: &str,
        total: Amount,
        matched: bool,
        guards: Guards,
    ) -> Credited {
        let known = self.find(texts, attempt, reference).and_then(|index| self.credits.get_mut(index));
        if let Some(credit) = known {
            let before = *credit;
            credit.total = if guards.hold(Guard::LargestTotal) {
                credit.total.max(total)
            } else {
                credit.total.saturating_add(total)
            };
            credit.matched |= matched;
            return if *credit == before { Credited::Nothing } else { Credited::More };
        }
        // Nothing paid takes no place that money may need.
        let index = u8::try_from(self.credits.len()).unwrap_or(u8::MAX);
        if total.is_zero() {
            return Credited::Nothing;
        }
        if self.credits.is_full() || texts.set_id(Slot::Credit(index), reference).is_err() {
            self.beyond = self.beyond.max(total);
            return Credited::NoPlace;
        }
        match self.credits.push(Credit { attempt, matched, total }) {
            Ok(()) => Credited::More,
            Err(_) => Credited::NoPlace,
        }
    }

    /// Whether money of this reference counts towards confirming already.
    pub fn is_matched(&self, texts: &Texts, attempt: u8, reference: &str) -> bool {
        self.find(texts, attempt, reference)
            .and_then(|index| self.credits.get(index))
            .is_some_and(|credit| credit.matched)
    }

    /// The largest total known for a reference.
    pub fn total_of(&self, texts: &Texts, attempt: u8, reference: &str) -> Amount {
        self.find(texts, attempt, reference)
            .and_then(|index| self.credits.get(index))
            .map_or(Amount::ZERO, |credit| credit.total)
    }

    /// All that was received, whether it clearly belongs to this charge or not. What a person found is the same money,
    /// so the larger of both counts.
    pub fn sum(&self, attempts: &Vec<Attempt, ATTEMPTS_MAX>, price: Amount) -> Amount {
        let reported =
            self.reported(attempts, price).saturating_add(self.unmatched()).saturating_add(self.beyond);
        reported.max(self.reviewed.unwrap_or(Amount::ZERO))
    }

    /// What was received and clearly belongs to this charge.
    pub fn matched_sum(&self, attempts: &Vec<Attempt, ATTEMPTS_MAX>, price: Amount) -> Amount {
        self.reported(attempts, price).max(self.reviewed.unwrap_or(Amount::ZERO))
    }

    /// Money under ids that the carrier did not name in an answer.
    pub fn unmatched(&self) -> Amount {
        self.credits
            .iter()
            .filter(|credit| !credit.matched)
            .fold(Amount::ZERO, |sum, credit| sum.saturating_add(credit.total))
    }

    /// An answer that says "executed" names no amount and means the price; notifications of that attempt are about the
    /// same money, so the larger of both counts.
    fn reported(&self, attempts: &Vec<Attempt, ATTEMPTS_MAX>, price: Amount) -> Amount {
        let mut sum = Amount::ZERO;
        for (attempt, number) in attempts.iter().zip(0u8..) {
            let credited = self
                .credits
                .iter()
                .filter(|credit| credit.attempt == number && credit.matched)
                .fold(Amount::ZERO, |sum, credit| sum.saturating_add(credit.total));
            let executed = if attempt.has(Mark::Executed) { price } else { Amount::ZERO };
            sum = sum.saturating_add(credited.max(executed));
        }
        sum
    }

    fn find(&self, texts: &Texts, attempt: u8, reference: &str) -> Option<usize> {
        self.credits.iter().zip(0u8..).position(|(credit, index)| {
            credit.attempt == attempt && texts.get(Slot::Credit(index)) == reference
        })
    }
}
