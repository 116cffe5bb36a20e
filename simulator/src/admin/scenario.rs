//! Runs a scenario.

use serde_json::json;
use tokio::time::sleep;

use crate::admin::{Call, Wrong, told};
use crate::answer::Answer;
use crate::scenario::Scenario;
use crate::scenario_run::{PAUSE, ScenarioRun};

pub(crate) async fn run(call: &Call<'_>) -> Answer {
    let scenario: Scenario = match call.read() {
        Ok(scenario) => scenario,
        Err(wrong) => return told(Err(wrong)),
    };
    let Some(mut run) = ScenarioRun::begin(call.engine, &scenario) else {
        return told(Err(Wrong::Request("another scenario runs".to_owned())));
    };
    while !run.advance() {
        sleep(PAUSE).await;
    }
    told(Ok(json!(run.report())))
}
