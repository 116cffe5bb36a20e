//! The texts of one charge in one buffer: most are short, few are there at the same time, and memory is scarce.

use heapless::Vec;

/// Bytes for all texts of one charge. Holds the longest sale id, subscriber, charge id and account (187) and every id
/// that a carrier names in the course of three attempts at the lengths that are seen (15 to 20); what does not fit any
/// more is reported as [`Full`] by whoever sets it.
pub const TEXTS_MAX: usize = 384;

const SLOTS: usize = 15;

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
}

/// The buffer has no room for the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// The texts of one charge.
#[derive(Default)]
#[cfg_attr(feature = "model", derive(Clone, PartialEq, Eq, Hash))]
pub struct Texts {
    lengths: [u8; SLOTS],
    bytes: Vec<u8, TEXTS_MAX>,
}

impl Texts {
    /// The text in a slot; empty if there is none.
    pub fn get(&self, slot: Slot) -> &str {
        let (start, length) = self.place(slot);
        self.bytes.get(start..start + length).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or("")
    }

    /// Puts a text into a slot, in place of what is there.
    pub fn set(&mut self, slot: Slot, text: &str) -> Result<(), Full> {
        let (start, old) = self.place(slot);
        let new = u8::try_from(text.len()).map_err(|_| Full)?;
        if self.bytes.len() - old + text.len() > TEXTS_MAX {
            return Err(Full);
        }
        if let Some(tail) = self.bytes.get_mut(start..) {
            tail.rotate_left(old);
        }
        self.bytes.truncate(self.bytes.len() - old);
        self.bytes.extend_from_slice(text.as_bytes()).map_err(|_| Full)?;
        if let Some(tail) = self.bytes.get_mut(start..) {
            tail.rotate_right(text.len());
        }
        if let Some(length) = self.lengths.get_mut(index(slot)) {
            *length = new;
        }
        Ok(())
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
        let (_, old) = self.place(slot);
        let free = (TEXTS_MAX - self.bytes.len() + old).saturating_sub(reserve).min(usize::from(u8::MAX));
        let end = (0..=text.len().min(free)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        // The part fits by the line above; if it did not, the text would stay as it is.
        let _ = self.set(slot, text.get(..end).unwrap_or(""));
    }

    /// The lengths of all texts and the texts one after the other, for the record.
    pub fn parts(&self) -> (&[u8], &[u8]) {
        (&self.lengths, &self.bytes)
    }

    /// Texts from the parts of a record; `None` if they do not fit together.
    pub fn from_parts(lengths: &[u8], bytes: &[u8]) -> Option<Self> {
        let lengths: [u8; SLOTS] = lengths.try_into().ok()?;
        let total: usize = lengths.iter().map(|length| usize::from(*length)).sum();
        if total != bytes.len() || core::str::from_utf8(bytes).is_err() {
            return None;
        }
        Some(Texts { lengths, bytes: Vec::from_slice(bytes).ok()? })
    }

    /// How many texts there are.
    pub const SLOTS: usize = SLOTS;

    fn place(&self, slot: Slot) -> (usize, usize) {
        let index = index(slot);
        let start = self.lengths.iter().take(index).map(|length| usize::from(*length)).sum();
        (start, usize::from(self.lengths.get(index).copied().unwrap_or(0)))
    }
}

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
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let (lengths, bytes) = texts.parts();
        let again = Texts::from_parts(lengths, bytes).unwrap();
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
        texts.set(Slot::PayerText, &"t".repeat(184)).unwrap();
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
}
