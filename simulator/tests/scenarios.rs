//! The sample scenarios, as a library and over HTTP, and what a scenario says when it is not fulfilled.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use caas_simulator::{DeliveryOutcome, Payer, Scenario, Simulator, SimulatorEvent};
use serde_json::{Value, json};
use support::*;

const SAMPLES: [(&str, &str); 5] = [
    ("a_bad_day", include_str!("../scenarios/a_bad_day.json")),
    ("debit_answer_lost_then_repeated", include_str!("../scenarios/debit_answer_lost_then_repeated.json")),
    (
        "debit_executed_late_without_deduplication",
        include_str!("../scenarios/debit_executed_late_without_deduplication.json"),
    ),
    ("ezcash_partial_then_over", include_str!("../scenarios/ezcash_partial_then_over.json")),
    ("mobitel_approved_after_expiry", include_str!("../scenarios/mobitel_approved_after_expiry.json")),
];

#[test]
fn every_sample_passes_and_the_folder_has_no_other() {
    let folder = format!("{}/scenarios", env!("CARGO_MANIFEST_DIR"));
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), SAMPLES.len());
    let sim = Simulator::start();
    for (name, text) in SAMPLES {
        let report = sim.run_scenario(&read(text));
        assert_eq!((report.passed, &report.failures), (true, &Vec::new()), "{name}");
        assert!(sim.ledger().count() > 0, "{name} stays to be looked at");
    }
}

#[test]
fn every_sample_passes_over_http_and_the_same_twice() {
    let sim = Simulator::start();
    for (name, text) in SAMPLES {
        for _ in 0..2 {
            let reply = request(&sim, "POST", "/sim/scenario", text.as_bytes()).unwrap();
            assert_eq!(
                (reply.status, &reply.json()["passed"]),
                (200, &json!(true)),
                "{name}: {}",
                reply.json()
            );
        }
    }
}

#[test]
fn deliveries_go_to_a_real_receiver_where_one_is_set() {
    let receiver = NotificationReceiver::start();
    let sim = Simulator::start();
    let mut scenario = read(SAMPLES[3].1);
    scenario.settings.notify_url = Some(receiver.url.clone());
    assert!(sim.run_scenario(&scenario).passed);
    let totals: Vec<String> = (0..3).map(|_| receiver.next().text("totalAmount")).collect();
    assert_eq!(totals, ["25", "10", "30"], "the forged one comes first");
    assert!(sim.deliveries().iter().all(|delivery| delivery.outcome == DeliveryOutcome::Acknowledged));
}

#[test]
fn what_is_not_as_expected_is_told_with_its_step() {
    let sim = Simulator::start();
    let send = json!({ "send": { "service": "directDebit", "body": {
        "externalTrxId": "a1", "subscriberId": PAYER, "amount": "10" } } });
    for (steps, expect, failure) in [
        (json!([send]), json!({ "captures": 2 }), "at the end: captures: 1, and not 2"),
        (json!([send]), json!({ "taken": { PAYER: "9.99" } }), "taken from 94***567: 10.00, and not 9.99"),
        (json!([{ "expect": { "captures": 1 } }]), json!({}), "step 1: captures: 0, and not 1"),
        (json!([{ "pay": { "id": "$x", "amount": "1" } }]), json!({}), "step 1: nothing was saved as x"),
        (json!([{ "pay": { "id": "x", "amount": "1" } }]), json!({}), "step 1: nothing has this reference"),
        (json!([with(&send, "answered", json!(false))]), json!({}), "step 1: an answer came: HTTP 200"),
        (json!([with(&send, "status", json!(500))]), json!({}), "step 1: HTTP status: 200, and not 500"),
        (json!([with(&send, "members", json!({ "statusCode": "E1308" }))]), json!({}), "statusCode: S1000"),
    ] {
        let scenario = json!({ "name": "wrong", "steps": steps, "expect": expect });
        let report = sim.run_scenario(&serde_json::from_value(scenario).unwrap());
        assert!(!report.passed);
        assert!(report.failures[0].contains(failure), "{:?} lacks {failure}", report.failures);
    }
}

#[test]
fn a_scenario_puts_the_settings_back_and_leaves_no_trace_of_what_was_before_it() {
    let sim = Simulator::builder().payer(Payer::Decline).build_with_sale();
    let before = request(&sim, "GET", "/sim/settings", b"").unwrap().json();
    assert!(sim.run_scenario(&read(SAMPLES[4].1)).passed);
    assert_eq!(request(&sim, "GET", "/sim/settings", b"").unwrap().json(), before);
    assert_eq!(sim.ledger().by_external_id("before").len(), 0);
}

#[test]
fn what_is_no_scenario_is_refused_and_changes_nothing() {
    let sim = Simulator::builder().payer(Payer::Decline).build_with_sale();
    for text in ["", "{}", r#"{"name":"x","steps":[{"fly":1}]}"#, r#"{"name":"x","steps":[],"unknown":1}"#] {
        assert_eq!(request(&sim, "POST", "/sim/scenario", text.as_bytes()).unwrap().status, 400, "{text}");
    }
    assert_eq!(sim.ledger().count(), 1);
}

#[test]
fn observers_see_a_scenario_as_it_happens() {
    let sim = Simulator::start();
    let mut events = sim.events();
    assert!(sim.run_scenario(&read(SAMPLES[1].1)).passed);
    let mut captured = 0;
    while let Ok(event) = events.try_recv() {
        captured += usize::from(matches!(event, SimulatorEvent::Captured(_)));
    }
    assert_eq!(captured, 1);
}

/// A simulator with one sale that was made before.
trait WithSale {
    fn build_with_sale(self) -> Simulator;
}

impl WithSale for caas_simulator::Builder {
    fn build_with_sale(self) -> Simulator {
        let sim = self.start().unwrap();
        post(&sim, DEBIT, &debit_body("before", "1"));
        sim
    }
}

fn with(step: &Value, member: &str, value: Value) -> Value {
    let mut step = step.clone();
    step["send"][member] = value;
    step
}

fn read(text: &str) -> Scenario {
    serde_json::from_str(text).unwrap()
}
