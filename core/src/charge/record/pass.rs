//! One way over the fields of a record, in which each is written, or read into its place. So what is read is what was
//! written: there is one list of fields, not two.

use core::mem::take;

use crate::charge::kept::Kept;
use crate::utf8::is_utf8;

/// Writes or reads one field after the other, and goes on after a fault: it is asked at the end.
pub(in crate::charge) struct Pass<'b> {
    way: Way<'b>,
    sound: bool,
}

enum Way<'b> {
    /// What is left of the room.
    Writing(&'b mut [u8]),
    /// What is left of the record.
    Reading(&'b [u8]),
}

impl<'b> Pass<'b> {
    pub fn writing(room: &'b mut [u8]) -> Self {
        Pass { way: Way::Writing(room), sound: true }
    }

    pub fn reading(record: &'b [u8]) -> Self {
        Pass { way: Way::Reading(record), sound: true }
    }

    /// Bytes that are left, if all fields had room, or were there and sound.
    pub fn left(&self) -> Option<usize> {
        let left = match &self.way {
            Way::Writing(room) => room.len(),
            Way::Reading(record) => record.len(),
        };
        self.sound.then_some(left)
    }

    /// Notes whether what was read can be.
    pub fn check(&mut self, sound: bool) {
        self.sound &= sound;
    }

    /// A field. One that is not there any more is not read.
    #[inline(never)]
    pub fn bytes(&mut self, field: &mut [u8]) {
        match self.way {
            Way::Writing(_) => self.write(field),
            Way::Reading(_) => copy(field, self.read(field.len())),
        }
    }

    /// A text in UTF-8, after its length.
    #[inline(never)]
    pub fn text(&mut self, text: &mut &'b [u8]) {
        let mut length = [u8::try_from(text.len()).unwrap_or(u8::MAX)];
        self.bytes(&mut length);
        let [length] = length;
        match self.way {
            Way::Writing(_) => self.write(text),
            Way::Reading(_) => {
                *text = self.read(usize::from(length));
                self.check(is_utf8(text));
            }
        }
    }

    /// An amount, which there is unless it is `optional`.
    #[inline(never)]
    pub fn amount(&mut self, amount: &mut Kept, optional: bool) {
        self.bytes(amount.bytes());
        self.check(amount.get().is_some() || (optional && *amount == Kept::NONE));
    }

    #[inline(never)]
    fn write(&mut self, bytes: &[u8]) {
        let Way::Writing(room) = &mut self.way else { return };
        let Some((place, rest)) = take(room).split_at_mut_checked(bytes.len()) else {
            self.sound = false;
            return;
        };
        *room = rest;
        copy(place, bytes);
    }

    #[inline(never)]
    fn read(&mut self, length: usize) -> &'b [u8] {
        let Way::Reading(record) = &mut self.way else { return &[] };
        let Some((taken, rest)) = record.split_at_checked(length) else {
            self.sound = false;
            return &[];
        };
        *record = rest;
        taken
    }
}

/// Copies without the check of the lengths that can panic.
pub(super) fn copy(target: &mut [u8], bytes: &[u8]) {
    target.iter_mut().zip(bytes).for_each(|(to, byte)| *to = *byte);
}
