//! What a charge costs on a microcontroller: flash, RAM, stack and instructions, measured in an emulator, beside what a
//! user would take instead. `bench/footprint/README.md` says how.

mod builds;
mod faults;
mod figures;
mod image;
mod measure;
mod table;

use std::collections::BTreeSet;

use crate::bare_toolchain::{BareToolchain, install_emulator};
use crate::run::{cargo, run};
use builds::{ALL_KITS, ALONE, BUILDS, Build, FRAMED, JSON, KITS, RIVAL, RIVALS};
use figures::{Budgets, Figures};
use measure::Findings;

/// Those without futures, in which the linker can prove that no panic is left.
const PROVABLE: [&str; 3] = [JSON, ALONE, FRAMED];
const PROOF: &str = "prove-no-panic,debits";

/// Measures everything, prints it beside budgets and recorded figures, and fails where a budget is exceeded or something
/// is in an image that must not be. With `record`, the figures become the recorded ones.
pub fn print(record: bool) -> Result<(), String> {
    let toolchain = setup(&BUILDS)?;
    let mut findings = Findings::default();
    for build in BUILDS {
        build.build_ours(&toolchain)?;
        measure::ours(&build, &toolchain, &mut findings)?;
        let rivals = RIVALS.map(|rival| rival.1);
        build.build(&toolchain, &rivals, RIVAL)?;
        measure::rivals(&build, &toolchain, &mut findings)?;
    }
    if record {
        figures::record(&findings.figures, &toolchain.compiler()?)?;
    }
    judge(&toolchain, &findings, &BUILDS, |figures, budgets, _| table::over(figures, budgets))
}

/// The part that is quick enough for every run of the checks: ours, for the build that the budgets are for, and for the
/// target on which a float would show. With another compiler than the one the figures were recorded with, a figure may be
/// a little over its budget: whoever changed nothing is not to blame for it.
pub fn check() -> Result<(), String> {
    let builds = [BUILDS[0], BUILDS[2]];
    let toolchain = setup(&builds)?;
    let manifest = ["--manifest-path", "bench/footprint/Cargo.toml"];
    run(&cargo(), &[&["fmt", "--check"], &manifest[..]].concat(), &[])?;
    let whole = ["--quiet", "--locked", "--target", builds[0].target, "--features", ALL_KITS];
    toolchain.clippy("footprint", &[&manifest[..], &whole].concat())?;
    let mut findings = Findings::default();
    for build in builds {
        build.build_ours(&toolchain)?;
        if toolchain.is_rustups() {
            measure::ours(&build, &toolchain, &mut findings)?;
        }
    }
    if !toolchain.is_rustups() {
        println!(
            "the figures are those of rustup's compiler: with Debian's the images were built, not measured"
        );
        return Ok(());
    }
    let wrong: Judge = if figures::recorded_with(&toolchain.compiler()?)? {
        |figures, budgets, _| table::over(figures, budgets)
    } else {
        table::grown
    };
    judge(&toolchain, &findings, &builds, wrong)
}

/// Prints the largest functions of an image, for whoever makes it smaller.
pub fn functions(name: &str) -> Result<(), String> {
    let build = BUILDS[0];
    let toolchain = setup(&[build])?;
    let kit = KITS.iter().find(|(_, images)| images.contains(&name)).map_or(RIVAL, |(features, _)| features);
    build.build(&toolchain, &[name], kit)?;
    for (function, size) in build.image(&toolchain, name)?.functions().iter().take(60) {
        println!("{size:>6}  {function}");
    }
    Ok(())
}

fn setup(builds: &[Build]) -> Result<BareToolchain, String> {
    let mut targets: Vec<&str> = builds.iter().map(|build| build.target).collect();
    targets.dedup();
    install_emulator()?;
    BareToolchain::for_targets(&targets)
}

/// Finds which figures are wrong, by the budgets and the recorded figures.
type Judge = fn(&Figures, &Budgets, &Figures) -> Vec<String>;

fn judge(
    toolchain: &BareToolchain,
    findings: &Findings,
    builds: &[Build],
    wrong: Judge,
) -> Result<(), String> {
    let (budgets, recorded) = (figures::budgets()?, figures::recorded()?);
    table::print(&findings.figures, &recorded, &budgets, builds);
    for over in table::over(&findings.figures, &budgets) {
        println!("{over}");
    }
    let mut wrong = wrong(&findings.figures, &budgets, &recorded);
    wrong.extend(measure::larger_than_rivals(&findings.figures));
    wrong.extend(findings.forbidden.iter().cloned());
    println!("\nAt their worst: {}", findings.worst.join("; "));
    wrong.extend(judge_panics(toolchain, &findings.panics)?);
    if wrong.is_empty() { Ok(()) } else { Err(format!("footprint\n  {}", wrong.join("\n  "))) }
}

/// Prints the panics that are left; where there are none, the linker must agree.
fn judge_panics(toolchain: &BareToolchain, panics: &BTreeSet<image::Call>) -> Result<Vec<String>, String> {
    let named = faults::named()?;
    let of_futures = panics.iter().filter(|panic| faults::is_of_a_finished_future(panic)).count();
    println!(
        "\nPanics: {} in all images; {of_futures} more are of futures that are polled after their end, which the \
         compiler makes and an executor must not do.",
        panics.len() - of_futures
    );
    for panic in &named {
        println!("  {panic}");
    }
    let wrong = faults::judge(panics, &named);
    if panics.len() == of_futures {
        BUILDS[0]
            .build(toolchain, &PROVABLE, PROOF)
            .map_err(|_| "the linker found a panic that the call graph does not show".to_owned())?;
        println!("Proven by the linker: no panic is left in {}.", PROVABLE.join(", "));
    }
    Ok(wrong)
}
