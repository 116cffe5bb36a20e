//! The answer to a charge request, a direct debit or a confirm.

use core::fmt;

use serde::Deserialize;

use super::canonical::{AMOUNT_KEPT, CURRENCY_KEPT, Canonical, ID_KEPT, amount, cut, id, room};
use super::scan::{Found, find};
use super::verdict::{Codes, verdict};
use crate::id::{
    CarrierId, PAYER_TEXT_MAX, PayerText, RAW_CODE_MAX, RawCode, SUBSCRIBER_MAX, telephone_number,
};
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

impl core::error::Error for WireFault {}

/// Reads the answer to `service` under the HTTP status `status`. Whatever comes has a reading.
///
/// [`Reading::class`] already accounts for [`Reading::fault`]: a body that cannot be read is at most what the profile
/// says of the HTTP status alone. It does not account for [`Reading::mismatch`].
pub fn read(
    profile: &Profile<'_>,
    service: Service,
    expected: &Expected<'_>,
    status: u16,
    body: &[u8],
) -> Reading {
    let mut canonical = Canonical::new();
    match collect(service, body, &mut canonical).and_then(|()| canonical.read::<Said<'_>>()) {
        Ok(said) => said.reading(verdict(profile, service, status, &said.codes()), expected),
        Err(fault) => unreadable(verdict(profile, service, status, &Codes::NONE), fault),
    }
}

/// Bytes that are kept of a text for the payer, with room for some escapes; a text of quotes is cut earlier.
const TEXT_KEPT: usize = PAYER_TEXT_MAX + 16;

/// Bytes that are kept of a gateway's explanation, which rules look into.
const MORE_KEPT: usize = 64;

/// Room that all known members need together, each at its longest.
const CANONICAL_MAX: usize = 2
    + 2 * room("gateway", RAW_CODE_MAX + 1)
    + room("more", MORE_KEPT)
    + 4 * room("correlator", ID_KEPT)
    + 2 * room("amount", AMOUNT_KEPT)
    + room("text", TEXT_KEPT)
    + room("subscriber", SUBSCRIBER_MAX + 1)
    + room("currency", CURRENCY_KEPT);

/// Writes the known members of `body`. Not inlined, so that its own frame is gone when the members are read.
#[inline(never)]
fn collect(service: Service, body: &[u8], canonical: &mut Canonical<CANONICAL_MAX>) -> Result<(), WireFault> {
    // The two families name the same things differently, and each name of the other family could mean anything.
    let (code_name, reference_name) = match service {
        Service::ChargeRequest | Service::Confirm => ("status", "reference"),
        _ => ("statusCode", "referenceId"),
    };
    let names = [
        code_name,
        "httpCode",
        "moreInformation",
        "externalTrxId",
        "internalTrxId",
        reference_name,
        "requestCorrelator",
        "shortDescription",
        "longDescription",
        "message",
        "subscriberId",
        "customer",
        "receiver",
        "amountDue",
        "amount",
        "currency",
    ];
    let mut found = [Found::Missing; 16];
    find(body, &names, &mut found)?;
    let [code, gateway, more, external, internal, reference, correlator, rest @ ..] = &found;
    let [short, long, message, subscriber, customer, receiver, due, amount, currency] = rest;
    canonical.add("code", *code, RAW_CODE_MAX + 1)?;
    canonical.add("gateway", *gateway, RAW_CODE_MAX + 1)?;
    canonical.add("more", *more, MORE_KEPT)?;
    canonical.add("external", *external, ID_KEPT)?;
    canonical.add("internal", *internal, ID_KEPT)?;
    canonical.add("reference", *reference, ID_KEPT)?;
    canonical.add("correlator", *correlator, ID_KEPT)?;
    canonical.add("due", *due, AMOUNT_KEPT)?;
    canonical.add("text", short.or(*long).or(*message), TEXT_KEPT)?;
    canonical.add("subscriber", subscriber.or(*customer).or(*receiver), SUBSCRIBER_MAX + 1)?;
    canonical.add("amount", *amount, AMOUNT_KEPT)?;
    canonical.add("currency", *currency, CURRENCY_KEPT)?;
    canonical.close()
}

/// The known members, still as canonical text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said<'a> {
    #[serde(borrow)]
    code: Option<&'a str>,
    gateway: Option<&'a str>,
    more: Option<&'a str>,
    external: Option<&'a str>,
    internal: Option<&'a str>,
    reference: Option<&'a str>,
    correlator: Option<&'a str>,
    due: Option<&'a str>,
    text: Option<&'a str>,
    subscriber: Option<&'a str>,
    amount: Option<&'a str>,
    currency: Option<&'a str>,
}

impl<'a> Said<'a> {
    fn codes(&self) -> Codes<'a> {
        Codes { application: self.code, gateway: self.gateway, more: self.more.unwrap_or("") }
    }

    fn reading(&self, class: Class, expected: &Expected<'_>) -> Reading {
        Reading {
            class,
            code: cut(self.codes().raw().trim()),
            internal: self.internal.and_then(id),
            reference: self.reference.and_then(id),
            correlator: self.correlator.and_then(id),
            amount_due: self.due.and_then(|due| amount(due).ok()),
            payer_text: self.text.map(unquoted).filter(|text| !text.trim().is_empty()).map(cut),
            mismatch: self.mismatch(expected),
            fault: None,
        }
    }

    /// The first member that is there and does not match (R08).
    fn mismatch(&self, expected: &Expected<'_>) -> Option<Member> {
        let other_amount = |said| amount(said) != Ok(expected.amount);
        let other_currency = |said| Currency::parse(said) != Some(expected.currency);
        let checks = [
            (Member::External, other_id(self.external, expected.external)),
            (Member::Reference, other_id(self.reference, expected.reference)),
            (Member::Subscriber, self.subscriber.is_some_and(|said| other_payer(said, expected.subscriber))),
            (Member::Amount, self.amount.is_some_and(other_amount)),
            (Member::Currency, self.currency.is_some_and(other_currency)),
        ];
        checks.into_iter().find(|(_, differs)| *differs).map(|(member, _)| member)
    }
}

/// The reading of a body that cannot be read.
fn unreadable(class: Class, fault: WireFault) -> Reading {
    Reading {
        class,
        code: RawCode::new(),
        internal: None,
        reference: None,
        correlator: None,
        amount_due: None,
        payer_text: None,
        mismatch: None,
        fault: Some(fault),
    }
}

/// Whether an id is there that is not the expected one. An empty one names nothing.
fn other_id(said: Option<&str>, expected: Option<&str>) -> bool {
    match (said, expected) {
        (None | Some(""), _) | (_, None) => false,
        (Some(said), Some(expected)) => said != expected,
    }
}

/// Whether two ids are telephone numbers, and of different telephones. Masked ids and user names are left alone: the
/// carrier may answer with another name for the same payer.
fn other_payer(said: &str, expected: &str) -> bool {
    match (telephone_number(said), telephone_number(expected)) {
        (Some(said), Some(expected)) => said != expected,
        _ => false,
    }
}

/// The text without one pair of quotes around it: eZ Cash sends its short description in quotes.
fn unquoted(text: &str) -> &str {
    // Canonical text has a backslash before each quote.
    text.strip_prefix("\\\"").and_then(|rest| rest.strip_suffix("\\\"")).unwrap_or(text)
}
