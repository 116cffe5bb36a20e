//! What became of a request: not sent, maybe sent, or answered. Each cause says who is to blame and what to do.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// What became of one request. There is no fourth case, and no error beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a request that may have been sent must be recorded as such"]
pub enum Delivery {
    /// No byte of the request was handed to the stream. It may be repeated freely.
    NotSent(NotSent),
    /// At least one byte of the request was handed to the stream, and no complete answer came back. The carrier
    /// may have executed it. Never repeat it as if it were new.
    MaybeSent(MaybeSent),
    /// A complete answer came back, whatever its status.
    Answered(Answered),
}

/// A complete answer. `Debug` shows its length, never its text: it may name a subscriber.
#[derive(Clone, PartialEq, Eq)]
pub struct Answered {
    /// The HTTP status, 200 to 599 as a rule. A redirect is here too; it was not followed.
    pub status: u16,
    /// The Content-Type header, if there is one that is visible ASCII.
    pub content_type: Option<String>,
    /// The Retry-After header, if it is a number of seconds.
    pub retry_after: Option<Duration>,
    /// The body, complete, at most [`HttpSettings::max_answer_bytes`](crate::HttpSettings::max_answer_bytes).
    pub body: Vec<u8>,
}

impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answered")
            .field("status", &self.status)
            .field("content_type", &self.content_type)
            .field("retry_after", &self.retry_after)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}

/// Who has to do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Blame {
    /// Whoever configured this machine or wrote the calling program.
    Configuration,
    /// The network between this machine and the carrier, the name service included.
    Link,
    /// The carrier's server, or what stands in front of it.
    Carrier,
    /// A limit of this client, which the settings can move.
    Limit,
}

impl fmt::Display for Blame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Blame::Configuration => "configuration",
            Blame::Link => "link",
            Blame::Carrier => "carrier",
            Blame::Limit => "limit",
        })
    }
}

/// Why no byte of a request was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotSent {
    /// Unencrypted HTTP to another machine.
    PlaintextRefused {
        /// The URL's host.
        host: String,
    },
    /// The name `localhost` leads to another machine.
    NotLoopback {
        /// Where it leads.
        address: IpAddr,
    },
    /// The path does not begin with a slash, or holds a control character, a space or the like.
    BadPath {
        /// The first bad byte, from 0.
        position: usize,
    },
    /// A header's name or value holds a byte that would break the request (CR, LF, NUL, …).
    BadHeader {
        /// Which of the headers given, from 0. Its name and value are not shown.
        position: usize,
    },
    /// A header that the client writes itself.
    ReservedHeader {
        /// Which of the headers given, from 0.
        position: usize,
    },
    /// The request's body is above [`MAX_REQUEST_BYTES`](crate::MAX_REQUEST_BYTES).
    RequestTooLarge {
        /// Its length.
        bytes: usize,
    },
    /// The blocking client was called inside an asynchronous runtime.
    InsideRuntime,
    /// The host's name is unknown, or the name service does not answer.
    NameLookup {
        /// The name.
        host: String,
        /// The kind of error the system gave.
        error: io::ErrorKind,
    },
    /// No address of the host took the connection. The last one is shown.
    Connect {
        /// The address tried last.
        address: SocketAddr,
        /// The kind of error the system gave.
        error: io::ErrorKind,
    },
    /// Name lookup, TCP and TLS took longer than [`HttpSettings::connect`](crate::HttpSettings::connect) (or
    /// [`whole`](crate::HttpSettings::whole)).
    ConnectTimedOut {
        /// The time given.
        after: Duration,
    },
    /// The carrier's certificate is not valid for this host, is out of date, or leads to no known root.
    Certificate {
        /// What is wrong with it.
        detail: String,
    },
    /// The TLS handshake failed for another reason.
    Tls {
        /// What happened.
        detail: String,
    },
    /// The connection ended before a byte was handed to it.
    ClosedBeforeSending,
    /// The open connection took no byte within [`HttpSettings::write`](crate::HttpSettings::write).
    WriteTimedOut {
        /// The time given.
        after: Duration,
    },
    /// The peer sent an answer before it could have seen any of the request.
    AnsweredBeforeSending,
}

/// Why a request that may have been sent has no answer. The charge is in doubt until other evidence comes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MaybeSent {
    /// The connection ended before the first byte of an answer.
    ConnectionLost {
        /// The kind of error the system gave; `UnexpectedEof` when the peer closed.
        error: io::ErrorKind,
    },
    /// The connection ended within the answer.
    AnswerCut,
    /// The answer is not HTTP, or a chunk of it is broken.
    AnswerMalformed {
        /// What is wrong; never a part of the answer.
        detail: String,
    },
    /// Status line and headers are above [`HttpSettings::max_head_bytes`](crate::HttpSettings::max_head_bytes), or
    /// there are more than [`MAX_ANSWER_HEADERS`](crate::MAX_ANSWER_HEADERS).
    HeadTooLarge,
    /// The body is above [`HttpSettings::max_answer_bytes`](crate::HttpSettings::max_answer_bytes).
    AnswerTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The answer gives its length twice (Content-Length and Transfer-Encoding).
    ConflictingLengths,
    /// A Transfer-Encoding other than `chunked`.
    UnknownTransferEncoding,
    /// The answer ends where the connection ends, and without TLS nobody can tell that from a broken link.
    EndNotMarked,
    /// The peer switched to another protocol (101).
    SwitchedProtocols,
    /// The request was not handed over within [`HttpSettings::write`](crate::HttpSettings::write); a part of it was.
    WriteTimedOut {
        /// The time given.
        after: Duration,
    },
    /// No byte of an answer within [`HttpSettings::first_byte`](crate::HttpSettings::first_byte).
    FirstByteTimedOut {
        /// The time given.
        after: Duration,
    },
    /// No complete answer within [`HttpSettings::whole`](crate::HttpSettings::whole).
    WholeTimedOut {
        /// The time given.
        after: Duration,
    },
}

impl NotSent {
    /// Who has to do something.
    pub fn blame(&self) -> Blame {
        match self {
            NotSent::PlaintextRefused { .. }
            | NotSent::NotLoopback { .. }
            | NotSent::BadPath { .. }
            | NotSent::BadHeader { .. }
            | NotSent::ReservedHeader { .. }
            | NotSent::InsideRuntime => Blame::Configuration,
            NotSent::RequestTooLarge { .. } => Blame::Limit,
            NotSent::NameLookup { .. }
            | NotSent::Connect { .. }
            | NotSent::ConnectTimedOut { .. }
            | NotSent::ClosedBeforeSending
            | NotSent::WriteTimedOut { .. } => Blame::Link,
            NotSent::Certificate { .. } | NotSent::Tls { .. } | NotSent::AnsweredBeforeSending => {
                Blame::Carrier
            }
        }
    }
}

impl MaybeSent {
    /// Who has to do something.
    pub fn blame(&self) -> Blame {
        match self {
            MaybeSent::ConnectionLost { .. } | MaybeSent::AnswerCut | MaybeSent::WriteTimedOut { .. } => {
                Blame::Link
            }
            MaybeSent::AnswerMalformed { .. }
            | MaybeSent::ConflictingLengths
            | MaybeSent::UnknownTransferEncoding
            | MaybeSent::EndNotMarked
            | MaybeSent::SwitchedProtocols
            | MaybeSent::FirstByteTimedOut { .. } => Blame::Carrier,
            MaybeSent::HeadTooLarge | MaybeSent::AnswerTooLarge { .. } | MaybeSent::WholeTimedOut { .. } => {
                Blame::Limit
            }
        }
    }
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: not sent: ", self.blame())?;
        match self {
            NotSent::PlaintextRefused { host } => write!(
                f,
                "unencrypted HTTP to {host} would show the password on the way; use https://, or name the host in Plaintext::AllowedTo"
            ),
            NotSent::NotLoopback { address } => {
                write!(
                    f,
                    "localhost leads to {address} on this machine; correct its hosts file, or use https://"
                )
            }
            NotSent::BadPath { position } => write!(
                f,
                "the path's byte {position} is not allowed; begin with /, and percent-encode control characters and spaces"
            ),
            NotSent::BadHeader { position } => write!(
                f,
                "header {position} (from 0) holds a byte that no header may hold; look for a line break in the credential"
            ),
            NotSent::ReservedHeader { position } => {
                write!(f, "header {position} (from 0) is one that the client writes itself; leave it out")
            }
            NotSent::RequestTooLarge { bytes } => {
                write!(f, "the request has {bytes} bytes, above {}; shorten it", super::MAX_REQUEST_BYTES)
            }
            NotSent::InsideRuntime => f.write_str(
                "the blocking client was called inside an asynchronous runtime; use HttpClient there",
            ),
            NotSent::NameLookup { host, error } => {
                write!(
                    f,
                    "the name {host} was not found ({error}); check the URL, the name server and the link"
                )
            }
            NotSent::Connect { address, error } => {
                write!(f, "{address} took no connection ({error}); check the link, the firewall and the port")
            }
            NotSent::ConnectTimedOut { after } => {
                write!(f, "no connection within {after:?}; check the link and the firewall")
            }
            NotSent::Certificate { detail } => write!(
                f,
                "its certificate is refused: {detail}; check this machine's clock and the URL, or add the carrier's root with Roots"
            ),
            NotSent::Tls { detail } => {
                write!(f, "no TLS session: {detail}; check that the port speaks TLS 1.2 or 1.3")
            }
            NotSent::ClosedBeforeSending => {
                f.write_str("the connection ended before a byte was handed over; repeat it later")
            }
            NotSent::WriteTimedOut { after } => {
                write!(f, "the connection took no byte within {after:?}; repeat it later")
            }
            NotSent::AnsweredBeforeSending => f.write_str(
                "the peer answered before a byte was handed over; check that the URL names the carrier",
            ),
        }
    }
}

impl fmt::Display for MaybeSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: maybe sent: ", self.blame())?;
        match self {
            MaybeSent::ConnectionLost { error } => {
                write!(f, "the connection ended before an answer ({error})")?
            }
            MaybeSent::AnswerCut => f.write_str("the connection ended within the answer")?,
            MaybeSent::AnswerMalformed { detail } => {
                write!(f, "the answer is not well-formed HTTP ({detail})")?
            }
            MaybeSent::HeadTooLarge => {
                f.write_str("the answer's headers are above the limit (max_head_bytes)")?
            }
            MaybeSent::AnswerTooLarge { limit } => {
                write!(f, "the answer's body is above {limit} bytes (max_answer_bytes)")?;
            }
            MaybeSent::ConflictingLengths => f.write_str("the answer gives two lengths")?,
            MaybeSent::UnknownTransferEncoding => {
                f.write_str("the answer has an unknown Transfer-Encoding")?
            }
            MaybeSent::EndNotMarked => {
                f.write_str("the answer has no length, and its end cannot be told from a break")?
            }
            MaybeSent::SwitchedProtocols => f.write_str("the peer switched to another protocol")?,
            MaybeSent::WriteTimedOut { after } => write!(f, "the request was not taken within {after:?}")?,
            MaybeSent::FirstByteTimedOut { after } => write!(f, "no answer began within {after:?}")?,
            MaybeSent::WholeTimedOut { after } => write!(f, "no complete answer within {after:?}")?,
        }
        f.write_str("; the carrier may have executed it: resolve it, do not send it as new")
    }
}

impl std::error::Error for NotSent {}
impl std::error::Error for MaybeSent {}
