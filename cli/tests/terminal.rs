//! At a terminal a person is the payer. The terminal is `script`'s, of util-linux.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod shop;

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use shop::{OTHER_PAYER, PAYER, Running, run, until};
use tempfile::TempDir;

/// Its terminal goes with it, and so the command at it.
struct Script(Child);

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A command at a terminal.
struct Terminal {
    child: Script,
    keyboard: ChildStdin,
    shown: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
    _folder: TempDir,
}

impl Terminal {
    fn start(arguments: &[&str]) -> Terminal {
        let folder = tempfile::tempdir().unwrap();
        let command = format!("exec {} {}", env!("CARGO_BIN_EXE_caas"), arguments.join(" "));
        let mut script = Command::new("script");
        script.args(["-qec", &command, "/dev/null"]).current_dir(folder.path());
        script.env_clear().env("HOME", folder.path()).env("PATH", std::env::var_os("PATH").unwrap());
        let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (keyboard, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let shown = Arc::new(Mutex::new(Vec::new()));
        let reader = std::thread::spawn({
            let shown = Arc::clone(&shown);
            move || {
                let mut bytes = [0; 4096];
                while let Ok(read @ 1..) = screen.read(&mut bytes) {
                    shown.lock().unwrap().extend_from_slice(&bytes[..read]);
                }
            }
        });
        Terminal { child: Script(child), keyboard, shown, reader, _folder: folder }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    /// Waits until this stands on the screen so many times.
    fn shows(&self, text: &str, times: usize) {
        until(text, || self.text().matches(text).count() >= times);
    }

    fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits for its end: the exit code and what the screen showed.
    fn wait(mut self) -> (Option<i32>, String) {
        until("the command ends", || self.child.0.try_wait().unwrap().is_some());
        let code = self.child.0.wait().unwrap().code();
        drop(self.keyboard);
        self.reader.join().unwrap();
        let text = String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned();
        assert!(!text.contains("panicked"), "{text}");
        (code, text)
    }
}

/// Runs a charge at a terminal and types `answer` when the payer is asked.
fn at_terminal(arguments: &[&str], answer: &str) -> (Option<i32>, String) {
    let mut terminal = Terminal::start(&[&["charge"], arguments].concat());
    terminal.shows("you are the payer", 1);
    terminal.types(answer);
    terminal.wait()
}

#[test]
fn the_person_sees_the_prompt_and_the_countdown_and_approves() {
    let (code, screen) = at_terminal(&[PAYER, "5.00", "--simulate", "--clock", "10"], "a\n");
    assert_eq!(code, Some(0), "{screen}");
    for shown in
        ["Pay Rs 5.00?", "s left", "phone     approved", "confirmed (simulated)", "1 capture(s), 5.00 in all"]
    {
        assert!(screen.contains(shown), "no {shown:?} in {screen}");
    }
}

#[test]
fn the_person_declines() {
    let (code, screen) = at_terminal(&[PAYER, "5.00", "--simulate", "--clock", "10"], "d\n");
    assert_eq!(code, Some(3), "{screen}");
    assert!(screen.contains("nothing was captured"), "{screen}");
}

#[test]
fn the_person_pays_part_at_ez_cash_and_then_nothing() {
    let arguments = [
        OTHER_PAYER,
        "10.00",
        "--simulate",
        "--carrier",
        "dialog",
        "--instrument",
        "ezcash",
        "--clock",
        "100",
    ];
    let (code, screen) = at_terminal(&arguments, "4\n");
    assert_eq!(code, Some(4), "{screen}");
    assert!(screen.contains("partly paid: 4.00") && screen.contains("refund due 4.00"), "{screen}");
}

/// The terminal's own Ctrl-C.
#[test]
fn ctrl_c_at_the_question_leaves_the_charge_for_resume() {
    let (code, screen) = at_terminal(&[PAYER, "5.00", "--simulate"], "\u{3}");
    assert_eq!(code, Some(5), "{screen}");
    assert!(screen.contains("caas resume"), "{screen}");
}

/// What was approved on the page is asked no more, and what is typed answers the question that stands there.
#[test]
fn a_question_that_the_page_settled_takes_no_answer() {
    let mut terminal = Terminal::start(&["simulate", "--payer", "ask", "--port", "0"]);
    terminal.shows("Ctrl-C ends it", 1);
    let screen = terminal.text();
    let url = screen.split("simulated carriers at ").nth(1).unwrap().split_whitespace().next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let charge = |payer| {
        Running::start(shop::command(
            folder.path(),
            &["charge", payer, "5", "--json", "--simulate", "--endpoint", url],
        ))
    };
    let settled = charge(PAYER);
    terminal.shows("you are the payer", 1);
    run(shop::command(folder.path(), &["trigger", "approve", "--json", "--at", url])).expect(0, "triggered");
    settled.wait().expect(0, "confirmed");
    terminal.shows("that question is settled", 1);
    let asked = charge("0712755778");
    terminal.shows("you are the payer", 2);
    terminal.types("d\n");
    asked.wait().expect(3, "failed");

    // Typed when nothing is asked: no answer to what is asked next.
    terminal.types("a\n");
    terminal.shows("a\r\n", 1);
    let later = charge("0712755779");
    terminal.shows("you are the payer", 3);
    terminal.types("d\n");
    later.wait().expect(3, "failed");
    terminal.types("\u{3}");
    let (_, screen) = terminal.wait();
    assert_eq!(screen.matches("phone     declined").count(), 2, "{screen}");
    assert!(screen.contains("1 captures"), "{screen}");
}
