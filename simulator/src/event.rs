//! What an observer is told as it happens.

use serde::{Deserialize, Serialize};

use crate::{Capture, DeliveryRecord, EzCashRequest, Prompt, RequestRecord};

/// Something that happened in the simulator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SimulatorEvent {
    /// A prompt appeared on a payer's phone.
    PromptShown(Prompt),
    /// A prompt was answered, ignored or expired.
    PromptAnswered(Prompt),
    /// A payment was asked of the payer at eZ Cash.
    EzCashRequested(EzCashRequest),
    /// Money was taken.
    Captured(Capture),
    /// A notification was sent (or not), with what came of it.
    NotificationSent(DeliveryRecord),
    /// A request was handled; its bodies are masked.
    Request(RequestRecord),
}
