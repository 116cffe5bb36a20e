//! The known members of a message as flat canonical JSON, and its reading by serde-json-core.
//!
//! serde-json-core recurses on brackets without a limit, refuses surrogate pairs even in members that nobody asked for
//! and does not take a number for a string. So it gets only what [`super::scan`] found: one flat object of strings.

use heapless::{String, Vec};
use serde::Deserialize;

use super::scan::{Found, Text};
use crate::id::{CARRIER_ID_MAX, CarrierId};
use crate::money::{AMOUNT_TEXT_MAX, Amount, AmountError};
use crate::wire::answer::WireFault;
use crate::wire::notification::Stated;

/// Bytes that are kept of an id: one more than fit, so that a longer one is seen to be longer.
pub(super) const ID_KEPT: usize = CARRIER_ID_MAX + 1;
/// Bytes that are kept of an amount, likewise.
pub(super) const AMOUNT_KEPT: usize = AMOUNT_TEXT_MAX + 1;
/// Bytes that are kept of a currency code, likewise.
pub(super) const CURRENCY_KEPT: usize = 9;

/// Room that the member `"name":"value",` needs at most when `kept` bytes of the value are kept: the last character may
/// reach three bytes beyond.
pub(super) const fn room(name: &str, kept: usize) -> usize {
    name.len() + 6 + kept + 3
}

/// A flat object of strings, at most `N` bytes long. It is written in place: moving it would double a stack frame that is
/// the largest of this crate already.
pub(super) struct Canonical<const N: usize> {
    json: Vec<u8, N>,
}

impl<const N: usize> Canonical<N> {
    pub(super) const fn new() -> Self {
        Canonical { json: Vec::new() }
    }

    /// Adds a member if it is there: its name, and `kept` bytes of its value as written here (a character more or less)
    /// if it has so many. Where an object or an array stands in a text's place, it writes a blank: that is there, but it
    /// is no id, no amount, no currency and no code.
    #[inline(never)]
    pub(super) fn add(&mut self, name: &str, found: Found<'_>, kept: usize) -> Result<(), WireFault> {
        match found {
            Found::Missing | Found::Null => Ok(()),
            Found::Text(text) => self.member(name, text, kept),
            Found::Nested(_) => self.member(name, Text::BLANK, kept),
        }
    }

    /// Ends the object.
    pub(super) fn close(&mut self) -> Result<(), WireFault> {
        if self.json.is_empty() {
            self.push(b'{')?;
        }
        self.push(b'}')
    }

    /// Reads the object into fields that borrow from it.
    pub(super) fn read<'s, T: Deserialize<'s>>(&'s self) -> Result<T, WireFault> {
        serde_json_core::from_slice(&self.json).map(|(fields, _)| fields).map_err(|_| WireFault::NotJson)
    }

    fn member(&mut self, name: &str, value: Text<'_>, kept: usize) -> Result<(), WireFault> {
        self.push(if self.json.is_empty() { b'{' } else { b',' })?;
        self.push(b'"')?;
        self.extend(name.as_bytes())?;
        self.extend(b"\":\"")?;
        let start = self.json.len();
        for character in value.chars() {
            if self.json.len().saturating_sub(start) >= kept {
                break;
            }
            self.character(character)?;
        }
        self.push(b'"')
    }

    /// Control characters become spaces: they are in no id and on no display.
    fn character(&mut self, character: char) -> Result<(), WireFault> {
        match character {
            '"' | '\\' => self.push(b'\\')?,
            control if control.is_control() => return self.push(b' '),
            _ => {}
        }
        self.extend(character.encode_utf8(&mut [0; 4]).as_bytes())
    }

    fn push(&mut self, byte: u8) -> Result<(), WireFault> {
        self.json.push(byte).map_err(|_| WireFault::TooLong)
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), WireFault> {
        self.json.extend_from_slice(bytes).map_err(|_| WireFault::TooLong)
    }
}

/// The text of a canonical value, cut where it is too long.
pub(super) fn cut<const N: usize>(value: &str) -> String<N> {
    let mut text = String::new();
    for character in characters(value) {
        if text.push(character).is_err() {
            break;
        }
    }
    text
}

/// An id, if the value can be one: printable ASCII that fits, without what JSON escapes. What is no id is no evidence.
pub(super) fn id(value: &str) -> Option<CarrierId> {
    let printable = value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if value.is_empty() || !printable { None } else { String::try_from(value).ok() }
}

/// An amount that may be missing.
pub(super) fn stated(value: Option<&str>) -> Stated {
    match value.map(amount) {
        None => Stated::Absent,
        Some(Ok(amount)) => Stated::Amount(amount),
        Some(Err(error)) => Stated::Bad(error),
    }
}

/// An amount; one that was cut is never taken for what its beginning says.
pub(super) fn amount(value: &str) -> Result<Amount, AmountError> {
    if value.len() > AMOUNT_TEXT_MAX { Err(AmountError::TooLarge) } else { Amount::parse(value) }
}

/// The characters that a canonical value stands for.
fn characters(value: &str) -> impl Iterator<Item = char> {
    let mut rest = value.chars();
    core::iter::from_fn(move || match rest.next()? {
        '\\' => rest.next(),
        plain => Some(plain),
    })
}
