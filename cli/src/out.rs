//! Standard output and standard error, which may be gone: a reader that closed its pipe stops no charge, and a command
//! that cannot speak still ends with its exit code.

use std::io::{IsTerminal, Write};
use std::sync::LazyLock;

/// At a terminal, what stands on the last line (the countdown) gives way to a new line.
const CLEAR_LINE: &str = "\r\x1b[K";

static TERMINAL: LazyLock<bool> = LazyLock::new(|| std::io::stdout().is_terminal());

/// Whether standard output is a terminal.
pub fn is_terminal() -> bool {
    *TERMINAL
}

/// A line on standard output.
pub fn line(text: &str) {
    let clear = if is_terminal() { CLEAR_LINE } else { "" };
    let _ = writeln!(std::io::stdout(), "{clear}{text}");
}

/// A line at a terminal that the next one takes the place of.
pub fn passing(text: &str) {
    let mut out = std::io::stdout();
    let _ = write!(out, "{CLEAR_LINE}{text}").and_then(|()| out.flush());
}

/// A line on standard error, for people.
pub fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
