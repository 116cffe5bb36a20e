//! Every check, in the order in which they run: quick ones first.

use std::time::Instant;

use crate::run::{cargo, run};
use crate::{bare_metal, browser, deny, firmware, footprint, msrv, trace};

type Check = (&'static str, fn() -> Result<(), String>);

const CHECKS: [Check; 11] = [
    ("format", format),
    ("trace", trace::print),
    ("clippy", clippy),
    ("bare-metal", bare_metal::build),
    ("tests", tests),
    ("browser", browser::test),
    ("firmware", firmware::check),
    ("footprint", footprint::check),
    ("docs", docs),
    ("deny", deny::check),
    ("msrv", msrv::check),
];

/// Runs all checks; the first that fails ends it.
pub fn all() -> Result<(), String> {
    let mut times = Vec::new();
    for (name, check) in CHECKS {
        println!("\n== {name}");
        let start = Instant::now();
        check().map_err(|what| format!("{name}: {what}"))?;
        times.push(format!("{name} {} s", start.elapsed().as_secs()));
    }
    println!("\nall checks passed: {}", times.join(", "));
    Ok(())
}

/// Runs one check by its name.
pub fn one(name: &str) -> Result<(), String> {
    match CHECKS.iter().find(|check| check.0 == name) {
        Some((_, check)) => check(),
        None => Err(format!("there is no check {name}: see cargo xtask help")),
    }
}

fn format() -> Result<(), String> {
    run(&cargo(), &["fmt", "--all", "--check"], &[])
}

fn clippy() -> Result<(), String> {
    let denied = ["--", "-D", "warnings"];
    for features in ["defmt", "dump-notification", "model", "serde"] {
        run(&cargo(), &[&["clippy", "-p", "caas-core", "--features", features], &denied[..]].concat(), &[])?;
    }
    let tls =
        ["clippy", "-p", "caas-transport-embedded", "--all-targets", "--locked", "--features", "tls,defmt"];
    run(&cargo(), &[&tls[..], &denied[..]].concat(), &[])?;
    run(&cargo(), &[&["clippy", "--workspace", "--all-targets", "--locked"], &denied[..]].concat(), &[])
}

/// The random inputs of the property tests are the same in every run of this check, so that it says of a change only what
/// the change did. A plain `cargo test` tries new ones each time; so does the fuzzer.
const SAME_INPUTS: (&str, &str) = ("PROPTEST_RNG_SEED", "7000");

/// The parts of the core that a firmware of one carrier takes.
const LEFT_OUT: [&str; 4] = ["prompts", "debits", "debits,notifications", "prompts,notifications"];

/// Unit tests, integration tests and examples, then the code blocks of the documents.
fn tests() -> Result<(), String> {
    run(&cargo(), &["build", "--workspace", "--locked", "--examples", "--bins"], &[])?;
    // Alone first: without the features that the workspace turns on.
    run(&cargo(), &["test", "-p", "caas-core", "--locked"], &[SAME_INPUTS])?;
    run(&cargo(), &["test", "--workspace", "--locked"], &[SAME_INPUTS])?;
    for parts in LEFT_OUT {
        let parts = ["test", "-p", "caas-core", "--locked", "--no-default-features", "--features", parts];
        run(&cargo(), &[&parts[..], &["--test", "left_out"]].concat(), &[])?;
    }
    // What the workspace's features leave out.
    let tls = ["test", "-p", "caas-transport-embedded", "--locked", "--features", "tls"];
    run(&cargo(), &[&tls[..], &["--test", "tls", "--test", "tls_attacks"]].concat(), &[])?;
    run(&cargo(), &["run", "-p", "caas-transport-std", "--locked", "--example", "ten_lines"], &[])
}

fn docs() -> Result<(), String> {
    run(&cargo(), &["doc", "--workspace", "--no-deps", "--locked"], &[("RUSTDOCFLAGS", "-D warnings")])
}
