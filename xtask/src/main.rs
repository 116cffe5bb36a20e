//! The project's own checks. `cargo xtask` says what there is.

mod bare_metal;
mod bare_toolchain;
mod browser;
mod checks;
mod debian_package;
mod deny;
mod firmware;
mod footprint;
mod msrv;
mod run;
mod trace;

use std::process::ExitCode;

const HELP: &str = "\
The project's own checks.

cargo xtask test         everything: sets up what it needs (targets, tools), then runs every check
cargo xtask check NAME   one of them: format, clippy, bare-metal, tests, browser, firmware, footprint,
                         docs, deny, msrv, trace
cargo xtask firmware     a vending machine in QEMU sells through the simulator while its power goes
cargo xtask footprint    flash, RAM, stack and instructions of a charge on Cortex-M0 and M4, beside budgets and rivals;
                         --record keeps the figures, --functions IMAGE prints an image's largest functions
cargo xtask trace        the scenarios of docs/recovery.md with the tests that prove them";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["test"] => checks::all(),
        ["check", name] => checks::one(name),
        ["firmware"] => firmware::check(),
        ["footprint"] => footprint::print(false),
        ["footprint", "--record"] => footprint::print(true),
        ["footprint", "--functions", image] => footprint::functions(image),
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
