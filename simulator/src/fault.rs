//! Faults as data: what goes wrong, and how often. What a fault does to the wire is decided here; the server
//! only carries it out.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Service;
use crate::answer::Answer;

/// What goes wrong with a request to a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fault {
    /// The connection closes without an answer; nothing was executed.
    AnswerLostBeforeExecuting,
    /// The request is executed and the connection closes without an answer.
    AnswerLostAfterExecuting,
    /// The connection is reset (TCP RST) without an answer; nothing was executed.
    ResetConnection,
    /// Executed; 200 with an empty body.
    EmptyAnswer,
    /// Executed; 200 with a body that is not JSON.
    Garbage,
    /// Executed; the whole Content-Length is declared, the body stops after so many bytes.
    Truncate(usize),
    /// Not executed; this HTTP status (100 to 199 are no answers and become 500) and this body.
    Status(u16, String),
    /// Executed; the answer comes so many real milliseconds later, however fast the virtual clock is.
    Latency(u64),
    /// Not executed; this application status code under HTTP 200.
    StatusCode(String),
    /// IBM's 500 "Failed to establish a backside connection", which says nothing about what was executed.
    BacksideAmbiguous {
        /// Whether the backend executed the request all the same.
        executes: bool,
    },
    /// Executed; the body trickles, one byte per so many real milliseconds.
    SlowBytes(u64),
}

/// What goes wrong with the delivery of a charging notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NotificationFault {
    /// It is never sent, and not re-delivered either.
    Drop,
    /// It is sent so many times more, 1000 at most.
    Duplicate(u32),
    /// It is sent so many virtual milliseconds later.
    Delay(u64),
    /// It is held back until another notification was sent, or for 30 s (virtual).
    Reorder,
    /// It arrives, its acknowledgement is lost: it is delivered again.
    AckLost,
    /// It arrives cut in half; what acknowledges that all the same gets no other copy.
    Corrupt,
}

/// How often a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// The next request.
    Once,
    /// The next so many requests.
    Next(u32),
    /// Until the faults are cleared.
    Always,
}

/// How an answer goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Whole(Answer),
    Close,
    Reset,
    Truncated(Answer, usize),
    Late(Answer, u64),
    Slow(Answer, u64),
}

impl Fault {
    /// Whether the service executes the request in spite of the fault.
    pub fn executes(&self) -> bool {
        match self {
            Fault::AnswerLostBeforeExecuting
            | Fault::ResetConnection
            | Fault::Status(..)
            | Fault::StatusCode(_) => false,
            Fault::BacksideAmbiguous { executes } => *executes,
            Fault::AnswerLostAfterExecuting
            | Fault::EmptyAnswer
            | Fault::Garbage
            | Fault::Truncate(_)
            | Fault::Latency(_)
            | Fault::SlowBytes(_) => true,
        }
    }

    /// What the wire carries; `answer` is what the service answered, if it executed.
    pub(crate) fn shape(&self, service: Service, answer: Option<Answer>) -> Delivery {
        let body = |body: &str| Answer { status: 200, content_type: "application/json", body: body.into() };
        match (self, answer) {
            (Fault::ResetConnection, _) => Delivery::Reset,
            (Fault::EmptyAnswer, _) => Delivery::Whole(body("")),
            (Fault::Garbage, _) => Delivery::Whole(body(GARBAGE)),
            (Fault::Status(status, text), _) => {
                Delivery::Whole(Answer { status: final_status(*status), ..body(text) })
            }
            (Fault::StatusCode(code), _) => Delivery::Whole(application_code(service, code)),
            (Fault::BacksideAmbiguous { .. }, _) => Delivery::Whole(Answer::gateway(
                500,
                "Internal Server Error",
                "Failed to establish a backside connection",
            )),
            (Fault::Truncate(bytes), Some(answer)) => Delivery::Truncated(answer, *bytes),
            (Fault::Latency(milliseconds), Some(answer)) => Delivery::Late(answer, *milliseconds),
            (Fault::SlowBytes(milliseconds), Some(answer)) => Delivery::Slow(answer, *milliseconds),
            (Fault::AnswerLostBeforeExecuting | Fault::AnswerLostAfterExecuting, _) | (_, None) => {
                Delivery::Close
            }
        }
    }
}

/// Bytes which no reader of JSON takes, with a byte that ends strings in C.
const GARBAGE: &str = "}{ %% not json \u{0} \u{fffd}";

fn final_status(status: u16) -> u16 {
    if (200..=999).contains(&status) { status } else { 500 }
}

fn application_code(service: Service, code: &str) -> Answer {
    let detail = "set by a fault of the simulator";
    let body = if service.is_mobitel() {
        json!({ "reference": "", "message": detail, "status": code })
    } else {
        json!({ "statusCode": code, "statusDetail": detail })
    };
    Answer::json(200, &body)
}

/// Faults waiting for requests, per service in the order they were set.
#[derive(Default)]
pub(crate) struct FaultPlan {
    services: BTreeMap<Service, Queue<Fault>>,
    notifications: Queue<NotificationFault>,
}

impl FaultPlan {
    pub(crate) fn add(&mut self, service: Service, fault: Fault, times: Times) {
        self.services.entry(service).or_default().add(fault, times);
    }

    pub(crate) fn add_notification(&mut self, fault: NotificationFault, times: Times) {
        self.notifications.add(fault, times);
    }

    pub(crate) fn take(&mut self, service: Service) -> Option<Fault> {
        self.services.get_mut(&service)?.take()
    }

    pub(crate) fn take_notification(&mut self) -> Option<NotificationFault> {
        self.notifications.take()
    }
}

struct Queue<F>(VecDeque<(F, Times)>);

impl<F> Default for Queue<F> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<F: Clone> Queue<F> {
    fn add(&mut self, fault: F, times: Times) {
        self.0.push_back((fault, times));
    }

    fn take(&mut self) -> Option<F> {
        loop {
            let (fault, times) = self.0.front_mut()?;
            let fault = fault.clone();
            match times {
                Times::Always => return Some(fault),
                Times::Next(0) => {
                    self.0.pop_front();
                }
                Times::Next(left) => {
                    *left -= 1;
                    return Some(fault);
                }
                Times::Once => {
                    self.0.pop_front();
                    return Some(fault);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_one_service_strike_in_the_order_set_and_as_often_as_said() {
        let mut plan = FaultPlan::default();
        plan.add(Service::DirectDebit, Fault::Garbage, Times::Next(2));
        plan.add(Service::DirectDebit, Fault::EmptyAnswer, Times::Once);
        let taken: Vec<_> = std::iter::from_fn(|| plan.take(Service::DirectDebit)).collect();
        assert_eq!(taken, [Fault::Garbage, Fault::Garbage, Fault::EmptyAnswer]);
        assert_eq!(plan.take(Service::QueryBalance), None);
    }

    #[test]
    fn a_fault_reads_from_json() {
        let read = |text: &str| serde_json::from_str::<Fault>(text).unwrap();
        assert_eq!(read(r#""answerLostAfterExecuting""#), Fault::AnswerLostAfterExecuting);
        assert_eq!(read(r#"{"truncate":7}"#), Fault::Truncate(7));
        assert_eq!(read(r#"{"status":[503,"busy"]}"#), Fault::Status(503, "busy".into()));
        assert_eq!(
            read(r#"{"backsideAmbiguous":{"executes":true}}"#),
            Fault::BacksideAmbiguous { executes: true }
        );
    }
}
