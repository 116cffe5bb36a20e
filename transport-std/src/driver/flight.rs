//! A request that the charge handed out. Its connection is made first; before the first byte, the charge is asked again.

use caas_core::charge::{Charge, Payment, Sale, SendToken};
use caas_core::time::{Instant, Millis};

use crate::http_client::{Connected, Delivery};

/// How far a request came.
pub(super) enum Flight {
    /// It has its connection, and no byte of it was sent.
    Connected(Leave, Box<Connected>),
    /// It is over.
    Landed(SendToken, Delivery),
}

/// What is to hold for a request to be sent once its connection is made: what was planned for an open sale could take
/// money that nobody wants any more (R21), or take it twice (I4).
pub(super) struct Leave {
    pub token: SendToken,
    /// Whether the sale still wanted the money when the request was handed out.
    wanted: bool,
    /// When the charge counts it as lost, and may be asked for another attempt.
    lost_at: Instant,
}

impl Leave {
    pub fn new(token: SendToken, charge: &Charge, now: Instant, answer: Millis) -> Self {
        Leave { token, wanted: wants_money(charge), lost_at: now.after(answer) }
    }

    pub fn holds(&self, charge: &Charge, now: Instant) -> bool {
        now < self.lost_at && (wants_money(charge) || !self.wanted)
    }
}

/// Whether the sale takes place and is not paid.
fn wants_money(charge: &Charge) -> bool {
    charge.sale() == Sale::Open && charge.payment() != Payment::Confirmed
}
