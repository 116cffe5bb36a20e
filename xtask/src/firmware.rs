//! The vending machine: builds its image, and runs it in the emulator against the simulator.

use crate::bare_toolchain::{BareToolchain, install_emulator};
use crate::run::{cargo, run};

const TARGET: &str = "thumbv7em-none-eabihf";
const MANIFEST: [&str; 2] = ["--manifest-path", "firmware/Cargo.toml"];
/// The image, in the folder of the build.
const IMAGE: &str = "thumbv7em-none-eabihf/release/vending-machine";

/// Formats, builds and runs it. What is missing is installed.
pub fn check() -> Result<(), String> {
    let toolchain = BareToolchain::for_targets(&[TARGET])?;
    install_emulator()?;
    run(&cargo(), &[&["fmt", "--check"], &MANIFEST[..]].concat(), &[])?;
    let what = [&["--release", "--locked", "--target", TARGET], &MANIFEST[..]].concat();
    toolchain.clippy("firmware", &what)?;
    toolchain.cargo("firmware", &[&["build"], &what[..]].concat())?;
    let image = toolchain.target_dir("firmware").join(IMAGE);
    let image = image.to_str().ok_or("the folder's name is not UTF-8")?;
    // Its own sources too: the target is left out of what a workspace's check finds by itself.
    let test = ["--locked", "-p", "caas-tests", "--test", "firmware"];
    run(&cargo(), &[&["clippy"], &test[..], &["--", "-D", "warnings"]].concat(), &[])?;
    let show = ["--", "--nocapture"];
    run(&cargo(), &[&["test"], &test[..], &show].concat(), &[("CAAS_FIRMWARE", image)])
}
