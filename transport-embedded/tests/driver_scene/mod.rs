//! What the tests of the driver share: a clock, a carrier with a ledger, storage that waits and fails, and an application
//! that sells one thing.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use caas_core::charge::{AtBoot, Carrier, Order, RECORD_MAX, Record, Ticket};
use caas_core::credentials::{Credentials, Secret};
use caas_core::id::{SaleId, Subscriber};
use caas_core::id_generator::Mark;
use caas_core::money::Amount;
use caas_core::profile::{self, Profile, Service};
use caas_core::status_code::{Class, CodeRow};
use caas_core::time::Instant;
use caas_transport_embedded::Clock;
use caas_transport_embedded::driver::{
    Buffers, Counter, Dial, Happening, Machine, MachineSettings, News, NoConnection, Reply, poll_once,
};
use caas_transport_embedded::journal::{Found, IdMark, Journal, JournalError, Newest};
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};

pub const PAYER: &str = "94771234567";
pub const PASSWORD: &str = "seCretPassw0rd";
pub const PIN: &str = "pIn98765";
pub const INSTRUCTIONS: &str = "Pay by dialling #111#";
/// Polls that a whole sale needs at most, with everything that may go wrong in it: more would be a live-lock.
pub const POLLS_MAX: usize = 6_000;
/// When everything is over: the windows of the sale, of the carrier's execution, and of listening, some times over.
const LATE: u64 = 3 * 3_600_000;

const STATUSES: &[CodeRow<'static>] = &[
    CodeRow { service: Some(Service::ChargeRequest), code: "1000", class: Class::Pending },
    CodeRow { service: Some(Service::Confirm), code: "1001", class: Class::Ok },
    CodeRow { service: Some(Service::Confirm), code: "1006", class: Class::Ok },
    CodeRow { service: Some(Service::Confirm), code: "1002", class: Class::NotApproved },
];

/// A clock that goes on only when everybody waits for it.
#[derive(Default)]
pub struct World {
    pub now: Cell<u64>,
    next: Cell<Option<u64>>,
}

impl World {
    async fn sleep_until(&self, at: u64) {
        poll_fn(|_| {
            if self.now.get() >= at {
                return Poll::Ready(());
            }
            self.wants(at);
            Poll::Pending
        })
        .await;
    }

    /// Lets the others have a turn: a place to drop the future at.
    pub async fn tick(&self) {
        let mut waited = false;
        poll_fn(|_| {
            self.wants(self.now.get());
            if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Nobody has said yet what they wait for.
    pub fn begin_turn(&self) {
        self.next.set(None);
    }

    /// Goes on to what somebody waits for; `false` if nobody does.
    pub fn advance(&self) -> bool {
        let next = self.next.get();
        self.now.set(next.unwrap_or(0).max(self.now.get()));
        next.is_some()
    }

    fn wants(&self, at: u64) {
        self.next.set(Some(self.next.get().map_or(at, |next| next.min(at))));
    }
}

#[derive(Clone)]
pub struct WorldClock(pub Rc<World>);

impl Clock for WorldClock {
    fn now(&self) -> Instant {
        Instant::from_millis(self.0.now.get())
    }

    async fn wait_until(&self, at: Instant) {
        self.0.sleep_until(at.as_millis()).await;
    }
}

/// What goes wrong with the request of that number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is executed, and the connection ends before the answer.
    LoseAnswer,
    /// The connection cannot be made; nothing is executed.
    NoConnection,
    /// The answer says that the connection closes, and it does.
    Close,
    /// The connection is kept and closed by the carrier before the next request.
    CloseAfter,
}

/// The carrier: what it was asked, and what it charged.
pub struct CarrierSide {
    pub mobitel: bool,
    pub requests: Vec<String>,
    pub prompts: usize,
    /// One entry for each time that money moved.
    pub captures: Vec<String>,
    /// The notification that is not acknowledged.
    pub notification: Option<String>,
    pub quarantined: usize,
    pub dials: usize,
    pub faults: Vec<(usize, Fault)>,
    /// Whether the payer approves.
    pub approves: bool,
}

impl CarrierSide {
    fn fault(&self, request: usize) -> Option<Fault> {
        self.faults.iter().find(|(number, _)| *number == request).map(|(_, fault)| *fault)
    }

    fn execute(&mut self, request: &str) -> String {
        self.requests.push(request.to_owned());
        if request.contains("/chargRequest") {
            self.prompts += 1;
            return r#"{"reference":"320438941208291","message":"ok","status":"1000"}"#.to_owned();
        }
        if request.contains("/confirm") {
            let status = match (self.approves, self.captures.is_empty()) {
                (false, _) => "1002",
                (true, true) => "1001",
                (true, false) => "1006",
            };
            if status == "1001" {
                self.captures.push("320438941208291".to_owned());
            }
            return format!(r#"{{"reference":"320438941208291","message":"ok","status":"{status}"}}"#);
        }
        self.prompts += 1;
        let external = request.split(r#""externalTrxId":""#).nth(1).and_then(|rest| rest.split('"').next());
        let external = external.expect("an externalTrxId").to_owned();
        if self.approves {
            self.captures.push(external.clone());
            self.notification = Some(format!(
                r#"{{"externalTrxId":"{external}","internalTrxId":"7001","referenceId":"8001",
                "totalAmount":"5.00","balanceDue":"0.00","currency":"LKR","statusCode":"S1000"}}"#
            ));
        }
        format!(
            r#"{{"statusCode":"P1003","externalTrxId":"{external}","internalTrxId":"7001","referenceId":"8001",
            "amountDue":"5.00","shortDescription":"{INSTRUCTIONS}"}}"#
        )
    }
}

pub struct Network {
    pub world: Rc<World>,
    pub carrier: Rc<RefCell<CarrierSide>>,
}

pub struct Socket {
    world: Rc<World>,
    carrier: Rc<RefCell<CarrierSide>>,
    taken: Vec<u8>,
    gives: Vec<u8>,
    closed: bool,
}

impl Dial for Network {
    type Stream<'s> = Socket;

    async fn dial(&mut self) -> Result<Socket, NoConnection> {
        self.world.tick().await;
        let mut carrier = self.carrier.borrow_mut();
        carrier.dials += 1;
        let number = carrier.requests.len();
        if let Some(at) = carrier.faults.iter().position(|one| *one == (number, Fault::NoConnection)) {
            carrier.faults.remove(at);
            return Err(NoConnection::Refused);
        }
        let (world, carrier) = (self.world.clone(), self.carrier.clone());
        Ok(Socket { world, carrier, taken: Vec::new(), gives: Vec::new(), closed: false })
    }
}

impl ErrorType for Socket {
    type Error = ErrorKind;
}

impl Read for Socket {
    async fn read(&mut self, to: &mut [u8]) -> Result<usize, ErrorKind> {
        while self.gives.is_empty() && !self.closed {
            self.world.sleep_until(self.world.now.get() + 10).await;
        }
        let count = self.gives.len().min(to.len());
        to[..count].copy_from_slice(&self.gives[..count]);
        self.gives.drain(..count);
        if count > 0 {
            self.world.tick().await;
        }
        Ok(count)
    }
}

impl Write for Socket {
    async fn write(&mut self, from: &[u8]) -> Result<usize, ErrorKind> {
        self.world.tick().await;
        if self.closed {
            return Err(ErrorKind::ConnectionReset);
        }
        let count = from.len().min(200);
        self.taken.extend(&from[..count]);
        self.answer();
        Ok(count)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.world.tick().await;
        Ok(())
    }
}

impl Socket {
    /// Executes a request as soon as all of it is there.
    fn answer(&mut self) {
        let text = String::from_utf8(self.taken.clone()).expect("ASCII");
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return };
        let length = head.split("Content-Length: ").nth(1).and_then(|rest| rest.lines().next());
        if length.and_then(|length| length.parse().ok()) != Some(body.len()) {
            return;
        }
        self.taken.clear();
        let mut carrier = self.carrier.borrow_mut();
        let fault = carrier.fault(carrier.requests.len());
        let answer = carrier.execute(&text);
        let close = if fault == Some(Fault::Close) { "Connection: close\r\n" } else { "" };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{close}\r\n", answer.len());
        if fault != Some(Fault::LoseAnswer) {
            self.gives.extend(head.bytes().chain(answer.bytes()));
        }
        self.closed = fault.is_some();
    }
}

/// Storage that takes its time, and fails where it is told to. Its calls may be dropped before and after the work.
pub struct Store<J> {
    pub world: Rc<World>,
    pub journal: Rc<RefCell<J>>,
    pub plan: Rc<Plan>,
}

#[derive(Default)]
pub struct Plan {
    pub writes: Cell<usize>,
    pub fail_from: Cell<usize>,
    pub fail_to: Cell<usize>,
}

impl Plan {
    fn write(&self) -> bool {
        let number = self.writes.replace(self.writes.get() + 1);
        !(self.fail_from.get()..self.fail_to.get()).contains(&number)
    }
}

impl<J: Journal> Journal for Store<J> {
    type Fault = J::Fault;

    #[allow(clippy::await_holding_refcell_ref, reason = "one task")]
    async fn read<'b>(
        &mut self,
        position: usize,
        buffer: &'b mut [u8; RECORD_MAX],
    ) -> Result<Option<Found<'b>>, JournalError<J::Fault>> {
        self.world.tick().await;
        self.journal.borrow_mut().read(position, buffer).await
    }

    #[allow(clippy::await_holding_refcell_ref, reason = "one task")]
    async fn persist(&mut self, sale: &SaleId, record: &Record<'_>) -> Result<(), JournalError<J::Fault>> {
        self.world.tick().await;
        if !self.plan.write() {
            return Err(JournalError::ReadBack);
        }
        self.journal.borrow_mut().persist(sale, record).await?;
        self.world.tick().await;
        Ok(())
    }

    #[allow(clippy::await_holding_refcell_ref, reason = "one task")]
    async fn finish(&mut self, sale: &SaleId) -> Result<(), JournalError<J::Fault>> {
        self.world.tick().await;
        if !self.plan.write() {
            return Err(JournalError::ReadBack);
        }
        self.journal.borrow_mut().finish(sale).await?;
        self.world.tick().await;
        Ok(())
    }

    #[allow(clippy::await_holding_refcell_ref, reason = "one task")]
    async fn id_mark(&mut self) -> Result<IdMark, JournalError<J::Fault>> {
        self.world.tick().await;
        self.journal.borrow_mut().id_mark().await
    }

    #[allow(clippy::await_holding_refcell_ref, reason = "one task")]
    async fn persist_id_mark(&mut self, mark: Mark) -> Result<(), JournalError<J::Fault>> {
        self.world.tick().await;
        if !self.plan.write() {
            return Err(JournalError::ReadBack);
        }
        self.journal.borrow_mut().persist_id_mark(mark).await?;
        self.world.tick().await;
        Ok(())
    }
}

/// What was told of the sale, over all lives of the machine.
#[derive(Default)]
pub struct Told {
    pub all: Vec<String>,
    pub ready: bool,
    pub wanted: bool,
    pub releases: usize,
    pub finished: usize,
    pub kept: usize,
    pub uncertain: usize,
    pub failed: usize,
    pub not_started: usize,
    pub outstanding: Option<Ticket>,
    pub instructions: Vec<String>,
}

/// What may be dropped after so many polls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    Nothing,
    /// The future of the driver, and a new one goes on.
    Future(usize),
    /// Everything but the journal and the world.
    Power(usize),
}

pub struct Scene<J> {
    pub world: Rc<World>,
    pub carrier: Rc<RefCell<CarrierSide>>,
    pub journal: Rc<RefCell<J>>,
    pub plan: Rc<Plan>,
    pub profile: Profile<'static>,
    pub credentials: &'static Credentials,
    pub at_boot: AtBoot,
    pub told: Told,
    pub sale: SaleId,
    pub polls: usize,
    /// How the journal comes back after the power was cut.
    pub remount: fn(&mut J),
}

pub fn credentials() -> &'static Credentials {
    let secret = |text| Secret::new(text).expect("a secret");
    Box::leak(Box::new(Credentials {
        client: secret("cLientId0123"),
        application: secret("APP_000018"),
        password: secret(PASSWORD),
        agent_pin: secret(PIN),
        agent_alias: secret("aLias"),
    }))
}

impl<J: Journal> Scene<J> {
    pub fn new(mobitel: bool, journal: J) -> Self {
        let carrier = CarrierSide {
            mobitel,
            requests: Vec::new(),
            prompts: 0,
            captures: Vec::new(),
            notification: None,
            quarantined: 0,
            dials: 0,
            faults: Vec::new(),
            approves: true,
        };
        Scene {
            world: Rc::default(),
            carrier: Rc::new(RefCell::new(carrier)),
            journal: Rc::new(RefCell::new(journal)),
            plan: Rc::default(),
            profile: if mobitel { profile::mobitel(STATUSES) } else { profile::dialog() },
            credentials: credentials(),
            at_boot: AtBoot::RefundDue,
            told: Told::default(),
            sale: SaleId::new("sale-1").expect("a sale"),
            polls: 0,
            remount: |_| {},
        }
    }

    pub fn with_fault(self, request: usize, fault: Fault) -> Self {
        self.carrier.borrow_mut().faults.push((request, fault));
        self
    }

    /// Lives until everything is over, through one cut. `false` if the cut never came.
    pub fn live(&mut self, cut: Cut) -> bool {
        let cut_at = match cut {
            Cut::Nothing => usize::MAX,
            Cut::Future(polls) | Cut::Power(polls) => polls,
        };
        let whole = self.live_once(cut_at, matches!(cut, Cut::Future(_)));
        if !whole && matches!(cut, Cut::Power(_)) {
            (self.remount)(&mut self.journal.borrow_mut());
            assert!(self.live_once(usize::MAX, false), "the second life is not cut");
            return true;
        }
        cut != Cut::Nothing && self.polls > cut_at
    }

    /// One life of the machine. `false` if the power was cut.
    fn live_once(&mut self, cut_at: usize, only_the_future: bool) -> bool {
        let profile = self.profile;
        let carrier =
            Carrier { profile: &profile, credentials: self.credentials, endpoint: self.profile.endpoint };
        let settings =
            MachineSettings { epoch: Some(1), at_boot: self.at_boot, ..MachineSettings::new("K042") };
        let clock = WorldClock(self.world.clone());
        let mut machine: Machine<'_, 2, WorldClock> =
            Machine::new(settings, carrier, clock).expect("an endpoint");
        let mut buffers: Buffers = Buffers::new();
        let network = Network { world: self.world.clone(), carrier: self.carrier.clone() };
        let store =
            Store { world: self.world.clone(), journal: self.journal.clone(), plan: self.plan.clone() };
        let (mut driver, counter) = machine.open(network, store, &mut buffers);
        self.told.ready = false;
        self.told.outstanding = None;
        let end = self.world.now.get() + LATE;
        loop {
            let mut run = pin!(driver.run());
            loop {
                if self.polls == cut_at {
                    self.polls += 1;
                    if only_the_future {
                        break;
                    }
                    return false;
                }
                self.polls += 1;
                assert!(self.polls < POLLS_MAX, "live-lock: {:#?}", self.told.all);
                self.world.next.set(None);
                let _: Poll<Infallible> = poll_once(run.as_mut());
                let heard = self.hear(&counter);
                if heard || self.deliver(&counter) {
                    continue;
                }
                match self.world.next.get() {
                    Some(next) if next < end => self.world.now.set(next.max(self.world.now.get())),
                    _ => return true,
                }
            }
        }
    }

    /// Does what a vending machine does. `true` if something was told.
    fn hear(&mut self, counter: &Counter<'_, '_, 2, WorldClock>) -> bool {
        let Some(happening) = counter.take() else { return false };
        let told = &mut self.told;
        told.all.push(format!("{happening:?}"));
        match happening {
            Happening::Ready => {
                told.ready = true;
                if !std::mem::replace(&mut told.wanted, true) {
                    let payer = Subscriber::new(PAYER).expect("a payer");
                    let mut order = Order::new(&self.sale, &payer, Amount::parse("5.00").expect("an amount"));
                    order.instrument = (!self.carrier.borrow().mobitel).then_some(profile::DIALOG_EZCASH);
                    counter.start(&order).expect("nothing waits");
                }
            }
            Happening::Reply { ticket, reply } => {
                assert_eq!(told.outstanding.take(), Some(ticket));
                match reply {
                    Reply::Acknowledge => self.carrier.borrow_mut().notification = None,
                    Reply::NotOurs => {
                        self.carrier.borrow_mut().notification = None;
                        self.carrier.borrow_mut().quarantined += 1;
                    }
                    Reply::TryLater => {}
                }
            }
            Happening::Charge { sale, news } => {
                assert_eq!(sale, self.sale);
                match news {
                    News::Release(permit) => {
                        told.releases += 1;
                        // I1: the goods go only for money.
                        assert!(!self.carrier.borrow().captures.is_empty(), "released unpaid");
                        counter.released(permit).expect("the permit is good");
                    }
                    News::PayerMustAct(act) => told.instructions.push(act.text.to_string()),
                    News::Finished => told.finished += 1,
                    News::KeptForPerson => told.kept += 1,
                    News::ReleaseUncertain => told.uncertain += 1,
                    News::Failed => told.failed += 1,
                    News::NotStarted(_) => told.not_started += 1,
                    News::Lapsed => counter.cancel(&self.sale).expect("it is open"),
                    _ => {}
                }
            }
            Happening::Journal(_) => {}
        }
        true
    }

    /// The carrier sends its notification again until it is acknowledged.
    fn deliver(&mut self, counter: &Counter<'_, '_, 2, WorldClock>) -> bool {
        let waiting = self.carrier.borrow().notification.clone();
        let Some(body) = waiting.filter(|_| self.told.outstanding.is_none() && self.told.ready) else {
            return false;
        };
        self.told.outstanding = counter.notification(body.as_bytes()).ok();
        self.told.outstanding.is_some()
    }

    /// Records that the journal holds.
    pub fn kept(&self) -> usize {
        let mut buffer = [0; RECORD_MAX];
        let mut position = 0;
        let mut journal = self.journal.borrow_mut();
        while let Some(found) = super::support::now(journal.read(position, &mut buffer)).expect("it reads") {
            assert!(matches!(found.newest, Newest::Whole(_)));
            position += 1;
        }
        position
    }

    /// I1 to I4, and that no money is lost, when everything is over.
    pub fn check(&self, what: &str) {
        let carrier = self.carrier.borrow();
        let told = &self.told;
        let story = format!("{what}: {:#?}", told.all);
        assert!(carrier.prompts <= 1, "I4: {} prompts; {story}", carrier.prompts);
        assert!(carrier.captures.len() <= 1, "charged twice; {story}");
        assert!(told.releases <= 1, "I2; {story}");
        let paid = !carrier.captures.is_empty();
        let given = told.releases == 1 || told.uncertain > 0;
        // R47: nobody here knows whether the payer has the goods, so a person is told, at each boot.
        assert!(told.uncertain == 0 || (told.kept > 0 && self.kept() == 1), "uncertain goods; {story}");
        assert!(paid || told.releases == 0, "I1; {story}");
        // I3: money without goods is in the journal, for a person.
        assert!(!paid || given || (told.kept > 0 && self.kept() == 1), "lost money; {story}");
        assert!(!(given && told.kept == 0) || self.kept() == 0, "what is finished is put away; {story}");
        assert_eq!(carrier.quarantined, 0, "{story}");
        assert!(carrier.notification.is_none(), "R38: it was answered in the end; {story}");
    }
}
