//! What storage holds. [`Durable`] exists only while storage holds everything that the charge knows; what could move
//! money, tell of money or release goods is made by its methods and by nothing else.

use super::evidence::Fate;
use super::guard::Guard;
use super::output::{Event, ReleasePermit, SendToken, Ticket};
use super::plan::Planned;
use super::texts::Slot;
use super::timers::{Timer, Timers};
use super::{Carrier, Charge, Closing, Release, Sale};
use crate::profile::Profile;
use crate::time::{Instant, Millis, SECOND};
use crate::wire::request::{ChargeFields, RequestFault, write_charge, write_confirm};
use heapless::Vec;

/// How long storage may take before a write counts as failed and is made again.
pub const PERSIST_DEADLINE: Millis = 10 * SECOND;
/// The longest pause between two tries to write.
const PERSIST_PAUSE_MAX: Millis = 60 * SECOND;
/// After so many failures the pause of a second, which doubles, is above the longest.
const PERSIST_DOUBLINGS: u8 = 6;
const _: () = assert!(SECOND << PERSIST_DOUBLINGS > PERSIST_PAUSE_MAX);

/// How far storage is behind.
#[derive(Debug)]
#[cfg_attr(feature = "model", derive(Clone, PartialEq, Eq, Hash))]
pub(super) struct Storage {
    /// Something changed that no write holds.
    dirty: bool,
    /// The record with the latest number is being written.
    writing: bool,
    /// Number of the latest record; the larger is the newer.
    pub sequence: u32,
    failures: u8,
}

impl Default for Storage {
    fn default() -> Self {
        Storage { dirty: true, writing: false, sequence: 0, failures: 0 }
    }
}

impl Storage {
    /// Storage that holds the record with this number.
    pub fn holding(sequence: u32) -> Self {
        Storage { dirty: false, sequence, ..Storage::default() }
    }

    /// Notes that something changed.
    pub fn touch(&mut self) {
        self.dirty = true;
    }

    pub fn is_durable(&self) -> bool {
        !self.dirty && !self.writing
    }

    pub fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// Whether a write is due.
    pub fn is_due(&self, timers: &Timers) -> bool {
        self.dirty && !self.writing && !timers.is_ahead(Timer::StorageAt)
    }

    /// Begins the write that is due, and numbers it.
    pub fn begin(&mut self, timers: &mut Timers) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        self.dirty = false;
        self.writing = true;
        timers.set(Timer::StorageAt, PERSIST_DEADLINE);
        self.sequence
    }

    /// The write is done; says whether it was the one awaited.
    pub fn persisted(&mut self, timers: &mut Timers, sequence: u32) -> bool {
        let awaited = self.writing && self.sequence == sequence;
        if awaited {
            self.writing = false;
            timers.clear(Timer::StorageAt);
            self.failures = 0;
        }
        awaited
    }

    /// The write failed, or is overdue; it is made again after a pause.
    pub fn failed(&mut self, timers: &mut Timers, sequence: u32) -> bool {
        let awaited = self.writing && self.sequence == sequence;
        if awaited {
            self.writing = false;
            self.dirty = true;
            timers.set(
                Timer::StorageAt,
                (SECOND << self.failures.min(PERSIST_DOUBLINGS)).min(PERSIST_PAUSE_MAX),
            );
            self.failures = self.failures.saturating_add(1);
        }
        awaited
    }

    /// The write that is overdue at `now`.
    pub fn overdue(&self, timers: &Timers) -> Option<u32> {
        (self.writing && timers.is_over(Timer::StorageAt)).then_some(self.sequence)
    }

    /// Numbers the records from the start again, unless one is being written.
    #[cfg(feature = "model")]
    pub fn renumber(&mut self) {
        if !self.writing {
            self.sequence = 0;
        }
    }
}

/// A charge of which storage holds everything.
pub(crate) struct Durable<'c>(&'c mut Charge);

/// What [`Charge::poll_output`] has to do next.
pub(crate) enum Due<'c> {
    Persist,
    Transmit(Durable<'c>),
    Reply(Durable<'c>),
    Release(Durable<'c>),
    /// What is new may be told.
    Tell(Durable<'c>),
    Wait,
}

impl Charge {
    /// What is to be done at `now`, after all deadlines that have passed are applied.
    #[inline(never)]
    pub(crate) fn due(&mut self, now: Instant, profile: &Profile<'_>) -> Due<'_> {
        self.timers.advance(now);
        self.settle(profile);
        self.plan(profile);
        let replying = cfg!(feature = "notifications") && !self.tickets.is_empty();
        let releasing = self.release == Release::Started && !self.release_told;
        if self.storage.is_due(&self.timers) {
            Due::Persist
        } else if self.planned.is_some() && self.is_held(Guard::IntentBeforeSend) {
            Due::Transmit(Durable(self))
        } else if replying && self.is_held(Guard::EvidenceBeforeReply) {
            Due::Reply(Durable(self))
        } else if releasing && self.is_held(Guard::ReleaseDurable) {
            Due::Release(Durable(self))
        } else if self.may_tell() {
            Due::Tell(Durable(self))
        } else {
            Due::Wait
        }
    }

    /// Whether there is nothing to do at `now`.
    pub(crate) fn is_waiting(&mut self, now: Instant, profile: &Profile<'_>) -> bool {
        match self.due(now, profile) {
            Due::Wait => true,
            Due::Tell(Durable(charge)) => charge.is_told(),
            _ => false,
        }
    }

    /// Whether storage holds everything. The guard is why the caller asks.
    fn is_held(&self, guard: Guard) -> bool {
        self.storage.is_durable() || !self.guards.hold(guard)
    }

    /// A charge that storage refused before anything was sent can be told to be over: there is nothing to lose. A
    /// notification is not acknowledged even then.
    fn may_tell(&self) -> bool {
        let nothing_at_stake = self.sale != Sale::Open && self.was_never_sent();
        nothing_at_stake || self.is_held(Guard::EvidenceBeforeEvent)
    }
}

impl Durable<'_> {
    /// Hands out the planned request, if there is one and it may still be sent: its token, path and length.
    pub fn transmit<'p>(
        self,
        carrier: &Carrier<'p>,
        buffer: &mut [u8],
    ) -> Option<(SendToken, &'p str, usize)> {
        let charge = self.0;
        let planned = charge.planned.take()?;
        let Some(path) = carrier.profile.charge_path(planned.service).filter(|_| charge.may_send(&planned))
        else {
            charge.account(&planned, Fate::Void);
            return None;
        };
        let length = match charge.write_request(carrier, &planned, buffer) {
            Ok(length) => length,
            Err(fault) => {
                charge.account(&planned, Fate::Void);
                charge.fault = Some(fault);
                charge.close(Closing::Refused);
                return None;
            }
        };
        charge.handed_out = true;
        let of = Planned { ..planned };
        charge.flight = Some(planned);
        charge.timers.set(Timer::AnswerBy, carrier.profile.windows.answer);
        let after_window = charge.timers.is_over(Timer::WindowEnds);
        Some((SendToken { charge: charge.tag(), of, after_window }, path, length))
    }

    /// The reply to a notification whose effect is durable.
    pub fn reply(self) -> Option<Ticket> {
        self.0.tickets.pop()
    }

    /// The release, once.
    pub fn release(self) -> ReleasePermit {
        let charge = self.0;
        charge.release_told = true;
        ReleasePermit { charge: charge.tag() }
    }

    /// What is new, if something is.
    pub fn tell(self) -> Option<Event> {
        let charge = self.0;
        let mut told = charge.told;
        let event = charge.news(&mut told);
        charge.told = told;
        event
    }
}

impl Charge {
    /// A number that tells this charge's tokens from another's.
    pub(crate) fn tag(&self) -> u32 {
        self.lasting
            .texts
            .get(Slot::CHARGE_ID)
            .iter()
            .fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
    }

    fn write_request(
        &self,
        carrier: &Carrier<'_>,
        planned: &Planned,
        buffer: &mut [u8],
    ) -> Result<usize, RequestFault> {
        if planned.service.is_confirm() {
            return write_confirm(self.lasting.texts.get(Slot::reference(planned.attempt)), buffer);
        }
        let instrument = carrier.profile.instruments.get(usize::from(self.instrument));
        let mut external = Vec::new();
        self.put_external(planned.attempt, &mut external);
        let fields = ChargeFields {
            external: &external,
            subscriber: self.lasting.texts.get(Slot::SUBSCRIBER),
            account: self.lasting.texts.get(Slot::ACCOUNT),
            instrument: instrument.ok_or(RequestFault::MissingCredential)?,
            amount: self.amount(),
            currency: self.currency(),
        };
        write_charge(carrier.profile, carrier.credentials, &fields, buffer)
    }
}
