//! The faults of the matrix: the simulator's own table, and the values of its faults that mean something else.

use caas_simulator::{FAULTS, Fault, NotificationFault};

/// A fault and the name of its row.
#[derive(Clone)]
pub struct Row {
    pub name: &'static str,
    pub what: What,
}

#[derive(Clone)]
pub enum What {
    Service(Fault),
    Notification(NotificationFault),
}

/// Every fault of the simulator's table, as its example has it: a new one is here by itself.
pub fn of_the_table() -> Vec<Row> {
    let row = |kind: &caas_simulator::FaultKind| {
        let what = if kind.notification {
            What::Notification(serde_json::from_str(kind.example).unwrap())
        } else {
            What::Service(ten_times_faster(serde_json::from_str(kind.example).unwrap()))
        };
        Row { name: kind.name, what }
    };
    FAULTS.iter().map(row).collect()
}

/// Values of those faults that amount to something else.
pub fn variants() -> Vec<Row> {
    let service = |name, fault| Row { name, what: What::Service(fault) };
    let code = |code: &str| Fault::StatusCode(code.to_owned());
    let json = |status, text: &str| Fault::Status(status, text.to_owned());
    vec![
        service("latency past the deadline", Fault::Latency(PAST_EVERY_DEADLINE)),
        service("slowBytes past the deadline", Fault::SlowBytes(PAST_EVERY_DEADLINE / 10)),
        service("truncate at once", Fault::Truncate(0)),
        service("backsideAmbiguous not executed", Fault::BacksideAmbiguous { executes: false }),
        service("status 404", json(404, "{}")),
        service("status 408", json(408, "{}")),
        service("status 500 S1000", json(500, r#"{"statusCode":"S1000","status":"1000"}"#)),
        service("statusCode E1318", code("E1318")),
        service("statusCode E1379", code("E1379")),
        service("statusCode E1601", code("E1601")),
        service("statusCode unlisted", code("E7777")),
    ]
}

/// Real milliseconds.
const PAST_EVERY_DEADLINE: u64 = 60_000;

/// Whether the host's own deadline is what ends the request: it is set short then.
pub fn outlasts_deadlines(what: &What) -> bool {
    match what {
        What::Service(Fault::Latency(milliseconds)) => *milliseconds == PAST_EVERY_DEADLINE,
        What::Service(Fault::SlowBytes(milliseconds)) => *milliseconds == PAST_EVERY_DEADLINE / 10,
        _ => false,
    }
}

/// What takes real time takes a tenth of it here.
fn ten_times_faster(fault: Fault) -> Fault {
    match fault {
        Fault::Latency(milliseconds) => Fault::Latency(milliseconds / 10),
        Fault::LatencyUniform { from, to } => Fault::LatencyUniform { from: from / 10, to: to / 10 },
        Fault::LatencyNormal { mean, deviation } => {
            Fault::LatencyNormal { mean: mean / 10, deviation: deviation / 10 }
        }
        Fault::SlowBytes(milliseconds) => Fault::SlowBytes(milliseconds / 10),
        other => other,
    }
}
