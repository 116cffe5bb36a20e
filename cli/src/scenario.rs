//! `caas simulate --scenario`: runs a scenario file and says whether everything was as expected.

use std::path::Path;
use std::sync::Arc;

use caas_simulator::{Scenario, Simulator};
use serde_json::json;

use crate::arguments::Simulate;
use crate::exit::{Exit, Stop};
use crate::interrupt::Signals;
use crate::tell::Tell;

/// Refuses what would have no effect beside a scenario: whoever typed it would take the report for something else.
pub fn check(arguments: &Simulate) -> Result<(), Stop> {
    let typed = [
        (arguments.port.is_some(), "--port", None),
        (arguments.state.is_some(), "--state", None),
        (arguments.simulated.payer.is_some(), "--payer", Some("payer")),
        (arguments.simulated.clock.is_some(), "--clock", Some("clockRate")),
        (arguments.confirm.is_some(), "--confirm", Some("confirm")),
        (arguments.no_dedup, "--no-dedup", Some("deduplicates")),
        (arguments.no_magic, "--no-magic", Some("magicValues")),
        (arguments.notify.is_some(), "--notify", Some("notifyUrl")),
    ];
    match typed.into_iter().find(|(given, ..)| *given) {
        None => Ok(()),
        Some((_, flag, Some(setting))) => Err(Stop::usage(format!(
            "{flag} does nothing beside --scenario: the scenario's file sets its simulator up. Write {setting} under its \
             settings, or leave {flag} out"
        ))),
        Some((_, flag, None)) => Err(Stop::usage(format!(
            "{flag} does nothing beside --scenario: a scenario has a simulator of its own, which ends with it. Leave \
             {flag} out"
        ))),
    }
}

/// Runs it at a simulator of its own, with this seed instead of the file's if one is given.
pub async fn run(tell: Tell, mut signals: Signals, file: &Path, seed: Option<u64>) -> Result<Exit, Stop> {
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Stop::usage(format!("{shown} cannot be read: {error}")))?;
    let mut scenario: Scenario = serde_json::from_str(&text).map_err(|error| {
        Stop::usage(format!("{shown} is no scenario: {error}; simulator/README.md says what one has"))
    })?;
    scenario.seed = seed.unwrap_or(scenario.seed);
    let seed = scenario.seed;
    let simulator = Arc::new(
        Simulator::builder()
            .start()
            .map_err(|error| Stop::broken(format!("the simulator cannot start: {error}")))?,
    );
    let running = tokio::task::spawn_blocking(move || simulator.run_scenario(&scenario));
    let report = tokio::select! {
        report = running => report.map_err(|error| Stop::broken(format!("the scenario broke off: {error}")))?,
        () = signals.next() => return Ok(tell.done(Exit::Interrupted.word(), Exit::Interrupted)),
    };
    for (place, step) in report.steps.iter().enumerate() {
        let (number, failure) = (place + 1, step.failure.as_deref());
        if tell.json {
            tell.object(&json!({
                "event": "step", "number": number, "what": step.what, "passed": failure.is_none(), "cause": failure,
            }));
        } else {
            let mark = if failure.is_some() { "FAILED" } else { "ok" };
            let why = failure.map_or_else(String::new, |why| format!(": {why}"));
            tell.line(&format!("{mark:<7} {number:>3}  {}{why}", step.what));
        }
    }
    if !tell.json {
        let word = if report.passed { "passed" } else { "failed" };
        tell.line(&format!("\n{word} (simulated): {}, seed {seed}", report.name));
    }
    Ok(if report.passed { tell.done("passed", Exit::Done) } else { tell.done("failed", Exit::Failed) })
}
