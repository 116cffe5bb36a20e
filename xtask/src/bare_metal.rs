//! Builds for machines without an operating system. With rustup's targets where they can be had, else with Debian's
//! compiler and the sources of `core` that it brings, so that the check never goes silently.

use crate::run::{cargo, run, succeeds};

const TARGETS: [&str; 2] = ["thumbv6m-none-eabi", "thumbv7em-none-eabihf"];
/// The packages, each with the sets of features that it is built with.
const PACKAGES: [(&str, &[&str]); 2] = [
    ("caas-core", &["", "defmt", "dump-notification", "defmt,dump-notification"]),
    ("caas-transport-embedded", &["", "embassy-time"]),
];
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// Builds what runs on bare metal for every target with every set of features.
pub fn build() -> Result<(), String> {
    let by_rustup = has_targets() || succeeds("rustup", &[&["target", "add"], &TARGETS[..]].concat());
    if !by_rustup {
        println!("rustup has no such targets here: building with Debian's compiler");
        install_debian_compiler()?;
    }
    for target in TARGETS {
        for (package, sets) in PACKAGES {
            for features in sets {
                build_one(by_rustup, target, package, features)?;
            }
        }
    }
    Ok(())
}

fn build_one(by_rustup: bool, target: &str, package: &str, features: &str) -> Result<(), String> {
    let arguments = ["build", "-p", package, "--locked", "--target", target, "--features", features];
    if by_rustup { run(&cargo(), &arguments, &[]) } else { build_with_debian(&arguments) }
}

fn has_targets() -> bool {
    TARGETS.iter().all(|target| is_installed(target))
}

fn is_installed(target: &str) -> bool {
    let found =
        std::process::Command::new("rustc").args(["--print", "target-libdir", "--target", target]).output();
    found.is_ok_and(|output| {
        let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        std::path::Path::new(&folder).is_dir()
    })
}

fn install_debian_compiler() -> Result<(), String> {
    if succeeds("/usr/bin/cargo", &["--version"]) {
        return Ok(());
    }
    run("apt-get", &["update", "-qq"], &[])?;
    run("apt-get", &[&["install", "-y", "-qq"], &DEBIAN_PACKAGES[..]].concat(), &[])
}

fn build_with_debian(arguments: &[&str]) -> Result<(), String> {
    let environment =
        [("RUSTC_BOOTSTRAP", "1"), ("RUSTC", "/usr/bin/rustc"), ("CARGO_TARGET_DIR", "target/debian")];
    run("/usr/bin/cargo", &[arguments, &["-Z", "build-std=core"]].concat(), &environment)
}
