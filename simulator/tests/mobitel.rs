//! Mobitel: prompts, consent, both meanings of confirm.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;

use caas_simulator::{ConfirmMeaning, Payer, PromptState, Refused, Simulator, SimulatorEvent, preset};
use serde_json::json;
use support::*;

#[test]
fn where_confirm_reads_consent_alone_takes_the_money_and_confirm_may_be_repeated() {
    let sim = Simulator::builder().payer(Payer::Ask).start().unwrap();
    let reference = charge(&sim, "5");
    assert_eq!(confirm(&sim, &reference), preset::MOBITEL_NOT_APPROVED);
    assert_eq!(sim.ledger().count(), 0);
    sim.approve(&reference).unwrap();
    assert_eq!(sim.ledger().total_by_reference(&reference), 500);
    assert_eq!(confirm(&sim, &reference), preset::MOBITEL_APPROVED);
    assert_eq!(confirm(&sim, &reference), preset::MOBITEL_APPROVED);
    assert_eq!(sim.ledger().count(), 1);
    assert_eq!(balance(&sim), "995.00");
}

#[test]
fn where_confirm_captures_consent_alone_takes_nothing_and_a_repeat_says_already_confirmed() {
    let sim = Simulator::builder().confirm(ConfirmMeaning::Captures).payer(Payer::Ask).start().unwrap();
    let reference = charge(&sim, "5");
    sim.approve(&reference).unwrap();
    assert_eq!(sim.ledger().count(), 0);
    assert_eq!(confirm(&sim, &reference), preset::MOBITEL_APPROVED);
    assert_eq!(sim.ledger().total_by_reference(&reference), 500);
    assert_eq!(confirm(&sim, &reference), preset::MOBITEL_ALREADY_CONFIRMED);
    assert_eq!(sim.ledger().count(), 1);
}

#[test]
fn each_way_the_payer_answers_has_its_status_and_only_consent_costs() {
    for (payer, status, state) in [
        (Payer::Decline, preset::MOBITEL_DECLINED, PromptState::Declined),
        (Payer::WrongPin, preset::MOBITEL_WRONG_PIN, PromptState::WrongPin),
        (Payer::Ignore, preset::MOBITEL_NOT_APPROVED, PromptState::Ignored),
        (Payer::Ask, preset::MOBITEL_NOT_APPROVED, PromptState::Open),
    ] {
        for meaning in [ConfirmMeaning::Reads, ConfirmMeaning::Captures] {
            let sim = Simulator::builder().confirm(meaning).payer(payer).start().unwrap();
            let reference = charge(&sim, "5");
            assert_eq!(confirm(&sim, &reference), status);
            assert_eq!(sim.prompts()[0].state, state);
            assert_eq!(sim.ledger().count(), 0);
        }
    }
}

#[test]
fn a_prompt_can_be_answered_until_120_seconds_and_not_from_then_on() {
    let sim = Simulator::builder().payer(Payer::Ignore).clock_rate(0).start().unwrap();
    let (first, second) = (charge(&sim, "5"), charge(&sim, "6"));
    sim.fast_forward(Duration::from_millis(119_999));
    sim.approve(&first).unwrap();
    sim.fast_forward(Duration::from_millis(1));
    assert_eq!(sim.approve(&second), Err(Refused::PromptClosed));
    assert_eq!(sim.prompts()[1].state, PromptState::Expired);
    assert_eq!(confirm(&sim, &second), preset::MOBITEL_NOT_APPROVED);
    assert_eq!(sim.ledger().total(PAYER), 500);
}

#[test]
fn a_payer_who_thinks_first_consents_when_virtual_time_says_so() {
    let delay = Duration::from_secs(30);
    let sim = Simulator::builder().payer_delay(delay).clock_rate(0).start().unwrap();
    let reference = charge(&sim, "5");
    sim.fast_forward(Duration::from_millis(29_999));
    assert_eq!(confirm(&sim, &reference), preset::MOBITEL_NOT_APPROVED);
    sim.fast_forward(Duration::from_secs(60));
    assert_eq!(confirm(&sim, &reference), preset::MOBITEL_APPROVED);
    assert_eq!(sim.ledger().captures()[0].at, 30_000, "it happened then, not when somebody looked");
}

#[test]
fn a_payer_consents_on_a_running_clock_without_anybody_asking() {
    let delay = Duration::from_secs(3);
    let sim = Simulator::builder().payer_delay(delay).clock_rate(60).start().unwrap();
    let mut events = sim.events();
    charge(&sim, "5");
    let captured = loop {
        if let SimulatorEvent::Captured(capture) = events.blocking_recv().unwrap() {
            break capture;
        }
    };
    let prompt = &sim.prompts()[0];
    assert_eq!(captured.at, prompt.opened_at + 3_000);
    assert_eq!(prompt.state, PromptState::Approved);
}

#[test]
fn a_second_request_raises_a_second_prompt_and_both_can_cost() {
    let sim = Simulator::builder().payer(Payer::Ask).start().unwrap();
    let (first, second) = (charge(&sim, "5"), charge(&sim, "5"));
    assert_ne!(first, second);
    sim.approve(&first).unwrap();
    sim.approve(&second).unwrap();
    assert_eq!(sim.ledger().total(PAYER), 1_000);
}

#[test]
fn a_busy_handset_refuses_the_second_request_where_that_is_set() {
    let builder = Simulator::builder().payer(Payer::Ask).handset_busy_while_prompted(true);
    let sim = builder.clock_rate(0).start().unwrap();
    charge(&sim, "5");
    let body = json!({ "customer": "0771234567", "amount": "5" });
    assert_eq!(post(&sim, CHARGE, &body).text("status"), preset::MOBITEL_HANDSET_BUSY);
    assert_eq!(sim.prompts().len(), 1);
    sim.fast_forward(Duration::from_secs(120));
    assert_eq!(post(&sim, CHARGE, &body).text("status"), preset::MOBITEL_ACCEPTED);
}

#[test]
fn a_balance_that_does_not_cover_the_amount_refuses_the_request_without_a_prompt() {
    let sim = Simulator::start();
    sim.set_balance(PAYER, 499);
    let reply = post(&sim, CHARGE, &json!({ "customer": PAYER, "amount": 5 }));
    assert_eq!(reply.text("status"), preset::MOBITEL_INSUFFICIENT_BALANCE);
    assert!(sim.prompts().is_empty());
}

#[test]
fn a_balance_spent_after_the_prompt_is_missing_at_the_capture() {
    for meaning in [ConfirmMeaning::Reads, ConfirmMeaning::Captures] {
        let sim = Simulator::builder().confirm(meaning).payer(Payer::Ask).start().unwrap();
        let reference = charge(&sim, "5");
        sim.set_balance(PAYER, 0);
        sim.approve(&reference).unwrap();
        assert_eq!(confirm(&sim, &reference), preset::MOBITEL_INSUFFICIENT_BALANCE);
        assert_eq!(sim.ledger().count(), 0);
    }
}

#[test]
fn a_reference_nobody_was_given_is_unknown() {
    let sim = Simulator::start();
    assert_eq!(confirm(&sim, "320438941208291"), preset::MOBITEL_UNKNOWN_REFERENCE);
}

#[test]
fn a_wrong_client_id_is_answered_by_the_gateway_as_captured() {
    let sim = Simulator::start();
    let bytes = format!(
        "POST {CHARGE} HTTP/1.1\r\nHost: s\r\n\
         x-ibm-client-id: wrong\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    let reply = parse(&raw(&sim, bytes.as_bytes()).unwrap()).unwrap();
    assert_eq!(reply.status, 401);
    let sample = include_str!("data/apic_401_client_id_not_registered.json");
    assert_eq!(reply.json(), serde_json::from_str::<serde_json::Value>(sample).unwrap());
}

#[test]
fn what_is_no_request_is_answered_400_by_the_gateway() {
    let sim = Simulator::start();
    for body in ["", "{", "[]", "{}", r#"{"customer":"94771234567"}"#, r#"{"customer":"9477","amount":"-5"}"#]
    {
        let reply = request(&sim, "POST", CHARGE, body.as_bytes()).unwrap();
        assert_eq!((reply.status, reply.text("httpCode").as_str()), (400, "400"), "{body}");
    }
    assert!(sim.prompts().is_empty());
}
