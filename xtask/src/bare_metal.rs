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
    (
        "caas-core",
        &[
            "",
            "debits",
            "notifications",
            "prompts",
            "debits,notifications",
            "default",
            "defmt",
            "dump-notification",
            "serde",
            "debits,default,defmt,dump-notification,notifications,prompts,serde",
        ],
    ),
    (
        "caas-transport-embedded",
        &["", "default", "driver", "embassy-time", "defmt", "tls", "default,driver,embassy-time,defmt,tls"],
    ),
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
            let what = ["build", "-p", package, "--locked", "--no-default-features", "--features", features];
            toolchain.cargo("bare-metal", &[&what[..], &PROFILE, &targets].concat())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::run::root;

    /// `model` is for the model checker on a host.
    const NOT_FOR_FIRMWARE: [&str; 1] = ["model"];

    #[test]
    fn every_feature_of_what_runs_on_bare_metal_is_built() {
        for (package, sets) in PACKAGES {
            let folder = package.trim_start_matches("caas-");
            let manifest = std::fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
            let section = manifest.split("[features]").nth(1).unwrap().split("\n[").next().unwrap();
            let features: Vec<&str> =
                section.lines().filter_map(|line| Some(line.split_once(" = [")?.0)).collect();
            assert!(!features.is_empty(), "{package}");
            for feature in features.iter().filter(|feature| !NOT_FOR_FIRMWARE.contains(feature)) {
                assert!(sets.contains(feature), "{package} is not built with {feature} alone");
                assert!(sets.last().unwrap().contains(feature), "{package} is not built with all");
            }
        }
    }
}
