//! What runs on bare metal builds for every target with every set of features.

use crate::bare_toolchain::BareToolchain;

const TARGETS: [&str; 4] = [
    "thumbv6m-none-eabi",
    "thumbv7em-none-eabihf",
    "thumbv8m.main-none-eabihf",
    "riscv32imc-unknown-none-elf",
];
/// The packages, each with the sets of features that it is built with.
const PACKAGES: [(&str, &[&str]); 2] = [
    ("caas-core", &["", "defmt", "dump-notification", "defmt,dump-notification"]),
    ("caas-transport-embedded", &["", "embassy-time"]),
];

/// Not optimised: this asks only whether it builds, and there are many builds.
const PROFILE: [&str; 6] = [
    "--config",
    "profile.dev.package.caas-core.opt-level=0",
    "--config",
    "profile.dev.package.caas-transport-embedded.opt-level=0",
    "--config",
    "profile.dev.debug=0",
];

/// Builds every package for every target with every set of features.
pub fn build() -> Result<(), String> {
    let toolchain = BareToolchain::for_targets(&TARGETS)?;
    let targets = TARGETS.map(|target| ["--target", target]).concat();
    for (package, sets) in PACKAGES {
        for features in sets {
            let what = ["build", "-p", package, "--locked", "--features", features];
            toolchain.cargo("bare-metal", &[&what[..], &PROFILE, &targets].concat(), &[])?;
        }
    }
    Ok(())
}
