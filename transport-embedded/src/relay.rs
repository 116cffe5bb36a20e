//! Notifications for a terminal that no carrier can reach: pulled from the relay of `caas-transport-std`.
//!
//! The host keeps each notification until this terminal says that it is durable here. Until then it is told again, after
//! any loss and any restart on either side, and the core's charge takes it once, however often it is told (RECOVERY R30,
//! R54). So nothing has to be remembered here: a terminal that starts asks for the first one.
//!
//! ```text
//! relay.pull(clock, connection, 0)     → Pulled::Told { told, bytes }
//! counter.notification(bytes.0)        → Ok(ticket): given = told.given_as(ticket)
//!                                      → NotTaken::NotUnderstood: receipt = told.not_ours()
//!                                      → NotTaken::TryLater: drop it, and pull what comes after told.number()
//! Happening::Reply { ticket, reply }   → Reply::Acknowledge: receipt = given.replied(ticket)
//!                                      → Reply::NotOurs: receipt = given.not_ours()
//!                                      → Reply::TryLater: drop it, and pull what comes after told.number()
//! relay.acknowledge(clock, connection, &receipt), again on a new connection until it is Acknowledged::Done or NotKnown
//! ```
//!
//! With a `Till` of your own it is `Input::Notification`, and `Output::Reply` with its ticket. Only [`Given::replied`] and
//! `not_ours` make a [`Receipt`], and only a receipt can be acknowledged.

mod line;
mod paths;
mod told;

use core::fmt;

use embedded_io_async::{Read, Write};

use crate::clock::Clock;
use crate::connection::Connection;
use crate::delivery::{Delivery, MaybeSent, NotSent};
use crate::framing::Request;
use line::split_line;
use paths::Path;

pub use line::LINE_MAX;
pub use told::{Given, Receipt, Told};

/// The relay that serves this terminal. `Debug` hides the token.
///
/// It makes no connection and keeps no state: each call takes a [`Connection`] to the relay's host (TLS is the stream's
/// matter, as for a carrier), whose buffer must hold the longest notification and [`LINE_MAX`] bytes beside it. The relay
/// gives no notification above the length that the terminal is registered with (1024 bytes unless set otherwise).
#[derive(Clone, Copy)]
pub struct Relay<'r> {
    /// The Host header: a name or an address, with a port if it is not the usual one.
    pub host: &'r str,
    /// This terminal, as it is registered: the prefix of its charges' ids.
    pub terminal: &'r str,
    /// The whole value of the Authorization header: `Bearer ` and the token.
    pub authorization: &'r str,
    /// Seconds that the relay waits for a notification before it says that there is none; at most 30, and less than the
    /// connection's `first_byte`. 0: it answers at once.
    pub wait: u8,
}

/// What came of a pull.
#[derive(Debug)]
#[must_use = "a notification that is not looked at is told again"]
pub enum Pulled<'b> {
    /// A notification.
    Told {
        /// Its number, and what an acknowledgement needs.
        told: Told,
        /// As the carrier sent it. It may name a payer: not for a log.
        bytes: Notified<'b>,
    },
    /// None waits, after the number that was asked for.
    Nothing,
    /// None, because of this. Pull again.
    Failed(RelayFailure),
}

/// The bytes of a notification. `Debug` shows their number only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Notified<'b>(pub &'b [u8]);

/// What came of an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a notification whose acknowledgement failed is told again"]
pub enum Acknowledged {
    /// The relay knows; it does not tell this notification again.
    Done,
    /// The relay never told this one under this number: it has another store now. Drop the receipt; what waits there is
    /// told under its own number.
    NotKnown,
    /// Perhaps not, because of this. Repeat it with the same receipt, or drop the receipt: then it is told again.
    Failed(RelayFailure),
}

/// Why the relay did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelayFailure {
    /// Nothing was asked: no byte was sent.
    NotSent(NotSent),
    /// There is no answer.
    NoAnswer(MaybeSent),
    /// The relay does not know this terminal with this token: whoever configured it is to blame.
    Unauthorized,
    /// The relay says that it cannot now (429 and every 5xx): ask again later.
    Later {
        /// The status.
        status: u16,
    },
    /// An answer that no relay gives: the host or the path is another server's, or the releases do not fit.
    NotARelay {
        /// The status.
        status: u16,
    },
}

impl Relay<'_> {
    /// Asks for the first notification that waits and has a number above `after`. 0 asks for the first of all, and is
    /// right nearly always; a higher one looks past a notification that cannot be taken now.
    ///
    /// # Dropping the future
    /// Nothing is lost: what was told is told again. The connection carries nothing more, as for [`Connection::send`].
    pub async fn pull<'c, S: Read + Write>(
        &self,
        clock: &impl Clock,
        connection: &'c mut Connection<'_, S>,
        after: u32,
    ) -> Pulled<'c> {
        let path = Path::pull(self.terminal, after, self.wait);
        let headers = [("Authorization", self.authorization)];
        let get = Request { headers: &headers, ..Request::get(self.host, path.as_str()) };
        match connection.send(clock, &get).await {
            Delivery::Answered { status: 200, body } => match split_line(body) {
                Some((number, proof, bytes)) if number > after => {
                    Pulled::Told { told: Told::new(number, proof), bytes: Notified(bytes) }
                }
                _ => Pulled::Failed(RelayFailure::NotARelay { status: 200 }),
            },
            Delivery::Answered { status: 204, .. } => Pulled::Nothing,
            other => Pulled::Failed(RelayFailure::of(&other)),
        }
    }

    /// Says that a notification need not be told again. Repeating it does no harm, nor does saying it twice.
    ///
    /// # Dropping the future
    /// The relay may know or not. The receipt is still the caller's: acknowledge it again on a new connection.
    pub async fn acknowledge<S: Read + Write>(
        &self,
        clock: &impl Clock,
        connection: &mut Connection<'_, S>,
        receipt: &Receipt,
    ) -> Acknowledged {
        let path = Path::acknowledge(self.terminal, receipt);
        let headers = [("Authorization", self.authorization)];
        let post = Request { headers: &headers, ..Request::post(self.host, path.as_str(), b"") };
        match connection.send(clock, &post).await {
            Delivery::Answered { status: 204, .. } => Acknowledged::Done,
            Delivery::Answered { status: 409, .. } => Acknowledged::NotKnown,
            other => Acknowledged::Failed(RelayFailure::of(&other)),
        }
    }
}

impl RelayFailure {
    fn of(delivery: &Delivery<'_>) -> Self {
        match *delivery {
            Delivery::NotSent(cause) => RelayFailure::NotSent(cause),
            Delivery::MaybeSent(cause) => RelayFailure::NoAnswer(cause),
            Delivery::Answered { status: 401 | 403, .. } => RelayFailure::Unauthorized,
            Delivery::Answered { status, .. } if status == 429 || status >= 500 => {
                RelayFailure::Later { status }
            }
            Delivery::Answered { status, .. } => RelayFailure::NotARelay { status },
        }
    }
}

impl fmt::Debug for Relay<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Relay")
            .field("host", &self.host)
            .field("terminal", &self.terminal)
            .field("wait", &self.wait)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Notified<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} bytes", self.0.len())
    }
}

impl fmt::Display for RelayFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RelayFailure::NotSent(cause) => cause.fmt(out),
            RelayFailure::NoAnswer(cause) => cause.fmt(out),
            RelayFailure::Unauthorized => out.write_str(
                "configuration: the relay does not know this terminal with this token; register it at the host",
            ),
            RelayFailure::Later { status } => write!(out, "the relay answers {status}: ask again later"),
            RelayFailure::NotARelay { status } => {
                write!(out, "configuration: what answers ({status}) is no relay; check host, terminal and release")
            }
        }
    }
}

impl core::error::Error for RelayFailure {}
