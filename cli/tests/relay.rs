//! `caas listen --relay`: a terminal that no carrier can reach pulls its notifications from this process, with the client
//! that such a terminal runs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod shop;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use caas_core::charge::Ticket;
use caas_core::time::Instant;
use caas_simulator::{Payer, Simulator};
use caas_transport_embedded::relay::{Acknowledged, Pulled, Receipt, Relay, RelayFailure};
use caas_transport_embedded::{Clock, Connection, Settings};
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use serde_json::Value;
use shop::{Ended, OTHER_PAYER, Running, TOKEN, command, run, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const TERMINAL: &str = "K042";
const TERMINAL_TOKEN: &str = "the-token-of-K042-0001";
const OF_THE_TERMINAL: &str = "K0420000000300000001a";
const OF_NOBODY: &str = "K0990000000300000001a";

/// A `caas listen` that serves terminals, and where it does.
struct Host {
    process: Running,
    notify: String,
    terminals: Vec<Value>,
}

impl Host {
    fn start(command: Command) -> Host {
        let process = Running::start(command);
        until("terminals are served", || process.said().contains("\"relaying\""));
        let said = process.said();
        let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        // A real listener hides its token.
        let notify = lines[0]["url"].as_str().unwrap();
        let notify = notify.split_once("(").map_or(notify, |(_, hidden)| hidden).split('…').next().unwrap();
        let notify = if notify.ends_with('/') { format!("{notify}{TOKEN}") } else { notify.to_owned() };
        let terminals = lines.into_iter().filter(|line| line["event"] == "relaying").collect();
        Host { process, notify, terminals }
    }

    async fn notify(&self, external: &str) {
        notify(&self.notify, external).await;
    }

    fn address(&self) -> SocketAddr {
        let url = self.terminals[0]["url"].as_str().unwrap();
        url.strip_prefix("http://").unwrap().split('/').next().unwrap().parse().unwrap()
    }

    async fn pull(&self, token: &str) -> Result<Option<(Receipt, String)>, RelayFailure> {
        let authorization = format!("Bearer {token}");
        let mut wire = [0; 1536];
        let mut connection = Connection::new(Socket::to(self).await, &mut wire, Settings::default());
        match relay(&authorization).pull(&RealClock::new(), &mut connection, 0).await {
            // What the core does with it is its own tests' matter: here it is taken at once.
            Pulled::Told { told, bytes } => {
                let receipt = told.given_as(Ticket(1)).replied(Ticket(1)).unwrap();
                Ok(Some((receipt, String::from_utf8(bytes.0.to_vec()).unwrap())))
            }
            Pulled::Nothing => Ok(None),
            Pulled::Failed(failure) => Err(failure),
        }
    }

    async fn acknowledge(&self, token: &str, receipt: &Receipt) -> Acknowledged {
        let authorization = format!("Bearer {token}");
        let mut wire = [0; 512];
        let mut connection = Connection::new(Socket::to(self).await, &mut wire, Settings::default());
        relay(&authorization).acknowledge(&RealClock::new(), &mut connection, receipt).await
    }

    fn stop(self) -> Ended {
        self.process.signal("INT");
        let ended = self.process.wait();
        ended.expect(0, "stopped");
        ended
    }
}

/// A carrier notifies, and is told that it is durable.
async fn notify(url: &str, external: &str) {
    let body = body(external);
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /{path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("S1000"), "{answer}");
}

fn relay(authorization: &str) -> Relay<'_> {
    Relay { host: "relay.example", terminal: TERMINAL, authorization, wait: 0 }
}

fn body(external: &str) -> String {
    format!(
        "{{\"externalTrxId\":\"{external}\",\"referenceId\":\"1\",\"statusCode\":\"S1000\",\
         \"paidAmount\":\"10.00\",\"totalAmount\":\"10.00\",\"currency\":\"LKR\"}}"
    )
}

/// `caas listen` at free ports, with this listener's token and no terminal's.
fn listen(folder: &Path, more: &[&str]) -> Command {
    let mut command = command(folder, &["listen", "--listen", "127.0.0.1:0", "--json"]);
    command.args(more).env("CAAS_LISTENER_TOKEN", TOKEN);
    command
}

fn serving(folder: &Path) -> Command {
    let arguments = ["--simulate", "--relay", "127.0.0.1:0", "--terminal", TERMINAL];
    let mut command = listen(folder, &arguments);
    command.env("CAAS_RELAY_TOKEN_K042", TERMINAL_TOKEN);
    command
}

/// R53, R54: whoever dies in between, the terminal is told until it acknowledged, and then no more.
#[tokio::test]
async fn a_terminal_pulls_its_notification_although_the_host_is_killed_and_takes_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut host = Host::start(serving(folder.path()));
    assert_eq!(host.pull(TERMINAL_TOKEN).await.unwrap(), None);
    host.notify(OF_THE_TERMINAL).await;
    host.notify(OF_THE_TERMINAL).await;
    host.notify(OF_NOBODY).await;
    host.process.kill();
    host.process.wait();

    let mut host = Host::start(serving(folder.path()));
    assert_eq!(host.terminals[0]["waiting"], 1, "the carrier's repetition is no second one");
    for token in [TOKEN, "the-token-of-K042-0002"] {
        assert_eq!(host.pull(token).await, Err(RelayFailure::Unauthorized));
    }
    // Two workers of the terminal, or one whose acknowledgement was lost.
    let (one, told) = host.pull(TERMINAL_TOKEN).await.unwrap().expect("it is still there");
    assert_eq!(told, body(OF_THE_TERMINAL));
    let (other, _) = host.pull(TERMINAL_TOKEN).await.unwrap().expect("it was not acknowledged");
    assert_eq!(one, other);
    let wrong = host.acknowledge("the-token-of-K042-0002", &one).await;
    assert_eq!(wrong, Acknowledged::Failed(RelayFailure::Unauthorized));
    assert_eq!(host.acknowledge(TERMINAL_TOKEN, &one).await, Acknowledged::Done);
    host.process.kill();
    host.process.wait();

    let host = Host::start(serving(folder.path()));
    assert_eq!(host.pull(TERMINAL_TOKEN).await.unwrap(), None, "acknowledged, and so gone");
    assert_eq!(host.acknowledge(TERMINAL_TOKEN, &other).await, Acknowledged::Done);
    host.notify(OF_THE_TERMINAL).await;
    assert_eq!(host.pull(TERMINAL_TOKEN).await.unwrap(), None, "the carrier's repetition is known");
    let ended = host.stop();
    assert!(!ended.out.contains(TERMINAL_TOKEN), "a token that was set is not shown: {}", ended.out);
}

/// Terminals of the file: with a token there, and with one in the environment; the old token during a rotation.
#[tokio::test]
async fn the_file_names_terminals_and_their_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let file = "carrier = \"dialog\"\n[relay]\naddress = \"127.0.0.1:0\"\nfile = \"kept/relay.db\"\n\
                [relay.terminals.K042]\ntoken = \"another-token-of-K042\"\nold_token = \"the-token-of-K042-0001\"\n\
                [relay.terminals.k7]\nlargest_bytes = 20\n";
    fs::write(folder.path().join("caas.toml"), file).unwrap();
    let serving = || {
        let mut command = listen(folder.path(), &[]);
        command.env("CAAS_RELAY_TOKEN_K7", "the-token-of-K7-00001");
        command
    };
    let host = Host::start(serving());
    host.notify(OF_THE_TERMINAL).await;
    host.notify("K70000000300000001a").await;
    for token in [TERMINAL_TOKEN, "another-token-of-K042"] {
        assert!(host.pull(token).await.unwrap().is_some());
    }
    host.stop();
    let host = Host::start(serving());
    let standing = |number: usize| {
        let terminal = &host.terminals[number];
        (terminal["terminal"].as_str(), terminal["waiting"].as_u64(), terminal["setAside"].as_u64())
    };
    assert_eq!(standing(0), (Some("K042"), Some(1), Some(0)));
    assert_eq!(standing(1), (Some("k7"), Some(0), Some(1)), "too long for it");
    let ended = host.stop();
    for token in [TOKEN, TERMINAL_TOKEN, "another-token-of-K042", "the-token-of-K7-00001"] {
        assert!(!ended.out.contains(token) && !ended.err.contains(token), "{token}: {ended:#?}");
    }
    assert!(folder.path().join("kept/relay.db").exists());
}

/// R54: a charge that takes notifications itself does not acknowledge a terminal's to nobody.
#[tokio::test]
async fn a_charge_that_listens_keeps_what_is_a_terminals() {
    let folder = tempfile::tempdir().unwrap();
    let carrier = Simulator::builder().payer(Payer::Ask).start().unwrap();
    let file = "[relay]\naddress = \"127.0.0.1:0\"\n[relay.terminals.K042]\n";
    fs::write(folder.path().join("caas.toml"), file).unwrap();
    let mut charge = command(folder.path(), &["charge", OTHER_PAYER, "10", "--listen", "127.0.0.1:0"]);
    charge.args(["--carrier", "dialog", "--instrument", "ezcash", "--simulate", "--json", "--endpoint"]);
    charge.arg(carrier.url()).env("CAAS_LISTENER_TOKEN", TOKEN);
    let charging = Running::start(charge);
    until("it listens", || charging.said().contains("\"listening\""));
    let said = charging.said();
    let listening = said.lines().find(|line| line.contains("\"listening\"")).unwrap();
    let listening: Value = serde_json::from_str(listening).unwrap();
    notify(listening["url"].as_str().unwrap(), OF_THE_TERMINAL).await;
    charging.signal("INT");
    charging.wait().expect(5, "interrupted");

    let host = Host::start(serving(folder.path()));
    let (_, told) = host.pull(TERMINAL_TOKEN).await.unwrap().expect("it was kept");
    assert_eq!(told, body(OF_THE_TERMINAL));
}

/// What a simulated carrier's terminal pulls with is made anew and shown, as the listener's token is.
#[tokio::test]
async fn a_simulated_terminal_without_a_token_gets_one() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start({
        let mut command = serving(folder.path());
        command.env_remove("CAAS_RELAY_TOKEN_K042");
        command
    });
    let token = host.terminals[0]["token"].as_str().unwrap();
    assert_eq!(host.pull(token).await.unwrap(), None);
    assert_eq!(host.pull(TERMINAL_TOKEN).await, Err(RelayFailure::Unauthorized));
}

#[tokio::test]
async fn a_terminal_that_is_named_no_more_is_not_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start(serving(folder.path()));
    host.notify(OF_THE_TERMINAL).await;
    host.stop();
    let other = ["--simulate", "--relay", "127.0.0.1:0", "--terminal", "K1"];
    let ended = Host::start(listen(folder.path(), &other)).stop();
    assert!(ended.err.contains("terminal K042 is not served, and 1 "), "{}", ended.err);
}

/// Exit code 2, and what to do.
#[test]
fn a_relay_that_cannot_be_as_it_is_wanted_is_refused() {
    let long = "x".repeat(16);
    for (file, arguments, hint) in [
        ("", &["--simulate", "--relay", "127.0.0.1:0"][..], "the relay has no terminal"),
        ("", &["--simulate", "--relay", "nowhere"], "--relay"),
        ("", &["--terminal", "K042"], "CAAS_RELAY_TOKEN_K042 is not set"),
        ("", &["--simulate", "--terminal", "K-42"], "terminal K-42: configuration: a terminal is named by"),
        ("", &["--simulate", "--terminal", "ABCDEFGHIJK"], "1 to 10 letters and digits"),
        ("", &["--simulate", "--terminal", "K1", "--relay", "192.0.2.1:1"], "192.0.2.1:1 cannot be listened"),
        ("[relay]\naddress = \"127.0.0.1:0\"\n", &["--simulate"], "the relay has no terminal"),
        ("[relay.terminals.K1]\n", &[], "CAAS_RELAY_TOKEN_K1 is not set"),
        ("[relay.terminals.K1]\n[relay.terminals.k1]\n", &["--simulate"], "twice"),
        ("[relay.terminals.K1]\nlargest_bytes = 0\n", &["--simulate"], "largest_bytes"),
        ("[relay.terminals.K1]\ntoken = \"short\"\n", &["--simulate"], "terminal K1: "),
        ("[relay.terminals.K1]\ntokens = \"LONG\"\n", &["--simulate"], "line 2"),
        ("[relay.terminals.K1]\ntoken = \"LISTENER\"\n", &["--simulate"], "a token of its own"),
        (
            "[relay.terminals.K1]\ntoken = \"LONG\"\n[relay.terminals.K2]\ntoken = \"LONG\"\n",
            &["--simulate"],
            "a token of its own",
        ),
        ("id_prefix = \"k1\"\n[relay.terminals.K1]\ntoken = \"LONG\"\n", &["--simulate"], "id_prefix"),
        (
            "[relay]\nfile = \"caas.toml\"\n[relay.terminals.K1]\ntoken = \"LONG\"\n",
            &[],
            "caas.toml: configuration: the file holds no relay",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let text =
            format!("carrier = \"dialog\"\n{}", file.replace("LONG", &long).replace("LISTENER", TOKEN));
        let text = match file.strip_prefix("id_prefix") {
            Some(_) => file.replace("LONG", &long),
            None => text,
        };
        fs::write(folder.path().join("caas.toml"), text).unwrap();
        let ended = run(listen(folder.path(), arguments));
        ended.expect_refused(hint);
        ended.expect(2, "refused");
        assert!(!ended.err.contains(TOKEN) && !ended.err.contains(&long), "{}", ended.err);
    }
}

/// A socket as the terminal's transport wants it.
struct Socket(TcpStream);

impl Socket {
    async fn to(host: &Host) -> Socket {
        Socket(TcpStream::connect(host.address()).await.unwrap())
    }
}

impl ErrorType for Socket {
    type Error = ErrorKind;
}

impl Read for Socket {
    async fn read(&mut self, to: &mut [u8]) -> Result<usize, ErrorKind> {
        self.0.read(to).await.map_err(|_| ErrorKind::ConnectionReset)
    }
}

impl Write for Socket {
    async fn write(&mut self, from: &[u8]) -> Result<usize, ErrorKind> {
        self.0.write(from).await.map_err(|_| ErrorKind::ConnectionReset)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

struct RealClock(tokio::time::Instant);

impl RealClock {
    fn new() -> RealClock {
        RealClock(tokio::time::Instant::now())
    }
}

impl Clock for RealClock {
    fn now(&self) -> Instant {
        Instant::from_millis(self.0.elapsed().as_millis().try_into().unwrap())
    }

    async fn wait_until(&self, at: Instant) {
        tokio::time::sleep_until(self.0 + Duration::from_millis(at.as_millis())).await;
    }
}
