//! What each fault does to the wire, and to the ledger.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use caas_simulator::{Fault, Service, Simulator, Times, preset};
use serde_json::{Value, json};
use support::*;

/// Every fault, and whether the request was executed in spite of it.
fn all() -> Vec<(Fault, bool)> {
    vec![
        (Fault::AnswerLostBeforeExecuting, false),
        (Fault::AnswerLostAfterExecuting, true),
        (Fault::ResetConnection, false),
        (Fault::EmptyAnswer, true),
        (Fault::Garbage, true),
        (Fault::Truncate(20), true),
        (Fault::Status(503, "<html>busy</html>".into()), false),
        (Fault::Latency(1), true),
        (Fault::StatusCode("E1318".into()), false),
        (Fault::BacksideAmbiguous { executes: true }, true),
        (Fault::BacksideAmbiguous { executes: false }, false),
        (Fault::SlowBytes(1), true),
    ]
}

#[test]
fn the_ledger_has_a_debit_exactly_where_the_fault_lets_it_execute() {
    for (fault, executes) in all() {
        let sim = Simulator::start();
        sim.fault(Service::DirectDebit, fault.clone(), Times::Once);
        let _ = try_debit(&sim, "a1");
        assert_eq!(sim.ledger().total(PAYER), if executes { 1_000 } else { 0 }, "{fault:?}");
        assert_eq!(fault.executes(), executes, "{fault:?}");
    }
}

#[test]
fn the_payer_is_prompted_exactly_where_the_fault_lets_a_charge_request_execute() {
    for (fault, executes) in all() {
        let sim = Simulator::start();
        sim.fault(Service::MobitelChargeRequest, fault.clone(), Times::Once);
        let body = json!({ "customer": PAYER, "amount": "10" });
        let _ = request(&sim, "POST", CHARGE, body.to_string().as_bytes());
        assert_eq!(sim.prompts().len(), usize::from(executes), "{fault:?}");
        assert_eq!(sim.ledger().total(PAYER), if executes { 1_000 } else { 0 }, "{fault:?}");
    }
}

#[test]
fn a_fault_is_over_after_the_requests_it_was_set_for() {
    let sim = Simulator::start();
    sim.fault(Service::DirectDebit, Fault::StatusCode("E1318".into()), Times::Next(2));
    let codes: Vec<String> = ["a1", "a2", "a3"].iter().map(|id| debit(&sim, id).text("statusCode")).collect();
    assert_eq!(codes, ["E1318", "E1318", "S1000"]);
}

#[test]
fn a_fault_set_for_always_ends_when_cleared_and_hits_no_other_service() {
    let sim = Simulator::start();
    sim.fault(Service::DirectDebit, Fault::EmptyAnswer, Times::Always);
    for id in ["a1", "a2", "a3"] {
        assert!(debit(&sim, id).body.is_empty());
    }
    assert_eq!(balance(&sim), "970.00");
    sim.clear_faults();
    assert_eq!(debit(&sim, "a4").text("statusCode"), "S1000");
}

#[test]
fn a_lost_answer_is_a_connection_that_ends_without_a_byte() {
    for fault in [Fault::AnswerLostBeforeExecuting, Fault::AnswerLostAfterExecuting] {
        let sim = Simulator::start();
        sim.fault(Service::DirectDebit, fault, Times::Once);
        assert_eq!(try_debit(&sim, "a1").unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }
}

#[test]
fn a_reset_connection_is_reset_and_not_closed() {
    let sim = Simulator::start();
    sim.fault(Service::DirectDebit, Fault::ResetConnection, Times::Once);
    assert_eq!(try_debit(&sim, "a1").unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_truncated_answer_declares_its_whole_length() {
    for cut in [0, 1, 20] {
        let sim = Simulator::start();
        sim.fault(Service::DirectDebit, Fault::Truncate(cut), Times::Once);
        let reply = debit(&sim, "a1");
        assert_eq!(reply.body.len(), cut);
        let declared: usize = reply.header("content-length").unwrap().parse().unwrap();
        assert!(declared > 100, "{declared}");
    }
}

#[test]
fn a_cut_after_the_end_changes_nothing() {
    let sim = Simulator::start();
    sim.fault(Service::DirectDebit, Fault::Truncate(100_000), Times::Once);
    assert_eq!(debit(&sim, "a1").text("statusCode"), "S1000");
}

#[test]
fn garbage_and_statuses_come_as_set() {
    let sim = Simulator::start();
    sim.fault(Service::DirectDebit, Fault::Garbage, Times::Once);
    sim.fault(Service::DirectDebit, Fault::Status(429, "slow down".into()), Times::Once);
    let garbage = debit(&sim, "a1");
    assert!(garbage.status == 200 && serde_json::from_slice::<Value>(&garbage.body).is_err());
    let status = debit(&sim, "a2");
    assert_eq!((status.status, status.body.as_slice()), (429, b"slow down".as_slice()));
}

#[test]
fn an_ambiguous_backside_answers_as_captured_either_way() {
    for executes in [true, false] {
        let sim = Simulator::start();
        sim.fault(Service::MobitelConfirm, Fault::BacksideAmbiguous { executes }, Times::Once);
        let reply = post(&sim, CONFIRM, &json!({ "ref": "1" }));
        let sample = include_str!("data/apic_500_backside_AMBIGUOUS.json");
        assert_eq!(reply.status, 500);
        assert_eq!(reply.json(), serde_json::from_str::<Value>(sample).unwrap());
    }
}

#[test]
fn an_application_code_has_the_members_of_its_carrier() {
    let sim = Simulator::start();
    sim.fault(Service::MobitelChargeRequest, Fault::StatusCode("1008".into()), Times::Once);
    let reply = post(&sim, CHARGE, &json!({ "customer": PAYER, "amount": "5" }));
    assert_eq!(reply.text("status"), preset::MOBITEL_HANDSET_BUSY);
    assert!(sim.prompts().is_empty());
}

#[test]
fn a_late_answer_is_late_and_was_executed_meanwhile() {
    let sim = Simulator::start();
    sim.fault(Service::DirectDebit, Fault::Latency(200), Times::Once);
    let began = Instant::now();
    assert_eq!(debit(&sim, "a1").text("statusCode"), "S1000");
    assert!(began.elapsed() >= Duration::from_millis(200));
}

#[test]
fn a_client_that_hangs_up_on_a_late_answer_was_charged_all_the_same() {
    let sim = Simulator::start();
    sim.fault(Service::DirectDebit, Fault::Latency(60_000), Times::Once);
    let body = debit_body("a1", "10").to_string();
    let mut stream = TcpStream::connect(sim.address()).unwrap();
    write!(stream, "POST {DEBIT} HTTP/1.1\r\nHost: s\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        .unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert!(stream.read(&mut [0; 1]).is_err(), "no byte comes before the time");
    drop(stream);
    assert_eq!(sim.ledger().total(PAYER), 1_000);
}

#[test]
fn slow_bytes_arrive_one_by_one_and_complete() {
    let sim = Simulator::start();
    sim.fault(Service::DirectDebit, Fault::SlowBytes(2), Times::Once);
    let began = Instant::now();
    let reply = debit(&sim, "a1");
    assert_eq!(reply.text("statusCode"), "S1000");
    assert!(began.elapsed() >= Duration::from_millis(2 * reply.body.len() as u64));
}

#[test]
fn the_log_names_the_fault_and_hides_secrets() {
    let sim = Simulator::start();
    sim.fault(Service::DirectDebit, Fault::AnswerLostAfterExecuting, Times::Once);
    let _ = try_debit(&sim, "a1");
    let record = &sim.requests()[0];
    assert_eq!(record.fault.as_deref(), Some("AnswerLostAfterExecuting"));
    assert_eq!(record.status, Some(200));
    assert!(record.request.contains("a1"));
    assert!(
        !record.request.contains(preset::PASSWORD) && !record.request.contains(PAYER),
        "{}",
        record.request
    );
}

fn debit(sim: &Simulator, id: &str) -> Reply {
    try_debit(sim, id).unwrap()
}

fn try_debit(sim: &Simulator, id: &str) -> std::io::Result<Reply> {
    request(sim, "POST", DEBIT, debit_body(id, "10").to_string().as_bytes())
}
