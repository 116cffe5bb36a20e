//! A compiler for machines without an operating system, and the emulator that runs what it makes. The compiler is
//! rustup's where its targets can be had, else Debian's with the sources of `core` that it brings: a check that needs it
//! never goes silently.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian_package::install;
use crate::run::{cargo, root, run, succeeds};

/// The emulator of an ARM machine.
#[allow(dead_code)]
pub const EMULATOR: &str = "qemu-system-arm";

const DEBIAN_COMPILER: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];
/// Debian's compiler brings no linker for these targets.
const DEBIAN_LINKER: (&str, &str) = ("arm-none-eabi-ld", "binutils-arm-none-eabi");

/// A compiler that builds for the targets it was asked for.
pub struct BareToolchain {
    by_rustup: bool,
}

impl BareToolchain {
    /// Finds or fetches a compiler for these targets.
    pub fn for_targets(targets: &[&str]) -> Result<Self, String> {
        let by_rustup =
            targets.iter().all(has_target) || succeeds("rustup", &[&["target", "add"], targets].concat());
        if !by_rustup {
            println!("rustup has no such targets here: building with Debian's compiler");
            install("/usr/bin/cargo", &DEBIAN_COMPILER)?;
            install(DEBIAN_LINKER.0, &[DEBIAN_LINKER.1])?;
        }
        Ok(Self { by_rustup })
    }

    /// Whether it is rustup's compiler, with which figures are recorded.
    pub fn is_rustups(&self) -> bool {
        self.by_rustup
    }

    /// The compiler, by its name and version.
    pub fn compiler(&self) -> Result<String, String> {
        let compiler = if self.by_rustup { "rustc" } else { "/usr/bin/rustc" };
        let output = Command::new(compiler).arg("--version").output();
        let output = output.map_err(|error| format!("{compiler}: {error}"))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Runs cargo in the workspace's folder. Another workspace is named with `--manifest-path`; what is built goes into
    /// [`Self::target_dir`] of `name`.
    pub fn cargo(&self, name: &str, arguments: &[&str]) -> Result<(), String> {
        let folder = self.target_dir(name);
        let mut all = vec![("CARGO_TARGET_DIR", folder.to_str().ok_or("the folder's name is not UTF-8")?)];
        if self.by_rustup {
            return run(&cargo(), arguments, &all);
        }
        all.push(("RUSTC_BOOTSTRAP", "1"));
        all.push(("RUSTC", "/usr/bin/rustc"));
        let linkers = ["THUMBV6M_NONE_EABI", "THUMBV7EM_NONE_EABIHF", "THUMBV8M_MAIN_NONE_EABIHF"]
            .map(|target| format!("CARGO_TARGET_{target}_LINKER"));
        all.extend(linkers.iter().map(|variable| (variable.as_str(), DEBIAN_LINKER.0)));
        run("/usr/bin/cargo", &[arguments, &["-Z", "build-std=core"]].concat(), &all)
    }

    /// Runs clippy as [`Self::cargo`] runs cargo, where the compiler has it: Debian's has not.
    pub fn clippy(&self, name: &str, arguments: &[&str]) -> Result<(), String> {
        if !self.by_rustup {
            println!("Debian's compiler has no clippy: not looked at");
            return Ok(());
        }
        self.cargo(name, &[&["clippy"], arguments, &["--", "-D", "warnings"]].concat())
    }

    /// Where a build of this name is put: `target/NAME`, apart from what another compiler makes.
    pub fn target_dir(&self, name: &str) -> PathBuf {
        let target = root().join("target");
        if self.by_rustup { target.join(name) } else { target.join("debian").join(name) }
    }
}

/// Installs the emulator if it is not there.
#[allow(dead_code)]
pub fn install_emulator() -> Result<(), String> {
    install(EMULATOR, &[EMULATOR])
}

fn has_target(target: &&str) -> bool {
    let found = Command::new("rustc").args(["--print", "target-libdir", "--target", target]).output();
    found.is_ok_and(|output| {
        let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Path::new(&folder).is_dir()
    })
}
