//! One owner per charge: the same sale twice, two desks on one journal, a lease that is taken away.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod driver_scene;

use std::fs;
use std::time::Duration;

use caas_core::profile;
use caas_simulator::{Payer, Simulator};
use caas_transport_std::{CapReached, Caps, ChargeEvent, DeskError, Ending};
use driver_scene::{Scene, Sold, amount, mobitel};

/// R10: two tasks and two desks ask for one sale at the same time.
#[tokio::test]
async fn one_sale_that_is_started_many_times_is_one_charge_and_one_request() {
    let scene = Scene::new(profile::ideamart());
    let (here, there) = (scene.desk(), scene.desk());
    let sold = Sold::new("sale-1", "10");
    let (order, again) = (sold.order(), sold.order());
    let (a, b, c) = tokio::join!(here.charge(&order), here.charge(&again), there.charge(&again));
    for outcome in [a, b, c] {
        assert_eq!(outcome.unwrap().ending(), Ending::Paid);
    }
    assert_eq!(here.charge(&order).await.unwrap().ending(), Ending::Paid);
    assert_eq!(scene.carrier.requests().len(), 1);
    assert_eq!(scene.captured(), 10_00);
}

/// R10: many tasks, many times, so that every moment between the commit and the next line of code is met.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_charge_that_was_just_opened_is_taken_over_by_no_other_task() {
    let scene = Scene::new(profile::ideamart());
    let desk = scene.desk();
    for round in 0..12 {
        let sale = format!("sale-{round}");
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let (desk, sold) = (desk.clone(), Sold::new(&sale, "1"));
                tokio::spawn(async move { desk.charge(&sold.order()).await })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap().unwrap().ending(), Ending::Paid);
        }
    }
    assert_eq!((scene.carrier.requests().len(), scene.captured()), (12, 12_00));
}

/// R11
#[tokio::test]
async fn another_amount_or_payer_for_one_sale_is_refused_here() {
    let scene = Scene::new(profile::ideamart());
    let desk = scene.desk();
    desk.charge(&Sold::new("sale-1", "10").order()).await.unwrap();
    for other in [Sold::new("sale-1", "11"), Sold::to("sale-1", "0712755778", "10")] {
        let refused = desk.charge(&other.order()).await.unwrap_err();
        assert_eq!(refused, DeskError::SaleTaken);
        assert!(refused.nothing_sent());
    }
    assert_eq!(scene.carrier.requests().len(), 1);
}

/// R11: nobody could tell which prompt was approved.
#[tokio::test]
async fn a_payer_has_one_open_charge_at_a_time() {
    let scene = Scene::with(mobitel(), Simulator::builder().payer(Payer::Ignore));
    let (here, there) = (scene.desk(), scene.desk());
    let mut open = here.begin(&Sold::new("sale-1", "10").order()).await.unwrap();
    let busy = DeskError::SubscriberBusy { sale: "sale-1".to_owned() };
    for written in ["0712755777", "94712755777", "tel:+94712755777"] {
        let second = Sold::to("sale-2", written, "10");
        assert_eq!(there.begin(&second.order()).await.unwrap_err(), busy, "{written}");
    }
    let other = Sold::to("sale-3", "0712755778", "10");
    assert!(there.begin(&other.order()).await.is_ok());
    open.cancel().unwrap();
    while open.next().await.unwrap().is_some() {}
    assert!(there.begin(&Sold::new("sale-4", "10").order()).await.is_ok());
}

#[tokio::test]
async fn a_resume_beside_a_live_charge_leaves_it_alone() {
    let scene = Scene::with(mobitel(), Simulator::builder().payer_delay(Duration::from_secs(20)));
    let (here, there) = (scene.desk(), scene.desk());
    let sold = Sold::new("sale-1", "10");
    let mut charge = here.begin(&sold.order()).await.unwrap();
    while !matches!(charge.next().await.unwrap(), Some(ChargeEvent::PayerMustAct { .. })) {}
    let resumed = there.resume_all(|_, _| {}).await.unwrap();
    assert_eq!(resumed.first().unwrap().result, Err(DeskError::DrivenElsewhere));
    assert_eq!(there.cancel("sale-1").await, Err(DeskError::DrivenElsewhere));
    assert_eq!(
        charge.run(|_, _| caas_transport_std::Reaction::Continue).await.unwrap().ending(),
        Ending::Paid
    );
    assert_eq!((scene.carrier.prompts().len(), scene.captured()), (1, 10_00));
}

/// The fence: a desk whose lease was taken away writes nothing, and so sends nothing.
#[tokio::test]
async fn who_lost_the_lease_sends_nothing_any_more() {
    let scene = Scene::with(mobitel(), Simulator::builder().payer(Payer::Ignore));
    let here = scene.desk();
    let mut charge = here.begin(&Sold::new("sale-1", "10").order()).await.unwrap();
    // Somebody removes the locks of the living.
    for file in fs::read_dir(scene.folder.path()).unwrap().flatten() {
        if file.file_name().to_string_lossy().contains("-owner-") {
            fs::remove_file(file.path()).unwrap();
        }
    }
    let there = scene.desk();
    let taken = there.resume("sale-1").await.unwrap();
    // Its first intent was durable under its lease, so that request may go; nothing follows.
    let lost = loop {
        match charge.next().await {
            Ok(Some(_)) => {}
            other => break other,
        }
    };
    assert_eq!(lost.unwrap_err(), DeskError::LeaseLost);
    drop(taken);
    assert!(scene.carrier.requests().len() <= 1);
    assert!(matches!(charge.next().await, Err(DeskError::LeaseLost)));
}

#[tokio::test]
async fn caps_refuse_before_anything_is_kept_or_sent() {
    let scene = Scene::new(profile::ideamart());
    let capped = |caps: Caps| scene.desk_with(|settings| settings.caps = caps);
    let sell = async |caps: Caps, sale: &str| capped(caps).charge(&Sold::new(sale, "10").order()).await;
    assert!(sell(Caps::default(), "sale-1").await.is_ok());
    let amount_cap = Caps { amount: Some(amount("9.99")), ..Caps::default() };
    let count_cap = Caps { charges_per_hour: Some(1), ..Caps::default() };
    let sum_cap = Caps { sum_per_hour: Some(amount("19.99")), ..Caps::default() };
    assert_eq!(sell(amount_cap, "sale-2").await, Err(DeskError::Cap(CapReached::Amount)));
    assert_eq!(sell(count_cap, "sale-2").await, Err(DeskError::Cap(CapReached::ChargesPerHour)));
    assert_eq!(sell(sum_cap, "sale-2").await, Err(DeskError::Cap(CapReached::SumPerHour)));
    assert_eq!(scene.carrier.requests().len(), 1);
    assert!(scene.journal().get("sale-2").unwrap().is_none());
    let enough =
        Caps { amount: Some(amount("10")), charges_per_hour: Some(2), sum_per_hour: Some(amount("20")) };
    assert!(sell(enough, "sale-2").await.is_ok());
}
