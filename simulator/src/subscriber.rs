//! Subscribers and the forms their ids come in.

use serde::{Deserialize, Serialize};

use crate::preset;

/// A subscriber's account. It exists from the first request that names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscriber {
    /// The chargeable balance in minor units.
    pub balance: u64,
    /// `Pre Paid`, `Post Paid` …
    pub account_type: String,
    /// `Active`, or anything else for an account that refuses to be charged.
    pub account_status: String,
    /// The names of the payment instruments that it may use.
    pub instruments: Vec<String>,
}

impl Subscriber {
    pub(crate) fn new(balance: u64) -> Self {
        Self {
            balance,
            account_type: preset::ACCOUNT_TYPE.to_owned(),
            account_status: preset::ACCOUNT_STATUS.to_owned(),
            instruments: preset::INSTRUMENTS.iter().map(|(name, _)| (*name).to_owned()).collect(),
        }
    }

    /// Whether it has the instrument; spaces and case do not count, as in the documents.
    pub(crate) fn may_use(&self, instrument: &str) -> bool {
        let plain = |name: &str| name.replace(' ', "").to_ascii_lowercase();
        self.instruments.iter().any(|name| plain(name) == plain(instrument))
    }

    pub(crate) fn is_active(&self) -> bool {
        self.account_status.eq_ignore_ascii_case(preset::ACCOUNT_STATUS)
    }
}

/// One name for all forms of a number: `tel:` and `tell:` go, `07…` and `+94…` become `947…`. Anything
/// that is no number (a user name, a masked id) stays as it is.
pub(crate) fn canonical(id: &str) -> String {
    let id = id.trim();
    let bare = ["tell:", "tel:"]
        .iter()
        .find_map(|prefix| {
            let head = id.get(..prefix.len())?;
            head.eq_ignore_ascii_case(prefix).then(|| id[prefix.len()..].trim())
        })
        .unwrap_or(id);
    let number = bare.strip_prefix('+').unwrap_or(bare);
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return bare.to_owned();
    }
    match number.strip_prefix('0') {
        Some(local) if number.len() == LOCAL_DIGITS => format!("94{local}"),
        _ => number.to_owned(),
    }
}

/// `0712755777`: a Sri Lankan number in local form.
const LOCAL_DIGITS: usize = 10;

/// The id with all but its ends hidden, for logs.
pub(crate) fn masked(id: &str) -> String {
    let name: Vec<char> = canonical(id).chars().collect();
    let shown = |range: &[char]| range.iter().collect::<String>();
    match name.len() {
        0..=5 => "***".to_owned(),
        length => format!("{}***{}", shown(&name[..2]), shown(&name[length - 3..])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_of_one_number_are_one_subscriber() {
        for form in [
            "94771234567",
            "tel:94771234567",
            "tel: 94771234567",
            "tell:94771234567",
            "0771234567",
            "+94771234567",
        ] {
            assert_eq!(canonical(form), "94771234567", "{form}");
        }
    }

    #[test]
    fn what_is_no_number_stays_as_it_is() {
        assert_eq!(canonical("tel:************"), "************");
        assert_eq!(canonical("සුනිල්"), "සුනිල්");
        assert_eq!(canonical(""), "");
    }

    #[test]
    fn a_masked_number_does_not_show_its_middle() {
        assert_eq!(masked("tel:94771234567"), "94***567");
        assert_eq!(masked("9477"), "***");
    }
}
