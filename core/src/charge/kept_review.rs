//! A review as a charge and its record keep it: a number, which is never given to another review.

use super::{Reason, Review, Verdict};

/// A review.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct KeptReview(u8);

/// The first number of a review that is needed, and of one that is resolved.
const NEEDED: u8 = 1;
const RESOLVED: u8 = 8;
/// The numbers end here.
const END: u8 = RESOLVED + Verdict::Refunded as u8 + 1;

const _: () = assert!(NEEDED + (Reason::PaidByNotificationOnly as u8) < RESOLVED);

impl KeptReview {
    pub const NONE: KeptReview = KeptReview(0);

    pub const fn needed(reason: Reason) -> Self {
        KeptReview(NEEDED + reason as u8)
    }

    pub const fn resolved(verdict: Verdict) -> Self {
        KeptReview(RESOLVED + verdict as u8)
    }

    pub fn is_some(self) -> bool {
        self != KeptReview::NONE
    }

    pub const fn is_resolved(self) -> bool {
        self.0 >= RESOLVED
    }

    /// Why a person must look, if one must.
    pub const fn reason(self) -> Option<Reason> {
        Some(match self.0.wrapping_sub(NEEDED) {
            0 => Reason::InDoubt,
            1 => Reason::UnmatchedPayment,
            2 => Reason::TooManyReferences,
            3 => Reason::PaidAfterReview,
            4 => Reason::DamagedRecord,
            5 => Reason::OtherAttemptInDoubt,
            6 => Reason::PaidByNotificationOnly,
            _ => return None,
        })
    }

    /// The review.
    pub const fn get(self) -> Review {
        match (self.reason(), self.0) {
            (Some(reason), _) => Review::Needed(reason),
            (None, RESOLVED) => Review::Resolved(Verdict::Charged),
            (None, 9) => Review::Resolved(Verdict::NotCharged),
            (None, 10) => Review::Resolved(Verdict::Refunded),
            (None, _) => Review::None,
        }
    }

    /// The number in a record.
    pub const fn code(self) -> u8 {
        self.0
    }

    /// The review of a number in a record; `None` if there is none.
    pub fn of_code(code: u8) -> Option<Self> {
        (code < END).then_some(KeptReview(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_review_has_one_number() {
        let all: [Review; END as usize] = core::array::from_fn(|code| KeptReview(code as u8).get());
        for (code, review) in (0..).zip(all) {
            assert_eq!(all.iter().filter(|other| **other == review).count(), 1);
            let kept = match review {
                Review::None => KeptReview::NONE,
                Review::Needed(reason) => KeptReview::needed(reason),
                Review::Resolved(verdict) => KeptReview::resolved(verdict),
            };
            assert_eq!((kept.code(), KeptReview::of_code(code)), (code, Some(kept)));
            assert_eq!(kept.reason().is_some(), matches!(review, Review::Needed(_)));
            assert_eq!(kept.is_resolved(), matches!(review, Review::Resolved(_)));
            assert_eq!(kept.is_some(), review != Review::None);
        }
        assert_eq!(KeptReview::of_code(END), None);
    }
}
