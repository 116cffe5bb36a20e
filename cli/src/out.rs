//! Standard output and standard error, which may be gone: a reader that closed its pipe stops no charge, and a command
//! that cannot speak still ends with its exit code.

use std::io::Write;

/// A line on standard output.
pub fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Text on standard output without a line's end, such as a question.
pub fn text(text: &str) {
    let mut out = std::io::stdout();
    let _ = write!(out, "{text}").and_then(|()| out.flush());
}

/// A line on standard error, for people.
pub fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
