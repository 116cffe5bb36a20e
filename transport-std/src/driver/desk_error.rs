//! Why a desk did not do what it was asked, who is to blame, and what to do.

use std::fmt;

use caas_core::charge::{Ignored, RecoverError, Refusal, StartRefused};
use caas_core::time::Millis;

use crate::http_client::{NotSent, SettingsError};
use crate::journal::{CapReached, JournalError};

/// Why a desk did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeskError {
    /// The HTTP client cannot be made.
    Settings(SettingsError),
    /// Nothing may be sent to the endpoint.
    Endpoint(NotSent),
    /// The desk has no carrier.
    NoCarrier,
    /// The desk has no carrier with this profile and, if one is named, at this endpoint.
    UnknownCarrier {
        /// Name of the profile.
        profile: String,
        /// Base URL; empty if any would do.
        endpoint: String,
    },
    /// The order cannot be charged.
    Refused(StartRefused),
    /// The sale has a charge with another amount, payer, currency or instrument (R11).
    SaleTaken,
    /// The payer has an open charge, for this sale (R11).
    SubscriberBusy {
        /// The other sale.
        sale: String,
    },
    /// A cap is reached.
    Cap(CapReached),
    /// Another task or process drives the charge.
    DrivenElsewhere,
    /// The lease was taken away while the charge was driven: somebody removed the lock file. Nothing was sent since.
    LeaseLost,
    /// No charge has this sale id.
    UnknownSale,
    /// The charge's records cannot be gone on with.
    Record(RecoverError),
    /// The charge does not allow that now.
    NotPossible(Refusal),
    /// The payer may still answer the earlier prompt, or the carrier still execute it.
    TooEarly {
        /// Milliseconds that are left.
        left: Millis,
    },
    /// The charge had no use for it.
    NotAccepted(Ignored),
    /// The journal failed.
    Journal(JournalError),
    /// The charge could not be started. The library is to blame.
    OpenRefused,
    /// The runtime is shutting down.
    Stopped,
}

impl DeskError {
    /// Whether the error proves that the call which returned it sent nothing. An earlier call for the same sale may have.
    pub fn nothing_sent(&self) -> bool {
        !matches!(self, DeskError::LeaseLost | DeskError::Stopped)
    }
}

impl fmt::Display for DeskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeskError::Settings(error) => error.fmt(f),
            DeskError::Endpoint(error) => error.fmt(f),
            DeskError::NoCarrier => f.write_str("configuration: the desk has no carrier; give it one"),
            DeskError::UnknownCarrier { profile, endpoint } if endpoint.is_empty() => {
                write!(f, "configuration: there is no carrier with the profile {profile}")
            }
            DeskError::UnknownCarrier { profile, endpoint } => write!(
                f,
                "configuration: there is no carrier with the profile {profile} at {endpoint}; \
                 the charge was made there and needs it"
            ),
            DeskError::Refused(refused) => write!(f, "order: {refused}"),
            DeskError::SaleTaken => f.write_str(
                "order: the sale has a charge already, with another amount, payer, currency or instrument; \
                 give a new sale id",
            ),
            DeskError::SubscriberBusy { sale } => write!(
                f,
                "order: the payer has an open charge for sale {sale}; wait for its end, or cancel it"
            ),
            DeskError::Cap(cap) => write!(f, "limit: {cap}; nothing was sent"),
            DeskError::DrivenElsewhere => {
                f.write_str("order: another process or task drives this charge; wait for it")
            }
            DeskError::LeaseLost => f.write_str(
                "system: the charge was taken over by another process; do not remove the journal's lock files",
            ),
            DeskError::UnknownSale => f.write_str("order: the journal has no charge for this sale"),
            DeskError::Record(error) => write!(f, "journal: {error}"),
            DeskError::NotPossible(refusal) => write!(f, "order: not possible now ({refusal:?})"),
            DeskError::TooEarly { left } => write!(
                f,
                "order: the payer may still answer the earlier prompt; ask again in {} s",
                left.div_ceil(1000)
            ),
            DeskError::NotAccepted(ignored) => write!(f, "order: without effect ({ignored:?})"),
            DeskError::Journal(error) => error.fmt(f),
            DeskError::OpenRefused => f.write_str("library: the charge did not start; report this"),
            DeskError::Stopped => f.write_str("system: the runtime is shutting down"),
        }
    }
}

impl std::error::Error for DeskError {}
