//! The way of a charge when nothing goes wrong.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod scene;

use caas_core::charge::{Command, Handled, Payment, Release, Sale};
use caas_core::profile;
use scene::{APPROVED, Scene, paid};

#[test]
fn a_prompt_that_is_approved_is_confirmed_and_released_once() {
    let mut scene = Scene::mobitel_pending();
    assert_eq!(scene.payment(), Payment::PendingConsent);
    assert_eq!(scene.was_told("PayerMustAct"), 1);
    scene.pass(5_000);
    scene.answer(APPROVED);
    assert_eq!(scene.payment(), Payment::Confirmed);
    assert_eq!(scene.was_told("Confirmed"), 1);
    assert_eq!(scene.command(Command::StartRelease), Handled::Done);
    let permit = scene.permit.take().expect("the release");
    assert_eq!(scene.command(Command::ReleaseDone(permit)), Handled::Done);
    assert_eq!(scene.charge.release(), Release::Done);
    assert_eq!(scene.refund_due(), "0.00");
    assert!(matches!(scene.charge.sale(), Sale::Closed(_)));
    assert!(scene.charge.is_finished(scene.now), "{:?} {:?}", scene.charge, scene.told);
}

#[test]
fn a_synchronous_debit_is_confirmed_by_its_answer() {
    let mut scene = Scene::start(profile::ideamart(), "1.00");
    scene.answer(r#"{"statusCode":"S1000","externalTrxId":"T1-1-1a","internalTrxId":"321"}"#);
    assert_eq!(scene.payment(), Payment::Confirmed);
    assert_eq!(scene.sent.len(), 1);
}

#[test]
fn an_ezcash_payment_is_confirmed_by_its_notification() {
    let mut scene = Scene::ezcash_pending("10.00");
    assert!(
        scene.told.iter().any(|told| told.contains("dial #111#") && told.contains("17839448")),
        "{:?}",
        scene.told
    );
    let _ = scene.notify(&paid("914021114190001", "17839448", "10.00", "10.00"));
    assert_eq!(scene.payment(), Payment::Confirmed);
    assert_eq!(scene.replies.len(), 1);
}
