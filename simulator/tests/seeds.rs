//! Every sample of the carriers' documents, sent as printed and compared with the printed answer field for
//! field.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs;

use caas_simulator::{Payer, Simulator};
use serde_json::Value;
use support::*;

#[test]
fn the_balance_samples_answer_as_printed() {
    let sim = Simulator::start();
    sim.set_balance(PAYER, 30_000);
    for sample in ["seed_balance_req.json", "seed_balance_req_comprehensive.json"] {
        for path in ["/caas/get/balance", "/caas/balance/query"] {
            let answer = send(&sim, path, sample);
            same_members(&answer, &expected("seed_balance_resp.json"), &["chargeableBalance"]);
            assert_eq!(answer["chargeableBalance"], "300.00");
        }
    }
    sim.set_balance("94777123456", 0);
    let answer = send(&sim, BALANCE, "balance_req_php_sdk_captured.json");
    same_members(&answer, &expected("balance_resp_S1000_simulator_captured.json"), &[]);
}

#[test]
fn the_debit_samples_answer_as_printed_and_charge_once_each() {
    for (sample, subscriber, amount) in [
        ("seed_debit_req.json", PAYER, 10_000),
        ("seed_debit_req_comprehensive.json", PAYER, 10_000),
        ("seed_debit_req_ideamart.json", "************", 100),
        ("debit_req_php_sdk_captured.json", "94777123456", 1_000),
    ] {
        let sim = Simulator::start();
        let answer = send(&sim, DEBIT, sample);
        same_members(&answer, &expected("seed_debit_resp.json"), &["timeStamp", "internalTrxId"]);
        assert_eq!(sim.ledger().total(subscriber), amount, "{sample}");
        assert_eq!(sim.ledger().count(), 1, "{sample}");
    }
}

#[test]
fn a_debit_without_balance_answers_as_the_vendors_simulator_does_and_charges_nothing() {
    let sim = Simulator::start();
    sim.set_balance("94777123456", 999);
    let answer = send(&sim, DEBIT, "debit_req_php_sdk_captured.json");
    same_members(
        &answer,
        &expected("debit_resp_E1308_simulator_captured.json"),
        &["timeStamp", "internalTrxId"],
    );
    assert_eq!(sim.ledger().count(), 0);
    assert_eq!(sim.subscriber("94777123456").balance, 999);
}

#[test]
fn the_ez_cash_sample_answers_as_printed_and_names_a_reference() {
    let sim = Simulator::builder().payer(Payer::Ask).amount_due(800).start().unwrap();
    let mut answer = send(&sim, DEBIT, "seed_ezcash_req.json");
    let reference = answer.as_object_mut().unwrap().remove("referenceId").unwrap();
    assert_eq!(reference.as_str().unwrap().len(), 8);
    for member in ["shortDescription", "longDescription", "amountDue"] {
        // The sample says 8 where this simulator says 8.00.
        let text = answer[member].as_str().unwrap().replace("8.00", "8");
        answer[member] = Value::from(text);
    }
    same_members(&answer, &expected("seed_ezcash_resp.json"), &["timeStamp", "internalTrxId"]);
    assert_eq!(answer["timeStamp"].as_str().unwrap().len(), "2014-02-11T14:19:44.656+05:30".len());
    assert_eq!(answer["internalTrxId"].as_str().unwrap().len(), "914021114190001".len());
    assert_eq!(sim.ledger().count(), 0, "a request for a payment is no payment");
}

#[test]
fn the_instrument_list_sample_answers_with_the_printed_members() {
    let sim = Simulator::start();
    let answer = send(&sim, LIST, "seed_list_req.json");
    same_members(&answer, &expected("seed_list_resp.json"), &["paymentInstrumentList"]);
    let printed = &expected("seed_list_resp.json")["paymentInstrumentList"][0];
    assert!(answer["paymentInstrumentList"].as_array().unwrap().contains(printed));
}

#[test]
fn the_notifications_carry_the_printed_members() {
    let varying = ["internalTrxId", "referenceId", "timeStamp"];
    let receiver = NotificationReceiver::start();
    let sim =
        Simulator::builder().payer(Payer::Ask).amount_due(2_500).notify_url(&receiver.url).start().unwrap();
    send(&sim, DEBIT, "seed_ezcash_req.json");
    sim.fail("456123", "E1404").unwrap();
    same_members(&receiver.next().json(), &expected("seed_notification_failed.json"), &varying);
    sim.pay("456123", 2_500).unwrap();
    let paid = receiver.next();
    same_members(&paid.json(), &expected("seed_notification_paid.json"), &varying);
    assert_eq!(paid.header("content-type").unwrap(), "application/json");
    assert_eq!(paid.text("timeStamp").len(), "08-Oct-2013 16:32".len());
}

#[test]
fn the_mobitel_sample_raises_a_prompt_and_is_confirmed() {
    let sim = Simulator::builder().payer(Payer::Ask).start().unwrap();
    let answer = send(&sim, CHARGE, "seed_mobitel_charge_req.json");
    let members: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(members, ["reference", "message", "status"]);
    let reference = answer["reference"].as_str().unwrap();
    assert_eq!(reference.len(), "320438941208291".len());
    let prompt = &sim.prompts()[0];
    assert_eq!((prompt.subscriber.as_str(), prompt.amount), ("94712755777", 500));
    sim.approve(reference).unwrap();
    assert_eq!(confirm(&sim, reference), caas_simulator::preset::MOBITEL_APPROVED);
    assert_eq!(sim.ledger().total("0712755777"), 500);
}

#[test]
fn the_broken_samples_are_refused_as_invalid_and_execute_nothing() {
    let sim = Simulator::start();
    for (path, sample) in [
        (BALANCE, "balance_req_bdapps_guide_INVALID_JSON_missing_comma.txt"),
        (DEBIT, "seed_debit_req_ideamart_INVALID_JSON_missing_comma.txt"),
    ] {
        assert_eq!(send(&sim, path, sample)["statusCode"], "E1312", "{sample}");
    }
    assert_eq!(sim.ledger().count(), 0);
}

fn send(sim: &Simulator, path: &str, sample: &str) -> Value {
    let reply = request(sim, "POST", path, &fs::read(data(sample)).unwrap()).unwrap();
    assert_eq!(reply.status, 200, "{sample}");
    assert_eq!(reply.header("content-type").unwrap(), "application/json");
    reply.json()
}

fn expected(sample: &str) -> Value {
    serde_json::from_slice(&fs::read(data(sample)).unwrap()).unwrap()
}

fn data(sample: &str) -> String {
    format!("{}/tests/data/{sample}", env!("CARGO_MANIFEST_DIR"))
}

/// The same members with the same values; of the varying ones only that they are there, as text.
fn same_members(answer: &Value, printed: &Value, varying: &[&str]) {
    let (answer, printed) = (answer.as_object().unwrap(), printed.as_object().unwrap());
    let sorted = |map: &serde_json::Map<String, Value>| {
        let mut names: Vec<String> = map.keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(sorted(answer), sorted(printed));
    for (name, value) in printed {
        if varying.contains(&name.as_str()) {
            assert_eq!(answer[name].is_string(), value.is_string(), "{name}");
        } else {
            assert_eq!(&answer[name], value, "{name}");
        }
    }
}
