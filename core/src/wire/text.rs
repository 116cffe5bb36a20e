//! A scalar as it stands in a message, and what it means: escapes are resolved while it is read, into fields of fixed
//! size or against what is expected. Nothing is copied in between.

use core::slice::Iter;

use heapless::{Vec, VecView};

use super::notification::NotACurrency;
use crate::id::{CarrierText, trimmed};
use crate::money::{AMOUNT_TEXT_MAX, Amount, AmountError, Currency};
use crate::utf8::{NONE, character, encoded};

/// A scalar as it stands in the message, without its quotes. Two words, so that it travels in registers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// What stands for an object or an array in a text's place: it is there, but it is no id, no amount, no currency
    /// and no code.
    pub(super) const BLANK: Text<'static> = Text(b" ");

    /// Of what stands in the message, without the quotes of a string.
    pub(super) fn new(raw: &'a [u8]) -> Self {
        Text(raw)
    }

    /// Puts as many characters as fit into `kept`; whether they all do. Control characters become spaces: they are in no
    /// id and on no display.
    #[inline(never)]
    pub(super) fn put(self, kept: &mut VecView<u8>) -> bool {
        let mut rest = self.0.iter();
        loop {
            let mut bytes = match meant(&mut rest) {
                NONE => return true,
                0..0x20 | 0x7F..0xA0 => u32::from(b' '),
                code => encoded(code),
            };
            let before = kept.len();
            while bytes != 0 {
                if kept.push(bytes as u8).is_err() {
                    // No part of a character stays.
                    kept.truncate(before);
                    return false;
                }
                bytes >>= 8;
            }
        }
    }

    /// The beginning, as long as it fits.
    pub(super) fn cut<const N: usize>(self) -> CarrierText<N> {
        let mut kept = CarrierText::new();
        self.put(kept.bytes_mut());
        kept
    }

    /// Whether both mean the same.
    pub(super) fn says(self, other: Text<'_>) -> bool {
        self.reads_as(other.0, meant)
    }

    /// Whether this means a text in UTF-8, which has no escapes.
    pub(super) fn is(self, text: &[u8]) -> bool {
        self.reads_as(text, character)
    }

    #[inline(never)]
    fn reads_as(self, other: &[u8], next: fn(&mut Iter<'_, u8>) -> u32) -> bool {
        let (mut rest, mut other) = (self.0.iter(), other.iter());
        loop {
            let code = meant(&mut rest);
            if code != next(&mut other) {
                return false;
            }
            if code == NONE {
                return true;
            }
        }
    }

    /// The text without one pair of quotes around it: eZ Cash sends its short description in quotes.
    pub(super) fn unquoted(self) -> Self {
        match self.0 {
            // In a message, each quote of a text has a backslash before it.
            [b'\\', b'"', inner @ .., b'\\', b'"'] => Text(inner),
            _ => self,
        }
    }

    /// The text without the spaces around it.
    pub(super) fn trimmed(self) -> Self {
        Text(trimmed(self.0))
    }

    /// How many bytes it takes in the message.
    pub(super) fn len(self) -> usize {
        self.0.len()
    }

    /// An id, if it can be one: printable ASCII that fits, without what JSON escapes. What is no id is no evidence.
    pub(super) fn put_id(self, id: &mut VecView<u8>) {
        let printable = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        let whole = self.put(id) && id.iter().all(printable);
        if !whole {
            id.clear();
        }
    }

    /// An amount; one that is too long is never taken for what its beginning says.
    pub(super) fn amount(self) -> Result<Amount, AmountError> {
        let mut text = Vec::<u8, { AMOUNT_TEXT_MAX + 1 }>::new();
        if self.put(&mut text) { Amount::read(&text) } else { Err(AmountError::TooLarge) }
    }

    /// A currency. There may be spaces around it.
    pub(super) fn currency(self) -> Result<Currency, NotACurrency> {
        let mut text = Vec::<u8, 3>::new();
        if !self.trimmed().put(&mut text) {
            return Err(NotACurrency);
        }
        Currency::read(&text).ok_or(NotACurrency)
    }
}

/// Whether a text in UTF-8 shows nothing.
pub(super) fn is_blank(text: &[u8]) -> bool {
    let mut rest = text.iter();
    loop {
        match character(&mut rest) {
            NONE => return true,
            code if shows_nothing(code) => {}
            _ => return false,
        }
    }
}

/// Whether it is a control or a space of Unicode.
fn shows_nothing(code: u32) -> bool {
    SHOWS_NOTHING.iter().any(|(first, last)| (u32::from(*first)..=u32::from(*last)).contains(&code))
}

/// The first and the last of each row of such characters.
const SHOWS_NOTHING: [(u16, u16); 8] = [
    (0, 0x20),
    (0x7F, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
];

/// The next character that a text means, escapes resolved; [`NONE`] at the end.
#[inline(never)]
pub(super) fn meant(rest: &mut Iter<'_, u8>) -> u32 {
    let mut after = rest.clone();
    if after.next() == Some(&b'\\') {
        *rest = after;
        escape(rest)
    } else {
        character(rest)
    }
}

/// What may stand after a backslash, and below it what it means.
const ESCAPES: &[u8; 8] = b"\"\\/bfnrt";
const MEANT: &[u8; 8] = b"\"\\/\x08\x0c\n\r\t";

/// The character of the escape whose backslash was taken; [`NONE`] if it is none. This is what a message is checked with,
/// too.
#[inline(never)]
fn escape(rest: &mut Iter<'_, u8>) -> u32 {
    let code = unit(rest);
    let kind = code >> 10;
    let mut ahead = rest.clone();
    // A leading surrogate takes the unit after it along if that completes the pair.
    if kind == LEADING && ahead.next() == Some(&b'\\') {
        let low = unit(&mut ahead);
        if low >> 10 == TRAILING {
            *rest = ahead;
            return (((code & 0x3FF) << 10) | (low & 0x3FF)).wrapping_add(0x10000);
        }
    }
    if kind == LEADING || kind == TRAILING { u32::from(char::REPLACEMENT_CHARACTER) } else { code }
}

/// What the units of a pair of surrogates begin with, in 6 bits.
const LEADING: u32 = 0xD800 >> 10;
const TRAILING: u32 = 0xDC00 >> 10;

/// The UTF-16 unit of an escape, or [`NONE`].
#[inline(never)]
fn unit(rest: &mut Iter<'_, u8>) -> u32 {
    let Some(kind) = rest.next() else { return NONE };
    if *kind != b'u' {
        let index = ESCAPES.iter().position(|escape| escape == kind);
        return index.and_then(|index| MEANT.get(index)).map_or(NONE, |byte| u32::from(*byte));
    }
    let Some((digits, after)) = rest.as_slice().split_first_chunk::<4>() else { return NONE };
    *rest = after.iter();
    let mut unit = 0;
    for digit in digits {
        let Some(digit) = char::from(*digit).to_digit(16) else { return NONE };
        unit = (unit << 4) | digit;
    }
    unit
}

#[cfg(test)]
impl<'a> Text<'a> {
    /// The characters that are meant.
    pub(super) fn chars(self) -> impl Iterator<Item = char> + 'a {
        let mut rest = self.0.iter();
        core::iter::from_fn(move || char::from_u32(meant(&mut rest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn what_shows_nothing_is_what_unicode_says() {
        for character in (0..=0x0010_FFFF).filter_map(char::from_u32) {
            let expected = character.is_whitespace() || character.is_control();
            assert_eq!(shows_nothing(u32::from(character)), expected, "{character:?}");
        }
    }

    #[test]
    fn every_character_is_read_plain_and_as_its_escape() {
        for character in (0..=0x0010_FFFF).filter_map(char::from_u32) {
            let mut plain = [0; 4];
            let plain = character.encode_utf8(&mut plain);
            let means_itself = Text(plain.as_bytes()).chars().eq(plain.chars());
            assert!(means_itself || character == '\\', "{character:?}");
            let mut units = [0; 2];
            let escaped: std::string::String =
                character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect();
            assert!(Text::new(escaped.as_bytes()).chars().eq(plain.chars()), "{escaped}");
            let upper = escaped.to_uppercase().replace('U', "u");
            assert!(Text::new(upper.as_bytes()).chars().eq(plain.chars()), "{upper}");
        }
    }

    #[test]
    fn a_text_is_cut_before_the_first_character_that_does_not_fit() {
        for character in (0..=0x0010_FFFF).filter_map(char::from_u32) {
            let shown = if character.is_control() { ' ' } else { character };
            for raw in [format!("ab{character}c"), format!("ab\\u00e9{character}")] {
                let meant = raw.replace("\\u00e9", "é").replace(character, shown.encode_utf8(&mut [0; 4]));
                let fits = crate::utf8::beginning(meant.as_bytes(), 5);
                if !matches!(character, '\\' | 'a' | 'b' | 'u' | '0' | 'e' | '9') {
                    let mut kept = Vec::<u8, 5>::new();
                    assert_eq!(Text(raw.as_bytes()).put(&mut kept), meant.len() <= 5, "{raw:?}");
                    assert_eq!(kept, fits, "{raw:?}");
                }
            }
        }
    }

    #[test]
    fn half_of_a_pair_is_replaced_and_nothing_after_it_is_lost() {
        for (raw, read) in [
            (r"\ud83d", "\u{fffd}"),
            (r"\ud83dx", "\u{fffd}x"),
            (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
            (r"\ud83d\u0041", "\u{fffd}A"),
            (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
            (r"\ud83d\n\/", "\u{fffd}\n/"),
        ] {
            assert!(Text::new(raw.as_bytes()).chars().eq(read.chars()), "{raw}");
        }
    }
}
