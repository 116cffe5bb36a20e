//! What this build of the crate can do: its features. What is left out costs no flash, and a charge that would need it
//! is refused before anything is sent or read.

use super::{CapturesAt, Consent, Instrument, Profile, Service};

const DEBITS: bool = cfg!(feature = "debits");
const NOTIFICATIONS: bool = cfg!(feature = "notifications");
const PROMPTS: bool = cfg!(feature = "prompts");

impl<'p> Profile<'p> {
    /// Whether this build has all that a charge of this instrument needs.
    pub(crate) fn is_built_in(&self, instrument: &Instrument<'_>) -> bool {
        let asked = match self.charge_service {
            // Its answers are read by the family's codes, which are left out with debits.
            Service::ChargeRequest => PROMPTS && (DEBITS || !self.family_codes),
            _ => DEBITS,
        };
        let consented = match instrument.consent {
            Consent::None => DEBITS,
            Consent::Prompt => PROMPTS,
            Consent::Dialled => NOTIFICATIONS,
        };
        asked && consented
    }

    /// [`Profile::path`] of what a charge asks for: a build without prompts has no confirm, and carries no list of the others.
    pub(crate) fn charge_path(&self, service: Service) -> Option<&'p str> {
        if service.is_confirm() { self.paths.confirm } else { Some(self.paths.charge) }
    }

    /// Whether the family's status codes apply.
    pub(crate) fn has_family_codes(&self) -> bool {
        DEBITS && self.family_codes
    }
}

/// Where only one of them is built in, a charge has no other.
impl Consent {
    /// [`Consent::None`].
    pub(crate) fn is_none(self) -> bool {
        DEBITS && (!(PROMPTS || NOTIFICATIONS) || self == Consent::None)
    }

    /// [`Consent::Prompt`].
    pub(crate) fn is_prompt(self) -> bool {
        PROMPTS && (!(DEBITS || NOTIFICATIONS) || self == Consent::Prompt)
    }

    /// [`Consent::Dialled`].
    pub(crate) fn is_dialled(self) -> bool {
        NOTIFICATIONS && (!(DEBITS || PROMPTS) || self == Consent::Dialled)
    }
}

impl CapturesAt {
    /// Whether a confirm may capture.
    pub(crate) fn may_be_confirm(self) -> bool {
        PROMPTS && matches!(self, CapturesAt::Confirm | CapturesAt::Unknown)
    }
}

impl Service {
    /// [`Service::ChargeRequest`], of the two that start a charge: without debits there is no other.
    pub(crate) fn is_charge_request(self) -> bool {
        PROMPTS && (!DEBITS || self == Service::ChargeRequest)
    }

    /// [`Service::Confirm`].
    pub(crate) fn is_confirm(self) -> bool {
        PROMPTS && self == Service::Confirm
    }
}
