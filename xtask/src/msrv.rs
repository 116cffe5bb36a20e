//! The oldest compilers that the packages promise (`rust-version`): they are fetched and used.

use crate::run::{run, succeeds};

/// What is promised: the packages, and the oldest compiler that builds them.
const PROMISES: [(&str, &[&str]); 2] = [("1.87.0", &["-p", "caas-core"]), ("1.89.0", &["--workspace"])];

/// Builds with each. Where rustup cannot fetch a compiler, that is said, and clippy's `incompatible_msrv`, which knows
/// since when the standard library has what, is all that is left of this check.
pub fn check() -> Result<(), String> {
    for (version, packages) in PROMISES {
        let is_there = succeeds("rustup", &["run", version, "rustc", "--version"]);
        let fetched = is_there
            || succeeds(
                "rustup",
                &["toolchain", "install", version, "--profile", "minimal", "--no-self-update"],
            );
        if !fetched {
            println!("rustup cannot fetch Rust {version} here: not built with it");
            continue;
        }
        let arguments = [&["run", version, "cargo", "check", "--locked"], packages].concat();
        run("rustup", &arguments, &[("CARGO_TARGET_DIR", "target/msrv")])?;
    }
    Ok(())
}
