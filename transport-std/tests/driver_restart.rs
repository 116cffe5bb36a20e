//! Programs that die at any moment, and what the next one makes of it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod driver_scene;

use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use caas_core::charge::AtBoot;
use caas_core::profile::{self, CapturesAt, Instrument, Profile};
use caas_simulator::{ConfirmMeaning, Payer, Simulator};
use caas_transport_std::{
    CarrierAccess, ChargeEvent, ChargeRow, ClockRate, Desk, DeskError, DeskSettings, Ended, Ending, Journal,
    Reaction, ReleasePolicy, Resumed,
};
use driver_scene::{RATE, Scene, Sold, amount, credentials, impatient, mobitel, until};

/// What the ledger says was taken, the journal knows: as received, or as a doubt that a person is called for. And it was
/// taken once at most.
fn check_witness(scene: &Scene, row: &ChargeRow) {
    let taken = scene.captured();
    assert!(taken <= 10_00, "charged twice: {taken}");
    assert!(row.settled, "{row:?}");
    if taken > 0 {
        let known = row.received.minor() == taken || row.review.starts_with("needed");
        assert!(known, "lost money: {row:?}");
        let accounted = row.release == "done" || row.release == "uncertain" || !row.refund_due.is_zero();
        assert!(accounted || row.review.starts_with("needed"), "{row:?}");
    } else {
        assert!(row.received.is_zero() && row.release == "none", "{row:?}");
    }
}

fn carriers() -> [(Profile<'static>, ConfirmMeaning); 3] {
    [
        (impatient(mobitel()), ConfirmMeaning::Reads),
        (impatient(mobitel()), ConfirmMeaning::Captures),
        (impatient(profile::ideamart()), ConfirmMeaning::Reads),
    ]
}

/// R46: with nobody at the machine a confirm that captures would take money only to owe it back.
#[tokio::test]
async fn a_resume_asks_no_confirm_that_captures_and_asks_one_that_reads() {
    for (captures_at, meaning, taken) in [
        (CapturesAt::Confirm, ConfirmMeaning::Captures, 0),
        (CapturesAt::Consent, ConfirmMeaning::Reads, 10_00),
    ] {
        let shipped = mobitel();
        let instrument = Instrument { captures_at, ..shipped.instruments[0] };
        let profile = Profile { instruments: Vec::leak(vec![instrument]), ..impatient(shipped) };
        let scene = Scene::with(profile, Simulator::builder().confirm(meaning).payer(Payer::Ask));
        let desk = scene.desk();
        let mut charge = desk.begin(&Sold::new("sale-1", "10").order()).await.unwrap();
        while !matches!(charge.next().await.unwrap(), Some(ChargeEvent::PendingConsent)) {}
        drop((charge, desk));
        scene.carrier.approve(&scene.carrier.prompts()[0].reference).unwrap();
        let resumed = scene.desk().resume_all(|_, _| {}).await.unwrap();
        let outcome = resumed[0].result.clone().unwrap();
        assert_eq!(scene.captured(), taken, "{captures_at:?}");
        assert_eq!(outcome.charge.refund_due.minor(), taken, "{captures_at:?} {outcome:?}");
    }
}

/// R02, R03, R22, R46, R47: the runtime goes after each event that there is, and a new program takes over.
#[test]
fn a_program_that_dies_after_any_event_charges_once_and_loses_nothing() {
    for (profile, meaning) in carriers() {
        for event in 0..6 {
            let scene = Scene::with(profile, Simulator::builder().confirm(meaning));
            die(&scene, async |desk| {
                let mut charge = desk.begin(&Sold::new("sale-1", "10").order()).await.unwrap();
                for _ in 0..event {
                    let _ = charge.next().await.unwrap();
                }
            });
            resume(&scene);
        }
    }
}

/// The same at moments that no event marks: within a request, within a write.
#[test]
fn a_program_that_dies_at_any_moment_charges_once_and_loses_nothing() {
    for (profile, meaning) in carriers() {
        for moment in [0, 1, 2, 3, 5, 8, 13, 40] {
            let scene = Scene::with(profile, Simulator::builder().confirm(meaning));
            die(&scene, async |desk| {
                let sold = Sold::new("sale-1", "10");
                let order = sold.order();
                let charging = desk.charge(&order);
                let _ = tokio::time::timeout(Duration::from_millis(moment), charging).await;
            });
            resume(&scene);
        }
    }
}

/// Runs `life` and ends its runtime without letting anything finish.
fn die(scene: &Scene, life: impl AsyncFnOnce(Desk)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(life(scene.desk()));
    runtime.shutdown_background();
}

fn resume(scene: &Scene) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let desk = scene.desk();
        while desk.resume_all(|_, _| {}).await.unwrap().iter().any(is_driven_elsewhere) {
            // The old program's last write is still under way.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // Once more: what is settled stays as it is.
        assert!(desk.resume_all(|_, _| {}).await.unwrap().is_empty());
        if let Some(row) = desk.journal().get("sale-1").unwrap() {
            check_witness(scene, &row);
        } else {
            assert_eq!(scene.captured(), 0, "R01");
        }
    });
}

fn is_driven_elsewhere(resumed: &Resumed) -> bool {
    resumed.result == Err(DeskError::DrivenElsewhere)
}

/// R46: found paid and not released.
#[tokio::test]
async fn what_was_paid_before_the_restart_is_a_refund_due_unless_the_policy_says_release() {
    for (at_boot, ending) in
        [(AtBoot::RefundDue, Ending::RefundDue(amount("10"))), (AtBoot::Release, Ending::Paid)]
    {
        let scene = Scene::new(profile::ideamart());
        let before = scene.desk_with(|settings| settings.release = ReleasePolicy::Ask);
        let mut charge = before.begin(&Sold::new("sale-1", "10").order()).await.unwrap();
        while !matches!(charge.next().await.unwrap(), Some(ChargeEvent::Confirmed)) {}
        drop((charge, before));
        let after = scene.desk_with(|settings| settings.at_boot = at_boot);
        let mut resumed = after.resume_all(|_, _| {}).await.unwrap();
        let outcome = resumed.remove(0).result.unwrap();
        assert_eq!(outcome.ending(), ending, "{outcome:?}");
    }
}

/// R47: the power goes between the start of the release and its result.
#[tokio::test]
async fn a_release_under_way_at_the_restart_counts_as_made_and_is_not_made_again() {
    let scene = Scene::new(profile::ideamart());
    let before = scene.desk_with(|settings| settings.release = ReleasePolicy::Ask);
    let mut charge = before.begin(&Sold::new("sale-1", "10").order()).await.unwrap();
    let permit = loop {
        if let Some(ChargeEvent::Release(permit)) = charge.next().await.unwrap() {
            break permit;
        }
    };
    drop((permit, charge, before));
    let after = scene.desk_with(|settings| settings.at_boot = AtBoot::Release);
    let mut told = Vec::new();
    let mut resumed = after.resume_all(|_, event| told.push(format!("{event:?}"))).await.unwrap();
    let outcome = resumed.remove(0).result.unwrap();
    assert_eq!(outcome.ending(), Ending::Paid);
    assert!(told.iter().any(|event| event == "ReleaseUncertain"), "{told:?}");
    assert!(!told.iter().any(|event| event.starts_with("Release(") || event == "Released"), "{told:?}");
}

/// R48
#[tokio::test]
async fn a_release_that_failed_is_a_refund_due() {
    let scene = Scene::new(profile::ideamart());
    let desk = scene.desk_with(|settings| settings.release = ReleasePolicy::Ask);
    let react = |_: &_, event: &ChargeEvent| match event {
        ChargeEvent::Release(_) => Reaction::Released,
        _ => Reaction::Continue,
    };
    let outcome = desk.charge_with(&Sold::new("sale-1", "10").order(), react).await.unwrap();
    assert_eq!(outcome.ending(), Ending::Paid);
    let outcome = desk.charge(&Sold::new("sale-2", "10").order()).await.unwrap();
    assert_eq!(outcome.ending(), Ending::RefundDue(amount("10")));
}

/// R10: the application died and asks for its sale again. It is the same charge, and the goods are released once.
#[tokio::test]
async fn a_sale_that_is_asked_for_again_after_a_restart_goes_on() {
    let scene = Scene::with(mobitel(), Simulator::builder().payer_delay(Duration::from_secs(30)));
    let before = scene.desk();
    let mut charge = before.begin(&Sold::new("sale-1", "10").order()).await.unwrap();
    while !matches!(charge.next().await.unwrap(), Some(ChargeEvent::PayerMustAct { .. })) {}
    drop((charge, before));
    let after = scene.desk();
    let outcome = after.charge(&Sold::new("sale-1", "10").order()).await.unwrap();
    assert_eq!(outcome.ending(), Ending::Paid, "{outcome:?}");
    assert_eq!((scene.carrier.prompts().len(), scene.captured()), (1, 10_00));
}

#[tokio::test]
async fn an_interrupt_keeps_the_answer_that_is_out_and_changes_no_charge() {
    let scene = Scene::with(mobitel(), Simulator::builder().payer(Payer::Ignore));
    let fault = caas_simulator::Fault::Latency(200);
    scene.carrier.fault(caas_simulator::Service::MobitelChargeRequest, fault, caas_simulator::Times::Once);
    let desk = scene.desk();
    let interrupter = desk.interrupter();
    let driving = desk.clone();
    let driven = tokio::spawn(async move { driving.charge(&Sold::new("sale-1", "10").order()).await });
    until("the prompt", || !scene.carrier.prompts().is_empty()).await;
    interrupter.interrupt();
    let outcome = driven.await.unwrap().unwrap();
    assert_eq!((outcome.ended, outcome.ending()), (Ended::Interrupted, Ending::Unfinished));
    let reference = scene.carrier.prompts().first().unwrap().reference.clone();
    assert_eq!(outcome.charge.reference, Some(reference), "the answer's reference is kept");
    let row = desk.journal().get("sale-1").unwrap().unwrap();
    assert!(!row.settled && row.sale == "open", "{row:?}");
}

/// A request that was decided on and not sent when the interrupt came is known not to have been sent.
#[tokio::test]
async fn an_interrupted_desk_sends_nothing() {
    let scene = Scene::new(profile::ideamart());
    let desk = scene.desk();
    desk.interrupter().interrupt();
    let sold = Sold::new("sale-1", "10");
    let outcome = desk.charge(&sold.order()).await.unwrap();
    assert_eq!((outcome.ended, scene.carrier.requests().len()), (Ended::Interrupted, 0));
    drop(desk);
    assert_eq!(scene.desk().charge(&sold.order()).await.unwrap().ending(), Ending::Paid);
    assert_eq!(scene.captured(), 10_00);
}

/// The lease of a process that was killed ends with it, and its charge is brought to its end by another.
#[tokio::test]
async fn a_process_that_is_killed_loses_its_lease_and_nothing_else() {
    let scene = Scene::with(mobitel(), Simulator::builder().payer_delay(Duration::from_secs(60)));
    let mut child = Killed(spawn_victim(&scene.path(), &scene.carrier.url()));
    until("the prompt", || !scene.carrier.prompts().is_empty()).await;
    let desk = scene.desk();
    until("the reference in the journal", || {
        desk.journal().get("sale-1").unwrap().is_some_and(|row| !row.reference.is_empty())
    })
    .await;
    assert_eq!(desk.resume("sale-1").await.err(), Some(DeskError::DrivenElsewhere));
    child.0.kill().unwrap();
    child.0.wait().unwrap();
    let mut resumed = desk.resume_all(|_, _| {}).await.unwrap();
    let outcome = resumed.remove(0).result.unwrap();
    // Paid after the restart, when nobody stands at the machine.
    assert_eq!(outcome.ending(), Ending::RefundDue(amount("10")), "{outcome:?}");
    assert_eq!((scene.carrier.prompts().len(), scene.captured()), (1, 10_00));
    check_witness(&scene, &desk.journal().get("sale-1").unwrap().unwrap());
}

/// R42, R43: killed at moments of all kinds, also while it takes up what the one before it left.
#[tokio::test]
async fn a_process_that_is_killed_again_and_again_charges_once_and_loses_nothing() {
    for meaning in [ConfirmMeaning::Reads, ConfirmMeaning::Captures] {
        let scene = Scene::with(impatient(mobitel()), Simulator::builder().confirm(meaning));
        for moment in [1, 4, 7, 10, 15, 25, 60] {
            let mut child = Killed(spawn_victim(&scene.path(), &scene.carrier.url()));
            tokio::time::sleep(Duration::from_millis(moment)).await;
            child.0.kill().unwrap();
            child.0.wait().unwrap();
        }
        let desk = scene.desk();
        desk.resume_all(|_, _| {}).await.unwrap();
        if let Some(row) = desk.journal().get("sale-1").unwrap() {
            check_witness(&scene, &row);
        }
        assert!(scene.carrier.prompts().len() <= 1);
        desk.journal().verify().unwrap();
    }
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const VICTIM: &str = "CAAS_TEST_VICTIM";

/// This test program once more, as another process that runs [`victim`].
fn spawn_victim(journal: &Path, url: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "victim", "--nocapture"])
        .env(VICTIM, format!("{} {url}", journal.display()))
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

/// Does nothing, unless it is the process that is to be killed.
#[test]
fn victim() {
    let Ok(told) = std::env::var(VICTIM) else { return };
    let (journal, url) = told.split_once(' ').unwrap();
    let access = CarrierAccess::new(mobitel(), credentials(), url).unwrap();
    let mut settings = DeskSettings::new(Journal::open(journal).unwrap(), access);
    settings.clock_rate = ClockRate::times(RATE);
    let desk = Desk::open(settings).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let sold = Sold::new("sale-1", "10");
    runtime.block_on(desk.charge(&sold.order())).unwrap();
}
