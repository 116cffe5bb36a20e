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

use super::names::Names;
use super::text::meant;
use crate::bytes::after;
use crate::utf8::NONE;
use crate::wire::answer::WireFault;

/// Longest message that is read, in bytes. It bounds the work only: the bytes lie in the caller's buffer, which on a
/// microcontroller is shorter (1 KB is plenty; the documents' longest message has about 600 bytes).
pub const MESSAGE_MAX: usize = 8 * 1024;

/// Deepest nesting that is read.
pub const DEPTH_MAX: u8 = 8;

/// Where a message says something, and in which form: one word, so that it travels in a register.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place(u32);

/// How a value is written: a bit for each property, so that one test tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Form {
    /// `null`, which means the same as missing.
    Null = 0,
    /// An object or an array, with its brackets.
    Nested = 1 << 30,
    /// A text: a number or a boolean.
    Text = TEXT,
    /// A text in quotes, without escapes.
    Quoted = TEXT | QUOTED,
    /// A text in quotes, with escapes.
    Escaped = TEXT | QUOTED | ESCAPED,
}

const TEXT: u32 = 1 << 31;
const QUOTED: u32 = 1 << 29;
const ESCAPED: u32 = 1 << 28;

/// Bits of where something begins and ends, both in bytes before the message's end, which is what a walk knows. Above
/// them is the form.
const BITS: u32 = 14;

// A place in a message fits them.
const _: () = assert!(MESSAGE_MAX >> BITS == 0);

impl Place {
    pub(super) const MISSING: Place = Place(0);

    /// From where `start` bytes are left of the message to where `end` are.
    pub(super) fn new(start: usize, end: usize, form: Form) -> Self {
        // A message has no more, and by the assertion above nothing is cut off.
        Place(form as u32 | ((start as u32) << BITS) | end as u32)
    }

    /// Whether it has what makes this form; a text in quotes is a text, too. Nothing makes a null.
    pub(super) fn is(self, form: Form) -> bool {
        self.0 & form as u32 == form as u32
    }

    pub(super) fn has_escapes(self) -> bool {
        self.0 & ESCAPED != 0
    }

    /// Whether both are texts, or both objects, arrays or null.
    pub(super) fn is_like(self, other: Place) -> bool {
        (self.0 ^ other.0) & (TEXT | Form::Nested as u32) == 0
    }

    /// Whether it is nowhere. Where something is, bytes are left of the message.
    pub(super) fn is_missing(self) -> bool {
        self.0 == 0
    }

    /// What stands there in the message `source`, without quotes.
    #[inline(never)]
    pub(super) fn of(self, source: &[u8]) -> &[u8] {
        let quotes = ((self.0 / QUOTED) & 1) as usize;
        let left = |place: u32| (place & ((1 << BITS) - 1)) as usize;
        let start = left(self.0 >> BITS).wrapping_sub(quotes);
        let end = left(self.0).wrapping_add(quotes);
        let at = |left: usize| source.len().wrapping_sub(left);
        source.get(at(start)..at(end)).unwrap_or(&[])
    }
}

/// What the grammar allows next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// After an opening bracket and after a comma: the name of a member or the value of an array, or the closing bracket.
    First,
    /// After a name: its value.
    Value,
    /// After a value: a comma, or the closing bracket.
    More,
}

/// Walks through the object or the array (`outer` is its bracket) that `source` is, and checks all of its grammar. `each`
/// is given where the values stand that are directly in it: in an object those under `names`, with the number of the name.
#[inline(always)]
pub(super) fn walk(
    source: &[u8],
    outer: char,
    names: &Names,
    mut each: impl FnMut(usize, Place) -> Result<(), WireFault>,
) -> Result<(), WireFault> {
    let mut rest = source.iter();
    match token(&mut rest) {
        ' ' => return Err(WireFault::Empty),
        byte if byte == outer => {}
        _ => return Err(WireFault::NotJson),
    }
    // A bit for each open bracket, 1 for an object, the innermost lowest. One bit above them says how many there are.
    let mut brackets = 2 | u32::from(outer == '{');
    let mut next = Next::First;
    let (mut asked, mut start) = (0, 0);
    loop {
        let byte = token(&mut rest);
        let in_object = brackets & 1 == 1;
        let is_outer = brackets < 4;
        if is_outer {
            start = rest.len().wrapping_add(1);
        }
        if next == Next::More && byte == ',' {
            next = Next::First;
            continue;
        }
        let form = if next != Next::Value && byte == if in_object { '}' } else { ']' } {
            brackets >>= 1;
            if brackets == 1 {
                break;
            }
            Form::Nested
        } else {
            let is_name = next == Next::First && in_object;
            if next == Next::More || (is_name && byte != '"') {
                return Err(WireFault::NotJson);
            }
            if matches!(byte, '{' | '[') {
                if brackets >> DEPTH_MAX != 0 {
                    return Err(WireFault::TooDeep);
                }
                brackets = (brackets << 1) | u32::from(byte == '{');
                next = Next::First;
                continue;
            }
            let form = scalar(&mut rest, byte).ok_or(WireFault::NotJson)?;
            if is_name {
                if is_outer {
                    asked = names.number(Place::new(start, rest.len(), form), source);
                }
                if token(&mut rest) != ':' {
                    return Err(WireFault::NotJson);
                }
                next = Next::Value;
                continue;
            }
            form
        };
        if brackets < 4 {
            each(asked, Place::new(start, rest.len(), form))?;
        }
        next = Next::More;
    }
    if token(&mut rest) == ' ' { Ok(()) } else { Err(WireFault::NotJson) }
}

/// Goes beyond the next byte that is no space; a space where there is none.
#[inline(never)]
fn token(rest: &mut Iter<'_, u8>) -> char {
    loop {
        match rest.next() {
            Some(b' ' | b'\t' | b'\n' | b'\r') => {}
            Some(byte) => return char::from(*byte),
            None => return ' ',
        }
    }
}

/// Goes beyond what began with `first` and has no brackets; how it is written, if it may be.
#[inline(never)]
fn scalar(rest: &mut Iter<'_, u8>, first: char) -> Option<Form> {
    let word: &[u8] = match first {
        '"' => return string(rest),
        'n' => b"ull",
        't' => b"rue",
        'f' => b"alse",
        _ => return number(rest, first),
    };
    *rest = after(rest.as_slice(), word)?.iter();
    Some(if first == 'n' { Form::Null } else { Form::Text })
}

fn string(rest: &mut Iter<'_, u8>) -> Option<Form> {
    let mut form = Form::Quoted;
    loop {
        let mut after = rest.clone();
        match *after.next()? {
            0..0x20 => return None,
            b'"' => {
                *rest = after;
                return Some(form);
            }
            b'\\' => form = Form::Escaped,
            0x20..0x80 => {
                *rest = after;
                continue;
            }
            _ => {}
        }
        if meant(rest) == NONE {
            return None;
        }
    }
}

/// What may come next in a number, as a set.
const DIGIT: u8 = 1;
const POINT: u8 = 2;
const EXPONENT: u8 = 4;
const SIGN: u8 = 8;
/// What is in no number.
const END: u8 = 16;

/// Goes beyond a number. What may not follow in it may not follow a value either, and is refused as that.
fn number(rest: &mut Iter<'_, u8>, first: char) -> Option<Form> {
    let digit = if first == '-' { char::from(*rest.next()?) } else { first };
    if !digit.is_ascii_digit() {
        return None;
    }
    // What may come after a digit: after a leading zero, no other.
    let mut after = if digit == '0' { POINT | EXPONENT | END } else { DIGIT | POINT | EXPONENT | END };
    let mut allowed = after;
    loop {
        allowed = match rest.as_slice().first() {
            Some(b'0'..=b'9') if allowed & DIGIT != 0 => after,
            Some(b'.') if allowed & POINT != 0 => {
                after = DIGIT | EXPONENT | END;
                DIGIT
            }
            Some(b'e' | b'E') if allowed & EXPONENT != 0 => {
                after = DIGIT | END;
                DIGIT | SIGN
            }
            Some(b'+' | b'-') if allowed & SIGN != 0 => DIGIT,
            _ => return if allowed & END != 0 { Some(Form::Text) } else { None },
        };
        rest.next();
    }
}

/// The message, if it may be read at all. Whether it is UTF-8 is seen on the way: outside of its strings it is ASCII.
pub(super) fn text_of(body: &[u8]) -> Result<&[u8], WireFault> {
    if body.len() > MESSAGE_MAX {
        return Err(WireFault::TooLong);
    }
    // The byte order mark.
    Ok(after(body, b"\xEF\xBB\xBF").unwrap_or(body))
}
