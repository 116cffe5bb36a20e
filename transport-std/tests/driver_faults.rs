//! Requests whose answers are lost, garbled or never made.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod driver_scene;

use std::time::Duration;

use caas_core::charge::{Payment, Reason, Refusal, Resolution};
use caas_core::profile::{self, Profile, Windows};
use caas_core::time::SECOND;
use caas_simulator::{ConfirmMeaning, Fault, Payer, Service, Simulator, Times};
use caas_transport_std::{ChargeEvent, DeskError, Ending, Filter};
use driver_scene::{Scene, Sold, amount, impatient, listening, mobitel};

/// R03: the carrier may have executed it. Nothing is sent again, and a person finds out.
#[tokio::test]
async fn a_debit_whose_answer_is_lost_is_sent_once_and_reviewed() {
    for (fault, taken) in [
        (Fault::AnswerLostBeforeExecuting, 0),
        (Fault::AnswerLostAfterExecuting, 10_00),
        (Fault::Truncate(9), 10_00),
    ] {
        let scene = Scene::new(impatient(profile::ideamart()));
        scene.carrier.fault(Service::DirectDebit, fault, Times::Once);
        let desk = scene.desk();
        let mut told = Vec::new();
        let outcome =
            desk.charge_with(&Sold::new("sale-1", "10").order(), listening(&mut told)).await.unwrap();
        assert_eq!(outcome.ending(), Ending::NeedsReview(Reason::InDoubt), "{told:?}");
        assert_eq!(outcome.charge.payment, Payment::InDoubt);
        assert!(told.iter().any(|event| event.starts_with("NoAnswer")), "{told:?}");
        assert_eq!((scene.carrier.requests().len(), scene.captured()), (1, taken));
        assert_eq!(desk.journal().list(Filter::NeedsReview).unwrap().len(), 1);

        // A person asks the carrier, and ends the review.
        let found = if taken == 0 { Resolution::NotCharged } else { Resolution::Charged(amount("10")) };
        let row = desk.resolve("sale-1", found, "nimal").await.unwrap();
        assert_eq!((row.refund_due.minor(), row.reviewer.as_str()), (taken, "nimal"), "{row:?}");
        assert!(desk.journal().list(Filter::NeedsReview).unwrap().is_empty());
        let paid_back = desk.resolve("sale-1", Resolution::Refunded, "nimal").await;
        assert_eq!(paid_back.is_ok(), taken > 0, "{paid_back:?}");
        assert!(desk.journal().list(Filter::RefundDue).unwrap().is_empty());
        assert!(matches!(
            desk.resolve("sale-1", Resolution::NotCharged, "nimal").await,
            Err(DeskError::NotPossible(_))
        ));
    }
}

/// R02: the same id again, because this carrier executes one id once.
#[tokio::test]
async fn a_lost_debit_is_repeated_where_the_carrier_deduplicates() {
    let scene = Scene::new(Profile { deduplicates: true, ..profile::ideamart() });
    scene.carrier.fault(Service::DirectDebit, Fault::AnswerLostAfterExecuting, Times::Once);
    let outcome = scene.desk().charge(&Sold::new("sale-1", "10").order()).await.unwrap();
    assert_eq!(outcome.ending(), Ending::Paid, "{outcome:?}");
    assert_eq!((scene.carrier.requests().len(), scene.captured()), (2, 10_00));
}

/// R22: asked again with the same reference; "already confirmed" is evidence.
#[tokio::test]
async fn a_confirm_whose_answer_is_lost_is_asked_again() {
    for meaning in [ConfirmMeaning::Reads, ConfirmMeaning::Captures] {
        let scene = Scene::with(mobitel(), Simulator::builder().confirm(meaning));
        scene.carrier.fault(Service::MobitelConfirm, Fault::AnswerLostAfterExecuting, Times::Next(2));
        let outcome = scene.desk().charge(&Sold::new("sale-1", "10").order()).await.unwrap();
        assert_eq!(outcome.ending(), Ending::Paid, "{outcome:?}");
        assert_eq!((scene.carrier.prompts().len(), scene.captured()), (1, 10_00));
    }
}

/// R09: the reference was in the lost answer. The payer is not asked twice, and the sum is known once a person looked.
#[tokio::test]
async fn a_charge_request_whose_answer_is_lost_prompts_once() {
    let scene = Scene::new(impatient(mobitel()));
    scene.carrier.fault(Service::MobitelChargeRequest, Fault::AnswerLostAfterExecuting, Times::Once);
    let outcome = scene.desk().charge(&Sold::new("sale-1", "10").order()).await.unwrap();
    assert_eq!(outcome.ending(), Ending::NeedsReview(Reason::InDoubt), "{outcome:?}");
    assert_eq!(scene.carrier.prompts().len(), 1);
}

/// R09, R18: a new attempt only after the window and the time the carrier may still execute, and only at the caller's
/// risk. The old attempt stays listed when the new one succeeds.
#[tokio::test]
async fn a_retry_after_a_lost_answer_waits_and_is_the_callers_risk() {
    let family = mobitel();
    let windows = Windows { sale: 120 * SECOND, execution: 40 * SECOND, ..family.windows };
    let scene = Scene::new(Profile { windows, ..family });
    scene.carrier.fault(Service::MobitelChargeRequest, Fault::AnswerLostBeforeExecuting, Times::Once);
    let desk = scene.desk();
    let mut charge = desk.begin(&Sold::new("sale-1", "10").order()).await.unwrap();
    while !matches!(charge.next().await.unwrap(), Some(ChargeEvent::InDoubt)) {}
    let Err(DeskError::TooEarly { left }) = charge.retry(true) else {
        panic!("prompted while the first may still be answered")
    };
    assert!(left > 0 && left <= 40 * SECOND, "{left}");
    let (mut retried, mut needs_risk) = (false, false);
    while !retried {
        tokio::select! {
            event = charge.next() => assert!(event.unwrap().is_some(), "{:?}", charge.view()),
            () = tokio::time::sleep(Duration::from_millis(20)) => {
                needs_risk |= charge.retry(false) == Err(DeskError::NotPossible(Refusal::NeedsRisk));
                retried = needs_risk && charge.retry(true).is_ok();
            }
        }
    }
    while charge.next().await.unwrap().is_some() {}
    let view = charge.view();
    assert_eq!(
        (view.payment, view.attempts.len(), scene.captured()),
        (Payment::Confirmed, 2, 10_00),
        "{view:?}"
    );
    assert_eq!(scene.carrier.prompts().len(), 1);
    assert_eq!(charge.outcome().ending(), Ending::NeedsReview(Reason::OtherAttemptInDoubt));
}

/// R14: no byte was sent, so it may be repeated freely, and the end is certain.
#[tokio::test]
async fn a_carrier_that_cannot_be_reached_charges_nothing() {
    let scene = Scene::new(profile::ideamart());
    let gone = Simulator::start().url();
    let mut told = Vec::new();
    let desk = scene.desk_with(|settings| {
        let access =
            caas_transport_std::CarrierAccess::new(profile::ideamart(), driver_scene::credentials(), &gone);
        settings.carriers = vec![access.unwrap()];
    });
    let outcome = desk.charge_with(&Sold::new("sale-1", "10").order(), listening(&mut told)).await.unwrap();
    assert_eq!(outcome.ending(), Ending::NotCharged, "{told:?}");
    assert!(told.iter().any(|event| event.starts_with("NotSent")), "{told:?}");
    assert!(desk.journal().get("sale-1").unwrap().unwrap().settled);
}

/// R16: nobody answers the prompt. Nothing is captured, and the payer is not asked again.
#[tokio::test]
async fn a_prompt_that_nobody_answers_ends_as_not_charged() {
    let scene = Scene::with(mobitel(), Simulator::builder().payer(Payer::Ignore));
    let mut told = Vec::new();
    let outcome =
        scene.desk().charge_with(&Sold::new("sale-1", "10").order(), listening(&mut told)).await.unwrap();
    assert_eq!(outcome.ending(), Ending::NotCharged, "{outcome:?} {told:?}");
    assert!(told.iter().any(|event| event == "Lapsed"), "{told:?}");
    assert_eq!((scene.carrier.prompts().len(), scene.captured()), (1, 0));
}

/// R17
#[tokio::test]
async fn a_payer_without_balance_is_not_charged_at_once() {
    let scene = Scene::with(profile::ideamart(), Simulator::builder().opening_balance(9_99));
    let outcome = scene.desk().charge(&Sold::new("sale-1", "10").order()).await.unwrap();
    assert_eq!(outcome.ending(), Ending::NotCharged, "{outcome:?}");
    assert_eq!(scene.carrier.requests().len(), 1);
}

/// R13: the gateway refuses the client id in mid-charge; with the right one the charge goes on.
#[tokio::test]
async fn credentials_can_be_replaced_in_mid_charge() {
    let scene = Scene::new(mobitel());
    scene.carrier.fault(Service::MobitelConfirm, Fault::Status(401, "{}".to_owned()), Times::Once);
    let desk = scene.desk();
    let mut refused = 0;
    let replacing = desk.clone();
    let sold = Sold::new("sale-1", "10");
    let outcome = desk
        .charge_with(&sold.order(), |_, event| {
            if matches!(event, ChargeEvent::CredentialsRefused) {
                refused += 1;
                replacing.replace_credentials("mobitel", driver_scene::credentials()).unwrap();
            }
            caas_transport_std::Reaction::Continue
        })
        .await
        .unwrap();
    assert_eq!((refused, outcome.ending()), (1, Ending::Paid), "{outcome:?}");
    assert_eq!(scene.captured(), 10_00);
}
