//! What became of a request: not sent, maybe sent, or answered.

use core::fmt;

use caas_core::charge::Sent;
use embedded_io_async::ErrorKind;

use crate::connection::Ended;
use crate::framing::{Fault, RequestFault};

/// What became of one request. There is no fourth case, and no error beside it. `Debug` shows the body's length only.
#[derive(Clone, Copy, PartialEq, Eq)]
#[must_use = "a request that may have been sent must be recorded as such"]
pub enum Delivery<'b> {
    /// No byte of the request was handed to the stream. It may be repeated freely.
    NotSent(NotSent),
    /// The stream was handed the request, and no complete answer came back. The carrier may have executed it. Never
    /// repeat it as if it were new.
    MaybeSent(MaybeSent),
    /// A complete answer came back, whatever its status.
    Answered {
        /// The status, 200 to 599.
        status: u16,
        /// The body, complete.
        body: &'b [u8],
    },
}

/// Why no byte of a request was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum NotSent {
    /// The request itself cannot be written: whoever configured it is to blame.
    Request(RequestFault),
    /// The connection is not usable any more: make a new one.
    Unusable(Ended),
    /// The peer closed the kept connection before the request.
    ClosedBefore,
    /// The kept connection broke before the request.
    BrokenBefore(ErrorKind),
    /// The peer sent bytes that belong to no request.
    AnsweredBefore,
    /// The stream failed to take the first byte, and the settings say that it then took none.
    WriteFailed(ErrorKind),
    /// The stream took no byte before the deadline, and the settings say that it then took none.
    WriteTimedOut,
}

/// Why a request that may have been sent has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct MaybeSent {
    /// What happened.
    pub cause: Cause,
    /// Bytes of the request that the stream said it took. It may have taken more.
    pub accepted: usize,
}

/// What happened to a request that may have been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Cause {
    /// The stream failed while it took the request.
    WriteFailed(ErrorKind),
    /// The stream did not take the whole request before the deadline.
    WriteTimedOut,
    /// The stream failed before the answer was complete.
    ReadFailed(ErrorKind),
    /// No byte of an answer before the deadline.
    FirstByteTimedOut,
    /// No complete answer before the deadline.
    WholeTimedOut,
    /// The answer is malformed, too long, or cut by the connection's end.
    Answer(Fault),
    /// The future of the call was dropped.
    Dropped,
}

impl Delivery<'_> {
    /// What a charge is told of a loss; `None` for an answer.
    ///
    /// ```
    /// use caas_core::charge::Sent;
    /// use caas_transport_embedded::{Delivery, NotSent};
    /// assert_eq!(Delivery::NotSent(NotSent::ClosedBefore).lost(), Some(Sent::NotSent));
    /// assert_eq!(Delivery::Answered { status: 500, body: b"" }.lost(), None);
    /// ```
    pub fn lost(&self) -> Option<Sent> {
        match self {
            Delivery::NotSent(_) => Some(Sent::NotSent),
            Delivery::MaybeSent(_) => Some(Sent::MaybeSent),
            Delivery::Answered { .. } => None,
        }
    }
}

impl fmt::Debug for Delivery<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Delivery::NotSent(cause) => out.debug_tuple("NotSent").field(cause).finish(),
            Delivery::MaybeSent(cause) => out.debug_tuple("MaybeSent").field(cause).finish(),
            Delivery::Answered { status, body } => {
                let mut answered = out.debug_struct("Answered");
                answered.field("status", status).field("body_length", &body.len()).finish()
            }
        }
    }
}

impl fmt::Display for NotSent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("not sent: ")?;
        match self {
            NotSent::Request(fault) => fault.fmt(out),
            NotSent::Unusable(ended) => ended.fmt(out),
            NotSent::ClosedBefore => out.write_str("the peer closed the connection: make a new one"),
            NotSent::BrokenBefore(kind) => {
                write!(out, "the connection broke ({kind:?}): make a new one")
            }
            NotSent::AnsweredBefore => out.write_str("the peer sent bytes that belong to no request"),
            NotSent::WriteFailed(kind) => write!(out, "the stream took no byte ({kind:?})"),
            NotSent::WriteTimedOut => out.write_str("the stream took no byte in time"),
        }
    }
}

impl fmt::Display for MaybeSent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "maybe sent ({} bytes taken): ", self.accepted)?;
        match self.cause {
            Cause::WriteFailed(kind) => write!(out, "the stream failed in the request ({kind:?})"),
            Cause::WriteTimedOut => out.write_str("the request was not taken in time"),
            Cause::ReadFailed(kind) => write!(out, "the stream failed before the answer's end ({kind:?})"),
            Cause::FirstByteTimedOut => out.write_str("no answer began in time"),
            Cause::WholeTimedOut => out.write_str("no complete answer in time"),
            Cause::Answer(fault) => fault.fmt(out),
            Cause::Dropped => out.write_str("the call was dropped"),
        }
    }
}

impl core::error::Error for NotSent {}
impl core::error::Error for MaybeSent {}
