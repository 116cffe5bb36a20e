//! What goes wrong on the way of a charging notification.

use serde::{Deserialize, Serialize};

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
    /// Somebody else's comes first: paid in full, under an `internalTrxId` that the carrier never gave out.
    Forge,
}
