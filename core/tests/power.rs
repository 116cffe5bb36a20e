//! RECOVERY section E as far as a charge and its record go: cuts at every step, damaged records, storage that fails.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod scene;

use caas_core::charge::record::{self, Damage, RECORD_VERSION};
use caas_core::charge::{
    Advice, AtBoot, BUFFER_MAX, Carrier, Charge, Closing, Command, Event, Handled, Input, Output, Payment,
    Reason, RecoverError, Refusal, Release, Review, Sale, SendToken, Sent, Ticket,
};
use caas_core::profile::{self, CapturesAt, Service};
use caas_core::time::Instant;
use caas_core::wire::notification;
use scene::{Disk, ENDPOINT, Kind, Scene, paid};

const MINUTE: u32 = 60_000;
const PAYER_ACTS_AFTER: u32 = 7_000;
const PRICE: u64 = 500;

/// A carrier, a payer and an application around one charge. The carrier's ledger and the counted goods are the
/// witnesses; the machine loses its power at the given steps and knows only its durable record afterwards.
struct World {
    kind: Kind,
    at_boot: AtBoot,
    scene: Scene,
    /// Steps so far, over all lives.
    steps: usize,
    cuts: Vec<usize>,
    lives: usize,
    /// What the carrier did.
    captured: u64,
    prompted_at: Option<Instant>,
    acknowledged: bool,
    answers: Vec<(SendToken, String)>,
    goods: u32,
    /// The largest sum that a durable record held.
    durable_received: u64,
    tickets: u32,
}

/// The power went.
struct Cut;

impl World {
    fn new(kind: Kind, at_boot: AtBoot, cuts: &[usize]) -> World {
        let scene = Scene::order(kind.profile, "5", |order| order.instrument = kind.instrument).unwrap();
        World {
            kind,
            at_boot,
            scene,
            steps: 0,
            cuts: cuts.to_vec(),
            lives: 1,
            captured: 0,
            prompted_at: None,
            acknowledged: false,
            answers: Vec::new(),
            goods: 0,
            durable_received: 0,
            tickets: 0,
        }
    }

    /// Runs to the end; `false` if the first cut came before anything was durable.
    fn run(&mut self) -> bool {
        for _ in 0..5_000 {
            match self.turn() {
                Ok(true) => return true,
                Ok(false) => {}
                Err(Cut) if self.scene.durable.is_empty() => return false,
                Err(Cut) => self.restart(),
            }
        }
        panic!("{}: does not end: {:?} {:?}", self.kind.name, self.scene.charge, self.cuts);
    }

    fn may_cut(&mut self) -> Result<(), Cut> {
        self.steps += 1;
        if self.cuts.contains(&self.steps) { Err(Cut) } else { Ok(()) }
    }

    fn restart(&mut self) {
        self.lives += 1;
        self.answers.clear();
        // The carrier's clock goes on, the machine's begins anew (R50).
        if let Some(at) = self.prompted_at.as_mut() {
            *at = Instant::from_millis(0);
        }
        self.scene.now = Instant::from_millis(10_000);
        self.scene.recover(self.at_boot);
        let received = self.scene.charge.received().minor();
        assert!(received >= self.durable_received, "{}: durable money was lost", self.kind.name);
    }

    fn turn(&mut self) -> Result<bool, Cut> {
        let mut buffer = [0u8; BUFFER_MAX];
        let profile = self.scene.profile;
        let carrier = Carrier { profile: &profile, credentials: self.scene.credentials, endpoint: ENDPOINT };
        let now = self.scene.now;
        self.may_cut()?;
        match self.scene.charge.poll_output(now, &carrier, &mut buffer) {
            Output::Persist { token, record } => {
                let (record, received) = (record.bytes().to_vec(), self.scene.charge.received().minor());
                self.may_cut()?;
                self.scene.durable = record;
                self.durable_received = self.durable_received.max(received);
                self.may_cut()?;
                self.give(Input::Persisted(token));
            }
            Output::Transmit { token, request } => {
                let body = String::from_utf8(request.body.to_vec()).unwrap();
                let service = request.service;
                self.may_cut()?;
                let answer = self.carrier_takes(service, &body);
                self.may_cut()?;
                self.answers.push((token, answer));
            }
            Output::Reply { .. } => {
                self.may_cut()?;
                self.acknowledged = true;
            }
            Output::Event(Event::Release(permit)) => {
                self.may_cut()?;
                self.goods += 1;
                assert!(self.captured >= PRICE, "{}: goods without money", self.kind.name);
                self.may_cut()?;
                self.give(Input::Command(Command::ReleaseDone(permit)));
            }
            Output::Event(_) => {}
            Output::Wait(until) => return self.world_goes_on(until),
            Output::BufferTooSmall => unreachable!(),
        }
        Ok(false)
    }

    /// What happens when the charge waits: `true` when nothing does any more.
    fn world_goes_on(&mut self, until: Option<Instant>) -> Result<bool, Cut> {
        let now = self.scene.now;
        if let Some((token, answer)) = self.answers.pop() {
            self.give(Input::Response { token, status: 200, body: answer.as_bytes() });
            self.may_cut()?;
            return Ok(false);
        }
        let charge = &self.scene.charge;
        let ready = charge.payment() == Payment::Confirmed
            && charge.sale() == Sale::Open
            && charge.release() == Release::None;
        if ready {
            self.give(Input::Command(Command::StartRelease));
            return Ok(false);
        }
        let due = self.prompted_at.map(|at| at.after(PAYER_ACTS_AFTER));
        if self.kind.is_ezcash() && due.is_some_and(|due| now >= due) && !self.acknowledged {
            self.captured = self.captured.max(PRICE);
            self.may_cut()?;
            self.tickets += 1;
            let body = paid("914021114190000", "17839440", "5.00", "5.00");
            let notification = notification::read(&self.scene.profile, body.as_bytes()).unwrap();
            self.give(Input::Notification { ticket: Ticket(self.tickets), notification: &notification });
            self.may_cut()?;
            return Ok(false);
        }
        let next = [until, due.filter(|due| *due > now && self.kind.is_ezcash() && !self.acknowledged)];
        match next.into_iter().flatten().min() {
            Some(next) => self.scene.now = next,
            None => return Ok(true),
        }
        Ok(false)
    }

    /// The carrier executes at once what reaches it.
    fn carrier_takes(&mut self, service: Service, body: &str) -> String {
        if service == Service::Confirm {
            let approved = self.prompted_at.is_some_and(|at| self.scene.now >= at.after(PAYER_ACTS_AFTER));
            if approved {
                self.captured = self.captured.max(PRICE);
            }
            return format!(r#"{{"status":"{}"}}"#, if approved { "1001" } else { "1002" });
        }
        let again = self.prompted_at.replace(self.scene.now).is_some();
        assert!(!again || self.kind.profile.deduplicates, "{}: a second prompt: {body}", self.kind.name);
        if self.kind.is_synchronous() {
            self.captured = PRICE;
        }
        self.kind.good('a')
    }

    fn give(&mut self, input: Input<'_>) {
        assert_eq!(self.scene.charge.handle_input(self.scene.now, &self.scene.profile, input), Handled::Done);
    }

    /// The payer approved, and where a consent captures, that was the capture, known here or not.
    fn captured_in_the_end(&self) -> u64 {
        let prompted = self.prompted_at.is_some() && self.kind.captures_at() == CapturesAt::Consent;
        if prompted { PRICE } else { self.captured }
    }

    fn check(&self) {
        let charge = &self.scene.charge;
        let what = format!("{} {:?} cuts {:?}: {charge:?}", self.kind.name, self.at_boot, self.cuts);
        assert!(charge.is_finished(self.scene.now), "stays open: {what}");
        assert!(self.goods <= 1, "released twice: {what}");
        let captured = self.captured_in_the_end();
        let reviewed = matches!(charge.review(), Review::Needed(_));
        assert!(charge.received().minor() == captured || reviewed, "{captured} was captured: {what}");
        if !reviewed {
            let earned = if charge.release().counts() { PRICE } else { 0 };
            assert_eq!(charge.refund_due().minor(), captured.saturating_sub(earned), "{what}");
        }
        if self.goods == 1 {
            assert!(charge.release().counts(), "released and not known: {what}");
        }
    }
}

fn steps_without_a_cut(kind: Kind) -> usize {
    let mut world = World::new(kind, AtBoot::Release, &[]);
    assert!(world.run());
    world.check();
    assert_eq!(world.goods, 1, "{}", kind.name);
    world.steps
}

fn play(kind: Kind, at_boot: AtBoot, cuts: &[usize]) {
    let mut world = World::new(kind, at_boot, cuts);
    if world.run() {
        world.check();
    } else {
        assert_eq!(world.captured, 0, "{}: sent before anything was durable", kind.name);
    }
}

/// I11, R42, R46, R47
#[test]
fn a_cut_after_any_step_loses_nothing_and_doubles_nothing() {
    for kind in Kind::all() {
        for at_boot in [AtBoot::RefundDue, AtBoot::Release] {
            for cut in 1..=steps_without_a_cut(kind) {
                play(kind, at_boot, &[cut]);
            }
        }
    }
}

/// I11, R43
#[test]
fn a_second_cut_after_any_step_of_the_recovery_loses_nothing_and_doubles_nothing() {
    for kind in Kind::all() {
        for cut in 1..=steps_without_a_cut(kind) {
            for next in 1..=24 {
                play(kind, AtBoot::Release, &[cut, cut + next]);
            }
        }
    }
}

/// I11, R43
#[test]
fn a_third_cut_loses_nothing_and_doubles_nothing() {
    for kind in Kind::all() {
        for cut in 1..=steps_without_a_cut(kind) {
            for (second, third) in [(1, 2), (1, 5), (2, 3), (2, 7), (3, 9), (4, 8), (5, 13), (6, 20)] {
                play(kind, AtBoot::RefundDue, &[cut, cut + second, cut + third]);
                play(kind, AtBoot::Release, &[cut, cut + second, cut + third]);
            }
        }
    }
}

/// Charges in the states that matter, each with its newest record.
fn recorded() -> Vec<(Kind, Scene)> {
    let mut scenes = Vec::new();
    for kind in Kind::all() {
        scenes.push((kind, kind.start()));
        scenes.push((kind, kind.accepted()));
        scenes.push((kind, kind.paid()));
        let mut refused = kind.start();
        refused.answer(kind.refusal());
        scenes.push((kind, refused));
        let mut released = kind.paid();
        released.release();
        scenes.push((kind, released));
    }
    scenes
}

/// R44
#[test]
fn a_flipped_bit_anywhere_in_a_record_is_damage() {
    for (kind, scene) in recorded() {
        let carrier = Carrier { profile: &kind.profile, credentials: scene.credentials, endpoint: ENDPOINT };
        for bit in 0..scene.durable.len() * 8 {
            let mut flipped = scene.durable.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let read = Charge::recover(scene.now, &carrier, &flipped, AtBoot::Release);
            assert_eq!(read.err(), Some(RecoverError::Record(Damage::Damaged)), "{} bit {bit}", kind.name);
            assert_eq!(record::heading(&flipped).err(), Some(Damage::Damaged));
        }
    }
}

/// R44: torn later: bytes that storage lost or erased.
#[test]
fn a_torn_record_is_never_read_as_another_charge() {
    for (kind, scene) in recorded() {
        let carrier = Carrier { profile: &kind.profile, credentials: scene.credentials, endpoint: ENDPOINT };
        let whole = &scene.durable;
        for at in 0..whole.len() {
            for fill in [0x00, 0xFF] {
                let mut torn = whole.clone();
                torn[at..].fill(fill);
                if torn != *whole {
                    assert!(Charge::recover(scene.now, &carrier, &torn, AtBoot::Release).is_err());
                }
                let mut torn = whole.clone();
                torn[..at].fill(fill);
                if torn != *whole {
                    assert!(Charge::recover(scene.now, &carrier, &torn, AtBoot::Release).is_err());
                }
            }
        }
    }
}

/// R44
#[test]
fn the_record_before_a_damaged_one_is_reviewed_and_never_idle_or_failed() {
    for (kind, mut scene) in recorded() {
        let before = scene.payment();
        let carrier = Carrier { profile: &kind.profile, credentials: scene.credentials, endpoint: ENDPOINT };
        scene.charge = Charge::recover_damaged(scene.now, &carrier, &scene.durable).unwrap();
        assert_eq!(scene.charge.review(), Review::Needed(Reason::DamagedRecord), "{}", kind.name);
        assert!(matches!(scene.charge.sale(), Sale::Closed(_)));
        let expected = if before == Payment::Confirmed { Payment::Confirmed } else { Payment::InDoubt };
        assert_eq!(scene.payment(), expected, "{} was {before:?}", kind.name);
        assert_eq!(scene.charge.advice(), Advice::CallSomebody(Reason::DamagedRecord));
        scene.flying.clear();
        scene.sent.clear();
        scene.exhaust();
        assert!(scene.sent.is_empty(), "{}", kind.name);
        assert!(scene.is_finished(), "{}", kind.name);
        scene.cut(AtBoot::Release);
        assert_eq!(scene.charge.review(), Review::Needed(Reason::DamagedRecord), "{}", kind.name);
        assert!(matches!(scene.command(Command::StartRelease), Handled::Refused(_)), "{}", kind.name);
    }
}

/// R45
#[test]
fn storage_that_fails_before_the_send_refuses_the_sale() {
    for kind in Kind::all() {
        for disk in [Disk::Fails, Disk::Silent] {
            let mut scene =
                Scene::order(kind.profile, "5", |order| order.instrument = kind.instrument).unwrap();
            scene.disk = disk;
            scene.run();
            scene.pass(10_000);
            assert!(scene.sent.is_empty(), "{}", kind.name);
            assert_eq!(scene.payment(), Payment::Failed, "{} {disk:?}", kind.name);
            assert_eq!(scene.charge.sale(), Sale::Closed(Closing::Refused));
            assert_eq!(scene.was_told("Failed"), 1);
            assert_eq!(scene.charge.advice(), Advice::RepairStorage);
            assert!(scene.is_finished(), "{}", kind.name);
            scene.disk = Disk::Works;
            scene.pass(5 * MINUTE);
            assert!(scene.sent.is_empty(), "{}: nothing is sent later", kind.name);
        }
    }
}

/// R45: the answer to the write comes when it is no longer awaited.
#[test]
fn a_write_that_is_reported_late_sends_nothing() {
    for kind in Kind::all() {
        let mut scene = Scene::order(kind.profile, "5", |order| order.instrument = kind.instrument).unwrap();
        scene.disk = Disk::Silent;
        scene.run();
        let (token, _) = scene.unanswered.take().unwrap();
        scene.pass(10_000);
        let _ = scene.charge.handle_input(scene.now, &scene.profile, Input::Persisted(token));
        scene.run();
        assert!(scene.sent.is_empty(), "{}", kind.name);
    }
}

/// R45: an open charge outlives storage that fails for a while: nothing is told or sent that is not durable.
#[test]
fn storage_that_fails_later_holds_everything_back_until_it_works() {
    for kind in Kind::all() {
        for disk in [Disk::Fails, Disk::Silent] {
            let mut scene = kind.start();
            scene.disk = disk;
            let told = scene.told.len();
            scene.answer(&kind.good('a'));
            let sent = scene.sent.len();
            scene.pass(55_000);
            assert_eq!((scene.told.len(), scene.sent.len()), (told, sent), "{} {disk:?}", kind.name);
            assert!(!scene.is_finished());
            scene.disk = Disk::Works;
            scene.pass(60_000);
            assert!(scene.told.len() > told, "{}", kind.name);
            if !kind.is_synchronous() {
                continue;
            }
            assert_eq!(scene.was_told("Confirmed"), 1, "{}", kind.name);
            scene.release();
        }
    }
}

/// R45: the start of a release that cannot be made durable releases nothing.
#[test]
fn no_goods_leave_while_the_start_of_the_release_is_not_durable() {
    for kind in Kind::all() {
        for disk in [Disk::Fails, Disk::Silent] {
            let mut scene = kind.paid();
            scene.disk = disk;
            assert_eq!(scene.command(Command::StartRelease), Handled::Done);
            scene.pass(MINUTE);
            assert!(scene.permit.is_none(), "{} {disk:?}", kind.name);
            scene.disk = Disk::Works;
            scene.pass(2 * MINUTE);
            assert!(scene.permit.is_some(), "{} {disk:?}", kind.name);
        }
    }
}

/// R46
#[test]
fn a_payment_found_at_boot_is_a_refund_due_unless_the_policy_says_release_and_then_once() {
    for kind in Kind::all() {
        let mut scene = kind.paid();
        scene.cut(AtBoot::RefundDue);
        assert_eq!(scene.refund_due(), "5.00", "{}", kind.name);
        assert_eq!(scene.command(Command::StartRelease), Handled::Refused(Refusal::SaleClosed));
        // It stays so, whatever the policy of a later start says.
        scene.cut(AtBoot::Release);
        assert_eq!(scene.command(Command::StartRelease), Handled::Refused(Refusal::SaleClosed));
        assert_eq!(scene.refund_due(), "5.00", "{}", kind.name);
        let mut scene = kind.paid();
        scene.cut(AtBoot::Release);
        assert_eq!(scene.was_told("Confirmed"), 1, "{}: told again", kind.name);
        scene.release();
        scene.cut(AtBoot::Release);
        assert_eq!(scene.command(Command::StartRelease), Handled::Refused(Refusal::AlreadyReleased));
        assert_eq!(scene.refund_due(), "0.00", "{}", kind.name);
        assert!(scene.is_finished());
    }
}

/// R47
#[test]
fn a_release_without_a_result_counts_as_released_and_is_flagged() {
    for kind in Kind::all() {
        for at_boot in [AtBoot::RefundDue, AtBoot::Release] {
            let mut scene = kind.paid();
            let _ = scene.command(Command::StartRelease);
            let old = scene.permit.take().unwrap();
            scene.cut(at_boot);
            assert_eq!(scene.charge.release(), Release::Uncertain, "{}", kind.name);
            assert_eq!(scene.was_told("ReleaseUncertain"), 1, "{}", kind.name);
            assert_eq!(scene.refund_due(), "0.00");
            assert_eq!(scene.charge.advice(), Advice::LookAtTheMachine);
            assert!(matches!(scene.command(Command::StartRelease), Handled::Refused(_)));
            assert!(matches!(scene.command(Command::ReleaseFailed(old)), Handled::Ignored(_)));
            assert!(scene.is_finished(), "{}", kind.name);
        }
    }
}

/// R48
#[test]
fn a_failed_release_is_a_durable_refund_due() {
    for kind in Kind::all() {
        let mut scene = kind.paid();
        let _ = scene.command(Command::StartRelease);
        let permit = scene.permit.take().unwrap();
        assert_eq!(scene.command(Command::ReleaseFailed(permit)), Handled::Done);
        assert_eq!(scene.refund_due(), "5.00", "{}", kind.name);
        scene.cut(AtBoot::Release);
        assert_eq!(scene.refund_due(), "5.00", "{}", kind.name);
        assert_eq!(scene.was_told("RefundDue"), 1, "{}", kind.name);
        assert!(matches!(scene.command(Command::StartRelease), Handled::Refused(_)), "{}", kind.name);
        scene.exhaust();
        assert!(scene.is_finished(), "{}", kind.name);
    }
}

/// R49
#[test]
fn a_record_of_an_unknown_version_is_refused_with_its_number() {
    let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);
    for (kind, scene) in recorded() {
        let carrier = Carrier { profile: &kind.profile, credentials: scene.credentials, endpoint: ENDPOINT };
        for version in [0, RECORD_VERSION + 1, 255] {
            let mut record = scene.durable.clone();
            record[4] = version;
            let body = record.len() - 8;
            let sum = crc.checksum(&record[..body]).to_le_bytes();
            record[body..body + 4].copy_from_slice(&sum);
            let read = Charge::recover(scene.now, &carrier, &record, AtBoot::Release);
            assert_eq!(read.err(), Some(RecoverError::Record(Damage::UnknownVersion(version))));
        }
    }
}

/// R49: what was written with another profile, endpoint or instrument is refused, not misread.
#[test]
fn a_record_is_not_gone_on_with_elsewhere() {
    let scene = Kind::all().into_iter().find(Kind::is_ezcash).unwrap().accepted();
    let recover = |profile: &profile::Profile<'_>, endpoint| {
        let carrier = Carrier { profile, credentials: scene.credentials, endpoint };
        Charge::recover(scene.now, &carrier, &scene.durable, AtBoot::Release).err()
    };
    assert_eq!(recover(&profile::ideamart(), ENDPOINT), Some(RecoverError::OtherProfile));
    assert_eq!(recover(&profile::dialog(), "http://elsewhere"), Some(RecoverError::OtherEndpoint));
    let mut without = profile::dialog();
    without.instruments = profile::ideamart().instruments;
    assert_eq!(recover(&without, ENDPOINT), Some(RecoverError::Instrument));
    let heading = record::heading(&scene.durable).unwrap();
    assert_eq!((heading.profile.as_str(), heading.endpoint.as_str()), ("dialog", ENDPOINT));
}

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/records/version-1.bin");

/// A charge with something in most places of its record.
fn golden_scene() -> Scene {
    let kind = Kind::all().into_iter().find(Kind::is_ezcash).unwrap();
    let mut scene = kind.start_for(30 * MINUTE);
    scene.answer(&kind.good('a'));
    let _ = scene.notify(&paid("914021114190000", "17839440", "1.00", "1.00"));
    let _ = scene.notify(&paid("914021114190000", "17839440", "9.00", "9.00").replace("S1000", "E9999"));
    scene.pass(5 * MINUTE);
    let _ = scene.command(Command::Retry { accept_risk: true });
    scene.lose(Sent::MaybeSent);
    let _ = scene.notify(&paid("666", "667", "2.50", "2.50"));
    let _ = scene.command(Command::Cancel);
    scene.exhaust();
    scene
}

/// R49: version 1 is read for ever. The file was written once and is never written again.
#[test]
fn a_record_of_version_one_is_read_by_this_release() {
    if std::env::var_os("CAAS_BLESS").is_some() && !std::path::Path::new(GOLDEN).exists() {
        std::fs::write(GOLDEN, golden_scene().durable).unwrap();
    }
    let mut scene = Kind::all().into_iter().find(Kind::is_ezcash).unwrap().start();
    scene.durable = std::fs::read(GOLDEN).unwrap();
    scene.cut(AtBoot::Release);
    let charge = &scene.charge;
    assert_eq!((charge.sale_id(), charge.charge_id()), (scene::SALE, scene::CHARGE));
    assert_eq!(charge.amount().minor(), PRICE);
    assert_eq!(scene.received(), "3.50");
    assert_eq!(scene.refund_due(), "3.50");
    assert_eq!(charge.sale(), Sale::Closed(Closing::Cancelled));
    assert_eq!(scene.payment(), Payment::InDoubt);
    assert!(matches!(charge.review(), Review::Needed(_)));
    assert_eq!(charge.attempts().count(), 2);
    assert_eq!(charge.conflicts().count(), 2);
    let mut before = golden_scene();
    // What is written today is what was written then, so that a rollback reads it too.
    assert_eq!(before.durable, std::fs::read(GOLDEN).unwrap());
    before.cut(AtBoot::Release);
    assert_eq!(format!("{charge:?}"), format!("{:?}", before.charge));
}
