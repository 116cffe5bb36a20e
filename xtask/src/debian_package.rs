//! What a check needs beside the Rust toolchain comes from Debian's package manager.

use crate::run::{run, succeeds};

/// Installs packages unless the program that they bring is there.
pub fn install(program: &str, packages: &[&str]) -> Result<(), String> {
    if succeeds(program, &["--version"]) {
        return Ok(());
    }
    run("apt-get", &["update", "-qq"], &[])?;
    run("apt-get", &[&["install", "-y", "-qq"], packages].concat(), &[])
}
