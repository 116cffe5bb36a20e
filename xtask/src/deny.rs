//! Licences, duplicates and sources of the dependencies, with cargo-deny; its settings are in `deny.toml`.

use crate::run::{cargo, root, run, succeeds};

const VERSION: &str = "0.20.2";

/// Installs cargo-deny below `target/` if it is not there, and runs it.
pub fn check() -> Result<(), String> {
    let tools = root().join("target/tools");
    let program = tools.join("bin/cargo-deny");
    let program = program.to_string_lossy();
    if !succeeds(&program, &["--version"]) {
        let folder = tools.to_string_lossy();
        run(&cargo(), &["install", "cargo-deny", "--version", VERSION, "--locked", "--root", &folder], &[])?;
    }
    run(&program, &["check", "bans", "licenses", "sources"], &[])?;
    // The list of advisories is fetched; where there is no way to it, that is said and is no failure of this tree.
    if run(&program, &["fetch", "db"], &[]).is_err() {
        println!("the list of advisories cannot be fetched here: not checked");
        return Ok(());
    }
    run(&program, &["check", "advisories"], &[])
}
