//! `caas resend`: sends a request or a notification of a running simulator's log again.

use serde_json::json;

use crate::arguments::Resend;
use crate::exit::{Exit, Stop};
use crate::simulator_api::SimulatorApi;
use crate::tell::Tell;
use crate::trigger::escaped;

/// Sends it again, as it came; faults and settings of now apply.
pub async fn resend(tell: Tell, arguments: &Resend) -> Result<Exit, Stop> {
    let simulator = SimulatorApi::at(&arguments.at)?;
    let path = format!("/sim/log/{}/resend", escaped(&arguments.id));
    let answer = simulator.call("POST", &path, &json!({})).await?;
    let request = &answer["request"];
    let status = request["status"].as_u64().map_or("no answer".to_owned(), |status| format!("HTTP {status}"));
    let text = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
    if tell.json {
        tell.object(&json!({
            "event": "resent", "of": arguments.id, "id": answer["id"], "status": request["status"],
            "answer": request["answer"], "fault": request["fault"],
        }));
    } else if request.is_null() {
        tell.line(&format!("{} is on its way again", arguments.id));
    } else {
        let id = answer["id"].as_str().unwrap_or_default();
        tell.line(&format!("{} again, as {id}: {status} {} {}", arguments.id, text("answer"), text("fault")));
    }
    Ok(tell.done("resent", Exit::Done))
}
