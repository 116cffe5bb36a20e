//! Charging notifications: their content, when they are due, and what came of each delivery.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use serde_json::{Value, json};

use crate::EzCashRequest;
use crate::NotificationFault;
use crate::money;

/// What came of one delivery of a notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryRecord {
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

/// A notification on its way.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    pub(crate) due: u64,
    pub(crate) reference: String,
    external_id: String,
    pub(crate) body: String,
    attempt: u32,
    /// Somebody else sends it, and nobody repeats it.
    forged: bool,
    /// It waits for another one to go first.
    held: bool,
    /// The fault of this delivery was already taken.
    exempt: bool,
}

/// What the courier does with a parcel that is due.
pub(crate) enum Errand {
    Send { parcel: Parcel, body: String, lose_ack: bool },
    Dropped(Parcel),
}

#[derive(Default)]
pub(crate) struct Outbox {
    parcels: Vec<Parcel>,
    /// By reference.
    last_sent: BTreeMap<String, Parcel>,
    records: VecDeque<DeliveryRecord>,
    made: usize,
    /// A parcel was handed out by this outbox and has not come back.
    in_flight: bool,
}

impl Outbox {
    /// A carrier gives up too: a receiver that is gone must not be called for ever.
    const DELIVERIES: u32 = 6;
    /// Virtual; doubled with every further delivery: 5, 10, 20, 40, 80 s.
    const FIRST_BACK_OFF: u64 = 5_000;
    /// How long a held-back notification waits for another one to overtake it. Virtual.
    const HOLD: u64 = 30_000;
    /// More copies than any carrier sends, and few enough to keep in memory.
    const COPIES: u32 = 1_000;
    /// Bounded like every view.
    const RECORDS_KEPT: usize = 1_000;

    pub(crate) fn post(&mut self, reference: &str, external_id: &str, body: &Value, due: u64) {
        self.parcels.push(Parcel {
            due,
            reference: reference.to_owned(),
            external_id: external_id.to_owned(),
            body: body.to_string(),
            attempt: 1,
            forged: false,
            held: false,
            exempt: false,
        });
    }

    /// Sends the latest notification of a reference once more.
    pub(crate) fn repeat(&mut self, reference: &str, now: u64) -> bool {
        let Some(last) = self.last_sent.get(reference) else {
            return false;
        };
        self.parcels.push(Parcel { due: now, attempt: 1, held: false, exempt: false, ..last.clone() });
        true
    }

    pub(crate) fn next_due(&self) -> Option<u64> {
        self.parcels.iter().map(|parcel| parcel.due).min()
    }

    /// The next thing to do at `now`, to be given back to [`delivered`](Self::delivered) before the next is
    /// asked for. `fault` is asked once for each delivery.
    pub(crate) fn next_errand(
        &mut self,
        now: u64,
        mut fault: impl FnMut() -> Option<NotificationFault>,
    ) -> Option<Errand> {
        loop {
            let mut parcel = self.take_due(now)?;
            self.in_flight = true;
            let struck = if parcel.exempt { None } else { fault() };
            parcel.exempt = true;
            match struck {
                Some(NotificationFault::Drop) => return Some(Errand::Dropped(parcel)),
                Some(NotificationFault::Delay(milliseconds)) => self.put_off(parcel, milliseconds, false),
                Some(NotificationFault::Reorder) => self.put_off(parcel, Self::HOLD, true),
                Some(NotificationFault::Duplicate(copies)) => {
                    (0..copies.min(Self::COPIES)).for_each(|_| self.parcels.push(parcel.clone()));
                    return Some(send(parcel, false));
                }
                Some(NotificationFault::AckLost) => return Some(send(parcel, true)),
                Some(NotificationFault::Forge) => {
                    let forgery = Parcel { body: forged(&parcel.body), forged: true, ..parcel.clone() };
                    self.parcels.push(parcel);
                    return Some(send(forgery, false));
                }
                Some(NotificationFault::Corrupt) => return Some(send_half(parcel)),
                None => return Some(send(parcel, false)),
            }
        }
    }

    /// Keeps what came of a delivery and plans the next one where it is owed. A parcel of an outbox that was
    /// reset meanwhile is nobody's any more.
    pub(crate) fn delivered(
        &mut self,
        parcel: Parcel,
        sent: String,
        outcome: DeliveryOutcome,
        now: u64,
    ) -> Option<DeliveryRecord> {
        if !std::mem::take(&mut self.in_flight) {
            return None;
        }
        let settled = matches!(outcome, DeliveryOutcome::Acknowledged | DeliveryOutcome::Dropped);
        let again = !settled && !parcel.forged && parcel.attempt < Self::DELIVERIES;
        let record = DeliveryRecord {
            at: now,
            reference: parcel.reference.clone(),
            external_id: parcel.external_id.clone(),
            attempt: parcel.attempt,
            body: sent,
            forged: parcel.forged,
            outcome,
            again,
        };
        self.keep(record.clone());
        self.let_held_go(now);
        if !parcel.forged {
            self.last_sent.insert(parcel.reference.clone(), parcel.clone());
        }
        if again {
            let back_off = Self::FIRST_BACK_OFF << (parcel.attempt - 1);
            self.parcels.push(Parcel {
                due: now + back_off,
                attempt: parcel.attempt + 1,
                exempt: false,
                held: false,
                ..parcel
            });
        }
        Some(record)
    }

    pub(crate) fn records(&self) -> Vec<DeliveryRecord> {
        self.records.iter().cloned().collect()
    }

    /// What the carrier sent as first deliveries, in their order.
    pub(crate) fn first_deliveries(&self) -> Vec<&str> {
        let first = |record: &&DeliveryRecord| record.attempt == 1 && !record.forged;
        self.records.iter().filter(first).map(|record| record.body.as_str()).collect()
    }

    /// How many deliveries were made in all.
    pub(crate) fn made(&self) -> usize {
        self.made
    }

    /// The parcel due first, the one posted first among equals.
    fn take_due(&mut self, now: u64) -> Option<Parcel> {
        let (place, parcel) =
            self.parcels.iter().enumerate().min_by_key(|(place, parcel)| (parcel.due, *place))?;
        (parcel.due <= now).then(|| self.parcels.remove(place))
    }

    /// Counted from when it was due, not from when somebody looked.
    fn put_off(&mut self, parcel: Parcel, milliseconds: u64, held: bool) {
        self.in_flight = false;
        self.parcels.push(Parcel { due: parcel.due.saturating_add(milliseconds), held, ..parcel });
    }

    fn let_held_go(&mut self, now: u64) {
        for parcel in self.parcels.iter_mut().filter(|parcel| parcel.held) {
            parcel.held = false;
            parcel.due = now;
        }
    }

    fn keep(&mut self, record: DeliveryRecord) {
        self.made += 1;
        if self.records.len() == Self::RECORDS_KEPT {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }
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
fn forged(body: &str) -> String {
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

fn send(parcel: Parcel, lose_ack: bool) -> Errand {
    Errand::Send { body: parcel.body.clone(), parcel, lose_ack }
}

fn send_half(parcel: Parcel) -> Errand {
    let half: String = parcel.body.chars().take(parcel.body.chars().count() / 2).collect();
    Errand::Send { body: half, parcel, lose_ack: false }
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
