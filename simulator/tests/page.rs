//! The page: what is served, to whom, and what it tells the browser.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use caas_simulator::{Payer, Simulator};
use serde_json::json;
use support::*;

const FILES: [(&str, &str); 5] = [
    ("/", "text/html; charset=utf-8"),
    ("/sim/page.css", "text/css; charset=utf-8"),
    ("/sim/page.js", "text/javascript; charset=utf-8"),
    ("/sim/icon.svg", "image/svg+xml; charset=utf-8"),
    ("/sim/openapi.json", "application/json"),
];

#[test]
fn the_files_are_served_with_a_policy_that_lets_nothing_else_in() {
    let sim = Simulator::start();
    for (path, kind) in FILES {
        let reply = request(&sim, "GET", path, b"").unwrap();
        assert_eq!((reply.status, reply.header("content-type").as_deref()), (200, Some(kind)), "{path}");
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(reply.header("x-content-type-options").unwrap(), "nosniff");
        assert!(!reply.body.is_empty());
    }
    assert_eq!(request(&sim, "POST", "/", b"").unwrap().header("allow").unwrap(), "GET");
}

#[test]
fn the_page_loads_its_own_files_only_and_has_no_code_in_its_markup() {
    let sim = Simulator::start();
    let text = |path| String::from_utf8(request(&sim, "GET", path, b"").unwrap().body).unwrap();
    let html = text("/");
    for loaded in html.split(['"']).filter(|part| part.starts_with("http")) {
        assert!(loaded.starts_with("http://127.0.0.1"), "{loaded}");
    }
    for inline in [" onclick", " onload", " onsubmit", " style=", "javascript:", "<script>", "<style>"] {
        assert!(!html.contains(inline), "{inline}");
    }
    let script = text("/sim/page.js");
    for dangerous in
        ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"]
    {
        assert!(!script.contains(dangerous), "what a request carries is inserted as text only: {dangerous}");
    }
    assert!(!text("/sim/page.css").contains("url("));
}

#[test]
fn every_element_that_the_script_asks_for_is_in_the_page() {
    let sim = Simulator::start();
    let text = |path| String::from_utf8(request(&sim, "GET", path, b"").unwrap().body).unwrap();
    let (html, script) = (text("/"), text("/sim/page.js"));
    let asked: Vec<&str> = script.split("at(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(asked.len() > 30);
    for id in asked {
        assert!(html.contains(&format!("id=\"{id}\"")), "{id}");
    }
}

#[test]
fn another_web_site_and_another_host_name_are_refused_and_change_nothing() {
    let sim = Simulator::builder().payer(Payer::Ask).start().unwrap();
    let reference = charge(&sim, "5");
    let own = sim.address().to_string();
    for (host, origin) in [
        (own.as_str(), Some("https://evil.example")),
        (own.as_str(), Some("null")),
        ("evil.example", None),
        ("evil.example", Some("http://evil.example")),
    ] {
        for (method, path) in [
            ("POST", format!("/sim/prompts/{reference}/approve")),
            ("POST", "/sim/reset".to_owned()),
            ("GET", "/sim/state".to_owned()),
            ("GET", "/sim/events".to_owned()),
            ("GET", "/".to_owned()),
        ] {
            assert_eq!(
                from_browser(&sim, method, &path, host, origin).status,
                403,
                "{host} {origin:?} {path}"
            );
        }
    }
    assert_eq!(sim.ledger().count(), 0);
    assert!(sim.prompts()[0].is_open());
    let path = format!("/sim/prompts/{reference}/approve");
    let reply = from_browser(&sim, "POST", &path, &own, Some(&format!("http://{own}")));
    assert_eq!((reply.status, sim.ledger().total(PAYER)), (200, 500));
}

#[test]
fn carriers_answer_whatever_the_host_is_called() {
    let sim = Simulator::start();
    assert_eq!(from_browser(&sim, "POST", LIST, "apphub.mobitel.lk", None).status, 200);
}

#[test]
fn the_state_has_everything_that_the_page_shows() {
    let sim = Simulator::builder().payer(Payer::Ask).start().unwrap();
    charge(&sim, "5");
    post(&sim, DEBIT, &ezcash_body("kiosk-1", "10"));
    sim.pay("kiosk-1", 400).unwrap();
    sim.set_status_code(caas_simulator::Service::QueryBalance, Some("E1308"));
    let state = request(&sim, "GET", "/sim/state", b"").unwrap().json();
    assert_eq!(state["prompts"][0]["state"], "open");
    assert_eq!(state["payments"][0]["paid"], 400);
    assert_eq!(state["ledger"]["count"], 1);
    assert_eq!(state["requests"].as_array().unwrap().len(), 2);
    assert_eq!(state["settings"]["payer"], "ask");
    assert_eq!(state["services"][2]["statusCode"], "E1308");
    assert_eq!(state["subscribers"][0]["id"], PAYER);
    let charges = state["charges"].as_array().unwrap();
    let kiosk = charges.iter().find(|charge| charge["charge"] == "kiosk-1").unwrap();
    assert_eq!(kiosk["captured"], 400);
    let kinds: Vec<&str> =
        kiosk["entries"].as_array().unwrap().iter().filter_map(|entry| entry["kind"].as_str()).collect();
    assert_eq!(kinds[..3], ["request", "payment", "capture"]);
}

#[test]
fn live_events_tell_what_happens_and_that_a_setting_changed() {
    let sim = Simulator::builder().payer(Payer::Ask).start().unwrap();
    let mut stream = TcpStream::connect(sim.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET /sim/events HTTP/1.1\r\nHost: {}\r\n\r\n", sim.address()).unwrap();
    let mut heard = String::new();
    let mut until = |wanted: &str| {
        let (mut buffer, began) = ([0; 4096], Instant::now());
        while !heard.contains(wanted) {
            let read = stream.read(&mut buffer).unwrap();
            // The heartbeat keeps the reads going: the time is bounded here.
            assert!(began.elapsed() < PATIENCE, "{wanted} never came: {heard}");
            assert!(read > 0, "the stream ended before {wanted}: {heard}");
            heard.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    };
    until("text/event-stream");
    until(": connected");
    charge(&sim, "5");
    until("data: {\"promptShown\":");
    until("data: {\"request\":");
    sim.set_payer(Payer::Approve);
    until("data: {\"changed\":{}}");
}

#[test]
fn a_hostile_subscriber_id_is_data_everywhere() {
    let sim = Simulator::start();
    let hostile = "<img src=x onerror=alert(1)>";
    let escaped: String = hostile.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let path = format!("/sim/subscribers/{escaped}");
    assert_eq!(request(&sim, "PUT", &path, b"{}").unwrap().status, 200);
    let reply = request(&sim, "GET", "/sim/state", b"").unwrap();
    assert_eq!(reply.json()["subscribers"][0]["id"], hostile);
    assert_eq!(reply.header("content-type").unwrap(), "application/json");
    assert_eq!(post(&sim, "/sim/pay", &json!({ "reference": hostile, "amount": 1 })).status, 404);
}

fn from_browser(sim: &Simulator, method: &str, path: &str, host: &str, origin: Option<&str>) -> Reply {
    let origin = origin.map_or_else(String::new, |origin| format!("Origin: {origin}\r\n"));
    let bytes = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{origin}Connection: close\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    parse(&raw(sim, bytes.as_bytes()).unwrap()).unwrap()
}
