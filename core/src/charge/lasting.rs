//! What outlasts a restart: all that a record holds of a charge, as the bytes of the record, so that it is copied there and
//! back as it stands.

use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes};

use super::attempts::Attempts;
use super::kept::{Kept, KeptOrNone};
use super::kept_review::KeptReview;
use super::received::Received;
use super::record::copy;
use super::texts::{TEXTS_MAX, Texts};
use super::{Closing, Release, Sale};
use crate::money::Currency;
use crate::time::Millis;

/// What a record holds of a charge. Nothing in it is aligned but the whole, which is cleared faster. The amounts stand
/// first, where a short instruction of a microcontroller reaches them.
#[derive(Debug, FromBytes, IntoBytes, Immutable)]
#[cfg_attr(feature = "model", derive(Clone, PartialEq, Eq, Hash))]
#[repr(C, align(4))]
pub(super) struct Lasting {
    pub amount: Kept,
    pub refunded: Kept,
    /// What was received as far as the person knew who decided last.
    pub judged: Kept,
    /// What is due as the carrier says; the one amount that there may be none of.
    pub amount_due: KeptOrNone,
    window: [u8; 4],
    pub received: Received,
    pub attempts: Attempts,
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
    pub fn recorded(&mut self, sale: Sale, release: Release, review: KeptReview) -> &[u8] {
        self.states = [sale_code(sale), release as u8, review.code()];
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
        sale_of(self.states[0])
    }

    pub fn release(&self) -> Option<Release> {
        release_of(self.states[1])
    }

    pub fn review(&self) -> Option<KeptReview> {
        KeptReview::of_code(self.states[2])
    }

    /// Bytes that a record has of it.
    fn length(&self) -> usize {
        self.texts.used() + (size_of::<Lasting>() - TEXTS_MAX)
    }
}

/// The states as numbers. A number is never given to another state: old journals are read by new
/// releases.
fn sale_of(code: u8) -> Option<Sale> {
    Some(match code {
        0 => Sale::Open,
        1 => Sale::Closed(Closing::Fulfilled),
        2 => Sale::Closed(Closing::Cancelled),
        3 => Sale::Closed(Closing::Expired),
        4 => Sale::Closed(Closing::Refused),
        _ => return None,
    })
}

fn release_of(code: u8) -> Option<Release> {
    Some(match code {
        0 => Release::None,
        1 => Release::Failed,
        2 => Release::Started,
        3 => Release::Done,
        4 => Release::Uncertain,
        _ => return None,
    })
}

fn sale_code(sale: Sale) -> u8 {
    match sale {
        Sale::Open => 0,
        Sale::Closed(closing) => closing as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_one_number() {
        for code in 0..12 {
            assert!(sale_of(code).is_none_or(|sale| sale_code(sale) == code));
            assert!(release_of(code).is_none_or(|release| release as u8 == code));
        }
    }
}
