//! The latest requests and their answers, masked.

use std::collections::VecDeque;

use serde::Serialize;

use crate::Service;

/// One request to a carrier's service and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestRecord {
    /// Virtual milliseconds.
    pub at: u64,
    /// The service asked.
    pub service: Service,
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
}

impl RequestLog {
    /// Enough for any test to read back, and under 64 MB with the largest bodies.
    const KEPT: usize = 500;

    pub(crate) fn push(&mut self, record: RequestRecord) {
        if self.records.len() == Self::KEPT {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }

    pub(crate) fn records(&self) -> Vec<RequestRecord> {
        self.records.iter().cloned().collect()
    }
}
