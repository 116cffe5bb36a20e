//! A relay on a file of its own, its terminals, and what carriers and terminals say to it.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;

use caas_transport_std::{PathToken, Relay, RelayTerminal, RouteAnswer, Taken};
use tempfile::TempDir;

pub const TOKEN: &str = "token-of-k1-0123456789";
pub const OTHER_TOKEN: &str = "token-of-k2-0123456789";

pub struct Scene {
    pub folder: TempDir,
}

/// A notification that was told: its line, and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub line: String,
    pub body: Vec<u8>,
}

impl Scene {
    pub fn new() -> Scene {
        Scene { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("relay.db")
    }

    /// A relay with a handle of its own, as another process would have; it serves K1 and K2.
    pub fn relay(&self) -> Relay {
        let relay = Relay::open(self.path()).unwrap();
        relay.register(terminal("K1", TOKEN)).unwrap();
        relay.register(terminal("K2", OTHER_TOKEN)).unwrap();
        relay
    }
}

pub fn terminal(name: &str, token: &str) -> RelayTerminal {
    let mut terminal = RelayTerminal::new(name, PathToken::new(token).unwrap());
    terminal.max_per_second = 100_000;
    terminal
}

/// A carrier's notification about charge `number` of the machine with this prefix.
pub fn notification(prefix: &str, number: u32) -> Vec<u8> {
    format!(
        r#"{{"externalTrxId":"{prefix}00000003{number:08x}a","internalTrxId":"1","referenceId":"9","statusCode":"S1000","totalAmount":"10.00","paidAmount":"10.00","currency":"LKR"}}"#
    )
    .into_bytes()
}

pub async fn deliver(relay: &Relay, body: &[u8]) {
    let taken = relay.deliver(body.to_vec()).await.expect("it is a terminal's");
    assert!(matches!(taken, Taken::Acknowledge(_)), "{taken:?}");
}

pub async fn ask(relay: &Relay, method: &str, target: &str) -> RouteAnswer {
    relay.answer(method, target, Some(&format!("Bearer {TOKEN}"))).await
}

/// What K1 is told after a number.
pub async fn pull(relay: &Relay, after: u32) -> Option<Told> {
    let answer = ask(relay, "GET", &format!("/relay/K1?after={after}")).await;
    match answer.status {
        200 => Some(told(&answer.body)),
        204 => None,
        other => panic!("{other}"),
    }
}

pub fn told(body: &[u8]) -> Told {
    let end = body.iter().position(|byte| *byte == b'\n').unwrap();
    Told { line: String::from_utf8(body[..end].to_vec()).unwrap(), body: body[end + 1..].to_vec() }
}

/// K1 says that it has taken what it was told.
pub async fn taken(relay: &Relay, told: &Told) -> u16 {
    ask(relay, "POST", &format!("/relay/K1?taken={}", told.line)).await.status
}
