//! What a status code means, by (profile, service, code).

use crate::profile::{Profile, Service};

/// What a status code means for a charge. See `docs/carriers.md` for where each row comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Class {
    /// Executed. From an instrument with a further step: accepted, not paid.
    Ok,
    /// Accepted; the payer must act.
    Pending,
    /// Mobitel's confirm: the payer has not approved (yet). Asked after the window's end, it ends the attempt.
    NotApproved,
    /// The carrier is still working on it; ask again.
    StillProcessing,
    /// The carrier does not know the transaction (yet).
    NotFound,
    /// Not charged as far as the carrier says; the sale fails, a later success still counts.
    FailedListening,
    /// The payer may repeat the input (a one-time password).
    AskAgain,
    /// Not charged; only a new act of the payer can change that.
    DeclinedUser,
    /// Not charged; the handset is busy in another session: repeatable, with its own back-off.
    HandsetBusy,
    /// Not charged; somebody must change the provisioning or the configuration.
    RejectedConfig,
    /// Not charged; the request is wrong.
    RejectedRequest,
    /// Refused before charging: the same id again, later.
    RetryLater,
    /// An earlier send of this id ran: resolve that one. Neither paid nor failed by itself.
    DuplicateResolve,
    /// May have charged. Every unlisted code is here.
    Unknown,
}

/// One row of a code table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeRow<'p> {
    /// The service that the row is for; `None`: all.
    pub service: Option<Service>,
    /// The code as it is on the wire; numbers and strings are the same.
    pub code: &'p str,
    /// What it means.
    pub class: Class,
}

/// The codes of the hSenid family.
pub const FAMILY: &[CodeRow<'static>] = &[];

/// What `code` means when it comes from `service` of the carrier: the profile's own rows first, those naming the
/// service before those that do not, then the family's table. What is listed nowhere is [`Class::Unknown`].
pub fn class_of(profile: &Profile<'_>, service: Service, code: &str) -> Class {
    let _ = (profile, service, code);
    Class::Unknown
}
