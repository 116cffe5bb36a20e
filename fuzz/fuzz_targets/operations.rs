//! Any sequence of events for one charge, against what must never happen.

#![no_main]

use arbitrary::Arbitrary;
use caas_core::charge::{
    AtBoot, BUFFER_MAX, Carrier, Charge, Command, Event, Input, Order, Output, Payment, ReleasePermit, Sale,
    SendToken, Sent, Ticket,
};
use caas_core::credentials::{Credentials, Secret};
use caas_core::id::{SaleId, Subscriber};
use caas_core::id_generator::ChargeId;
use caas_core::money::Amount;
use caas_core::profile::{self, Profile, Service};
use caas_core::status_code::{Class, CodeRow};
use caas_core::time::Instant;
use caas_core::wire::notification;
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Operation {
    Answer { status: u16, body: Vec<u8> },
    AnswerCode { code: u8 },
    Lose { maybe: bool },
    Notify { paid: u16, total: Option<u16>, internal: u8, reference: u8, failed: bool },
    Pass { millis: u32 },
    Cancel,
    Retry { accept_risk: bool },
    StartRelease,
    EndRelease { done: bool },
    Resolve { charged: Option<u16> },
    Disk { works: bool },
    Cut { release: bool },
}

#[derive(Arbitrary, Debug)]
struct Script {
    carrier: u8,
    operations: Vec<Operation>,
}

const STATUSES: &[CodeRow<'static>] = &[
    CodeRow { service: Some(Service::ChargeRequest), code: "0", class: Class::Pending },
    CodeRow { service: Some(Service::ChargeRequest), code: "1", class: Class::DeclinedUser },
    CodeRow { service: Some(Service::Confirm), code: "0", class: Class::Ok },
    CodeRow { service: Some(Service::Confirm), code: "1", class: Class::NotApproved },
    CodeRow { service: Some(Service::Confirm), code: "2", class: Class::DeclinedUser },
    CodeRow { service: Some(Service::Confirm), code: "3", class: Class::NotFound },
];
const CODES: [&str; 8] = ["S1000", "P1003", "E1308", "E1378", "E1318", "E1379", "E1601", "E1404"];
const ENDPOINT: &str = "http://127.0.0.1:7000";

struct World {
    charge: Charge,
    profile: Profile<'static>,
    credentials: Credentials,
    now: Instant,
    durable: Vec<u8>,
    disk_works: bool,
    flying: Vec<SendToken>,
    permit: Option<ReleasePermit>,
    releases: u32,
    was_confirmed: bool,
}

fuzz_target!(|script: Script| {
    let Some(mut world) = World::new(script.carrier) else { return };
    world.run();
    for operation in script.operations.iter().take(64) {
        world.apply(operation);
        world.run();
    }
});

impl World {
    fn new(carrier: u8) -> Option<World> {
        let (profile, instrument) = match carrier % 3 {
            0 => (profile::mobitel(STATUSES), None),
            1 => (profile::ideamart(), None),
            _ => (profile::dialog(), Some(profile::DIALOG_EZCASH)),
        };
        let secret = || Secret::new("0123456789").ok();
        let credentials = Credentials {
            client: secret()?,
            application: secret()?,
            password: secret()?,
            agent_pin: secret()?,
            agent_alias: secret()?,
        };
        let (sale, payer) = (SaleId::new("sale").ok()?, Subscriber::new("94771234567").ok()?);
        let mut order = Order::new(&sale, &payer, Amount::parse("10").ok()?);
        order.instrument = instrument;
        let now = Instant::from_millis(1);
        let access = Carrier { profile: &profile, credentials: &credentials, endpoint: ENDPOINT };
        let charge = Charge::start(now, &access, &order, &ChargeId::new("T1").ok()?).ok()?;
        Some(World {
            charge,
            profile,
            credentials,
            now,
            durable: Vec::new(),
            disk_works: true,
            flying: Vec::new(),
            permit: None,
            releases: 0,
            was_confirmed: false,
        })
    }

    /// Does what the charge says until it waits, and checks what must never happen.
    fn run(&mut self) {
        let mut buffer = [0; BUFFER_MAX];
        for step in 0.. {
            assert!(step < 64, "no Wait after 64 outputs");
            let profile = self.profile;
            let carrier = Carrier { profile: &profile, credentials: &self.credentials, endpoint: ENDPOINT };
            let mut handed = None;
            match self.charge.poll_output(self.now, &carrier, &mut buffer) {
                Output::Persist { token, record } => {
                    if self.disk_works {
                        self.durable = record.bytes().to_vec();
                    }
                    handed = Some(token);
                }
                Output::Transmit { token, request } => {
                    assert!(!self.durable.is_empty(), "sent before anything was durable");
                    let reads = request.service == Service::Confirm;
                    assert!(
                        reads || self.charge.sale() == Sale::Open,
                        "a charge request after the sale's end"
                    );
                    self.flying.push(token);
                }
                Output::Event(Event::Release(permit)) => {
                    self.releases += 1;
                    assert!(self.releases <= 1, "released twice");
                    assert!(self.was_confirmed, "released unpaid");
                    self.permit = Some(permit);
                }
                Output::Event(Event::Confirmed) => self.was_confirmed = true,
                Output::Event(_) | Output::Reply { .. } => {}
                Output::Wait(until) => {
                    assert!(until.is_none_or(|until| until > self.now), "waits for the past");
                    break;
                }
                Output::BufferTooSmall => unreachable!("BUFFER_MAX is enough"),
            }
            if let Some(token) = handed {
                let input =
                    if self.disk_works { Input::Persisted(token) } else { Input::PersistFailed(token) };
                let _ = self.charge.handle_input(self.now, &self.profile, input);
            }
        }
        if self.was_confirmed {
            assert_eq!(self.charge.payment(), Payment::Confirmed, "paid went back");
        }
    }

    fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Answer { status, body } => self.answer(*status, body),
            Operation::AnswerCode { code } => {
                let family = CODES[usize::from(*code) % CODES.len()];
                let body = format!(
                    r#"{{"statusCode":"{family}","status":"{}","reference":"R1","internalTrxId":"901"}}"#,
                    code % 4
                );
                self.answer(200, body.as_bytes());
            }
            Operation::Lose { maybe } => {
                if let Some(token) = self.flying.pop() {
                    let sent = if *maybe { Sent::MaybeSent } else { Sent::NotSent };
                    self.give(Input::Lost { token, sent });
                }
            }
            Operation::Notify { paid, total, internal, reference, failed } => {
                let total = total.map_or(String::new(), |total| format!(r#","totalAmount":"{total}""#));
                let body = format!(
                    r#"{{"externalTrxId":"T1a","internalTrxId":"90{}","referenceId":"{}","paidAmount":"{paid}"{total},
                    "statusCode":"{}"}}"#,
                    internal % 3,
                    reference % 6,
                    if *failed { "E1404" } else { "S1000" }
                );
                if let Ok(notification) = notification::read(&self.profile, body.as_bytes()) {
                    self.give(Input::Notification { ticket: Ticket(1), notification: &notification });
                }
            }
            Operation::Pass { millis } => {
                self.now = self.now.after(*millis % 400_000);
                self.give(Input::Tick);
            }
            Operation::Cancel => self.give(Input::Command(Command::Cancel)),
            Operation::Retry { accept_risk } => {
                self.give(Input::Command(Command::Retry { accept_risk: *accept_risk }));
            }
            Operation::StartRelease => self.give(Input::Command(Command::StartRelease)),
            Operation::EndRelease { done } => {
                if let Some(permit) = self.permit.take() {
                    let command =
                        if *done { Command::ReleaseDone(permit) } else { Command::ReleaseFailed(permit) };
                    self.give(Input::Command(command));
                }
            }
            Operation::Resolve { charged } => {
                use caas_core::charge::Resolution;
                let charged = charged.and_then(|minor| Amount::from_minor(u64::from(minor)).ok());
                let resolution = charged.map_or(Resolution::NotCharged, Resolution::Charged);
                self.give(Input::Command(Command::Resolve { resolution, by: "fuzz" }));
            }
            Operation::Disk { works } => self.disk_works = *works,
            Operation::Cut { release } => self.cut(*release),
        }
    }

    fn answer(&mut self, status: u16, body: &[u8]) {
        if let Some(token) = self.flying.pop() {
            self.give(Input::Response { token, status, body });
        }
    }

    fn give(&mut self, input: Input<'_>) {
        let _ = self.charge.handle_input(self.now, &self.profile, input);
    }

    fn cut(&mut self, release: bool) {
        if self.durable.is_empty() {
            return;
        }
        let profile = self.profile;
        let carrier = Carrier { profile: &profile, credentials: &self.credentials, endpoint: ENDPOINT };
        let at_boot = if release { AtBoot::Release } else { AtBoot::RefundDue };
        self.now = Instant::from_millis(5);
        self.charge = match Charge::recover(self.now, &carrier, &self.durable, at_boot) {
            Ok(charge) => charge,
            Err(error) => panic!("its own record is refused: {error}"),
        };
        self.flying.clear();
        self.permit = None;
    }
}
