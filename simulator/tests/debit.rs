//! Direct debit: what is taken as a request, and what a repeated id does.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use caas_simulator::{Credentials, DuplicateAnswer, Simulator, Subscriber};
use serde_json::{Value, json};
use support::*;

#[test]
fn a_repeated_id_is_answered_the_same_and_charged_once() {
    let sim = Simulator::start();
    let first = post(&sim, DEBIT, &debit_body("a1", "10"));
    let second = post(&sim, DEBIT, &debit_body("a1", "10.00"));
    assert_eq!(first.json(), second.json());
    assert_eq!(sim.ledger().total_by_external_id("a1"), 1_000);
}

#[test]
fn a_repeated_id_is_refused_as_completed_where_that_is_set() {
    let builder = Simulator::builder().duplicate_answer(DuplicateAnswer::AlreadyCompleted);
    let sim = builder.start().unwrap();
    assert_eq!(status(&sim, &debit_body("a1", "10")), "S1000");
    assert_eq!(status(&sim, &debit_body("a1", "10")), "E1379");
    assert_eq!(sim.ledger().by_external_id("a1").len(), 1);
}

#[test]
fn a_repeated_id_with_another_amount_is_never_charged() {
    let sim = Simulator::start();
    assert_eq!(status(&sim, &debit_body("a1", "10")), "S1000");
    assert_eq!(status(&sim, &debit_body("a1", "11")), "E1379");
    assert_eq!(sim.ledger().total(PAYER), 1_000);
}

#[test]
fn a_carrier_that_does_not_deduplicate_charges_again() {
    let sim = Simulator::builder().deduplicates(false).start().unwrap();
    let first = post(&sim, DEBIT, &debit_body("a1", "10"));
    let second = post(&sim, DEBIT, &debit_body("a1", "10"));
    assert_ne!(first.text("internalTrxId"), second.text("internalTrxId"));
    assert_eq!(sim.ledger().total_by_external_id("a1"), 2_000);
    assert_eq!(balance(&sim), "980.00");
}

#[test]
fn an_id_whose_first_send_was_refused_may_be_sent_again() {
    let sim = Simulator::start();
    sim.set_balance(PAYER, 0);
    assert_eq!(status(&sim, &debit_body("a1", "10")), "E1308");
    sim.set_balance(PAYER, 1_000);
    assert_eq!(status(&sim, &debit_body("a1", "10")), "S1000");
    assert_eq!(balance(&sim), "0.00");
}

#[test]
fn all_forms_of_a_subscriber_and_an_instrument_charge_the_same_account() {
    let sim = Simulator::start();
    let forms = ["94771234567", "tel:94771234567", "tel: 94771234567", "tell:94771234567", "0771234567"];
    for (n, form) in forms.iter().enumerate() {
        let mut body = debit_body(&format!("form{n}"), "1");
        body["subscriberId"] = json!(form);
        assert_eq!(status(&sim, &body), "S1000", "{form}");
    }
    for (n, name) in ["MobileAccount", "Mobile Account"].iter().enumerate() {
        for field in ["paymentInstrument", "paymentInstrumentName"] {
            let mut body = debit_body(&format!("{field}{n}"), "1");
            body.as_object_mut().unwrap().remove("paymentInstrumentName");
            body[field] = json!(name);
            assert_eq!(status(&sim, &body), "S1000", "{field} {name}");
        }
    }
    assert_eq!(sim.ledger().total(PAYER), 900);
}

#[test]
fn numbers_are_taken_for_strings() {
    let sim = Simulator::start();
    let mut body = debit_body("", "");
    body["externalTrxId"] = json!(456_123);
    body["amount"] = json!(10.5);
    body["subscriberId"] = json!(94_771_234_567_u64);
    let reply = post(&sim, DEBIT, &body);
    assert_eq!(reply.json()["externalTrxId"], "456123");
    assert_eq!(sim.ledger().total(PAYER), 1_050);
}

#[test]
fn what_is_wrong_with_a_request_has_its_code_and_charges_nothing() {
    let sim = Simulator::start();
    sim.set_subscriber(
        "94770000000",
        Subscriber {
            balance: 1_000,
            account_type: "Post Paid".into(),
            account_status: "Blocked".into(),
            ..sim.subscriber(PAYER)
        },
    );
    for (member, value, code) in [
        ("applicationId", json!("APP_999999"), "E1313"),
        ("password", json!("wrong"), "E1313"),
        ("password", Value::Null, "E1312"),
        ("externalTrxId", Value::Null, "E1312"),
        ("externalTrxId", json!("x".repeat(33)), "E1312"),
        ("subscriberId", Value::Null, "E1312"),
        ("subscriberId", json!("tel:"), "E1325"),
        ("subscriberId", json!("94770000000"), "E1317"),
        ("amount", Value::Null, "E1312"),
        ("amount", json!("0"), "E1606"),
        ("amount", json!("-1"), "E1606"),
        ("amount", json!("1.005"), "E1606"),
        ("amount", json!("1e3"), "E1606"),
        ("amount", json!("99999999999999999999"), "E1606"),
        ("amount", json!(-5), "E1606"),
        ("currency", json!("EUR"), "E1380"),
        ("paymentInstrumentName", json!("Cheque"), "E1377"),
        ("paymentInstrumentName", json!("Dialog-Ezcash"), "E1312"),
    ] {
        let mut body = debit_body("a1", "10");
        body[member] = value.clone();
        let reply = post(&sim, DEBIT, &body);
        assert_eq!((reply.status, reply.text("statusCode").as_str()), (200, code), "{member} {value}");
    }
    assert_eq!(sim.ledger().count(), 0);
}

#[test]
fn credentials_that_were_set_replace_the_presets() {
    let credentials = Credentials::new("APP_1", "secret", "client");
    let sim = Simulator::builder().credentials(credentials).start().unwrap();
    assert_eq!(status(&sim, &debit_body("a1", "10")), "E1313");
    let mut body = debit_body("a1", "10");
    body["applicationId"] = json!("APP_1");
    body["password"] = json!("secret");
    assert_eq!(status(&sim, &body), "S1000");
}

fn status(sim: &Simulator, body: &Value) -> String {
    post(sim, DEBIT, body).text("statusCode")
}

#[test]
fn optional_members_may_be_missing_and_unknown_ones_are_let_in() {
    let sim = Simulator::start();
    let mut body = debit_body("a1", "10");
    for optional in ["paymentInstrumentName", "currency"] {
        body.as_object_mut().unwrap().remove(optional);
    }
    assert_eq!(post(&sim, DEBIT, &body).text("statusCode"), "S1000");
    body["externalTrxId"] = json!("a2");
    body["somethingNew"] = json!({ "of": ["another", "maker"] });
    assert_eq!(post(&sim, DEBIT, &body).text("statusCode"), "S1000");
    assert_eq!(sim.ledger().captures()[0].currency, "LKR");
    assert_eq!(sim.ledger().total(PAYER), 2_000);
}
