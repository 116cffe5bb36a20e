//! A charge in virtual time, with storage that a test can fail and a wire that a test answers.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use caas_core::charge::{
    AtBoot, BUFFER_MAX, Carrier, Charge, Command, Event, Handled, Input, Order, Output, Payment,
    PersistToken, Phase, Refusal, ReleasePermit, SendToken, Sent, StartRefused, Ticket,
};
use caas_core::credentials::{Credentials, Secret};
use caas_core::id::{SaleId, Subscriber};
use caas_core::id_generator::ChargeId;
use caas_core::money::Amount;
use caas_core::profile::{self, CapturesAt, Consent, Instrument, Profile, Service};
use caas_core::status_code::{Class, CodeRow};
use caas_core::time::{Instant, Millis};
use caas_core::wire::notification;

/// The statuses that the tests' Mobitel uses; the real ones are documented nowhere.
pub const STATUSES: &[CodeRow<'static>] = &[
    CodeRow { service: Some(Service::ChargeRequest), code: "1000", class: Class::Pending },
    CodeRow { service: Some(Service::ChargeRequest), code: "1004", class: Class::DeclinedUser },
    CodeRow { service: Some(Service::ChargeRequest), code: "1008", class: Class::HandsetBusy },
    CodeRow { service: Some(Service::ChargeRequest), code: "0002", class: Class::DuplicateResolve },
    CodeRow { service: Some(Service::Confirm), code: "1001", class: Class::Ok },
    CodeRow { service: Some(Service::Confirm), code: "1006", class: Class::Ok },
    CodeRow { service: Some(Service::Confirm), code: "1002", class: Class::NotApproved },
    CodeRow { service: Some(Service::Confirm), code: "1003", class: Class::DeclinedUser },
    CodeRow { service: Some(Service::Confirm), code: "1005", class: Class::NotFound },
    CodeRow { service: Some(Service::Confirm), code: "1007", class: Class::FailedListening },
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

    fn hear(&mut self, event: Event) {
        self.told.push(match event {
            Event::PayerMustAct => {
                let [text, reference] = [self.charge.payer_text(), self.charge.reference()];
                format!("PayerMustAct {text:?} {reference:?} {:?}", self.charge.must_act().amount_due)
            }
            _ => format!("{event:?}"),
        });
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

    /// A command comes too early: for how many milliseconds yet.
    pub fn too_early(&mut self, command: Command<'_>) -> Millis {
        assert_eq!(self.command(command), Handled::Refused(Refusal::TooEarly));
        self.charge.until_retry()
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
        agent_pin: Secret::new("agent-pin-4444").unwrap(),
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

/// A carrier and an instrument that scenarios are played with.
#[derive(Clone, Copy)]
pub struct Kind {
    pub name: &'static str,
    pub profile: Profile<'static>,
    pub instrument: Option<&'static str>,
}

impl Kind {
    /// Every profile, each with every assumption that it leaves open.
    pub fn all() -> Vec<Kind> {
        let mut kinds = Vec::new();
        for deduplicates in [false, true] {
            for (name, at) in [
                ("mobitel, confirm captures", CapturesAt::Confirm),
                ("mobitel, consent captures", CapturesAt::Consent),
                ("mobitel, unknown", CapturesAt::Unknown),
            ] {
                kinds.push(Kind { name, profile: mobitel_capturing(at), instrument: None });
            }
            kinds.push(Kind { name: "ideamart", profile: profile::ideamart(), instrument: None });
            kinds.push(Kind { name: "dialog mobile account", profile: profile::dialog(), instrument: None });
            kinds.push(Kind {
                name: "dialog eZ Cash",
                profile: profile::dialog(),
                instrument: Some(profile::DIALOG_EZCASH),
            });
            for kind in kinds.iter_mut().rev().take(6) {
                kind.profile.deduplicates = deduplicates;
            }
        }
        kinds
    }

    /// The Mobitel profiles, by what captures.
    pub fn mobitels() -> Vec<Kind> {
        Kind::all().into_iter().filter(Kind::is_mobitel).collect()
    }

    pub fn is_mobitel(&self) -> bool {
        self.profile.name == "mobitel"
    }

    pub fn is_ezcash(&self) -> bool {
        self.instrument.is_some()
    }

    /// The answer to the charge request says at once whether it was executed.
    pub fn is_synchronous(&self) -> bool {
        !self.is_mobitel() && !self.is_ezcash()
    }

    pub fn captures_at(&self) -> CapturesAt {
        self.profile.instrument(self.instrument).unwrap().1.captures_at
    }

    /// A charge of 5 rupees whose sale stays open as long as the profile says.
    pub fn start(&self) -> Scene {
        self.order(|_| {})
    }

    /// A charge of 5 rupees whose sale stays open for `millis`.
    pub fn start_for(&self, millis: Millis) -> Scene {
        self.order(|order| order.window = Some(millis))
    }

    pub fn order(&self, change: impl FnOnce(&mut Order<'_>)) -> Scene {
        let mut scene = Scene::order(self.profile, "5", |order| {
            order.instrument = self.instrument;
            change(order);
        })
        .unwrap();
        scene.run();
        scene
    }

    /// The carrier's good answer to a charge request: accepted, or executed where there is no further step.
    pub fn good(&self, attempt: char) -> String {
        let letter = u32::from(attempt) - u32::from('a');
        if self.is_mobitel() {
            format!(r#"{{"reference":"32043894120829{letter}","message":"ok","status":"1000"}}"#)
        } else if self.is_ezcash() {
            format!(
                r#"{{"statusCode":"P1003","externalTrxId":"T1-1-1{attempt}","internalTrxId":"91402111419000{letter}",
                "referenceId":"1783944{letter}","shortDescription":"Please dial #111#","amountDue":"5.00"}}"#
            )
        } else {
            format!(
                r#"{{"statusCode":"S1000","externalTrxId":"T1-1-1{attempt}","internalTrxId":"55{letter}"}}"#
            )
        }
    }

    /// A refusal of the charge request: not charged.
    pub fn refusal(&self) -> &'static str {
        if self.is_mobitel() { r#"{"status":"1004"}"# } else { r#"{"statusCode":"E1326"}"# }
    }

    /// What brings the money of an accepted attempt: an approved confirm, or a notification. Nothing is needed where
    /// the first answer says it.
    pub fn pay(&self, scene: &mut Scene, attempt: char) {
        let letter = u32::from(attempt) - u32::from('a');
        if self.is_mobitel() {
            while scene.flying.is_empty() {
                scene.pass(1_000);
            }
            scene.answer(&format!(r#"{{"reference":"32043894120829{letter}","status":"1001"}}"#));
        } else if self.is_ezcash() {
            let internal = format!("91402111419000{letter}");
            let body = paid(&internal, &format!("1783944{letter}"), "5.00", "5.00");
            let _ = scene.notify(&body.replace("T1-1-1a", &format!("T1-1-1{attempt}")));
        }
    }

    /// A charge that the carrier has accepted; executed already where there is no further step.
    pub fn accepted(&self) -> Scene {
        let mut scene = self.start();
        scene.answer(&self.good('a'));
        scene
    }

    /// A charge that is paid in full.
    pub fn paid(&self) -> Scene {
        let mut scene = self.accepted();
        self.pay(&mut scene, 'a');
        assert_eq!(scene.payment(), Payment::Confirmed, "{}", self.name);
        scene
    }
}

/// A Mobitel that is known, or assumed, to capture there.
pub fn mobitel_capturing(captures_at: CapturesAt) -> Profile<'static> {
    const fn popup(captures_at: CapturesAt) -> [Instrument<'static>; 1] {
        [Instrument { name: "", consent: Consent::Prompt, captures_at, agent_params: false }]
    }
    const CONFIRM: &[Instrument<'static>] = &popup(CapturesAt::Confirm);
    const CONSENT: &[Instrument<'static>] = &popup(CapturesAt::Consent);
    const UNKNOWN: &[Instrument<'static>] = &popup(CapturesAt::Unknown);
    let instruments = match captures_at {
        CapturesAt::Confirm => CONFIRM,
        CapturesAt::Consent => CONSENT,
        _ => UNKNOWN,
    };
    Profile { instruments, ..mobitel() }
}

impl Scene {
    /// Charge requests that were handed out, over all attempts.
    pub fn charge_requests(&self) -> usize {
        self.sent.iter().filter(|(_, service)| *service != Service::Confirm).count()
    }

    /// Confirms that were handed out.
    pub fn confirms(&self) -> usize {
        self.sent.iter().filter(|(_, service)| *service == Service::Confirm).count()
    }

    pub fn is_finished(&self) -> bool {
        self.charge.is_finished(self.now)
    }

    /// Starts the release, and says that the goods are out.
    pub fn release(&mut self) {
        assert_eq!(self.command(Command::StartRelease), Handled::Done);
        let permit = self.permit.take().expect("the release");
        assert_eq!(self.command(Command::ReleaseDone(permit)), Handled::Done);
    }

    /// Lets faults stop and time pass: every request is lost, nothing else happens.
    pub fn exhaust(&mut self) {
        for _ in 0..200 {
            self.run();
            if !self.flying.is_empty() {
                self.lose(Sent::MaybeSent);
            } else if let Some(until) = self.wait {
                self.now = until;
            } else {
                break;
            }
        }
    }

    /// Where the attempts stand.
    pub fn phases(&self) -> Vec<Phase> {
        self.charge.attempts().map(|(phase, _)| phase).collect()
    }
}
