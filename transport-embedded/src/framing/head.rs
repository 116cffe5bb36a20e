//! What the head of an answer says: status, where the body ends, and whether the connection stays open.

use super::Fault;
use super::word::{Meaning, Word};

/// Longest head (status line and headers) in bytes. Answers of carriers have 200 to 600; gateways add to it.
pub const HEAD_MAX: usize = 2048;
/// Most headers of an answer. Answers of carriers have 5 to 15.
pub const HEADERS_MAX: usize = 32;
/// Most digits of a Content-Length: what fits 32 bits has no more.
pub const LENGTH_DIGITS_MAX: usize = 10;

/// Whether the connection can carry a further request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reuse {
    /// It can.
    KeepAlive,
    /// It cannot, because of this.
    Close(CloseReason),
}

/// Why a connection is not used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer said `Connection: close`.
    // From 1 on, so that a connection that is kept is 0: a reader begins as zeros.
    PeerAsked = 1,
    /// The peer speaks HTTP/1.0 and did not say `Connection: keep-alive`.
    Http10,
    /// The request said `Connection: close`.
    WeAsked,
}

/// How a body is transferred.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// As it is.
    None,
    Chunked,
    /// As it is, and nothing else may be said.
    NotInHttp10,
}

/// What was read of a head.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Head {
    /// The status, less 100.
    pub above_100: u16,
    pub has_length: bool,
    pub coding: Coding,
    /// Whether the connection can carry a further request.
    pub reuse: Reuse,
    /// It is complete. Headers that come later are trailers.
    pub is_over: bool,
}

impl Head {
    /// Before the first byte.
    pub const NONE: Head = Head {
        above_100: 0,
        has_length: false,
        coding: Coding::None,
        reuse: Reuse::KeepAlive,
        is_over: false,
    };

    /// It is of HTTP/1.0.
    pub fn set_http_1_0(&mut self) {
        (self.coding, self.reuse) = (Coding::NotInHttp10, Reuse::Close(CloseReason::Http10));
    }

    /// Takes an element of the value of a header; a value without commas is one. The length is the one that was said.
    pub fn add(&mut self, field: Meaning, element: &Word, length: &mut u32) -> Result<(), Fault> {
        match (field, element.meaning) {
            (Meaning::CONTENT_LENGTH, _) => {
                let said = element.number().ok_or(Fault::BadLength)?;
                if self.has_length && said != *length {
                    return Err(Fault::DifferingLengths);
                }
                (self.has_length, *length) = (true, said);
            }
            (Meaning::TRANSFER_ENCODING, Meaning::CHUNKED) if self.coding == Coding::None => {
                self.coding = Coding::Chunked;
            }
            (Meaning::TRANSFER_ENCODING, _) => return Err(Fault::UnknownCoding),
            // Of both that may be said, this counts.
            (Meaning::CONNECTION, Meaning::CLOSE) => self.reuse = Reuse::Close(CloseReason::PeerAsked),
            (Meaning::CONNECTION, Meaning::KEEP_ALIVE) if self.reuse == Reuse::Close(CloseReason::Http10) => {
                self.reuse = Reuse::KeepAlive;
            }
            _ => {}
        }
        Ok(())
    }
}
