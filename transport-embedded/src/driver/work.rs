//! All that is done between two requests: what the till asks for, one thing after the other.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

use caas_core::charge::{Event, Input, Output};
use caas_core::id::SaleId;
use caas_core::id_generator::IdGenerator;
use caas_core::profile::Service;
use caas_core::time::{Instant, Millis, SECOND};

use super::happening::{Happening, JournalTrouble, News, Reply};
use super::ledger::Ledger;
use super::machine::Machine;
use super::outbox::Outbox;
use super::state::{Flight, Over};
use super::trace::{Step, trace};
use crate::clock::Clock;
use crate::journal::Journal;

/// The first pause before the journal is asked again after it failed; it doubles.
const JOURNAL_PAUSE: Millis = SECOND;
/// The longest one.
const JOURNAL_PAUSE_MAX: Millis = 60 * SECOND;

/// The driver without its connection.
pub struct Work<'m, 'c, const N: usize, C, J> {
    pub(super) machine: &'m Machine<'c, N, C>,
    pub(super) ledger: Ledger<J>,
    pub(super) output: Outbox<'m>,
    pub(super) ids: Option<IdGenerator>,
    pub(super) journal: Health,
}

/// Whether the journal works.
#[derive(Default)]
pub struct Health {
    pub trouble: Option<JournalTrouble>,
    /// Records are not looked through, and charges not put away, before.
    retry_at: Option<Instant>,
    failures: u8,
}

/// A request that is to go out. Its token is in the machine's state, its body at the start of the output buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parcel {
    pub service: Service,
    pub length: usize,
}

/// What one step came to.
enum Stepped {
    Went,
    Send(Parcel),
    Wait(Option<Instant>),
}

impl<const N: usize, C: Clock, J: Journal> Work<'_, '_, N, C, J> {
    /// Does all that is to be done until a request is to be sent; `None` where none was until `idle`.
    pub async fn until_request(&mut self, idle: Option<Instant>) -> Option<Parcel> {
        loop {
            if idle.is_some_and(|idle| self.machine.now() >= idle) {
                return None;
            }
            if !self.machine.is_heard() {
                self.machine.rest(idle).await;
                continue;
            }
            if self.keep_books().await {
                continue;
            }
            match self.step().await {
                // A charge that waits for a place after a restart may have one now.
                Stepped::Went => self.machine.with((), |state| {
                    state.pass.waits &= state.pass.over != Over::Everything;
                }),
                Stepped::Send(parcel) => return Some(parcel),
                Stepped::Wait(until) => {
                    let retry = self.journal.retry_at;
                    self.machine.rest([until, retry, idle].into_iter().flatten().min()).await;
                }
            }
        }
    }

    /// What concerns the journal and no single charge of the till. `true`: something was done.
    async fn keep_books(&mut self) -> bool {
        if self.journal.rests(self.machine.now()) {
            return self.start_wanted().await || self.visit().await;
        }
        self.put_away().await || self.take_up().await || self.start_wanted().await || self.visit().await
    }

    async fn step(&mut self) -> Stepped {
        let machine = self.machine;
        let (now, carrier) = (machine.now(), machine.carrier());
        let nothing = (None, Output::Wait(None));
        let output = &mut self.output[..];
        let (sale, output) = machine.with(nothing, |state| state.poll(now, &carrier, output));
        match output {
            Output::Persist { token, record } => {
                machine.with((), |state| state.writing = Some(token));
                let written = match &sale {
                    Some(sale) => self.ledger.persist(&machine.clock, sale, &record).await,
                    None => Err(JournalTrouble::NotARecord),
                };
                machine.end_write(written);
                self.journal.trouble = written.err();
                Stepped::Went
            }
            Output::Transmit { token, request } => {
                let parcel = Parcel { service: request.service, length: request.body.len() };
                machine.with((), |state| {
                    let wanted = state.wants_money(sale.as_ref());
                    state.flight = Some(Flight { token, sale, handed: false, wanted });
                });
                Stepped::Send(parcel)
            }
            Output::Reply { ticket, .. } => {
                machine.tell(Happening::Reply { ticket, reply: Reply::Acknowledge });
                Stepped::Went
            }
            Output::Event(event) => {
                machine.hear(sale, event);
                Stepped::Went
            }
            // Asking let a charge leave the till: it is put away first, unless the journal rests after a failure.
            Output::Wait(_)
                if self.journal.retry_at.is_none()
                    && machine.with(false, |state| !state.leaving.is_empty()) =>
            {
                Stepped::Went
            }
            Output::Wait(until) => Stepped::Wait(until),
            // The buffer has BUFFER_MAX bytes, so this does not come; waiting would be right if it did.
            Output::BufferTooSmall => Stepped::Wait(None),
        }
    }

    /// The journal did what it was asked to, or tells that it did not; then it is asked again after a pause.
    pub(super) fn done<T>(&mut self, result: Result<T, JournalTrouble>) -> Option<T> {
        match result {
            Ok(value) => {
                self.journal = Health::default();
                Some(value)
            }
            Err(trouble) => {
                self.journal.fail(self.machine.now(), trouble);
                self.machine.tell(Happening::Journal(trouble));
                None
            }
        }
    }
}

impl Health {
    fn rests(&mut self, now: Instant) -> bool {
        let rests = self.retry_at.is_some_and(|at| now < at);
        if !rests {
            self.retry_at = None;
        }
        rests
    }

    fn fail(&mut self, now: Instant, trouble: JournalTrouble) {
        let pause = JOURNAL_PAUSE << u32::from(self.failures.min(6));
        self.trouble = Some(trouble);
        self.retry_at = Some(now.after(pause.min(JOURNAL_PAUSE_MAX)));
        self.failures = self.failures.saturating_add(1);
    }
}

impl<const N: usize, C: Clock> Machine<'_, N, C> {
    /// Waits until there is something to do, or until that time.
    async fn rest(&self, until: Option<Instant>) {
        let timer = async {
            match until {
                Some(until) => self.clock.wait_until(until).await,
                None => core::future::pending().await,
            }
        };
        let mut timer = pin!(timer);
        poll_fn(|context| {
            if self.work.take() {
                return Poll::Ready(());
            }
            self.work.register(context.waker());
            timer.as_mut().poll(context)
        })
        .await;
    }

    fn end_write(&self, written: Result<(), JournalTrouble>) {
        let (now, profile) = (self.now(), self.profile());
        trace(Step::Persisted(written.is_ok()));
        self.with((), |state| {
            if let Some(token) = state.writing.take() {
                let input = match written {
                    Ok(()) => Input::Persisted(token),
                    Err(_) => Input::PersistFailed(token),
                };
                let _ = state.till.handle_input(now, profile, input);
            }
        });
        if let Err(trouble) = written {
            self.tell(Happening::Journal(trouble));
        }
    }

    fn hear(&self, sale: Option<SaleId>, event: Event) {
        // An output that is an event always has a charge.
        let Some(sale) = sale else { return };
        let (now, profile) = (self.now(), self.profile());
        if matches!(event, Event::Confirmed) {
            self.with((), |state| state.start_release(now, profile, &sale));
        }
        // An event is told at once, so the charge is still in the till.
        if let Some(news) = self.look(|state| Some(News::of(state.till.charge(&sale), event))) {
            self.tell(Happening::Charge { sale, news });
        }
    }
}
