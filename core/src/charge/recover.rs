//! A charge after a restart.

use core::fmt;

use super::attempt::Attempt;
use super::durable::Storage;
use super::facts::{self, Facts};
use super::guard::Guard;
use super::record::{self, Damage};
use super::timers::Timer;
use super::{Carrier, Charge, Closing, Guards, Reason, Release};
use crate::bytes::same;
use crate::time::Instant;

/// What becomes of a charge that is found paid and not released (R46): nobody may be standing at the machine any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum AtBoot {
    /// The sale is closed; what was paid is a refund due.
    #[default]
    RefundDue,
    /// The sale stays open; the goods may be released.
    Release,
}

/// Why a record cannot be gone on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum RecoverError {
    /// The record itself is to blame.
    Record(Damage),
    /// The charge was made with another profile; [`record::heading`] says which.
    OtherProfile,
    /// The charge was made at another endpoint; [`record::heading`] says which.
    OtherEndpoint,
    /// The profile has no instrument of the record's name any more.
    Instrument,
    /// This build of the crate lacks what the carrier or the instrument needs, or the notifications that money was
    /// reported by.
    NotBuiltIn,
    /// There is a charge where this one was to be made ([`Charge::recover_in`]).
    PlaceTaken,
}

impl fmt::Display for RecoverError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecoverError::Record(damage) => damage.fmt(out),
            RecoverError::OtherProfile => {
                out.write_str("the charge was made with another profile: take that one")
            }
            RecoverError::OtherEndpoint => {
                out.write_str("the charge was made at another endpoint: take that one")
            }
            RecoverError::Instrument => {
                out.write_str("the profile has no instrument of the record's name any more")
            }
            RecoverError::PlaceTaken => {
                out.write_str("another charge has this place: bring it to its end and put it away first")
            }
            RecoverError::NotBuiltIn => out.write_str(
                "this build lacks what the charge needs: switch on caas-core's feature debits, notifications or prompts",
            ),
        }
    }
}

impl core::error::Error for RecoverError {}

impl From<Damage> for RecoverError {
    fn from(damage: Damage) -> Self {
        RecoverError::Record(damage)
    }
}

impl Charge {
    /// The charge of a record, after a restart. A request whose intent is in the record may have been sent; windows
    /// start anew, because the clock may have (R50); a release under way counts as made (R47). Everything that is still
    /// true is told again.
    pub fn recover(
        now: Instant,
        carrier: &Carrier<'_>,
        bytes: &[u8],
        at_boot: AtBoot,
    ) -> Result<Self, RecoverError> {
        Charge::recover_guarded(now, carrier, bytes, at_boot, Guards::default())
    }

    /// The charge of an older record whose newer one is damaged (R44): what happened in between is unknown, so it is in
    /// doubt and needs review.
    pub fn recover_damaged(now: Instant, carrier: &Carrier<'_>, older: &[u8]) -> Result<Self, RecoverError> {
        let mut recovered = Charge::recover(now, carrier, older, AtBoot::RefundDue);
        if let Ok(charge) = &mut recovered {
            charge.doubt_record();
        }
        recovered
    }

    /// As [`Charge::recover`], where the charge is to stay, without a copy. Of a record that cannot be gone on with,
    /// nothing is there; a charge that is there already stays as it is ([`RecoverError::PlaceTaken`]).
    #[inline(never)]
    pub fn recover_in(
        place: &mut Option<Self>,
        now: Instant,
        carrier: &Carrier<'_>,
        bytes: &[u8],
        at_boot: AtBoot,
    ) -> Result<(), RecoverError> {
        if place.is_some() {
            return Err(RecoverError::PlaceTaken);
        }
        let charge = Charge::new_in(place, now);
        let taken = charge.take_record(carrier, bytes);
        if taken.is_err() {
            *place = None;
        } else {
            charge.go_on(carrier, at_boot);
        }
        taken
    }

    /// As [`Charge::recover_damaged`], where the charge is to stay, without a copy, as [`Charge::recover_in`] does.
    pub fn recover_damaged_in(
        place: &mut Option<Self>,
        now: Instant,
        carrier: &Carrier<'_>,
        older: &[u8],
    ) -> Result<(), RecoverError> {
        Charge::recover_in(place, now, carrier, older, AtBoot::RefundDue)?;
        if let Some(charge) = place {
            charge.doubt_record();
        }
        Ok(())
    }

    /// [`Charge::recover`] with a guard removed, for a model checker that is to notice.
    #[inline(never)]
    pub(super) fn recover_guarded(
        now: Instant,
        carrier: &Carrier<'_>,
        bytes: &[u8],
        at_boot: AtBoot,
        guards: Guards,
    ) -> Result<Self, RecoverError> {
        let mut charge = Charge::new(now);
        charge.guards = guards;
        match charge.take_record(carrier, bytes) {
            Ok(()) => charge.go_on(carrier, at_boot),
            Err(error) => return Err(error),
        }
        Ok(charge)
    }

    /// What happened after the record that was read is unknown.
    fn doubt_record(&mut self) {
        self.close(Closing::Expired);
        self.need_review(Reason::DamagedRecord);
    }

    /// Takes all that a record says, if the charge can go on with this carrier.
    fn take_record(&mut self, carrier: &Carrier<'_>, bytes: &[u8]) -> Result<(), RecoverError> {
        const DAMAGED: RecoverError = RecoverError::Record(Damage::Damaged);
        let (sequence, mut left) = record::content(bytes)?;
        if !same(record::name(&mut left).ok_or(DAMAGED)?, carrier.profile.name.as_bytes()) {
            return Err(RecoverError::OtherProfile);
        }
        if !same(record::name(&mut left).ok_or(DAMAGED)?, carrier.endpoint.as_bytes()) {
            return Err(RecoverError::OtherEndpoint);
        }
        let name = record::name(&mut left).ok_or(DAMAGED)?;
        let (index, instrument) = carrier.profile.instrument_named(name).ok_or(RecoverError::Instrument)?;
        if !self.take_terms(carrier.profile, index, instrument) {
            return Err(RecoverError::NotBuiltIn);
        }
        self.storage = Storage::holding(sequence);
        self.take_lasting(left).ok_or(DAMAGED)?;
        if self.lasting.received.is_built_in() { Ok(()) } else { Err(RecoverError::NotBuiltIn) }
    }

    #[inline(never)]
    fn take_lasting(&mut self, record: &[u8]) -> Option<()> {
        self.lasting.read(record)?;
        self.sale = self.lasting.sale()?;
        self.release = self.lasting.release()?;
        self.review = self.lasting.review()?;
        Some(())
    }

    /// Goes on from what its record said.
    fn go_on(&mut self, carrier: &Carrier<'_>, at_boot: AtBoot) {
        self.open_for(self.lasting.window());
        self.handed_out = true;
        self.count_what_was_under_way();
        let facts = self.facts();
        // Time still decides something: also for a closed sale whose prompt is live, which would be pending for ever
        // without its window.
        if facts.any(facts::OPEN) || !facts.is_clear_or_reviewed() {
            self.restart_windows(carrier, facts);
        }
        self.end_what_cannot_go_on(at_boot, facts);
    }

    fn restart_windows(&mut self, carrier: &Carrier<'_>, facts: Facts) {
        self.lasting.recoveries = self.lasting.recoveries.saturating_add(1);
        self.storage.touch();
        let windows = carrier.profile.windows;
        if self.latest().is_some_and(Attempt::is_askable) {
            self.timers.set(Timer::WindowEnds, windows.consent);
        } else if facts.any(facts::OPEN_SEND) {
            self.timers.set(Timer::ExecutionEnds, windows.execution);
        }
    }

    /// A confirm that was intended and not heard of may have captured.
    fn count_what_was_under_way(&mut self) {
        let attempts = self.lasting.attempts.places_mut();
        if !self.guards.hold(Guard::IntentIsInDoubt) {
            attempts.iter_mut().for_each(|attempt| attempt.closed |= attempt.opened & !attempt.answered);
        } else if self.captures_at.may_be_confirm() {
            attempts.iter_mut().for_each(Attempt::lose_confirm);
        }
    }

    fn end_what_cannot_go_on(&mut self, at_boot: AtBoot, facts: Facts) {
        if self.release == Release::Started {
            if self.guards.hold(Guard::StartedIsReleased) {
                self.release = Release::Uncertain;
                self.close(Closing::Fulfilled);
            } else {
                self.release = Release::None;
            }
            self.storage.touch();
        }
        let paid = facts.any(facts::PAID) && self.release == Release::None;
        if paid && at_boot == AtBoot::RefundDue {
            self.close(Closing::Expired);
        }
    }

    /// [`Charge::recover`] with one guard removed.
    #[cfg(feature = "model")]
    pub fn recover_without(
        now: Instant,
        carrier: &Carrier<'_>,
        bytes: &[u8],
        at_boot: AtBoot,
        guards: Guards,
    ) -> Result<Self, RecoverError> {
        Charge::recover_guarded(now, carrier, bytes, at_boot, guards)
    }
}
