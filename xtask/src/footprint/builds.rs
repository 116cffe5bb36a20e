//! The images: which there are, how they are built, and what they say when they run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::image::Image;
use crate::bare_toolchain::{BareToolchain, EMULATOR};
use crate::run::root;

/// The bare runtime.
pub const BARE: &str = "bare";
/// Our images with a charge over HTTP, by the profile.
pub const CHARGES: [(&str, &str); 3] =
    [("mobitel", "charge_mobitel"), ("ideamart", "charge_ideamart"), ("dialog", "charge_dialog")];
/// Messages read and written, nothing else.
pub const JSON: &str = "json";
/// The charge without HTTP.
pub const ALONE: &str = "charge_alone";
/// The charge with the HTTP framing and without futures.
pub const FRAMED: &str = "charge_framed";
/// The charge over HTTP with the journal in flash.
pub const JOURNAL: &str = "charge_journal";
/// Each call of the core by itself.
pub const STEPS: &str = "steps";
/// The images of what a user would take instead, with their names.
pub const RIVALS: [(&str, &str); 3] =
    [("reqwless", "reqwless"), ("edge-http", "edge_http"), ("minimq", "minimq")];

/// Our images, by what they take of the core: each what its profile needs.
pub const KITS: [(&str, &[&str]); 4] = [
    ("prompts", &[CHARGES[0].1]),
    (DEBITS, &[CHARGES[1].1, ALONE, FRAMED, JOURNAL, JSON]),
    ("debits,notifications", &[CHARGES[2].1]),
    (ALL_KITS, &["meter", BARE, STEPS]),
];
/// All that there is in the core.
pub const ALL_KITS: &str = "debits,notifications,prompts";
/// What a direct debit needs.
pub const DEBITS: &str = "debits";
/// What the images of [`RIVALS`] need.
pub const RIVAL: &str = "rivals";

const FOLDER: &str = "bench/footprint";
const TARGET_DIR: &str = "footprint";
/// A loop of a known length must take so many instructions, give or take: else the meter is wrong.
const METER: (&str, u32, u32) = ("meter", 300_000, 1_000);
/// And so much stack.
const METER_STACK: std::ops::Range<u32> = 1000..1200;

/// What is built for, and how it is optimised.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Build {
    /// The target.
    pub target: &'static str,
    /// The profile of `bench/footprint/Cargo.toml`.
    pub profile: &'static str,
    /// In the table.
    pub name: &'static str,
}

/// All builds; the first is the one that the budgets are for.
pub const BUILDS: [Build; 4] = [
    Build { target: "thumbv7em-none-eabihf", profile: "z", name: "v7em z" },
    Build { target: "thumbv7em-none-eabihf", profile: "speed", name: "v7em 3" },
    Build { target: "thumbv6m-none-eabi", profile: "z", name: "v6m z" },
    Build { target: "thumbv6m-none-eabi", profile: "speed", name: "v6m 3" },
];

/// What an image said when it ran.
pub struct Said {
    figures: BTreeMap<String, u32>,
    /// Lines of steps.
    pub steps: Vec<Step>,
}

/// One call of the core.
#[derive(Clone)]
pub struct Step {
    /// Of what.
    pub call: String,
    /// In which sale, and with which message.
    pub with: String,
    /// Its deepest stack.
    pub stack: u32,
    /// Its instructions.
    pub instructions: u32,
}

impl Said {
    /// A figure, by its name.
    pub fn figure(&self, name: &str) -> Result<u32, String> {
        self.figures.get(name).copied().ok_or_else(|| format!("the image did not say its {name}"))
    }
}

impl Build {
    /// Builds images with these features of the package; warnings are errors.
    pub fn build(&self, toolchain: &BareToolchain, images: &[&str], features: &str) -> Result<(), String> {
        let manifest = format!("{FOLDER}/Cargo.toml");
        let mut arguments = vec!["build", "--quiet", "--locked", "--manifest-path", &manifest];
        arguments.extend(["--target", self.target, "--profile", self.profile, "--features", features]);
        for image in images {
            arguments.extend(["--bin", image]);
        }
        toolchain.cargo(TARGET_DIR, &arguments)
    }

    /// Builds all of ours.
    pub fn build_ours(&self, toolchain: &BareToolchain) -> Result<(), String> {
        KITS.iter().try_for_each(|(features, images)| self.build(toolchain, images, features))
    }

    /// Reads an image that was built.
    pub fn image(&self, toolchain: &BareToolchain, name: &str) -> Result<Image, String> {
        Image::read(&self.path(toolchain, name))
    }

    /// Runs an image in the emulator, with time that follows the instructions. It must say that it did its work.
    pub fn run(&self, toolchain: &BareToolchain, name: &str) -> Result<Said, String> {
        let output = Command::new("timeout")
            .args(["120", EMULATOR, "-M", "mps2-an386", "-nographic", "-icount", "shift=0"])
            .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
            .arg(self.path(toolchain, name))
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("{EMULATOR}: {error}"))?;
        // The emulator writes what an image says to its own errors.
        let text = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            return Err(format!("{name} ({}) did not do its work: {}\n{text}", self.name, output.status));
        }
        read(&text).ok_or_else(|| format!("{name} ({}) said what is not understood:\n{text}", self.name))
    }

    /// A loop of a known length, and a frame of a known size: what the meter says must be right.
    pub fn check_meter(&self, toolchain: &BareToolchain) -> Result<(), String> {
        let said = self.run(toolchain, METER.0)?;
        let (instructions, stack) = (said.figure("instructions")?, said.figure("stack")?);
        if instructions.abs_diff(METER.1) > METER.2 || !METER_STACK.contains(&stack) {
            return Err(format!("the meter says {instructions} instructions and {stack} bytes of stack"));
        }
        Ok(())
    }

    fn path(&self, toolchain: &BareToolchain, name: &str) -> PathBuf {
        toolchain.target_dir(TARGET_DIR).join(self.target).join(self.profile).join(name)
    }
}

/// A file of the footprint's folder.
pub fn file(name: &str) -> PathBuf {
    root().join(FOLDER).join(name)
}

fn read(text: &str) -> Option<Said> {
    let mut said = Said { figures: BTreeMap::new(), steps: Vec::new() };
    for line in text.lines() {
        let words: Vec<&str> = line.split('\t').collect();
        if let ["step", call, sale, message, stack, instructions] = words.as_slice() {
            said.steps.push(Step {
                call: (*call).to_owned(),
                with: format!("{sale} {message}").trim_end().to_owned(),
                stack: stack.parse().ok()?,
                instructions: instructions.parse().ok()?,
            });
        } else {
            let (name, figure) = line.split_once(' ')?;
            said.figures.insert(name.to_owned(), figure.parse().ok()?);
        }
    }
    Some(said)
}
