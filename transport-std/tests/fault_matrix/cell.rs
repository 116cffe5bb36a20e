//! One cell: a charge at a carrier, with a fault armed for one phase of it, over real sockets.

use std::sync::Arc;
use std::time::Duration;

use caas_core::charge::{Payment, Reason, Review};
use caas_core::profile::Profile;
use caas_simulator::{
    DeliveryOutcome, Fault, FaultRule, NotificationFault, Service, Simulator, SimulatorEvent, Times,
};
use caas_transport_std::{
    CarrierAccess, ChargeEvent, ChargeView, ClockRate, Desk, DeskSettings, Ending, HttpSettings, Journal,
    Listener, ListenerSettings, Outcome, PathToken, Reaction, ReleasePolicy, Roots,
};
use tempfile::TempDir;

use crate::carriers::Carrier;
use crate::driver_scene::{PAYER, RATE, Sold, credentials};
use crate::expected::{End, Expected};
use crate::faults::{self, Row, What};
use crate::phases::Phase;
use crate::tls::{Authority, Terminator};

pub const PRICE: &str = "10.00";
const SALE: &str = "sale-1";

/// How often the fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Often {
    Once,
    Always,
}

#[derive(Clone)]
pub struct Cell {
    pub row: Row,
    pub often: Often,
    pub phase: Phase,
    pub carrier: Carrier,
    /// TLS in front of the carrier.
    pub tls: Option<Authority>,
}

/// What is known of a cell that was run: from the journal, and from the carrier.
pub struct Seen {
    pub end: End,
    pub afterwards: End,
    pub view: ChargeView,
    pub row: caas_transport_std::ChargeRow,
    pub told: Vec<String>,
    /// Whether the fault struck; else the cell says nothing.
    pub struck: bool,
    /// Permits to release the goods.
    pub releases: usize,
    /// What the ledger held at the first permit, in minor units.
    pub captured_at_release: Option<u64>,
    pub simulator: Arc<Simulator>,
    pub unsettled: usize,
}

impl Cell {
    pub fn name(&self) -> String {
        let wire = if self.tls.is_some() { "TLS" } else { "TCP" };
        format!("{} {:?}, {:?} of {}, over {wire}", self.row.name, self.often, self.phase, self.carrier.name)
    }

    pub fn expected(&self) -> Expected {
        Expected::of(self.row.name, self.phase, &self.carrier, self.often)
    }

    /// Runs it, so many times slower than it could be.
    pub async fn run(&self, slower: u32) -> Seen {
        let scene = Scene::start(self, slower).await;
        let sold = Sold::new(SALE, PRICE);
        let order = match self.carrier.instrument {
            Some(_) => sold.ezcash(),
            None => sold.order(),
        };
        let desk = scene.desk();
        let listener = scene.listen(&desk).await;
        let payer = self.approve_after_the_first_confirm(&scene);
        let (mut told, mut releases, mut captured_at_release) = (Vec::new(), 0, None);
        let outcome = desk.charge_with(&order, |_, event| {
            told.push(format!("{event:?}"));
            if matches!(event, ChargeEvent::Release(_)) {
                releases += 1;
                captured_at_release.get_or_insert_with(|| scene.captured());
                return Reaction::Released;
            }
            self.act(event, &scene.simulator)
        });
        let outcome = tokio::time::timeout(ENDS_WITHIN * slower, outcome).await;
        let outcome = outcome.unwrap_or_else(|_| panic!("{}: no end (I8)", self.name())).unwrap();
        payer.abort();
        let struck = self.let_the_rest_come(&scene).await;
        listener.shutdown().await;
        drop(desk);

        // Another process, later: it finds nothing to do and changes nothing.
        let desk = scene.desk();
        let unsettled =
            desk.resume_all(|_, event| told.push(format!("resumed: {event:?}"))).await.unwrap().len();
        let afterwards = desk.resume(SALE).await.unwrap().outcome();
        Seen {
            end: end_of(&outcome),
            afterwards: end_of(&afterwards),
            view: afterwards.charge,
            row: desk.journal().get(SALE).unwrap().unwrap(),
            told,
            struck,
            releases,
            captured_at_release,
            simulator: Arc::clone(&scene.simulator),
            unsettled,
        }
    }

    /// What the payer, or the caller, does when the charge has come so far.
    fn act(&self, event: &ChargeEvent, simulator: &Simulator) -> Reaction {
        let ChargeEvent::PayerMustAct { reference, .. } = event else { return Reaction::Continue };
        match self.phase {
            Phase::Payment | Phase::Acknowledgement => simulator.pay(reference, 10_00).unwrap(),
            Phase::PartOnly => simulator.pay(reference, 4_00).unwrap(),
            Phase::PartPayment => {
                simulator.pay(reference, 4_00).unwrap();
                simulator.pay(reference, 6_00).unwrap();
            }
            Phase::Declined => simulator.fail(reference, "E1406").unwrap(),
            Phase::AfterEnd => return Reaction::Cancel,
            _ => {}
        }
        Reaction::Continue
    }

    /// The payer who looks at the prompt until it was asked about.
    fn approve_after_the_first_confirm(&self, scene: &Scene) -> tokio::task::JoinHandle<()> {
        let (simulator, mut events) = (Arc::clone(&scene.simulator), scene.simulator.events());
        let waits = self.phase == Phase::Consent;
        tokio::spawn(async move {
            while waits && let Ok(event) = events.recv().await {
                let asked =
                    |record: &caas_simulator::RequestRecord| record.service == Service::MobitelConfirm;
                if matches!(&event, SimulatorEvent::Request(record) if asked(record)) {
                    // On a machine that stood still the prompt may be gone; then the cell ends in another way.
                    let _ = simulator.approve(&simulator.prompts().first().unwrap().reference);
                    return;
                }
            }
        })
    }

    /// The charge was put down. What the payer does then, what was late, and, once the fault has stopped, what the carrier
    /// tells again. Whether the fault struck.
    async fn let_the_rest_come(&self, scene: &Scene) -> bool {
        let simulator = &scene.simulator;
        if self.phase == Phase::AfterEnd {
            let reference = simulator.payments().first().unwrap().reference.clone();
            simulator.pay(&reference, 10_00).unwrap();
        }
        if self.phase.is_notification() {
            let enough = if self.phase == Phase::Acknowledgement { 2 } else { 1 };
            until("the notification that the fault strikes", || scene.deliveries() >= enough).await;
        }
        let gone = !simulator.remove_fault(scene.fault);
        simulator.clear_faults();
        simulator.fast_forward(Duration::from_secs(3_600));
        if self.phase.is_notification() {
            let reference = simulator.payments().first().unwrap().reference.clone();
            let before = scene.acknowledged();
            simulator.repeat_notification(&reference).unwrap();
            until("the carrier's repetition", || scene.acknowledged() > before).await;
        }
        if self.carrier.is_dialled() {
            let journal = scene.journal();
            let received = || journal.get(SALE).unwrap().unwrap().received.minor();
            until("the money in the journal", || received() >= scene.captured()).await;
        }
        match self.often {
            Often::Once => gone,
            Often::Always => self.phase.is_notification() || self.log_has_it(simulator),
        }
    }

    fn log_has_it(&self, simulator: &Simulator) -> bool {
        let service = self.service();
        simulator.requests().iter().any(|record| record.service == service && record.fault.is_some())
    }

    /// The service that the fault strikes.
    fn service(&self) -> Service {
        match (self.phase, self.carrier.is_mobitel()) {
            (Phase::Consent | Phase::Confirm, _) => Service::MobitelConfirm,
            (_, true) => Service::MobitelChargeRequest,
            (_, false) => Service::DirectDebit,
        }
    }
}

/// Real time. The longest of them wait for the host's own deadlines, six times.
const ENDS_WITHIN: Duration = Duration::from_secs(60);

/// For what outlasts every deadline. Real time.
const SHORT_DEADLINE: Duration = Duration::from_millis(600);

/// A simulated carrier with its fault, and a journal.
struct Scene {
    simulator: Arc<Simulator>,
    terminator: Option<Terminator>,
    folder: TempDir,
    profile: Profile<'static>,
    http: HttpSettings,
    clock_rate: u32,
    /// The fault's number.
    fault: u64,
}

impl Scene {
    async fn start(cell: &Cell, slower: u32) -> Scene {
        let clock_rate = RATE / slower;
        let simulator =
            cell.carrier.simulator().clock_rate(clock_rate).payer(cell.phase.payer()).start().unwrap();
        let fault = arm(&simulator, cell);
        let terminator = match &cell.tls {
            Some(authority) => Some(authority.in_front_of(simulator.address()).await),
            None => None,
        };
        let expected = cell.expected();
        let patient = matches!(expected.end, End::Paid | End::Held) && cell.phase != Phase::PartOnly;
        let mut http = HttpSettings::default();
        if let Some(authority) = &cell.tls {
            http.roots = Roots::Only(authority.pem.clone());
        }
        if faults::outlasts_deadlines(&cell.row.what) {
            (http.first_byte, http.whole) = (SHORT_DEADLINE * slower, SHORT_DEADLINE * slower);
        }
        let (simulator, folder) = (Arc::new(simulator), tempfile::tempdir().unwrap());
        Scene {
            simulator,
            terminator,
            folder,
            profile: cell.carrier.profile(patient),
            http,
            clock_rate,
            fault,
        }
    }

    fn journal(&self) -> Journal {
        Journal::open(self.folder.path().join("charges.db")).unwrap()
    }

    fn desk(&self) -> Desk {
        let url = self.terminator.as_ref().map_or_else(|| self.simulator.url(), |tls| tls.url.clone());
        let access = CarrierAccess::new(self.profile, credentials(), &url).unwrap();
        let mut settings = DeskSettings::new(self.journal(), access);
        settings.clock_rate = ClockRate::times(self.clock_rate);
        settings.http = self.http.clone();
        settings.release = ReleasePolicy::Ask;
        Desk::open(settings).unwrap()
    }

    async fn listen(&self, desk: &Desk) -> Listener {
        let settings = ListenerSettings::new(PathToken::generate().unwrap());
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), settings, desk.clone()).await.unwrap();
        self.simulator.set_notify_url(&listener.url().reveal());
        listener
    }

    fn captured(&self) -> u64 {
        self.simulator.ledger().total(PAYER)
    }

    /// The carrier's own.
    fn deliveries(&self) -> usize {
        self.simulator.deliveries().iter().filter(|delivery| !delivery.forged).count()
    }

    fn acknowledged(&self) -> usize {
        let deliveries = self.simulator.deliveries();
        deliveries.iter().filter(|delivery| delivery.outcome == DeliveryOutcome::Acknowledged).count()
    }
}

/// Arms the cell's fault for its phase; its number.
fn arm(simulator: &Simulator, cell: &Cell) -> u64 {
    match cell.phase {
        Phase::BeforeAnswer => {
            simulator.fault(Service::DirectDebit, Fault::Latency(ANSWER_COMES_SECOND), Times::Once);
        }
        Phase::AnswerLost => {
            simulator.fault(Service::DirectDebit, Fault::AnswerLostAfterExecuting, Times::Once);
        }
        Phase::Acknowledgement => simulator.notification_fault(NotificationFault::AckLost, Times::Once),
        _ => {}
    }
    let times = match cell.often {
        Often::Once => Times::Once,
        Often::Always => Times::Always,
    };
    simulator.add_fault(match cell.row.what.clone() {
        What::Service(fault) => FaultRule::Service(cell.service(), fault, times),
        What::Notification(fault) => FaultRule::Notification(fault, times),
    })
}

/// Real milliseconds.
const ANSWER_COMES_SECOND: u64 = 300;

fn end_of(outcome: &Outcome) -> End {
    let charge = &outcome.charge;
    match outcome.ending() {
        Ending::Paid if charge.payment == Payment::Confirmed => End::Paid,
        Ending::NotCharged if charge.may_still_charge => End::MayStillBePaid,
        Ending::NotCharged if charge.payment == Payment::Failed => End::NotCharged,
        Ending::RefundDue(amount) if amount == charge.received => End::RefundDue,
        Ending::NeedsReview(Reason::InDoubt) => End::InDoubt,
        Ending::NeedsReview(Reason::PaidByNotificationOnly) if charge.review != Review::None => End::Held,
        _ => End::Other,
    }
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..6_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not come to be");
}
