//! The answer to a charge request, a direct debit or a confirm.

use core::fmt;

use heapless::Vec;

use super::members::Members;
use super::names::{CHARGE_ANSWER, DEBIT_ANSWER, Name};
use super::notification::Stated;
use super::text::{Text, is_blank};
use super::verdict::verdict;
use crate::bytes::same;
use crate::id::{CarrierId, CarrierText, PayerText, RawCode, SUBSCRIBER_MAX, telephone_number};
use crate::money::{Amount, Currency};
use crate::profile::{Profile, Service};
use crate::status_code::Class;
use crate::utf8::is_utf8;

/// What the request said, for comparing with what the answer repeats. Texts are in UTF-8, as a charge keeps them.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// The `externalTrxId` that was sent, if the caller makes one.
    pub external: Option<&'a [u8]>,
    /// The reference that a confirm asked about.
    pub reference: Option<&'a [u8]>,
    /// The payer as sent.
    pub subscriber: &'a [u8],
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

impl WireFault {
    /// This, or what is the reason of it: a reader tells only that a body is not JSON.
    pub(super) fn of(self, body: &[u8]) -> Self {
        if self == WireFault::NotJson && !is_utf8(body) { WireFault::NotUtf8 } else { self }
    }
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
    let mut answer = Answer::new();
    let fault = answer.read(profile, service, status, body).err();
    let mut payer_text = PayerText::new();
    answer.put_payer_text(&mut payer_text);
    Reading {
        class: answer.class,
        internal: there(answer.id(Name::Internal)),
        reference: there(answer.id(Name::Reference)),
        correlator: there(answer.id(Name::Correlator)),
        amount_due: answer.amount_due(),
        payer_text: there(payer_text),
        mismatch: answer.mismatch(expected),
        fault: fault.map(|fault| fault.of(body)),
        code: answer.code,
    }
}

fn there<const N: usize>(text: CarrierText<N>) -> Option<CarrierText<N>> {
    if text.is_empty() { None } else { Some(text) }
}

/// An answer, of which what is not asked for stays in its bytes: what [`Reading`] has of it in full.
pub(crate) struct Answer<'b> {
    found: Members<'b>,
    pub class: Class,
    pub code: RawCode,
}

impl<'b> Answer<'b> {
    /// Nothing was read yet: what is read fills it in place.
    pub fn new() -> Self {
        Answer { found: Members::new(), class: Class::Unknown, code: RawCode::new() }
    }

    /// Takes what an answer says, as [`read`] does. What has a fault has a class all the same.
    pub fn read(
        &mut self,
        profile: &Profile<'_>,
        service: Service,
        status: u16,
        body: &'b [u8],
    ) -> Result<(), WireFault> {
        let is_charge = service.is_charge_request() || service.is_confirm();
        let names = if is_charge { &CHARGE_ANSWER } else { &DEBIT_ANSWER };
        let found = self.found.find(body, names);
        self.class = verdict(profile, service, status, &self.found, &mut self.code);
        found
    }

    /// Puts the id under a name; nothing if there is none.
    pub fn put_id(&self, name: Name, id: &mut CarrierId) {
        self.found.put_id(name as usize, id);
    }

    /// The id under a name; empty if there is none.
    fn id(&self, name: Name) -> CarrierId {
        let mut id = CarrierId::new();
        self.put_id(name, &mut id);
        id
    }

    /// [`Reading::amount_due`].
    pub fn amount_due(&self) -> Option<Amount> {
        match self.found.stated(Name::AmountDue as usize) {
            Stated::Amount(due) => Some(due),
            Stated::Bad(_) | Stated::Absent => None,
        }
    }

    /// Puts [`Reading::payer_text`]; nothing if there is none.
    pub fn put_payer_text(&self, kept: &mut PayerText) {
        self.found.first(Name::ShortDescription as usize).unquoted().put(kept.bytes_mut());
        if is_blank(kept.as_bytes()) {
            kept.bytes_mut().clear();
        }
    }

    /// The first member that is there and does not match (R08).
    pub fn mismatch(&self, expected: &Expected<'_>) -> Option<Member> {
        let text = |name: Name| self.found.text(name as usize);
        let other_amount = |said: Stated| match said {
            Stated::Absent => false,
            Stated::Amount(amount) => amount != expected.amount,
            Stated::Bad(_) => true,
        };
        let other_currency = |said: Text<'_>| said.currency() != Ok(expected.currency);
        if expected.external.is_some_and(|id| is_other_id(text(Name::External), id)) {
            Some(Member::External)
        } else if expected.reference.is_some_and(|id| is_other_id(text(Name::Reference), id)) {
            Some(Member::Reference)
        } else if other_payer(self.found.first(Name::SubscriberId as usize), expected.subscriber) {
            Some(Member::Subscriber)
        } else if other_amount(self.found.stated(Name::Amount as usize)) {
            Some(Member::Amount)
        } else if text(Name::Currency).is_some_and(other_currency) {
            Some(Member::Currency)
        } else {
            None
        }
    }
}

/// Whether an id is there that is not the expected one. An empty one names nothing.
#[inline(never)]
fn is_other_id(said: Option<Text<'_>>, expected: &[u8]) -> bool {
    said.is_some_and(|said| said.len() != 0 && !said.is(expected))
}

/// Whether two ids are telephone numbers, and of different telephones. Masked ids and user names are left alone: the
/// carrier may answer with another name for the same payer.
#[inline(never)]
fn other_payer(said: Text<'_>, expected: &[u8]) -> bool {
    let mut kept = Vec::<u8, { SUBSCRIBER_MAX + 1 }>::new();
    said.put(&mut kept);
    match (telephone_number(&kept), telephone_number(expected)) {
        (Some(said), Some(expected)) => !same(said, expected),
        _ => false,
    }
}
