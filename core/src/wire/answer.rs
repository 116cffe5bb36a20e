//! The answer to a charge request, a direct debit or a confirm.

use core::fmt;

use heapless::String;

use super::members::{Members, letters};
use super::text::Text;
use super::verdict::{Codes, verdict};
use crate::id::{CarrierId, PayerText, RawCode, SUBSCRIBER_MAX, telephone_number};
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
    let mut reading = Reading::NOTHING;
    read_into(&mut reading, profile, service, expected, status, body);
    reading
}

/// As [`read`], into [`Reading::NOTHING`]: a reading is the largest thing on the way of an answer, and a copy of it would
/// be the second largest.
pub(crate) fn read_into(
    reading: &mut Reading,
    profile: &Profile<'_>,
    service: Service,
    expected: &Expected<'_>,
    status: u16,
    body: &[u8],
) {
    if let Err(fault) = reading.fill(profile, service, expected, status, body) {
        reading.class = verdict(profile, service, status, &Codes::NONE);
        reading.fault = Some(fault);
    }
}

/// The members of an answer, as numbers of their names. Short names are first, for they are looked for first: a message
/// has room to repeat them more often than long ones.
#[derive(Clone, Copy)]
enum Name {
    Code,
    Amount,
    Message,
    Customer,
    Receiver,
    Currency,
    HttpCode,
    AmountDue,
    Reference,
    SubscriberId,
    External,
    Internal,
    MoreInformation,
    LongDescription,
    ShortDescription,
    Correlator,
}

/// Their names. The two families name the code and the reference differently, and each name of the other family could
/// mean anything.
const fn names(service: Service) -> &'static [&'static str; 16] {
    match service {
        Service::ChargeRequest | Service::Confirm => &const { names_with("status", "reference") },
        _ => &const { names_with("statusCode", "referenceId") },
    }
}

const fn names_with(code: &'static str, reference: &'static str) -> [&'static str; 16] {
    let mut names = [""; 16];
    names[Name::Code as usize] = code;
    names[Name::HttpCode as usize] = "httpCode";
    names[Name::MoreInformation as usize] = "moreInformation";
    names[Name::External as usize] = "externalTrxId";
    names[Name::Internal as usize] = "internalTrxId";
    names[Name::Reference as usize] = reference;
    names[Name::Correlator as usize] = "requestCorrelator";
    names[Name::ShortDescription as usize] = "shortDescription";
    names[Name::LongDescription as usize] = "longDescription";
    names[Name::Message as usize] = "message";
    names[Name::SubscriberId as usize] = "subscriberId";
    names[Name::Customer as usize] = "customer";
    names[Name::Receiver as usize] = "receiver";
    names[Name::AmountDue as usize] = "amountDue";
    names[Name::Amount as usize] = "amount";
    names[Name::Currency as usize] = "currency";
    letters(names)
}

/// Where what the payer is to read may stand.
const TEXTS: [usize; 3] =
    [Name::ShortDescription as usize, Name::LongDescription as usize, Name::Message as usize];
/// Where the payer may stand.
const PAYERS: [usize; 3] = [Name::SubscriberId as usize, Name::Customer as usize, Name::Receiver as usize];

impl Reading {
    pub(crate) const NOTHING: Reading = Reading {
        class: Class::Unknown,
        code: RawCode::new(),
        internal: None,
        reference: None,
        correlator: None,
        amount_due: None,
        payer_text: None,
        mismatch: None,
        fault: None,
    };

    fn fill(
        &mut self,
        profile: &Profile<'_>,
        service: Service,
        expected: &Expected<'_>,
        status: u16,
        body: &[u8],
    ) -> Result<(), WireFault> {
        let mut found = Members::new();
        found.find(body, names(service))?;
        let text = |name: Name| found.text(name as usize);
        let codes = Codes {
            application: text(Name::Code),
            gateway: text(Name::HttpCode),
            more: text(Name::MoreInformation),
        };
        self.class = verdict(profile, service, status, &codes);
        self.code = codes.raw();
        self.internal = found.id(Name::Internal as usize);
        self.correlator = found.id(Name::Correlator as usize);
        self.reference = found.id(Name::Reference as usize);
        self.amount_due = text(Name::AmountDue).and_then(|due| due.amount().ok());
        let payer_text = found.first(&TEXTS).map(Text::unquoted);
        if let Some(text) = payer_text.filter(|text| !text.is_blank()) {
            text.put(self.payer_text.insert(PayerText::new()));
        }
        let other_amount = |said: Text<'_>| said.amount() != Ok(expected.amount);
        let other_currency = |said: Text<'_>| said.currency() != Ok(expected.currency);
        // The first member that is there and does not match (R08).
        self.mismatch = if other_id(text(Name::External), expected.external) {
            Some(Member::External)
        } else if other_id(text(Name::Reference), expected.reference) {
            Some(Member::Reference)
        } else if found.first(&PAYERS).is_some_and(|said| other_payer(said, expected.subscriber)) {
            Some(Member::Subscriber)
        } else if text(Name::Amount).is_some_and(other_amount) {
            Some(Member::Amount)
        } else if text(Name::Currency).is_some_and(other_currency) {
            Some(Member::Currency)
        } else {
            None
        };
        Ok(())
    }
}

/// Whether an id is there that is not the expected one. An empty one names nothing.
#[inline(never)]
fn other_id(said: Option<Text<'_>>, expected: Option<&str>) -> bool {
    match (said, expected) {
        (None, _) | (_, None) => false,
        (Some(said), Some(expected)) => !said.is_empty() && !said.is(expected),
    }
}

/// Whether two ids are telephone numbers, and of different telephones. Masked ids and user names are left alone: the
/// carrier may answer with another name for the same payer.
#[inline(never)]
fn other_payer(said: Text<'_>, expected: &str) -> bool {
    let mut kept = String::<{ SUBSCRIBER_MAX + 1 }>::new();
    said.put(&mut kept);
    match (telephone_number(&kept), telephone_number(expected)) {
        (Some(said), Some(expected)) => said != expected,
        _ => false,
    }
}
