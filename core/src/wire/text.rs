//! A scalar as it stands in a message, and what it means: escapes are resolved while it is read, into fields of fixed
//! size or against what is expected. Nothing is copied in between.

use core::slice::Iter;

use heapless::String;
use heapless::string::StringView;

use super::notification::NotACurrency;
use crate::id::trimmed;
use crate::money::{Amount, AmountError, Currency};
use crate::utf8::character;

/// A scalar as it stands in the message, without its quotes. Two words, so that it travels in registers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// What stands for an object or an array in a text's place: it is there, but it is no id, no amount, no currency
    /// and no code.
    pub(super) const BLANK: Text<'static> = Text(b" ");

    /// What stands in the message, without the quotes of a string.
    #[inline(never)]
    pub(super) fn new(raw: &'a [u8]) -> Self {
        match raw {
            [b'"', inner @ .., b'"'] => Text(inner),
            _ => Text(raw),
        }
    }

    /// The bytes as they stand in the message.
    pub(super) fn raw(self) -> &'a [u8] {
        self.0
    }

    /// The characters that are meant: escapes are resolved.
    pub(crate) fn chars(self) -> Chars<'a> {
        Chars { rest: self.0.iter(), escaped: true }
    }

    /// Puts as many characters as fit into `kept`; whether they all do. Control characters become spaces: they are in no
    /// id and on no display.
    #[inline(never)]
    pub(super) fn put(self, kept: &mut StringView) -> bool {
        self.chars().all(|character| kept.push(if character.is_control() { ' ' } else { character }).is_ok())
    }

    /// The beginning, as long as it fits.
    pub(super) fn cut<const N: usize>(self) -> String<N> {
        let mut kept = String::new();
        self.put(&mut kept);
        kept
    }

    /// Whether it means exactly these characters.
    #[inline(never)]
    pub(super) fn says(self, expected: &mut Chars<'_>) -> bool {
        self.chars().eq(expected)
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

    /// Whether there is nothing but spaces.
    #[inline(never)]
    pub(super) fn is_blank(self) -> bool {
        self.chars().all(is_blank)
    }

    /// How many bytes it takes in the message.
    pub(super) fn len(self) -> usize {
        self.0.len()
    }

    /// An id, if it can be one: printable ASCII that fits, without what JSON escapes. What is no id is no evidence.
    pub(super) fn put_id(self, id: &mut StringView) {
        let printable = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        let whole = self.put(id) && id.bytes().all(printable);
        if !whole {
            id.clear();
        }
    }

    /// An amount; one that is too long is never taken for what its beginning says.
    pub(super) fn amount(self) -> Result<Amount, AmountError> {
        Amount::read(self.chars())
    }

    /// A currency. There may be spaces around it.
    pub(super) fn currency(self) -> Result<Currency, NotACurrency> {
        Currency::read(self.trimmed().chars()).ok_or(NotACurrency)
    }
}

/// Whether a character shows nothing: the controls and the spaces of Unicode, few enough to need no table.
fn is_blank(character: char) -> bool {
    matches!(
        character,
        '\0'..=' ' | '\u{7f}'..='\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}'
            | '\u{205f}' | '\u{3000}'
    )
}

/// The characters that a text means, taken from the bytes: a step to the next one is most of the work of a long text.
#[derive(Clone)]
pub(crate) struct Chars<'a> {
    rest: Iter<'a, u8>,
    escaped: bool,
}

impl<'a> Chars<'a> {
    /// The characters of a text that is not from a message: a backslash is a backslash.
    pub(crate) fn plain(text: &'a [u8]) -> Self {
        Chars { rest: text.iter(), escaped: false }
    }
}

impl Iterator for Chars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match *self.rest.next()? {
            b'\\' if self.escaped => escape(&mut self.rest),
            ascii @ ..0x80 => Some(char::from(ascii)),
            lead => character(lead, &mut self.rest),
        }
    }
}

/// What may stand after a backslash, and below it what it means.
const ESCAPES: &[u8; 8] = b"\"\\/bfnrt";
const MEANT: &[u8; 8] = b"\"\\/\x08\x0c\n\r\t";

/// The character of the escape whose backslash was taken, if it is one. This is what a message is checked with, too.
#[inline(never)]
pub(super) fn escape(rest: &mut Iter<'_, u8>) -> Option<char> {
    let mut code = unit(rest)?;
    // A leading surrogate takes the unit after it along if that completes the pair.
    let mut ahead = rest.clone();
    if code >> 10 == 0xD800 >> 10 && ahead.next() == Some(&b'\\') {
        let low = unit(&mut ahead)?;
        if low >> 10 == 0xDC00 >> 10 {
            *rest = ahead;
            code = (((code & 0x3FF) << 10) | (low & 0x3FF)).wrapping_add(0x10000);
        }
    }
    Some(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
}

/// The UTF-16 unit of an escape.
#[inline(never)]
fn unit(rest: &mut Iter<'_, u8>) -> Option<u32> {
    let kind = rest.next()?;
    if *kind != b'u' {
        let index = ESCAPES.iter().position(|escape| escape == kind)?;
        return MEANT.get(index).copied().map(u32::from);
    }
    let (digits, after) = rest.as_slice().split_first_chunk::<4>()?;
    *rest = after.iter();
    let mut unit = 0;
    for digit in digits {
        unit = (unit << 4) | char::from(*digit).to_digit(16)?;
    }
    Some(unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn what_shows_nothing_is_what_unicode_says() {
        for character in (0..=0x0010_FFFF).filter_map(char::from_u32) {
            let expected = character.is_whitespace() || character.is_control();
            assert_eq!(is_blank(character), expected, "{character:?}");
        }
    }

    #[test]
    fn every_character_is_read_plain_and_as_its_escape() {
        for character in (0..=0x0010_FFFF).filter_map(char::from_u32) {
            let mut plain = [0; 4];
            let plain = character.encode_utf8(&mut plain);
            assert!(Chars::plain(plain.as_bytes()).eq([character]), "{character:?}");
            let mut units = [0; 2];
            let escaped: std::string::String =
                character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect();
            assert!(Text::new(escaped.as_bytes()).chars().eq([character]), "{escaped}");
            let upper = escaped.to_uppercase().replace('U', "u");
            assert!(Text::new(upper.as_bytes()).chars().eq([character]), "{upper}");
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
