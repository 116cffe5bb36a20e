//! The texts of one charge in one buffer: most are short, few are there at the same time, and memory is scarce.
//!
//! Carriers name one thing under several names: a reference is often the internal id as well, and a payment is known by
//! either. A text that is there already is kept once.

use zerocopy::{FromBytes, Immutable, IntoBytes, Unaligned};

use super::record::{REVIEWER_MAX, copy};
use crate::bytes::same;
use crate::utf8::{beginning, is_utf8};

/// Bytes for all texts of one charge, each counted once. Holds the longest sale id, subscriber, charge id and `accountId`
/// (187) and the longest two ids of an answer beside them; beside an account as long as a subscriber (247), 8 bytes; and with ids of the lengths that are seen (15 to 20) those of
/// three attempts. What does not fit any more is reported as [`Full`] by whoever sets it.
pub const TEXTS_MAX: usize = 255;

/// How many texts there may be.
pub const SLOTS: usize = 16;

/// Slots of ids: they are set once, so that one may share the text of another. What stands in the others passes.
const IDS: usize = 14;

/// A length from here on means: the same text as in the slot of the number above it.
const SAME_AS: u8 = 0xF0;

/// Which text, by its place in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(u8);

impl Slot {
    /// The sale's id.
    pub const SALE: Slot = Slot(0);
    /// The payer.
    pub const SUBSCRIBER: Slot = Slot(1);
    /// The charge's id; `externalTrxId` of an attempt is made from it.
    pub const CHARGE_ID: Slot = Slot(2);
    /// `accountId`.
    pub const ACCOUNT: Slot = Slot(3);
    /// What the payer is to read.
    pub const PAYER_TEXT: Slot = Slot(14);
    /// Who resolved the review.
    pub const REVIEWER: Slot = Slot(15);

    /// What the carrier named an attempt (`reference`, `referenceId`).
    pub const fn reference(attempt: u8) -> Slot {
        Slot(4 + Slot::at_most(attempt, 2))
    }

    /// `internalTrxId` of an attempt's answer.
    pub const fn internal(attempt: u8) -> Slot {
        Slot(7 + Slot::at_most(attempt, 2))
    }

    /// The payment reference of a credit.
    pub const fn credit(credit: u8) -> Slot {
        Slot(10 + Slot::at_most(credit, 3))
    }

    const fn at_most(number: u8, most: u8) -> u8 {
        if number < most { number } else { most }
    }
}

/// The buffer has no room for the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// The texts of one charge, one after the other. A record has them as they stand here.
#[derive(FromBytes, IntoBytes, Immutable, Unaligned)]
#[repr(C)]
pub struct Texts {
    lengths: [u8; SLOTS],
    bytes: [u8; TEXTS_MAX],
}

impl Texts {
    /// No texts.
    #[cfg(test)]
    pub const EMPTY: Texts = Texts { lengths: [0; SLOTS], bytes: [0; TEXTS_MAX] };

    /// The text in a slot, in UTF-8; empty if there is none.
    #[inline(never)]
    pub fn get(&self, slot: Slot) -> &[u8] {
        let index = index(slot);
        self.own(self.shared(index).unwrap_or(index))
    }

    /// As [`Texts::get`], for the application: what is kept is UTF-8, but to say so costs half a kilobyte of flash.
    pub fn get_str(&self, slot: Slot) -> &str {
        core::str::from_utf8(self.get(slot)).unwrap_or("")
    }

    /// Puts a text into a slot, in place of what is there. A text that another slot shares is not replaced: ids are set
    /// once.
    #[inline(never)]
    pub fn set(&mut self, slot: Slot, text: &[u8]) -> Result<(), Full> {
        let index = index(slot);
        #[expect(clippy::manual_contains, reason = "the library's search for a byte is for longer ones")]
        if self.lengths.iter().any(|length| *length == SAME_AS | slot.0) {
            return Err(Full);
        }
        let (own, length) = match self.same_as(index, text) {
            Some(same) => (&[][..], same),
            None => (text, text.len() as u8),
        };
        if own.len() >= usize::from(SAME_AS) {
            return Err(Full);
        }
        self.splice(index, own, length)
    }

    /// Puts an id into a slot. An id is evidence, and what the payer is to read has been told: it makes room.
    #[inline(never)]
    pub fn set_id(&mut self, slot: Slot, id: &[u8]) -> Result<(), Full> {
        self.set(slot, id).or_else(|_| {
            let _ = self.set(Slot::PAYER_TEXT, &[]);
            self.set(slot, id)
        })
    }

    /// Puts as much of a text into a slot as fits while `reserve` bytes stay free, cut at a character's end.
    pub fn set_cut(&mut self, slot: Slot, text: &[u8], reserve: usize) {
        // What passes is never shared, so it goes, and the part fits. If it did not, there would be no text.
        let _ = self.set(slot, &[]);
        let free = TEXTS_MAX.saturating_sub(self.used() + reserve);
        let _ = self.set(slot, beginning(text, free));
    }

    /// Keeps who resolved a review, as much as fits: what the payer was to read is over, and makes room.
    pub fn set_reviewer(&mut self, name: &[u8]) {
        if self.set_id(Slot::REVIEWER, name).is_err() {
            self.set_cut(Slot::REVIEWER, name, 0);
        }
    }

    /// Whether these can be: what was read from a record may be anything.
    pub fn is_sound(&self) -> bool {
        (0..SLOTS as u8).all(|slot| self.is_sound_at(Slot(slot)))
            && self.get(Slot::REVIEWER).len() <= REVIEWER_MAX
    }

    /// Whether the text in a slot is its own, or as an id that of another id, which then has one.
    fn is_sound_at(&self, slot: Slot) -> bool {
        let text = self.get(slot);
        let can_share = |other| index(slot).max(other) < IDS && !text.is_empty();
        is_utf8(text) && self.shared(index(slot)).is_none_or(can_share)
    }

    /// Replaces the own text of a slot, and its length.
    fn splice(&mut self, index: usize, text: &[u8], length: u8) -> Result<(), Full> {
        let (start, old) = self.place(index);
        let used = self.used() - start;
        let end = used - old + text.len();
        // From the old text on.
        let bytes = self.bytes.get_mut(start..).ok_or(Full)?;
        if end > bytes.len() {
            return Err(Full);
        }
        // Reversed, the old text is at the end, where the new one takes its room; reversed again, that is at the start.
        reverse(bytes.get_mut(..used).ok_or(Full)?);
        let bytes = bytes.get_mut(..end).ok_or(Full)?;
        reverse(bytes);
        copy(bytes, text);
        if let Some(place) = self.lengths.get_mut(index) {
            *place = length;
        }
        Ok(())
    }

    /// The slot whose text is that of this one as well, if its length says so.
    fn shared(&self, index: usize) -> Option<usize> {
        let length = self.lengths.get(index).copied().unwrap_or(0);
        length.checked_sub(SAME_AS).map(usize::from)
    }

    /// The length that says "the same as that slot", if another id has this text as its own.
    fn same_as(&self, index: usize, text: &[u8]) -> Option<u8> {
        if index >= IDS || text.is_empty() {
            return None;
        }
        let other = (0..IDS).find(|other| *other != index && same(self.own(*other), text))?;
        Some(SAME_AS | other as u8)
    }

    fn own(&self, index: usize) -> &[u8] {
        let (start, length) = self.place(index);
        self.bytes.get(start..start + length).unwrap_or(&[])
    }

    /// Where all texts end.
    pub fn used(&self) -> usize {
        self.place(SLOTS).0
    }

    /// Where a slot's own text begins, and its length.
    #[inline(never)]
    fn place(&self, index: usize) -> (usize, usize) {
        let mut start = 0;
        for (at, length) in self.lengths.iter().enumerate() {
            let own = if *length < SAME_AS { usize::from(*length) } else { 0 };
            if at == index {
                return (start, own);
            }
            start += own;
        }
        (start, 0)
    }
}

impl core::fmt::Debug for Texts {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str("Texts")
    }
}

/// Charges with the same texts are the same, whatever stood after them before.
#[cfg(feature = "model")]
mod equality {
    use super::Texts;
    use core::hash::{Hash, Hasher};

    impl Clone for Texts {
        fn clone(&self) -> Self {
            Texts { ..*self }
        }
    }

    impl Texts {
        fn all(&self) -> (&[u8], &[u8]) {
            (&self.lengths, self.bytes.get(..self.used()).unwrap_or(&[]))
        }
    }

    impl PartialEq for Texts {
        fn eq(&self, other: &Self) -> bool {
            self.all() == other.all()
        }
    }

    impl Eq for Texts {}

    impl Hash for Texts {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.all().hash(state);
        }
    }
}

fn index(Slot(slot): Slot) -> usize {
    usize::from(slot)
}

/// The library's way of doing it is longer, and can panic.
#[inline(never)]
fn reverse(mut bytes: &mut [u8]) {
    while let [first, between @ .., last] = bytes {
        core::mem::swap(first, last);
        bytes = between;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_apart_when_they_are_replaced_in_any_order() {
        let mut texts = Texts::EMPTY;
        texts.set(Slot::PAYER_TEXT, b"dial").unwrap();
        texts.set(Slot::SALE, b"sale-1").unwrap();
        texts.set(Slot::reference(1), b"ref").unwrap();
        texts.set(Slot::SALE, b"s").unwrap();
        texts.set(Slot::reference(1), b"longer reference").unwrap();
        assert_eq!(
            (texts.get_str(Slot::SALE), texts.get_str(Slot::reference(1)), texts.get_str(Slot::PAYER_TEXT)),
            ("s", "longer reference", "dial")
        );
        assert_eq!(texts.get_str(Slot::reference(0)), "");
    }

    #[test]
    fn every_text_has_a_place_of_its_own() {
        let mut slots = [Slot::SALE, Slot::SUBSCRIBER, Slot::CHARGE_ID, Slot::ACCOUNT].to_vec();
        slots.extend((0..3).map(Slot::reference).chain((0..3).map(Slot::internal)));
        slots.extend((0..4).map(Slot::credit).chain([Slot::PAYER_TEXT, Slot::REVIEWER]));
        assert!(slots.iter().copied().map(index).eq(0..SLOTS));
        // What there cannot be is the last of its kind, not the first of another.
        assert_eq!([3, 255].map(Slot::reference), [Slot::reference(2); 2]);
        assert_eq!([3, 255].map(Slot::internal), [Slot::internal(2); 2]);
        assert_eq!([4, 255].map(Slot::credit), [Slot::credit(3); 2]);
        let passing = [Slot::PAYER_TEXT, Slot::REVIEWER].map(index);
        assert!(passing.into_iter().eq(IDS..SLOTS));
    }

    #[test]
    fn a_full_buffer_refuses_and_keeps_what_it_has() {
        let mut texts = Texts::EMPTY;
        let long = "x".repeat(200);
        texts.set(Slot::SALE, long.as_bytes()).unwrap();
        assert_eq!(texts.set(Slot::ACCOUNT, "a".repeat(TEXTS_MAX - 199).as_bytes()), Err(Full));
        texts.set(Slot::ACCOUNT, "a".repeat(TEXTS_MAX - 200).as_bytes()).unwrap();
        assert_eq!(texts.set(Slot::credit(3), b"y"), Err(Full));
        assert_eq!(texts.set(Slot::SALE, "y".repeat(201).as_bytes()), Err(Full));
        assert_eq!(texts.get_str(Slot::SALE), long);
        assert_eq!(texts.get_str(Slot::ACCOUNT), "a".repeat(TEXTS_MAX - 200));
    }

    #[test]
    fn an_id_takes_the_room_of_the_payers_text() {
        let mut texts = Texts::EMPTY;
        texts.set(Slot::SALE, "x".repeat(200).as_bytes()).unwrap();
        texts.set(Slot::PAYER_TEXT, "t".repeat(TEXTS_MAX - 200).as_bytes()).unwrap();
        texts.set_id(Slot::credit(0), b"914021114190001").unwrap();
        assert_eq!(
            (texts.get_str(Slot::credit(0)), texts.get_str(Slot::PAYER_TEXT)),
            ("914021114190001", "")
        );
    }

    #[test]
    fn a_payer_text_is_cut_at_a_character_and_leaves_the_reserve() {
        let mut texts = Texts::EMPTY;
        texts.set_cut(Slot::PAYER_TEXT, "ගෙවන්න".as_bytes(), 0);
        assert_eq!(texts.get_str(Slot::PAYER_TEXT), "ගෙවන්න");
        texts.set_cut(Slot::PAYER_TEXT, "ගෙවන්න".as_bytes(), TEXTS_MAX - 4);
        assert_eq!(texts.get_str(Slot::PAYER_TEXT), "ග");
    }

    /// The longest ids of an order, and the longest that an answer can name; then the same as payment references.
    #[test]
    fn an_attempt_at_its_longest_fits_and_ids_that_are_there_take_no_room() {
        let mut texts = Texts::EMPTY;
        let long = |letter: &str, length: usize| letter.repeat(length);
        texts.set(Slot::SALE, long("s", crate::id::SALE_ID_MAX).as_bytes()).unwrap();
        texts.set(Slot::SUBSCRIBER, long("p", crate::id::SUBSCRIBER_MAX).as_bytes()).unwrap();
        texts.set(Slot::CHARGE_ID, long("c", crate::id_generator::CHARGE_ID_MAX).as_bytes()).unwrap();
        texts.set(Slot::ACCOUNT, long("a", crate::id::ACCOUNT_ID_MAX).as_bytes()).unwrap();
        texts.set_cut(Slot::PAYER_TEXT, long("t", 128).as_bytes(), 0);
        texts.set_id(Slot::reference(0), long("r", crate::id::CARRIER_ID_MAX).as_bytes()).unwrap();
        texts.set_id(Slot::internal(0), long("i", crate::id::CARRIER_ID_MAX).as_bytes()).unwrap();
        texts.set_id(Slot::credit(0), long("i", crate::id::CARRIER_ID_MAX).as_bytes()).unwrap();
        texts.set_id(Slot::credit(1), long("r", crate::id::CARRIER_ID_MAX).as_bytes()).unwrap();
        assert_eq!(texts.get_str(Slot::credit(0)), texts.get_str(Slot::internal(0)));
        assert_eq!(texts.get_str(Slot::credit(1)), texts.get_str(Slot::reference(0)));
        assert_eq!(texts.get_str(Slot::PAYER_TEXT), "");
    }

    #[test]
    fn a_text_that_is_shared_is_not_replaced() {
        let mut texts = Texts::EMPTY;
        texts.set(Slot::credit(0), b"914021114190001").unwrap();
        texts.set(Slot::internal(0), b"914021114190001").unwrap();
        texts.set(Slot::reference(0), b"914021114190001").unwrap();
        assert_eq!(texts.used(), 15);
        assert_eq!(texts.set(Slot::credit(0), b"x"), Err(Full));
        texts.set(Slot::internal(0), b"y").unwrap();
        assert_eq!(
            (texts.get_str(Slot::internal(0)), texts.get_str(Slot::reference(0))),
            ("y", "914021114190001")
        );
    }
}
