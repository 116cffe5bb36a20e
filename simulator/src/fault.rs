//! Faults of a service as data: what goes wrong. What a fault does to the wire is decided here; the server only
//! carries it out.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Service;
use crate::answer::Answer;
use crate::random::Random;

/// What goes wrong with a request to a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Fault {
    /// The connection closes without an answer; nothing was executed.
    AnswerLostBeforeExecuting,
    /// The request is executed and the connection closes without an answer.
    AnswerLostAfterExecuting,
    /// The connection closes without an answer, and the request is executed so many virtual milliseconds later.
    ExecutedLate(u64),
    /// The connection is reset (TCP RST) without an answer; nothing was executed.
    ResetConnection,
    /// The request is executed and the connection is reset (TCP RST) without an answer.
    ResetAfterExecuting,
    /// Executed; 200 with an empty body.
    EmptyAnswer,
    /// Executed; 200 with a body that is not JSON.
    Garbage,
    /// Executed; the whole Content-Length is declared, the body stops after so many bytes.
    Truncate(usize),
    /// Executed; so many bytes more are declared than come before the connection closes.
    LengthTooLong(usize),
    /// Executed; so many bytes less are declared than come.
    LengthTooShort(usize),
    /// Not executed; this HTTP status (100 to 199 are no answers and become 500) and this body.
    Status(u16, String),
    /// Not executed; this HTTP status with a page of HTML, as a proxy answers.
    HtmlPage(u16),
    /// Executed; this HTTP status with a page of HTML all the same.
    HtmlPageAfterExecuting(u16),
    /// Not executed; IBM's 429 "Rate Limit exceeded" with its headers.
    RateLimited,
    /// Executed; the answer comes so many real milliseconds later, however fast the virtual clock is.
    Latency(u64),
    /// Executed; as [`Latency`](Fault::Latency), from `from` to `to` milliseconds, all alike, by the seed.
    LatencyUniform {
        /// The shortest.
        from: u64,
        /// The longest.
        to: u64,
    },
    /// Executed; as [`Latency`](Fault::Latency), distributed about normally around `mean`, by the seed.
    LatencyNormal {
        /// Milliseconds in the middle.
        mean: u64,
        /// Two thirds of the answers are this near.
        deviation: u64,
    },
    /// Not executed; this application status code under HTTP 200.
    StatusCode(String),
    /// IBM's 500 "Failed to establish a backside connection", which says nothing about what was executed.
    BacksideAmbiguous {
        /// Whether the backend executed the request all the same.
        executes: bool,
    },
    /// Executed; the body trickles, one byte per so many real milliseconds.
    SlowBytes(u64),
    /// Executed; as [`Latency`](Fault::Latency), log-normal: most are near the median, a few far above, by the seed.
    LatencyLogNormal {
        /// Half of the answers are faster, in real milliseconds.
        median: u64,
        /// The deviation of the logarithm in hundredths: 40 as in measured networks, 100 for a wild one. 500 at most.
        sigma_percent: u16,
    },
    /// Executed; the body comes in so many pieces, over so many real milliseconds in all.
    Dribble {
        /// Pieces of about the same length.
        chunks: u32,
        /// From the first byte to the last.
        over: u64,
    },
    /// Executed; 200 in chunks, of which the first is no chunk.
    MalformedChunk,
    /// Executed; bytes that are not HTTP, by the seed, and the connection closes.
    RandomData,
    /// Executed; so many bytes of the answer, head included, and the connection closes.
    LimitData(usize),
    /// Executed; the whole answer, and the connection closes so many real milliseconds later.
    SlowClose(u64),
    /// Nothing comes, and the connection closes so many real milliseconds later.
    Timeout {
        /// Whether the request is executed all the same.
        executes: bool,
        /// Real milliseconds.
        after: u64,
    },
}

/// How an answer goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Whole(Answer),
    Close,
    Reset,
    Truncated(Answer, usize),
    /// Declares this length whatever the body's is.
    Declared(Answer, usize),
    Late(Answer, u64),
    Slow(Answer, u64),
    /// In so many pieces, over so many milliseconds.
    Pieces(Answer, u32, u64),
    /// These bytes and nothing else, instead of an HTTP answer.
    Raw(Vec<u8>),
    /// The connection stays open for so many milliseconds after the answer.
    Lingering(Answer, u64),
    /// Nothing, and the connection closes after so many milliseconds.
    Silence(u64),
}

impl Delivery {
    /// The answer, where the whole of it arrives.
    pub(crate) fn whole(&self) -> Option<&Answer> {
        match self {
            Delivery::Whole(answer)
            | Delivery::Late(answer, _)
            | Delivery::Slow(answer, _)
            | Delivery::Pieces(answer, ..)
            | Delivery::Lingering(answer, _) => Some(answer),
            Delivery::Close
            | Delivery::Reset
            | Delivery::Truncated(..)
            | Delivery::Declared(..)
            | Delivery::Raw(_)
            | Delivery::Silence(_) => None,
        }
    }
}

impl Fault {
    /// Whether the service executes the request in spite of the fault, before its answer or later.
    pub fn executes(&self) -> bool {
        match self {
            Fault::AnswerLostBeforeExecuting
            | Fault::ResetConnection
            | Fault::Status(..)
            | Fault::HtmlPage(_)
            | Fault::RateLimited
            | Fault::StatusCode(_) => false,
            Fault::BacksideAmbiguous { executes } | Fault::Timeout { executes, .. } => *executes,
            Fault::AnswerLostAfterExecuting
            | Fault::ExecutedLate(_)
            | Fault::ResetAfterExecuting
            | Fault::EmptyAnswer
            | Fault::Garbage
            | Fault::Truncate(_)
            | Fault::LengthTooLong(_)
            | Fault::LengthTooShort(_)
            | Fault::HtmlPageAfterExecuting(_)
            | Fault::Latency(_)
            | Fault::LatencyUniform { .. }
            | Fault::LatencyNormal { .. }
            | Fault::LatencyLogNormal { .. }
            | Fault::SlowBytes(_)
            | Fault::Dribble { .. }
            | Fault::MalformedChunk
            | Fault::RandomData
            | Fault::LimitData(_)
            | Fault::SlowClose(_) => true,
        }
    }

    /// What the wire carries; `answer` is what the service answered, if it executed.
    pub(crate) fn shape(&self, service: Service, answer: Option<Answer>, random: &mut Random) -> Delivery {
        match (self.instead(service), answer) {
            (Some(delivery), _) => delivery,
            (None, Some(answer)) => self.spoil(answer, random),
            (None, None) => Delivery::Close,
        }
    }

    /// What comes in place of the service's answer, for the faults that replace it.
    fn instead(&self, service: Service) -> Option<Delivery> {
        let answer = match self {
            Fault::AnswerLostBeforeExecuting | Fault::AnswerLostAfterExecuting | Fault::ExecutedLate(_) => {
                return Some(Delivery::Close);
            }
            Fault::ResetConnection | Fault::ResetAfterExecuting => return Some(Delivery::Reset),
            Fault::Timeout { after, .. } => return Some(Delivery::Silence(*after)),
            Fault::MalformedChunk => return Some(Delivery::Raw(MALFORMED_CHUNK.into())),
            Fault::EmptyAnswer => Answer::text(200, "application/json", ""),
            Fault::Garbage => Answer::text(200, "application/json", GARBAGE),
            Fault::Status(status, text) => Answer::text(final_status(*status), "application/json", text),
            Fault::HtmlPage(status) | Fault::HtmlPageAfterExecuting(status) => {
                Answer::html(final_status(*status), "Service Unavailable")
            }
            Fault::RateLimited => Answer::rate_limited(),
            Fault::StatusCode(code) => application_code(service, code),
            Fault::BacksideAmbiguous { .. } => {
                Answer::gateway(500, "Internal Server Error", "Failed to establish a backside connection")
            }
            Fault::Truncate(_)
            | Fault::LengthTooLong(_)
            | Fault::LengthTooShort(_)
            | Fault::Latency(_)
            | Fault::LatencyUniform { .. }
            | Fault::LatencyNormal { .. }
            | Fault::LatencyLogNormal { .. }
            | Fault::SlowBytes(_)
            | Fault::Dribble { .. }
            | Fault::RandomData
            | Fault::LimitData(_)
            | Fault::SlowClose(_) => return None,
        };
        Some(Delivery::Whole(answer))
    }

    /// The service's own answer, brought over the wire badly.
    fn spoil(&self, answer: Answer, random: &mut Random) -> Delivery {
        let length = answer.body.len();
        match self {
            Fault::Truncate(bytes) => Delivery::Truncated(answer, *bytes),
            Fault::LengthTooLong(bytes) => Delivery::Declared(answer, length.saturating_add(*bytes)),
            Fault::LengthTooShort(bytes) => Delivery::Declared(answer, length.saturating_sub(*bytes)),
            Fault::Latency(milliseconds) => Delivery::Late(answer, *milliseconds),
            Fault::LatencyUniform { from, to } => Delivery::Late(answer, random.uniform(*from, *to)),
            Fault::LatencyNormal { mean, deviation } => {
                Delivery::Late(answer, random.normal(*mean, *deviation))
            }
            Fault::LatencyLogNormal { median, sigma_percent } => {
                Delivery::Late(answer, random.log_normal(*median, *sigma_percent))
            }
            Fault::SlowBytes(milliseconds) => Delivery::Slow(answer, *milliseconds),
            Fault::Dribble { chunks, over } => Delivery::Pieces(answer, *chunks, *over),
            Fault::RandomData => Delivery::Raw((0..RANDOM_BYTES).map(|_| random.byte()).collect()),
            Fault::LimitData(bytes) => {
                let mut wire = answer.on_the_wire(length);
                wire.truncate(*bytes);
                Delivery::Raw(wire)
            }
            Fault::SlowClose(milliseconds) => Delivery::Lingering(answer, *milliseconds),
            _ => Delivery::Whole(answer),
        }
    }
}

/// Bytes which no reader of JSON takes, with a byte that ends strings in C.
const GARBAGE: &str = "}{ %% not json \u{0} \u{fffd}";

/// A head that promises chunks, and no length where the first one's should be.
const MALFORMED_CHUNK: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz}{ no chunk\r\n";

/// About the length of an answer.
const RANDOM_BYTES: usize = 300;

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

#[cfg(test)]
mod tests {
    use super::*;

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
