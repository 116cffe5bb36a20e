//! The carrier: sessions with the payer, and what it really took. It shares nothing with the charge but the wire.

use caas_core::profile::{Consent, Service};

use super::network::Asked;
use super::scenario::{CARRIER_WINDOW, PRICE, Real, Scenario};

/// Sessions that a carrier opens, at most; a further request is throttled.
pub const SESSIONS_MAX: usize = 3;

/// Where the payer's consent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Said {
    /// Asked, and may still answer.
    Asked,
    /// Yes.
    Yes,
    /// No.
    No,
    /// Did not answer in time.
    Nothing,
}

/// One transaction at the carrier: a prompt, a payment reference, or a debit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    /// The attempt that asked for it.
    pub attempt: u8,
    /// The payer's answer.
    pub said: Said,
    /// The ledger: what was taken from the payer, in minor units.
    pub taken: u64,
    /// How long the payer may still answer or pay, in milliseconds.
    pub left: u64,
}

/// What the carrier answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The payer must act; the session's number.
    Accepted(u8),
    /// Charged; the session's number.
    Executed(u8),
    /// Consent was not given (yet); the session's number.
    NotApproved(u8),
    /// A refusal that a scenario chose.
    Refused(Refused),
    /// Something that nobody can read.
    Garbage,
}

/// How a carrier may refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refused {
    /// By or for the payer: no balance, for one.
    Declined,
    /// Not charged as far as the carrier says.
    Failed,
    /// The handset is busy.
    Busy,
    /// Too many requests.
    Throttled,
    /// The client id is unknown (in mid-flow).
    Credentials,
    /// The carrier does not know the reference yet.
    NotFound,
    /// The carrier is still at it.
    Processing,
    /// An earlier send of this id ran.
    Duplicate,
}

/// The carrier's books.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Carrier {
    /// All sessions of this charge.
    pub sessions: Vec<Session>,
}

impl Carrier {
    /// What the payer lost in all.
    pub fn taken(&self) -> u64 {
        self.sessions.iter().map(|session| session.taken).sum()
    }

    /// How many sessions took the whole price or more.
    pub fn captures(&self) -> usize {
        self.sessions.iter().filter(|session| session.taken >= PRICE).count()
    }

    /// Whether a send of this attempt was executed.
    pub fn ran(&self, attempt: u8) -> bool {
        self.sessions.iter().any(|session| session.attempt == attempt)
    }

    /// Whether a session other than `own` took money, or could.
    pub fn may_take(&self, own: Option<u8>) -> bool {
        (0u8..).zip(&self.sessions).any(|(number, session)| {
            Some(number) != own && (session.taken > 0 || matches!(session.said, Said::Asked | Said::Yes))
        })
    }

    /// Executes a request, and says what it answers.
    pub fn execute(&mut self, scenario: &Scenario, asked: &Asked) -> Answer {
        match (asked.service, scenario.consent()) {
            (Service::Confirm, _) => self.confirm(scenario, asked),
            (_, Consent::None) => {
                let known = (0u8..).zip(&self.sessions).find(|(_, session)| session.attempt == asked.attempt);
                if let Some((number, _)) = known.filter(|_| scenario.profile.deduplicates) {
                    return Answer::Executed(number);
                }
                self.open(asked, Said::Yes, PRICE)
                    .map_or(Answer::Refused(Refused::Throttled), Answer::Executed)
            }
            _ => {
                self.open(asked, Said::Asked, 0).map_or(Answer::Refused(Refused::Throttled), Answer::Accepted)
            }
        }
    }

    /// Lets time pass for the payers.
    pub fn pass(&mut self, millis: u64) {
        for session in &mut self.sessions {
            session.left = session.left.saturating_sub(millis);
            if session.left == 0 && session.said == Said::Asked {
                session.said = Said::Nothing;
            }
            if session.said != Said::Asked {
                session.left = 0;
            }
        }
    }

    fn open(&mut self, asked: &Asked, said: Said, taken: u64) -> Option<u8> {
        if self.sessions.len() >= SESSIONS_MAX {
            return None;
        }
        let left = if said == Said::Asked { CARRIER_WINDOW.into() } else { 0 };
        self.sessions.push(Session { attempt: asked.attempt, said, taken, left });
        u8::try_from(self.sessions.len() - 1).ok()
    }

    fn confirm(&mut self, scenario: &Scenario, asked: &Asked) -> Answer {
        let number = asked.session.unwrap_or(0);
        let Some(session) = self.sessions.get_mut(usize::from(number)) else {
            return Answer::Refused(Refused::NotFound);
        };
        match session.said {
            Said::Yes => {
                if scenario.real == Real::ConfirmCaptures {
                    session.taken = PRICE;
                }
                Answer::Executed(number)
            }
            Said::No => Answer::Refused(Refused::Declined),
            Said::Asked | Said::Nothing => Answer::NotApproved(number),
        }
    }
}
