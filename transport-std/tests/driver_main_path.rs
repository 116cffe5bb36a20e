//! Charges of every family from the order to the end, with nothing going wrong.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod driver_scene;

use caas_core::profile;
use caas_simulator::{ConfirmMeaning, Payer, Simulator};
use caas_transport_std::{Ended, Ending};
use driver_scene::{PAYER, Scene, Sold, amount, listening, mobitel};

#[tokio::test]
async fn a_mobitel_prompt_that_is_approved_is_paid_once_whatever_confirm_means() {
    for meaning in [ConfirmMeaning::Reads, ConfirmMeaning::Captures] {
        let scene = Scene::with(mobitel(), Simulator::builder().confirm(meaning));
        let sold = Sold::new("sale-1", "10");
        let mut told = Vec::new();
        let outcome = scene.desk().charge_with(&sold.order(), listening(&mut told)).await.unwrap();
        assert_eq!(outcome.ending(), Ending::Paid, "{outcome:?} {told:?}");
        assert_eq!(outcome.ended, Ended::Settled);
        assert_eq!(scene.captured(), 10_00);
        assert_eq!(scene.carrier.prompts().len(), 1);
        let row = scene.journal().get("sale-1").unwrap().unwrap();
        assert!(row.settled && row.simulated, "{row:?}");
        assert_eq!((row.payment.as_str(), row.sale.as_str()), ("confirmed", "fulfilled"));
        assert_eq!((row.release.as_str(), row.review.as_str()), ("done", "none"));
        assert_eq!((row.received, row.refund_due), (amount("10"), amount("0")));
    }
}

#[tokio::test]
async fn a_mobitel_prompt_that_is_declined_is_not_charged() {
    let scene = Scene::with(mobitel(), Simulator::builder().payer(Payer::Decline));
    let sold = Sold::new("sale-1", "10");
    let outcome = scene.desk().charge(&sold.order()).await.unwrap();
    assert_eq!(outcome.ending(), Ending::NotCharged, "{outcome:?}");
    assert_eq!(scene.captured(), 0);
}

#[tokio::test]
async fn a_direct_debit_is_paid_by_its_answer() {
    let scene = Scene::new(profile::ideamart());
    let sold = Sold::new("sale-1", "10.50");
    let outcome = scene.desk().charge(&sold.order()).await.unwrap();
    assert_eq!(outcome.ending(), Ending::Paid, "{outcome:?}");
    let external = &outcome.charge.attempts.first().unwrap().external;
    assert_eq!(scene.carrier.ledger().total_by_external_id(external), 10_50);
}

#[tokio::test]
async fn an_ezcash_payment_comes_by_notification() {
    let scene = Scene::new(profile::dialog());
    let desk = scene.desk();
    let _listener = scene.listen(&desk).await;
    let sold = Sold::new("sale-1", "10.00");
    let mut told = Vec::new();
    let outcome = desk.charge_with(&sold.ezcash(), listening(&mut told)).await.unwrap();
    assert_eq!(outcome.ending(), Ending::Paid, "{outcome:?} {told:?}");
    assert!(told.iter().any(|event| event.starts_with("PayerMustAct")), "{told:?}");
    assert_eq!(scene.carrier.ledger().total(PAYER), 10_00);
}
