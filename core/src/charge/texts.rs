//! The texts of one charge in one buffer: most are short, few are there at the same time, and memory is scarce.
//!
//! Carriers name one thing under several names: a reference is often the internal id as well, and a payment is known by
//! either. A text that is there already is kept once.

use heapless::Vec;

/// Bytes for all texts of one charge, each counted once. Holds the longest sale id, subscriber, charge id and account
/// (187) and the longest two ids of an answer beside them; and with ids of the lengths that are seen (15 to 20) those of
/// three attempts. What does not fit any more is reported as [`Full`] by whoever sets it.
pub const TEXTS_MAX: usize = 255;

/// Bytes of all texts together where each stands for itself, as in a record.
pub const WRITTEN_MAX: usize = 384;

/// Texts of a record; the reviewer's name has a place of its own there.
const WRITTEN: usize = 15;
const SLOTS: usize = WRITTEN + 1;

/// A length from here on means: the same text as in the slot of the number above it.
const SAME_AS: u8 = 0xF0;

/// Which text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The sale's id.
    Sale,
    /// The payer.
    Subscriber,
    /// The charge's id; `externalTrxId` of an attempt is made from it.
    ChargeId,
    /// `accountId`.
    Account,
    /// What the carrier named an attempt (`reference`, `referenceId`).
    Reference(u8),
    /// `internalTrxId` of an attempt's answer.
    Internal(u8),
    /// The payment reference of a credit.
    Credit(u8),
    /// What the payer is to read.
    PayerText,
    /// Who resolved the review.
    Reviewer,
}

/// The buffer has no room for the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// The texts of one charge.
#[derive(Default)]
#[cfg_attr(feature = "model", derive(Clone, PartialEq, Eq, Hash))]
pub struct Texts {
    lengths: [u8; SLOTS],
    bytes: Vec<u8, TEXTS_MAX, u8>,
}

impl Texts {
    /// The text in a slot; empty if there is none.
    pub fn get(&self, slot: Slot) -> &str {
        self.at(index(slot))
    }

    /// Puts a text into a slot, in place of what is there. A text that another slot shares is not replaced: ids are set
    /// once.
    pub fn set(&mut self, slot: Slot, text: &str) -> Result<(), Full> {
        let index = index(slot);
        let shared = SAME_AS.saturating_add(u8::try_from(index).map_err(|_| Full)?);
        #[expect(clippy::manual_contains, reason = "the library's search takes words at a time: more flash")]
        let is_shared = self.lengths.iter().any(|length| *length == shared);
        if is_shared || text.len() > self.free_in_record(slot) {
            return Err(Full);
        }
        if let Some(same) = self.slot_of(slot, text) {
            self.splice(index, "", same)
        } else {
            let length = u8::try_from(text.len()).ok().filter(|length| *length < SAME_AS).ok_or(Full)?;
            self.splice(index, text, length)
        }
    }

    /// Puts an id into a slot. An id is evidence, and what the payer is to read has been told: it makes room.
    pub fn set_id(&mut self, slot: Slot, id: &str) -> Result<(), Full> {
        self.set(slot, id).or_else(|_| {
            self.set(Slot::PayerText, "")?;
            self.set(slot, id)
        })
    }

    /// Puts as much of a text into a slot as fits while `reserve` bytes stay free, cut at a character's end.
    pub fn set_cut(&mut self, slot: Slot, text: &str, reserve: usize) {
        let free = self.free(slot).saturating_sub(reserve).min(usize::from(SAME_AS).saturating_sub(1));
        // The part fits by the line above; if it did not, the text would stay as it is.
        let _ = self.set(slot, beginning(text, free));
    }

    /// Keeps who resolved a review, as much as fits: what the payer was to read is over, and makes room.
    pub fn set_reviewer(&mut self, name: &str) {
        if self.free(Slot::Reviewer) < name.len() {
            let _ = self.set(Slot::PayerText, "");
        }
        self.set_cut(Slot::Reviewer, name, 0);
    }

    /// Bytes that there are for a text in this slot.
    fn free(&self, slot: Slot) -> usize {
        let own = self.place_length(index(slot));
        let in_memory = TEXTS_MAX.saturating_sub(self.bytes.len()).saturating_add(own);
        in_memory.min(self.free_in_record(slot))
    }

    fn free_in_record(&self, slot: Slot) -> usize {
        if slot == Slot::Reviewer {
            return usize::MAX;
        }
        let others = self.written().saturating_sub(self.length(index(slot)));
        WRITTEN_MAX.saturating_sub(others)
    }

    /// The texts as a record has them, one after the other.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        (0..WRITTEN).map(|index| self.at(index))
    }

    /// The lengths of these.
    pub fn lengths(&self) -> impl Iterator<Item = usize> {
        (0..WRITTEN).map(|index| self.length(index))
    }

    /// Takes the texts of a record, which are its lengths and its bytes; `None` if they do not fit together.
    pub fn read(&mut self, lengths: &[u8], bytes: &[u8]) -> Option<()> {
        let mut rest = core::str::from_utf8(bytes).ok()?;
        for (slot, length) in RECORD_ORDER.iter().zip(lengths) {
            let (text, after) = rest.split_at_checked(usize::from(*length))?;
            rest = after;
            match slot {
                Slot::PayerText => self.set_cut(Slot::PayerText, text, 0),
                slot => {
                    if self.set(*slot, text).is_err() {
                        self.set(Slot::Reviewer, "").ok()?;
                        self.set(*slot, text).ok()?;
                    }
                }
            }
        }
        rest.is_empty().then_some(())
    }

    /// How many texts a record has.
    pub const SLOTS: usize = WRITTEN;

    /// Replaces the own text of a slot, and its length.
    fn splice(&mut self, index: usize, text: &str, length: u8) -> Result<(), Full> {
        let (start, old) = self.place(index);
        let kept = self.bytes.len().saturating_sub(old);
        if kept.saturating_add(text.len()) > TEXTS_MAX {
            return Err(Full);
        }
        rotate(self.bytes.get_mut(start..).unwrap_or_default(), old);
        self.bytes.truncate(kept);
        self.bytes.extend_from_slice(text.as_bytes()).map_err(|_| Full)?;
        rotate(self.bytes.get_mut(start..).unwrap_or_default(), kept.saturating_sub(start));
        if let Some(place) = self.lengths.get_mut(index) {
            *place = length;
        }
        Ok(())
    }

    /// What says "the same as that slot", if one has this text for good.
    fn slot_of(&self, slot: Slot, text: &str) -> Option<u8> {
        let passing = |slot: Slot| matches!(slot, Slot::PayerText | Slot::Reviewer);
        if passing(slot) || text.is_empty() {
            return None;
        }
        let same = |other: &Slot| {
            let at = index(*other);
            *other != slot && !passing(*other) && self.place_length(at) == text.len() && self.own(at) == text
        };
        let found = index(*RECORD_ORDER.iter().find(|other| same(other))?);
        u8::try_from(found).ok().map(|found| SAME_AS.saturating_add(found))
    }

    fn at(&self, index: usize) -> &str {
        let length = self.lengths.get(index).copied().unwrap_or(0);
        self.own(length.checked_sub(SAME_AS).map_or(index, usize::from))
    }

    fn own(&self, index: usize) -> &str {
        let (start, length) = self.place(index);
        let bytes = self.bytes.get(start..start.saturating_add(length));
        bytes.and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or("")
    }

    fn written(&self) -> usize {
        (0..WRITTEN).map(|index| self.length(index)).sum()
    }

    fn length(&self, index: usize) -> usize {
        let length = self.lengths.get(index).copied().unwrap_or(0);
        self.place_length(length.checked_sub(SAME_AS).map_or(index, usize::from))
    }

    /// Where a slot's own text begins, and its length.
    fn place(&self, index: usize) -> (usize, usize) {
        ((0..index).map(|before| self.place_length(before)).sum(), self.place_length(index))
    }

    fn place_length(&self, index: usize) -> usize {
        self.lengths.get(index).map_or(0, |length| if *length < SAME_AS { usize::from(*length) } else { 0 })
    }
}

/// The beginning of a text: at most so many bytes, cut at a character's end.
#[inline(never)]
pub fn beginning(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or("")
}

/// The order of a record.
const RECORD_ORDER: [Slot; WRITTEN] = [
    Slot::Sale,
    Slot::Subscriber,
    Slot::ChargeId,
    Slot::Account,
    Slot::Reference(0),
    Slot::Reference(1),
    Slot::Reference(2),
    Slot::Internal(0),
    Slot::Internal(1),
    Slot::Internal(2),
    Slot::Credit(0),
    Slot::Credit(1),
    Slot::Credit(2),
    Slot::Credit(3),
    Slot::PayerText,
];

fn index(slot: Slot) -> usize {
    match slot {
        Slot::Sale => 0,
        Slot::Subscriber => 1,
        Slot::ChargeId => 2,
        Slot::Account => 3,
        Slot::Reference(attempt) => 4 + usize::from(attempt.min(2)),
        Slot::Internal(attempt) => 7 + usize::from(attempt.min(2)),
        Slot::Credit(credit) => 10 + usize::from(credit.min(3)),
        Slot::PayerText => 14,
        Slot::Reviewer => 15,
    }
}

/// Brings the first `by` bytes to the end. The library's way of doing it is longer, and can panic.
fn rotate(bytes: &mut [u8], by: usize) {
    let Some((first, second)) = bytes.split_at_mut_checked(by) else { return };
    reverse(first);
    reverse(second);
    reverse(bytes);
}

fn reverse(mut bytes: &mut [u8]) {
    while let [first, between @ .., last] = bytes {
        core::mem::swap(first, last);
        bytes = between;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    #[test]
    fn texts_keep_apart_when_they_are_replaced_in_any_order() {
        let mut texts = Texts::default();
        texts.set(Slot::PayerText, "dial").unwrap();
        texts.set(Slot::Sale, "sale-1").unwrap();
        texts.set(Slot::Reference(1), "ref").unwrap();
        texts.set(Slot::Sale, "s").unwrap();
        texts.set(Slot::Reference(1), "longer reference").unwrap();
        assert_eq!(
            (texts.get(Slot::Sale), texts.get(Slot::Reference(1)), texts.get(Slot::PayerText)),
            ("s", "longer reference", "dial")
        );
        assert_eq!(texts.get(Slot::Reference(0)), "");
        let lengths: Vec<u8> = texts.parts().map(|text| text.len() as u8).collect();
        let mut again = Texts::default();
        again.read(&lengths, texts.parts().collect::<String>().as_bytes()).unwrap();
        assert_eq!(again.get(Slot::Reference(1)), "longer reference");
    }

    #[test]
    fn a_full_buffer_refuses_and_keeps_what_it_has() {
        let mut texts = Texts::default();
        let long = "x".repeat(200);
        texts.set(Slot::Sale, &long).unwrap();
        assert_eq!(texts.set(Slot::Account, &long), Err(Full));
        texts.set(Slot::Account, &long[..TEXTS_MAX - 200]).unwrap();
        assert_eq!(texts.set(Slot::Credit(3), "y"), Err(Full));
        assert_eq!(texts.get(Slot::Sale), long);
    }

    #[test]
    fn an_id_takes_the_room_of_the_payers_text() {
        let mut texts = Texts::default();
        texts.set(Slot::Sale, &"x".repeat(200)).unwrap();
        texts.set(Slot::PayerText, &"t".repeat(TEXTS_MAX - 200)).unwrap();
        texts.set_id(Slot::Credit(0), "914021114190001").unwrap();
        assert_eq!((texts.get(Slot::Credit(0)), texts.get(Slot::PayerText)), ("914021114190001", ""));
    }

    #[test]
    fn a_payer_text_is_cut_at_a_character_and_leaves_the_reserve() {
        let mut texts = Texts::default();
        texts.set_cut(Slot::PayerText, "ගෙවන්න", 0);
        assert_eq!(texts.get(Slot::PayerText), "ගෙවන්න");
        texts.set_cut(Slot::PayerText, "ගෙවන්න", TEXTS_MAX - 4);
        assert_eq!(texts.get(Slot::PayerText), "ග");
    }

    /// The longest ids of an order, and the longest that an answer can name; then the same as payment references.
    #[test]
    fn an_attempt_at_its_longest_fits_and_ids_that_are_there_take_no_room() {
        let mut texts = Texts::default();
        let long = |letter: &str, length: usize| letter.repeat(length);
        texts.set(Slot::Sale, &long("s", crate::id::SALE_ID_MAX)).unwrap();
        texts.set(Slot::Subscriber, &long("p", crate::id::SUBSCRIBER_MAX)).unwrap();
        texts.set(Slot::ChargeId, &long("c", crate::id_generator::CHARGE_ID_MAX)).unwrap();
        texts.set(Slot::Account, &long("a", crate::id::ACCOUNT_ID_MAX)).unwrap();
        texts.set_cut(Slot::PayerText, &long("t", 128), 0);
        texts.set_id(Slot::Reference(0), &long("r", crate::id::CARRIER_ID_MAX)).unwrap();
        texts.set_id(Slot::Internal(0), &long("i", crate::id::CARRIER_ID_MAX)).unwrap();
        texts.set_id(Slot::Credit(0), &long("i", crate::id::CARRIER_ID_MAX)).unwrap();
        texts.set_id(Slot::Credit(1), &long("r", crate::id::CARRIER_ID_MAX)).unwrap();
        assert_eq!(texts.get(Slot::Credit(0)), texts.get(Slot::Internal(0)));
        assert_eq!(texts.get(Slot::Credit(1)), texts.get(Slot::Reference(0)));
        assert_eq!(texts.get(Slot::PayerText), "");
    }

    #[test]
    fn a_text_that_is_shared_is_not_replaced() {
        let mut texts = Texts::default();
        texts.set(Slot::Credit(0), "914021114190001").unwrap();
        texts.set(Slot::Internal(0), "914021114190001").unwrap();
        texts.set(Slot::Reference(0), "914021114190001").unwrap();
        assert_eq!(texts.bytes.len(), 15);
        assert_eq!(texts.set(Slot::Credit(0), "x"), Err(Full));
        texts.set(Slot::Internal(0), "y").unwrap();
        assert_eq!((texts.get(Slot::Internal(0)), texts.get(Slot::Reference(0))), ("y", "914021114190001"));
    }

    /// A record has each text in full, so that all of them together stay within what it has room for.
    #[test]
    fn texts_that_are_the_same_count_each_in_a_record() {
        let mut texts = Texts::default();
        let long = "x".repeat(100);
        texts.set(Slot::Sale, &long).unwrap();
        texts.set(Slot::Account, &long).unwrap();
        texts.set(Slot::Internal(0), &long).unwrap();
        assert_eq!(texts.set(Slot::Internal(1), &long), Err(Full));
        assert_eq!(texts.parts().map(str::len).sum::<usize>(), 300);
    }
}
