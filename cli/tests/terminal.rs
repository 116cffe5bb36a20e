//! At a terminal a person is the payer. The terminal is `script`'s, of util-linux.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod shop;

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use shop::{OTHER_PAYER, PAYER, until};

/// Runs a charge at a terminal and types `answer` when the payer is asked; the exit code and what the screen showed.
fn at_terminal(arguments: &[&str], answer: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let command = format!("exec {} charge {}", env!("CARGO_BIN_EXE_caas"), arguments.join(" "));
    let mut script = Command::new("script");
    script.args(["-qec", &command, "/dev/null"]).current_dir(folder.path());
    script.env_clear().env("HOME", folder.path()).env("PATH", std::env::var_os("PATH").unwrap());
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut keyboard, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
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
    let text = || String::from_utf8_lossy(&shown.lock().unwrap()).into_owned();
    until("the payer is asked", || text().contains("you are the payer"));
    keyboard.write_all(answer.as_bytes()).unwrap();
    keyboard.flush().unwrap();
    until("the charge ends", || child.try_wait().unwrap().is_some());
    let code = child.wait().unwrap().code();
    drop(keyboard);
    reader.join().unwrap();
    assert!(!text().contains("panicked"), "{}", text());
    (code, text())
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
