//! What the driver and the application share.

use core::cell::RefCell;
use core::fmt;

use caas_core::charge::Carrier;
use caas_core::profile::Profile;
use caas_core::time::Instant;

use super::Driver;
use super::counter::Counter;
use super::dial::Dial;
use super::endpoint::{BadEndpoint, Endpoint};
use super::happening::Happening;
use super::settings::{Buffers, MachineSettings};
use super::signal::Signal;
use super::state::State;
use crate::clock::Clock;
use crate::journal::Journal;

/// A machine that sells: up to `N` charges at one carrier. It is two halves that borrow it: a [`Driver`], which does the
/// work, and a [`Counter`], where the application commands and is told. Both belong to one executor's thread.
///
/// It makes no difference when the halves are dropped and made again: what is known stays here, and what must outlive a
/// restart is in the journal.
pub struct Machine<'c, const N: usize, C> {
    pub(super) clock: C,
    pub(super) settings: MachineSettings<'c>,
    pub(super) endpoint: Endpoint<'c>,
    /// Wakes the driver.
    pub(super) work: Signal,
    /// Wakes the application.
    pub(super) news: Signal,
    carrier: Carrier<'c>,
    state: RefCell<State<'c, N>>,
}

impl<'c, const N: usize, C: Clock> Machine<'c, N, C> {
    /// A machine of which nothing is known yet. Refused where the carrier's endpoint is no address.
    pub fn new(settings: MachineSettings<'c>, carrier: Carrier<'c>, clock: C) -> Result<Self, BadEndpoint> {
        let whole = settings.connection.whole.min(carrier.profile.windows.answer);
        let connection = crate::connection::Settings { whole, ..settings.connection };
        Ok(Machine {
            clock,
            settings: MachineSettings { connection, ..settings },
            endpoint: Endpoint::parse(carrier.endpoint)?,
            work: Signal::default(),
            news: Signal::default(),
            state: RefCell::new(State::new(carrier.credentials, settings.caps)),
            carrier,
        })
    }

    /// The two halves. The journal's records are taken up when the driver runs.
    pub fn open<'m, D: Dial, J: Journal, const WIRE: usize>(
        &'m mut self,
        dial: D,
        journal: J,
        buffers: &'m mut Buffers<WIRE>,
    ) -> (Driver<'m, 'c, N, C, D, J>, Counter<'m, 'c, N, C>) {
        let machine: &'m Self = self;
        machine.with((), |state| state.reopen());
        (Driver::new(machine, dial, journal, buffers), Counter { machine })
    }

    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    pub(super) fn profile(&self) -> &'c Profile<'c> {
        self.carrier.profile
    }

    /// The carrier with the credentials of now.
    pub(super) fn carrier(&self) -> Carrier<'c> {
        let credentials = self.with(self.carrier.credentials, |state| state.credentials);
        Carrier { credentials, ..self.carrier }
    }

    /// Works on the state. `busy` is given where somebody works on it already; that cannot be, because nothing that is
    /// called with it comes back here, and nobody is woken meanwhile.
    pub(super) fn with<R>(&self, busy: R, work: impl FnOnce(&mut State<'c, N>) -> R) -> R {
        match self.state.try_borrow_mut() {
            Ok(mut state) => work(&mut state),
            Err(_) => busy,
        }
    }

    /// Looks at a charge, for the application.
    pub(super) fn look<R>(&self, look: impl FnOnce(&State<'c, N>) -> Option<R>) -> Option<R> {
        self.state.try_borrow().ok().and_then(|state| look(&state))
    }

    /// Tells the application; called only while it has nothing untold.
    pub(super) fn tell(&self, happening: Happening) {
        self.with((), |state| state.told = Some(happening));
        self.news.set();
    }

    /// Whether the application has taken all that it was told.
    pub(super) fn is_heard(&self) -> bool {
        self.with(false, |state| state.told.is_none())
    }
}

impl<const N: usize, C> fmt::Debug for Machine<'_, N, C> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut machine = out.debug_struct("Machine");
        machine.field("profile", &self.carrier.profile.name).field("places", &N);
        if let Ok(state) = self.state.try_borrow() {
            machine.field("charges", &state.till.charges().count());
        }
        machine.finish_non_exhaustive()
    }
}
