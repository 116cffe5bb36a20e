//! HTTP itself: routing, framing, limits, and many clients at once.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;

use caas_simulator::{Service, Simulator};
use support::*;

#[test]
fn unrouted_paths_are_html_404() {
    let sim = Simulator::start();
    for path in ["/caas", "/caas/direct/debit/", "/caas/asynch/query", "/sim", "/sim/nothing"] {
        let reply = request(&sim, "POST", path, b"{}").unwrap();
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.header("content-type").unwrap(), "text/html", "{path}");
    }
}

#[test]
fn services_take_post_only() {
    let sim = Simulator::start();
    for (path, _) in Service::PATHS {
        let reply = request(&sim, "GET", path, b"").unwrap();
        assert_eq!((reply.status, reply.header("allow").as_deref()), (405, Some("POST")), "{path}");
    }
}

#[test]
fn garbage_is_an_invalid_request_under_200_at_the_family() {
    let sim = Simulator::start();
    for path in [DEBIT, BALANCE, LIST] {
        for body in [b"".as_slice(), b"{", b"null", b"[1]", b"\xff\xfe", b"{}"] {
            let reply = request(&sim, "POST", path, body).unwrap();
            assert_eq!((reply.status, reply.text("statusCode").as_str()), (200, "E1312"), "{path}");
        }
    }
}

#[test]
fn a_chunked_request_is_taken() {
    let sim = Simulator::start();
    let body = debit_body("a1", "10").to_string();
    let (first, second) = body.split_at(30);
    let bytes = format!(
        "POST {DEBIT} HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
         {:x};extension=1\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
        first.len(),
        second.len()
    );
    let reply = parse(&raw(&sim, bytes.as_bytes()).unwrap()).unwrap();
    assert_eq!(reply.text("statusCode"), "S1000");
    assert_eq!(reply.header("content-type").unwrap(), "application/json");
}

#[test]
fn a_request_over_64_kb_is_refused_and_one_of_64_kb_is_read() {
    let sim = Simulator::start();
    let padded = |length: usize| {
        let body = debit_body("a1", "10").to_string();
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    let largest = request(&sim, "POST", DEBIT, padded(64 * 1024).as_bytes()).unwrap();
    assert_eq!(largest.text("statusCode"), "S1000");
    let bytes = format!(
        "POST {DEBIT} HTTP/1.1\r\nHost: s\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        64 * 1024 + 1
    );
    let reply = parse(&raw(&sim, bytes.as_bytes()).unwrap()).unwrap();
    assert_eq!(reply.status, 413);
    let huge = padded(64 * 1024 + 1);
    let bytes = format!(
        "POST {DEBIT} HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
         {:x}\r\n{huge}\r\n0\r\n\r\n",
        huge.len()
    );
    // Whether the refusal or a reset comes first depends on what was still unread.
    let _ = raw(&sim, bytes.as_bytes());
    assert_eq!(sim.ledger().count(), 1);
}

#[test]
fn an_incomplete_request_executes_nothing() {
    let sim = Simulator::start();
    let body = debit_body("a1", "10").to_string();
    for sent in 0..body.len() {
        let mut stream = TcpStream::connect(sim.address()).unwrap();
        write!(stream, "POST {DEBIT} HTTP/1.1\r\nHost: s\r\nContent-Length: {}\r\n\r\n", body.len()).unwrap();
        stream.write_all(&body.as_bytes()[..sent]).unwrap();
    }
    assert_eq!(balance(&sim), "1000.00", "served after the others");
    assert_eq!(sim.ledger().count(), 0);
}

#[test]
fn one_connection_carries_many_requests() {
    let sim = Simulator::start();
    let mut stream = TcpStream::connect(sim.address()).unwrap();
    for id in ["a1", "a2", "a3"] {
        let body = debit_body(id, "10").to_string();
        write!(stream, "POST {DEBIT} HTTP/1.1\r\nHost: s\r\nContent-Length: {}\r\n\r\n{body}", body.len())
            .unwrap();
        let mut answer = Vec::new();
        let mut byte = [0];
        while !answer.ends_with(b"\"}") {
            stream.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
    }
    assert_eq!(sim.ledger().total(PAYER), 3_000);
}

#[test]
fn clients_at_the_same_time_are_each_charged_once() {
    let sim = Simulator::start();
    std::thread::scope(|scope| {
        for client in 0..8 {
            let sim = &sim;
            scope.spawn(move || {
                for n in 0..5 {
                    post(sim, DEBIT, &debit_body(&format!("{client}-{n}"), "1"));
                }
            });
        }
    });
    let serials: Vec<u64> = sim.ledger().captures().iter().map(|capture| capture.serial).collect();
    assert_eq!(serials, (1..=40).collect::<Vec<u64>>());
    assert_eq!(balance(&sim), "960.00");
}

#[test]
fn a_port_that_is_taken_is_an_error_and_a_dropped_simulator_frees_it() {
    let sim = Simulator::start();
    let port = sim.address().port();
    assert!(Simulator::builder().port(port).start().is_err());
    drop(sim);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}
