//! The names of things on the wire: bounded, checked when made, masked where they name a person.

use core::fmt;

use heapless::String;
use heapless::string::StringView;
use heapless::{Vec, VecView};

use crate::bytes::after;

/// Longest [`SaleId`], in characters.
pub const SALE_ID_MAX: usize = 32;
/// Longest id that is sent as `externalTrxId`, in characters (the documents: String (32)).
pub const EXTERNAL_ID_MAX: usize = 32;
/// Longest id that a carrier makes and this library keeps (the documents: internalTrxId String (32)).
pub const CARRIER_ID_MAX: usize = 32;
/// Longest subscriber id: masked ids have up to 92 characters.
pub const SUBSCRIBER_MAX: usize = 92;
/// Longest `accountId`.
pub const ACCOUNT_ID_MAX: usize = 32;
/// Longest raw status code that is kept; codes of the documents have 4 or 5 characters.
pub const RAW_CODE_MAX: usize = 16;
/// Longest text for the payer that is kept; a longer one is cut.
pub const PAYER_TEXT_MAX: usize = 128;

/// An id that the carrier made (`reference`, `internalTrxId`, `referenceId`, `requestCorrelator`), kept verbatim.
pub type CarrierId = CarrierText<CARRIER_ID_MAX>;
/// The code or status as the carrier wrote it.
pub type RawCode = CarrierText<RAW_CODE_MAX>;
/// What the payer is to read, as the carrier wrote it.
pub type PayerText = CarrierText<PAYER_TEXT_MAX>;

/// A text that the carrier wrote, at most `N` bytes of it, as the bytes of its UTF-8: most of them are only compared.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CarrierText<const N: usize>(Vec<u8, N>);

impl<const N: usize> CarrierText<N> {
    /// An empty text.
    pub const fn new() -> Self {
        CarrierText(Vec::new())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        // What is put is UTF-8; the fallback is there because core never panics.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The text's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where UTF-8 is put, and nothing else.
    pub(crate) fn bytes_mut(&mut self) -> &mut VecView<u8> {
        &mut self.0
    }
}

impl<const N: usize> core::ops::Deref for CarrierText<N> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl<const N: usize> fmt::Debug for CarrierText<N> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), out)
    }
}

impl<const N: usize> fmt::Display for CarrierText<N> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), out)
    }
}

/// Why a text is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum IdError {
    /// An id needs at least one character.
    Empty,
    /// Longer than the kind of id allows.
    TooLong {
        /// The most characters that fit.
        max: usize,
    },
    /// Only printable ASCII is allowed (a subscriber's id may hold a space, after `tel:`).
    BadCharacter,
}

impl fmt::Display for IdError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IdError::Empty => out.write_str("the id is empty"),
            IdError::TooLong { max } => write!(out, "the id is longer than {max} characters"),
            IdError::BadCharacter => out.write_str("the id has a character that is not printable ASCII"),
        }
    }
}

impl core::error::Error for IdError {}

/// The caller's name for one sale: at most [`SALE_ID_MAX`] printable ASCII characters, no spaces. Starting the same
/// sale again gives the same charge, so it must be durable at the caller's side and never be used for another sale.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SaleId(String<SALE_ID_MAX>);

impl SaleId {
    /// Checks and keeps `text`.
    pub fn new(text: &str) -> Result<Self, IdError> {
        checked(text, Printable::NoSpace).map(SaleId)
    }

    /// As [`SaleId::new`], where the id is to stay, without a copy. Of a text that is refused, nothing is there.
    pub fn put(place: &mut Option<Self>, text: &str) -> Result<(), IdError> {
        put(place, SaleId(String::new()), |id| keep(text, Printable::NoSpace, &mut id.0))
    }

    /// The id as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SaleId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The payer as the carrier knows them: `94771234567`, `tel:94…`, a user name, or a masked id. Sent verbatim, never
/// reformatted. `Debug` and `Display` show the last three characters only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Subscriber(String<SUBSCRIBER_MAX>);

impl Subscriber {
    /// Checks and keeps `text`.
    pub fn new(text: &str) -> Result<Self, IdError> {
        checked(text, Printable::FromSpace).map(Subscriber)
    }

    /// As [`Subscriber::new`], where the id is to stay, without a copy. Of a text that is refused, nothing is there.
    #[inline(never)]
    pub fn put(place: &mut Option<Self>, text: &str) -> Result<(), IdError> {
        put(place, Subscriber(String::new()), |id| keep(text, Printable::FromSpace, &mut id.0))
    }

    /// The whole id. For the wire and the journal only: never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The same text for all ways to write one telephone: `0771234567`, `94771234567`, `tel:+94771234567`. For an id that
    /// is no number, the id. For comparing payers, never for the wire.
    pub fn payer(&self) -> &str {
        core::str::from_utf8(payer(self.0.as_bytes())).unwrap_or(&self.0)
    }

    /// The id with all but its last three characters hidden.
    pub fn masked(&self) -> Masked<'_> {
        Masked(&self.0)
    }
}

impl fmt::Debug for Subscriber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.masked().fmt(out)
    }
}

impl fmt::Display for Subscriber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.masked().fmt(out)
    }
}

/// Shows the last three characters of an id that names a person, and nothing of one that is shorter than seven.
///
/// ```
/// use caas_core::id::Subscriber;
/// let payer = Subscriber::new("94771234567")?;
/// assert_eq!(format!("{payer}"), "*567");
/// # Ok::<(), caas_core::id::IdError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Masked<'a>(pub &'a str);

impl Masked<'_> {
    fn shown(&self) -> &str {
        let hidden = self.0.len().saturating_sub(3);
        if self.0.len() < 7 { "" } else { self.0.get(hidden..).unwrap_or("") }
    }
}

impl fmt::Display for Masked<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("*")?;
        out.write_str(self.shown())
    }
}

impl fmt::Debug for Masked<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Subscriber {
    fn format(&self, out: defmt::Formatter<'_>) {
        defmt::write!(out, "*{=str}", self.masked().shown());
    }
}

/// [`Subscriber::payer`] of an id.
pub(crate) fn payer(id: &[u8]) -> &[u8] {
    telephone_number(id).unwrap_or(id)
}

/// The number within Sri Lanka without its leading zero, or the whole international number; `None` if it is no number.
pub(crate) fn telephone_number(id: &[u8]) -> Option<&[u8]> {
    let id = trimmed(id);
    let number = match after(id, b"tel") {
        // `tell:` is in a sample of the Dialog document.
        Some(rest) => trimmed(after(without(rest, b'l'), b":")?),
        None => id,
    };
    let number = without(number, b'+');
    if number.is_empty() || !number.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(match number {
        [b'9', b'4', local @ ..] if local.len() == 9 => local,
        _ => without(number, b'0'),
    })
}

/// The text without this byte before it.
fn without(text: &[u8], first: u8) -> &[u8] {
    match text {
        [byte, rest @ ..] if *byte == first => rest,
        _ => text,
    }
}

/// The bytes without the spaces around them.
#[inline(never)]
pub(crate) fn trimmed(bytes: &[u8]) -> &[u8] {
    let mut inner = bytes;
    while let [b' ', rest @ ..] | [rest @ .., b' '] = inner {
        inner = rest;
    }
    inner
}

/// The first of the printable characters that may be in a text.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Printable {
    FromSpace = b' ',
    NoSpace = b'!',
}

/// Keeps a text of printable ASCII, if it fits.
pub(crate) fn checked<const N: usize>(text: &str, first: Printable) -> Result<String<N>, IdError> {
    let mut kept = String::new();
    keep(text, first, &mut kept)?;
    Ok(kept)
}

/// Fills what is empty yet in its place.
pub(crate) fn put<T>(
    place: &mut Option<T>,
    empty: T,
    fill: impl FnOnce(&mut T) -> Result<(), IdError>,
) -> Result<(), IdError> {
    let filled = fill(place.insert(empty));
    if filled.is_err() {
        *place = None;
    }
    filled
}

/// Once for texts of all lengths.
#[inline(never)]
pub(crate) fn keep(text: &str, first: Printable, kept: &mut StringView) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if !text.bytes().all(|byte| (first as u8..=b'~').contains(&byte)) {
        return Err(IdError::BadCharacter);
    }
    kept.push_str(text).map_err(|_| IdError::TooLong { max: kept.capacity() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn a_sale_id_is_printable_ascii_without_spaces() {
        assert_eq!(SaleId::new("K1/2026-11-08#7").map(|id| id.as_str().len()), Ok(15));
        assert!(SaleId::new(&"x".repeat(SALE_ID_MAX)).is_ok());
        for (text, error) in [
            ("", IdError::Empty),
            ("a b", IdError::BadCharacter),
            ("a\n", IdError::BadCharacter),
            ("අ", IdError::BadCharacter),
            ("123456789012345678901234567890123", IdError::TooLong { max: 32 }),
        ] {
            assert_eq!(SaleId::new(text), Err(error), "{text}");
        }
    }

    #[test]
    fn every_form_of_a_subscriber_in_the_documents_is_kept_verbatim() {
        for text in
            ["94771234567", "tel:94702725777", "tel: 94771234567", "tell:94773687964", "0712755777", "kamal"]
        {
            assert_eq!(Subscriber::new(text).unwrap().expose(), text);
        }
        assert!(Subscriber::new(&"m".repeat(SUBSCRIBER_MAX)).is_ok());
        assert_eq!(Subscriber::new(&"m".repeat(93)), Err(IdError::TooLong { max: SUBSCRIBER_MAX }));
    }

    #[test]
    fn one_telephone_is_one_payer_however_it_is_written() {
        for text in [
            "94771234567",
            "+94771234567",
            "0771234567",
            "771234567",
            "tel:94771234567",
            "tel: +94771234567",
            "tell:0771234567",
            " tel:94771234567 ",
        ] {
            assert_eq!(Subscriber::new(text).unwrap().payer(), "771234567", "{text}");
        }
        for text in
            ["9477123456", "tel94771234567", "tel:", "+", "telll:1", "kamal", "94 771234567", "++1", "1+1"]
        {
            let payer = Subscriber::new(text).unwrap();
            assert_eq!(payer.payer(), text);
        }
    }

    /// I12
    #[test]
    fn a_subscriber_shows_three_characters_at_most() {
        for (text, shown) in
            [("94771234567", "*567"), ("tel:0712755777", "*777"), ("123456", "*"), ("7", "*")]
        {
            let payer = Subscriber::new(text).unwrap();
            assert_eq!(format!("{payer}"), shown);
            assert_eq!(format!("{payer:?} {:?}", payer.masked()), format!("{shown} {shown}"));
        }
        assert_eq!(format!("{}", Masked("ශ්‍රී")), "*ී");
    }

    #[test]
    fn errors_name_the_limit() {
        assert_eq!(format!("{}", IdError::TooLong { max: 32 }), "the id is longer than 32 characters");
    }
}
