//! Amounts as text on the wire and as integer minor units inside.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Reads `5`, `300.0` or `10.00`. Signs, exponents and a third decimal are refused.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "00"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 2 {
        return None;
    }
    let cents: u64 = format!("{fraction:0<2}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(cents)
}

/// A sum in JSON: decimal text like `"12.50"` (a number is read too), `""` for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "String")]
pub struct Sum(
    /// Minor units.
    pub Option<u64>,
);

impl TryFrom<Value> for Sum {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if text.is_empty() {
            return Ok(Sum(None));
        }
        parse(&text)
            .map(|minor| Sum(Some(minor)))
            .ok_or_else(|| format!("{value} is not a sum like \"10.00\""))
    }
}

impl From<Sum> for String {
    fn from(sum: Sum) -> Self {
        sum.0.map(decimal).unwrap_or_default()
    }
}

/// `10.00`
pub(crate) fn decimal(minor: u64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// `25`, and `25.50` where whole rupees do not say it: the form the seeds' `totalAmount` has.
pub(crate) fn short(minor: u64) -> String {
    if minor.is_multiple_of(100) { (minor / 100).to_string() } else { decimal(minor) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_the_documents_are_read() {
        for (text, minor) in [("5", 500), ("300.0", 30_000), ("10.00", 1_000), ("0", 0), ("0.05", 5)] {
            assert_eq!(parse(text), Some(minor), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", "-1", "+1", "1e3", "1.", ".5", "1.005", "1.0.0", " 1", "99999999999999999999"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn amounts_are_written_in_both_forms() {
        assert_eq!((decimal(2550).as_str(), short(2550).as_str()), ("25.50", "25.50"));
        assert_eq!((decimal(2500).as_str(), short(2500).as_str()), ("25.00", "25"));
    }
}
