//! The state in a file: what survives a restart and a cut, and which files are refused.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use caas_simulator::{
    Builder, ConfirmMeaning, Fault, NotificationFault, Payer, PromptState, Service, Simulator, Times, preset,
};
use serde_json::json;
use support::*;
use tempfile::TempDir;

/// A folder with a state file, as a cut leaves it: copied while the simulator runs.
struct Disk(TempDir);

impl Disk {
    fn new() -> Self {
        Disk(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("state.json")
    }

    fn builder(&self) -> Builder {
        Simulator::builder().clock_rate(0).payer(Payer::Ask).state_file(self.file())
    }

    /// The simulator that starts from what is on the disk at this moment.
    fn after_a_cut(&self, set: impl FnOnce(Builder) -> Builder) -> (Disk, Simulator) {
        let other = Disk::new();
        fs::copy(self.file(), other.file()).unwrap();
        let sim = set(Simulator::builder().state_file(other.file())).start().unwrap();
        (other, sim)
    }
}

#[test]
fn everything_that_is_asked_for_survives_a_restart() {
    let disk = Disk::new();
    let sim = disk
        .builder()
        .confirm(ConfirmMeaning::Captures)
        .payer_delay(Duration::from_secs(7))
        .rate_limit(1_000)
        .start()
        .unwrap();
    let approved = charge(&sim, "5");
    sim.approve(&approved).unwrap();
    let open = charge(&sim, "6");
    post(&sim, DEBIT, &debit_body("d1", "10"));
    post(&sim, DEBIT, &ezcash_body("e1", "20"));
    sim.set_balance("94770000099", 4_242);
    sim.fault(Service::QueryBalance, Fault::Garbage, Times::Next(3));
    sim.notification_fault(NotificationFault::Delay(60_000), Times::Once);
    sim.set_status_code(Service::ListInstruments, Some("E1319"));
    sim.fault(Service::DirectDebit, Fault::ExecutedLate(50_000), Times::Once);
    assert!(request(&sim, "POST", DEBIT, debit_body("late", "3").to_string().as_bytes()).is_err());
    sim.fast_forward(Duration::from_secs(30));
    let settings = |sim: &Simulator| request(sim, "GET", "/sim/settings", b"").unwrap().json();
    let faults = |sim: &Simulator| request(sim, "GET", "/sim/faults", b"").unwrap().json();
    let before = (sim.ledger(), sim.prompts(), sim.payments(), settings(&sim), faults(&sim), sim.now());
    drop(sim);

    let sim = Simulator::builder().state_file(disk.file()).start().unwrap();
    let after = (sim.ledger(), sim.prompts(), sim.payments(), settings(&sim), faults(&sim), sim.now());
    assert_eq!(after, before);
    assert_eq!(sim.now(), 30_000);
    assert_eq!(sim.subscriber("94770000099").balance, 4_242);
    assert_eq!(post(&sim, LIST, &debit_body("", "1")).text("statusCode"), "E1319");

    // What was in flight goes on, once.
    assert_eq!(confirm(&sim, &approved), preset::MOBITEL_APPROVED);
    assert_eq!(confirm(&sim, &approved), preset::MOBITEL_ALREADY_CONFIRMED);
    sim.approve(&open).unwrap();
    assert_eq!(confirm(&sim, &open), preset::MOBITEL_APPROVED);
    assert_eq!(post(&sim, DEBIT, &debit_body("d1", "10")).text("statusCode"), "S1000");
    assert_eq!(sim.ledger().total_by_external_id("d1"), 1_000, "a repeat is still recognised");
    sim.pay("e1", 2_000).unwrap();
    sim.fast_forward(Duration::from_secs(20));
    assert_eq!(sim.ledger().total_by_external_id("late"), 300, "the request that was to be executed late");
    sim.fast_forward(Duration::from_secs(100));
    assert_eq!((sim.ledger().total(PAYER), sim.ledger().count()), (500 + 600 + 1_000 + 300 + 2_000, 5));
    let again = charge(&sim, "1");
    assert!(again != approved && again != open, "no id is given out twice");
}

#[test]
fn a_notification_that_waits_is_sent_after_the_restart() {
    let disk = Disk::new();
    let receiver = NotificationReceiver::start();
    let sim = disk.builder().start().unwrap();
    post(&sim, DEBIT, &ezcash_body("e1", "20"));
    sim.notification_fault(NotificationFault::Delay(60_000), Times::Once);
    sim.pay("e1", 2_000).unwrap();
    drop(sim);
    let sim = disk.builder().notify_url(&receiver.url).start().unwrap();
    assert!(receiver.is_silent());
    sim.fast_forward(Duration::from_secs(60));
    assert_eq!(receiver.next().text("totalAmount"), "20");
    assert!(sim.wait_for_deliveries(1, PATIENCE));
    drop(sim);
    let sim = disk.builder().notify_url(&receiver.url).start().unwrap();
    sim.fast_forward(Duration::from_secs(600));
    assert!(receiver.is_silent(), "what was acknowledged is not sent again");
    sim.repeat_notification(&sim.payments()[0].reference).unwrap();
    assert_eq!(receiver.next().text("totalAmount"), "20");
}

/// A receiver that has the notification in its hands when the power goes gets it again: twice, never not at all.
#[test]
fn a_notification_that_is_being_delivered_when_the_power_goes_is_delivered_again() {
    let disk = Disk::new();
    let slow = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/notify", slow.local_addr().unwrap());
    let sim = disk.builder().notify_url(&url).start().unwrap();
    post(&sim, DEBIT, &ezcash_body("e1", "20"));
    sim.pay("e1", 2_000).unwrap();
    let (_held, _) = slow.accept().unwrap();
    balance(&sim); // answered when all of this is on the disk
    let receiver = NotificationReceiver::start();
    let (_cut, sim) = disk.after_a_cut(|builder| builder.notify_url(&receiver.url));
    assert_eq!(sim.ledger().total_by_external_id("e1"), 2_000, "a payment is durable before anybody is told");
    assert_eq!(receiver.next().text("totalAmount"), "20");
    assert_eq!(sim.ledger().count(), 1);
}

/// The disk is looked at again and again while clients are charged: at every moment it has each capture that was
/// answered by then, once.
#[test]
fn whenever_the_power_goes_the_ledger_has_what_was_answered_and_nothing_twice() {
    let disk = Disk::new();
    let sim = disk.builder().start().unwrap();
    let (answered, done) = (Mutex::new(BTreeSet::new()), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for client in 0..3 {
            let (sim, answered, done) = (&sim, &answered, &done);
            scope.spawn(move || {
                for number in 0.. {
                    if done.load(Ordering::SeqCst) {
                        return;
                    }
                    let id = format!("{client}-{number}");
                    assert_eq!(post(sim, DEBIT, &debit_body(&id, "0.01")).text("statusCode"), "S1000");
                    answered.lock().unwrap().insert(id);
                }
            });
        }
        // Ends the clients however this ends.
        let _end = SetOnDrop(&done);
        for _ in 0..12 {
            std::thread::sleep(Duration::from_millis(25));
            let told = answered.lock().unwrap().clone();
            let (_cut, cut) = disk.after_a_cut(|builder| builder);
            let ledger = cut.ledger();
            for id in &told {
                assert_eq!(ledger.by_external_id(id).len(), 1, "{id} of {}", told.len());
            }
            for id in told.iter().take(3) {
                // The client asks again, as after a lost answer.
                assert_eq!(post(&cut, DEBIT, &debit_body(id, "0.01")).text("statusCode"), "S1000");
            }
            assert_eq!(cut.ledger().count(), ledger.count(), "no repeat was charged");
            assert_eq!(cut.subscriber(PAYER).balance + ledger.sum(), preset::BALANCE);
        }
    });
    assert!(answered.lock().unwrap().len() > 20, "{}", answered.lock().unwrap().len());
}

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn files_that_are_no_state_are_refused_and_left_as_they_are() {
    let good = Disk::new();
    drop(good.builder().start().unwrap());
    let good = fs::read_to_string(good.file()).unwrap();
    for (text, why) in [
        (String::new(), "no state"),
        ("not a state".to_owned(), "no state"),
        ("{}".to_owned(), "no state"),
        (good.replace("\"version\":1", "\"version\":2"), "version 2"),
        (good.replace("\"now\":0", "\"now\":1"), "checksum"),
        (good[..good.len() / 2].to_owned(), "checksum"),
    ] {
        let disk = Disk::new();
        fs::write(disk.file(), &text).unwrap();
        let error = disk.builder().start().err().unwrap().to_string();
        assert!(error.contains(why) && error.contains("state.json"), "{error}");
        assert_eq!(fs::read_to_string(disk.file()).unwrap(), text);
    }
}

#[test]
fn a_folder_that_is_not_there_and_a_folder_for_a_file_are_refused_at_the_start() {
    let disk = Disk::new();
    for path in [disk.0.path().join("nowhere/state.json"), disk.0.path().to_owned()] {
        assert!(Simulator::builder().state_file(path).start().is_err());
    }
}

#[test]
fn two_simulators_do_not_share_a_file() {
    let disk = Disk::new();
    let sim = disk.builder().start().unwrap();
    let error = disk.builder().start().err().unwrap().to_string();
    assert!(error.contains("another simulator uses it"), "{error}");
    drop(sim);
    assert!(disk.builder().start().is_ok());
}

#[test]
fn what_is_set_on_the_builder_goes_before_what_the_file_has() {
    let disk = Disk::new();
    drop(disk.builder().payer(Payer::Decline).deduplicates(false).start().unwrap());
    let sim = Simulator::builder().state_file(disk.file()).deduplicates(true).start().unwrap();
    let settings = request(&sim, "GET", "/sim/settings", b"").unwrap().json();
    assert_eq!((&settings["payer"], &settings["deduplicates"]), (&json!("decline"), &json!(true)));
}

#[test]
fn no_credential_is_in_the_file_and_nobody_else_may_read_it() {
    let disk = Disk::new();
    let sim = disk.builder().start().unwrap();
    post(&sim, DEBIT, &debit_body("d1", "10"));
    post(&sim, DEBIT, &ezcash_body("e1", "10"));
    let text = fs::read_to_string(disk.file()).unwrap();
    assert!(text.contains("d1") && text.contains(PAYER));
    for secret in [preset::PASSWORD, preset::CLIENT_ID, preset::EZCASH_AGENT_ALIAS] {
        assert!(!text.contains(secret), "{secret}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(disk.file()).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

/// R45, for the witness: what cannot be written is not answered as if it were, and nothing is executed meanwhile.
#[test]
fn while_the_disk_refuses_nothing_is_executed_and_afterwards_nothing_is_missing() {
    let disk = Disk::new();
    let folder = disk.0.path().join("card");
    fs::create_dir(&folder).unwrap();
    let file = folder.join("state.json");
    let sim = Simulator::builder().clock_rate(0).state_file(&file).start().unwrap();
    post(&sim, DEBIT, &debit_body("before", "1"));
    fs::rename(&folder, disk.0.path().join("gone")).unwrap();
    let unsaved = request(&sim, "POST", DEBIT, debit_body("unsaved", "1").to_string().as_bytes()).unwrap();
    assert_eq!(unsaved.status, 503, "{unsaved:?}");
    assert!(unsaved.text("error").contains("may have been executed"), "{unsaved:?}");
    assert!(sim.state_error().is_some());
    let refused = request(&sim, "POST", DEBIT, debit_body("refused", "1").to_string().as_bytes()).unwrap();
    assert!(refused.status == 503 && refused.text("error").contains("nothing was executed"), "{refused:?}");
    assert_eq!(post(&sim, "/sim/reset", &json!({})).status, 503);
    assert_eq!(request(&sim, "GET", "/sim/ledger", b"").unwrap().status, 200, "looking is allowed");

    fs::rename(disk.0.path().join("gone"), &folder).unwrap();
    let began = Instant::now();
    while sim.state_error().is_some() && began.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(post(&sim, DEBIT, &debit_body("after", "1")).text("statusCode"), "S1000");
    drop(sim);
    let sim = Simulator::builder().state_file(&file).start().unwrap();
    let taken = |id| sim.ledger().total_by_external_id(id);
    assert_eq!((taken("before"), taken("unsaved"), taken("refused"), taken("after")), (100, 100, 0, 100));
}

#[test]
fn a_payer_who_thinks_while_the_power_is_off_answers_when_the_time_has_come() {
    let disk = Disk::new();
    let sim = disk.builder().payer(Payer::Approve).payer_delay(Duration::from_secs(10)).start().unwrap();
    let reference = charge(&sim, "5");
    drop(sim);
    let sim = disk.builder().start().unwrap();
    assert_eq!(sim.prompts()[0].state, PromptState::Open);
    sim.fast_forward(Duration::from_secs(10));
    assert_eq!(confirm(&sim, &reference), preset::MOBITEL_APPROVED);
    assert_eq!(sim.ledger().total(PAYER), 500);
}
