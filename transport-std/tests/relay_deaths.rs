//! The host dies at each step between the carrier and the terminal, and two workers of one terminal pull at once: nothing
//! is lost, and nothing that was acknowledged is told again.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod relay_scene;

use std::net::SocketAddr;
use std::time::Duration;

use caas_transport_std::{Listener, ListenerSettings, PathToken, RelayServer, RelayServerSettings, Taken};
use relay_scene::{Scene, TOKEN, deliver, notification, pull, taken};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// A host: its listener for carriers and its server for terminals. Dropping it kills it: every task ends where it is, and
/// every socket is reset.
struct Host {
    runtime: Option<Runtime>,
    carriers: SocketAddr,
    terminals: SocketAddr,
    path: String,
}

impl Host {
    fn start(scene: &Scene) -> Host {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let local = "127.0.0.1:0".parse().unwrap();
        let start = async {
            let relay = scene.relay();
            let settings = ListenerSettings::new(PathToken::generate().unwrap());
            let handler = relay.in_front_of(|_| async { Taken::TryLater });
            let listener = Listener::bind(local, settings, handler).await.unwrap();
            let server = RelayServer::bind(local, RelayServerSettings::default(), relay).await.unwrap();
            let told = (listener.local_addr(), listener.route().url("").reveal(), server.local_addr());
            // They run until the runtime ends.
            std::mem::forget((listener, server));
            told
        };
        // A runtime is not entered from within another one.
        let (carriers, path, terminals) =
            std::thread::scope(|scope| scope.spawn(|| runtime.block_on(start)).join().unwrap());
        Host { runtime: Some(runtime), carriers, terminals, path }
    }

    /// The carrier sends a notification; what it is answered, or `None` if it does not wait for that.
    async fn notified(&self, body: &[u8], waits: bool) -> Option<u16> {
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.path,
            body.len()
        );
        said(self.carriers, &[head.as_bytes(), body].concat(), waits).await.map(|answer| status(&answer))
    }

    /// The terminal asks; what it is answered, or `None` if it does not wait for that.
    async fn asked(&self, line: &str, waits: bool) -> Option<Vec<u8>> {
        let request = format!(
            "{line} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
        );
        said(self.terminals, request.as_bytes(), waits).await
    }

    async fn pulled(&self) -> Option<relay_scene::Told> {
        let answer = self.asked("GET /relay/K1?after=0", true).await.unwrap();
        let end = answer.windows(4).position(|end| end == b"\r\n\r\n").unwrap();
        (status(&answer) == 200).then(|| relay_scene::told(&answer[end + 4..]))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

fn status(answer: &[u8]) -> u16 {
    std::str::from_utf8(&answer[9..12]).unwrap().parse().unwrap()
}

async fn said(to: SocketAddr, request: &[u8], waits: bool) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    if waits {
        stream.read_to_end(&mut answer).await.unwrap();
        return Some(answer);
    }
    // The connection stays, so that the host has no reason to leave the request half done; nobody looks at its answer.
    tokio::spawn(async move { stream.read_to_end(&mut answer).await });
    None
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not come to be");
}

fn count(scene: &Scene, state: &str) -> u32 {
    let file = rusqlite::Connection::open(scene.path()).unwrap();
    let count = "SELECT count(*) FROM notifications WHERE state = ?1";
    file.query_row(count, [state], |row| row.get(0)).unwrap()
}

/// R54, R38: the host dies after the notification is durable and before the carrier has its answer; the carrier sends it
/// again.
#[tokio::test]
async fn a_host_that_dies_before_it_answers_the_carrier_has_it_once() {
    let scene = Scene::new();
    let body = notification("K1", 1);
    let host = Host::start(&scene);
    assert_eq!(host.notified(&body, false).await, None);
    until("a durable notification", || count(&scene, "waiting") == 1).await;
    drop(host);
    let host = Host::start(&scene);
    assert_eq!(host.notified(&body, true).await, Some(200));
    assert_eq!(host.pulled().await.unwrap().body, body);
    assert_eq!(count(&scene, "waiting"), 1);
}

/// R54: the host dies after it answered the carrier and before it told the terminal.
#[tokio::test]
async fn a_host_that_dies_before_it_tells_the_terminal_tells_it_later() {
    let scene = Scene::new();
    let body = notification("K1", 1);
    let host = Host::start(&scene);
    assert_eq!(host.notified(&body, true).await, Some(200));
    drop(host);
    assert_eq!(Host::start(&scene).pulled().await.unwrap().body, body);
}

/// R54: the host dies after it told the terminal, which has the answer or has not, and before the acknowledgement.
#[tokio::test]
async fn a_host_that_dies_before_the_acknowledgement_tells_it_again() {
    let scene = Scene::new();
    let body = notification("K1", 1);
    let host = Host::start(&scene);
    assert_eq!(host.notified(&body, true).await, Some(200));
    let told = host.pulled().await.unwrap();
    host.asked("GET /relay/K1?after=0", false).await;
    drop(host);
    let host = Host::start(&scene);
    assert_eq!(host.pulled().await, Some(told.clone()), "the same, with the same number and proof");
    // What the terminal was told by the host that died can be acknowledged to the next one.
    let acknowledged = host.asked(&format!("POST /relay/K1?taken={}", told.line), true).await.unwrap();
    assert_eq!(status(&acknowledged), 204);
    assert_eq!(host.pulled().await, None);
}

/// R54: the host dies after the acknowledgement is durable and before the terminal knows; the terminal acknowledges again.
#[tokio::test]
async fn a_host_that_dies_after_the_acknowledgement_does_not_tell_it_again() {
    let scene = Scene::new();
    let body = notification("K1", 1);
    let host = Host::start(&scene);
    assert_eq!(host.notified(&body, true).await, Some(200));
    let told = host.pulled().await.unwrap();
    let acknowledge = format!("POST /relay/K1?taken={}", told.line);
    assert_eq!(host.asked(&acknowledge, false).await, None);
    until("a durable acknowledgement", || count(&scene, "taken") == 1).await;
    drop(host);
    let host = Host::start(&scene);
    assert_eq!(host.pulled().await, None);
    assert_eq!(status(&host.asked(&acknowledge, true).await.unwrap()), 204);
    assert_eq!(host.notified(&body, true).await, Some(200), "nor when the carrier repeats it");
    assert_eq!(host.pulled().await, None);
}

/// A connection that dies at any byte of the request acknowledges nothing by half.
#[tokio::test]
async fn half_an_acknowledgement_is_none() {
    let scene = Scene::new();
    let host = Host::start(&scene);
    assert_eq!(host.notified(&notification("K1", 1), true).await, Some(200));
    let told = host.pulled().await.unwrap();
    let request = format!(
        "POST /relay/K1?taken={} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 0\r\n\r\n",
        told.line
    );
    for length in 0..request.len() {
        let mut stream = TcpStream::connect(host.terminals).await.unwrap();
        stream.write_all(&request.as_bytes()[..length]).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(host.pulled().await, Some(told));
}

/// R53: two workers of one terminal pull the same notification and both acknowledge it: it is off the list once.
#[tokio::test]
async fn two_workers_that_are_told_the_same_both_acknowledge_it() {
    let scene = Scene::new();
    let (here, there) = (scene.relay(), scene.relay());
    for number in 1..=20 {
        deliver(&here, &notification("K1", number)).await;
    }
    let work = |relay: caas_transport_std::Relay| async move {
        let mut seen = Vec::new();
        while let Some(told) = pull(&relay, 0).await {
            assert!(seen.len() < 20, "told again after it was taken");
            assert_eq!(taken(&relay, &told).await, 204);
            seen.push(told);
        }
        seen
    };
    let (one, other) = tokio::join!(tokio::spawn(work(here)), tokio::spawn(work(there.clone())));
    let mut seen: Vec<_> = one.unwrap().into_iter().chain(other.unwrap()).map(|told| told.body).collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 20);
    assert_eq!(pull(&there, 0).await, None);
    assert_eq!(count(&scene, "taken"), 20);
}
