//! Charging notifications, from the carrier to the application, and their acknowledgement.

use super::answer::WireFault;
use super::members::Members;
use super::names::{NOTIFICATION, Name};
use super::text::Text;
use super::verdict::verdict;
use crate::id::{CarrierId, RawCode};
use crate::money::{Amount, AmountError, Currency};
use crate::profile::{Profile, Service};
use crate::status_code::Class;

/// The acknowledgement that says "received": sent once the notification, or its quarantine, is durable.
pub const RECEIVED: &[u8] = br#"{"statusCode":"S1000","statusDetail":"Success"}"#;

/// The answer to what is no notification, as the vendor's receiver gives it (under HTTP 200).
pub const NOT_UNDERSTOOD: &[u8] = br#"{"statusCode":"E1601","statusDetail":"Not a charging notification"}"#;

/// What a notification stands under: it is no answer, so that only its code says something.
const OK: u16 = 200;

/// A charging notification as it plainly reads. What it is worth is decided in [`crate::charge`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// `externalTrxId`; empty if there is none. An id that is too long, or cannot be one, is no evidence and reads as none.
    pub external: CarrierId,
    /// `internalTrxId`, likewise.
    pub internal: CarrierId,
    /// `referenceId`, likewise.
    pub reference: CarrierId,
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
    /// This much.
    Amount(Amount),
    /// Something that is no amount.
    Bad(AmountError),
    /// Not there, or null.
    Absent,
}

/// A currency member that holds no currency code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotACurrency;

/// Reads a notification: JSON, or with the feature `dump-notification` the single-quoted dump that the Dialog document
/// shows. The error says why it is neither. Dates are not looked at: their formats differ, and nothing depends on them.
pub fn read(profile: &Profile<'_>, body: &[u8]) -> Result<Notification, WireFault> {
    let mut place = None;
    read_in(&mut place, profile, body)?;
    // Without a fault there is one.
    place.ok_or(WireFault::NotJson)
}

/// As [`read`], where the notification is to stay, without a copy. With an error, nothing is there.
pub fn read_in(
    place: &mut Option<Notification>,
    profile: &Profile<'_>,
    body: &[u8],
) -> Result<(), WireFault> {
    *place = None;
    let mut found = Members::new();
    find(&mut found, body).map_err(|fault| fault.of(body))?;
    let read = place.insert(Notification {
        external: CarrierId::new(),
        internal: CarrierId::new(),
        reference: CarrierId::new(),
        class: Class::Unknown,
        code: RawCode::new(),
        total: Stated::Absent,
        paid: Stated::Absent,
        balance_due: Stated::Absent,
        currency: None,
    });
    read.class = verdict(profile, Service::Notification, OK, &found, &mut read.code);
    read.total = found.stated(Name::Total as usize);
    read.paid = found.stated(Name::Paid as usize);
    read.balance_due = found.stated(Name::BalanceDue as usize);
    read.currency = found.text(Name::Currency as usize).map(Text::currency);
    found.put_id(Name::External as usize, &mut read.external);
    found.put_id(Name::Internal as usize, &mut read.internal);
    found.put_id(Name::Reference as usize, &mut read.reference);
    Ok(())
}

#[cfg(not(feature = "dump-notification"))]
fn find<'a>(members: &mut Members<'a>, body: &'a [u8]) -> Result<(), WireFault> {
    members.find(body, &NOTIFICATION)
}

/// JSON first: what is both is what live traffic is.
#[cfg(feature = "dump-notification")]
fn find<'a>(members: &mut Members<'a>, body: &'a [u8]) -> Result<(), WireFault> {
    match members.find(body, &NOTIFICATION) {
        Err(WireFault::NotJson) => members.find_in_dump(body, &NOTIFICATION),
        found => found,
    }
}
