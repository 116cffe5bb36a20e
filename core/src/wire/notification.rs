//! Charging notifications, from the carrier to the application, and their acknowledgement.

use serde::Deserialize;

use super::answer::WireFault;
use super::canonical::{AMOUNT_KEPT, CURRENCY_KEPT, Canonical, ID_KEPT, cut, id, room, stated};
use super::scan::{Found, members};
use crate::id::{CarrierId, RAW_CODE_MAX, RawCode};
use crate::money::{Amount, AmountError, Currency};
use crate::profile::{Profile, Service};
use crate::status_code::{Class, class_of};

/// The acknowledgement that says "received": sent once the notification, or its quarantine, is durable.
pub const RECEIVED: &[u8] = br#"{"statusCode":"S1000","statusDetail":"Success"}"#;

/// The answer to what is no notification, as the vendor's receiver gives it (under HTTP 200).
pub const NOT_UNDERSTOOD: &[u8] = br#"{"statusCode":"E1601","statusDetail":"Not a charging notification"}"#;

/// A charging notification as it plainly reads. What it is worth is decided in [`crate::charge`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// `externalTrxId`.
    pub external: Option<CarrierId>,
    /// `internalTrxId`; too long an id is no evidence and reads as `None`.
    pub internal: Option<CarrierId>,
    /// `referenceId`.
    pub reference: Option<CarrierId>,
    /// What the status code means.
    pub class: Class,
    /// The status code as it was written.
    pub code: RawCode,
    /// `totalAmount`.
    pub total: Stated,
    /// `paidAmount`.
    pub paid: Stated,
    /// `balanceDue`.
    pub balance_due: Stated,
    /// `currency`: `Err` where there is one that is no three-letter code.
    pub currency: Option<Result<Currency, NotACurrency>>,
}

/// An amount as a notification states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stated {
    /// Not there, or null.
    Absent,
    /// This much.
    Amount(Amount),
    /// Something that is no amount.
    Bad(AmountError),
}

/// A currency member that holds no currency code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotACurrency;

/// Reads a notification: JSON, or with the feature `dump-notification` the single-quoted dump that the Dialog document
/// shows. The error says why it is neither. Dates are not looked at: their formats differ, and nothing depends on them.
pub fn read(profile: &Profile<'_>, body: &[u8]) -> Result<Notification, WireFault> {
    let mut canonical = Canonical::new();
    collect(body, &mut canonical)?;
    let said: Said<'_> = canonical.read()?;
    Ok(said.notification(profile))
}

/// Room that all known members need together, each at its longest.
const CANONICAL_MAX: usize = 2
    + room("code", RAW_CODE_MAX + 1)
    + 3 * room("reference", ID_KEPT)
    + 3 * room("balance", AMOUNT_KEPT)
    + room("currency", CURRENCY_KEPT);

const NAMES: [&str; 8] = [
    "statusCode",
    "externalTrxId",
    "internalTrxId",
    "referenceId",
    "totalAmount",
    "paidAmount",
    "balanceDue",
    "currency",
];

/// Writes the known members of `body`. Not inlined, so that its own frame is gone when the members are read.
#[inline(never)]
fn collect(body: &[u8], canonical: &mut Canonical<CANONICAL_MAX>) -> Result<(), WireFault> {
    let [code, external, internal, reference, total, paid, balance, currency] = known(body)?;
    canonical.add("code", code, RAW_CODE_MAX + 1)?;
    canonical.add("external", external, ID_KEPT)?;
    canonical.add("internal", internal, ID_KEPT)?;
    canonical.add("reference", reference, ID_KEPT)?;
    canonical.add("total", total, AMOUNT_KEPT)?;
    canonical.add("paid", paid, AMOUNT_KEPT)?;
    canonical.add("balance", balance, AMOUNT_KEPT)?;
    canonical.add("currency", currency, CURRENCY_KEPT)?;
    canonical.close()
}

#[cfg(not(feature = "dump-notification"))]
fn known(body: &[u8]) -> Result<[Found<'_>; 8], WireFault> {
    members(body, &NAMES)
}

/// JSON first: what is both is what live traffic is.
#[cfg(feature = "dump-notification")]
fn known(body: &[u8]) -> Result<[Found<'_>; 8], WireFault> {
    match members(body, &NAMES) {
        Err(WireFault::NotJson) => super::dump::members(body, &NAMES),
        found => found,
    }
}

/// The known members, still as canonical text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said<'a> {
    #[serde(borrow)]
    code: Option<&'a str>,
    external: Option<&'a str>,
    internal: Option<&'a str>,
    reference: Option<&'a str>,
    total: Option<&'a str>,
    paid: Option<&'a str>,
    balance: Option<&'a str>,
    currency: Option<&'a str>,
}

impl Said<'_> {
    fn notification(&self, profile: &Profile<'_>) -> Notification {
        let code = self.code.unwrap_or("");
        Notification {
            external: self.external.and_then(id),
            internal: self.internal.and_then(id),
            reference: self.reference.and_then(id),
            class: class_of(profile, Service::Notification, code),
            code: cut(code),
            total: stated(self.total),
            paid: stated(self.paid),
            balance_due: stated(self.balance),
            currency: self.currency.map(|code| Currency::parse(code).ok_or(NotACurrency)),
        }
    }
}
