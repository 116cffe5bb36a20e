//! Rate limits: who sends too many in a second is refused as the gateways refuse, and nothing is executed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;

use caas_simulator::{Simulator, preset};
use serde_json::{Value, json};
use support::*;

fn limited() -> Simulator {
    Simulator::builder().clock_rate(0).rate_limit(2).start().unwrap()
}

#[test]
fn the_gateway_answers_429_as_captured_and_the_next_second_passes() {
    let sim = limited();
    let send = || post(&sim, CHARGE, &json!({ "customer": PAYER, "amount": "5" }));
    assert_eq!([send().status, send().status], [200, 200]);
    let refused = send();
    let sample: Value = serde_json::from_str(include_str!("data/apic_429_rate_limit.json")).unwrap();
    assert_eq!((refused.status, refused.json()), (429, sample));
    assert_eq!(refused.header("x-ratelimit-remaining").unwrap(), "name=default,0;");
    assert_eq!((sim.prompts().len(), sim.ledger().count()), (2, 2));
    sim.fast_forward(Duration::from_millis(999));
    assert_eq!(send().status, 429);
    sim.fast_forward(Duration::from_millis(1));
    assert_eq!(send().status, 200);
}

#[test]
fn the_family_answers_e1318_and_charges_nothing_for_it() {
    let sim = limited();
    let codes: Vec<String> = ["a1", "a2", "a3"]
        .iter()
        .map(|id| post(&sim, DEBIT, &debit_body(id, "10")).text("statusCode"))
        .collect();
    assert_eq!(codes, ["S1000", "S1000", "E1318"]);
    assert_eq!(sim.ledger().total(PAYER), 2_000);
    sim.fast_forward(Duration::from_secs(1));
    assert_eq!(post(&sim, DEBIT, &debit_body("a3", "10")).text("statusCode"), "S1000");
}

#[test]
fn applications_are_counted_apart_and_strangers_not_at_all() {
    let sim = limited();
    let mut stranger = debit_body("a1", "10");
    stranger["password"] = json!("wrong");
    for _ in 0..5 {
        assert_eq!(post(&sim, DEBIT, &stranger).text("statusCode"), "E1313");
    }
    for (application, password) in preset::APPLICATIONS {
        let mut body = debit_body("a1", "10");
        (body["applicationId"], body["password"]) = (json!(application), json!(password));
        assert_eq!(post(&sim, DEBIT, &body).text("statusCode"), "S1000", "{application}");
    }
}

#[test]
fn the_limit_is_a_setting_that_can_be_taken_back() {
    let sim = limited();
    let put = |limit: u32| {
        let body = json!({ "rateLimit": limit }).to_string();
        request(&sim, "PUT", "/sim/settings", body.as_bytes()).unwrap().json()
    };
    assert_eq!(put(0)["rateLimit"], 0);
    for place in 0..20 {
        assert_eq!(post(&sim, DEBIT, &debit_body(&format!("a{place}"), "1")).text("statusCode"), "S1000");
    }
}
