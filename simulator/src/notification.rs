//! Charging notifications: their content, and what comes of a delivery.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::EzCashRequest;
use crate::money;

/// What came of one delivery of a notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeliveryOutcome {
    /// HTTP 200 with S1000.
    Acknowledged,
    /// An answer came that is no acknowledgement.
    Refused {
        /// The HTTP status of it.
        status: u16,
    },
    /// No answer came.
    Unreachable {
        /// Why, in words.
        error: String,
    },
    /// No notification URL is set.
    NoUrl,
    /// A fault dropped it.
    Dropped,
    /// It was acknowledged, and a fault lost the acknowledgement.
    AckLost,
}

/// One delivery of a charging notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryRecord {
    /// 1 for the first delivery of all, and so on without a gap.
    pub serial: u64,
    /// Virtual milliseconds.
    pub at: u64,
    /// The `referenceId` it is about.
    pub reference: String,
    /// The `externalTrxId` it is about.
    pub external_id: String,
    /// 1 for the first delivery.
    pub attempt: u32,
    /// The body as it was sent.
    pub body: String,
    /// Whether it is a forged one, behind which no carrier and no money stands.
    pub forged: bool,
    /// What came of it.
    pub outcome: DeliveryOutcome,
    /// Whether it is delivered again later.
    pub again: bool,
}

/// The body of a successful payment of `paid` under the request.
pub(crate) fn paid(request: &EzCashRequest, paid: u64, time: &str) -> Value {
    let detail = match request.paid.cmp(&request.amount_due) {
        std::cmp::Ordering::Less => "Request was Successfully processed, Due amount partially paid.",
        std::cmp::Ordering::Equal => "Request was Successfully processed, Due amount fully paid.",
        std::cmp::Ordering::Greater => "Request was Successfully processed, Due amount over paid.",
    };
    body(request, paid, "S1000", detail, time)
}

/// The body of a failure. Like the seeds' sample it carries a `paidAmount`, which is money nobody paid.
pub(crate) fn failed(request: &EzCashRequest, code: &str, time: &str) -> Value {
    let detail = match code {
        "E1404" => "Charging request failed",
        "E1405" => "Charging request timed out, no payments done",
        "E1406" => "Charging Authorization Rejected.",
        _ => "Failed",
    };
    body(request, request.amount_due, code, detail, time)
}

fn body(request: &EzCashRequest, paid: u64, code: &str, detail: &str, time: &str) -> Value {
    json!({
        "paidAmount": money::decimal(paid),
        "externalTrxId": request.external_id,
        "internalTrxId": request.internal_id,
        "referenceId": request.reference,
        "totalAmount": money::short(request.paid),
        "balanceDue": money::decimal(request.balance_due()),
        "currency": request.currency,
        "statusCode": code,
        "statusDetail": detail,
        "timeStamp": time,
    })
}

/// What a forger makes of a notification he saw: paid in full, under an `internalTrxId` of his own.
pub(crate) fn forged(body: &str) -> String {
    let mut body: Value = serde_json::from_str(body).unwrap_or_default();
    let sum = |name: &str| body[name].as_str().and_then(money::parse).unwrap_or(0);
    let price = sum("totalAmount").saturating_add(sum("balanceDue"));
    for (name, value) in [
        ("paidAmount", money::decimal(price)),
        ("totalAmount", money::short(price)),
        ("balanceDue", money::decimal(0)),
        ("statusCode", "S1000".to_owned()),
        ("statusDetail", "Request was Successfully processed, Due amount fully paid.".to_owned()),
        ("internalTrxId", FORGED_ID.to_owned()),
    ] {
        body[name] = Value::from(value);
    }
    body.to_string()
}

/// The carrier's own ids start with 914.
const FORGED_ID: &str = "999999999999999";

/// Whether an answer acknowledges. The seeds' own sample has a comma before its brace, so that is taken too.
pub(crate) fn acknowledges(status: u16, body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let answer = serde_json::from_str::<Value>(&compact.replace(",}", "}")).unwrap_or_default();
    status == 200 && answer["statusCode"] == "S1000"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_acknowledgement_of_the_seeds_is_taken_comma_and_all() {
        assert!(acknowledges(200, b"{ \n \"statusCode\":\"S1000\", \"statusDetail\":\"Success\", \n }"));
        assert!(!acknowledges(200, b"{\"statusCode\":\"E1601\"}"));
        assert!(!acknowledges(500, b"{\"statusCode\":\"S1000\"}"));
        assert!(!acknowledges(200, b""));
    }
}
