//! A notification that was told, and the receipt that it becomes.

use caas_core::charge::Ticket;

/// A notification that the relay told. It becomes a [`Receipt`] when the core has replied to it, or when it is nobody's
/// here. Dropping it is harmless: the relay tells it again.
///
/// ```
/// # use caas_core::charge::Ticket;
/// # use caas_transport_embedded::relay::{Receipt, Told};
/// # fn replied(told: Told, ticket: Ticket) -> Option<Receipt> {
/// // `ticket` comes with the core's `Output::Reply`, which it gives when the evidence is durable.
/// told.durable(ticket).ok()
/// # }
/// ```
#[derive(Debug, PartialEq, Eq)]
#[must_use = "without a receipt it is told again"]
pub struct Told {
    number: u32,
    proof: u32,
}

/// A notification that need not be told again. It can be acknowledged any number of times.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "what is not acknowledged is told again"]
pub struct Receipt {
    pub(super) number: u32,
    pub(super) proof: u32,
    pub(super) ours: bool,
}

/// The core replied to another notification. The one that waits is given back.
#[derive(Debug, PartialEq, Eq)]
pub struct OtherTicket(pub Told);

impl Told {
    pub(super) fn new(number: u32, proof: u32) -> Self {
        Told { number, proof }
    }

    /// Its number at the relay, from 1 on. The relay counts for each terminal.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The ticket to give it to the core with: its number.
    pub fn ticket(&self) -> Ticket {
        Ticket(self.number)
    }

    /// The core gave [`Output::Reply`](caas_core::charge::Output::Reply) with this ticket: the evidence is durable here.
    ///
    /// # Errors
    /// It is another notification's ticket; this one still waits.
    pub fn durable(self, replied: Ticket) -> Result<Receipt, OtherTicket> {
        if replied == self.ticket() {
            Ok(Receipt { number: self.number, proof: self.proof, ours: true })
        } else {
            Err(OtherTicket(self))
        }
    }

    /// It is no notification, or about no charge that the till **or the journal** of this terminal knows (R35). The relay
    /// then keeps it aside, for a person, and tells it no more.
    pub fn not_ours(self) -> Receipt {
        Receipt { number: self.number, proof: self.proof, ours: false }
    }
}

impl Receipt {
    /// The notification's number.
    pub fn number(&self) -> u32 {
        self.number
    }
}
