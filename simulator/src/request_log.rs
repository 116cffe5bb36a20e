//! The latest requests and their answers, masked.

use std::collections::VecDeque;

use serde::Serialize;

use crate::Service;

/// One request to a carrier's service and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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

#[derive(Default)]
pub(crate) struct RequestLog {
    records: VecDeque<RequestRecord>,
    pushed: u64,
}

impl RequestLog {
    /// Enough for any test to read back, and under 64 MB with the largest bodies.
    const KEPT: usize = 500;

    pub(crate) fn next_serial(&self) -> u64 {
        self.pushed + 1
    }

    pub(crate) fn push(&mut self, record: RequestRecord) {
        self.pushed += 1;
        if self.records.len() == Self::KEPT {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }

    pub(crate) fn records(&self) -> Vec<RequestRecord> {
        self.records.iter().cloned().collect()
    }
}
