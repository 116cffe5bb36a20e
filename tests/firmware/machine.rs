//! The vending machine in its emulator: keys to press, lines to read, a reset to pull.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::report::Line;

/// The longest that anything of the machine takes; a slow host included.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A running machine. Dropping it ends the emulator.
pub struct VendingMachine {
    emulator: Child,
    keypad: ChildStdin,
    monitor: UnixStream,
    lines: Receiver<String>,
    output: String,
    _folder: TempDir,
}

impl VendingMachine {
    /// Starts the image with these words on its command line.
    pub fn start(image: &Path, words: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let monitor = folder.path().join("monitor");
        let mut semihosting = "enable=on,target=native,arg=vending-machine".to_owned();
        words.iter().for_each(|word| semihosting += &format!(",arg={word}"));
        // Without `setpriv` the emulator would outlive a check that is killed.
        let mut emulator = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "qemu-system-arm", "-M", "mps2-an386", "-display", "none"])
            .args(["-serial", "stdio", "-nic", "user,model=lan9118", "-semihosting-config", &semihosting])
            .args(["-monitor", &format!("unix:{},server=on,wait=off", monitor.display()), "-kernel"])
            .arg(image)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the emulator starts: cargo xtask firmware installs it");
        let (sender, lines) = mpsc::channel();
        forward(emulator.stdout.take().unwrap(), sender.clone());
        forward(emulator.stderr.take().unwrap(), sender);
        let keypad = emulator.stdin.take().unwrap();
        let monitor = connect(&monitor);
        Self { emulator, keypad, monitor, lines, output: String::new(), _folder: folder }
    }

    /// Presses keys: one line.
    pub fn press(&mut self, keys: &str) {
        self.keypad.write_all(format!("{keys}\n").as_bytes()).expect("the emulator runs");
    }

    /// Resets the machine from outside, wherever it is.
    pub fn reset(&mut self) {
        self.monitor.write_all(b"system_reset\n").expect("the emulator runs");
    }

    /// The next line, or `None` if none comes in this time.
    pub fn next_line(&mut self, limit: Duration) -> Option<Line> {
        match self.lines.recv_timeout(limit) {
            Ok(text) => {
                self.output += &text;
                self.output.push('\n');
                if std::env::var_os("CAAS_FIRMWARE_SHOW").is_some() {
                    println!("    {text}");
                }
                let line = Line::parse(&text);
                assert_ne!(line.word, "broken", "the machine is broken: {text}\n{}", self.output);
                Some(line)
            }
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => panic!("the machine has gone\n{}", self.output),
        }
    }

    /// Reads lines, each given to `take`, until it says that this was the one. Fails after [`PATIENCE`].
    pub fn read_until(&mut self, what: &str, mut take: impl FnMut(&Line) -> bool) {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(line) = self.next_line(Duration::from_millis(100))
                && take(&line)
            {
                return;
            }
        }
        panic!("waited in vain for {what}; the machine said:\n{}", self.output);
    }

    /// Everything that the machine said.
    pub fn output(&self) -> &str {
        &self.output
    }
}

impl Drop for VendingMachine {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.emulator.kill();
        let _ = self.emulator.wait();
    }
}

fn forward(from: impl Read + Send + 'static, to: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if to.send(line).is_err() {
                return;
            }
        }
    });
}

fn connect(socket: &Path) -> UnixStream {
    let end = Instant::now() + PATIENCE;
    loop {
        match UnixStream::connect(socket) {
            Ok(stream) => return stream,
            Err(error) if Instant::now() > end => panic!("the emulator has no monitor: {error}"),
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}
