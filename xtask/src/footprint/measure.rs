//! Takes the figures of the images.

use std::collections::BTreeSet;

use super::builds::{ALONE, BARE, BUILDS, Build, CHARGES, FRAMED, JOURNAL, JSON, RIVALS, STEPS, Said, Step};
use super::faults;
use super::figures::{Figures, Key};
use super::image::Call;
use crate::bare_toolchain::BareToolchain;

/// The headings of the table.
pub const FLASH: &str = "flash over the bare runtime, bytes";
pub const PART: &str = "flash by part, bytes";
pub const RAM: &str = "static RAM over the bare runtime, with the caller's buffers, bytes";
pub const OPEN_CHARGE: &str = "RAM per open charge, bytes";
pub const STACK: &str = "deepest stack, bytes";
pub const INSTRUCTIONS: &str = "instructions";
/// Rows.
pub const STEP: &str = "one call of the core, any message";
pub const SHORT_STEP: &str = "one call of the core, message ≤ 1 KB";
const CHARGE: &str = "a Charge";
const PLACE: &str = "a place in a Till";
const LONG_MESSAGES: [&str; 2] = ["8 KB of [", "10,000 ["];

/// What was found.
#[derive(Default)]
pub struct Findings {
    /// The figures.
    pub figures: Figures,
    /// What must not be in an image.
    pub forbidden: Vec<String>,
    /// Panics in our images.
    pub panics: BTreeSet<Call>,
    /// Which call of the core took most.
    pub worst: Vec<String>,
}

impl Findings {
    fn add(&mut self, build: &Build, what: &str, of: &str, figure: u32) {
        let key = Key { what: what.to_owned(), of: of.to_owned(), build: build.name.to_owned() };
        self.figures.insert(key, figure);
    }
}

/// Measures our images.
pub fn ours(build: &Build, toolchain: &BareToolchain, findings: &mut Findings) -> Result<(), String> {
    build.check_meter(toolchain)?;
    let bare = build.image(toolchain, BARE)?;
    let mut sizes = Vec::new();
    let charges = CHARGES.map(|(profile, image)| (format!("charge through {profile}"), image));
    let others = [
        ("charge and journal", JOURNAL),
        ("charge, framing without futures", FRAMED),
        ("charge without HTTP", ALONE),
        ("JSON alone", JSON),
    ];
    let others = others.map(|(name, image)| (name.to_owned(), image));
    for (name, image) in charges.iter().chain(&others) {
        let flash = one(build, toolchain, findings, (bare.flash, bare.ram), name, image)?;
        let image = build.image(toolchain, image)?;
        sizes.push(flash);
        findings.panics.extend(faults::panics(&image)?);
        for symbol in faults::forbidden(&image) {
            findings.forbidden.push(format!("{name} ({}): {symbol} must not be in it", build.name));
        }
    }
    let [_, ideamart, _, journal, _, alone, json] = sizes[..] else { return Err("a size is missing".into()) };
    findings.add(build, PART, "JSON", json);
    findings.add(build, PART, "core", alone.saturating_sub(json));
    findings.add(build, PART, "HTTP", ideamart.saturating_sub(alone));
    findings.add(build, PART, "journal", journal.saturating_sub(ideamart));
    steps(build, &build.run(toolchain, STEPS)?, findings)
}

/// Measures what a user would take instead.
pub fn rivals(build: &Build, toolchain: &BareToolchain, findings: &mut Findings) -> Result<(), String> {
    let bare = build.image(toolchain, BARE)?;
    for (name, image) in RIVALS {
        let name = format!("{name}, one request");
        one(build, toolchain, findings, (bare.flash, bare.ram), &name, image)?;
    }
    Ok(())
}

/// Measures one image: its flash and RAM over the bare runtime, its stack and instructions when it runs.
fn one(
    build: &Build,
    toolchain: &BareToolchain,
    findings: &mut Findings,
    bare: (u32, u32),
    name: &str,
    image: &str,
) -> Result<u32, String> {
    let said = build.run(toolchain, image)?;
    let image = build.image(toolchain, image)?;
    let flash = image.flash.saturating_sub(bare.0);
    findings.add(build, FLASH, name, flash);
    findings.add(build, RAM, name, image.ram.saturating_sub(bare.1));
    findings.add(build, STACK, name, said.figure("stack")?);
    findings.add(build, INSTRUCTIONS, name, said.figure("instructions")?);
    Ok(flash)
}

fn steps(build: &Build, said: &Said, findings: &mut Findings) -> Result<(), String> {
    findings.add(build, OPEN_CHARGE, CHARGE, said.figure("charge")?);
    findings.add(build, OPEN_CHARGE, PLACE, said.figure("place_in_a_till")?);
    let is_short = |step: &&Step| !LONG_MESSAGES.iter().any(|long| step.with.ends_with(long));
    let deepest = said.steps.iter().max_by_key(|step| step.stack).ok_or("no step was measured")?;
    let longest = said.steps.iter().filter(is_short).max_by_key(|step| step.instructions);
    let longest = longest.ok_or("no step was measured")?;
    findings.add(build, STACK, STEP, deepest.stack);
    findings.add(build, INSTRUCTIONS, SHORT_STEP, longest.instructions);
    if build.name == BUILDS[0].name {
        let Step { call, with, stack, .. } = deepest;
        findings.worst.push(format!("{stack} bytes of stack in {call}, {with}"));
        let Step { call, with, instructions, .. } = longest;
        findings.worst.push(format!("{instructions} instructions in {call}, {with}"));
    }
    Ok(())
}

/// A whole charge, of any profile, must be smaller than one request of those that speak HTTP.
pub fn larger_than_rivals(figures: &Figures) -> Vec<String> {
    let flash = || figures.iter().filter(|(key, _)| key.what == FLASH && key.build == BUILDS[0].name);
    let theirs =
        flash().filter(|(key, _)| ["reqwless", "edge-http"].iter().any(|name| key.of.starts_with(name)));
    let ours = || flash().filter(|(key, _)| key.of.starts_with("charge through"));
    let pairs = theirs.flat_map(|their| ours().map(move |our| (our, their)));
    let larger = pairs.filter(|(our, their)| our.1 >= their.1);
    larger.map(|(our, their)| format!("{} is not smaller than {}", our.0.of, their.0.of)).collect()
}
