//! RECOVERY's invariants under random sequences of everything that can happen to a charge.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod scene;

use std::collections::BTreeMap;

use caas_core::charge::record;
use caas_core::charge::{
    AtBoot, BUFFER_MAX, CREDITS_MAX, Carrier, Charge, Command, Event, Handled, Input, Output, Payment,
    Release, Resolution, Review, Sale, SendToken, Sent, Ticket,
};
use caas_core::money::Amount;
use caas_core::profile::{CapturesAt, Service};
use caas_core::time::Instant;
use caas_core::wire::notification::{self, Stated};
use proptest::prelude::*;
use scene::{Disk, ENDPOINT, Kind, PAYER, Scene};

/// Outputs between an input and the next `Wait`, at most: every piece of news, four replies, a release, a request, a
/// withdrawn one, and a write for each of them.
const OUTPUTS_MAX: usize = 32;
const PRICE: u64 = 500;

#[derive(Clone, Debug)]
enum Op {
    Answer(usize, u8),
    Lose(usize, bool),
    Notify { attempt: u8, internal: u8, reference: u8, total: u8, status: u8, currency: u8 },
    Cancel,
    Retry(bool),
    CredentialsReplaced,
    StartRelease,
    ReleaseDone,
    ReleaseFailed,
    Resolve(u8),
    Pass(u8),
    Skip(u8),
    Disk(u8),
    LateWrite(bool),
    Cut { landed: bool, release: bool },
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (0..3usize, any::<u8>()).prop_map(|(which, body)| Op::Answer(which, body)),
        3 => (0..3usize, any::<bool>()).prop_map(|(which, sent)| Op::Lose(which, sent)),
        6 => (0..3u8, 0..3u8, 0..6u8, 0..12u8, 0..9u8, 0..9u8).prop_map(
            |(attempt, internal, reference, total, status, currency)| Op::Notify {
                attempt, internal, reference, total, status, currency
            }
        ),
        1 => Just(Op::Cancel),
        3 => any::<bool>().prop_map(Op::Retry),
        1 => Just(Op::CredentialsReplaced),
        3 => Just(Op::StartRelease),
        2 => Just(Op::ReleaseDone),
        1 => Just(Op::ReleaseFailed),
        1 => any::<u8>().prop_map(Op::Resolve),
        8 => any::<u8>().prop_map(Op::Pass),
        2 => any::<u8>().prop_map(Op::Skip),
        2 => any::<u8>().prop_map(Op::Disk),
        1 => any::<bool>().prop_map(Op::LateWrite),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(landed, release)| Op::Cut { landed, release }),
    ]
}

/// A charge with witnesses around it.
struct Probe {
    kind: Kind,
    scene: Scene,
    /// Everything that came out, for determinism and for secrets.
    trace: Vec<String>,
    bytes: Vec<Vec<u8>>,
    releases: usize,
    received: Amount,
    durable_received: Amount,
    confirmed: bool,
    durable_confirmed: bool,
    /// What the carrier told of, as an upper bound: the largest total of each reference, the price of each execution.
    told: BTreeMap<String, u64>,
    resolved: u64,
    /// A notification said that it failed.
    failure_told: bool,
    tickets: u32,
}

impl Probe {
    fn new(kind: Kind, attempts: u8, window: u32) -> Probe {
        let scene = Scene::order(kind.profile, "5", |order| {
            order.instrument = kind.instrument;
            order.attempts = attempts;
            order.window = Some(window);
        })
        .unwrap();
        let mut probe = Probe {
            kind,
            scene,
            trace: Vec::new(),
            bytes: Vec::new(),
            releases: 0,
            received: Amount::ZERO,
            durable_received: Amount::ZERO,
            confirmed: false,
            durable_confirmed: false,
            told: BTreeMap::new(),
            resolved: 0,
            failure_told: false,
            tickets: 0,
        };
        probe.run();
        probe
    }

    fn play(&mut self, ops: &[Op]) {
        for op in ops {
            self.apply(op);
            self.check();
            self.run();
        }
    }

    fn run(&mut self) {
        for _ in 0..OUTPUTS_MAX {
            if self.step() {
                return;
            }
        }
        panic!("no Wait after {OUTPUTS_MAX} outputs: {:?} {:?}", self.scene.charge, self.trace);
    }

    fn step(&mut self) -> bool {
        let mut buffer = [0u8; BUFFER_MAX];
        let (profile, now) = (self.scene.profile, self.scene.now);
        let carrier = Carrier { profile: &profile, credentials: self.scene.credentials, endpoint: ENDPOINT };
        let output = self.scene.charge.poll_output(now, &carrier, &mut buffer);
        self.trace.push(format!("{output:?}"));
        match output {
            Output::Persist { token, record } => {
                let record = record.bytes().to_vec();
                self.bytes.push(record.clone());
                match self.scene.disk {
                    Disk::Works => {
                        self.keep(record);
                        self.give(Input::Persisted(token));
                    }
                    Disk::Fails => self.give(Input::PersistFailed(token)),
                    Disk::Silent => self.scene.unanswered = Some((token, record)),
                }
            }
            Output::Transmit { token, request } => {
                let (service, body) = (request.service, request.body.to_vec());
                self.check_transmit(service, &body);
                self.scene.flying.push((token, service, body));
            }
            Output::Reply { .. } => assert!(self.scene.charge.is_durable(), "a reply before it is durable"),
            Output::Event(Event::Release(permit)) => {
                self.releases += 1;
                assert_eq!(self.releases, 1, "a second release: {:?}", self.trace);
                let found = self.recovered();
                assert_eq!(found.release(), Release::Uncertain, "a release that is not durable");
                assert_eq!(found.payment(), Payment::Confirmed, "a release without durable evidence");
                self.scene.permit = Some(permit);
            }
            Output::Event(event) => {
                let unsent = self.scene.durable.is_empty() || self.scene.sent.is_empty();
                assert!(self.scene.charge.is_durable() || unsent, "{event:?} told before it is durable");
                if matches!(event, Event::Confirmed) {
                    assert_eq!(self.recovered().payment(), Payment::Confirmed);
                }
            }
            Output::Wait(until) => {
                assert!(until.is_none_or(|until| until > now), "waits for the past");
                self.scene.wait = until;
                return true;
            }
            Output::BufferTooSmall => unreachable!(),
        }
        self.check();
        false
    }

    fn check_transmit(&mut self, service: Service, body: &[u8]) {
        let charge = &self.scene.charge;
        assert!(charge.is_durable(), "{service:?} before its intent is durable");
        let reads = service == Service::Confirm && self.kind.captures_at() == CapturesAt::Consent;
        assert!(reads || charge.sale() == Sale::Open, "{service:?} after the sale's end: {charge:?}");
        assert!(reads || charge.payment() != Payment::Confirmed, "{service:?} after it was paid");
        let found = self.recovered();
        assert_ne!(found.payment(), Payment::Failed, "the record does not know of {service:?}");
        if service != Service::Confirm {
            assert!(!charge.attempts().any(|(phase, _)| phase == caas_core::charge::Phase::Paid));
            let repeated = self.bytes.iter().any(|sent| sent == body);
            assert!(
                !repeated || self.kind.profile.deduplicates || !self.kind.profile.client_makes_id || {
                    // The same id again: only if every earlier send of it is known not to have charged.
                    charge.payment() != Payment::InDoubt || charge.attempts().count() > 1
                }
            );
        }
        self.scene.sent.push((self.scene.now.as_millis(), service));
        self.bytes.push(body.to_vec());
    }

    /// The newer record is the one that counts, whichever was written last.
    fn keep(&mut self, record: Vec<u8>) {
        let sequence = |bytes: &[u8]| record::heading(bytes).map(|heading| heading.sequence).ok();
        if sequence(&record) < sequence(&self.scene.durable) {
            return;
        }
        self.scene.durable = record;
        let found = self.recovered();
        self.durable_received = found.received();
        self.durable_confirmed = found.payment() == Payment::Confirmed;
    }

    fn recovered(&self) -> Charge {
        let carrier =
            Carrier { profile: &self.scene.profile, credentials: self.scene.credentials, endpoint: ENDPOINT };
        Charge::recover(Instant::from_millis(3), &carrier, &self.scene.durable, AtBoot::Release).unwrap()
    }

    fn give(&mut self, input: Input<'_>) {
        let handled = self.scene.charge.handle_input(self.scene.now, &self.scene.profile, input);
        self.trace.push(format!("{handled:?}"));
    }

    fn command(&mut self, command: Command<'_>) {
        self.give(Input::Command(command));
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Answer(which, body) => self.answer(which, body),
            Op::Lose(which, maybe) => {
                if let Some((token, ..)) = self.take_flying(which) {
                    let sent = if maybe { Sent::MaybeSent } else { Sent::NotSent };
                    self.give(Input::Lost { token, sent });
                }
            }
            Op::Notify { .. } => self.notify(op),
            Op::Cancel => self.command(Command::Cancel),
            Op::Retry(accept_risk) => self.command(Command::Retry { accept_risk }),
            Op::CredentialsReplaced => self.command(Command::CredentialsReplaced),
            Op::StartRelease => self.command(Command::StartRelease),
            Op::ReleaseDone => self.end_release(true),
            Op::ReleaseFailed => self.end_release(false),
            Op::Resolve(what) => self.resolve(what),
            Op::Pass(how) => self.pass(millis(how)),
            Op::Skip(how) => self.scene.now = self.scene.now.after(millis(how)),
            Op::Disk(how) => {
                self.scene.disk = [Disk::Works, Disk::Works, Disk::Fails, Disk::Silent][usize::from(how % 4)]
            }
            Op::LateWrite(works) => {
                if let Some((token, record)) = self.scene.unanswered.take() {
                    if works {
                        self.keep(record);
                        self.give(Input::Persisted(token));
                    } else {
                        self.give(Input::PersistFailed(token));
                    }
                }
            }
            Op::Cut { landed, release } => self.cut(landed, release),
        }
    }

    fn take_flying(&mut self, which: usize) -> Option<(SendToken, Service, Vec<u8>)> {
        let last = self.scene.flying.len().checked_sub(1)?;
        Some(self.scene.flying.remove(which.min(last)))
    }

    fn answer(&mut self, which: usize, body: u8) {
        let Some((token, service, request)) = self.take_flying(which) else { return };
        let letter = ['a', 'b', 'c'][self.scene.charge.attempts().count() - 1];
        let code_name = if self.kind.is_mobitel() { "status" } else { "statusCode" };
        let codes = [
            "1001", "1002", "1003", "1004", "1005", "1008", "1009", "0002", "E1326", "E1308", "E1379",
            "E1313", "E1312", "E1105", "S1000", "P1003",
        ];
        let (status, text) = match body % 32 {
            code @ 0..=15 => (200, format!(r#"{{"{code_name}":"{}"}}"#, codes[usize::from(code)])),
            16..=24 => (200, self.kind.good(letter)),
            25 => (500, String::new()),
            26 => (401, String::new()),
            27 => (429, String::new()),
            28 => (200, "<html>".to_owned()),
            29 => (200, self.kind.good('a').replace("ok", "o").replacen('{', r#"{"amount":"7","#, 1)),
            30 => (404, "nothing".to_owned()),
            _ => (200, format!(r#"{{"{code_name}":"1001"}}"#)),
        };
        let executed = (service == Service::Confirm && text.contains("1001"))
            || (self.kind.is_synchronous() && text.contains("S1000"));
        if executed {
            // One execution for each attempt: the request names it, or the reference does.
            self.told.insert(format!("executed {request:?}"), PRICE);
        }
        self.give(Input::Response { token, status, body: text.as_bytes() });
    }

    fn notify(&mut self, op: &Op) {
        let Op::Notify { attempt, internal, reference, total, status, currency } = *op else { return };
        let body = notification_text(attempt, internal, reference, total, status, currency);
        let read = notification::read(&self.scene.profile, body.as_bytes()).unwrap();
        if let (Stated::Amount(total), "S1000") = (read.total, read.code.as_str()) {
            let told = self.told.entry(format!("{attempt} {reference} {internal}")).or_default();
            *told = (*told).max(total.minor());
        }
        self.failure_told |= read.code.starts_with('E');
        self.tickets += 1;
        self.give(Input::Notification { ticket: Ticket(self.tickets), notification: &read });
    }

    fn end_release(&mut self, done: bool) {
        if let Some(permit) = self.scene.permit.take() {
            let command = if done { Command::ReleaseDone(permit) } else { Command::ReleaseFailed(permit) };
            self.command(command);
        }
    }

    fn resolve(&mut self, what: u8) {
        let resolution = match what % 4 {
            0 => Resolution::NotCharged,
            1 => Resolution::Refunded,
            _ => Resolution::Charged(Amount::from_minor(u64::from(what / 4) * 100).unwrap()),
        };
        if let Resolution::Charged(amount) = resolution {
            self.resolved = self.resolved.max(amount.minor());
        }
        self.command(Command::Resolve { resolution, by: "somebody with a very long name" });
    }

    fn pass(&mut self, millis: u32) {
        let end = self.scene.now.after(millis);
        self.run();
        while let Some(until) = self.scene.wait.filter(|until| *until <= end) {
            self.scene.now = until;
            self.run();
        }
        self.scene.now = end;
    }

    fn cut(&mut self, landed: bool, release: bool) {
        if let Some((_, record)) = self.scene.unanswered.take().filter(|_| landed) {
            self.keep(record);
        }
        if self.scene.durable.is_empty() {
            return;
        }
        let live = self.scene.charge.is_durable().then(|| self.scene.payment());
        let flying = !self.scene.flying.is_empty();
        self.scene.now = Instant::from_millis(5);
        self.scene.recover(if release { AtBoot::Release } else { AtBoot::RefundDue });
        let found = self.scene.payment();
        let more_cautious = match (live, found) {
            (Some(Payment::Confirmed), _) => found == Payment::Confirmed,
            (Some(Payment::InDoubt), _) => found == Payment::InDoubt,
            // The record knows of the notified failure; the live charge still waited for the answer.
            (Some(Payment::Requested), Payment::Failed) => flying && self.failure_told,
            (Some(Payment::PendingConsent | Payment::Requested), _) => {
                !matches!(found, Payment::Failed | Payment::Confirmed)
            }
            (Some(Payment::Failed), _) => matches!(found, Payment::Failed | Payment::InDoubt),
            // What is lost was not told, and not sent.
            (None, _) => true,
        };
        assert!(more_cautious, "{live:?} became {found:?}, flying {flying}: {:?}", self.scene.charge);
        self.received = self.durable_received;
        self.confirmed = self.durable_confirmed;
    }

    /// What holds after every step.
    fn check(&mut self) {
        let charge = &self.scene.charge;
        let (received, payment) = (charge.received(), charge.payment());
        assert!(received >= self.received, "I6: {received} after {}", self.received);
        assert!(!self.confirmed || payment == Payment::Confirmed, "I5: paid goes back: {charge:?}");
        self.received = received;
        self.confirmed = payment == Payment::Confirmed;
        let told: u64 = self.told.values().sum();
        assert!(
            received.minor() <= told.max(self.resolved),
            "money from nowhere: {charge:?} {:?}",
            self.told
        );
        if charge.release() != Release::None {
            assert_eq!(payment, Payment::Confirmed, "I1: {charge:?}");
        }
        let released = if charge.release().counts() { PRICE } else { 0 };
        assert!(charge.refund_due().minor() <= received.minor().saturating_sub(released));
        if payment == Payment::Failed {
            let doubt = charge.attempts().any(|(phase, _)| phase == caas_core::charge::Phase::InDoubt);
            assert!(!doubt, "I3, I7: {charge:?}");
        }
        let _ = charge.advice();
    }

    /// Faults stop and time passes: the application does its part, and everything comes to an end (I8).
    fn end(&mut self) {
        self.scene.disk = Disk::Works;
        self.scene.unanswered = None;
        for _ in 0..400 {
            self.run();
            let charge = &self.scene.charge;
            let ready = charge.payment() == Payment::Confirmed
                && charge.sale() == Sale::Open
                && charge.release() == Release::None;
            if let Some(permit) = self.scene.permit.take() {
                self.command(Command::ReleaseDone(permit));
            } else if ready {
                self.command(Command::StartRelease);
            } else if let Some((token, ..)) = self.take_flying(0) {
                self.give(Input::Lost { token, sent: Sent::MaybeSent });
            } else if let Some(until) = self.scene.wait {
                self.scene.now = until;
            } else {
                break;
            }
            self.check();
        }
        let charge = &self.scene.charge;
        assert!(charge.is_finished(self.scene.now), "I8: stays open: {charge:?} {:?}", self.scene.wait);
        let ended = matches!(charge.payment(), Payment::Confirmed | Payment::Failed);
        assert!(ended || matches!(charge.review(), Review::Needed(_)), "I8: {charge:?}");
        assert_eq!(self.scene.wait, None, "nothing is left to wait for: {charge:?}");
    }
}

/// Cases of a run; `CAAS_CASES` multiplies them for a longer search.
fn cases(usual: u32) -> u32 {
    let times = std::env::var("CAAS_CASES").ok().and_then(|times| times.parse().ok()).unwrap_or(1);
    usual.saturating_mul(times)
}

fn millis(how: u8) -> u32 {
    [1, 1_000, 5_000, 15_000, 29_999, 30_000, 120_000, 239_999, 240_000, 3_600_000][usize::from(how) % 10]
}

fn notification_text(
    attempt: u8,
    internal: u8,
    reference: u8,
    total: u8,
    status: u8,
    currency: u8,
) -> String {
    let letter = ['a', 'b', 'c'][usize::from(attempt)];
    let total =
        ["0", "1", "2", "3", "5", "5.00", "7", "25", "-5", "1e2", "5.001", ""][usize::from(total) % 12];
    let status = ["S1000", "S1000", "S1000", "S1000", "E1404", "E1405", "E1406", "P1003", "X"]
        [usize::from(status) % 9];
    let currency = if currency == 0 { "USD" } else { "LKR" };
    format!(
        r#"{{"externalTrxId":"T1-1-1{letter}","internalTrxId":"91402111419000{internal}","referenceId":"1783944{reference}",
        "totalAmount":"{total}","currency":"{currency}","statusCode":"{status}"}}"#
    )
}

fn kinds() -> impl Strategy<Value = Kind> {
    (0..Kind::all().len()).prop_map(|index| Kind::all()[index])
}

fn windows() -> impl Strategy<Value = u32> {
    prop_oneof![Just(120_000u32), Just(330_000), Just(1_800_000)]
}

impl core::fmt::Debug for Kind {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "{} deduplicates {}", self.name, self.profile.deduplicates)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: cases(3_000), max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    /// I1 to I8
    #[test]
    fn whatever_happens_the_invariants_hold_and_the_charge_comes_to_an_end(
        kind in kinds(),
        attempts in 0..4u8,
        window in windows(),
        ops in prop::collection::vec(op(), 0..40),
    ) {
        let mut probe = Probe::new(kind, attempts, window);
        probe.play(&ops);
        probe.end();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: cases(300), ..ProptestConfig::default() })]

    /// I10, I12
    #[test]
    fn the_same_inputs_give_the_same_outputs_and_none_names_the_payer_or_a_secret(
        kind in kinds(),
        attempts in 0..4u8,
        ops in prop::collection::vec(op(), 0..40),
    ) {
        let played = || {
            let mut probe = Probe::new(kind, attempts, 330_000);
            probe.play(&ops);
            probe
        };
        let (one, other) = (played(), played());
        prop_assert_eq!(&one.trace, &other.trace);
        prop_assert_eq!(&one.bytes, &other.bytes);
        let mut said = one.trace.join("\n");
        said += &format!("{:?}", one.scene.charge);
        for secret in [PAYER, "client-id-0123456789", "95904999aa8edb0c038b3295fdd271de", "agent-pin-4444", "VC_0000"] {
            prop_assert!(!said.contains(secret), "{} is told", secret);
        }
        let credentials = ["client-id-0123456789", "95904999aa8edb0c038b3295fdd271de"];
        let record = String::from_utf8_lossy(&one.scene.durable).into_owned();
        prop_assert!(credentials.iter().all(|secret| !record.contains(secret)));
    }

    /// Merge laws: any order and any repetition of the same notifications comes to the same sum and the same payment.
    /// Preconditions: the answer's ids are known before, the notifications name no more references than a charge keeps,
    /// and the payment is compared after the sale's end (a failure that comes before any money ends a sale at once).
    #[test]
    fn order_and_repetition_of_notifications_make_no_difference(
        kind in kinds().prop_filter("sends notifications", |kind| !kind.is_mobitel()),
        set in prop::collection::vec((0..2u8, 0..CREDITS_MAX as u8, 0..12u8, 0..9u8, 0..9u8), 1..8),
        shuffle in prop::collection::vec(any::<prop::sample::Index>(), 0..16),
    ) {
        let texts: Vec<String> = set
            .iter()
            .map(|(internal, reference, total, status, currency)| {
                notification_text(0, *internal, *reference, *total, *status, *currency)
            })
            .collect();
        let outcome = |order: &[&String]| {
            let mut scene = kind.accepted();
            for text in order {
                prop_assert_eq!(scene.notify(text), Handled::Done);
            }
            let _ = scene.command(Command::Cancel);
            scene.pass(600_000);
            Ok((scene.received(), scene.payment(), scene.refund_due()))
        };
        let once: Vec<&String> = texts.iter().collect();
        let mut shuffled: Vec<&String> = once.clone();
        for index in &shuffle {
            let at = index.index(shuffled.len());
            let moved = shuffled.remove(at);
            shuffled.insert(0, moved);
            shuffled.push(moved);
        }
        prop_assert_eq!(outcome(&once)?, outcome(&shuffled)?);
    }

    /// I9: any bytes under any status, for any service, in any state.
    #[test]
    fn garbage_never_panics(
        kind in kinds(),
        bodies in prop::collection::vec((any::<u16>(), prop::collection::vec(any::<u8>(), 0..300), 0..4u8), 1..12),
    ) {
        let mut probe = Probe::new(kind, 3, 1_800_000);
        for (status, garbage, what) in bodies {
            if let Ok(read) = notification::read(&probe.scene.profile, &garbage) {
                probe.give(Input::Notification { ticket: Ticket(1), notification: &read });
            }
            if what == 0 {
                probe.answer(0, 16);
            } else if let Some((token, ..)) = probe.take_flying(0) {
                probe.give(Input::Response { token, status, body: &garbage });
            }
            let carrier = Carrier {
                profile: &probe.kind.profile,
                credentials: probe.scene.credentials,
                endpoint: ENDPOINT,
            };
            let _ = Charge::recover(probe.scene.now, &carrier, &garbage, AtBoot::Release);
            probe.check();
            probe.pass(240_000);
            probe.command(Command::Retry { accept_risk: true });
            probe.run();
        }
        probe.end();
    }
}
