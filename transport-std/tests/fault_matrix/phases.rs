//! The phases of a charge that a fault can strike, and what the payer does in each.

use caas_simulator::Payer;

use crate::carriers::Carrier;
use crate::faults::What;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The charge request or direct debit.
    Request,
    /// `confirm`, while the payer still looks at the prompt.
    Consent,
    /// `confirm`, after the payer approved.
    Confirm,
    /// The notification of a payment in full.
    Payment,
    /// The notification of the first of two parts.
    PartPayment,
    /// The notification of a part, when no other follows.
    PartOnly,
    /// The notification that the payer declined.
    Declined,
    /// The notification that comes before the debit's answer.
    BeforeAnswer,
    /// The notification about a debit whose answer was lost.
    AnswerLost,
    /// The repetition of a notification whose acknowledgement was lost.
    Acknowledgement,
    /// The notification of a payment after the sale was cancelled.
    AfterEnd,
}

impl Phase {
    pub const ALL: [Phase; 11] = [
        Phase::Request,
        Phase::Consent,
        Phase::Confirm,
        Phase::Payment,
        Phase::PartPayment,
        Phase::PartOnly,
        Phase::Declined,
        Phase::BeforeAnswer,
        Phase::AnswerLost,
        Phase::Acknowledgement,
        Phase::AfterEnd,
    ];

    /// Whether the carrier has this phase.
    pub fn is_of(self, carrier: &Carrier) -> bool {
        match self {
            Phase::Request => true,
            Phase::Consent | Phase::Confirm => carrier.is_mobitel(),
            _ => carrier.is_dialled(),
        }
    }

    /// Whether the fault can strike in this phase: requests have their faults, notifications theirs.
    pub fn is_struck_by(self, what: &What) -> bool {
        self.is_notification() == matches!(what, What::Notification(_))
    }

    pub fn is_notification(self) -> bool {
        !matches!(self, Phase::Request | Phase::Consent | Phase::Confirm)
    }

    /// What the simulated payer does by itself; the cell does the rest when the charge has come so far.
    pub fn payer(self) -> Payer {
        match self {
            Phase::Request | Phase::Confirm | Phase::BeforeAnswer | Phase::AnswerLost => Payer::Approve,
            _ => Payer::Ask,
        }
    }

    /// What the payer pays in this phase, in minor units.
    pub fn paid(self) -> u64 {
        match self {
            Phase::PartOnly => 4_00,
            Phase::Declined => 0,
            _ => 10_00,
        }
    }
}
