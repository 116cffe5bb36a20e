//! The simulator as a test or a command line holds it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{broadcast, oneshot};

use crate::engine::Engine;
use crate::keeper;
use crate::scenario_run::{self, ScenarioRun};
use crate::state::{Book, State};
use crate::state_file::StateFile;
use crate::{
    Builder, ChargeTimeline, DeliveryRecord, EzCashRequest, Fault, FaultRule, Ledger, NotificationFault,
    Payer, Prompt, Refused, RequestRecord, Scenario, ScenarioReport, Service, SettingsChange, SimulatorEvent,
    Subscriber, Times, courier, server, subscriber, timeline,
};

/// A running simulator: an HTTP server on the loopback with a thread of its own. Dropping it stops it.
///
/// ```
/// let sim = caas_simulator::Simulator::start();
/// assert!(sim.url().starts_with("http://127.0.0.1:"));
/// assert_eq!(sim.ledger().total("94771234567"), 0);
/// ```
pub struct Simulator {
    address: SocketAddr,
    engine: Arc<Engine>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    keeper: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Starts on a free port with the preset.
    ///
    /// # Panics
    /// Where the machine has no loopback port or no thread left. [`Builder::start`] returns that as an error.
    #[allow(clippy::panic)]
    pub fn start() -> Self {
        match Self::builder().start() {
            Ok(simulator) => simulator,
            Err(error) => panic!("the simulator cannot start: {error}"),
        }
    }

    /// What can be set before the start.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn launch(port: u16, state: State, file: Option<StateFile>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let engine = Arc::new(Engine::new(state, file.is_some()));
        let keeper = file.map(|file| keeper::start(&engine, file)).transpose()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("caas-simulator".to_owned()).spawn({
            let engine = Arc::clone(&engine);
            move || runtime.block_on(run(listener, engine, stopped))
        })?;
        Ok(Self { address, engine, stop: Some(stop), thread: Some(thread), keeper })
    }

    /// `http://127.0.0.1:PORT`, to put before the carriers' paths.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Who was charged what so far.
    pub fn ledger(&self) -> Ledger {
        self.engine.with(|state, _| state.book.ledger.clone())
    }

    /// The prompts so far (the latest 50 000), oldest first.
    pub fn prompts(&self) -> Vec<Prompt> {
        self.engine.with(|state, _| state.book.prompts.known().all())
    }

    /// The payments asked for at eZ Cash so far (the latest 50 000), oldest first.
    pub fn payments(&self) -> Vec<EzCashRequest> {
        self.engine.with(|state, _| state.book.ezcash.all())
    }

    /// The latest requests (500 are kept), masked.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.engine.with(|state, _| state.book.log.records())
    }

    /// The latest deliveries of notifications (1000 are kept).
    pub fn deliveries(&self) -> Vec<DeliveryRecord> {
        self.engine.with(|state, _| state.book.outbox.records())
    }

    /// Why the state is not being kept in its file, while the disk refuses: requests are answered 503 meanwhile.
    pub fn state_error(&self) -> Option<String> {
        self.engine.keeping_error()
    }

    /// What happens from now on. An observer that lags 1024 events behind misses the oldest.
    pub fn events(&self) -> broadcast::Receiver<SimulatorEvent> {
        self.engine.events.subscribe()
    }

    /// The virtual time, in milliseconds since the start.
    pub fn now(&self) -> u64 {
        self.engine.with(|_, now| now)
    }

    /// Skips virtual time; what was due in it happens, in order. Returns the new virtual time.
    pub fn fast_forward(&self, time: Duration) -> u64 {
        self.engine.fast_forward(time)
    }

    /// How many virtual milliseconds pass in a real one from now on; 0 stops the clock.
    pub fn set_clock_rate(&self, rate: u32) {
        self.engine.change(|state, _| state.clock.set_rate(rate));
    }

    /// Waits, in real time and blocking, until so many deliveries were made in all; whether that came to be.
    pub fn wait_for_deliveries(&self, count: usize, limit: Duration) -> bool {
        self.engine.wait(limit, |state| state.book.outbox.made() >= count)
    }

    /// Waits, in real time and blocking, until so many prompts were shown in all; whether that came to be.
    pub fn wait_for_prompts(&self, count: usize, limit: Duration) -> bool {
        self.engine.wait(limit, |state| state.book.prompts.known().len() >= count)
    }

    /// What the payer does with prompts and eZ Cash requests that come from now on.
    pub fn set_payer(&self, payer: Payer) {
        self.engine.change(|state, _| state.settings.payer = payer);
    }

    /// How long (virtual) the payer thinks first, from now on.
    pub fn set_payer_delay(&self, delay: Duration) {
        self.engine.change(|state, _| state.settings.payer_delay = delay);
    }

    /// Where charging notifications go: `http://…`. Whatever waits to be re-delivered goes there too.
    pub fn set_notify_url(&self, url: &str) {
        self.engine.change(|state, _| state.settings.notify_url = Some(url.to_owned()));
    }

    /// Whether a repeated `externalTrxId` is recognised from now on.
    pub fn set_deduplicates(&self, deduplicates: bool) {
        self.engine.change(|state, _| state.settings.deduplicates = deduplicates);
    }

    /// Makes the next requests to a service go wrong.
    pub fn fault(&self, service: Service, fault: Fault, times: Times) {
        self.add_fault(FaultRule::Service(service, fault, times));
    }

    /// Makes the next deliveries of notifications go wrong.
    pub fn notification_fault(&self, fault: NotificationFault, times: Times) {
        self.add_fault(FaultRule::Notification(fault, times));
    }

    /// Forgets all faults that have not struck yet.
    pub fn clear_faults(&self) {
        self.engine.change(|state, _| state.book.faults.clear());
    }

    /// Adds a fault; its number, by which [`remove_fault`](Self::remove_fault) takes it back.
    pub fn add_fault(&self, rule: FaultRule) -> u64 {
        self.engine.change(|state, _| state.book.faults.add(rule))
    }

    /// Takes a fault back; whether it was still there.
    pub fn remove_fault(&self, number: u64) -> bool {
        self.engine.change(|state, _| state.book.faults.remove(number))
    }

    /// What a service answers from now on, executing nothing; `None` lets it execute again.
    pub fn set_status_code(&self, service: Service, code: Option<&str>) {
        self.engine.change(|state, _| match code {
            Some(code) => state.book.status_codes.insert(service, code.to_owned()),
            None => state.book.status_codes.remove(&service),
        });
    }

    /// Changes several settings at once.
    pub fn change_settings(&self, change: SettingsChange) {
        self.engine.change(|state, _| change.apply(state));
    }

    /// The latest charges (50) as the carrier saw them, the latest first.
    pub fn charges(&self) -> Vec<ChargeTimeline> {
        self.engine.with(|state, _| timeline::latest(&state.book, 50))
    }

    /// A subscriber's account; it exists from now on.
    pub fn subscriber(&self, id: &str) -> Subscriber {
        self.engine.with(|state, _| state.subscriber(&subscriber::canonical(id)).clone())
    }

    /// Replaces a subscriber's account.
    pub fn set_subscriber(&self, id: &str, account: Subscriber) {
        self.engine.change(|state, _| *state.subscriber(&subscriber::canonical(id)) = account);
    }

    /// Sets a subscriber's balance, in minor units.
    pub fn set_balance(&self, id: &str, minor_units: u64) {
        self.engine.change(|state, _| state.subscriber(&subscriber::canonical(id)).balance = minor_units);
    }

    /// The payer consents to a prompt.
    ///
    /// # Errors
    /// [`Refused::UnknownReference`], or [`Refused::PromptClosed`] where it was answered before or has
    /// expired.
    pub fn approve(&self, reference: &str) -> Result<(), Refused> {
        self.answer(reference, Payer::Approve)
    }

    /// The payer declines a prompt.
    ///
    /// # Errors
    /// As [`approve`](Self::approve).
    pub fn decline(&self, reference: &str) -> Result<(), Refused> {
        self.answer(reference, Payer::Decline)
    }

    /// The payer lets a prompt lie.
    ///
    /// # Errors
    /// As [`approve`](Self::approve).
    pub fn ignore(&self, reference: &str) -> Result<(), Refused> {
        self.answer(reference, Payer::Ignore)
    }

    /// The payer enters a wrong PIN.
    ///
    /// # Errors
    /// As [`approve`](Self::approve).
    pub fn wrong_pin(&self, reference: &str) -> Result<(), Refused> {
        self.answer(reference, Payer::WrongPin)
    }

    /// The payer pays at eZ Cash, any amount (minor units) and any number of times. `id` is a `referenceId`,
    /// an `internalTrxId` or an `externalTrxId` (its latest request then).
    ///
    /// # Errors
    /// [`Refused::UnknownReference`], [`Refused::AmountZero`], [`Refused::AmountTooLarge`].
    pub fn pay(&self, id: &str, minor_units: u64) -> Result<(), Refused> {
        self.engine.change(|state, now| state.pay(id, minor_units, now))
    }

    /// eZ Cash reports a failure, `E1404` for example. `id` as for [`pay`](Self::pay).
    ///
    /// # Errors
    /// [`Refused::UnknownReference`].
    pub fn fail(&self, id: &str, code: &str) -> Result<(), Refused> {
        self.engine.change(|state, now| state.fail(id, code, now))
    }

    /// eZ Cash opens a second payment under the same `externalTrxId`, with a reference and an internal id of
    /// its own.
    ///
    /// # Errors
    /// [`Refused::UnknownReference`].
    pub fn second_reference(&self, external_id: &str) -> Result<EzCashRequest, Refused> {
        self.engine.change(|state, now| state.second_reference(external_id, now))
    }

    /// Sends the latest notification of a `referenceId` once more.
    ///
    /// # Errors
    /// [`Refused::UnknownReference`] where none was sent.
    pub fn repeat_notification(&self, reference: &str) -> Result<(), Refused> {
        let found = self.engine.change(|state, now| state.book.outbox.repeat(reference, now));
        if found { Ok(()) } else { Err(Refused::UnknownReference) }
    }

    /// Sends a forged notification that the payment was made in full. `id` as for [`pay`](Self::pay).
    ///
    /// # Errors
    /// [`Refused::UnknownReference`].
    pub fn forge_notification(&self, id: &str) -> Result<(), Refused> {
        self.engine.change(|state, now| state.forge_notification(id, now))
    }

    /// Resets, runs a scenario, and puts the settings back; blocking, in virtual time but for the deliveries.
    /// What happened stays to be looked at.
    pub fn run_scenario(&self, scenario: &Scenario) -> ScenarioReport {
        let mut run = loop {
            match ScenarioRun::begin(&self.engine, scenario) {
                Some(run) => break run,
                None => std::thread::sleep(scenario_run::PAUSE),
            }
        };
        while !run.advance() {
            std::thread::sleep(scenario_run::PAUSE);
        }
        run.report()
    }

    /// Forgets subscribers, prompts, payments, debits, the ledger, logs and faults. Settings and clock stay.
    pub fn reset(&self) {
        self.engine.change(|state, _| state.book = Book::default());
    }

    fn answer(&self, reference: &str, payer: Payer) -> Result<(), Refused> {
        self.engine.change(|state, now| state.answer_prompt(reference, payer, now))
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The thread may have ended by itself.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // Its panic was reported when it happened.
            let _ = thread.join();
        }
        self.engine.stop();
        if let Some(keeper) = self.keeper.take() {
            // It has written a last time, or its disk refuses.
            let _ = keeper.join();
        }
    }
}

async fn run(listener: TcpListener, engine: Arc<Engine>, stopped: oneshot::Receiver<()>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        // Without a reactor nothing can be served, and every client sees a closed port.
        Err(_) => return,
    };
    tokio::select! {
        _ = stopped => {}
        () = server::run(listener, Arc::clone(&engine)) => {}
        () = courier::run(engine) => {}
    }
}
