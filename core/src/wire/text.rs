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
        Chars { rest: self.raw.chars(), escaped: self.escaped }
    }

    /// Puts as many characters as fit into `kept`; whether they all do. Control characters become spaces: they are in no
    /// id and on no display.
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
        self.chars().eq(expected.chars())
    }

    /// Whether its first `within` characters say `part` somewhere.
    pub(super) fn contains(self, part: &str, within: usize) -> bool {
        let mut rest = self.chars();
        for _ in 0..=within {
            let mut ahead = rest.clone();
            if part.chars().all(|wanted| ahead.next() == Some(wanted)) {
                return true;
            }
            if rest.next().is_none() {
                break;
            }
        }
        false
    }

    /// The text without one pair of quotes around it: eZ Cash sends its short description in quotes.
    pub(super) fn unquoted(self) -> Self {
        // In a message, each quote of a text has a backslash before it.
        let inner = self.raw.strip_prefix("\\\"").and_then(|rest| rest.strip_suffix("\\\""));
        Text { raw: inner.unwrap_or(self.raw), ..self }
    }

    /// Whether there is nothing but spaces.
    pub(super) fn is_blank(self) -> bool {
        self.chars().all(|character| character.is_whitespace() || character.is_control())
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

/// The characters of a [`Text`].
#[derive(Clone)]
pub(super) struct Chars<'a> {
    rest: core::str::Chars<'a>,
    escaped: bool,
}

impl Iterator for Chars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self.rest.next()? {
            '\\' if self.escaped => self.escape(),
            plain => Some(plain),
        }
    }
}

impl Chars<'_> {
    fn escape(&mut self) -> Option<char> {
        Some(match self.rest.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let unit = hex_unit(&mut self.rest)?;
                self.paired(unit)
            }
            itself => itself,
        })
    }

    /// The character of a UTF-16 unit; a leading surrogate takes the unit after it along if that completes the pair.
    fn paired(&mut self, unit: u32) -> char {
        if !(0xD800..0xDC00).contains(&unit) {
            return char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
        let mut ahead = self.rest.clone();
        let trailing = match (ahead.next(), ahead.next()) {
            (Some('\\'), Some('u')) => hex_unit(&mut ahead),
            _ => None,
        };
        match trailing {
            Some(low) if (0xDC00..0xE000).contains(&low) => {
                self.rest = ahead;
                let code = 0x10000 | ((unit & 0x3FF) << 10);
                char::from_u32(code.saturating_add(low & 0x3FF)).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => char::REPLACEMENT_CHARACTER,
        }
    }
}

fn hex_unit(chars: &mut core::str::Chars<'_>) -> Option<u32> {
    let mut unit = 0;
    for _ in 0..4 {
        unit = (unit << 4) | chars.next()?.to_digit(16)?;
    }
    Some(unit)
}
