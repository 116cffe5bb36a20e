//! Requests as bytes.

use crate::credentials::Credentials;
use crate::money::{Amount, AmountError, Currency};
use crate::profile::{Instrument, Profile};

/// Room that a request body needs at most: every field at its longest, and every character of it escaped where it can be.
pub const REQUEST_MAX: usize = 768;

/// What a charge request or direct debit says.
#[derive(Clone, Copy)]
pub struct ChargeFields<'a> {
    /// `externalTrxId`, where the caller makes it.
    pub external: &'a str,
    /// The payer, verbatim.
    pub subscriber: &'a str,
    /// `accountId`, if any.
    pub account: Option<&'a str>,
    /// What is charged.
    pub instrument: &'a Instrument<'a>,
    /// How much.
    pub amount: Amount,
    /// In what.
    pub currency: Currency,
}

/// Why a request could not be written. The caller is to blame; nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum RequestFault {
    /// The buffer is shorter than [`REQUEST_MAX`] and too short for this request.
    BufferTooSmall,
    /// The carrier cannot express the amount.
    Amount(AmountError),
    /// A credential that the profile or the instrument needs is empty.
    MissingCredential,
}

/// Writes a charge request or direct debit; the number of bytes written, or why not.
pub fn write_charge(
    profile: &Profile<'_>,
    credentials: &Credentials,
    fields: &ChargeFields<'_>,
    buffer: &mut [u8],
) -> Result<usize, RequestFault> {
    let _ = (profile, credentials, fields, buffer);
    todo!()
}

/// Writes a confirm for `reference`.
pub fn write_confirm(reference: &str, buffer: &mut [u8]) -> Result<usize, RequestFault> {
    let _ = (reference, buffer);
    todo!()
}
