//! The project's own checks. `cargo xtask` says what there is.

mod bare_metal;
mod bare_toolchain;
mod checks;
mod deny;
mod msrv;
mod run;
mod trace;

use std::process::ExitCode;

const HELP: &str = "\
The project's own checks.

cargo xtask test         everything: sets up what it needs (targets, tools), then runs every check
cargo xtask check NAME   one of them: format, clippy, bare-metal, tests, docs, deny, msrv, trace
cargo xtask trace        the scenarios of docs/recovery.md with the tests that prove them";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["test"] => checks::all(),
        ["check", name] => checks::one(name),
        ["trace"] => trace::print(),
        ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(())
        }
        _ => {
            eprintln!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("\nfailed: {what}");
            ExitCode::FAILURE
        }
    }
}
