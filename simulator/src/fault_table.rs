//! Every fault by name, as data: what the page offers, what the README lists, what the tests run through.

use serde::Serialize;

/// A fault that can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FaultKind {
    /// Its name in JSON.
    pub name: &'static str,
    /// The fault in JSON as it is set, with a value where it takes one.
    pub example: &'static str,
    /// Whether it strikes notifications, and not a service.
    pub notification: bool,
    /// What it does, in one line.
    pub what: &'static str,
}

const fn service(name: &'static str, example: &'static str, what: &'static str) -> FaultKind {
    FaultKind { name, example, notification: false, what }
}

const fn notification(name: &'static str, example: &'static str, what: &'static str) -> FaultKind {
    FaultKind { name, example, notification: true, what }
}

/// Every fault, those of services first.
pub const FAULTS: [FaultKind; 34] = [
    service("answerLostBeforeExecuting", r#""answerLostBeforeExecuting""#, "no answer, not executed"),
    service("answerLostAfterExecuting", r#""answerLostAfterExecuting""#, "executed, no answer"),
    service("executedLate", r#"{"executedLate":30000}"#, "no answer, executed later (virtual ms)"),
    service("resetConnection", r#""resetConnection""#, "TCP reset, not executed"),
    service("resetAfterExecuting", r#""resetAfterExecuting""#, "executed, then TCP reset"),
    service("emptyAnswer", r#""emptyAnswer""#, "executed, 200 with an empty body"),
    service("garbage", r#""garbage""#, "executed, 200 with a body that is not JSON"),
    service("truncate", r#"{"truncate":20}"#, "executed, the body stops after so many bytes"),
    service("lengthTooLong", r#"{"lengthTooLong":10}"#, "executed, Content-Length says more than comes"),
    service("lengthTooShort", r#"{"lengthTooShort":10}"#, "executed, Content-Length says less than comes"),
    service("status", r#"{"status":[503,"busy"]}"#, "not executed, this HTTP status and body"),
    service("htmlPage", r#"{"htmlPage":502}"#, "not executed, a proxy's page of HTML"),
    service(
        "htmlPageAfterExecuting",
        r#"{"htmlPageAfterExecuting":504}"#,
        "executed, a proxy's page of HTML",
    ),
    service("rateLimited", r#""rateLimited""#, "not executed, IBM's 429 with its headers"),
    service("latency", r#"{"latency":2000}"#, "executed, answered later (real ms)"),
    service(
        "latencyUniform",
        r#"{"latencyUniform":{"from":100,"to":3000}}"#,
        "the same, uniform, by the seed",
    ),
    service(
        "latencyNormal",
        r#"{"latencyNormal":{"mean":800,"deviation":200}}"#,
        "the same, about normal, by the seed",
    ),
    service("statusCode", r#"{"statusCode":"E1308"}"#, "not executed, this application code under HTTP 200"),
    service(
        "backsideAmbiguous",
        r#"{"backsideAmbiguous":{"executes":true}}"#,
        "IBM's 500 that does not say whether it executed",
    ),
    service("slowBytes", r#"{"slowBytes":50}"#, "executed, one byte per so many real ms"),
    service(
        "latencyLogNormal",
        r#"{"latencyLogNormal":{"median":80,"sigmaPercent":40}}"#,
        "as latency, log-normal, by the seed",
    ),
    service("dribble", r#"{"dribble":{"chunks":5,"over":300}}"#, "executed, in pieces over so many real ms"),
    service("malformedChunk", r#""malformedChunk""#, "executed, 200 whose first chunk is none"),
    service("randomData", r#""randomData""#, "executed, bytes that are not HTTP"),
    service("limitData", r#"{"limitData":40}"#, "executed, so many bytes of head and body"),
    service("slowClose", r#"{"slowClose":300}"#, "executed, closed so many real ms after the answer"),
    service(
        "timeout",
        r#"{"timeout":{"executes":true,"after":300}}"#,
        "no byte, closed after so many real ms; executed or not",
    ),
    notification("drop", r#""drop""#, "never sent"),
    notification("duplicate", r#"{"duplicate":1}"#, "sent so many times more"),
    notification("delay", r#"{"delay":30000}"#, "sent later (virtual ms)"),
    notification("reorder", r#""reorder""#, "overtaken by the next one"),
    notification("ackLost", r#""ackLost""#, "delivered, its acknowledgement lost, delivered again"),
    notification("corrupt", r#""corrupt""#, "cut in half"),
    notification(
        "forge",
        r#""forge""#,
        "a forged one comes first: paid in full, an internalTrxId nobody gave out",
    ),
];
