//! eZ Cash: partial payments, over-payments, second references, and the delivery of notifications.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;

use caas_simulator::{
    Builder, DeliveryOutcome, EzCashState, NotificationFault, Payer, Refused, Simulator, Times,
};
use serde_json::json;
use support::*;

#[test]
fn a_payer_who_approves_pays_the_whole_amount_and_it_is_notified() {
    let (sim, receiver) = start(Simulator::builder());
    let answer = post(&sim, DEBIT, &ezcash_body("s1", "10.00"));
    assert_eq!(answer.text("statusCode"), "P1003");
    let told = receiver.next();
    assert_eq!(told.text("referenceId"), answer.text("referenceId"));
    assert_eq!(told.text("internalTrxId"), answer.text("internalTrxId"));
    assert_eq!((told.text("totalAmount"), told.text("balanceDue")), ("10".into(), "0.00".into()));
    assert_eq!(sim.ledger().total_by_external_id("s1"), 1_000);
    assert_eq!(balance(&sim), "1000.00", "the eZ Cash wallet is another account");
}

#[test]
fn partial_and_over_payments_are_notified_with_the_total_of_their_reference() {
    let (sim, receiver) = start(Simulator::builder().payer(Payer::Ask));
    let reference = post(&sim, DEBIT, &ezcash_body("s1", "25")).text("referenceId");
    for (paid, total, due) in [(1_000, "10", "15.00"), (1_500, "25", "0.00"), (550, "30.50", "0.00")] {
        sim.pay(&reference, paid).unwrap();
        let told = receiver.next();
        assert_eq!((told.text("totalAmount").as_str(), told.text("balanceDue").as_str()), (total, due));
        assert_eq!(told.text("statusCode"), "S1000");
    }
    assert_eq!(sim.ledger().total_by_reference(&reference), 3_050);
    assert_eq!(sim.ledger().by_external_id("s1").len(), 3);
}

#[test]
fn a_second_reference_counts_its_own_total() {
    let (sim, receiver) = start(Simulator::builder().payer(Payer::Ask));
    let first = post(&sim, DEBIT, &ezcash_body("s1", "10")).text("referenceId");
    let second = sim.second_reference("s1").unwrap();
    assert_ne!(second.reference, first);
    sim.pay(&first, 1_000).unwrap();
    assert_eq!(receiver.next().text("totalAmount"), "10");
    sim.pay("s1", 400).unwrap();
    let told = receiver.next();
    assert_eq!((told.text("referenceId"), told.text("totalAmount")), (second.reference, "4".into()));
    assert_eq!(told.text("internalTrxId"), second.internal_id);
    assert_eq!(sim.ledger().total_by_external_id("s1"), 1_400);
}

#[test]
fn a_repeated_debit_prompts_twice_only_where_the_carrier_does_not_deduplicate() {
    for (deduplicates, requests) in [(true, 1), (false, 2)] {
        let sim = Simulator::builder().payer(Payer::Ask).deduplicates(deduplicates).start().unwrap();
        post(&sim, DEBIT, &ezcash_body("s1", "10"));
        post(&sim, DEBIT, &ezcash_body("s1", "10"));
        assert_eq!(sim.payments().len(), requests);
    }
}

#[test]
fn a_refusing_payer_is_notified_with_the_code_and_costs_nothing() {
    for (payer, code) in [(Payer::Decline, "E1406"), (Payer::WrongPin, "E1404")] {
        let (sim, receiver) = start(Simulator::builder().payer(payer));
        post(&sim, DEBIT, &ezcash_body("s1", "25"));
        let told = receiver.next();
        assert_eq!((told.text("statusCode").as_str(), told.text("totalAmount").as_str()), (code, "0"));
        assert_eq!(sim.payments()[0].state, EzCashState::Failed);
        assert_eq!(sim.ledger().count(), 0);
    }
}

#[test]
fn a_failure_can_be_followed_by_a_late_payment() {
    let (sim, receiver) = start(Simulator::builder().payer(Payer::Ask));
    post(&sim, DEBIT, &ezcash_body("s1", "10"));
    sim.fail("s1", "E1405").unwrap();
    assert_eq!(receiver.next().text("statusCode"), "E1405");
    sim.pay("s1", 1_000).unwrap();
    assert_eq!(receiver.next().text("statusCode"), "S1000");
    assert_eq!(sim.payments()[0].state, EzCashState::Paid);
}

#[test]
fn nothing_is_paid_under_an_id_nobody_was_given_nor_an_amount_of_zero() {
    let sim = Simulator::builder().payer(Payer::Ask).start().unwrap();
    post(&sim, DEBIT, &ezcash_body("s1", "10"));
    assert_eq!(sim.pay("s2", 1_000), Err(Refused::UnknownReference));
    assert_eq!(sim.pay("s1", 0), Err(Refused::AmountZero));
    assert_eq!(sim.ledger().count(), 0);
}

#[test]
fn the_agent_may_stand_in_either_map() {
    let sim = Simulator::builder().payer(Payer::Ask).start().unwrap();
    let mut body = ezcash_body("s1", "10");
    let agent = body.as_object_mut().unwrap().remove("additionalParams").unwrap();
    assert_eq!(post(&sim, DEBIT, &body).text("statusCode"), "E1312");
    body["extra"] = agent;
    assert_eq!(post(&sim, DEBIT, &body).text("statusCode"), "P1003");
    body["extra"] = json!({ "ezcashAgentPin": "4444" });
    body["externalTrxId"] = json!("s2");
    assert_eq!(post(&sim, DEBIT, &body).text("statusCode"), "E1312");
}

#[test]
fn what_is_not_acknowledged_is_delivered_again_with_growing_pauses_and_at_most_six_times() {
    let sim = Simulator::builder().payer(Payer::Ask).clock_rate(0).start().unwrap();
    let receiver = NotificationReceiver::start();
    sim.set_notify_url(&receiver.url);
    for _ in 0..6 {
        receiver.answer_next("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    }
    post(&sim, DEBIT, &ezcash_body("s1", "10"));
    sim.pay("s1", 1_000).unwrap();
    let mut deliveries = 1;
    for pause in [5, 10, 20, 40, 80] {
        assert!(sim.wait_for_deliveries(deliveries, PATIENCE));
        sim.fast_forward(Duration::from_millis(pause * 1_000 - 1));
        deliveries += 1;
        assert!(!sim.wait_for_deliveries(deliveries, Duration::from_millis(50)), "{pause} s are not over");
        sim.fast_forward(Duration::from_millis(1));
    }
    assert!(sim.wait_for_deliveries(deliveries, PATIENCE));
    sim.fast_forward(Duration::from_secs(86_400));
    let records = sim.deliveries();
    let at: Vec<u64> = records.iter().map(|record| record.at).collect();
    assert_eq!(at, [0, 5_000, 15_000, 35_000, 75_000, 155_000]);
    assert!(records.iter().all(|record| record.outcome == DeliveryOutcome::Refused { status: 503 }));
    assert!(!records[5].again);
    assert_eq!(sim.ledger().count(), 1);
}

#[test]
fn an_answer_without_s1000_or_no_answer_at_all_is_no_acknowledgement() {
    for answer in ["", "HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{\"statusCode\":\"E1601\"}"] {
        let (sim, receiver) = start(Simulator::builder().payer(Payer::Ask).clock_rate(0));
        receiver.answer_next(answer);
        post(&sim, DEBIT, &ezcash_body("s1", "10"));
        sim.pay("s1", 1_000).unwrap();
        let first = receiver.next();
        assert!(sim.wait_for_deliveries(1, PATIENCE));
        sim.fast_forward(Duration::from_secs(5));
        assert_eq!(receiver.next().body, first.body);
        assert!(sim.wait_for_deliveries(2, PATIENCE));
        assert_eq!(sim.deliveries()[1].outcome, DeliveryOutcome::Acknowledged);
    }
}

#[test]
fn a_notification_waits_for_its_url() {
    let sim = Simulator::builder().clock_rate(0).start().unwrap();
    post(&sim, DEBIT, &ezcash_body("s1", "10"));
    assert!(sim.wait_for_deliveries(1, PATIENCE));
    assert_eq!(sim.deliveries()[0].outcome, DeliveryOutcome::NoUrl);
    let receiver = NotificationReceiver::start();
    sim.set_notify_url(&receiver.url);
    sim.fast_forward(Duration::from_secs(5));
    assert_eq!(receiver.next().text("externalTrxId"), "s1");
}

#[test]
fn a_dropped_notification_never_comes_though_the_money_was_taken() {
    let (sim, receiver) = paid_with(NotificationFault::Drop);
    assert!(sim.wait_for_deliveries(1, PATIENCE));
    sim.fast_forward(Duration::from_secs(3_600));
    assert!(receiver.is_silent());
    assert_eq!(sim.ledger().total_by_external_id("s1"), 1_000);
}

#[test]
fn a_duplicated_notification_comes_so_many_times_more_and_costs_once() {
    let (sim, receiver) = paid_with(NotificationFault::Duplicate(2));
    let first = receiver.next();
    assert_eq!((receiver.next().body, receiver.next().body), (first.body.clone(), first.body));
    assert!(receiver.is_silent());
    assert_eq!(sim.ledger().count(), 1);
}

#[test]
fn a_delayed_notification_comes_when_virtual_time_says_so() {
    let (sim, receiver) = paid_with(NotificationFault::Delay(60_000));
    sim.fast_forward(Duration::from_millis(59_999));
    assert!(receiver.is_silent());
    sim.fast_forward(Duration::from_millis(1));
    assert_eq!(receiver.next().text("externalTrxId"), "s1");
}

#[test]
fn a_reordered_notification_comes_after_the_next_one() {
    let (sim, receiver) = paid_with(NotificationFault::Reorder);
    assert!(receiver.is_silent());
    sim.pay("s1", 500).unwrap();
    assert_eq!(receiver.next().text("totalAmount"), "15");
    assert_eq!(receiver.next().text("totalAmount"), "10");
}

#[test]
fn a_lost_acknowledgement_brings_the_same_notification_again() {
    let (sim, receiver) = paid_with(NotificationFault::AckLost);
    let first = receiver.next();
    assert!(sim.wait_for_deliveries(1, PATIENCE));
    assert_eq!(sim.deliveries()[0].outcome, DeliveryOutcome::AckLost);
    sim.fast_forward(Duration::from_secs(5));
    assert_eq!(receiver.next().body, first.body);
    assert!(receiver.is_silent());
    assert_eq!(sim.ledger().count(), 1);
}

#[test]
fn a_corrupted_notification_is_not_json_and_comes_whole_after_a_refusal() {
    let receiver = NotificationReceiver::start();
    receiver.answer_next("HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{\"statusCode\":\"E1601\"}");
    let builder = Simulator::builder().payer(Payer::Ask).clock_rate(0).notify_url(&receiver.url);
    let sim = pay_with(builder.start().unwrap(), NotificationFault::Corrupt);
    assert!(serde_json::from_slice::<serde_json::Value>(&receiver.next().body).is_err());
    assert!(sim.wait_for_deliveries(1, PATIENCE));
    sim.fast_forward(Duration::from_secs(5));
    assert_eq!(receiver.next().text("totalAmount"), "10");
}

#[test]
fn a_notification_can_be_sent_once_more() {
    let (sim, receiver) = start(Simulator::builder());
    let reference = post(&sim, DEBIT, &ezcash_body("s1", "10")).text("referenceId");
    let first = receiver.next();
    assert!(sim.wait_for_deliveries(1, PATIENCE));
    sim.repeat_notification(&reference).unwrap();
    assert_eq!(receiver.next().body, first.body);
    assert_eq!(sim.repeat_notification("00000000"), Err(Refused::UnknownReference));
}

#[test]
fn a_reset_forgets_a_notification_that_is_on_its_way() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let sim = Simulator::builder().clock_rate(0).notify_url(&url).start().unwrap();
    post(&sim, DEBIT, &ezcash_body("s1", "10"));
    let (on_its_way, _) = silent.accept().unwrap();
    sim.reset();
    let receiver = NotificationReceiver::start();
    sim.set_notify_url(&receiver.url);
    drop(on_its_way);
    post(&sim, DEBIT, &ezcash_body("s2", "10"));
    assert_eq!(receiver.next().text("externalTrxId"), "s2");
    sim.fast_forward(Duration::from_secs(3_600));
    assert!(receiver.is_silent());
    assert!(sim.deliveries().iter().all(|record| record.body.contains("s2")));
}

fn start(builder: Builder) -> (Simulator, NotificationReceiver) {
    let receiver = NotificationReceiver::start();
    (builder.notify_url(&receiver.url).start().unwrap(), receiver)
}

fn paid_with(fault: NotificationFault) -> (Simulator, NotificationReceiver) {
    let (sim, receiver) = start(Simulator::builder().payer(Payer::Ask).clock_rate(0));
    (pay_with(sim, fault), receiver)
}

fn pay_with(sim: Simulator, fault: NotificationFault) -> Simulator {
    sim.notification_fault(fault, Times::Once);
    post(&sim, DEBIT, &ezcash_body("s1", "20"));
    sim.pay("s1", 1_000).unwrap();
    sim
}
