//! Requests as bytes.

use heapless::Vec;

use super::object::Object;
use crate::credentials::{Credentials, Secret};
use crate::money::{AMOUNT_TEXT_MAX, Amount, AmountError, Currency};
use crate::profile::{Authentication, Instrument, Profile};

/// Room that a request body needs at most: every field at its longest (an instrument's name has at most 32 characters),
/// and every character of it escaped. A test holds the longest request against this number. Requests of the documents
/// have about 300 bytes; a buffer that is shorter is fine where the longest credentials and ids are known to fit.
pub const REQUEST_MAX: usize = 1104;

/// What a charge request or direct debit says. Texts are in UTF-8, as a charge keeps them.
#[derive(Clone, Copy)]
pub struct ChargeFields<'a> {
    /// `externalTrxId`, where the caller makes it.
    pub external: &'a [u8],
    /// The payer, verbatim.
    pub subscriber: &'a [u8],
    /// `accountId`; empty for none.
    pub account: &'a [u8],
    /// What is charged.
    pub instrument: &'a Instrument<'a>,
    /// How much.
    pub amount: Amount,
    /// In what.
    pub currency: Currency,
}

/// Why a request could not be written. The caller is to blame; nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum RequestFault {
    /// The buffer is too short for this request; [`REQUEST_MAX`] bytes are enough for any.
    BufferTooSmall,
    /// The carrier cannot express the amount.
    Amount(AmountError),
    /// A credential that the profile or the instrument needs is empty.
    MissingCredential,
}

impl core::fmt::Display for RequestFault {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            RequestFault::BufferTooSmall => out.write_str("the buffer is too small: give REQUEST_MAX bytes"),
            RequestFault::Amount(error) => error.fmt(out),
            RequestFault::MissingCredential => {
                out.write_str("a credential that the carrier wants is missing: check the configuration")
            }
        }
    }
}

impl core::error::Error for RequestFault {}

/// Writes a charge request or direct debit; the number of bytes written, or why not.
pub fn write_charge(
    profile: &Profile<'_>,
    credentials: &Credentials,
    fields: &ChargeFields<'_>,
    buffer: &mut [u8],
) -> Result<usize, RequestFault> {
    let mut amount = Vec::<u8, AMOUNT_TEXT_MAX>::new();
    fields.amount.put(profile.amount_format, &mut amount).map_err(RequestFault::Amount)?;
    if !has_credentials(profile, credentials, fields.instrument.agent_params) {
        return Err(RequestFault::MissingCredential);
    }
    if profile.charge_service.is_charge_request() {
        let mut object = Object::open(buffer);
        object.member("amount", &amount);
        object.member(profile.fields.subscriber, fields.subscriber);
        object.close()
    } else {
        write_debit(profile, credentials, fields, &amount, buffer)
    }
}

/// Writes a confirm for `reference`, a text in UTF-8.
pub fn write_confirm(reference: &[u8], buffer: &mut [u8]) -> Result<usize, RequestFault> {
    let mut object = Object::open(buffer);
    object.member("ref", reference);
    object.close()
}

/// Whether what the profile's authentication needs is there, and what an agent needs besides. The header of a client id
/// is the transport's to write, but a request that cannot be sent is better refused before it is made durable.
#[inline(never)]
pub(crate) fn has_credentials(profile: &Profile<'_>, given: &Credentials, agent_params: bool) -> bool {
    let is_there = |secret: &Secret| !secret.expose().is_empty();
    match profile.authentication {
        Authentication::ClientIdHeader(_) => is_there(&given.client),
        Authentication::InBody => {
            is_there(&given.application)
                && is_there(&given.password)
                && (!agent_params || (is_there(&given.agent_pin) && is_there(&given.agent_alias)))
        }
    }
}

fn write_debit(
    profile: &Profile<'_>,
    credentials: &Credentials,
    fields: &ChargeFields<'_>,
    amount: &[u8],
    buffer: &mut [u8],
) -> Result<usize, RequestFault> {
    let currency = fields.currency.to_bytes();
    let mut object = Object::open(buffer);
    let written = object
        .secret("applicationId", &credentials.application)
        .secret("password", &credentials.password)
        .member("externalTrxId", fields.external)
        .member(profile.fields.subscriber, fields.subscriber)
        .member(profile.fields.instrument, fields.instrument.name.as_bytes())
        .member("accountId", fields.account)
        .member("currency", if profile.send_currency { &currency[..] } else { &[] })
        .member("amount", amount);
    // The agent's parameters of eZ Cash, the one object within a request.
    if fields.instrument.agent_params {
        written
            .open_inner(profile.fields.params)
            .secret("ezcashAgentPin", &credentials.agent_pin)
            .secret("ezcashAgentAlias", &credentials.agent_alias)
            .close_inner();
    }
    object.close()
}
