//! The HTTP API under /sim, the events, and the reset.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use caas_simulator::{Payer, PromptState, Simulator, SimulatorEvent, preset};
use serde_json::{Value, json};
use support::*;

#[test]
fn a_prompt_is_answered_over_http_once() {
    for (act, state) in [
        ("approve", PromptState::Approved),
        ("decline", PromptState::Declined),
        ("wrong-pin", PromptState::WrongPin),
        ("ignore", PromptState::Ignored),
    ] {
        let sim = Simulator::builder().payer(Payer::Ask).start().unwrap();
        let reference = charge(&sim, "5");
        let shown = get(&sim, "prompts");
        assert_eq!(shown["prompts"][0]["reference"], reference.as_str());
        assert_eq!(shown["prompts"][0]["state"], "open");
        assert_eq!(act_on(&sim, &reference, act).status, 200);
        assert_eq!(sim.prompts()[0].state, state);
        let again = act_on(&sim, &reference, "approve").status;
        assert_eq!(again, if act == "ignore" { 200 } else { 409 });
    }
}

#[test]
fn a_payment_is_made_and_failed_over_http() {
    let sim = Simulator::builder().payer(Payer::Ask).start().unwrap();
    let reference = post(&sim, DEBIT, &ezcash_body("s1", "10")).text("referenceId");
    assert_eq!(post(&sim, "/sim/pay", &json!({ "externalTrxId": "s1", "amount": "4.00" })).status, 200);
    assert_eq!(post(&sim, "/sim/pay", &json!({ "reference": reference, "amount": 6 })).status, 200);
    assert_eq!(post(&sim, "/sim/fail", &json!({ "reference": reference, "code": "E1405" })).status, 200);
    assert_eq!(post(&sim, "/sim/pay", &json!({ "reference": "nobody's", "amount": 6 })).status, 404);
    assert_eq!(post(&sim, "/sim/pay", &json!({ "reference": reference })).status, 400);
    assert_eq!(get(&sim, "payments")["payments"][0]["paid"], 1_000);
    let ledger = get(&sim, "ledger");
    assert_eq!((&ledger["count"], &ledger["summedUp"]), (&2.into(), &0.into()));
    assert_eq!(ledger["captures"][1]["amount"], 600);
    assert_eq!(ledger["captures"][1]["source"], "ezCashPayment");
}

#[test]
fn the_clock_is_forwarded_over_http() {
    let sim = Simulator::builder().payer(Payer::Ask).clock_rate(0).start().unwrap();
    charge(&sim, "5");
    let reply = post(&sim, "/sim/clock", &json!({ "forwardMs": 120_000 }));
    assert_eq!(reply.json()["now"], 120_000);
    assert_eq!(sim.prompts()[0].state, PromptState::Expired);
    assert_eq!(post(&sim, "/sim/clock", &json!({ "forwardMs": -1 })).status, 400);
}

#[test]
fn faults_are_set_over_http() {
    let sim = Simulator::start();
    for fault in [
        json!({ "service": "directDebit", "fault": { "statusCode": "E1318" }, "times": 1 }),
        json!({ "service": "directDebit", "fault": { "status": [503, "busy"] } }),
        json!({ "service": "notification", "fault": "drop", "times": "always" }),
    ] {
        assert_eq!(post(&sim, "/sim/fault", &fault).status, 200, "{fault}");
    }
    assert_eq!(post(&sim, DEBIT, &debit_body("a1", "10")).text("statusCode"), "E1318");
    assert_eq!(post(&sim, DEBIT, &debit_body("a1", "10")).status, 503);
    assert_eq!(post(&sim, DEBIT, &debit_body("a1", "10")).text("statusCode"), "S1000");
    for wrong in [
        json!({ "service": "nothing", "fault": "garbage" }),
        json!({ "service": "directDebit", "fault": "nothing" }),
        json!({ "service": "directDebit", "fault": "garbage", "times": "sometimes" }),
        json!([]),
    ] {
        assert_eq!(post(&sim, "/sim/fault", &wrong).status, 400, "{wrong}");
    }
}

#[test]
fn a_subscriber_is_set_over_http() {
    let sim = Simulator::start();
    let account = json!({ "balance": "12.50", "accountType": "Post Paid", "accountStatus": "Blocked" });
    let reply = request(&sim, "PUT", "/sim/subscribers/0771234567", account.to_string().as_bytes()).unwrap();
    assert_eq!(reply.status, 200);
    assert_eq!(balance(&sim), "12.50");
    assert_eq!(post(&sim, DEBIT, &debit_body("a1", "1")).text("statusCode"), "E1317");
}

#[test]
fn the_log_shows_requests_without_secrets() {
    let sim = Simulator::start();
    post(&sim, DEBIT, &ezcash_body("s1", "10"));
    let log = get(&sim, "log").to_string();
    assert!(log.contains("s1"));
    for hidden in [preset::PASSWORD, preset::EZCASH_AGENT_PIN, PAYER] {
        assert!(!log.contains(&format!("\"{hidden}\"")) && !log.contains(preset::PASSWORD), "{log}");
    }
    assert_eq!(get(&sim, "health")["status"], "ok");
}

#[test]
fn a_reset_forgets_everything_but_the_settings() {
    let sim = Simulator::builder().deduplicates(true).start().unwrap();
    post(&sim, DEBIT, &debit_body("a1", "10"));
    charge(&sim, "5");
    assert_eq!(post(&sim, "/sim/reset", &json!({})).status, 200);
    assert_eq!(sim.ledger().count(), 0);
    assert!(sim.prompts().is_empty() && sim.requests().is_empty());
    assert_eq!(balance(&sim), "1000.00");
    post(&sim, DEBIT, &debit_body("a1", "10"));
    assert_eq!(sim.ledger().count(), 1);
}

#[test]
fn an_observer_is_told_what_happens_in_its_order() {
    let sim = Simulator::start();
    let mut events = sim.events();
    charge(&sim, "5");
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        told.push(match event {
            SimulatorEvent::PromptShown(prompt) => format!("shown {}", prompt.text),
            SimulatorEvent::Captured(capture) => format!("captured {}", capture.amount),
            SimulatorEvent::PromptAnswered(prompt) => format!("{:?}", prompt.state),
            SimulatorEvent::Request(record) => format!("request {:?}", record.service),
            other => format!("{other:?}"),
        });
    }
    let shown = "shown Pay Rs 5.00? Enter your PIN to approve, 0 to decline.";
    assert_eq!(told, [shown, "captured 500", "Approved", "request MobitelChargeRequest"]);
}

fn get(sim: &Simulator, path: &str) -> Value {
    request(sim, "GET", &format!("/sim/{path}"), b"").unwrap().json()
}

fn act_on(sim: &Simulator, reference: &str, act: &str) -> Reply {
    post(sim, &format!("/sim/prompts/{reference}/{act}"), &json!({}))
}

#[test]
fn a_request_of_the_log_is_sent_again_as_it_came_and_a_repeat_is_recognised() {
    let sim = Simulator::start();
    post(&sim, DEBIT, &debit_body("a1", "10"));
    let again = post(&sim, "/sim/log/r1/resend", &json!({})).json();
    assert_eq!((&again["id"], &again["request"]["status"]), (&json!("r2"), &json!(200)));
    assert!(again["request"]["answer"].as_str().unwrap().contains("S1000"), "{again}");
    assert!(!again.to_string().contains(preset::PASSWORD) && !again.to_string().contains(PAYER), "{again}");
    assert_eq!(sim.ledger().count(), 1);
    sim.set_deduplicates(false);
    post(&sim, "/sim/log/r1/resend", &json!({}));
    assert_eq!((sim.ledger().count(), sim.ledger().total(PAYER)), (2, 2_000));
    for (id, status) in [("r9", 404), ("n9", 404), ("x1", 400), ("r", 400), ("r-1", 400)] {
        assert_eq!(post(&sim, &format!("/sim/log/{id}/resend"), &json!({})).status, status, "{id}");
    }
}

#[test]
fn a_notification_of_the_log_is_sent_again_byte_for_byte() {
    let receiver = NotificationReceiver::start();
    let sim = Simulator::builder().payer(Payer::Ask).notify_url(&receiver.url).start().unwrap();
    post(&sim, DEBIT, &ezcash_body("s1", "10"));
    sim.pay("s1", 400).unwrap();
    let first = receiver.next();
    sim.pay("s1", 600).unwrap();
    receiver.next();
    assert!(sim.wait_for_deliveries(2, PATIENCE));
    assert_eq!(sim.deliveries().iter().map(|delivery| delivery.serial).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(post(&sim, "/sim/log/n1/resend", &json!({})).status, 200);
    assert_eq!(receiver.next().body, first.body);
    assert_eq!(sim.ledger().total(PAYER), 1_000);
}

#[test]
fn a_forged_notification_is_sent_on_demand_and_no_money_stands_behind_it() {
    let receiver = NotificationReceiver::start();
    let sim = Simulator::builder().payer(Payer::Ask).notify_url(&receiver.url).start().unwrap();
    let own = post(&sim, DEBIT, &ezcash_body("s1", "10"));
    assert_eq!(post(&sim, "/sim/notifications/s1/forge", &json!({})).status, 200);
    let forged = receiver.next();
    assert_eq!((forged.text("statusCode"), forged.text("totalAmount")), ("S1000".into(), "10".into()));
    assert_ne!(forged.text("internalTrxId"), own.text("internalTrxId"));
    assert!(sim.wait_for_deliveries(1, PATIENCE) && sim.deliveries()[0].forged);
    assert_eq!(sim.ledger().count(), 0);
    assert_eq!(post(&sim, "/sim/notifications/nobody/forge", &json!({})).status, 404);
}

#[test]
fn two_hundred_faults_wait_and_one_more_is_refused() {
    let sim = Simulator::start();
    let fault = json!({ "service": "queryBalance", "fault": "garbage" });
    for _ in 0..200 {
        assert_eq!(post(&sim, "/sim/faults", &fault).status, 200);
    }
    assert_eq!(post(&sim, "/sim/faults", &fault).status, 400);
    let many = json!(vec![fault; 201]).to_string();
    assert_eq!(request(&sim, "PUT", "/sim/faults", many.as_bytes()).unwrap().status, 400);
}
