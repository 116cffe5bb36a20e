//! The texts of one charge in one buffer: most are short, few are there at the same time, and memory is scarce.
//!
//! Carriers name one thing under several names: a reference is often the internal id as well, and a payment is known by
//! either. A text that is there already is kept once.

use super::record::{Pass, REVIEWER_MAX};

/// Bytes for all texts of one charge, each counted once. Holds the longest sale id, subscriber, charge id and account
/// (187) and the longest two ids of an answer beside them; and with ids of the lengths that are seen (15 to 20) those of
/// three attempts. What does not fit any more is reported as [`Full`] by whoever sets it.
pub const TEXTS_MAX: usize = 255;

/// How many texts there may be.
pub const SLOTS: usize = 16;

/// Slots of ids: they are set once, so that one may share the text of another. What stands in the others passes.
const IDS: usize = 14;

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

/// The texts of one charge, one after the other. A record has them as they stand here.
#[repr(C, align(4))]
pub struct Texts {
    lengths: [u8; SLOTS],
    bytes: [u8; TEXTS_MAX],
}

impl Texts {
    /// No texts.
    pub const EMPTY: Texts = Texts { lengths: [0; SLOTS], bytes: [0; TEXTS_MAX] };

    /// The text in a slot; empty if there is none.
    #[inline(never)]
    pub fn get(&self, slot: Slot) -> &str {
        self.text(index(slot)).unwrap_or("")
    }

    /// Puts a text into a slot, in place of what is there. A text that another slot shares is not replaced: ids are set
    /// once.
    #[inline(never)]
    pub fn set(&mut self, slot: Slot, text: &str) -> Result<(), Full> {
        let index = index(slot);
        let shared = self.lengths.iter().any(|length| usize::from(*length) == usize::from(SAME_AS) + index);
        if shared {
            return Err(Full);
        }
        match self.same_as(index, text.as_bytes()) {
            Some(same) => self.splice(index, &[], same),
            None if text.len() < usize::from(SAME_AS) => {
                self.splice(index, text.as_bytes(), text.len() as u8)
            }
            None => Err(Full),
        }
    }

    /// Puts an id into a slot. An id is evidence, and what the payer is to read has been told: it makes room.
    #[inline(never)]
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

    /// Writes the texts into a record, or reads them from it; `None` if what is read cannot be.
    pub fn pass(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        pass.bytes(&mut self.lengths);
        let used = self.used();
        pass.bytes(self.bytes.get_mut(..used)?);
        let sound = (0..SLOTS).all(|index| self.text(index).is_some());
        (sound && self.get(Slot::Reviewer).len() <= REVIEWER_MAX).then_some(())
    }

    /// The text in a slot: its own, or as an id that of another id, which then has one; `None` where a record says what
    /// cannot be.
    #[inline(never)]
    fn text(&self, index: usize) -> Option<&str> {
        let length = usize::from(*self.lengths.get(index)?);
        let of = length.checked_sub(usize::from(SAME_AS));
        let own = self.own(of.unwrap_or(index));
        let can_be = of.is_none_or(|of| index.max(of) < IDS && !own.is_empty());
        core::str::from_utf8(own).ok().filter(|_| can_be)
    }

    /// Bytes that there are for a text in this slot.
    fn free(&self, slot: Slot) -> usize {
        let (_, own) = self.place(index(slot));
        TEXTS_MAX.saturating_sub(self.used()).saturating_add(own)
    }

    /// Replaces the own text of a slot, and its length.
    fn splice(&mut self, index: usize, text: &[u8], length: u8) -> Result<(), Full> {
        let (start, old) = self.place(index);
        let used = self.used();
        let kept = used.saturating_sub(old);
        let end = kept.saturating_add(text.len());
        if end > TEXTS_MAX {
            return Err(Full);
        }
        // The old text goes to the end, where the new one takes its place; then what stood after it goes there.
        rotate(self.bytes.get_mut(start..used).ok_or(Full)?, old);
        let place = self.bytes.get_mut(kept..end).ok_or(Full)?;
        place.iter_mut().zip(text).for_each(|(to, byte)| *to = *byte);
        rotate(self.bytes.get_mut(start..end).ok_or(Full)?, kept.saturating_sub(start));
        if let Some(place) = self.lengths.get_mut(index) {
            *place = length;
        }
        Ok(())
    }

    /// The length that says "the same as that slot", if another id has this text as its own.
    fn same_as(&self, index: usize, text: &[u8]) -> Option<u8> {
        if index >= IDS || text.is_empty() {
            return None;
        }
        let other = (0..IDS).find(|other| *other != index && self.own(*other) == text)?;
        u8::try_from(other).ok().map(|other| SAME_AS.saturating_add(other))
    }

    fn own(&self, index: usize) -> &[u8] {
        let (start, length) = self.place(index);
        self.bytes.get(start..start.saturating_add(length)).unwrap_or(&[])
    }

    /// Where all texts end.
    fn used(&self) -> usize {
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
            start = start.saturating_add(own);
        }
        (start, 0)
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

/// The beginning of a text: at most so many bytes, cut at a character's end.
#[inline(never)]
pub fn beginning(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or("")
}

/// The order in a record.
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

    #[test]
    fn texts_keep_apart_when_they_are_replaced_in_any_order() {
        let mut texts = Texts::EMPTY;
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
    }

    #[test]
    fn a_full_buffer_refuses_and_keeps_what_it_has() {
        let mut texts = Texts::EMPTY;
        let long = "x".repeat(200);
        texts.set(Slot::Sale, &long).unwrap();
        assert_eq!(texts.set(Slot::Account, &"a".repeat(TEXTS_MAX - 199)), Err(Full));
        texts.set(Slot::Account, &"a".repeat(TEXTS_MAX - 200)).unwrap();
        assert_eq!(texts.set(Slot::Credit(3), "y"), Err(Full));
        assert_eq!(texts.get(Slot::Sale), long);
    }

    #[test]
    fn an_id_takes_the_room_of_the_payers_text() {
        let mut texts = Texts::EMPTY;
        texts.set(Slot::Sale, &"x".repeat(200)).unwrap();
        texts.set(Slot::PayerText, &"t".repeat(TEXTS_MAX - 200)).unwrap();
        texts.set_id(Slot::Credit(0), "914021114190001").unwrap();
        assert_eq!((texts.get(Slot::Credit(0)), texts.get(Slot::PayerText)), ("914021114190001", ""));
    }

    #[test]
    fn a_payer_text_is_cut_at_a_character_and_leaves_the_reserve() {
        let mut texts = Texts::EMPTY;
        texts.set_cut(Slot::PayerText, "ගෙවන්න", 0);
        assert_eq!(texts.get(Slot::PayerText), "ගෙවන්න");
        texts.set_cut(Slot::PayerText, "ගෙවන්න", TEXTS_MAX - 4);
        assert_eq!(texts.get(Slot::PayerText), "ග");
    }

    /// The longest ids of an order, and the longest that an answer can name; then the same as payment references.
    #[test]
    fn an_attempt_at_its_longest_fits_and_ids_that_are_there_take_no_room() {
        let mut texts = Texts::EMPTY;
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
        let mut texts = Texts::EMPTY;
        texts.set(Slot::Credit(0), "914021114190001").unwrap();
        texts.set(Slot::Internal(0), "914021114190001").unwrap();
        texts.set(Slot::Reference(0), "914021114190001").unwrap();
        assert_eq!(texts.used(), 15);
        assert_eq!(texts.set(Slot::Credit(0), "x"), Err(Full));
        texts.set(Slot::Internal(0), "y").unwrap();
        assert_eq!((texts.get(Slot::Internal(0)), texts.get(Slot::Reference(0))), ("y", "914021114190001"));
    }
}
