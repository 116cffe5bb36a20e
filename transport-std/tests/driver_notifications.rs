//! eZ Cash: payments that come by notification, in parts, too much, twice, late, and for nobody.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod driver_scene;

use caas_core::charge::Reason;
use caas_core::profile;
use caas_simulator::{DeliveryOutcome, NotificationFault, Payer, Simulator, Times};
use caas_transport_std::{ChargeEvent, Ended, Ending, Filter, NOTIFICATIONS_MAX, Outcome, Reaction, Taken};
use driver_scene::{PAYER, Scene, Sold, amount, listening, until};
use tokio::task::JoinHandle;

/// A sale of 10.00 whose payer pays when told, driven in a task of its own.
struct Asked {
    scene: Scene,
    driven: JoinHandle<Outcome>,
}

impl Asked {
    async fn new() -> (Asked, caas_transport_std::Desk) {
        let scene = Scene::with(profile::dialog(), Simulator::builder().payer(Payer::Ask));
        let desk = scene.desk();
        let driving = desk.clone();
        let driven =
            tokio::spawn(
                async move { driving.charge(&Sold::new("sale-1", "10.00").ezcash()).await.unwrap() },
            );
        let asked = Asked { scene, driven };
        until("the request", || !asked.scene.carrier.payments().is_empty()).await;
        (asked, desk)
    }

    fn pay(&self, minor: u64) {
        self.scene.carrier.pay(&self.reference(), minor).unwrap();
    }

    fn reference(&self) -> String {
        self.scene.carrier.payments().first().unwrap().reference.clone()
    }

    fn received(&self) -> u64 {
        self.scene.journal().get("sale-1").unwrap().unwrap().received.minor()
    }
}

/// R32
#[tokio::test]
async fn partial_payments_are_confirmed_at_the_crossing() {
    let (asked, desk) = Asked::new().await;
    let _listener = asked.scene.listen(&desk).await;
    asked.pay(4_00);
    until("4.00 in the journal", || asked.received() == 4_00).await;
    assert!(!asked.driven.is_finished());
    asked.pay(6_00);
    let outcome = asked.driven.await.unwrap();
    assert_eq!((outcome.ending(), outcome.charge.received), (Ending::Paid, amount("10.00")));
}

/// R33
#[tokio::test]
async fn an_over_payment_is_paid_and_its_excess_is_owed() {
    let (asked, desk) = Asked::new().await;
    let _listener = asked.scene.listen(&desk).await;
    asked.pay(12_50);
    let outcome = asked.driven.await.unwrap();
    assert_eq!(outcome.ending(), Ending::RefundDue(amount("2.50")), "{outcome:?}");
    assert!(outcome.charge.release.counts());
}

/// R30: the same notification many times, also across a restart, has one effect and the same acknowledgement.
#[tokio::test]
async fn a_notification_that_is_repeated_has_one_effect() {
    let scene = Scene::new(profile::dialog());
    scene.carrier.notification_fault(NotificationFault::Duplicate(3), Times::Always);
    let desk = scene.desk();
    let listener = scene.listen(&desk).await;
    let outcome = desk.charge(&Sold::new("sale-1", "10.00").ezcash()).await.unwrap();
    assert_eq!(outcome.charge.received, amount("10.00"));
    until("4 deliveries", || scene.carrier.deliveries().len() >= 4).await;
    listener.shutdown().await;
    drop(desk);

    let desk = scene.desk();
    let body = scene.carrier.deliveries().first().unwrap().body.clone();
    for _ in 0..2 {
        let Taken::Acknowledge(answer) = desk.deliver(body.clone().into_bytes()).await else {
            panic!("not acknowledged")
        };
        assert!(String::from_utf8(answer).unwrap().contains("S1000"));
    }
    let row = desk.journal().get("sale-1").unwrap().unwrap();
    assert_eq!((row.received, row.refund_due), (amount("10.00"), amount("0")));
    let outcomes: Vec<_> = scene.carrier.deliveries().into_iter().map(|one| one.outcome).collect();
    assert!(outcomes.iter().all(|one| *one == DeliveryOutcome::Acknowledged), "{outcomes:?}");
    assert!(desk.journal().quarantine(10).unwrap().is_empty());
}

/// R38: the acknowledgement is lost, so the carrier sends it again.
#[tokio::test]
async fn a_lost_acknowledgement_makes_no_second_payment() {
    let scene = Scene::new(profile::dialog());
    scene.carrier.notification_fault(NotificationFault::AckLost, Times::Once);
    let desk = scene.desk();
    let _listener = scene.listen(&desk).await;
    let outcome = desk.charge(&Sold::new("sale-1", "10.00").ezcash()).await.unwrap();
    assert_eq!(outcome.ending(), Ending::Paid, "{outcome:?}");
    until("2 deliveries", || scene.carrier.deliveries().len() >= 2).await;
    let row = desk.journal().get("sale-1").unwrap().unwrap();
    assert_eq!((row.received, row.refund_due), (amount("10.00"), amount("0")));
}

/// R53: another process listens, and this one does too: one effect, at the owner.
#[tokio::test]
async fn a_notification_that_two_processes_take_reaches_the_owner_once() {
    let (asked, desk) = Asked::new().await;
    let journal = asked.scene.journal();
    let there = asked.scene.desk();
    let _listener = asked.scene.listen(&there).await;
    asked.pay(10_00);
    let outcome = asked.driven.await.unwrap();
    assert_eq!(outcome.ending(), Ending::Paid, "{outcome:?}");
    let body = asked.scene.carrier.deliveries().first().unwrap().body.clone().into_bytes();
    let (a, b) = tokio::join!(desk.deliver(body.clone()), there.deliver(body));
    assert!(matches!((a, b), (Taken::Acknowledge(_), Taken::Acknowledge(_))));
    assert_eq!(journal.get("sale-1").unwrap().unwrap().received, amount("10.00"));
}

/// R21: paid after the sale was cancelled. Nobody drives the charge any more; the money is a durable refund due.
#[tokio::test]
async fn money_that_comes_after_the_end_is_a_refund_due() {
    let (asked, desk) = Asked::new().await;
    desk.cancel("sale-1").await.unwrap();
    let reference = asked.reference();
    let Asked { scene, driven } = asked;
    let outcome = driven.await.unwrap();
    assert_eq!((outcome.ending(), outcome.ended), (Ending::NotCharged, Ended::Settled), "{outcome:?}");

    let listener = scene.listen(&desk).await;
    scene.carrier.pay(&reference, 10_00).unwrap();
    until("a delivery", || !scene.carrier.deliveries().is_empty()).await;
    listener.shutdown().await;
    let owed = desk.journal().list(Filter::RefundDue).unwrap();
    assert_eq!(owed.len(), 1);
    let row = owed.first().unwrap();
    assert_eq!((row.received, row.refund_due), (amount("10.00"), amount("10.00")));
    assert_eq!(row.release, "none");
}

/// R35, and garbage.
#[tokio::test]
async fn what_is_for_nobody_is_kept_and_what_is_nothing_is_refused() {
    let scene = Scene::new(profile::dialog());
    let desk = scene.desk();
    let unknown =
        br#"{"statusCode":"S1000","externalTrxId":"ZZ000001a","internalTrxId":"77","totalAmount":"10"}"#;
    for _ in 0..2 {
        assert!(matches!(desk.deliver(unknown.to_vec()).await, Taken::Acknowledge(_)));
    }
    let kept = desk.journal().quarantine(10).unwrap();
    assert_eq!(kept.len(), 1);
    let row = kept.first().unwrap();
    assert_eq!((row.copies, row.body.as_slice()), (2, &unknown[..]));
    assert_eq!(row.external.as_deref(), Some("ZZ000001a"));
    for garbage in [&b""[..], b"}{ %% not json", b"{}", br#"{"statusCode":"S1000"}"#] {
        assert!(matches!(desk.deliver(garbage.to_vec()).await, Taken::Refuse(_)), "{garbage:?}");
    }
    assert_eq!(desk.journal().quarantine(10).unwrap().len(), 1);
}

/// R35: quarantine is bounded; the oldest makes room.
#[tokio::test]
async fn quarantine_does_not_grow_for_ever() {
    let scene = Scene::new(profile::dialog());
    let desk = scene.desk();
    let connection = rusqlite::Connection::open(scene.path()).unwrap();
    connection
        .execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
             INSERT INTO inbox (external, body, state, received)
             SELECT 'X' || i, CAST('body ' || i AS BLOB), 'quarantined', '' FROM n",
            [NOTIFICATIONS_MAX],
        )
        .unwrap();
    let newest = br#"{"statusCode":"S1000","externalTrxId":"ZZ000001a","totalAmount":"10"}"#;
    assert!(matches!(desk.deliver(newest.to_vec()).await, Taken::Acknowledge(_)));
    let kept = desk.journal().quarantine(NOTIFICATIONS_MAX + 1).unwrap();
    assert_eq!(kept.len(), NOTIFICATIONS_MAX as usize);
    assert_eq!(kept.first().unwrap().body, newest);
    assert_eq!(kept.last().unwrap().external.as_deref(), Some("X2"));
}

/// An attempt that this charge never made is no evidence for it.
#[tokio::test]
async fn a_notification_for_an_attempt_that_was_never_made_is_quarantined() {
    let (asked, desk) = Asked::new().await;
    let external = asked.scene.carrier.payments().first().unwrap().external_id.clone();
    let other = format!("{}c", external.trim_end_matches('a'));
    let body = format!(
        r#"{{"statusCode":"S1000","externalTrxId":"{other}","internalTrxId":"77","totalAmount":"10.00"}}"#
    );
    assert!(matches!(desk.deliver(body.into_bytes()).await, Taken::Acknowledge(_)));
    until("quarantine", || desk.journal().quarantine(10).unwrap().len() == 1).await;
    assert_eq!(asked.received(), 0);
    let _listener = asked.scene.listen(&desk).await;
    asked.pay(10_00);
    assert_eq!(asked.driven.await.unwrap().ending(), Ending::Paid);
}

/// R38: a process died after the notification was durable and before it was applied.
#[tokio::test]
async fn a_notification_that_was_kept_and_not_applied_is_applied_by_the_resume() {
    let scene = Scene::with(profile::dialog(), Simulator::builder().payer(Payer::Ask));
    let desk = scene.desk();
    let mut charge = desk.begin(&Sold::new("sale-1", "10.00").ezcash()).await.unwrap();
    while !matches!(charge.next().await.unwrap(), Some(ChargeEvent::PayerMustAct { .. })) {}
    drop((charge, desk));

    let elsewhere = scene.desk();
    let listener = scene.listen(&elsewhere).await;
    let reference = scene.carrier.payments().first().unwrap().reference.clone();
    scene.carrier.pay(&reference, 10_00).unwrap();
    until("a delivery", || !scene.carrier.deliveries().is_empty()).await;
    listener.shutdown().await;
    assert_eq!(elsewhere.journal().get("sale-1").unwrap().unwrap().received, amount("0"));
    drop(elsewhere);

    let mut told = Vec::new();
    let resumed = scene.desk().resume_all(|_, event| told.push(format!("{event:?}"))).await.unwrap();
    let outcome = resumed.first().unwrap().result.clone().unwrap();
    assert_eq!(outcome.ending(), Ending::RefundDue(amount("10.00")), "{outcome:?} {told:?}");
}

/// R38: a notification that becomes durable at the last moment, when the charge is about to be put down, is applied.
#[tokio::test]
async fn a_notification_at_the_last_moment_is_not_left_lying() {
    let scene = Scene::new(profile::ideamart());
    let desk = scene.desk();
    // Another process keeps it together with the record that says "released". Its ids are not those of the answer.
    let connection = rusqlite::Connection::open(scene.path()).unwrap();
    connection
        .execute_batch(
            r#"CREATE TRIGGER late AFTER UPDATE OF release ON charges WHEN NEW.release = 'done' BEGIN
                   INSERT OR IGNORE INTO inbox (charge_id, external, body, state, received) VALUES (
                       NEW.charge_id, NEW.charge_id || 'a',
                       CAST('{"statusCode":"S1000","externalTrxId":"' || NEW.charge_id ||
                            'a","referenceId":"1","totalAmount":"30.00"}' AS BLOB),
                       'new', '');
               END"#,
        )
        .unwrap();
    let outcome = desk.charge(&Sold::new("sale-1", "10.00").order()).await.unwrap();
    assert_eq!(outcome.charge.received, amount("40.00"), "{outcome:?}");
    let row = desk.journal().get("sale-1").unwrap().unwrap();
    assert!(row.settled);
    assert_eq!(row.received, amount("40.00"));
}

/// R38: the same for a charge that was settled: the process died between keeping the notification and applying it.
#[tokio::test]
async fn a_notification_that_was_kept_for_a_settled_charge_is_applied_by_the_resume() {
    let scene = Scene::new(profile::ideamart());
    let desk = scene.desk();
    desk.charge(&Sold::new("sale-1", "10.00").order()).await.unwrap();
    let connection = rusqlite::Connection::open(scene.path()).unwrap();
    connection
        .execute_batch(
            r#"INSERT INTO inbox (charge_id, body, state, received)
               SELECT charge_id, CAST('{"statusCode":"S1000","externalTrxId":"' || charge_id ||
                      'a","referenceId":"1","totalAmount":"30.00"}' AS BLOB), 'new', '' FROM charges"#,
        )
        .unwrap();
    desk.resume_all(|_, _| {}).await.unwrap();
    assert_eq!(desk.journal().get("sale-1").unwrap().unwrap().received, amount("40.00"));
}

/// R34: the notification comes before the answer to the debit.
#[tokio::test]
async fn a_notification_may_come_before_the_answer() {
    let scene = Scene::new(profile::dialog());
    scene.carrier.fault(
        caas_simulator::Service::DirectDebit,
        caas_simulator::Fault::Latency(150),
        Times::Once,
    );
    let desk = scene.desk();
    let _listener = scene.listen(&desk).await;
    let mut told = Vec::new();
    let outcome =
        desk.charge_with(&Sold::new("sale-1", "10.00").ezcash(), listening(&mut told)).await.unwrap();
    assert_eq!(outcome.ending(), Ending::Paid, "{outcome:?} {told:?}");
    assert_eq!(scene.carrier.ledger().total(PAYER), 10_00);
}

/// R41: above the limit, notifications alone release nothing.
#[tokio::test]
async fn an_amount_above_the_limit_is_not_released_on_notifications_alone() {
    let family = profile::dialog();
    let limits = profile::Limits { notified_release: amount("5"), ..family.limits };
    let scene = Scene::new(profile::Profile { limits, ..family });
    let desk = scene.desk();
    let _listener = scene.listen(&desk).await;
    let mut held = false;
    let sold = Sold::new("sale-1", "10.00");
    let outcome = desk
        .charge_with(&sold.ezcash(), |_, event| {
            held |= matches!(event, ChargeEvent::ReleaseHeld);
            Reaction::Continue
        })
        .await
        .unwrap();
    assert!(held);
    assert_eq!(outcome.ending(), Ending::NeedsReview(Reason::PaidByNotificationOnly), "{outcome:?}");
    assert_eq!(outcome.charge.refund_due, amount("10.00"));
    assert!(!outcome.charge.release.counts());
}
