//! What the application is told, each once, with everything owned.

use core::fmt;

use caas_core::charge::{
    Charge, Closing, Conflict, Event, Reason, RecoverError, Refusal, ReleasePermit, Ticket,
};
use caas_core::id::{CARRIER_ID_MAX, PAYER_TEXT_MAX, SaleId};
use caas_core::id_generator::IdGeneratorError;
use caas_core::money::Amount;
use caas_core::till::TillRefused;
use caas_core::time::Millis;
use caas_core::wire::notification::RECEIVED;
use caas_core::wire::request::RequestFault;
use heapless::String;

use super::dial::NoConnection;
use crate::delivery::{MaybeSent, NotSent};
use crate::journal::JournalError;

/// Something that happened. `Debug` shows no text of the carrier and no payer.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is no heap to put the larger one on")]
pub enum Happening {
    /// All that a restart left is taken up: sales are started from now on.
    Ready,
    /// About a charge.
    Charge {
        /// The caller's name for the sale.
        sale: SaleId,
        /// What.
        news: News,
    },
    /// The answer to a notification may go back now: what it says is durable.
    Reply {
        /// What [`Counter::notification`](super::Counter::notification) gave.
        ticket: Ticket,
        /// The answer.
        reply: Reply,
    },
    /// The journal failed. What was to be written is written again by and by; nothing is sent before (R45).
    Journal(JournalTrouble),
}

/// What happened to a charge.
#[derive(Debug)]
#[non_exhaustive]
pub enum News {
    /// It is started: the next thing is its request. `again`: the sale was started before, nothing new was done (R10).
    Started {
        /// Whether the sale was under way already.
        again: bool,
    },
    /// It is not started: nothing was sent or kept.
    NotStarted(NotStarted),
    /// It was taken up after a restart.
    TakenUp,
    /// Its record cannot be gone on with; no sale is started while it is there (R49).
    NotTakenUp(RecoverError),
    /// Its record is damaged and no older one is left (R44): a person must look.
    /// [`Counter::resolve`](super::Counter::resolve) puts it away.
    RecordLost,
    /// The payer must do this before the charge can go on: show it.
    PayerMustAct(Instructions),
    /// Asked for, or asked for again.
    Requested,
    /// The payer must act.
    PendingConsent,
    /// Paid in part so far.
    PartlyPaid(Amount),
    /// Paid in full. [`News::Release`] follows when the start of the release is durable.
    Confirmed,
    /// Not paid.
    Failed,
    /// Money may have moved and nobody here can tell, for now.
    InDoubt,
    /// Not approved in time: [`Counter::retry`](super::Counter::retry) or [`Counter::cancel`](super::Counter::cancel);
    /// the sale's window ends it otherwise.
    Lapsed,
    /// Release the goods now, once, and give the permit back: [`Counter::released`](super::Counter::released) or
    /// [`Counter::release_failed`](super::Counter::release_failed).
    Release(ReleasePermit),
    /// The power went during a release: it counts as released, and the payer may have paid for nothing. Look at the
    /// machine; the journal keeps the charge until it is resolved ([`Counter::resolve`](super::Counter::resolve)).
    ReleaseUncertain,
    /// The sale is over.
    Closed(Closing),
    /// This much is owed back to the payer. The journal keeps the charge until it is resolved as refunded.
    RefundDue(Amount),
    /// A person must look. The journal keeps the charge until it is resolved.
    NeedsReview(Reason),
    /// Evidence contradicts other evidence.
    Conflict(Conflict),
    /// The carrier refused the credentials; see
    /// [`Counter::replace_credentials`](super::Counter::replace_credentials).
    CredentialsRefused,
    /// A request could not be written: the configuration is to blame, nothing was sent.
    Misconfigured(RequestFault),
    /// No byte of a request was sent. It is sent again by and by, a bounded number of times.
    NotSent(Unsent),
    /// A request may have been sent, and no whole answer came.
    NoAnswer(MaybeSent),
    /// The person's finding was taken.
    Resolved,
    /// The person's finding is not possible.
    NotResolved(NotPossible),
    /// The end: nothing is left to do, and the journal has put the charge away.
    Finished,
    /// The end for the machine: a person must look or give money back, and the journal keeps the charge for them. It is
    /// told of again at each boot until it is resolved.
    KeptForPerson,
}

/// What the payer must do. `Debug` shows lengths only: the carrier's words may name the payer.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Instructions {
    /// The carrier's words; empty if it gave none.
    pub text: String<PAYER_TEXT_MAX>,
    /// The reference that the payer must enter; empty if the carrier named none.
    pub reference: String<CARRIER_ID_MAX>,
    /// What the carrier asks for. It may differ from the sale's amount, which decides what is paid in full.
    pub due: Option<Amount>,
}

/// Why a sale is not started. Nothing was sent or kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum NotStarted {
    /// The journal has a charge of this sale, which ended with something for a person. Use a new sale id.
    SaleKnown,
    /// The till refuses it.
    Till(TillRefused),
    /// There is no id for it.
    Ids(IdGeneratorError),
    /// The journal's mark of the id generator is damaged: ids could come again. Begin a new epoch, with
    /// [`Counter::begin_epoch`](super::Counter::begin_epoch), above the settings'.
    IdMarkDamaged,
    /// Charges that a restart left are still open and take all places. Wait for the end of one.
    StillTakingUp,
    /// A record of the journal cannot be gone on with ([`News::NotTakenUp`]).
    UnreadableRecord,
    /// The journal fails.
    Journal(JournalTrouble),
    /// It was cancelled before.
    Cancelled,
}

/// Why no byte of a request was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Unsent {
    /// There is no connection.
    NoConnection(NoConnection),
    /// The connection did not take it.
    Connection(NotSent),
    /// The future of the driver was dropped before.
    Dropped,
    /// The sale ended, or was paid, while the connection was made.
    Overtaken,
}

/// Why a command does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum NotPossible {
    /// The till has no charge of this sale, and, where the journal is asked, neither has it.
    UnknownSale,
    /// The charge refuses it.
    Refused(Refusal),
    /// The payer may still answer the earlier prompt, or the carrier still execute it.
    TooEarly {
        /// Milliseconds that are left.
        left: Millis,
    },
    /// The permit is of a release that is over, or of another machine.
    NoSuchRelease,
    /// An earlier one has not been decided, or there is no place: wait for the next happening and ask again.
    Busy,
    /// The charge's record cannot be gone on with.
    Unreadable(RecoverError),
}

/// The answer to a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Reply {
    /// Its effect is durable: acknowledge it.
    Acknowledge,
    /// It is about no charge of this machine: whoever relays it keeps it in quarantine, and acknowledges it (R35).
    NotOurs,
    /// It was not taken: it is to come again.
    TryLater,
}

/// Why a notification was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum NotTaken {
    /// It is no notification: answer
    /// [`NOT_UNDERSTOOD`](caas_core::wire::notification::NOT_UNDERSTOOD).
    NotUnderstood,
    /// Others wait: it is to come again.
    TryLater,
}

/// What is wrong with the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum JournalTrouble {
    /// There is no room for a further charge, so nothing is sent: resolve those that wait for a person. Each boot tells
    /// them ([`News::KeptForPerson`]).
    Full,
    /// It holds more open charges than this firmware has places for (R49).
    TooManyCharges,
    /// It was given what is no record.
    NotARecord,
    /// What was read back is not what was written: the storage is worn or broken.
    ReadBack,
    /// The storage failed.
    Storage,
    /// It took longer than [`JOURNAL_DEADLINE`](super::JOURNAL_DEADLINE).
    TimedOut,
}

impl Reply {
    /// The body of the answer under HTTP 200; `None`: let it come again (HTTP 503).
    pub const fn body(self) -> Option<&'static [u8]> {
        match self {
            Reply::Acknowledge | Reply::NotOurs => Some(RECEIVED),
            Reply::TryLater => None,
        }
    }
}

impl News {
    pub(super) fn of(charge: Option<&Charge>, event: Event) -> Self {
        match event {
            Event::PayerMustAct => News::PayerMustAct(charge.map(Instructions::of).unwrap_or_default()),
            Event::Requested => News::Requested,
            Event::PendingConsent => News::PendingConsent,
            Event::PartlyPaid(amount) => News::PartlyPaid(amount),
            Event::Confirmed => News::Confirmed,
            Event::Failed => News::Failed,
            Event::InDoubt => News::InDoubt,
            Event::Lapsed => News::Lapsed,
            Event::Release(permit) => News::Release(permit),
            Event::ReleaseUncertain => News::ReleaseUncertain,
            Event::Closed(closing) => News::Closed(closing),
            Event::RefundDue(amount) => News::RefundDue(amount),
            Event::NeedsReview(reason) => News::NeedsReview(reason),
            Event::Conflict(conflict) => News::Conflict(conflict),
            Event::CredentialsRefused => News::CredentialsRefused,
            Event::Misconfigured(fault) => News::Misconfigured(fault),
        }
    }
}

impl Instructions {
    fn of(charge: &Charge) -> Self {
        // The core bounds both by the same lengths.
        let text = String::try_from(charge.payer_text().unwrap_or_default()).unwrap_or_default();
        let reference = String::try_from(charge.reference().unwrap_or_default()).unwrap_or_default();
        Instructions { text, reference, due: charge.must_act().amount_due }
    }
}

impl fmt::Debug for Instructions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Instructions")
            .field("text_length", &self.text.len())
            .field("reference_length", &self.reference.len())
            .field("due", &self.due)
            .finish()
    }
}

impl<F> From<JournalError<F>> for JournalTrouble {
    fn from(error: JournalError<F>) -> Self {
        match error {
            JournalError::Full => JournalTrouble::Full,
            JournalError::TooManyCharges => JournalTrouble::TooManyCharges,
            JournalError::NotARecord => JournalTrouble::NotARecord,
            JournalError::ReadBack => JournalTrouble::ReadBack,
            JournalError::Storage(_) => JournalTrouble::Storage,
        }
    }
}
