//! `caas logs`: the log of a running simulator, and what is added to it.

use caas_core::id::Masked;
use serde_json::{Value, json};

use crate::arguments::Logs;
use crate::exit::{Exit, Stop};
use crate::interrupt::Signals;
use crate::simulator_api::SimulatorApi;
use crate::span;
use crate::tell::{Tell, rupees};

/// Shows the log, and goes on until Ctrl-C or until the simulator ends.
pub async fn logs(tell: Tell, arguments: &Logs) -> Result<Exit, Stop> {
    let mut signals = Signals::take()?;
    let since = arguments.since.as_deref().map(span::parse).transpose().map_err(Stop::usage)?;
    let simulator = SimulatorApi::at(&arguments.at)?;
    // Listening comes first, so that nothing falls between the two.
    let mut events = simulator.events().await?;
    let mut shown = Shown::default();
    show_log(tell, &simulator, since, &mut shown).await?;
    if arguments.no_follow {
        return Ok(tell.done("shown", Exit::Done));
    }
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = signals.next() => return Ok(tell.done("stopped", Exit::Done)),
        };
        let Some(event) = event else {
            tell.note("the simulator ended");
            return Ok(tell.done("ended", Exit::Done));
        };
        // A change that is no event, or events that were missed under load: the log has what is missing.
        if event.get("changed").is_some() {
            show_log(tell, &simulator, Some(0), &mut shown).await.or_else(ended)?;
        } else {
            show(tell, &event, &mut shown);
        }
    }
}

/// A simulator that ends is told by its events, not by the look that it did not answer.
fn ended(stop: Stop) -> Result<(), Stop> {
    if stop.exit == Exit::Usage { Ok(()) } else { Err(stop) }
}

/// What was shown: the latest serial of each kind. Both are without gaps.
#[derive(Default)]
struct Shown {
    request: u64,
    delivery: u64,
}

async fn show_log(
    tell: Tell,
    simulator: &SimulatorApi,
    since: Option<u64>,
    shown: &mut Shown,
) -> Result<(), Stop> {
    let log = simulator.get("/sim/log").await?;
    let from = match since {
        Some(0) | None => 0,
        Some(since) => log["now"].as_u64().unwrap_or(0).saturating_sub(since),
    };
    let list = |name: &str| log[name].as_array().cloned().unwrap_or_default();
    let newest = |name: &str| list(name).last().map_or(0, |entry| entry["serial"].as_u64().unwrap_or(0));
    // After a reset they are counted anew.
    if newest("requests") < shown.request {
        shown.request = 0;
    }
    if newest("deliveries") < shown.delivery {
        shown.delivery = 0;
    }
    let mut entries: Vec<Value> =
        list("requests").into_iter().map(|entry| json!({"request": entry})).collect();
    entries.extend(list("deliveries").into_iter().map(|entry| json!({"notificationSent": entry})));
    let at = |entry: &Value| inside(entry)["at"].as_u64().unwrap_or(0);
    entries.sort_by_key(at);
    for entry in entries.iter().filter(|entry| at(entry) >= from) {
        show(tell, entry, shown);
    }
    Ok(())
}

/// The event's own members.
fn inside(event: &Value) -> &Value {
    event.as_object().and_then(|members| members.values().next()).unwrap_or(&Value::Null)
}

fn show(tell: Tell, event: &Value, shown: &mut Shown) {
    let Some(name) = event.as_object().and_then(|members| members.keys().next()) else {
        return;
    };
    let (is, serial) = (inside(event), inside(event)["serial"].as_u64().unwrap_or(0));
    let latest = match name.as_str() {
        "request" => Some(&mut shown.request),
        "notificationSent" => Some(&mut shown.delivery),
        _ => None,
    };
    if let Some(latest) = latest {
        if serial <= *latest {
            return;
        }
        *latest = serial;
    }
    if tell.json {
        tell.object(&object(name, is));
    } else {
        tell.line(&sentence(name, is));
    }
}

/// The numbers of payers are masked; the bodies of requests are masked by the simulator.
fn object(name: &str, is: &Value) -> Value {
    let mut object = is.clone();
    let word = match name {
        "request" => "request",
        "notificationSent" => "notification-sent",
        "promptShown" => "prompt-shown",
        "promptAnswered" => "prompt-answered",
        "ezCashRequested" => "ezcash-requested",
        other => other,
    };
    if let Some(id) = id(name, is) {
        object["id"] = json!(id);
    }
    object["event"] = json!(word);
    if let Some(subscriber) = is["subscriber"].as_str() {
        object["subscriber"] = json!(Masked(subscriber).to_string());
    }
    object
}

/// By which `caas resend` finds it.
fn id(name: &str, is: &Value) -> Option<String> {
    let serial = is["serial"].as_u64()?;
    match name {
        "request" => Some(format!("r{serial}")),
        "notificationSent" => Some(format!("n{serial}")),
        _ => None,
    }
}

fn sentence(name: &str, is: &Value) -> String {
    let text = |member: &str| is[member].as_str().unwrap_or_default().to_owned();
    let sum = |member: &str| rupees(is[member].as_u64().unwrap_or(0));
    let masked = || Masked(&text("subscriber")).to_string();
    let id = id(name, is).unwrap_or_default();
    let time = is["at"].as_u64().or_else(|| is["openedAt"].as_u64()).unwrap_or(0);
    let what = match name {
        "request" => {
            let status =
                is["status"].as_u64().map_or("no answer".to_owned(), |status| format!("HTTP {status}"));
            let fault = is["fault"].as_str().map_or_else(String::new, |fault| format!("  fault: {fault}"));
            format!("→ {} {} ← {status} {}{fault}", text("path"), text("request"), text("answer"))
        }
        "notificationSent" => {
            let forged = if is["forged"] == true { "forged " } else { "" };
            let outcome = is["outcome"].as_str().map_or_else(|| is["outcome"].to_string(), str::to_owned);
            format!("← {forged}notification {}, delivery {}: {outcome}", text("body"), is["attempt"])
        }
        "captured" => format!("ledger #{}: {} captured from {}", is["serial"], sum("amount"), masked()),
        "promptShown" => format!("prompt {} for {}: {}", text("reference"), masked(), text("text")),
        "promptAnswered" => format!("prompt {}: {}", text("reference"), text("state")),
        "ezCashRequested" => {
            format!("eZ Cash asks {} for {}, reference {}", masked(), sum("amountDue"), text("reference"))
        }
        _ => is.to_string(),
    };
    format!("{:>6}.{:03} {id:<5} {what}", time / 1_000, time % 1_000)
}
