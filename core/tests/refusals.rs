//! RECOVERY section H: refusals after an unresolved send.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod scene;

use caas_core::charge::{AtBoot, Input, Payment, Phase, Reason, Review, Sent};
use caas_core::profile::{self, Profile};
use scene::{Disk, Kind, Scene, paid};

/// Refusals of every class, as the carrier writes them.
fn refusals(kind: &Kind) -> Vec<(u16, &'static str)> {
    if kind.is_mobitel() {
        return vec![
            (200, r#"{"status":"1004"}"#),
            (200, r#"{"status":"1008"}"#),
            (200, r#"{"status":"0002"}"#),
            (401, ""),
            (404, ""),
            (429, ""),
        ];
    }
    vec![
        (200, r#"{"statusCode":"E1326"}"#),
        (200, r#"{"statusCode":"E1308"}"#),
        (200, r#"{"statusCode":"E1379"}"#),
        (200, r#"{"statusCode":"E1313"}"#),
        (200, r#"{"statusCode":"E1312"}"#),
        (200, r#"{"statusCode":"E1105"}"#),
        (404, "<html>"),
    ]
}

/// R55: a send was lost, a later send of the same attempt is refused: it stays in doubt.
#[test]
fn a_refusal_of_a_later_send_does_not_fail_what_an_earlier_one_left_in_doubt() {
    for kind in Kind::all().into_iter().filter(|kind| kind.profile.deduplicates) {
        for (status, body) in refusals(&kind) {
            let mut scene = kind.start();
            scene.lose(Sent::MaybeSent);
            scene.pass(2_000);
            scene.answer_as(status, body);
            assert_eq!(scene.payment(), Payment::InDoubt, "{} {status} {body}", kind.name);
            scene.cut(AtBoot::RefundDue);
            assert_eq!(scene.payment(), Payment::InDoubt, "{} {status} {body}", kind.name);
            scene.exhaust();
            assert_eq!(scene.charge.review(), Review::Needed(Reason::InDoubt), "{} {body}", kind.name);
            assert_eq!(scene.was_told("Failed"), 0, "{} {body}", kind.name);
        }
    }
}

/// R55: after a restart, too: the intent that was found is the lost send.
#[test]
fn a_refusal_after_a_restart_does_not_fail_what_was_under_way_before() {
    for kind in Kind::all().into_iter().filter(|kind| kind.profile.deduplicates) {
        for (status, body) in refusals(&kind) {
            let mut scene = kind.start();
            scene.cut(AtBoot::RefundDue);
            scene.answer_as(status, body);
            assert_eq!(scene.payment(), Payment::InDoubt, "{} {status} {body}", kind.name);
        }
    }
}

/// R55 the other way round: the refused send says nothing of the one whose acceptance comes late.
#[test]
fn a_late_acceptance_of_the_lost_send_counts_after_the_refusal_of_another() {
    for kind in Kind::all().into_iter().filter(|kind| kind.profile.deduplicates) {
        for (status, body) in refusals(&kind) {
            let mut scene = kind.order(|order| order.window = Some(600_000));
            scene.pass(30_000);
            let late = scene.flying.remove(0);
            scene.pass(2_000);
            scene.answer_as(status, body);
            scene.flying.clear();
            scene.flying.push(late);
            scene.answer(&kind.good('a'));
            let phase = if kind.is_synchronous() { Phase::Paid } else { Phase::PendingConsent };
            assert_eq!(scene.phases(), [phase], "{} {status} {body}", kind.name);
            kind.pay(&mut scene, 'a');
            assert_eq!(scene.payment(), Payment::Confirmed, "{} {status} {body}", kind.name);
            scene.release();
        }
    }
}

/// R14 and R55 together: a send that was not sent closes itself only.
#[test]
fn a_send_that_was_not_sent_ends_no_doubt_about_an_earlier_one() {
    for kind in Kind::all().into_iter().filter(|kind| kind.profile.deduplicates) {
        let mut scene = kind.start();
        scene.lose(Sent::MaybeSent);
        scene.pass(2_000);
        scene.lose(Sent::NotSent);
        assert_eq!(scene.payment(), Payment::InDoubt, "{}", kind.name);
    }
}

/// R55: what answers a question while the next request's intent is being written makes that request needless: it is not
/// sent.
#[test]
fn a_repeat_is_not_sent_when_the_carrier_was_heard_of_while_its_intent_was_written() {
    let profile = Profile { deduplicates: true, ..profile::ideamart() };
    let mut scene = Scene::start(profile, "10");
    scene.lose(Sent::MaybeSent);
    scene.disk = Disk::Silent;
    scene.pass(5_000);
    let (token, record) = scene.unanswered.take().expect("the repeat's intent is being written");
    let _ = scene.notify(&paid("901", "17839448", "0", "0"));
    scene.disk = Disk::Works;
    scene.durable = record;
    scene.give(Input::Persisted(token));
    scene.pass(30_000);
    assert_eq!(scene.sent.len(), 1, "{:?}", scene.sent);
    assert_eq!(scene.payment(), Payment::PendingConsent);
}
