//! What a carrier can do, as data. A new brand is a new [`Profile`], not new code.
//!
//! Take a shipped one and change what differs:
//!
//! ```
//! use caas_core::profile::{self, Profile, Windows};
//! let dialog = profile::dialog();
//! let patient = Profile { windows: Windows { consent: 600_000, ..dialog.windows }, ..dialog };
//! assert_eq!(patient.windows.consent, 600_000);
//! ```

mod built;
mod dialog;
mod ideamart;
mod mobitel;

pub use dialog::{DIALOG_EZCASH, dialog};
pub use ideamart::ideamart;
pub use mobitel::mobitel;

use crate::bytes::same;
use crate::money::{Amount, AmountFormat, Currency};
use crate::status_code::{Class, CodeRow};
use crate::time::Millis;

/// Longest name of a profile: it stands in every journal record.
pub const PROFILE_NAME_MAX: usize = 16;

/// A request to the carrier, or what the carrier sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Service {
    /// Mobitel's charge request: asks the payer for consent.
    // From 1, as all that a charge keeps and may have none of: a charge begins with zeros.
    ChargeRequest = 1,
    /// Mobitel's confirm: asks whether consent was given; may complete the charge.
    Confirm,
    /// Direct debit of the Ideamart family.
    DirectDebit,
    /// Query balance.
    BalanceQuery,
    /// List payment instruments.
    InstrumentList,
    /// Charging notification, from the carrier.
    Notification,
}

/// Everything that this library needs to know about a carrier. What is asked for most stands first, where a short
/// instruction of a microcontroller reaches it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Profile<'p> {
    /// The request that starts a charge, [`Service::ChargeRequest`] or [`Service::DirectDebit`].
    pub charge_service: Service,
    /// Whether the caller makes the transaction's id (`externalTrxId`).
    pub client_makes_id: bool,
    /// Whether the carrier executes a repeated id once. Only then is a lost charge request sent again.
    pub deduplicates: bool,
    /// Whether a throttled charge request (429, per-second and per-day limits) may be sent again by itself.
    pub resend_throttled: bool,
    /// What a notification's `totalAmount` means.
    pub total_means: TotalMeaning,
    /// Which notifications count towards confirming, by their `internalTrxId`.
    pub internal_id: InternalIdRule,
    /// Whether the family's status code table ([`crate::status_code::FAMILY`]) applies after `codes`.
    pub family_codes: bool,
    /// How amounts are written.
    pub amount_format: AmountFormat,
    /// Whether requests name the currency.
    pub send_currency: bool,
    /// How often to try.
    pub limits: Limits,
    /// Windows and deadlines.
    pub windows: Windows,
    /// How often to ask.
    pub polling: Polling,
    /// Classes of this profile's codes that differ from the family's table or are not in it; read first.
    pub codes: &'p [CodeRow<'p>],
    /// HTTP statuses of a gateway that are known not to have executed, and bodies that say so.
    pub gateway: &'p [GatewayRule<'p>],
    /// What can be charged. The first is taken where the caller names none.
    pub instruments: &'p [Instrument<'p>],
    /// Currencies that the carrier takes; the first is taken where the caller names none.
    pub currencies: &'p [Currency],
    /// Short name, at most [`PROFILE_NAME_MAX`] characters; stands in journal records.
    pub name: &'p str,
    /// Base URL of the carrier's production system; what the caller configures goes before it.
    pub endpoint: &'p str,
    /// How the application proves who it is.
    pub authentication: Authentication<'p>,
    /// Paths of the services below the endpoint.
    pub paths: Paths<'p>,
    /// Names of members that differ by brand.
    pub fields: FieldNames<'p>,
    /// Amounts provisioned at the carrier; empty means any. (Ideamart: "must use a pre-defined specific amount".)
    pub price_points: &'p [Amount],
}

/// How the application proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication<'p> {
    /// A client id in the header of this name.
    ClientIdHeader(&'p str),
    /// `applicationId` and `password` in the body.
    InBody,
}

/// Paths of the services, each with its leading slash. `None`: the carrier does not offer the service.
#[derive(Clone, Copy, Debug)]
pub struct Paths<'p> {
    /// Charge request or direct debit.
    pub charge: &'p str,
    /// Confirm.
    pub confirm: Option<&'p str>,
    /// Query balance.
    pub balance: Option<&'p str>,
    /// List payment instruments.
    pub instruments: Option<&'p str>,
}

/// Names of members that differ by brand.
#[derive(Clone, Copy, Debug)]
pub struct FieldNames<'p> {
    /// The payer in a charge request: `customer` (or `receiver`) at Mobitel, `subscriberId` elsewhere.
    pub subscriber: &'p str,
    /// The instrument: `paymentInstrument` at api.ideamart.io, `paymentInstrumentName` elsewhere.
    pub instrument: &'p str,
    /// The optional map: `additionalParams`, or `extra`.
    pub params: &'p str,
}

/// Something that can be charged.
#[derive(Clone, Copy, Debug)]
pub struct Instrument<'p> {
    /// The name on the wire; empty where the carrier has no such field (Mobitel).
    pub name: &'p str,
    /// How the payer consents.
    pub consent: Consent,
    /// Which request moves the money.
    pub captures_at: CapturesAt,
    /// Whether the agent's PIN and alias go along (eZ Cash).
    pub agent_params: bool,
}

/// How the payer consents. One-time passwords join here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Consent {
    /// Not at all: a synchronous instrument, the answer to the debit says what happened.
    None,
    /// By a prompt on the phone; `confirm` asks whether it was given.
    Prompt,
    /// By dialling; charging notifications tell of payments.
    Dialled,
}

/// Which request moves the money. Such a request is never sent once the sale is closed, nor for an attempt while
/// another one is paid or in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum CapturesAt {
    /// The charge request itself.
    Request,
    /// The payer's consent; asking is harmless.
    Consent,
    /// `confirm`.
    Confirm,
    /// Not documented: every request may.
    Unknown,
}

/// What `totalAmount` of a notification means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TotalMeaning {
    /// What was paid so far for the payment reference.
    PaidSoFar,
    /// The price; what was paid is the price less `balanceDue` (newer mSpace and Applink documents).
    Price,
}

/// Which notifications count towards confirming once an answer named an `internalTrxId`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InternalIdRule {
    /// Those with that id or with a reference already known; money under another id is recorded, keeps the charge in
    /// doubt and needs review.
    MustMatch,
    /// All of the charge's `externalTrxId`, for carriers that are seen to change the id between answer and
    /// notification.
    Any,
}

/// A gateway's answer that is not the carrier's application speaking.
#[derive(Clone, Copy, Debug)]
pub struct GatewayRule<'p> {
    /// The HTTP status, or `httpCode` of a body in IBM's form even if that came under HTTP 200.
    pub status: u16,
    /// A text that must be part of `moreInformation`; empty: any.
    pub contains: &'p str,
    /// What it means.
    pub class: Class,
}

/// Windows and deadlines, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Windows {
    /// How long the transport has to bring an answer; after it the request counts as maybe sent.
    pub answer: Millis,
    /// How long the payer has to consent, from the answer to the charge request. No new attempt before.
    pub consent: Millis,
    /// How long the carrier may still execute a request whose answer was lost, from the loss. No new attempt before,
    /// and no earlier review.
    pub execution: Millis,
    /// How long a sale stays open, from its start, unless the caller says otherwise.
    pub sale: Millis,
    /// How long a closed charge keeps listening for notifications in its active slot.
    pub listen: Millis,
}

/// How often to ask `confirm`, in milliseconds. The pause doubles from `first` to `most`.
#[derive(Clone, Copy, Debug)]
pub struct Polling {
    /// The first pause.
    pub first: Millis,
    /// The longest pause.
    pub most: Millis,
}

/// How often to try. The counts survive a restart.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Attempts of one charge, at most [`ATTEMPTS_MAX`](crate::charge::ATTEMPTS_MAX).
    pub attempts: u8,
    /// Sends of one attempt's charge request, at most [`SENDS_MAX`](crate::charge::SENDS_MAX).
    pub sends: u8,
    /// Times that `confirm` is asked for one charge.
    pub confirms: u8,
    /// Largest amount of one charge.
    pub amount: Amount,
    /// Largest amount that is released on notifications alone, without an answer that says "executed".
    pub notified_release: Amount,
}

impl<'p> Profile<'p> {
    /// The instrument of that name, or the first one for `None`.
    pub fn instrument(&self, name: Option<&str>) -> Option<(u8, &Instrument<'p>)> {
        match name {
            None => Some((0, self.instruments.first()?)),
            Some(name) => self.instrument_named(name.as_bytes()),
        }
    }

    /// The instrument of that name.
    pub(crate) fn instrument_named(&self, name: &[u8]) -> Option<(u8, &Instrument<'p>)> {
        (0..).zip(self.instruments).find(|(_, instrument)| same(instrument.name.as_bytes(), name))
    }

    /// The path of a service, or `None` where the carrier does not offer it.
    pub fn path(&self, service: Service) -> Option<&'p str> {
        match service {
            Service::ChargeRequest | Service::DirectDebit => Some(self.paths.charge),
            Service::Confirm => self.paths.confirm,
            Service::BalanceQuery => self.paths.balance,
            Service::InstrumentList => self.paths.instruments,
            Service::Notification => None,
        }
    }
}
