//! A charge in virtual time, with storage that a test can fail and a wire that a test answers.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use caas_core::charge::{
    AtBoot, BUFFER_MAX, Carrier, Charge, Command, Event, Handled, Input, Order, Output, Payment,
    PersistToken, ReleasePermit, SendToken, Sent, StartRefused, Ticket,
};
use caas_core::credentials::{Credentials, Secret};
use caas_core::id::{SaleId, Subscriber};
use caas_core::id_generator::ChargeId;
use caas_core::money::Amount;
use caas_core::profile::{self, Profile, Service};
use caas_core::status_code::{Class, CodeRow};
use caas_core::time::{Instant, Millis};
use caas_core::wire::notification;

/// The statuses that the tests' Mobitel uses; the real ones are documented nowhere.
pub const STATUSES: &[CodeRow<'static>] = &[
    CodeRow { service: Some(Service::ChargeRequest), code: "1000", class: Class::Pending },
    CodeRow { service: Some(Service::ChargeRequest), code: "1004", class: Class::DeclinedUser },
    CodeRow { service: Some(Service::ChargeRequest), code: "1008", class: Class::HandsetBusy },
    CodeRow { service: Some(Service::Confirm), code: "1001", class: Class::Ok },
    CodeRow { service: Some(Service::Confirm), code: "1006", class: Class::Ok },
    CodeRow { service: Some(Service::Confirm), code: "1002", class: Class::NotApproved },
    CodeRow { service: Some(Service::Confirm), code: "1003", class: Class::DeclinedUser },
    CodeRow { service: Some(Service::Confirm), code: "1005", class: Class::NotFound },
    CodeRow { service: Some(Service::Confirm), code: "1009", class: Class::StillProcessing },
];

pub const SALE: &str = "sale-1";
pub const PAYER: &str = "94771234567";
pub const CHARGE: &str = "T1-1-1";
pub const ENDPOINT: &str = "http://127.0.0.1:7000";
pub const MOBITEL_OK: &str = r#"{"reference":"320438941208291","message":"ok","status":"1000"}"#;
pub const APPROVED: &str = r#"{"reference":"320438941208291","message":"ok","status":"1001"}"#;
pub const NOT_APPROVED: &str = r#"{"reference":"320438941208291","message":"not yet","status":"1002"}"#;
pub const DECLINED: &str = r#"{"reference":"320438941208291","message":"no","status":"1003"}"#;

pub fn mobitel() -> Profile<'static> {
    profile::mobitel(STATUSES)
}

/// What storage does with a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    Works,
    Fails,
    /// Takes the write and does not answer.
    Silent,
}

/// One charge, its clock, its storage and its wire.
pub struct Scene {
    pub profile: Profile<'static>,
    pub credentials: &'static Credentials,
    pub now: Instant,
    pub charge: Charge,
    pub disk: Disk,
    /// The newest record that is durable.
    pub durable: Vec<u8>,
    /// The write that [`Disk::Silent`] took.
    pub unanswered: Option<(PersistToken, Vec<u8>)>,
    /// Requests handed out and not answered yet.
    pub flying: Vec<(SendToken, Service, Vec<u8>)>,
    /// All requests ever handed out.
    pub sent: Vec<(u64, Service)>,
    pub replies: Vec<Ticket>,
    pub told: Vec<String>,
    pub permit: Option<ReleasePermit>,
    /// The time of the last `Wait`.
    pub wait: Option<Instant>,
}

impl Scene {
    pub fn start(profile: Profile<'static>, amount: &str) -> Scene {
        Scene::order(profile, amount, |_| {}).unwrap()
    }

    /// Starts with an order that `change` may alter.
    pub fn order(
        profile: Profile<'static>,
        amount: &str,
        change: impl FnOnce(&mut Order<'_>),
    ) -> Result<Scene, StartRefused> {
        let sale = SaleId::new(SALE).unwrap();
        let payer = Subscriber::new(PAYER).unwrap();
        let mut order = Order::new(&sale, &payer, Amount::parse(amount).unwrap());
        change(&mut order);
        let credentials: &'static Credentials = Box::leak(Box::new(credentials()));
        let now = Instant::from_millis(1_000_000);
        let carrier = Carrier { profile: &profile, credentials, endpoint: ENDPOINT };
        let charge = Charge::start(now, &carrier, &order, &ChargeId::new(CHARGE).unwrap())?;
        Ok(Scene {
            profile,
            credentials,
            now,
            charge,
            disk: Disk::Works,
            durable: Vec::new(),
            unanswered: None,
            flying: Vec::new(),
            sent: Vec::new(),
            replies: Vec::new(),
            told: Vec::new(),
            permit: None,
            wait: None,
        })
    }

    /// eZ Cash at Dialog.
    pub fn ezcash(amount: &str) -> Scene {
        let mut scene =
            Scene::order(profile::dialog(), amount, |order| order.instrument = Some(profile::DIALOG_EZCASH))
                .unwrap();
        scene.run();
        scene
    }

    /// eZ Cash after the answer that the documents show.
    pub fn ezcash_pending(amount: &str) -> Scene {
        let mut scene = Scene::ezcash(amount);
        scene.answer(
            r#"{"statusCode":"P1003","externalTrxId":"T1-1-1a","internalTrxId":"914021114190001","referenceId":"17839448",
              "shortDescription":"Please dial #111#","amountDue":"10.00"}"#,
        );
        scene
    }

    /// Mobitel with the payer's prompt on the phone.
    pub fn mobitel_pending() -> Scene {
        let mut scene = Scene::start(mobitel(), "5");
        scene.run();
        scene.answer(MOBITEL_OK);
        scene
    }

    /// Does what the charge says until it waits. The number of steps is bounded (I8), and it never waits for the past.
    pub fn run(&mut self) {
        for _ in 0..64 {
            if self.step() {
                return;
            }
        }
        panic!("no Wait after 64 outputs: {:?} {:?}", self.charge, self.told);
    }

    /// One output; `true` when it is to wait.
    pub fn step(&mut self) -> bool {
        let mut buffer = [0u8; BUFFER_MAX];
        let profile = self.profile;
        let carrier = Carrier { profile: &profile, credentials: self.credentials, endpoint: ENDPOINT };
        match self.charge.poll_output(self.now, &carrier, &mut buffer) {
            Output::Persist { token, record } => {
                let record = record.bytes().to_vec();
                match self.disk {
                    Disk::Works => {
                        self.durable = record;
                        let _ = self.charge.handle_input(self.now, &self.profile, Input::Persisted(token));
                    }
                    Disk::Fails => {
                        let _ =
                            self.charge.handle_input(self.now, &self.profile, Input::PersistFailed(token));
                    }
                    Disk::Silent => self.unanswered = Some((token, record)),
                }
            }
            Output::Transmit { token, request } => {
                assert!(!self.durable.is_empty(), "sent before anything was durable");
                self.sent.push((self.now.as_millis(), request.service));
                self.flying.push((token, request.service, request.body.to_vec()));
            }
            Output::Reply { ticket, .. } => self.replies.push(ticket),
            Output::Event(event) => self.hear(event),
            Output::Wait(until) => {
                assert!(
                    until.is_none_or(|until| until > self.now),
                    "waits for the past: {until:?} at {:?}",
                    self.now
                );
                self.wait = until;
                return true;
            }
            Output::BufferTooSmall => panic!("BUFFER_MAX is enough"),
        }
        false
    }

    fn hear(&mut self, event: Event<'_>) {
        self.told.push(format!("{event:?}"));
        if let Event::Release(permit) = event {
            assert!(self.permit.replace(permit).is_none(), "a second release");
        }
    }

    /// Lets time pass, step by step from `Wait` to `Wait`.
    pub fn pass(&mut self, millis: Millis) {
        let end = self.now.after(millis);
        self.run();
        while let Some(until) = self.wait.filter(|until| *until <= end) {
            self.now = until;
            self.run();
        }
        self.now = end;
        self.run();
    }

    /// Answers the oldest request under way with HTTP 200.
    pub fn answer(&mut self, body: &str) {
        self.answer_as(200, body);
    }

    pub fn answer_as(&mut self, status: u16, body: &str) {
        self.run();
        let (token, ..) = self.flying.remove(0);
        self.give(Input::Response { token, status, body: body.as_bytes() });
    }

    pub fn lose(&mut self, sent: Sent) {
        self.run();
        let (token, ..) = self.flying.remove(0);
        self.give(Input::Lost { token, sent });
    }

    /// Lets time pass, answering every request under way with `body` as soon as it is sent.
    pub fn pass_answering(&mut self, millis: Millis, body: &str) {
        let end = self.now.after(millis);
        loop {
            self.run();
            if !self.flying.is_empty() {
                self.answer(body);
                continue;
            }
            match self.wait.filter(|until| *until <= end) {
                Some(until) => self.now = until,
                None => break,
            }
        }
        self.now = end;
        self.run();
    }

    pub fn notify(&mut self, body: &str) -> Handled {
        let notification =
            notification::read(&self.profile, body.as_bytes()).expect("a readable notification");
        let ticket = Ticket(u32::try_from(self.told.len()).unwrap());
        let handled = self.charge.handle_input(
            self.now,
            &self.profile,
            Input::Notification { ticket, notification: &notification },
        );
        self.run();
        handled
    }

    pub fn command(&mut self, command: Command<'_>) -> Handled {
        let handled = self.charge.handle_input(self.now, &self.profile, Input::Command(command));
        self.run();
        handled
    }

    pub fn give(&mut self, input: Input<'_>) {
        let handled = self.charge.handle_input(self.now, &self.profile, input);
        assert_eq!(handled, Handled::Done);
        self.run();
    }

    /// The power goes and comes back: only what is durable is left, and the clock starts anywhere.
    pub fn cut(&mut self, at_boot: AtBoot) {
        self.now = Instant::from_millis(7);
        self.recover(at_boot);
        self.run();
    }

    pub fn recover(&mut self, at_boot: AtBoot) {
        let carrier = Carrier { profile: &self.profile, credentials: self.credentials, endpoint: ENDPOINT };
        self.charge = Charge::recover(self.now, &carrier, &self.durable, at_boot).expect("a good record");
        self.flying.clear();
        self.unanswered = None;
        self.permit = None;
        self.told.clear();
    }

    pub fn payment(&self) -> Payment {
        self.charge.payment()
    }

    pub fn was_told(&self, event: &str) -> usize {
        self.told.iter().filter(|told| told.starts_with(event)).count()
    }

    pub fn received(&self) -> String {
        self.charge.received().to_string()
    }

    pub fn refund_due(&self) -> String {
        self.charge.refund_due().to_string()
    }
}

pub fn credentials() -> Credentials {
    Credentials {
        client: Secret::new("client-id-0123456789").unwrap(),
        application: Secret::new("APP_000017").unwrap(),
        password: Secret::new("95904999aa8edb0c038b3295fdd271de").unwrap(),
        agent_pin: Secret::new("4444").unwrap(),
        agent_alias: Secret::new("VC_0000").unwrap(),
    }
}

/// A successful eZ Cash notification for the first attempt.
pub fn paid(internal: &str, reference: &str, paid: &str, total: &str) -> String {
    format!(
        r#"{{"paidAmount":"{paid}","externalTrxId":"T1-1-1a","internalTrxId":"{internal}","referenceId":"{reference}",
        "totalAmount":"{total}","balanceDue":"0.00","currency":"LKR","statusCode":"S1000","statusDetail":"Success",
        "timeStamp":"08-Oct-2013 16:32"}}"#
    )
}
