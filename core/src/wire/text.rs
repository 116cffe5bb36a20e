//! A scalar as it stands in a message, and what it means: escapes are resolved while it is read, into fields of fixed
//! size or against what is expected. Nothing is copied in between.

use heapless::String;
use heapless::string::StringView;

use super::notification::{NotACurrency, Stated};
use crate::id::CarrierId;
use crate::money::{AMOUNT_TEXT_MAX, Amount, AmountError, Currency};

/// A scalar as it stands in the message, without its quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> Text<'a> {
    /// What stands for an object or an array in a text's place: it is there, but it is no id, no amount, no currency
    /// and no code.
    pub(super) const BLANK: Text<'static> = Text { raw: " ", escaped: false };

    pub(super) fn new(raw: &'a str, escaped: bool) -> Self {
        Text { raw, escaped }
    }

    /// The characters that are meant: escapes are resolved.
    pub(super) fn chars(self) -> Chars<'a> {
        Chars { rest: self.raw.as_bytes().iter(), escaped: self.escaped }
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

    /// The text itself where it has no escapes, else what is meant, in `room`; `None` if it does not fit there.
    pub(super) fn unescaped<'r>(self, room: &'r mut StringView) -> Option<&'r str>
    where
        'a: 'r,
    {
        if !self.escaped {
            return Some(self.raw);
        }
        if self.put(room) { Some(room) } else { None }
    }

    /// Whether it says exactly this.
    pub(super) fn is(self, expected: &str) -> bool {
        self.same(Text::new(expected, false))
    }

    /// Whether both mean the same characters.
    #[inline(never)]
    pub(super) fn same(self, other: Text<'_>) -> bool {
        self.chars().eq(other.chars())
    }

    /// Whether its first `within` characters say `part` somewhere.
    pub(super) fn contains(self, part: &str, within: usize) -> bool {
        let mut rest = self.chars();
        for _ in 0..=within {
            let mut ahead = rest.clone();
            if Text::new(part, false).chars().all(|wanted| ahead.next() == Some(wanted)) {
                return true;
            }
            if rest.next().is_none() {
                break;
            }
        }
        false
    }

    /// The text without one pair of quotes around it: eZ Cash sends its short description in quotes.
    #[inline(never)]
    pub(super) fn unquoted(self) -> Self {
        // In a message, each quote of a text has a backslash before it.
        let inner = self.raw.strip_prefix("\\\"").and_then(|rest| rest.strip_suffix("\\\""));
        Text { raw: inner.unwrap_or(self.raw), ..self }
    }

    /// Whether there is nothing but spaces.
    #[inline(never)]
    pub(super) fn is_blank(self) -> bool {
        self.chars().all(is_blank)
    }

    /// Whether there is nothing at all.
    pub(super) fn is_empty(self) -> bool {
        self.raw.is_empty()
    }

    /// An id, if it can be one: printable ASCII that fits, without what JSON escapes. What is no id is no evidence.
    pub(super) fn id(self) -> Option<CarrierId> {
        let mut id = CarrierId::new();
        let printable = |character: char| character.is_ascii_graphic() && !matches!(character, '"' | '\\');
        let whole = self.chars().all(|character| printable(character) && id.push(character).is_ok());
        if whole && !id.is_empty() { Some(id) } else { None }
    }

    /// An amount; one that is too long is never taken for what its beginning says.
    #[inline(never)]
    pub(super) fn amount(self) -> Result<Amount, AmountError> {
        let mut kept = String::<AMOUNT_TEXT_MAX>::new();
        if self.put(&mut kept) { Amount::parse(&kept) } else { Err(AmountError::TooLarge) }
    }

    /// A currency.
    #[inline(never)]
    pub(super) fn currency(self) -> Result<Currency, NotACurrency> {
        Currency::parse(&self.cut::<CURRENCY_KEPT>()).ok_or(NotACurrency)
    }
}

/// Bytes that are looked at of a currency code: there may be spaces around it.
const CURRENCY_KEPT: usize = 9;

/// An amount that may be missing.
pub(super) fn stated(text: Option<Text<'_>>) -> Stated {
    match text.map(Text::amount) {
        None => Stated::Absent,
        Some(Ok(amount)) => Stated::Amount(amount),
        Some(Err(error)) => Stated::Bad(error),
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

/// The characters of a [`Text`], taken from the bytes: a step to the next one is most of the work of a long text.
#[derive(Clone)]
pub(super) struct Chars<'a> {
    rest: core::slice::Iter<'a, u8>,
    escaped: bool,
}

impl Iterator for Chars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match *self.rest.next()? {
            b'\\' if self.escaped => self.escape(),
            ascii @ ..0x80 => Some(char::from(ascii)),
            lead => Some(self.beyond_ascii(lead)),
        }
    }
}

impl Chars<'_> {
    /// The character of several bytes that begins with `lead`. The message was found to be UTF-8.
    #[inline(never)]
    fn beyond_ascii(&mut self, lead: u8) -> char {
        // The lead's ones say how many bytes there are; what follows them is the beginning of the code.
        let bytes = lead.leading_ones();
        let mut code = u32::from(lead) & (0x7F >> bytes);
        for _ in 1..bytes {
            code = (code << 6) | (self.rest.next().map_or(0, |byte| u32::from(*byte)) & 0x3F);
        }
        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    #[inline(never)]
    fn escape(&mut self) -> Option<char> {
        Some(match *self.rest.next()? {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = hex_unit(&mut self.rest);
                self.paired(unit)
            }
            itself => char::from(itself),
        })
    }

    /// The character of a UTF-16 unit; a leading surrogate takes the unit after it along if that completes the pair.
    fn paired(&mut self, unit: u32) -> char {
        if unit & 0xFC00 == 0xD800 {
            let mut ahead = self.rest.clone();
            if ahead.next() == Some(&b'\\') && ahead.next() == Some(&b'u') {
                let low = hex_unit(&mut ahead);
                if low & 0xFC00 == 0xDC00 {
                    self.rest = ahead;
                    let code = ((unit & 0x3FF) << 10) | (low & 0x3FF);
                    return char::from_u32(code.saturating_add(0x10000))
                        .unwrap_or(char::REPLACEMENT_CHARACTER);
                }
            }
        }
        char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

/// The four hexadecimal digits that the walk has found there.
#[inline(never)]
fn hex_unit(digits: &mut core::slice::Iter<'_, u8>) -> u32 {
    digits.by_ref().take(4).fold(0, |unit, digit| {
        // A letter's low bits begin with 1 for A.
        let value = (digit & 0xF).wrapping_add(if *digit > b'9' { 9 } else { 0 });
        (unit << 4) | u32::from(value)
    })
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
            assert!(Text::new(plain, false).chars().eq([character]), "{character:?}");
            let mut units = [0; 2];
            let escaped: std::string::String =
                character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect();
            assert!(Text::new(&escaped, true).chars().eq([character]), "{escaped}");
            assert!(Text::new(&escaped.to_uppercase().replace('U', "u"), true).chars().eq([character]));
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
            assert!(Text::new(raw, true).chars().eq(read.chars()), "{raw}");
        }
    }
}
