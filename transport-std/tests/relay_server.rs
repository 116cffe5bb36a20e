//! The relay's server, over real sockets, with clients that are slow, too large, hostile or gone.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod relay_scene;

use std::time::{Duration, Instant};

use caas_transport_std::{Relay, RelayError, RelayServer, RelayServerSettings};
use relay_scene::{Scene, TOKEN, deliver, notification, pull};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn serve(relay: &Relay, change: impl FnOnce(&mut RelayServerSettings)) -> RelayServer {
    let mut settings = RelayServerSettings::default();
    change(&mut settings);
    RelayServer::bind("127.0.0.1:0".parse().unwrap(), settings, relay.clone()).await.unwrap()
}

async fn connect(server: &RelayServer) -> TcpStream {
    TcpStream::connect(server.local_addr()).await.unwrap()
}

/// Everything that the server says to these bytes until it closes.
async fn said(server: &RelayServer, bytes: &[u8]) -> String {
    let mut stream = connect(server).await;
    // A server that refuses early may close while this is written.
    let _ = stream.write_all(bytes).await;
    let mut said = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut said)).await.unwrap();
    String::from_utf8_lossy(&said).into_owned()
}

fn request(line: &str, headers: &str) -> Vec<u8> {
    format!("{line} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{headers}\r\n").into_bytes()
}

fn authorization() -> String {
    format!("Authorization: Bearer {TOKEN}\r\n")
}

#[tokio::test]
async fn a_notification_goes_over_the_wire_as_it_came() {
    let scene = Scene::new();
    let relay = scene.relay();
    let server = serve(&relay, |_| {}).await;
    let body = notification("K1", 1);
    deliver(&relay, &body).await;
    let answer = said(&server, &request("GET /relay/K1?after=0", &authorization())).await;
    let (head, told) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(head.contains("cache-control: no-store"), "{head}");
    let told = relay_scene::told(told.as_bytes());
    assert_eq!(told.body, body);
    let acknowledge = request(&format!("POST /relay/K1?taken={}", told.line), &authorization());
    assert!(said(&server, &acknowledge).await.starts_with("HTTP/1.1 204 "));
    let answer = said(&server, &request("GET /relay/K1?after=0", &authorization())).await;
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    server.shutdown().await;
}

#[tokio::test]
async fn what_is_not_plainly_authenticated_or_has_a_body_is_refused() {
    let scene = Scene::new();
    let relay = scene.relay();
    deliver(&relay, &notification("K1", 1)).await;
    let server = serve(&relay, |settings| settings.header_timeout = Duration::from_secs(1)).await;
    let twice = authorization().repeat(2);
    let stranger = "Authorization: Bearer someone-else-altogether\r\n".to_owned() + &authorization();
    let with = |headers: &str| authorization() + headers;
    for (line, headers, status) in [
        ("GET /relay/K1", String::new(), 401),
        ("GET /relay/K1", twice, 401),
        ("GET /relay/K1", stranger, 401),
        ("GET /relay/K1", "Authorization: Bearer t\u{f6}ken\r\n".to_owned(), 401),
        ("GET /relay/K1", with("Content-Length: 5\r\n"), 413),
        ("POST /relay/K1?taken=1-00000000", with("Content-Length: 1000000\r\n"), 413),
        ("POST /relay/K1?taken=1-00000000", with("Transfer-Encoding: chunked\r\n"), 413),
        ("GET /relay/K1?after=x", authorization(), 400),
        ("GET /relay/K1", with(&format!("X: {}\r\n", "y".repeat(9000))), 431),
        ("GET /relay/K1", with(&"X: y\r\n".repeat(40)), 431),
    ] {
        let answer = said(&server, &request(line, &headers)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{line} {headers:.60}: {answer}");
        assert!(!answer.contains(TOKEN) && !answer.contains("paidAmount"), "{answer}");
    }
    for garbage in [&b"\x16\x03\x01 no TLS here\r\n\r\n"[..], b"GET\r\n\r\n", b"\r\n\r\n\r\n", &[0; 20_000]] {
        let answer = said(&server, garbage).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert!(pull(&relay, 0).await.is_some(), "still told");
}

/// Clients that send nothing, or a byte now and then, are cut off; they hold no slot for longer.
#[tokio::test]
async fn slow_clients_are_cut_off_and_others_served() {
    let scene = Scene::new();
    let relay = scene.relay();
    deliver(&relay, &notification("K1", 1)).await;
    let server = serve(&relay, |settings| {
        settings.header_timeout = Duration::from_millis(500);
        settings.max_connections = 2;
    })
    .await;
    let since = Instant::now();
    let _silent = connect(&server).await;
    let mut slow = connect(&server).await;
    let dripping = tokio::spawn(async move {
        for byte in request("GET /relay/K1?after=0", &authorization()) {
            if slow.write_all(&[byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let answer = said(&server, &request("GET /relay/K1?after=0", &authorization())).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    dripping.abort();
}

#[tokio::test]
async fn a_connection_ends_after_so_many_requests_and_at_its_age() {
    let scene = Scene::new();
    let relay = scene.relay();
    let two = serve(&relay, |settings| settings.max_requests_per_connection = 2).await;
    let kept = format!("GET /relay/K1 HTTP/1.1\r\nHost: h\r\n{}\r\n", authorization());
    let answers = said(&two, kept.repeat(3).as_bytes()).await;
    assert_eq!(answers.matches("HTTP/1.1 204 ").count(), 2, "{answers}");
    assert_eq!(answers.matches("connection: close").count(), 1, "{answers}");

    let aged = serve(&relay, |settings| settings.max_connection_age = Duration::from_millis(300)).await;
    let since = Instant::now();
    let waiting = format!("GET /relay/K1?wait=30 HTTP/1.1\r\nHost: h\r\n{}\r\n", authorization());
    let _ = said(&aged, waiting.as_bytes()).await;
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_server_stops_although_pulls_wait() {
    let scene = Scene::new();
    let relay = scene.relay();
    let server = serve(&relay, |_| {}).await;
    let mut stream = connect(&server).await;
    let waiting = format!("GET /relay/K1?wait=30 HTTP/1.1\r\nHost: h\r\n{}\r\n", authorization());
    stream.write_all(waiting.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    tokio::time::timeout(Duration::from_secs(5), server.shutdown()).await.unwrap();
}

#[tokio::test]
async fn settings_that_can_never_work_are_refused_at_once() {
    let relay = Scene::new().relay();
    type Change = fn(&mut RelayServerSettings);
    let changes: [(&str, Change); 4] = [
        ("header_timeout", |settings| settings.header_timeout = Duration::ZERO),
        ("max_connections", |settings| settings.max_connections = 0),
        ("max_requests_per_connection", |settings| settings.max_requests_per_connection = 0),
        ("max_connection_age", |settings| settings.max_connection_age = Duration::ZERO),
    ];
    for (name, change) in changes {
        let mut settings = RelayServerSettings::default();
        change(&mut settings);
        let refused = RelayServer::bind("127.0.0.1:0".parse().unwrap(), settings, relay.clone()).await;
        assert!(matches!(refused, Err(RelayError::Zero(field)) if field == name), "{name}");
    }
}
