//! What outlasts a restart: all that a record holds of a charge, as the bytes of the record, so that it is copied there and
//! back as it stands.

use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes};

use super::attempts::Attempts;
use super::kept::{Kept, KeptOrNone};
use super::received::Received;
use super::record::copy;
use super::texts::{TEXTS_MAX, Texts};
use super::{Closing, Reason, Release, Review, Sale, Verdict};
use crate::money::Currency;
use crate::time::Millis;

/// What a record holds of a charge. Nothing in it is aligned but the whole, which is cleared faster.
#[derive(Debug, FromBytes, IntoBytes, Immutable)]
#[cfg_attr(feature = "model", derive(Clone, PartialEq, Eq, Hash))]
#[repr(C, align(4))]
pub(super) struct Lasting {
    pub received: Received,
    pub attempts: Attempts,
    pub amount: Kept,
    pub refunded: Kept,
    /// What was received as far as the person knew who decided last.
    pub judged: Kept,
    /// What is due as the carrier says; the one amount that there may be none of.
    pub amount_due: KeptOrNone,
    window: [u8; 4],
    currency: [u8; 3],
    /// Sale, release and review, when the record is written or read.
    states: [u8; 3],
    pub auto_attempts: u8,
    pub conflicts: u8,
    pub recoveries: u8,
    pub credential_refusals: u8,
    /// Last: a record has of it what is used.
    pub texts: Texts,
}

impl Lasting {
    /// That of a charge of which nothing is known.
    pub fn new() -> Self {
        Lasting::new_zeroed()
    }

    pub fn window(&self) -> Millis {
        Millis::from_le_bytes(self.window)
    }

    pub fn set_window(&mut self, window: Millis) {
        self.window = window.to_le_bytes();
    }

    pub const fn currency(&self) -> Currency {
        Currency::from_bytes(self.currency)
    }

    pub fn set_currency(&mut self, currency: Currency) {
        self.currency = currency.to_bytes();
    }

    /// As it stands in a record, with these states.
    pub fn recorded(&mut self, sale: Sale, release: Release, review: Review) -> &[u8] {
        self.states = [sale_code(sale), release as u8, review_code(review)];
        self.as_bytes().get(..self.length()).unwrap_or(&[])
    }

    /// Takes what stands in a record; `None` where there is what cannot be.
    pub fn read(&mut self, record: &[u8]) -> Option<()> {
        copy(self.as_mut_bytes().get_mut(..record.len())?, record);
        let sound = self.length() == record.len()
            && self.amount.is_sound()
            && self.refunded.is_sound()
            && self.judged.is_sound()
            && self.amount_due.is_sound()
            && self.currency.iter().all(u8::is_ascii_uppercase)
            && self.received.is_sound()
            && self.attempts.is_sound()
            && self.texts.is_sound();
        sound.then_some(())
    }

    /// The sale of a record that was read; `None` if there is none of its number, and so for release and review.
    pub fn sale(&self) -> Option<Sale> {
        SALES.get(usize::from(self.states[0])).copied()
    }

    pub fn release(&self) -> Option<Release> {
        release_of(self.states[1])
    }

    pub fn review(&self) -> Option<Review> {
        REVIEWS.get(usize::from(self.states[2])).copied()
    }

    /// Bytes that a record has of it.
    fn length(&self) -> usize {
        self.texts.used() + (size_of::<Lasting>() - TEXTS_MAX)
    }
}

/// The states as numbers: the place in the table. A number is never given to another state: old journals are read by new
/// releases.
const SALES: [Sale; 5] = [
    Sale::Open,
    Sale::Closed(Closing::Fulfilled),
    Sale::Closed(Closing::Cancelled),
    Sale::Closed(Closing::Expired),
    Sale::Closed(Closing::Refused),
];
const REVIEWS: [Review; 11] = [
    Review::None,
    Review::Needed(Reason::InDoubt),
    Review::Needed(Reason::UnmatchedPayment),
    Review::Needed(Reason::TooManyReferences),
    Review::Needed(Reason::PaidAfterReview),
    Review::Needed(Reason::DamagedRecord),
    Review::Needed(Reason::OtherAttemptInDoubt),
    Review::Needed(Reason::PaidByNotificationOnly),
    Review::Resolved(Verdict::Charged),
    Review::Resolved(Verdict::NotCharged),
    Review::Resolved(Verdict::Refunded),
];

fn release_of(code: u8) -> Option<Release> {
    Some(match code {
        0 => Release::None,
        1 => Release::Started,
        2 => Release::Done,
        3 => Release::Failed,
        4 => Release::Uncertain,
        _ => return None,
    })
}

fn sale_code(sale: Sale) -> u8 {
    match sale {
        Sale::Open => 0,
        Sale::Closed(closing) => closing as u8 + 1,
    }
}

fn review_code(review: Review) -> u8 {
    match review {
        Review::None => 0,
        Review::Needed(reason) => reason as u8 + 1,
        Review::Resolved(verdict) => verdict as u8 + 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_one_number() {
        for code in 0..12 {
            let place = usize::from(code);
            assert!(SALES.get(place).is_none_or(|sale| sale_code(*sale) == code));
            assert!(release_of(code).is_none_or(|release| release as u8 == code));
            assert!(REVIEWS.get(place).is_none_or(|review| review_code(*review) == code));
        }
    }
}
