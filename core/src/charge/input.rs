//! What a charge is told: answers, losses, notifications, storage, commands, time.

use super::attempt::Mark;
use super::evidence::Sent;
use super::facts::{self, Facts, latest};
use super::guard::Guard;
use super::kept::Kept;
use super::kept_review::KeptReview;
#[cfg(feature = "notifications")]
use super::output::Ticket;
use super::output::{PersistToken, ReleasePermit, SendToken};
use super::record::REVIEWER_MAX;
use super::timers::Timer;
use super::{Charge, Closing, Phase, Reason, Release, Sale, Verdict};
use crate::money::Amount;
use crate::profile::Profile;
use crate::time::{Instant, Millis};
use crate::utf8::beginning;
#[cfg(feature = "notifications")]
use crate::wire::notification::Notification;

/// Something that happened.
#[derive(Debug)]
pub enum Input<'i> {
    /// The whole answer to a request. What is not whole is a loss.
    Response {
        /// The request's token.
        token: SendToken,
        /// The HTTP status.
        status: u16,
        /// The whole body.
        body: &'i [u8],
    },
    /// A request without a whole answer.
    Lost {
        /// The request's token.
        token: SendToken,
        /// What became of its bytes.
        sent: Sent,
    },
    /// A charging notification that was read with [`wire::notification::read`](crate::wire::notification::read).
    #[cfg(feature = "notifications")]
    Notification {
        /// The caller's number for it; comes back with [`Output::Reply`](super::Output::Reply).
        ticket: Ticket,
        /// What it says.
        notification: &'i Notification,
    },
    /// The record is durable.
    Persisted(PersistToken),
    /// The record could not be made durable.
    PersistFailed(PersistToken),
    /// The application wants something.
    Command(Command<'i>),
    /// Nothing but time.
    Tick,
}

/// What an application may want.
#[derive(Debug)]
pub enum Command<'i> {
    /// End the sale. Nothing that captures is sent any more; money that comes all the same is a refund due.
    Cancel,
    /// Ask the payer again.
    Retry {
        /// The caller accepts that the earlier attempt may still charge.
        accept_risk: bool,
    },
    /// The credentials were replaced; the refused step may be repeated once.
    CredentialsReplaced,
    /// Start to release the goods. [`Event::Release`](super::Event::Release) follows when that is durable.
    StartRelease,
    /// The goods were released.
    ReleaseDone(ReleasePermit),
    /// The goods could not be released: what was paid is to be refunded.
    ReleaseFailed(ReleasePermit),
    /// A person looked and decided.
    Resolve {
        /// What they found.
        resolution: Resolution,
        /// Who they are, at most 16 characters are kept; fewer where the ids of the charge leave no room.
        by: &'i str,
    },
}

/// What a person found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// The carrier charged this much in all.
    Charged(Amount),
    /// The carrier did not charge.
    NotCharged,
    /// What was due was paid back. A doubt about an attempt stays, and is resolved as charged (how much in all).
    Refunded,
}

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "a refused command did nothing"]
pub enum Handled {
    /// It was taken.
    Done,
    /// It has no effect, and needs none.
    Ignored(Ignored),
    /// The command is not possible now.
    Refused(Refusal),
}

/// Why an input has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Ignored {
    /// The token or permit is of another charge. The caller mixed them up.
    OtherCharge,
    /// The write was made again meanwhile.
    Outdated,
    /// The notification is about another charge; keep it in quarantine.
    NotOurs,
    /// Too many notifications wait for their reply: answer that it is to come again.
    Busy,
}

/// Why a command is not possible now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Refusal {
    /// The sale is over.
    SaleClosed,
    /// It is paid.
    AlreadyPaid,
    /// The payer may still answer the earlier prompt, or the carrier still execute it:
    /// [`Charge::until_retry`] says for how long.
    TooEarly,
    /// The earlier attempt may still charge: ask again with `accept_risk`, or leave it to a review.
    NeedsRisk,
    /// There were as many attempts as there may be.
    AttemptsUsed,
    /// A request is under way.
    Busy,
    /// Not paid in full.
    NotConfirmed,
    /// The release was started before.
    AlreadyReleased,
    /// A person must look first; or the amount is above what the profile releases on notifications alone.
    NeedsReview,
    /// The goods are being released.
    Releasing,
    /// Nothing needs to be decided.
    NothingToResolve,
    /// Money was received: resolve as charged, or as refunded.
    MoneyReceived,
    /// Less than was received is not possible.
    LessThanReceived,
}

impl Charge {
    /// Takes what happened. Total: every input is defined in every state; call
    /// [`Charge::poll_output`] afterwards.
    #[inline(never)]
    pub fn handle_input(&mut self, now: Instant, profile: &Profile<'_>, input: Input<'_>) -> Handled {
        // What comes after the sale's end comes late, also where nobody asked the charge in between (R51).
        self.timers.advance(now);
        self.end_windows(profile);
        let handled = match named(&input) {
            Some(tag) if tag != self.tag() => Handled::Ignored(Ignored::OtherCharge),
            _ => self.take(profile, input),
        };
        self.settle(profile);
        handled
    }

    fn take(&mut self, profile: &Profile<'_>, input: Input<'_>) -> Handled {
        let taken = match input {
            Input::Response { token, status, body } => {
                self.take_answer(profile, &token, status, body);
                Ok(())
            }
            Input::Lost { token, sent } => {
                self.take_loss(profile, &token, sent);
                Ok(())
            }
            #[cfg(feature = "notifications")]
            Input::Notification { ticket, notification } => {
                self.take_notification(profile, ticket, notification)
            }
            Input::Persisted(token) => was_awaited(self.storage.persisted(&mut self.timers, token.sequence)),
            Input::PersistFailed(token) => was_awaited(self.storage_failed(token.sequence)),
            Input::Command(command) => return self.obey(command),
            Input::Tick => Ok(()),
        };
        match taken {
            Ok(()) => Handled::Done,
            Err(ignored) => Handled::Ignored(ignored),
        }
    }

    /// Milliseconds from the latest input in which a further attempt could prompt a payer who may still answer the earlier
    /// prompt, or whom the carrier may still charge ([`Refusal::TooEarly`]); 0 if none.
    pub fn until_retry(&self) -> Millis {
        self.timers.until_quiet()
    }

    #[inline(never)]
    fn obey(&mut self, command: Command<'_>) -> Handled {
        let done = match command {
            Command::Cancel => self.cancel(),
            Command::Retry { accept_risk } => self.retry(accept_risk),
            Command::CredentialsReplaced => {
                self.timers.hasten(Timer::PollAt);
                Ok(())
            }
            Command::StartRelease => self.start_release(),
            Command::ReleaseDone(permit) => return self.end_release(&permit, Release::Done),
            Command::ReleaseFailed(permit) => return self.end_release(&permit, Release::Failed),
            Command::Resolve { resolution, by } => self.resolve(resolution, by),
        };
        match done {
            Ok(()) => Handled::Done,
            Err(refusal) => Handled::Refused(refusal),
        }
    }

    fn cancel(&mut self) -> Result<(), Refusal> {
        match (self.sale, self.release) {
            (Sale::Closed(_), _) => Err(Refusal::SaleClosed),
            (Sale::Open, Release::None) => {
                self.close(Closing::Cancelled);
                Ok(())
            }
            (Sale::Open, _) => Err(Refusal::Releasing),
        }
    }

    /// R09, R18: a new attempt only when the earlier one cannot charge any more, or where the caller takes the risk.
    fn retry(&mut self, accept_risk: bool) -> Result<(), Refusal> {
        let facts = self.facts();
        if !facts.any(facts::OPEN) {
            return Err(Refusal::SaleClosed);
        }
        if facts.any(facts::PAID) {
            return Err(Refusal::AlreadyPaid);
        }
        if facts.any(facts::NEEDS_REVIEW) {
            return Err(Refusal::NeedsReview);
        }
        if !self.has_attempt_left() {
            return Err(Refusal::AttemptsUsed);
        }
        if facts.any(facts::FLYING | facts::PLANNED) {
            return Err(Refusal::Busy);
        }
        if self.until_retry() > 0 && self.guards.hold(Guard::WindowBeforeAttempt) {
            return Err(Refusal::TooEarly);
        }
        if facts.any(facts::EARLIER_IN_DOUBT) && !accept_risk {
            return Err(Refusal::NeedsRisk);
        }
        if facts.any(latest(Phase::Planned) | latest(Phase::Requested)) {
            return Err(Refusal::Busy);
        }
        // The answer to a confirm that is asked now decides.
        let asking = self.consent.is_prompt() && facts.any(latest(Phase::PendingConsent));
        if accept_risk || facts.any(latest(Phase::NotCharged)) {
            self.begin_attempt();
        } else if asking || facts.any(latest(Phase::Lapsed)) {
            self.retry_wanted = true;
            if asking {
                self.timers.hasten(Timer::PollAt);
            }
        } else {
            return Err(Refusal::NeedsRisk);
        }
        Ok(())
    }

    fn start_release(&mut self) -> Result<(), Refusal> {
        let facts = self.facts();
        if !facts.any(facts::PAID) {
            return Err(Refusal::NotConfirmed);
        }
        if facts.any(facts::RELEASING) && self.guards.hold(Guard::ReleaseOnce) {
            return Err(Refusal::AlreadyReleased);
        }
        if !facts.any(facts::OPEN) && self.guards.hold(Guard::ReleaseWhileOpen) {
            return Err(Refusal::SaleClosed);
        }
        if !facts.any(facts::RELEASABLE) {
            return Err(Refusal::NeedsReview);
        }
        self.release = Release::Started;
        self.release_told = false;
        self.storage.touch();
        Ok(())
    }

    fn end_release(&mut self, permit: &ReleasePermit, result: Release) -> Handled {
        if permit.charge != self.tag() {
            return Handled::Ignored(Ignored::OtherCharge);
        }
        if self.release != Release::Started {
            return Handled::Ignored(Ignored::Outdated);
        }
        self.release = result;
        self.close(if result == Release::Done { Closing::Fulfilled } else { Closing::Cancelled });
        self.storage.touch();
        Handled::Done
    }

    fn resolve(&mut self, resolution: Resolution, by: &str) -> Result<(), Refusal> {
        if self.release == Release::Started {
            return Err(Refusal::Releasing);
        }
        let (received, due) = (self.received(), self.refund_due());
        let facts = self.facts();
        let needed =
            facts.any(facts::NEEDS_REVIEW) || (facts.any(facts::UNCERTAIN) && !facts.any(facts::PAID));
        let verdict = match resolution {
            Resolution::Refunded if due.is_zero() => return Err(Refusal::NothingToResolve),
            Resolution::Refunded => {
                self.lasting.refunded = Kept::new(self.lasting.refunded.amount().saturating_add(due));
                self.told.refund_due = Kept::ZERO;
                self.storage.touch();
                if self.is_doubt_left(facts) {
                    return Ok(());
                }
                Verdict::Refunded
            }
            _ if !needed => return Err(Refusal::NothingToResolve),
            Resolution::Charged(amount) if amount < received => return Err(Refusal::LessThanReceived),
            Resolution::Charged(amount) => {
                self.lasting.received.reviewed =
                    Kept::new(self.lasting.received.reviewed.amount().max(amount));
                Verdict::Charged
            }
            Resolution::NotCharged if !received.is_zero() => return Err(Refusal::MoneyReceived),
            Resolution::NotCharged => Verdict::NotCharged,
        };
        for number in self.numbers() {
            self.set_mark(number, Mark::Reviewed);
        }
        self.planned = None;
        self.close(Closing::Cancelled);
        self.review = KeptReview::resolved(verdict);
        self.lasting.judged = Kept::new(self.received());
        self.told.review = KeptReview::NONE;
        self.lasting.texts.set_reviewer(beginning(by.as_bytes(), REVIEWER_MAX));
        self.storage.touch();
        Ok(())
    }
}

impl Charge {
    /// Whether something is to be decided that giving money back does not decide: an attempt that may have charged, or
    /// what a damaged record said. It stays listed (I3).
    fn is_doubt_left(&self, facts: Facts) -> bool {
        facts.any(facts::ATTEMPT_IN_DOUBT) || self.review == KeptReview::needed(Reason::DamagedRecord)
    }
}

/// The charge that an input names by its token, if it has one.
fn named(input: &Input<'_>) -> Option<u32> {
    match input {
        Input::Response { token, .. } | Input::Lost { token, .. } => Some(token.charge),
        Input::Persisted(token) | Input::PersistFailed(token) => Some(token.charge),
        #[cfg(feature = "notifications")]
        Input::Notification { .. } => None,
        Input::Command(_) | Input::Tick => None,
    }
}

fn was_awaited(awaited: bool) -> Result<(), Ignored> {
    if awaited { Ok(()) } else { Err(Ignored::Outdated) }
}
