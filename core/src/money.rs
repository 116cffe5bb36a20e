//! Money: integer minor units with checked arithmetic. No float is ever involved.

use core::fmt;

use heapless::String;
use heapless::{Vec, VecView};

/// Longest text of an amount: what is written has up to 11 characters; what is read may have up to 24 digits, zeros before
/// it among them.
pub const AMOUNT_TEXT_MAX: usize = 24;

/// Largest amount that is read or kept, in minor units: forty million rupees, a thousand times what a mobile account is
/// charged for, so that an amount has 32 bits. More is a fault, not a price.
pub const AMOUNT_MAX_MINOR: u64 = 4_000_000_000;

/// The same in the bits of an amount.
const MAX: u32 = AMOUNT_MAX_MINOR as u32;

const _: () = assert!(AMOUNT_MAX_MINOR < u32::MAX as u64);

/// A sum of money in minor units (cents). Never negative, never above [`AMOUNT_MAX_MINOR`].
///
/// ```
/// use caas_core::money::{Amount, AmountFormat};
/// let price = Amount::parse("10.5")?;
/// assert_eq!(price.minor(), 1050);
/// assert_eq!(price.text(AmountFormat::TwoDecimals)?.as_str(), "10.50");
/// assert!(Amount::parse("1e3").is_err());
/// # Ok::<(), caas_core::money::AmountError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Amount(u32);

/// How a carrier writes amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum AmountFormat {
    /// "5": whole units only; an amount with cents is refused.
    WholeUnits,
    /// "5.00".
    TwoDecimals,
}

/// Why a text or a number is no amount. It is as wide as an amount, so that one of both travels in registers: 100 bytes of
/// flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u32)]
pub enum AmountError {
    /// No digits, or characters that are neither digits nor one decimal point.
    NotANumber,
    /// A minus sign: an amount is never negative.
    Negative,
    /// More than two decimals.
    TooManyDecimals,
    /// Above [`AMOUNT_MAX_MINOR`].
    TooLarge,
    /// The carrier takes whole units only; choose a price without cents, or a profile that allows them.
    HasCents,
}

impl Amount {
    /// Nothing.
    pub const ZERO: Amount = Amount(0);

    /// The largest amount, [`AMOUNT_MAX_MINOR`].
    pub const MAX: Amount = Amount(MAX);

    /// An amount of `minor` cents, or `TooLarge`.
    pub const fn from_minor(minor: u64) -> Result<Self, AmountError> {
        if minor > AMOUNT_MAX_MINOR { Err(AmountError::TooLarge) } else { Ok(Amount(minor as u32)) }
    }

    /// An amount of `minor` cents, or `TooLarge`.
    pub(crate) const fn from_bits(minor: u32) -> Result<Self, AmountError> {
        if minor > MAX { Err(AmountError::TooLarge) } else { Ok(Amount(minor)) }
    }

    /// The amount whose [bits](Amount::bits) these are. Of others it makes no sense: whoever keeps bits knows that they are.
    pub(crate) const fn of_bits(minor: u32) -> Self {
        Amount(minor)
    }

    /// The amount in cents.
    pub const fn minor(self) -> u64 {
        self.0 as u64
    }

    /// The amount in cents, as it is kept.
    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    /// Whether there is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Reads "5", "25", "10.00", "300.0": digits with at most two decimals, and nothing else.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        Amount::read(text.as_bytes())
    }

    /// As [`Amount::parse`].
    #[inline(never)]
    pub(crate) fn read(text: &[u8]) -> Result<Self, AmountError> {
        // The decimals and one more, once there is a point.
        let (mut minor, mut digits, mut decimals) = (0u32, 0u32, 0u32);
        for byte in text {
            match byte {
                b'0'..=b'9' => {
                    minor = with_digit(minor, u32::from(*byte) & 0xF);
                    digits = digits.wrapping_add(1);
                    decimals = decimals.wrapping_add(decimals.min(1));
                }
                b'.' if decimals == 0 && digits != 0 => decimals = 1,
                b'-' if digits == 0 => return Err(AmountError::Negative),
                _ => return Err(AmountError::NotANumber),
            }
        }
        if digits == 0 || decimals == 1 {
            return Err(AmountError::NotANumber);
        }
        if decimals > 3 {
            return Err(AmountError::TooManyDecimals);
        }
        // Zeros before it do not make a text an amount that is longer than any.
        if digits > AMOUNT_TEXT_MAX as u32 {
            return Err(AmountError::TooLarge);
        }
        for _ in decimals.max(1)..3 {
            minor = with_digit(minor, 0);
        }
        Amount::from_bits(minor)
    }

    /// The amount as the carrier wants it written, or `HasCents`.
    pub fn text(self, format: AmountFormat) -> Result<String<AMOUNT_TEXT_MAX>, AmountError> {
        let mut written = Vec::<u8, AMOUNT_TEXT_MAX>::new();
        self.put(format, &mut written)?;
        let mut text = String::new();
        for byte in written {
            // The text has as much room.
            let _ = text.push(char::from(byte));
        }
        Ok(text)
    }

    /// `HasCents` if a carrier that writes amounts like this cannot express it.
    pub(crate) const fn check(self, format: AmountFormat) -> Result<(), AmountError> {
        match format {
            AmountFormat::WholeUnits if !self.0.is_multiple_of(100) => Err(AmountError::HasCents),
            _ => Ok(()),
        }
    }

    /// As [`Amount::text`], after what `text` holds.
    #[inline(never)]
    pub(crate) fn put(self, format: AmountFormat, text: &mut VecView<u8>) -> Result<(), AmountError> {
        self.check(format)?;
        let end = match format {
            AmountFormat::WholeUnits => UNIT / 10,
            AmountFormat::TwoDecimals => 0,
        };
        let (mut rest, mut power) = (self.0, POWER_MAX);
        while power > end {
            if power == UNIT / 10 {
                put(text, b'.');
            }
            // A zero is written only if another digit is before it, or if it is the last of the units or after it.
            if self.0 >= power || power <= UNIT {
                put(text, b'0' | (rest / power) as u8);
                rest %= power;
            }
            power /= 10;
        }
        Ok(())
    }

    /// The sum, which stops at [`AMOUNT_MAX_MINOR`]: what was received is never made smaller by an overflow.
    #[must_use]
    #[inline(never)]
    pub const fn saturating_add(self, other: Amount) -> Amount {
        let sum = self.0.saturating_add(other.0);
        if sum > MAX { Amount(MAX) } else { Amount(sum) }
    }

    /// What is left of this after taking `other` away; nothing if `other` is larger.
    #[must_use]
    pub const fn saturating_sub(self, other: Amount) -> Amount {
        Amount(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text(AmountFormat::TwoDecimals) {
            Ok(text) => out.write_str(&text),
            Err(_) => Err(fmt::Error),
        }
    }
}

impl fmt::Display for AmountError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            AmountError::NotANumber => "not an amount: write digits with at most two decimals, such as 10.50",
            AmountError::Negative => "an amount cannot be negative",
            AmountError::TooManyDecimals => "an amount has at most two decimals",
            AmountError::TooLarge => "the amount is larger than this library handles",
            AmountError::HasCents => "the carrier takes whole units only: choose a price without cents",
        })
    }
}

impl core::error::Error for AmountError {}

/// What the first digit of [`AMOUNT_MAX_MINOR`] stands for.
const POWER_MAX: u32 = 1_000_000_000;
/// What the last digit of the units stands for.
const UNIT: u32 = 100;

/// The number with one more digit. What does not fit stays at the end of 32 bits, which is more than the largest amount.
fn with_digit(number: u32, digit: u32) -> u32 {
    if number < u32::MAX / 10 { number * 10 + digit } else { u32::MAX }
}

/// An amount is shorter than the room for it; nothing in this crate may panic to say so.
#[inline(never)]
fn put(text: &mut VecView<u8>, byte: u8) {
    let _ = text.push(byte);
}

/// A three-letter currency code in capitals, such as LKR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Currency([u8; 3]);

impl Currency {
    /// Sri Lankan rupees.
    pub const LKR: Currency = Currency(*b"LKR");
    /// United States dollars.
    pub const USD: Currency = Currency(*b"USD");

    /// Reads a code in either case; `None` if it is not three letters.
    pub fn parse(text: &str) -> Option<Self> {
        Currency::read(text.as_bytes())
    }

    /// As [`Currency::parse`], without spaces around it.
    #[inline(never)]
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        let mut letters = 0;
        for byte in text {
            // Without the bit that makes a letter small.
            let letter = byte & !0x20;
            if !letter.is_ascii_uppercase() {
                return None;
            }
            letters = (letters << 8) | u32::from(letter);
        }
        let [_, code @ ..] = letters.to_be_bytes();
        if text.len() == 3 { Some(Currency(code)) } else { None }
    }

    /// The code, "LKR".
    pub fn as_str(&self) -> &str {
        // The bytes are ASCII letters by construction; the fallback is there because core never panics.
        core::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// The code of these letters, which are what [`Currency::to_bytes`] gave.
    pub(crate) const fn from_bytes(letters: [u8; 3]) -> Self {
        Currency(letters)
    }

    /// The code's bytes.
    pub(crate) const fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The code's bytes.
    pub const fn to_bytes(self) -> [u8; 3] {
        self.0
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// "10.50", as the command line and the documents write amounts: a number would invite a float at the other end.
#[cfg(feature = "serde")]
impl serde::Serialize for Amount {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn the_amounts_of_the_documents_are_read() {
        for (text, minor) in
            [("5", 500), ("25", 2500), ("10.00", 1000), ("300.0", 30000), ("8", 800), ("0", 0), ("0.00", 0)]
        {
            assert_eq!(Amount::parse(text).map(Amount::minor), Ok(minor), "{text}");
        }
    }

    /// R36
    #[test]
    fn what_is_no_amount_is_refused_with_its_reason() {
        for (text, error) in [
            ("", AmountError::NotANumber),
            (".", AmountError::NotANumber),
            ("5.", AmountError::NotANumber),
            (".5", AmountError::NotANumber),
            ("-1", AmountError::Negative),
            ("-", AmountError::Negative),
            ("+1", AmountError::NotANumber),
            ("1e3", AmountError::NotANumber),
            ("1,000", AmountError::NotANumber),
            ("0x10", AmountError::NotANumber),
            ("1.2.3", AmountError::NotANumber),
            ("1.234", AmountError::TooManyDecimals),
            ("40000000.01", AmountError::TooLarge),
            ("42949672.96", AmountError::TooLarge),
            ("10000000000000.001", AmountError::TooManyDecimals),
            ("5.0.", AmountError::NotANumber),
            ("5 ", AmountError::NotANumber),
            ("99999999999999999999999", AmountError::TooLarge),
            // 64 bits more than five, and what is five cents more when it is made cents.
            ("18446744073709551621", AmountError::TooLarge),
            ("184467440737095516.21", AmountError::TooLarge),
        ] {
            assert_eq!(Amount::parse(text), Err(error), "{text}");
        }
        assert_eq!(Amount::parse("40000000").map(Amount::minor), Ok(AMOUNT_MAX_MINOR));
    }

    #[test]
    fn amounts_are_written_as_the_carrier_wants_them() {
        let whole = Amount::parse("5").unwrap();
        assert_eq!(whole.text(AmountFormat::WholeUnits).unwrap().as_str(), "5");
        assert_eq!(whole.text(AmountFormat::TwoDecimals).unwrap().as_str(), "5.00");
        let cents = Amount::parse("1234567.08").unwrap();
        assert_eq!(cents.text(AmountFormat::TwoDecimals).unwrap().as_str(), "1234567.08");
        assert_eq!(cents.text(AmountFormat::WholeUnits), Err(AmountError::HasCents));
        assert_eq!(Amount::MAX.to_string(), "40000000.00");
        for minor in (0..3_000).chain((0..10).flat_map(|zeros| {
            let power = 10u64.pow(zeros);
            [power - 1, power, (power + 1).min(AMOUNT_MAX_MINOR), (power << 3).min(AMOUNT_MAX_MINOR)]
        })) {
            let expected = std::format!("{}.{:02}", minor / 100, minor % 100);
            let amount = Amount::from_minor(minor).unwrap();
            assert_eq!(amount.to_string(), expected);
            assert_eq!(Amount::parse(&expected), Ok(amount));
        }
    }

    #[test]
    fn sums_stop_at_the_limit_instead_of_wrapping() {
        let most = Amount::MAX;
        assert_eq!(most.saturating_add(most), most);
        assert_eq!(Amount(1).saturating_sub(Amount(2)), Amount::ZERO);
    }

    #[test]
    fn currencies_are_three_letters_in_either_case() {
        assert_eq!(Currency::parse("lkr"), Some(Currency::LKR));
        for text in ["", "LK", "LKRS", "L1R", "රුප"] {
            assert_eq!(Currency::parse(text), None, "{text}");
        }
    }
}
