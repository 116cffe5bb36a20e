//! `caas trigger`: makes something happen in a running simulator.

use serde_json::{Value, json};

use crate::arguments::Trigger;
use crate::exit::{Exit, Stop};
use crate::simulator_api::SimulatorApi;
use crate::span;
use crate::tell::Tell;

/// Something that can be made to happen.
pub struct Event {
    pub name: &'static str,
    pub arguments: &'static str,
    pub what: &'static str,
    pub example: &'static str,
    act: Act,
}

#[derive(Clone, Copy)]
enum Act {
    /// The payer answers a prompt so.
    Prompt(&'static str),
    Pay,
    LatePayment,
    Fail,
    Again,
    Forge,
    /// A fault of the next notification.
    Notification(&'static str),
    Delay,
    Forward,
    Fault,
    ClearFaults,
    StatusCode,
    Balance,
    Set,
    Reset,
}

const fn event(
    name: &'static str,
    arguments: &'static str,
    what: &'static str,
    example: &'static str,
    act: Act,
) -> Event {
    Event { name, arguments, what, example, act }
}

/// Every event. Where no reference or id is given, the latest one that waits is meant.
pub const EVENTS: [Event; 20] = [
    event("approve", "[REFERENCE]", "the payer approves the prompt", "approve", Act::Prompt("approve")),
    event("decline", "[REFERENCE]", "the payer declines it", "decline", Act::Prompt("decline")),
    event("wrong-pin", "[REFERENCE]", "the payer enters a wrong PIN", "wrong-pin", Act::Prompt("wrong-pin")),
    event("ignore", "[REFERENCE]", "the payer lets it lie", "ignore", Act::Prompt("ignore")),
    event("pay", "[AMOUNT|all|half] [ID]", "the payer pays at eZ Cash, any amount", "pay 4.00", Act::Pay),
    event(
        "late-payment",
        "[ID]",
        "eZ Cash reports a timeout; ten minutes later all is paid",
        "late-payment",
        Act::LatePayment,
    ),
    event("fail", "[CODE] [ID]", "eZ Cash reports a failure", "fail E1404", Act::Fail),
    event(
        "notification-again",
        "[REFERENCE]",
        "the latest notification is sent once more",
        "notification-again",
        Act::Again,
    ),
    event(
        "notification-forged",
        "[ID]",
        "somebody else sends that all was paid",
        "notification-forged",
        Act::Forge,
    ),
    event(
        "notification-delayed",
        "[SPAN]",
        "the next notification comes later",
        "notification-delayed 30s",
        Act::Delay,
    ),
    event(
        "notification-dropped",
        "",
        "the next notification never comes",
        "notification-dropped",
        Act::Notification("drop"),
    ),
    event(
        "notification-reordered",
        "",
        "the one after the next comes first",
        "notification-reordered",
        Act::Notification("reorder"),
    ),
    event(
        "notification-corrupted",
        "",
        "the next notification is cut in half",
        "notification-corrupted",
        Act::Notification("corrupt"),
    ),
    event("fast-forward", "SPAN", "simulated time passes", "fast-forward 2m", Act::Forward),
    event(
        "fault",
        "FAULT [SERVICE] [once|TIMES|always|PERCENT%]",
        "a fault waits for the next requests of SERVICE: directDebit unless named, mobitelChargeRequest at Mobitel",
        "fault answerLostAfterExecuting directDebit",
        Act::Fault,
    ),
    event("faults-off", "", "all faults are taken back", "faults-off", Act::ClearFaults),
    event(
        "status-code",
        "SERVICE [CODE]",
        "a service answers so from now on; without CODE as before",
        "status-code directDebit E1308",
        Act::StatusCode,
    ),
    event(
        "balance",
        "SUBSCRIBER AMOUNT",
        "a subscriber has this balance",
        "balance 94771234567 0.50",
        Act::Balance,
    ),
    event("set", "SETTING VALUE", "a setting of the simulator changes", "set payer decline", Act::Set),
    event("reset", "", "the simulator forgets everything but its settings", "reset", Act::Reset),
];

/// How long after its timeout a late payment comes: longer than any window.
const LATE: u64 = 600_000;

/// The table of the events, for the help.
pub fn table() -> String {
    let mut table = "Events:\n".to_owned();
    for event in &EVENTS {
        table.push_str(&format!("  {:<22} {}\n", event.name, event.arguments));
        table.push_str(&format!("  {:<22}   {}\n", "", event.what));
    }
    table.push_str(
        "\nWithout REFERENCE or ID the latest one that waits is meant. FAULT is a name of the table in\n",
    );
    table.push_str("simulator/README.md, or JSON such as '{\"truncate\":20}'.\n\nExamples:\n");
    for name in ["approve", "pay", "fault", "fast-forward"] {
        for event in EVENTS.iter().filter(|event| event.name == name) {
            table.push_str(&format!("  caas trigger {}\n", event.example));
        }
    }
    table
}

/// Makes it happen.
pub async fn trigger(tell: Tell, arguments: &Trigger) -> Result<Exit, Stop> {
    let event = EVENTS.iter().find(|event| event.name == arguments.event).ok_or_else(unknown)?;
    let words: Vec<&str> = arguments.arguments.iter().map(String::as_str).collect();
    let most = event.arguments.split_whitespace().count();
    if words.len() > most {
        return Err(wrong(event, "too many arguments"));
    }
    let simulator = SimulatorApi::at(&arguments.at)?;
    let done = act(&simulator, event, &words).await?;
    if tell.json {
        tell.object(&json!({"event": "triggered", "name": event.name, "about": done}));
    } else {
        tell.line(&format!("{}: {done}", event.name));
    }
    Ok(tell.done("triggered", Exit::Done))
}

fn unknown() -> Stop {
    let names: Vec<&str> = EVENTS.iter().map(|event| event.name).collect();
    Stop::usage(format!(
        "there is no such event; there are {}. caas trigger --help explains them",
        names.join(", ")
    ))
}

fn wrong(event: &Event, why: &str) -> Stop {
    Stop::usage(format!(
        "{why}: caas trigger {} {}, such as `caas trigger {}`",
        event.name, event.arguments, event.example
    ))
}

/// Does it; what it was about.
async fn act(simulator: &SimulatorApi, event: &Event, words: &[&str]) -> Result<String, Stop> {
    let word = |place: usize| words.get(place).copied();
    let needed = |place: usize| word(place).ok_or_else(|| wrong(event, "an argument is missing"));
    let nothing = json!({});
    match event.act {
        Act::Prompt(how) => {
            let reference = prompt(simulator, word(0)).await?;
            simulator.call("POST", &format!("/sim/prompts/{}/{how}", escaped(&reference)), &nothing).await?;
            Ok(format!("prompt {reference}"))
        }
        Act::Pay => {
            let payment = payment(simulator, word(1)).await?;
            let amount = payment.amount(word(0).unwrap_or("all"));
            pay(simulator, &payment, &amount).await
        }
        Act::LatePayment => {
            let payment = payment(simulator, word(0)).await?;
            simulator
                .call("POST", "/sim/fail", &json!({"reference": payment.reference, "code": "E1405"}))
                .await?;
            simulator.call("POST", "/sim/clock", &json!({"forwardMs": LATE})).await?;
            pay(simulator, &payment, &payment.amount("all")).await
        }
        Act::Fail => {
            let (payment, code) = (payment(simulator, word(1)).await?, word(0).unwrap_or("E1404"));
            simulator
                .call("POST", "/sim/fail", &json!({"reference": payment.reference, "code": code}))
                .await?;
            Ok(format!("{code} for payment {}", payment.reference))
        }
        Act::Again | Act::Forge => {
            let reference = payment(simulator, word(0)).await?.reference;
            let what = if matches!(event.act, Act::Again) { "repeat" } else { "forge" };
            let path = format!("/sim/notifications/{}/{what}", escaped(&reference));
            simulator.call("POST", &path, &nothing).await?;
            Ok(format!("payment {reference}"))
        }
        Act::Notification(fault) => add_fault(simulator, "notification", json!(fault), json!(1)).await,
        Act::Delay => {
            let delay = span::parse(word(0).unwrap_or("30s")).map_err(|why| wrong(event, &why))?;
            add_fault(simulator, "notification", json!({"delay": delay}), json!(1)).await
        }
        Act::Forward => {
            let span = span::parse(needed(0)?).map_err(|why| wrong(event, &why))?;
            let answer = simulator.call("POST", "/sim/clock", &json!({"forwardMs": span})).await?;
            Ok(format!("simulated time is {} s", answer["now"].as_u64().unwrap_or(0) / 1_000))
        }
        Act::Fault => {
            let (fault, notification) = fault(simulator, event, needed(0)?).await?;
            let service = word(1).unwrap_or(if notification { "notification" } else { "directDebit" });
            let times =
                times(word(2).unwrap_or("once")).ok_or_else(|| wrong(event, "so often cannot be read"))?;
            add_fault(simulator, service, fault, times).await
        }
        Act::ClearFaults => {
            simulator.call("DELETE", "/sim/faults", &nothing).await?;
            Ok("no fault waits".to_owned())
        }
        Act::StatusCode => {
            let service = needed(0)?;
            let path = format!("/sim/services/{}/status-code", escaped(service));
            match word(1) {
                Some(code) => {
                    simulator.call("PUT", &path, &json!({"statusCode": code})).await?;
                    Ok(format!("{service} answers {code}"))
                }
                None => {
                    simulator.call("DELETE", &path, &nothing).await?;
                    Ok(format!("{service} answers as before"))
                }
            }
        }
        Act::Balance => {
            let path = format!("/sim/subscribers/{}", escaped(needed(0)?));
            let account = simulator.call("PUT", &path, &json!({"balance": needed(1)?})).await?;
            Ok(format!("the balance is {}", rupees(&account["balance"])))
        }
        Act::Set => {
            let (name, value) = (needed(0)?, needed(1)?);
            // A number, true or false as such; everything else is text.
            let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
            let settings = simulator.call("PUT", "/sim/settings", &json!({name: value})).await?;
            Ok(format!("{name} is {}", settings[name]))
        }
        Act::Reset => {
            simulator.call("POST", "/sim/reset", &nothing).await?;
            Ok("everything is forgotten but the settings".to_owned())
        }
    }
}

struct Payment {
    reference: String,
    due: u64,
}

impl Payment {
    fn amount(&self, wanted: &str) -> String {
        match wanted {
            "all" => crate::tell::rupees(self.due),
            "half" => crate::tell::rupees(self.due / 2),
            typed => typed.to_owned(),
        }
    }
}

async fn pay(simulator: &SimulatorApi, payment: &Payment, amount: &str) -> Result<String, Stop> {
    let body = json!({"reference": payment.reference, "amount": amount});
    simulator.call("POST", "/sim/pay", &body).await?;
    Ok(format!("{amount} for payment {}", payment.reference))
}

/// The prompt that is named, or the latest open one.
async fn prompt(simulator: &SimulatorApi, named: Option<&str>) -> Result<String, Stop> {
    if let Some(reference) = named {
        return Ok(reference.to_owned());
    }
    let prompts = simulator.get("/sim/prompts").await?;
    let is_open = |prompt: &&Value| ["open", "ignored"].iter().any(|state| prompt["state"] == **state);
    let open = list(&prompts["prompts"]).iter().rev().find(is_open);
    let reference = open.and_then(|prompt| prompt["reference"].as_str());
    reference.map(str::to_owned).ok_or_else(|| Stop::usage("no prompt waits: charge somebody first"))
}

/// The payment that is named, or the latest that waits, or else the latest.
async fn payment(simulator: &SimulatorApi, named: Option<&str>) -> Result<Payment, Stop> {
    let payments = simulator.get("/sim/payments").await?;
    let payments = list(&payments["payments"]);
    let is_named = |payment: &&Value| {
        ["reference", "externalId", "internalId"].iter().any(|id| payment[*id].as_str() == named)
    };
    let latest = match named {
        Some(_) => payments.iter().rev().find(is_named),
        None => payments.iter().rev().find(|payment| payment["state"] == "waiting").or(payments.last()),
    };
    let latest = latest
        .ok_or_else(|| Stop::usage("no such payment is asked for at eZ Cash: charge somebody first"))?;
    let sum = |name: &str| latest[name].as_u64().unwrap_or(0);
    let (due, paid) = (sum("amountDue"), sum("paid"));
    let rest = if paid < due { due - paid } else { due };
    Ok(Payment { reference: latest["reference"].as_str().unwrap_or_default().to_owned(), due: rest })
}

/// A fault by its name (as its example in the table) or as JSON, and whether it is one of notifications.
async fn fault(simulator: &SimulatorApi, event: &Event, typed: &str) -> Result<(Value, bool), Stop> {
    let state = simulator.get("/sim/state").await?;
    let kinds = list(&state["faultKinds"]);
    let meant: Value = serde_json::from_str(typed).unwrap_or_else(|_| json!(typed));
    let name = meant.as_object().and_then(|members| members.keys().next().cloned());
    let name = name.or_else(|| meant.as_str().map(str::to_owned)).unwrap_or_default();
    let Some(kind) = kinds.iter().find(|kind| kind["name"] == name.as_str()) else {
        let names: Vec<&str> = kinds.iter().filter_map(|kind| kind["name"].as_str()).collect();
        return Err(wrong(event, &format!("there is no fault {name}; there are {}", names.join(", "))));
    };
    let example =
        kind["example"].as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let fault = if meant.is_string() { example } else { meant };
    Ok((fault, kind["notification"] == true))
}

async fn add_fault(
    simulator: &SimulatorApi,
    service: &str,
    fault: Value,
    times: Value,
) -> Result<String, Stop> {
    let rule = json!({"service": service, "fault": fault, "times": times});
    let answer = simulator.call("POST", "/sim/faults", &rule).await?;
    Ok(format!("fault {} of {service}: {fault}", answer["number"]))
}

fn times(text: &str) -> Option<Value> {
    match text {
        "once" => Some(json!(1)),
        "always" => Some(json!("always")),
        _ => match text.strip_suffix('%') {
            Some(percent) => {
                Some(json!({"perMille": percent.parse::<u64>().ok().filter(|it| *it <= 100)? * 10}))
            }
            None => Some(json!(text.parse::<u32>().ok()?)),
        },
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn rupees(minor: &Value) -> String {
    crate::tell::rupees(minor.as_u64().unwrap_or(0))
}

/// As a part of a path.
pub fn escaped(text: &str) -> String {
    let part = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(part).collect()
}
