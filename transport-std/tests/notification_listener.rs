//! The notification listener: what it takes, what it refuses, and that it never acknowledges too early.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use caas_transport_std::{
    Listener, ListenerError, ListenerSettings, NotificationRoute, PathToken, RouteSettings, Taken,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{sleep, timeout};

const TOKEN: &str = "0123456789abcdef-first";
const OTHER: &str = "0123456789abcdef-other";
const S1000: &[u8] = br#"{"statusCode":"S1000","statusDetail":"Success"}"#;
const E1601: &[u8] = br#"{"statusCode":"E1601","statusDetail":"Unexpected"}"#;
const SHORT: Duration = Duration::from_millis(150);

fn token(text: &str) -> PathToken {
    PathToken::new(text).unwrap()
}

fn settings() -> ListenerSettings {
    let mut settings = ListenerSettings::new(token(TOKEN));
    settings.route.max_per_second = 10_000;
    settings
}

async fn bind(settings: ListenerSettings, handler: impl caas_transport_std::NotificationHandler) -> Listener {
    Listener::bind("127.0.0.1:0".parse().unwrap(), settings, handler).await.unwrap()
}

/// Acknowledges everything and counts it.
async fn counting(settings: ListenerSettings) -> (Listener, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let handler = move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        async { Taken::Acknowledge(S1000.to_vec()) }
    };
    (bind(settings, handler).await, taken)
}

fn request(method: &str, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut request =
        format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{headers}\r\n")
            .into_bytes();
    request.extend_from_slice(body);
    request
}

fn notification(body: &[u8]) -> Vec<u8> {
    request("POST", &format!("/notifications/{TOKEN}"), "Content-Type: application/json\r\n", body)
}

/// An answer as it came.
#[derive(Debug, Clone, PartialEq)]
struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

/// Reads one answer; `None` when the connection ends without one.
async fn read_reply(stream: &mut TcpStream) -> Option<Reply> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length: usize = head.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Reply { status: head[9..12].parse().unwrap(), head, body })
}

async fn send(address: SocketAddr, request: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    timeout(Duration::from_secs(10), read_reply(&mut stream)).await.unwrap().unwrap()
}

/// Whether the other side has ended the connection, without an answer, in time.
async fn is_closed(stream: &mut TcpStream, limit: Duration) -> bool {
    matches!(timeout(limit, stream.read_u8()).await, Ok(Err(_)))
}

#[tokio::test]
async fn each_outcome_has_its_answer_and_all_are_exactly_json() {
    let handler = |body: Vec<u8>| async move {
        match body.as_slice() {
            b"good" => Taken::Acknowledge(S1000.to_vec()),
            b"full" => Taken::TryLater,
            b"panic" => panic!("a handler that panics"),
            _ => Taken::Refuse(E1601.to_vec()),
        }
    };
    let listener = bind(settings(), handler).await;
    let path = format!("/notifications/{TOKEN}");
    let json = "Content-Type: application/json\r\n";
    for (request, status, body) in [
        (notification(b"good"), 200, Some(S1000)),
        (notification(b"%$#"), 200, Some(E1601)),
        (notification(b""), 200, Some(E1601)),
        (notification(b"full"), 503, None),
        (notification(b"panic"), 503, None),
        (request("GET", &path, json, b""), 405, None),
        (request("PUT", &path, json, b"good"), 405, None),
        (request("POST", &path, "Content-Type: text/plain\r\n", b"good"), 415, None),
        (request("POST", &path, "Content-Type: application/json; charset=utf-16\r\n", b"good"), 415, None),
        (request("POST", &path, "Content-Encoding: gzip\r\n", b"good"), 415, None),
        (request("POST", &path, &json.repeat(2), b"good"), 415, None),
        (
            request("POST", &path, "Content-Type: application/json;charset=UTF-8\r\n", b"good"),
            200,
            Some(S1000),
        ),
        (request("POST", &path, "", b"good"), 200, Some(S1000)),
        (request("POST", &format!("{path}?a=b"), json, b"good"), 200, Some(S1000)),
        (request("POST", "/", json, b"good"), 404, None),
    ] {
        let reply = send(listener.local_addr(), &request).await;
        let shown = String::from_utf8_lossy(&request).into_owned();
        assert_eq!(reply.status, status, "{shown}");
        assert!(reply.head.contains("\r\ncontent-type: application/json\r\n"), "{shown}: {}", reply.head);
        match body {
            Some(body) => assert_eq!(reply.body, body, "{shown}"),
            None => assert!(!String::from_utf8_lossy(&reply.body).contains("1000"), "{shown}"),
        }
    }
}

#[tokio::test]
async fn chunked_notifications_are_taken_and_end_their_connection() {
    let (listener, taken) = counting(settings()).await;
    let head = format!("POST /notifications/{TOKEN} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n");
    for lengths in ["", "Content-Length: 40\r\n"] {
        let reply =
            send(listener.local_addr(), format!("{head}{lengths}\r\n4\r\ngood\r\n0\r\n\r\n").as_bytes())
                .await;
        assert_eq!(reply.status, 200);
        assert!(reply.head.contains("connection: close"), "nothing may follow: {}", reply.head);
    }
    assert_eq!(taken.load(Ordering::SeqCst), 2);
}

/// R41.
#[tokio::test]
async fn a_wrong_token_cannot_be_told_from_an_unknown_path() {
    let (listener, taken) = counting(settings()).await;
    let json = "Content-Type: application/json\r\n";
    let without_date = |reply: Reply| {
        let head: Vec<String> =
            reply.head.lines().filter(|line| !line.starts_with("date")).map(str::to_owned).collect();
        (reply.status, head, reply.body)
    };
    let unknown = without_date(send(listener.local_addr(), &request("POST", "/unknown", json, b"{}")).await);
    assert_eq!(unknown.0, 404);
    for path in [
        format!("/notifications/{OTHER}"),
        format!("/notifications/{}", &TOKEN[1..]),
        format!("/notifications/{TOKEN}x"),
        format!("/notifications/{TOKEN}/"),
        format!("/notifications//{TOKEN}"),
        format!("/Notifications/{TOKEN}"),
        format!("/{TOKEN}"),
        "/notifications/".to_owned(),
        "/notifications/?".to_owned(),
        format!("/notifications/{}", TOKEN.to_ascii_uppercase()),
    ] {
        for method in ["POST", "GET"] {
            let reply = send(listener.local_addr(), &request(method, &path, json, b"{}")).await;
            assert_eq!(without_date(reply), unknown, "{method} {path}");
        }
    }
    assert_eq!(taken.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn two_tokens_live_during_a_rotation_and_one_after_it() {
    let (listener, _) = counting(settings()).await;
    let with = |token: &str| request("POST", &format!("/notifications/{token}"), "", b"{}");
    let (first, other) = (with(TOKEN), with(OTHER));
    let address = listener.local_addr();
    let statuses = async || (send(address, &first).await.status, send(address, &other).await.status);
    assert_eq!(statuses().await, (200, 404));
    listener.route().rotate_token(token(OTHER));
    assert_eq!(statuses().await, (200, 200));
    assert_eq!(listener.url().reveal(), format!("http://{address}/notifications/{OTHER}"));
    listener.route().retire_previous();
    assert_eq!(statuses().await, (404, 200));

    let mut both = settings();
    both.route.previous_token = Some(token(OTHER));
    let (listener, _) = counting(both).await;
    assert_eq!(send(listener.local_addr(), &first).await.status, 200);
    assert_eq!(send(listener.local_addr(), &other).await.status, 200);
}

/// I12.
#[tokio::test]
async fn the_token_appears_in_no_output() {
    let (listener, _) = counting(settings()).await;
    let outputs = [
        format!("{:?}", settings()),
        format!("{listener:?}"),
        format!("{:?}", listener.route()),
        format!("{:?}", listener.url()),
        format!("{:?}", Taken::Acknowledge(TOKEN.as_bytes().to_vec())),
    ];
    for output in outputs {
        assert!(!output.contains(TOKEN) && !output.contains(&TOKEN[..16]), "{output}");
    }
    assert!(listener.url().reveal().ends_with(TOKEN));
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_taken_and_one_byte_more_is_not() {
    let (listener, taken) = counting(settings()).await;
    let limit = 8192;
    assert_eq!(send(listener.local_addr(), &notification(&vec![b'x'; limit])).await.status, 200);
    assert_eq!(send(listener.local_addr(), &notification(&vec![b'x'; limit + 1])).await.status, 413);
    let chunked = |length: usize| {
        let body = "x".repeat(length);
        format!(
            "POST /notifications/{TOKEN} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
             {length:x}\r\n{body}\r\n0\r\n\r\n"
        )
    };
    assert_eq!(send(listener.local_addr(), chunked(limit).as_bytes()).await.status, 200);
    assert_eq!(send(listener.local_addr(), chunked(limit + 1).as_bytes()).await.status, 413);
    let announced =
        format!("POST /notifications/{TOKEN} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", limit + 1);
    let reply = timeout(Duration::from_secs(2), send(listener.local_addr(), announced.as_bytes())).await;
    assert_eq!(reply.unwrap().status, 413, "it is not waited for");
    assert_eq!(taken.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn more_headers_than_the_limit_are_refused() {
    let (listener, taken) = counting(settings()).await;
    let long = format!("X-Long: {}\r\n", "x".repeat(9000));
    let path = format!("/notifications/{TOKEN}");
    assert_eq!(send(listener.local_addr(), &request("POST", &path, &long, b"{}")).await.status, 431);
    let many = "A: b\r\n".repeat(65);
    assert_eq!(send(listener.local_addr(), &request("POST", &path, &many, b"{}")).await.status, 431);
    assert_eq!(taken.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_slow_head_and_an_idle_connection_are_closed_in_time() {
    let mut slow = settings();
    slow.header_timeout = SHORT;
    let (listener, taken) = counting(slow).await;
    let mut silent = TcpStream::connect(listener.local_addr()).await.unwrap();
    let mut half = TcpStream::connect(listener.local_addr()).await.unwrap();
    half.write_all(b"POST /notifications/").await.unwrap();
    let mut idle = TcpStream::connect(listener.local_addr()).await.unwrap();
    idle.write_all(&notification(b"{}")).await.unwrap();
    assert_eq!(read_reply(&mut idle).await.unwrap().status, 200);
    for stream in [&mut silent, &mut half, &mut idle] {
        assert!(is_closed(stream, 10 * SHORT).await);
    }
    assert_eq!(taken.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_slow_body_is_answered_408_and_not_taken() {
    let mut slow = settings();
    slow.body_timeout = SHORT;
    let (listener, taken) = counting(slow).await;
    let whole = notification(b"{\"a\":1}");
    let mut stream = TcpStream::connect(listener.local_addr()).await.unwrap();
    stream.write_all(&whole[..whole.len() - 1]).await.unwrap();
    let started = Instant::now();
    let reply = timeout(10 * SHORT, read_reply(&mut stream)).await.unwrap();
    assert_eq!(reply.unwrap().status, 408);
    assert!(started.elapsed() < 10 * SHORT);
    assert!(is_closed(&mut stream, 10 * SHORT).await);
    assert_eq!(taken.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_request_cut_at_any_byte_is_not_taken() {
    let (listener, taken) = counting(settings()).await;
    let whole = notification(b"{\"statusCode\":\"S1000\"}");
    for count in 0..whole.len() {
        let mut stream = TcpStream::connect(listener.local_addr()).await.unwrap();
        stream.write_all(&whole[..count]).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert!(!String::from_utf8_lossy(&rest).contains(" 200 "), "cut after {count} bytes");
    }
    assert_eq!(taken.load(Ordering::SeqCst), 0);
    assert_eq!(send(listener.local_addr(), &whole).await.status, 200);
}

#[tokio::test]
async fn one_connection_more_than_the_limit_waits_until_one_ends() {
    let mut few = settings();
    few.max_connections = 3;
    let (listener, _) = counting(few).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(listener.local_addr()).await.unwrap();
        stream.write_all(&notification(b"{}")).await.unwrap();
        assert_eq!(read_reply(&mut stream).await.unwrap().status, 200);
        open.push(stream);
    }
    let mut waiting = TcpStream::connect(listener.local_addr()).await.unwrap();
    waiting.write_all(&notification(b"{}")).await.unwrap();
    assert!(timeout(SHORT, waiting.readable()).await.is_err(), "no slot is free");
    open.pop();
    let reply = timeout(Duration::from_secs(5), read_reply(&mut waiting)).await.unwrap();
    assert_eq!(reply.unwrap().status, 200);
    assert_eq!(ListenerSettings::new(token(TOKEN)).max_connections, 64);
}

#[tokio::test]
async fn more_per_second_than_the_limit_are_answered_429_and_not_taken() {
    let mut few = settings();
    few.route.max_per_second = 5;
    let (listener, taken) = counting(few).await;
    // Requests without the token do not use it up.
    for _ in 0..20 {
        let wrong = request("POST", &format!("/notifications/{OTHER}"), "", b"{}");
        assert_eq!(send(listener.local_addr(), &wrong).await.status, 404);
    }
    let started = Instant::now();
    let mut statuses = Vec::new();
    for _ in 0..20 {
        statuses.push(send(listener.local_addr(), &notification(b"{}")).await.status);
    }
    let most = 5 + 1 + (started.elapsed().as_secs_f64() * 5.0) as usize;
    let passed = statuses.iter().filter(|status| **status == 200).count();
    assert!((5..=most).contains(&passed), "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 20 - passed);
    assert_eq!(taken.load(Ordering::SeqCst), passed);
    sleep(Duration::from_millis(300)).await;
    assert_eq!(send(listener.local_addr(), &notification(b"{}")).await.status, 200);
}

#[tokio::test]
async fn a_connection_is_kept_for_as_many_requests_as_allowed() {
    let mut few = settings();
    few.max_requests_per_connection = 3;
    let (listener, taken) = counting(few).await;
    let mut stream = TcpStream::connect(listener.local_addr()).await.unwrap();
    for number in 1..=3 {
        stream.write_all(&notification(b"{}")).await.unwrap();
        let reply = read_reply(&mut stream).await.unwrap();
        assert_eq!(reply.status, 200);
        assert_eq!(reply.head.contains("connection: close"), number == 3);
    }
    assert!(is_closed(&mut stream, Duration::from_secs(5)).await);
    assert_eq!(taken.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn an_old_connection_is_closed() {
    let mut short = settings();
    short.max_connection_age = SHORT;
    let (listener, _) = counting(short).await;
    let mut stream = TcpStream::connect(listener.local_addr()).await.unwrap();
    stream.write_all(&notification(b"{}")).await.unwrap();
    assert_eq!(read_reply(&mut stream).await.unwrap().status, 200);
    assert!(is_closed(&mut stream, 10 * SHORT).await);
}

/// A handler that waits for a permit, then makes its effect.
struct Gate {
    open: Arc<Semaphore>,
    effects: Arc<AtomicUsize>,
    begun: mpsc::UnboundedReceiver<()>,
}

async fn gated(settings: ListenerSettings) -> (Listener, Gate) {
    let (open, effects) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let (begin, begun) = mpsc::unbounded_channel();
    let gate = Gate { open: Arc::clone(&open), effects: Arc::clone(&effects), begun };
    let handler = move |_| {
        let (open, effects) = (Arc::clone(&open), Arc::clone(&effects));
        begin.send(()).unwrap();
        async move {
            open.acquire().await.unwrap().forget();
            effects.fetch_add(1, Ordering::SeqCst);
            Taken::Acknowledge(S1000.to_vec())
        }
    };
    (bind(settings, handler).await, gate)
}

/// R38.
#[tokio::test]
async fn nothing_is_acknowledged_before_it_is_durable() {
    let (listener, mut gate) = gated(settings()).await;
    let mut stream = TcpStream::connect(listener.local_addr()).await.unwrap();
    stream.write_all(&notification(b"{}")).await.unwrap();
    gate.begun.recv().await.unwrap();
    assert!(timeout(SHORT, stream.readable()).await.is_err(), "not a byte before");
    gate.open.add_permits(1);
    assert_eq!(read_reply(&mut stream).await.unwrap().body, S1000);
    assert_eq!(gate.effects.load(Ordering::SeqCst), 1);
}

/// R38.
#[tokio::test]
async fn a_handler_whose_connection_dies_completes_its_effect() {
    let (listener, mut gate) = gated(settings()).await;
    let mut stream = TcpStream::connect(listener.local_addr()).await.unwrap();
    stream.write_all(&notification(b"{}")).await.unwrap();
    gate.begun.recv().await.unwrap();
    stream.set_zero_linger().unwrap();
    drop(stream);
    sleep(SHORT).await;
    gate.open.add_permits(1);
    timeout(Duration::from_secs(5), listener.route().handlers_finished()).await.unwrap();
    assert_eq!(gate.effects.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_answered_503_and_completes_its_effect() {
    let mut short = settings();
    short.route.handler_timeout = SHORT;
    let (listener, mut gate) = gated(short).await;
    let reply = send(listener.local_addr(), &notification(b"{}")).await;
    assert_eq!(reply.status, 503);
    gate.begun.recv().await.unwrap();
    gate.open.add_permits(1);
    listener.route().handlers_finished().await;
    assert_eq!(gate.effects.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_handler_without_a_connection_still_counts_as_one() {
    let mut one = settings();
    one.max_connections = 1;
    let (listener, mut gate) = gated(one).await;
    let mut first = TcpStream::connect(listener.local_addr()).await.unwrap();
    first.write_all(&notification(b"{}")).await.unwrap();
    gate.begun.recv().await.unwrap();
    first.set_zero_linger().unwrap();
    drop(first);
    let mut second = TcpStream::connect(listener.local_addr()).await.unwrap();
    second.write_all(&notification(b"{}")).await.unwrap();
    assert!(timeout(SHORT, gate.begun.recv()).await.is_err(), "the slot is still held");
    gate.open.add_permits(2);
    assert_eq!(read_reply(&mut second).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_shutdown_finishes_the_requests_and_handlers_under_way() {
    let (listener, mut gate) = gated(settings()).await;
    let address = listener.local_addr();
    let mut idle = TcpStream::connect(address).await.unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&notification(b"{}")).await.unwrap();
    gate.begun.recv().await.unwrap();
    let mut abandoned = TcpStream::connect(address).await.unwrap();
    abandoned.write_all(&notification(b"{}")).await.unwrap();
    gate.begun.recv().await.unwrap();
    abandoned.set_zero_linger().unwrap();
    drop(abandoned);
    let shutdown = tokio::spawn(listener.shutdown());
    assert!(is_closed(&mut idle, Duration::from_secs(5)).await, "an idle connection is not waited for");
    sleep(SHORT).await;
    assert!(!shutdown.is_finished());
    assert!(TcpStream::connect(address).await.is_err(), "no new connection");
    gate.open.add_permits(1);
    let reply = read_reply(&mut stream).await.unwrap();
    assert_eq!(reply.body, S1000);
    assert!(reply.head.contains("connection: close"));
    sleep(SHORT).await;
    assert!(!shutdown.is_finished(), "the handler without a connection still runs");
    gate.open.add_permits(1);
    timeout(Duration::from_secs(5), shutdown).await.unwrap().unwrap();
    assert_eq!(gate.effects.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_shutdown_waits_for_a_request_that_is_being_read() {
    let (listener, taken) = counting(settings()).await;
    let whole = notification(b"{}");
    let (most, rest) = whole.split_at(whole.len() - 1);
    let mut stream = TcpStream::connect(listener.local_addr()).await.unwrap();
    stream.write_all(most).await.unwrap();
    sleep(SHORT).await;
    let shutdown = tokio::spawn(listener.shutdown());
    sleep(SHORT).await;
    assert!(!shutdown.is_finished());
    stream.write_all(rest).await.unwrap();
    assert_eq!(read_reply(&mut stream).await.unwrap().status, 200);
    timeout(Duration::from_secs(5), shutdown).await.unwrap().unwrap();
    assert_eq!(taken.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_route_works_with_any_server() {
    let mut route_settings = RouteSettings::new(token(TOKEN));
    route_settings.max_per_second = 3;
    let route = NotificationRoute::new(route_settings, |body: Vec<u8>| async move {
        if body == b"good" { Taken::Acknowledge(S1000.to_vec()) } else { Taken::TryLater }
    })
    .unwrap();
    let path = format!("/notifications/{TOKEN}?x=1");
    let json = [("CONTENT-TYPE", "application/json")];
    let answer = route.answer("POST", &path, &json, b"good".to_vec()).await;
    assert_eq!((answer.status, answer.body.as_slice()), (200, S1000));
    assert_eq!(answer.headers, [("content-type", "application/json".to_owned())]);
    assert_eq!(route.answer("POST", &path, &json, b"bad".to_vec()).await.status, 503);
    assert_eq!(route.answer("GET", &path, &json, b"good".to_vec()).await.status, 405);
    assert_eq!(route.answer("POST", &path, &json, vec![b'x'; 8193]).await.status, 413);
    assert_eq!(route.answer("POST", &path, &json, b"good".to_vec()).await.status, 429);
    assert_eq!(route.answer("POST", "/notifications/wrong", &json, b"good".to_vec()).await.status, 404);
    assert_eq!(route.answer("POST", TOKEN, &json, b"good".to_vec()).await.status, 404);
    assert_eq!(route.url("https://a.example/").reveal(), format!("https://a.example/notifications/{TOKEN}"));
}

#[tokio::test]
async fn an_address_that_is_taken_is_an_error_that_names_it() {
    let (listener, _) = counting(settings()).await;
    let again = Listener::bind(listener.local_addr(), settings(), |_| async { Taken::TryLater }).await;
    let error = again.unwrap_err();
    assert!(matches!(error, ListenerError::Bind { address, .. } if address == listener.local_addr()));
    assert!(error.to_string().contains(&listener.local_addr().to_string()));
}
