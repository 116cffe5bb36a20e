//! The answer to a charge request, a direct debit or a confirm.

use core::fmt;

use crate::id::{CarrierId, PayerText, RawCode};
use crate::money::{Amount, Currency};
use crate::profile::{Profile, Service};
use crate::status_code::Class;

/// What the request said, for comparing with what the answer repeats.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// The `externalTrxId` that was sent, if the caller makes one.
    pub external: Option<&'a str>,
    /// The reference that a confirm asked about.
    pub reference: Option<&'a str>,
    /// The payer as sent.
    pub subscriber: &'a str,
    /// The amount as sent.
    pub amount: Amount,
    /// The currency as sent.
    pub currency: Currency,
}

/// What an answer says. Every status and every body has a reading; what cannot be understood reads as
/// [`Class::Unknown`], which keeps a charge in doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What it means.
    pub class: Class,
    /// The code or status as the carrier wrote it; empty if there is none.
    pub code: RawCode,
    /// Carrier's id of the transaction (`internalTrxId`).
    pub internal: Option<CarrierId>,
    /// What a confirm or the payer must name (`reference` at Mobitel, `referenceId` at eZ Cash).
    pub reference: Option<CarrierId>,
    /// `requestCorrelator`, which a one-time password is sent back with.
    pub correlator: Option<CarrierId>,
    /// What the carrier asks the payer for. It may differ from the sale's amount, which decides what is paid in full.
    pub amount_due: Option<Amount>,
    /// What the payer is to read: `shortDescription`, else `longDescription`, else `message`.
    pub payer_text: Option<PayerText>,
    /// A member that repeats the request and does not match it: the answer is not about this charge.
    pub mismatch: Option<Member>,
    /// Why the body could not be read, if so.
    pub fault: Option<WireFault>,
}

/// A member that an answer may repeat from the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Member {
    /// `externalTrxId`.
    External,
    /// `reference`.
    Reference,
    /// `subscriberId` or `customer`.
    Subscriber,
    /// `amount`.
    Amount,
    /// `currency`.
    Currency,
}

/// Why a body could not be read. The carrier, or something between, is to blame; the raw body belongs in a report to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum WireFault {
    /// Nothing came.
    Empty,
    /// Longer than the limit.
    TooLong,
    /// Nested deeper than the limit.
    TooDeep,
    /// Not UTF-8.
    NotUtf8,
    /// Not JSON (HTML, a cut text, …).
    NotJson,
    /// One member twice with different values.
    DuplicateMember,
}

impl fmt::Display for WireFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            WireFault::Empty => "the carrier's message is empty",
            WireFault::TooLong => "the carrier's message is longer than the limit",
            WireFault::TooDeep => "the carrier's message is nested deeper than the limit",
            WireFault::NotUtf8 => "the carrier's message is not UTF-8",
            WireFault::NotJson => "the carrier's message is not JSON",
            WireFault::DuplicateMember => "the carrier's message has one member twice with different values",
        })
    }
}

/// Reads the answer to `service` under the HTTP status `status`.
pub fn read(profile: &Profile<'_>, service: Service, expected: &Expected<'_>, status: u16, body: &[u8]) -> Reading {
    let _ = (profile, service, expected, status, body);
    todo!()
}
