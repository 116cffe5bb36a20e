//! The bounded walk through a message: full JSON grammar, no recursion, no copy.
//!
//! What carriers send is read leniently where a document shows it and strictly elsewhere:
//!
//! - one comma before a closing bracket is accepted: the Dialog document's acknowledgement has one;
//! - a byte order mark at the start is skipped, as RFC 8259 allows;
//! - half of a surrogate pair reads as U+FFFD. It comes from texts that were cut in the middle of a character; ids are
//!   ASCII, so it can never make one equal to another;
//! - member names are matched without regard to ASCII case: brands differ (`totalAmount`, `TotalAmount`).

use core::slice::Iter;

use super::text::escape;
use crate::utf8::character;
use crate::wire::answer::WireFault;

/// Longest message that is read, in bytes. It bounds the work only: the bytes lie in the caller's buffer, which on a
/// microcontroller is shorter (1 KB is plenty; the documents' longest message has about 600 bytes).
pub const MESSAGE_MAX: usize = 8 * 1024;

/// Deepest nesting that is read.
pub const DEPTH_MAX: u8 = 8;

/// Where a message says something, and in which form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Both in bytes before the message's end, which is what a walk knows.
    start: u16,
    end: u16,
    pub(super) form: Form,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(super) enum Form {
    /// There is none.
    Missing,
    /// `null`, which means the same as missing.
    Null,
    /// A number, a boolean, or a string without escapes.
    Plain,
    /// A string with escapes.
    Escaped,
    /// An object or an array, with its brackets.
    Nested,
}

// A place in a message fits its numbers.
const _: () = assert!(MESSAGE_MAX <= u16::MAX as usize);

impl Place {
    pub(super) const MISSING: Place = Place { start: 0, end: 0, form: Form::Missing };

    /// From where `start` bytes are left of the message to where `end` are.
    pub(super) fn new(start: usize, end: usize, form: Form) -> Self {
        // A message has no more, and by the assertion above nothing is cut off.
        Place { start: start as u16, end: end as u16, form }
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.start.wrapping_sub(self.end))
    }

    /// What stands there in the message `source`.
    #[inline(never)]
    pub(super) fn of<'a>(&self, source: &'a [u8]) -> &'a [u8] {
        let at = |left: u16| source.len().wrapping_sub(usize::from(left));
        source.get(at(self.start)..at(self.end)).unwrap_or(&[])
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self.form, Form::Plain | Form::Escaped)
    }
}

/// What the grammar allows next, as a set. After the whole, nothing is.
const VALUE: u8 = 1;
const NAME: u8 = 2;
const COMMA: u8 = 4;
const CLOSE_ARRAY: u8 = 8;
const CLOSE_OBJECT: u8 = 16;
const END: u8 = 32;

/// The bit in which the brackets of objects differ from those of arrays.
const OBJECT: u8 = 0x20;

/// Walks through the object or the array (`outer` is its bracket) that `source` is, and checks all of its grammar. `each`
/// is given where everything directly in it stands: its name, if it is an object, and its value. Where a string stands,
/// its quotes stand, too.
#[inline(always)]
pub(super) fn walk(
    source: &[u8],
    outer: u8,
    mut each: impl FnMut(&Place, &Place) -> Result<(), WireFault>,
) -> Result<(), WireFault> {
    let mut rest = source.iter();
    match token(&mut rest) {
        b' ' => return Err(WireFault::Empty),
        byte if byte == outer => {}
        _ => return Err(WireFault::NotJson),
    }
    // A bit for each open bracket, 1 for an object, the innermost lowest. One bit above them says how many there are.
    let mut brackets = 2 | u32::from(outer == b'{');
    let mut allowed = first_in(brackets);
    let (mut name, mut start) = (Place::MISSING, 0);
    loop {
        let byte = next_token(&mut rest);
        if brackets >> 1 == 1 {
            start = rest.len().wrapping_add(1);
        }
        // What it may be the beginning of.
        let kind = match byte {
            b'"' => NAME | VALUE,
            b',' => COMMA,
            b']' => CLOSE_ARRAY,
            b'}' => CLOSE_OBJECT,
            b' ' => END,
            _ => VALUE,
        };
        let found = allowed & kind;
        let form = match found {
            0 => return Err(WireFault::NotJson),
            END => return Ok(()),
            COMMA => {
                allowed = first_in(brackets);
                continue;
            }
            CLOSE_ARRAY | CLOSE_OBJECT => {
                brackets >>= 1;
                Form::Nested
            }
            _ if byte & !OBJECT == b'[' => {
                if brackets >> DEPTH_MAX != 0 {
                    return Err(WireFault::TooDeep);
                }
                brackets = (brackets << 1) | u32::from(byte == b'{');
                allowed = first_in(brackets);
                continue;
            }
            _ => scalar(&mut rest, byte).ok_or(WireFault::NotJson)?,
        };
        let place = Place::new(start, rest.len(), form);
        if found == NAME {
            if brackets >> 1 == 1 {
                name = place;
            }
            if token(&mut rest) != b':' {
                return Err(WireFault::NotJson);
            }
            allowed = VALUE;
            continue;
        }
        if brackets >> 1 == 1 {
            each(&name, &place)?;
        }
        allowed = if brackets == 1 { END } else { COMMA | close(brackets) };
    }
}

/// What closes the innermost bracket.
fn close(brackets: u32) -> u8 {
    if brackets & 1 == 1 { CLOSE_OBJECT } else { CLOSE_ARRAY }
}

/// What may come first in the innermost bracket, and after each comma.
fn first_in(brackets: u32) -> u8 {
    if brackets & 1 == 1 { NAME | CLOSE_OBJECT } else { VALUE | CLOSE_ARRAY }
}

/// As [`token`]. Before most values and commas there is no space: that is not worth a call.
#[inline(always)]
fn next_token(rest: &mut Iter<'_, u8>) -> u8 {
    match rest.as_slice().first() {
        Some(byte) if *byte > b' ' => {
            rest.next();
            *byte
        }
        _ => token(rest),
    }
}

/// Goes beyond the next byte that is no space; a space where there is none.
#[inline(never)]
fn token(rest: &mut Iter<'_, u8>) -> u8 {
    loop {
        match rest.next() {
            Some(b' ' | b'\t' | b'\n' | b'\r') => {}
            Some(byte) => return *byte,
            None => return b' ',
        }
    }
}

/// Goes beyond what began with `first` and has no brackets; how it is written, if it may be.
#[inline(never)]
fn scalar(rest: &mut Iter<'_, u8>, first: u8) -> Option<Form> {
    let word: &[u8] = match first {
        b'"' => return string(rest),
        b'n' => b"ull",
        b't' => b"rue",
        b'f' => b"alse",
        _ => return number(rest, first),
    };
    for byte in word {
        if rest.next() != Some(byte) {
            return None;
        }
    }
    Some(if first == b'n' { Form::Null } else { Form::Plain })
}

fn string(rest: &mut Iter<'_, u8>) -> Option<Form> {
    let mut form = Form::Plain;
    loop {
        match *rest.next()? {
            b'"' => return Some(form),
            b'\\' => {
                escape(rest)?;
                form = Form::Escaped;
            }
            0..0x20 => return None,
            0x20..0x80 => {}
            lead => {
                character(lead, rest)?;
            }
        }
    }
}

/// A digit after a leading zero is left: nothing that may follow a number begins with one.
fn number(rest: &mut Iter<'_, u8>, first: u8) -> Option<Form> {
    let first = if first == b'-' { *rest.next()? } else { first };
    match first {
        b'0' => {}
        b'1'..=b'9' => digits(rest),
        _ => return None,
    }
    if next(rest) == b'.' {
        rest.next();
        digit(rest)?;
    }
    if next(rest) | 0x20 == b'e' {
        rest.next();
        if matches!(next(rest), b'+' | b'-') {
            rest.next();
        }
        digit(rest)?;
    }
    Some(Form::Plain)
}

/// Goes beyond one digit at least.
#[inline(never)]
fn digit(rest: &mut Iter<'_, u8>) -> Option<()> {
    if !rest.next()?.is_ascii_digit() {
        return None;
    }
    digits(rest);
    Some(())
}

/// Goes beyond digits.
#[inline(never)]
fn digits(rest: &mut Iter<'_, u8>) {
    while next(rest).is_ascii_digit() {
        rest.next();
    }
}

/// The next byte; a space after the last.
#[inline(always)]
fn next(rest: &Iter<'_, u8>) -> u8 {
    rest.as_slice().first().copied().unwrap_or(b' ')
}

/// The message, if it may be read at all. Whether it is UTF-8 is seen on the way: outside of its strings it is ASCII.
pub(super) fn text_of(body: &[u8]) -> Result<&[u8], WireFault> {
    if body.len() > MESSAGE_MAX {
        return Err(WireFault::TooLong);
    }
    // The byte order mark.
    Ok(body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body))
}
