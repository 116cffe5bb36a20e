//! What a status code means, by (profile, service, code).

mod family;

pub use family::{FAMILY, FamilyCode};

use crate::bytes::same;
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

/// What `code` means when it comes from `service` of the carrier: the profile's own rows first, those naming the
/// service before those that do not, then the family's table. What is listed nowhere is [`Class::Unknown`].
pub fn class_of(profile: &Profile<'_>, service: Service, code: &str) -> Class {
    class_of_bytes(profile, service, code.as_bytes())
}

/// As [`class_of`].
pub(crate) fn class_of_bytes(profile: &Profile<'_>, service: Service, code: &[u8]) -> Class {
    let mut class = None;
    for row in profile.codes.iter().filter(|row| same(row.code.as_bytes(), code)) {
        match row.service {
            Some(of) if of == service => return row.class,
            Some(_) => {}
            None => class = class.or(Some(row.class)),
        }
    }
    match class {
        Some(class) => class,
        None if profile.has_family_codes() => family::class_of(code),
        None => Class::Unknown,
    }
}

impl Class {
    /// Every class, in the order of their declaration.
    pub const ALL: [Class; 14] = [
        Class::Ok,
        Class::Pending,
        Class::NotApproved,
        Class::StillProcessing,
        Class::NotFound,
        Class::FailedListening,
        Class::AskAgain,
        Class::DeclinedUser,
        Class::HandsetBusy,
        Class::RejectedConfig,
        Class::RejectedRequest,
        Class::RetryLater,
        Class::DuplicateResolve,
        Class::Unknown,
    ];

    /// The class with this number in [`Class::ALL`]; [`Class::Unknown`] where there is none.
    fn of_number(number: u8) -> Class {
        match number {
            0 => Class::Ok,
            1 => Class::Pending,
            2 => Class::NotApproved,
            3 => Class::StillProcessing,
            4 => Class::NotFound,
            5 => Class::FailedListening,
            6 => Class::AskAgain,
            7 => Class::DeclinedUser,
            8 => Class::HandsetBusy,
            9 => Class::RejectedConfig,
            10 => Class::RejectedRequest,
            11 => Class::RetryLater,
            12 => Class::DuplicateResolve,
            _ => Class::Unknown,
        }
    }

    /// The class in words, for messages to the machine's operator.
    pub const fn as_str(self) -> &'static str {
        match self {
            Class::Ok => "executed",
            Class::Pending => "accepted, the payer must act",
            Class::NotApproved => "not approved",
            Class::StillProcessing => "still processing",
            Class::NotFound => "not found",
            Class::FailedListening => "failed, as far as the carrier says",
            Class::AskAgain => "wrong input, the payer may try again",
            Class::DeclinedUser => "declined by or for the payer",
            Class::HandsetBusy => "the handset is busy",
            Class::RejectedConfig => "rejected: check the provisioning",
            Class::RejectedRequest => "rejected: the request is wrong",
            Class::RetryLater => "refused for now",
            Class::DuplicateResolve => "an earlier send ran",
            Class::Unknown => "unclear, may have charged",
        }
    }
}

/// What is no number.
pub(crate) const NO_NUMBER: u32 = u32::MAX;

/// The number that is written with these digits, four at most; [`NO_NUMBER`] if they are none.
#[inline(never)]
pub(crate) fn number(digits: &[u8]) -> u32 {
    let mut number = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return NO_NUMBER;
        }
        number = u32::wrapping_mul(number, 10).wrapping_add(u32::from(digit & 0xF));
    }
    number
}
