//! Money: integer minor units with checked arithmetic. No float is ever involved.

use core::fmt;

use heapless::String;

/// Longest text of an amount: 13 digits, a point and two digits, with room for a sign that is then refused.
pub const AMOUNT_TEXT_MAX: usize = 24;

/// Largest amount that is read or kept, in minor units: ten thousand million rupees. More is a fault, not a price.
pub const AMOUNT_MAX_MINOR: u64 = 1_000_000_000_000;

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
pub struct Amount(u64);

/// How a carrier writes amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum AmountFormat {
    /// "5": whole units only; an amount with cents is refused.
    WholeUnits,
    /// "5.00".
    TwoDecimals,
}

/// Why a text or a number is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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
    pub const MAX: Amount = Amount(AMOUNT_MAX_MINOR);

    /// An amount of `minor` cents, or `TooLarge`.
    pub const fn from_minor(minor: u64) -> Result<Self, AmountError> {
        if minor > AMOUNT_MAX_MINOR { Err(AmountError::TooLarge) } else { Ok(Amount(minor)) }
    }

    /// The amount in cents.
    pub const fn minor(self) -> u64 {
        self.0
    }

    /// Whether there is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Reads "5", "25", "10.00", "300.0": digits with at most two decimals, and nothing else.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        let (units, decimals) = match text.bytes().position(|byte| byte == b'.') {
            None => (text, ""),
            Some(point) => {
                let decimals = text.get(point.saturating_add(1)..).unwrap_or("");
                (text.get(..point).unwrap_or(""), if decimals.is_empty() { "." } else { decimals })
            }
        };
        if text.starts_with('-') {
            return Err(AmountError::Negative);
        }
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if units.is_empty() || !all_digits(units) || !all_digits(decimals) {
            return Err(AmountError::NotANumber);
        }
        if decimals.len() > 2 {
            return Err(AmountError::TooManyDecimals);
        }
        let mut minor: u64 = 0;
        let padding = "00".bytes().skip(decimals.len());
        for digit in units.bytes().chain(decimals.bytes()).chain(padding) {
            minor = minor
                .checked_mul(10)
                .and_then(|tens| tens.checked_add(u64::from(digit - b'0')))
                .ok_or(AmountError::TooLarge)?;
        }
        Amount::from_minor(minor)
    }

    /// The amount as the carrier wants it written, or `HasCents`.
    pub fn text(self, format: AmountFormat) -> Result<String<AMOUNT_TEXT_MAX>, AmountError> {
        let mut text = String::new();
        let (units, cents) = (self.0 / 100, self.0 % 100);
        let written = match format {
            AmountFormat::WholeUnits if cents != 0 => return Err(AmountError::HasCents),
            AmountFormat::WholeUnits => push_digits(&mut text, units, 1),
            AmountFormat::TwoDecimals => push_digits(&mut text, units, 1)
                .and_then(|()| text.push('.').map_err(|_| ()))
                .and_then(|()| push_digits(&mut text, cents, 2)),
        };
        // 13 digits, a point and two digits always fit; the error is kept so that no path here can panic.
        written.map_err(|()| AmountError::TooLarge)?;
        Ok(text)
    }

    /// The sum, which stops at [`AMOUNT_MAX_MINOR`]: what was received is never made smaller by an overflow.
    #[must_use]
    pub const fn saturating_add(self, other: Amount) -> Amount {
        let sum = self.0.saturating_add(other.0);
        if sum > AMOUNT_MAX_MINOR { Amount(AMOUNT_MAX_MINOR) } else { Amount(sum) }
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

/// Appends `value` with at least `width` digits; formatting machinery would cost flash.
fn push_digits<const N: usize>(text: &mut String<N>, value: u64, width: usize) -> Result<(), ()> {
    let mut digits = [0u8; 20];
    let mut rest = value;
    let mut start = digits.len();
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + u8::try_from(rest % 10).map_err(|_| ())?;
        rest /= 10;
        start -= 1;
        if rest == 0 && 20 - start >= width {
            break;
        }
    }
    for digit in digits.iter().skip(start) {
        text.push(char::from(*digit)).map_err(|_| ())?;
    }
    Ok(())
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
        let letters: [u8; 3] = text.trim().as_bytes().try_into().ok()?;
        letters
            .iter()
            .all(u8::is_ascii_alphabetic)
            .then(|| Currency(letters.map(|letter| letter.to_ascii_uppercase())))
    }

    /// The code, "LKR".
    pub fn as_str(&self) -> &str {
        // The bytes are ASCII letters by construction; the fallback is there because core never panics.
        core::str::from_utf8(&self.0).unwrap_or("???")
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
            ("10000000000.01", AmountError::TooLarge),
            ("99999999999999999999999", AmountError::TooLarge),
        ] {
            assert_eq!(Amount::parse(text), Err(error), "{text}");
        }
        assert_eq!(Amount::parse("10000000000").map(Amount::minor), Ok(AMOUNT_MAX_MINOR));
    }

    #[test]
    fn amounts_are_written_as_the_carrier_wants_them() {
        let whole = Amount::parse("5").unwrap();
        assert_eq!(whole.text(AmountFormat::WholeUnits).unwrap().as_str(), "5");
        assert_eq!(whole.text(AmountFormat::TwoDecimals).unwrap().as_str(), "5.00");
        let cents = Amount::parse("1234567.08").unwrap();
        assert_eq!(cents.text(AmountFormat::TwoDecimals).unwrap().as_str(), "1234567.08");
        assert_eq!(cents.text(AmountFormat::WholeUnits), Err(AmountError::HasCents));
        assert_eq!(Amount(AMOUNT_MAX_MINOR).to_string(), "10000000000.00");
    }

    #[test]
    fn sums_stop_at_the_limit_instead_of_wrapping() {
        let most = Amount(AMOUNT_MAX_MINOR);
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
