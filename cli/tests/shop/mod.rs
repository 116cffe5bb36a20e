//! A shop: the built command with a journal of its own, and a simulated carrier in this process, whose ledger is the
//! witness. The output of every run is searched for what must never stand in it.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use caas_simulator::{Builder, Simulator, preset};
use serde_json::Value;
use tempfile::TempDir;

/// How many times as fast as real time the clocks of the carrier and of the command run.
pub const RATE: u32 = 100;
/// The payer. No output has this number in full.
pub const PAYER: &str = "0712755777";
/// Another payer, likewise.
pub const OTHER_PAYER: &str = "94771234567";
/// What is secret in these tests, beside the simulator's own credentials.
pub const SECRETS: [&str; 2] = ["p4ssw0rd-of-a-test", "client-id-of-a-test"];
/// The listener's token in these tests.
pub const TOKEN: &str = "a-token-of-these-tests-0123456789";

/// No run of these tests takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// The command, its folder, and a carrier.
pub struct Shop {
    pub carrier: Simulator,
    pub folder: TempDir,
    rate: u32,
    closed: Option<u16>,
}

/// A command that has ended.
#[derive(Debug)]
pub struct Ended {
    /// `None`: a signal ended it.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// A command that runs. It is killed when it is dropped.
pub struct Running {
    child: Child,
    out: Pipe,
    err: Pipe,
}

/// What a command has said so far.
struct Pipe {
    said: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Shop {
    pub fn new() -> Shop {
        Shop::with(Simulator::builder())
    }

    pub fn with(carrier: Builder) -> Shop {
        Shop::at_rate(carrier, RATE)
    }

    /// A shop whose clocks run so many times as fast.
    pub fn at_rate(carrier: Builder, rate: u32) -> Shop {
        let carrier = carrier.clock_rate(rate).start().unwrap();
        Shop { carrier, folder: tempfile::tempdir().unwrap(), rate, closed: None }
    }

    /// Takes the carrier off the network; its port, for [`Shop::open_carrier`].
    pub fn close_carrier(&mut self) -> u16 {
        let port = self.carrier.address().port();
        self.carrier = Simulator::start();
        self.closed = Some(port);
        port
    }

    /// Puts a carrier that knows nothing back at the port.
    pub fn open_carrier(&mut self, port: u16) {
        self.carrier = Simulator::builder().port(port).clock_rate(self.rate).start().unwrap();
        self.closed = None;
    }

    fn url(&self) -> String {
        self.closed.map_or_else(|| self.carrier.url(), |port| format!("http://127.0.0.1:{port}"))
    }

    pub fn journal(&self) -> PathBuf {
        self.folder.path().join("charges.db")
    }

    /// The command, with no configuration and no variable of this machine.
    pub fn command(&self, arguments: &[&str]) -> Command {
        command(self.folder.path(), arguments)
    }

    /// `caas charge …` at this shop's carrier.
    pub fn charge_command(&self, payer: &str, amount: &str, more: &[&str]) -> Command {
        let mut command = self.command(&["charge", payer, amount, "--endpoint", &self.url()]);
        command.args(self.simulated()).args(more);
        command
    }

    pub fn charge(&self, payer: &str, amount: &str, more: &[&str]) -> Ended {
        run(self.charge_command(payer, amount, more))
    }

    pub fn resume_command(&self, more: &[&str]) -> Command {
        let mut command = self.command(&["resume"]);
        command.args(self.simulated()).args(more);
        command
    }

    pub fn resume(&self, more: &[&str]) -> Ended {
        run(self.resume_command(more))
    }

    /// The journal's charges, as `caas list` tells them.
    pub fn list(&self) -> Vec<Value> {
        let journal = self.journal();
        let mut rows =
            self.run(&["list", "--simulate", "--json", "--journal", journal.to_str().unwrap()]).json();
        rows.retain(|row| row["event"] == "charge");
        rows
    }

    /// The only charge of the journal.
    pub fn only_charge(&self) -> Value {
        let rows = self.list();
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows[0].clone()
    }

    pub fn run(&self, arguments: &[&str]) -> Ended {
        run(self.command(arguments))
    }

    fn simulated(&self) -> Vec<String> {
        let journal = self.journal();
        let rate = self.rate.to_string();
        ["--simulate", "--json", "--clock", &rate, "--journal", journal.to_str().unwrap()]
            .map(str::to_owned)
            .to_vec()
    }
}

/// A `caas listen` process, to which the carrier sends its notifications.
pub struct Listening {
    pub process: Running,
}

impl Listening {
    pub fn start(shop: &Shop, carrier: &str) -> Listening {
        let journal = shop.journal();
        let mut command = shop.command(&["listen", "--listen", "127.0.0.1:0", "--simulate", "--json"]);
        command.args(["--carrier", carrier, "--endpoint", &shop.carrier.url()]);
        command.args(["--journal", journal.to_str().unwrap()]).env("CAAS_LISTENER_TOKEN", TOKEN);
        let process = Running::start(command);
        until("the listener listens", || process.said().contains("listening"));
        let said: Value = serde_json::from_str(process.said().lines().next().unwrap()).unwrap();
        let url = said["url"].as_str().unwrap();
        assert!(url.contains(TOKEN), "{url}");
        shop.carrier.set_notify_url(url);
        Listening { process }
    }
}

/// The command in a folder of its own, with no configuration and no variable of this machine.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_caas"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub fn run(command: Command) -> Ended {
    Running::start(command).wait()
}

impl Running {
    pub fn start(mut command: Command) -> Running {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (out, err) = (Pipe::of(child.stdout.take()), Pipe::of(child.stderr.take()));
        Running { child, out, err }
    }

    /// What it has said on standard output so far.
    pub fn said(&self) -> String {
        self.out.text()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
    }

    /// `kill -INT` and the like.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub fn wait(mut self) -> Ended {
        let deadline = Instant::now() + PATIENCE;
        while !self.has_ended() {
            assert!(Instant::now() < deadline, "the command does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
        let ended =
            Ended { code: self.child.wait().unwrap().code(), out: self.out.all(), err: self.err.all() };
        ended.check();
        ended
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// Every line of standard output as JSON. The last one says how the command ended, as its exit code does.
    pub fn json(&self) -> Vec<Value> {
        let lines: Vec<Value> = self
            .out
            .lines()
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}\n{self:?}"))
            })
            .collect();
        if let Some(code) = self.code {
            let last = lines.last().unwrap_or_else(|| panic!("nothing was said: {self:?}"));
            assert!(last["state"].is_string(), "{last}");
            assert_eq!(last["exit"], code, "{last}");
        }
        assert!(lines.iter().all(|line| line["simulated"].is_boolean()), "{}", self.out);
        lines
    }

    /// The last line.
    pub fn end(&self) -> Value {
        self.json().pop().unwrap()
    }

    /// How many events have this name.
    pub fn count(&self, event: &str) -> usize {
        self.json().iter().filter(|line| line["event"] == event).count()
    }

    /// Checks that it ended so, and with this word where it spoke JSON.
    pub fn expect(&self, code: i32, state: &str) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert_eq!(self.end()["state"], state, "{self:#?}");
    }

    /// Checks that it was refused, that people are told why, and nothing of it is in the way of a program.
    pub fn expect_refused(&self, hint: &str) {
        assert_eq!(self.code, Some(2), "{self:#?}");
        assert!(self.err.contains(hint), "no {hint:?} in {}", self.err);
    }

    /// I12, and no panic.
    fn check(&self) {
        // The examples in help texts name this number; it is nobody's.
        let hide = |text: &str| text.replace(&format!("caas charge {PAYER}"), "");
        let (out, err) = (hide(&self.out), hide(&self.err));
        let secrets = [PAYER, OTHER_PAYER, preset::PASSWORD, preset::CLIENT_ID].into_iter().chain(SECRETS);
        for secret in secrets {
            assert!(!out.contains(secret), "{secret} in {out}");
            assert!(!err.contains(secret), "{secret} in {err}");
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }
}

/// Waits until something is so.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "it does not come to be: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Pipe {
    fn of(pipe: Option<impl Read + Send + 'static>) -> Pipe {
        let said = Arc::new(Mutex::new(Vec::new()));
        let reader = pipe.map(|pipe| read_into(pipe, Arc::clone(&said)));
        Pipe { said, reader }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().unwrap()).into_owned()
    }

    fn all(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.text()
    }
}

fn read_into(mut pipe: impl Read + Send + 'static, said: Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = pipe.read(&mut bytes) {
            said.lock().unwrap().extend_from_slice(&bytes[..read]);
        }
    })
}
