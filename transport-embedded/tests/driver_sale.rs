//! Sales over a connection that a scripted carrier answers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod driver_scene;
mod support;

use caas_transport_embedded::journal::RamJournal;
use driver_scene::{Cut, Fault, INSTRUCTIONS, PASSWORD, PAYER, PIN, Scene};

fn scene(mobitel: bool) -> Scene<RamJournal<8>> {
    Scene::new(mobitel, RamJournal::new())
}

fn lived(mut scene: Scene<RamJournal<8>>) -> Scene<RamJournal<8>> {
    scene.live(Cut::Nothing);
    scene.check("the whole sale");
    scene
}

#[test]
fn a_sale_through_mobitel_is_asked_confirmed_released_and_put_away() {
    let scene = lived(scene(true));
    let carrier = scene.carrier.borrow();
    assert_eq!((scene.told.releases, scene.told.finished, scene.kept()), (1, 1, 0), "{:#?}", scene.told.all);
    assert_eq!((carrier.requests.len(), carrier.dials), (2, 1), "one connection is kept for both");
    assert!(carrier.requests[0].starts_with("POST /mobext/mapi/caas/chargRequest HTTP/1.1\r\n"));
    assert!(carrier.requests.iter().all(|request| request.contains("\r\nx-ibm-client-id: cLientId0123\r\n")));
}

#[test]
fn a_sale_through_ez_cash_shows_the_instructions_and_is_paid_by_notification() {
    let scene = lived(scene(false));
    assert_eq!((scene.told.releases, scene.told.finished, scene.kept()), (1, 1, 0), "{:#?}", scene.told.all);
    assert_eq!(scene.carrier.borrow().requests.len(), 1);
    // The notification may come before the answer is read; else the payer is told what to do.
    assert!(scene.told.instructions.iter().all(|text| text == INSTRUCTIONS));
}

#[test]
fn a_payer_who_does_not_dial_is_told_and_not_charged() {
    let quiet = scene(false);
    quiet.carrier.borrow_mut().approves = false;
    let scene = lived(quiet);
    assert_eq!(scene.told.instructions, [INSTRUCTIONS]);
    assert_eq!((scene.told.releases, scene.told.finished, scene.kept()), (0, 1, 0), "{:#?}", scene.told.all);
}

/// R03, R09: Mobitel's reference was in the lost answer.
#[test]
fn a_lost_answer_is_not_asked_for_again_and_a_person_must_look() {
    let scene = lived(scene(true).with_fault(0, Fault::LoseAnswer));
    assert_eq!(scene.carrier.borrow().requests.len(), 1);
    assert_eq!((scene.told.releases, scene.told.kept, scene.kept()), (0, 1, 1), "{:#?}", scene.told.all);
}

/// R22
#[test]
fn a_lost_confirm_is_asked_again_on_a_new_connection() {
    let scene = lived(scene(true).with_fault(1, Fault::LoseAnswer));
    assert_eq!((scene.told.releases, scene.told.finished), (1, 1), "{:#?}", scene.told.all);
    assert_eq!(scene.carrier.borrow().dials, 2);
}

/// R14
#[test]
fn a_connection_that_cannot_be_made_sends_nothing_and_is_made_again() {
    let scene = lived(scene(true).with_fault(0, Fault::NoConnection));
    assert_eq!((scene.told.releases, scene.told.finished), (1, 1), "{:#?}", scene.told.all);
    assert!(scene.told.all.iter().any(|told| told.contains("NotSent(NoConnection(Refused))")));
}

/// A kept connection that the carrier has closed is found so before the first byte; nobody hears of a loss.
#[test]
fn a_kept_connection_that_was_closed_is_replaced_without_a_loss() {
    let scene = lived(scene(true).with_fault(0, Fault::CloseAfter));
    assert_eq!((scene.told.releases, scene.carrier.borrow().dials), (1, 2), "{:#?}", scene.told.all);
    assert!(!scene.told.all.iter().any(|told| told.contains("NotSent") || told.contains("NoAnswer")));
}

/// I12: everything that is told, formatted, for whole sales with losses.
#[test]
fn nothing_that_is_told_shows_a_secret_a_payer_or_the_carriers_words() {
    let faults = [Fault::LoseAnswer, Fault::NoConnection, Fault::Close];
    for mobitel in [true, false] {
        for fault in faults {
            let scene = lived(scene(mobitel).with_fault(0, fault));
            let shown = scene.told.all.concat();
            assert!(shown.contains("Started"), "something was told");
            for secret in [PASSWORD, PIN, "cLientId0123", "aLias", PAYER, &PAYER[2..], INSTRUCTIONS, "8001"] {
                assert!(!shown.contains(secret), "{secret} is in {shown}");
            }
        }
    }
}
