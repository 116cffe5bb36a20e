//! What each fault does to the wire, and to the ledger.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use caas_simulator::{FAULTS, Fault, FaultRule, NotificationFault, Payer, Service, Simulator, Times, preset};
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
        (Fault::ResetAfterExecuting, true),
        (Fault::LengthTooLong(10), true),
        (Fault::LengthTooShort(10), true),
        (Fault::HtmlPage(502), false),
        (Fault::HtmlPageAfterExecuting(504), true),
        (Fault::RateLimited, false),
        (Fault::LatencyUniform { from: 1, to: 3 }, true),
        (Fault::LatencyNormal { mean: 2, deviation: 1 }, true),
        (Fault::LatencyLogNormal { median: 2, sigma_percent: 40 }, true),
        (Fault::Dribble { chunks: 3, over: 3 }, true),
        (Fault::MalformedChunk, true),
        (Fault::RandomData, true),
        (Fault::LimitData(40), true),
        (Fault::SlowClose(1), true),
        (Fault::Timeout { executes: true, after: 1 }, true),
        (Fault::Timeout { executes: false, after: 1 }, false),
        // Without time passing in between it was not executed yet: see its own test.
        (Fault::ExecutedLate(0), true),
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

#[test]
fn every_fault_of_the_table_reads_as_the_fault_it_names_and_is_tested_here_and_documented() {
    let readme = include_str!("../README.md");
    let tested: Vec<String> =
        all().iter().map(|(fault, _)| name(&serde_json::to_value(fault).unwrap())).collect();
    for kind in FAULTS {
        let example: Value = serde_json::from_str(kind.example).unwrap();
        let service = if kind.notification { "notification" } else { "directDebit" };
        let rule = json!({ "service": service, "fault": example });
        let rule: FaultRule = serde_json::from_value(rule).unwrap();
        assert_eq!(name(&example), kind.name);
        assert_eq!(matches!(rule, FaultRule::Notification(..)), kind.notification);
        assert!(readme.contains(&format!("`{}`", kind.name)), "{} is not in the README", kind.name);
        assert!(kind.notification || tested.iter().any(|tested| tested == kind.name), "{}", kind.name);
    }
    for tested in tested {
        assert!(FAULTS.iter().any(|kind| kind.name == tested), "{tested} is not in the table");
    }
}

#[test]
fn a_backend_that_executes_late_charges_when_its_time_has_come_and_once() {
    let sim = Simulator::builder().clock_rate(0).start().unwrap();
    sim.fault(Service::DirectDebit, Fault::ExecutedLate(30_000), Times::Once);
    assert_eq!(try_debit(&sim, "a1").unwrap_err().kind(), ErrorKind::UnexpectedEof);
    sim.fast_forward(Duration::from_millis(29_999));
    assert_eq!(sim.ledger().count(), 0);
    sim.fast_forward(Duration::from_millis(1));
    assert_eq!((sim.ledger().total(PAYER), sim.ledger().captures()[0].at), (1_000, 30_000));
    sim.fast_forward(Duration::from_secs(600));
    assert_eq!(sim.ledger().count(), 1);
}

#[test]
fn a_repeat_before_the_late_execution_is_charged_once_where_ids_are_recognised_and_twice_where_not() {
    for (deduplicates, charged) in [(true, 1_000), (false, 2_000)] {
        let sim = Simulator::builder().clock_rate(0).deduplicates(deduplicates).start().unwrap();
        sim.fault(Service::DirectDebit, Fault::ExecutedLate(30_000), Times::Once);
        let _ = try_debit(&sim, "a1");
        assert_eq!(debit(&sim, "a1").text("statusCode"), "S1000");
        sim.fast_forward(Duration::from_secs(60));
        assert_eq!(sim.ledger().total(PAYER), charged);
    }
}

/// One moment's work is done one after the other, not one inside the other: a thread's stack has an end.
#[test]
fn many_charge_requests_executed_late_at_one_moment_prompt_each_payer_once() {
    const MANY: usize = 3000;
    let sim = Simulator::builder().clock_rate(0).magic_values(false).payer(Payer::Ask).start().unwrap();
    sim.fault(Service::MobitelChargeRequest, Fault::ExecutedLate(5_000), Times::Always);
    for number in 0..MANY {
        let body = json!({"customer": format!("9471{number:07}"), "amount": "5"}).to_string();
        assert!(request(&sim, "POST", CHARGE, body.as_bytes()).is_err());
    }
    sim.fast_forward(Duration::from_secs(5));
    assert_eq!(sim.prompts().len(), MANY);
}

#[test]
fn a_charge_request_executed_late_prompts_the_payer_late() {
    let sim = Simulator::builder().clock_rate(0).payer(Payer::Ask).start().unwrap();
    sim.fault(Service::MobitelChargeRequest, Fault::ExecutedLate(5_000), Times::Once);
    let body = json!({ "customer": PAYER, "amount": "10" });
    assert!(request(&sim, "POST", CHARGE, body.to_string().as_bytes()).is_err());
    assert!(sim.prompts().is_empty());
    sim.fast_forward(Duration::from_secs(5));
    assert_eq!(sim.prompts()[0].opened_at, 5_000);
}

#[test]
fn a_reset_after_executing_is_a_reset_and_was_charged() {
    let sim = Simulator::start();
    sim.fault(Service::DirectDebit, Fault::ResetAfterExecuting, Times::Once);
    assert_eq!(try_debit(&sim, "a1").unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(sim.ledger().total(PAYER), 1_000);
}

#[test]
fn a_wrong_length_declares_more_or_less_than_comes() {
    let sim = Simulator::start();
    sim.fault(Service::DirectDebit, Fault::LengthTooLong(10), Times::Once);
    sim.fault(Service::DirectDebit, Fault::LengthTooShort(10), Times::Once);
    let declared = |reply: &Reply| reply.header("content-length").unwrap().parse::<usize>().unwrap();
    let long = debit(&sim, "a1");
    assert_eq!(declared(&long), long.body.len() + 10);
    let short = debit(&sim, "a2");
    assert_eq!(declared(&short) + 10, short.body.len());
    assert_eq!((long.text("statusCode").as_str(), short.status), ("S1000", 200));
}

#[test]
fn pages_of_html_and_rate_limits_come_as_proxies_and_gateways_send_them() {
    let sim = Simulator::start();
    sim.fault(Service::DirectDebit, Fault::HtmlPage(502), Times::Once);
    sim.fault(Service::DirectDebit, Fault::RateLimited, Times::Once);
    let page = debit(&sim, "a1");
    assert_eq!((page.status, page.header("content-type").as_deref()), (502, Some("text/html")));
    assert!(page.body.starts_with(b"<html>"));
    let limited = debit(&sim, "a1");
    let sample: Value = serde_json::from_str(include_str!("data/apic_429_rate_limit.json")).unwrap();
    assert_eq!((limited.status, limited.json()), (429, sample));
    assert_eq!(limited.header("x-ratelimit-limit").unwrap(), "name=default,100;");
    assert_eq!(sim.ledger().count(), 0);
}

#[test]
fn a_fault_by_chance_strikes_the_same_requests_with_the_same_seed() {
    let run = |seed| {
        let sim = Simulator::builder().seed(seed).start().unwrap();
        sim.fault(Service::DirectDebit, Fault::AnswerLostBeforeExecuting, Times::PerMille(300));
        let sold: Vec<bool> = (0..60).map(|place| try_debit(&sim, &format!("a{place}")).is_ok()).collect();
        let answered = sold.iter().filter(|answered| **answered).count();
        assert_eq!(sim.ledger().count(), answered, "only what was answered was executed");
        assert!((25..58).contains(&answered), "{answered}");
        sold
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn latencies_by_distribution_stay_in_their_range() {
    let sim = Simulator::start();
    sim.fault(Service::DirectDebit, Fault::LatencyUniform { from: 30, to: 40 }, Times::Once);
    sim.fault(Service::DirectDebit, Fault::LatencyNormal { mean: 50, deviation: 1 }, Times::Once);
    for (id, least) in [("a1", 30), ("a2", 44)] {
        let began = Instant::now();
        assert_eq!(debit(&sim, id).text("statusCode"), "S1000");
        assert!(began.elapsed() >= Duration::from_millis(least), "{:?}", began.elapsed());
    }
}

#[test]
fn a_status_code_chosen_for_a_service_stays_until_it_is_taken_back() {
    let sim = Simulator::start();
    sim.set_status_code(Service::DirectDebit, Some("E1319"));
    for id in ["a1", "a2"] {
        assert_eq!(debit(&sim, id).text("statusCode"), "E1319");
    }
    assert_eq!(sim.ledger().count(), 0);
    sim.set_status_code(Service::DirectDebit, None);
    assert_eq!(debit(&sim, "a1").text("statusCode"), "S1000");
}

#[test]
fn a_forged_notification_comes_first_and_no_money_stands_behind_it() {
    let receiver = NotificationReceiver::start();
    let sim = Simulator::builder().payer(Payer::Ask).notify_url(&receiver.url).start().unwrap();
    let answer = post(&sim, DEBIT, &ezcash_body("s1", "10"));
    sim.notification_fault(NotificationFault::Forge, Times::Once);
    sim.fail("s1", "E1404").unwrap();
    let (forged, own) = (receiver.next(), receiver.next());
    assert_eq!((forged.text("statusCode").as_str(), own.text("statusCode").as_str()), ("S1000", "E1404"));
    assert_eq!((forged.text("totalAmount"), forged.text("balanceDue")), ("10".into(), "0.00".into()));
    assert_eq!(own.text("internalTrxId"), answer.text("internalTrxId"));
    assert_ne!(forged.text("internalTrxId"), own.text("internalTrxId"));
    assert!(sim.wait_for_deliveries(2, PATIENCE));
    let records: Vec<_> = sim.deliveries().iter().map(|record| (record.forged, record.attempt)).collect();
    assert_eq!(records, [(true, 1), (false, 1)]);
    assert_eq!(sim.ledger().count(), 0);
}

#[test]
fn nobody_repeats_a_forged_notification() {
    let sim = Simulator::builder().payer(Payer::Ask).clock_rate(0).start().unwrap();
    post(&sim, DEBIT, &ezcash_body("s1", "10"));
    sim.notification_fault(NotificationFault::Forge, Times::Once);
    sim.pay("s1", 400).unwrap();
    for delivered in 2..=7 {
        assert!(sim.wait_for_deliveries(delivered, PATIENCE));
        sim.fast_forward(Duration::from_secs(100));
    }
    let forged = sim.deliveries().iter().filter(|delivery| delivery.forged).count();
    assert_eq!((forged, sim.deliveries().len()), (1, 7), "the carrier's own is delivered six times");
}

#[test]
fn what_is_no_http_and_what_breaks_off_comes_byte_for_byte_as_set() {
    let sim = Simulator::start();
    let raw_debit = |fault: Fault| {
        sim.fault(Service::DirectDebit, fault, Times::Once);
        let body = debit_body("a1", "10").to_string();
        let head = format!("POST {DEBIT} HTTP/1.1\r\nHost: s\r\nContent-Length: {}\r\n\r\n", body.len());
        raw(&sim, format!("{head}{body}").as_bytes()).unwrap()
    };
    for bytes in [0, 1, 12, 40] {
        let cut = raw_debit(Fault::LimitData(bytes));
        assert_eq!(cut.len(), bytes);
        assert!(b"HTTP/1.1 200 OK\r\n".starts_with(&cut[..bytes.min(17)]));
    }
    let chunked = String::from_utf8(raw_debit(Fault::MalformedChunk)).unwrap();
    let (head, chunk) = chunked.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK") && head.contains("transfer-encoding: chunked"), "{head}");
    assert!(usize::from_str_radix(chunk.split("\r\n").next().unwrap(), 16).is_err(), "{chunk}");
    let random = raw_debit(Fault::RandomData);
    assert!(random.len() == 300 && !random.starts_with(b"HTTP"));
    assert_ne!(raw_debit(Fault::RandomData), random);
    assert_eq!(sim.ledger().count(), 1, "all of them are executed, and the repeats recognised");
}

#[test]
fn what_is_slow_takes_its_time_and_no_less() {
    let sim = Simulator::start();
    for (fault, least, answered) in [
        (Fault::Dribble { chunks: 4, over: 80 }, 80, true),
        (Fault::SlowClose(80), 80, true),
        (Fault::Timeout { executes: false, after: 80 }, 80, false),
        (Fault::LatencyLogNormal { median: 80, sigma_percent: 0 }, 80, true),
    ] {
        sim.fault(Service::DirectDebit, fault.clone(), Times::Once);
        let began = Instant::now();
        // This client reads until the connection closes.
        assert_eq!(try_debit(&sim, "a1").is_ok(), answered, "{fault:?}");
        assert!(began.elapsed() >= Duration::from_millis(least), "{fault:?}");
    }
}

#[test]
fn the_counterparts_of_other_tools_name_faults_that_exist() {
    let readme = include_str!("../README.md");
    let (_, rest) = readme.split_once("### Coming from WireMock or Toxiproxy").unwrap();
    let table = rest.split("\n## ").next().unwrap();
    let mut named = 0;
    for row in table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| there")) {
        let here = row.split('|').nth(2).unwrap();
        for name in here.split('`').skip(1).step_by(2) {
            let known = FAULTS.iter().any(|kind| kind.name == name)
                || ["perMille", "times", "rateLimit"].contains(&name);
            assert!(known, "{name} is no fault");
            named += 1;
        }
    }
    assert!(named > 20, "{named}");
    for there in [
        "fixed delay",
        "log-normal",
        "uniform",
        "chunked dribble",
        "EMPTY_RESPONSE",
        "MALFORMED_RESPONSE_CHUNK",
        "RANDOM_DATA_THEN_CLOSE",
        "CONNECTION_RESET_BY_PEER",
        "stateful",
        "priority",
        "latency",
        "down",
        "bandwidth",
        "slow_close",
        "timeout",
        "reset_peer",
        "slicer",
        "limit_data",
        "toxicity",
    ] {
        assert!(table.contains(there), "{there} has no counterpart");
    }
}

#[test]
fn faults_are_listed_replaced_and_taken_back_over_http() {
    let sim = Simulator::start();
    let rule = |fault: &str| json!({ "service": "directDebit", "fault": fault, "times": "always" });
    let number = post(&sim, "/sim/faults", &rule("garbage")).json()["number"].clone();
    let listed = request(&sim, "GET", "/sim/faults", b"").unwrap().json();
    assert_eq!(listed["faults"][0]["fault"], "garbage");
    let delete = |path: &str| request(&sim, "DELETE", path, b"").unwrap().status;
    assert_eq!(delete(&format!("/sim/faults/{number}")), 200);
    assert_eq!(delete(&format!("/sim/faults/{number}")), 404);
    let two = json!([rule("emptyAnswer"), rule("garbage")]).to_string();
    let replaced = request(&sim, "PUT", "/sim/faults", two.as_bytes()).unwrap().json();
    assert_eq!(replaced["faults"].as_array().unwrap().len(), 2);
    assert!(debit(&sim, "a1").body.is_empty());
    assert_eq!(delete("/sim/faults"), 200);
    assert_eq!(debit(&sim, "a2").text("statusCode"), "S1000");
}

/// The name of a fault in JSON.
fn name(fault: &Value) -> String {
    let object = fault.as_object().and_then(|object| object.keys().next().cloned());
    object.unwrap_or_else(|| fault.as_str().unwrap_or_default().to_owned())
}

fn debit(sim: &Simulator, id: &str) -> Reply {
    try_debit(sim, id).unwrap()
}

fn try_debit(sim: &Simulator, id: &str) -> std::io::Result<Reply> {
    request(sim, "POST", DEBIT, debit_body(id, "10").to_string().as_bytes())
}
