//! A notification that was told, given to the core, and the receipt that it becomes.

use caas_core::charge::Ticket;

/// A notification that the relay told. Dropping it is harmless: the relay tells it again.
///
/// ```
/// # use caas_core::charge::Ticket;
/// # use caas_transport_embedded::relay::{Receipt, Told};
/// # fn take(told: Told, ticket: Ticket, replied: Ticket) -> Option<Receipt> {
/// // The core has it under this ticket, ...
/// let given = told.given_as(ticket);
/// // ... and has said `Output::Reply` with that ticket: the evidence is durable.
/// given.replied(replied).ok()
/// # }
/// ```
#[derive(Debug, PartialEq, Eq)]
#[must_use = "without a receipt it is told again"]
pub struct Told {
    number: u32,
    proof: u32,
}

/// A notification that the core has, and has not replied to. Dropping it is harmless, as for [`Told`].
#[derive(Debug, PartialEq, Eq)]
#[must_use = "without a receipt it is told again"]
pub struct Given {
    told: Told,
    ticket: Ticket,
}

/// A notification that need not be told again. It can be acknowledged any number of times.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "what is not acknowledged is told again"]
pub struct Receipt {
    pub(super) number: u32,
    pub(super) proof: u32,
    pub(super) ours: bool,
}

impl Told {
    pub(super) fn new(number: u32, proof: u32) -> Self {
        Told { number, proof }
    }

    /// Its number at the relay, from 1 on. The relay counts for each terminal.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The core took it under this ticket.
    pub fn given_as(self, ticket: Ticket) -> Given {
        Given { told: self, ticket }
    }

    /// It is no notification, or about no charge that the till **or the journal** of this terminal knows (R35). The relay
    /// then keeps it aside, for a person, and tells it no more.
    pub fn not_ours(self) -> Receipt {
        Receipt { number: self.number, proof: self.proof, ours: false }
    }
}

impl Given {
    /// The ticket that the core has it under.
    pub fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// The core gave [`Output::Reply`](caas_core::charge::Output::Reply) with this ticket: the evidence is durable here.
    ///
    /// # Errors
    /// It is another notification's ticket; this one still waits, and is given back.
    pub fn replied(self, ticket: Ticket) -> Result<Receipt, Given> {
        if ticket == self.ticket {
            Ok(Receipt { number: self.told.number, proof: self.told.proof, ours: true })
        } else {
            Err(self)
        }
    }

    /// It turned out to be about no charge of this terminal: [`Told::not_ours`].
    pub fn not_ours(self) -> Receipt {
        self.told.not_ours()
    }
}

impl Receipt {
    /// The notification's number.
    pub fn number(&self) -> u32 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_reply_to_this_notification_makes_a_receipt() {
        let given = Told::new(3, 7).given_as(Ticket(1));
        let given = given.replied(Ticket(3)).expect_err("the ticket of another one");
        let receipt = given.replied(Ticket(1)).unwrap();
        assert_eq!((receipt.number, receipt.proof, receipt.ours), (3, 7, true));
        assert!(!Told::new(3, 7).not_ours().ours);
        assert!(!Told::new(3, 7).given_as(Ticket(1)).not_ours().ours);
    }
}
