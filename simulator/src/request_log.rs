//! The latest requests and their answers, masked.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::exchange::ServiceCall;
use crate::{Service, mask};

/// One request to a carrier's service and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestRecord {
    /// 1 for the first request, and so on without a gap.
    pub serial: u64,
    /// Virtual milliseconds.
    pub at: u64,
    /// The service asked.
    pub service: Service,
    /// The path asked.
    pub path: String,
    /// Which charge it is about: `externalTrxId`, or Mobitel's `reference`.
    pub charge: Option<String>,
    /// The request's body without secrets and whole numbers.
    pub request: String,
    /// The HTTP status decided on; none where nothing was executed and the connection was closed.
    pub status: Option<u16>,
    /// The answer's body before a fault shaped it, masked.
    pub answer: String,
    /// The fault that hit this request, if one did.
    pub fault: Option<String>,
}

/// A request as it came and was answered, for the log: it is masked when somebody reads it.
pub(crate) struct Logged {
    pub(crate) serial: u64,
    pub(crate) at: u64,
    pub(crate) call: ServiceCall,
    pub(crate) charge: Option<String>,
    pub(crate) answer: Option<Answer>,
    pub(crate) fault: Option<String>,
}

impl Logged {
    /// As it may be read.
    pub(crate) fn masked(&self) -> RequestRecord {
        RequestRecord {
            serial: self.serial,
            at: self.at,
            service: self.call.service,
            path: self.call.path.clone(),
            charge: self.charge.clone(),
            request: mask::body(&self.call.body),
            status: self.answer.as_ref().map(|answer| answer.status),
            answer: self.answer.as_ref().map(|answer| mask::body(&answer.body)).unwrap_or_default(),
            fault: self.fault.clone(),
        }
    }
}

/// Written down, only its count stays: what was asked has secrets in it.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestLog {
    #[serde(skip)]
    records: VecDeque<Logged>,
    pushed: u64,
}

impl RequestLog {
    /// Enough for any test to read back, and under 64 MB with the largest bodies.
    const KEPT: usize = 500;

    pub(crate) fn next_serial(&self) -> u64 {
        self.pushed + 1
    }

    pub(crate) fn push(&mut self, record: Logged) {
        self.pushed += 1;
        if self.records.len() == Self::KEPT {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }

    /// The latest `most`, oldest first.
    pub(crate) fn latest(&self, most: usize) -> Vec<RequestRecord> {
        self.records.iter().skip(self.records.len().saturating_sub(most)).map(Logged::masked).collect()
    }

    pub(crate) fn records(&self) -> Vec<RequestRecord> {
        self.latest(Self::KEPT)
    }

    /// A request as it came, if the log still has it.
    pub(crate) fn call(&self, serial: u64) -> Option<ServiceCall> {
        self.records.iter().find(|record| record.serial == serial).map(|record| record.call.clone())
    }
}
