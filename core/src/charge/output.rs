//! What a charge asks its caller to do, and what it tells.

use super::durable::Due;
use super::plan::Planned;
use super::record::Record;
use super::{Carrier, Charge, Closing, Conflict, Reason};
use crate::money::Amount;
use crate::profile::Service;
use crate::time::Instant;
use crate::wire::request::{REQUEST_MAX, RequestFault};

/// Room that [`Charge::poll_output`] needs: a request or a record, whichever is longer.
pub const BUFFER_MAX: usize = if REQUEST_MAX > super::RECORD_MAX { REQUEST_MAX } else { super::RECORD_MAX };

/// What to do next. Until it says [`Output::Wait`], ask again.
#[derive(Debug)]
#[must_use = "an output that is dropped is lost: a request that was not sent must be reported as not sent"]
pub enum Output<'b> {
    /// Make this record durable, in place of the charge's earlier ones, and give the token back with
    /// [`Input::Persisted`](super::Input::Persisted) or [`Input::PersistFailed`](super::Input::PersistFailed).
    Persist {
        /// Names the write.
        token: PersistToken,
        /// What to write.
        record: Record<'b>,
    },
    /// Send this request once, and give the token back with [`Input::Response`](super::Input::Response) or
    /// [`Input::Lost`](super::Input::Lost). Never send it twice.
    Transmit {
        /// Names the send.
        token: SendToken,
        /// What to send.
        request: Request<'b>,
    },
    /// Answer the notification of this ticket with HTTP 200 and these bytes.
    Reply {
        /// Names the notification, as the caller did.
        ticket: Ticket,
        /// The acknowledgement.
        body: &'b [u8],
    },
    /// Something to know.
    Event(Event),
    /// Nothing to do until this time, which is later than `now`, or until something happens (`None`).
    Wait(Option<Instant>),
    /// The buffer is shorter than [`BUFFER_MAX`]; nothing was done.
    BufferTooSmall,
}

/// A request to the carrier.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Request<'b> {
    /// What is asked for.
    pub service: Service,
    /// The path below the endpoint. The profile's
    /// [`authentication`](crate::profile::Profile::authentication) says which header goes along.
    pub path: &'b str,
    /// The JSON body. It holds the payer's id and may hold a password: not for a log.
    pub body: &'b [u8],
}

impl core::fmt::Debug for Request<'_> {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.debug_struct("Request")
            .field("service", &self.service)
            .field("path", &self.path)
            .field("body_length", &self.body.len())
            .finish()
    }
}

/// What the payer must do before the charge can go on ([`Charge::must_act`]).
///
/// `Debug` shows lengths only: what the carrier wrote may name the payer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MustAct<'c> {
    /// The carrier's words in UTF-8, cut at [`PAYER_TEXT_MAX`](crate::id::PAYER_TEXT_MAX) bytes; empty if it gave none.
    /// [`Charge::payer_text`] has them as a `&str`, which takes half a kilobyte of flash more.
    pub text: &'c [u8],
    /// The reference that the payer must enter, in ASCII; empty if the carrier named none.
    pub reference: &'c [u8],
    /// What the carrier asks for. It may differ from the sale's amount, which decides what is paid in full.
    pub amount_due: Option<Amount>,
}

impl core::fmt::Debug for MustAct<'_> {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.debug_struct("MustAct")
            .field("text_length", &self.text.len())
            .field("reference_length", &self.reference.len())
            .field("amount_due", &self.amount_due)
            .finish()
    }
}

/// What happened, told once in each run of the program, and only when it is durable.
#[derive(Debug)]
pub enum Event {
    /// The charge cannot go on until the payer has done what [`Charge::must_act`] says.
    PayerMustAct,
    /// Asked for, or asked for again.
    Requested,
    /// The payer must act.
    PendingConsent,
    /// Paid in full. The goods are released after [`Command::StartRelease`](super::Command::StartRelease).
    Confirmed,
    /// Not paid.
    Failed,
    /// Money may have moved and nobody here can tell, for now.
    InDoubt,
    /// Paid in part so far.
    PartlyPaid(Amount),
    /// "Not approved", asked after the window's end: a new attempt may be asked for, or the sale cancelled.
    Lapsed,
    /// Release the goods now, once, and give the permit back with the result.
    Release(ReleasePermit),
    /// The power went during a release: it counts as released; look at the machine.
    ReleaseUncertain,
    /// The sale is over.
    Closed(Closing),
    /// This much is owed back to the payer.
    RefundDue(Amount),
    /// A person must look.
    NeedsReview(Reason),
    /// Evidence contradicts other evidence.
    Conflict(Conflict),
    /// The carrier refused the credentials in mid-charge; replace them. A second refusal ends the asking.
    CredentialsRefused,
    /// A request could not be written: the configuration is to blame, nothing was sent.
    Misconfigured(RequestFault),
}

/// Names a send. It is given back once, with the answer or the loss.
#[derive(Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "model", derive(Clone))]
#[must_use = "a token that does not come back by its deadline counts as maybe sent"]
pub struct SendToken {
    pub(crate) charge: u32,
    pub(super) of: Planned,
    /// Whether the window of the latest attempt's consent was over when it was sent.
    pub(super) after_window: bool,
}

/// Names a write. It is given back once.
#[derive(Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "model", derive(Clone))]
#[must_use = "a token that does not come back by its deadline counts as a failed write"]
pub struct PersistToken {
    pub(crate) charge: u32,
    pub(super) sequence: u32,
}

/// Allows one release. It is given back with the result.
#[derive(Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "model", derive(Clone))]
#[must_use = "a permit that is not given back leaves the release uncertain"]
pub struct ReleasePermit {
    pub(crate) charge: u32,
}

/// The caller's number for a notification that waits for its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u32);

impl Charge {
    /// The next thing to do. Total: every state has an answer, and after an input there are at most 31 outputs before
    /// [`Output::Wait`]: each kind of news once, four replies, a release, a request, and the writes for them. A test
    /// counts them under random inputs.
    #[inline(never)]
    pub fn poll_output<'b>(
        &mut self,
        now: Instant,
        carrier: &Carrier<'b>,
        buffer: &'b mut [u8],
    ) -> Output<'b> {
        let Some(buffer) = buffer.first_chunk_mut::<BUFFER_MAX>() else { return Output::BufferTooSmall };
        let mut due = self.due(now, carrier.profile);
        if let Due::Transmit(durable) = due {
            if let Some((token, path, length)) = durable.transmit(carrier, buffer) {
                let body = buffer.get(..length).unwrap_or(&[]);
                let request = Request { service: token.of.service, path, body };
                return Output::Transmit { token, request };
            }
            // It may not be sent any more, and is withdrawn: that is to be durable first.
            due = self.due(now, carrier.profile);
        }
        let event = match due {
            Due::Persist => {
                let sequence = self.storage.begin(&mut self.timers);
                let token = PersistToken { charge: self.tag(), sequence };
                return Output::Persist { token, record: Record::write(self, carrier, buffer) };
            }
            Due::Reply(durable) => {
                let body = crate::wire::notification::RECEIVED;
                if let Some(ticket) = durable.reply() {
                    return Output::Reply { ticket, body };
                }
                None
            }
            Due::Release(durable) => Some(Event::Release(durable.release())),
            Due::Tell(durable) => durable.tell(),
            Due::Transmit(_) | Due::Wait => None,
        };
        event.map_or_else(|| Output::Wait(self.next_time()), Output::Event)
    }
}
