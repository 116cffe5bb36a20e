//! The carriers of the matrix: every profile of the core, in each reading that its documents leave open, beside a
//! simulated carrier that is the same way.

use caas_core::profile::{self, CapturesAt, Consent, Instrument, Limits, Polling, Profile, Windows};
use caas_core::time::SECOND;
use caas_simulator::{Builder, ConfirmMeaning, DuplicateAnswer, Simulator};

use crate::driver_scene::{amount, mobitel};

/// A carrier: what the core is told of it, and how the simulated one is.
#[derive(Clone, Copy)]
pub struct Carrier {
    pub name: &'static str,
    profile: fn() -> Profile<'static>,
    /// Named in the order; `None` takes the profile's first.
    pub instrument: Option<&'static str>,
    /// What its confirm does, if it has one.
    pub confirm: ConfirmMeaning,
    /// What it answers to a repeated id, if it knows one again.
    pub repeated: Option<DuplicateAnswer>,
}

/// Times `confirm` is asked: each costs a connection, and six are enough to see that it is asked again and stops (R28).
const CONFIRMS: u8 = 6;

impl Carrier {
    pub const ALL: [Carrier; 10] = [
        Carrier::mobitel("mobitel", mobitel, ConfirmMeaning::Reads),
        Carrier::mobitel("mobitel/cap", mobitel, ConfirmMeaning::Captures),
        Carrier::mobitel("consent", consent_captures, ConfirmMeaning::Reads),
        Carrier::mobitel("confirm", confirm_captures, ConfirmMeaning::Captures),
        Carrier::family("ideamart", profile::ideamart, None, None),
        Carrier::family("idea/same", deduplicating, Some(DuplicateAnswer::Same), None),
        Carrier::family("idea/E1379", deduplicating, Some(DuplicateAnswer::AlreadyCompleted), None),
        Carrier::family("dialog", profile::dialog, None, None),
        Carrier::family("ezcash", profile::dialog, None, Some(profile::DIALOG_EZCASH)),
        Carrier::family("ez/limit", limited, None, Some(profile::DIALOG_EZCASH)),
    ];

    const fn mobitel(
        name: &'static str,
        profile: fn() -> Profile<'static>,
        confirm: ConfirmMeaning,
    ) -> Carrier {
        Carrier { name, profile, instrument: None, confirm, repeated: None }
    }

    const fn family(
        name: &'static str,
        profile: fn() -> Profile<'static>,
        repeated: Option<DuplicateAnswer>,
        instrument: Option<&'static str>,
    ) -> Carrier {
        Carrier { name, profile, instrument, confirm: ConfirmMeaning::Reads, repeated }
    }

    /// The profile. `patient`: its windows are so long that no cell comes to their end; otherwise they end soon, and
    /// leave time for what a slow machine does before.
    pub fn profile(&self, patient: bool) -> Profile<'static> {
        let profile = (self.profile)();
        let sale = match (patient, self.sells_at_once()) {
            (true, _) => 1_800 * SECOND,
            (false, true) => 60 * SECOND,
            (false, false) => 240 * SECOND,
        };
        // At Mobitel a refused confirm waits for this one's end, so that it must come.
        let consent = if patient && self.is_dialled() { 1_700 * SECOND } else { 180 * SECOND };
        let windows =
            Windows { answer: 3_000 * SECOND, sale, consent, execution: 30 * SECOND, listen: SECOND };
        let polling = Polling { first: 5 * SECOND, most: 30 * SECOND };
        let confirms = profile.limits.confirms.min(CONFIRMS);
        Profile { windows, polling, limits: Limits { confirms, ..profile.limits }, ..profile }
    }

    pub fn simulator(&self) -> Builder {
        Simulator::builder()
            .confirm(self.confirm)
            .deduplicates(self.repeated.is_some())
            .duplicate_answer(self.repeated.unwrap_or_default())
            .magic_values(false)
    }

    pub fn is_mobitel(&self) -> bool {
        (self.profile)().name == "mobitel"
    }

    /// The payer dials, and notifications tell of it.
    pub fn is_dialled(&self) -> bool {
        self.traits().consent == Consent::Dialled
    }

    /// The debit's answer says it all; nothing is asked or awaited afterwards.
    fn sells_at_once(&self) -> bool {
        self.traits().consent == Consent::None
    }

    pub fn captures_at(&self) -> CapturesAt {
        self.traits().captures_at
    }

    /// What the core believes of repeated ids.
    pub fn deduplicates(&self) -> bool {
        (self.profile)().deduplicates
    }

    /// Notifications alone do not release what the matrix sells.
    pub fn is_limited(&self) -> bool {
        (self.profile)().limits.notified_release < amount(crate::cell::PRICE)
    }

    fn traits(&self) -> Instrument<'static> {
        *(self.profile)().instrument(self.instrument).unwrap().1
    }
}

const CONSENT: Instrument<'static> =
    Instrument { name: "", consent: Consent::Prompt, captures_at: CapturesAt::Consent, agent_params: false };

/// Mobitel, if whoever has the contract learned that the payer's consent takes the money.
fn consent_captures() -> Profile<'static> {
    Profile { instruments: &[CONSENT], ..mobitel() }
}

/// Mobitel, if whoever has the contract learned that `confirm` takes the money.
fn confirm_captures() -> Profile<'static> {
    Profile { instruments: &[Instrument { captures_at: CapturesAt::Confirm, ..CONSENT }], ..mobitel() }
}

/// Ideamart, if it is proven that a repeated `externalTrxId` is executed once.
fn deduplicating() -> Profile<'static> {
    Profile { deduplicates: true, ..profile::ideamart() }
}

/// Dialog, where a notification alone releases no more than Rs 9.99 (R41).
fn limited() -> Profile<'static> {
    let dialog = profile::dialog();
    Profile { limits: Limits { notified_release: amount("9.99"), ..dialog.limits }, ..dialog }
}
