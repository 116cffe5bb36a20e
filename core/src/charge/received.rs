//! What was received: per payment reference the largest valid total, summed over the references.

use zerocopy::{FromBytes, Immutable, IntoBytes, Unaligned};

use super::CREDITS_MAX;
use super::attempt::{Attempt, Mark};
use super::guard::{Guard, Guards};
use super::kept::Kept;
use super::texts::{Slot, Texts};
use crate::bytes::same;
use crate::money::Amount;

/// Money that a carrier reported for one payment reference; of nothing, a place for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, Unaligned)]
#[repr(C)]
pub(super) struct Credit {
    /// The attempt that it was reported for.
    pub attempt: u8,
    /// 1 if it counts towards confirming: its internal id or reference is one that the carrier named in an answer, or no
    /// answer named any. 0 if not.
    pub matched: u8,
    /// The largest total that was reported.
    pub total: Kept,
}

/// Whether anything can be credited.
const NOTIFICATIONS: bool = cfg!(feature = "notifications");

/// Stands for no attempt, as a number that none has.
const NO_ATTEMPT: u8 = u8::MAX;

impl Credit {
    /// The attempt that it counts for towards confirming.
    fn counts_for(&self) -> u8 {
        if self.matched != 0 { self.attempt } else { NO_ATTEMPT }
    }

    /// Whether this can be. A free place vouches for nothing.
    fn is_sound(&self) -> bool {
        self.matched <= u8::from(self.is_some()) && self.total.is_sound()
    }

    /// Whether there is one.
    pub fn is_some(&self) -> bool {
        self.total != Kept::ZERO
    }
}

/// A payment reference that something is reported of.
pub(super) struct Reference<'a> {
    /// The attempt that it is reported for.
    pub attempt: u8,
    pub id: &'a [u8],
    /// Its place, else a free one, else a number that no place has.
    place: u8,
    /// The largest total that was reported before.
    pub known: Amount,
    /// Whether it counts towards confirming; what counted once goes on counting.
    pub matched: bool,
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

/// Which money is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// All that was received.
    All,
    /// What clearly belongs to the charge.
    Matched,
}

/// All money reported for one charge. A record has it as it stands here.
#[derive(Debug, Default, FromBytes, IntoBytes, Immutable, Unaligned)]
#[cfg_attr(feature = "model", derive(Clone, PartialEq, Eq, Hash))]
#[repr(C)]
pub(super) struct Received {
    pub credits: [Credit; CREDITS_MAX],
    /// The largest total reported beyond [`CREDITS_MAX`] references, for the review: without their names a repeated
    /// report and a further reference look the same, so only a person can tell how much it was.
    pub beyond: Kept,
    /// What a person said was charged in all.
    pub reviewed: Kept,
}

impl Received {
    /// What is known of a reference.
    pub fn reference<'a>(&self, texts: &Texts, attempt: u8, id: &'a [u8]) -> Reference<'a> {
        let place = self.place_of(texts, attempt, id);
        let credit = self.credits.get(usize::from(place)).copied().unwrap_or_default();
        Reference { attempt, id, place, known: credit.total.amount(), matched: credit.matched != 0 }
    }

    /// Merges a report: the larger total wins.
    pub fn credit(
        &mut self,
        texts: &mut Texts,
        reference: &Reference<'_>,
        total: Amount,
        guards: Guards,
    ) -> Credited {
        // Nothing paid takes no place that money may need, and says nothing of a reference, whenever it comes.
        if total.is_zero() {
            return Credited::Nothing;
        }
        let place = self.credits.get_mut(usize::from(reference.place)).filter(|place| {
            place.is_some() || texts.set_id(Slot::credit(reference.place), reference.id).is_ok()
        });
        let Some(credit) = place else {
            self.beyond = Kept::new(self.beyond.amount().max(total));
            return Credited::NoPlace;
        };
        let total = if guards.hold(Guard::LargestTotal) {
            reference.known.max(total)
        } else {
            reference.known.saturating_add(total)
        };
        let matched = u8::from(reference.matched);
        let grown = (total > reference.known) | (matched != credit.matched);
        *credit = Credit { attempt: reference.attempt, matched, total: Kept::new(total) };
        if grown { Credited::More } else { Credited::Nothing }
    }

    /// Whether this can be: what was read from a record may be anything.
    pub fn is_sound(&self) -> bool {
        self.beyond.is_sound() && self.reviewed.is_sound() && self.credits().iter().all(Credit::is_sound)
    }

    /// Whether this build can account for it: only notifications credit, and one without them asks of no credit what it
    /// is worth.
    pub fn is_built_in(&self) -> bool {
        let reported = self.beyond != Kept::ZERO || self.credits.iter().any(Credit::is_some);
        NOTIFICATIONS || !reported
    }

    /// What was received: all of it, or what clearly belongs to this charge. What a person found is the same money, so the
    /// larger of both counts.
    pub fn sum(&self, attempts: &[Attempt], price: Amount, counted: Counted) -> Amount {
        let mut reported = self.reported(attempts, price);
        if NOTIFICATIONS && counted == Counted::All {
            reported = reported.saturating_add(self.unmatched()).saturating_add(self.beyond.amount());
        }
        reported.max(self.reviewed.amount())
    }

    /// Money under ids that the carrier did not name in an answer.
    pub fn unmatched(&self) -> Amount {
        self.credited(NO_ATTEMPT)
    }

    /// An answer that says "executed" names no amount and means the price; notifications of that attempt are about the
    /// same money, so the larger of both counts.
    fn reported(&self, attempts: &[Attempt], price: Amount) -> Amount {
        let mut sum = Amount::ZERO;
        for (attempt, number) in attempts.iter().zip(0u8..) {
            let executed = if attempt.has(Mark::Executed) { price } else { Amount::ZERO };
            sum = sum.saturating_add(executed.max(self.credited(number)));
        }
        sum
    }

    /// What notifications told of that counts for an attempt, or for none.
    #[inline(never)]
    fn credited(&self, attempt: u8) -> Amount {
        let mut sum = Amount::ZERO;
        for credit in self.credits() {
            if credit.counts_for() == attempt {
                sum = sum.saturating_add(credit.total.amount());
            }
        }
        sum
    }

    /// The credits there can be.
    fn credits(&self) -> &[Credit] {
        if NOTIFICATIONS { &self.credits } else { &[] }
    }

    /// The place of a reference of an attempt, else a free one, else a number that no place has.
    pub fn place_of(&self, texts: &Texts, attempt: u8, reference: &[u8]) -> u8 {
        let mut free = u8::MAX;
        for (credit, at) in self.credits.iter().zip(0u8..) {
            if !credit.is_some() {
                free = free.min(at);
            } else if credit.attempt == attempt && same(texts.get(Slot::credit(at)), reference) {
                return at;
            }
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rupees(amount: u64) -> Amount {
        Amount::from_minor(amount * 100).unwrap()
    }

    fn one_attempt(mark: Option<Mark>) -> [Attempt; 1] {
        let mut attempt = Attempt::default();
        mark.into_iter().for_each(|mark| attempt.mark(mark));
        [attempt]
    }

    fn credited(reports: &[(&str, u64, bool)]) -> Received {
        let (mut received, mut texts) = (Received::default(), Texts::EMPTY);
        for (reference, total, matched) in reports {
            let mut reference = received.reference(&texts, 0, reference.as_bytes());
            reference.matched |= *matched;
            received.credit(&mut texts, &reference, rupees(*total), Guards::default());
        }
        received
    }

    /// I6, R31, R56
    #[test]
    fn the_largest_total_of_each_reference_counts_and_references_are_summed() {
        let reports = [("a", 10, true), ("b", 5, true), ("a", 25, true), ("a", 10, true), ("b", 5, true)];
        let mut reversed = reports;
        reversed.reverse();
        for order in [reports, reversed] {
            assert_eq!(credited(&order).sum(&one_attempt(None), rupees(25), Counted::All), rupees(30));
        }
    }

    /// An answer and the notifications of one attempt speak of the same money.
    #[test]
    fn an_executed_answer_is_not_added_to_the_notifications_of_its_attempt() {
        let executed = one_attempt(Some(Mark::Executed));
        assert_eq!(credited(&[("a", 5, true)]).sum(&executed, rupees(5), Counted::All), rupees(5));
        assert_eq!(credited(&[("a", 2, true)]).sum(&executed, rupees(5), Counted::All), rupees(5));
        assert_eq!(credited(&[("a", 7, true)]).sum(&executed, rupees(5), Counted::All), rupees(7));
    }

    /// R41
    #[test]
    fn money_under_unknown_ids_is_received_and_confirms_nothing() {
        let received = credited(&[("a", 5, false)]);
        let attempts = one_attempt(None);
        assert_eq!(received.sum(&attempts, rupees(5), Counted::All), rupees(5));
        assert_eq!(received.sum(&attempts, rupees(5), Counted::Matched), Amount::ZERO);
        assert_eq!(credited(&[("a", 5, false), ("a", 5, true)]).unmatched(), Amount::ZERO);
        // A total of nothing under a known id vouches for no money, before or after it.
        for order in [[("a", 5, false), ("a", 0, true)], [("a", 0, true), ("a", 5, false)]] {
            assert_eq!(credited(&order).unmatched(), rupees(5));
        }
    }

    /// R41: a record that was made up does not lend its trust to the next reference.
    #[test]
    fn a_free_place_that_vouches_cannot_be() {
        let mut received = Received::default();
        assert!(received.is_sound());
        received.credits[0].matched = 1;
        assert!(!received.is_sound());
        received.credits[0].total = Kept::new(rupees(1));
        assert!(received.is_sound());
        received.credits[0].matched = 2;
        assert!(!received.is_sound());
    }

    /// R28: what a person found is the same money, not more.
    #[test]
    fn what_a_person_found_is_the_larger_of_both() {
        let mut received = credited(&[("a", 5, true)]);
        for (found, sum) in [(3, 5), (5, 5), (9, 9)] {
            received.reviewed = Kept::new(rupees(found));
            assert_eq!(received.sum(&one_attempt(None), rupees(5), Counted::All), rupees(sum));
        }
    }

    #[test]
    fn a_fifth_reference_is_kept_as_a_sum_and_nothing_paid_takes_no_place() {
        let mut reports = std::vec![("zero", 0, true)];
        reports.extend([("a", 1, true), ("b", 1, true), ("c", 1, true), ("d", 1, true), ("e", 3, true)]);
        let received = credited(&reports);
        assert_eq!(
            (received.credits.map(|credit| credit.is_some()), received.beyond.amount()),
            ([true; CREDITS_MAX], rupees(3))
        );
        assert_eq!(received.sum(&one_attempt(None), rupees(5), Counted::All), rupees(7));
    }
}
