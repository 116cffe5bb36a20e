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
    PeerAsked,
    /// The peer speaks HTTP/1.0 and did not say `Connection: keep-alive`.
    Http10,
    /// The request said `Connection: close`.
    WeAsked,
}

/// What was read of a head.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub status: u16,
    pub is_http_1_0: bool,
    pub length: Option<u32>,
    pub is_chunked: bool,
    /// What `Connection` says; of both, the close counts.
    says_close: bool,
    says_keep_alive: bool,
}

impl Head {
    /// Before the first byte.
    pub const NONE: Head = Head {
        status: 0,
        is_http_1_0: false,
        length: None,
        is_chunked: false,
        says_close: false,
        says_keep_alive: false,
    };

    /// Whether the connection can carry a further request.
    pub fn reuse(&self) -> Reuse {
        if self.says_close {
            Reuse::Close(CloseReason::PeerAsked)
        } else if self.is_http_1_0 && !self.says_keep_alive {
            Reuse::Close(CloseReason::Http10)
        } else {
            Reuse::KeepAlive
        }
    }

    /// Takes an element of the value of a header; a value without commas is one.
    pub fn add(&mut self, field: Meaning, element: &Word) -> Result<(), Fault> {
        match (field, element.meaning()) {
            (Meaning::CONTENT_LENGTH, _) => {
                let length = plain_number(element.as_bytes()).ok_or(Fault::BadLength)?;
                if self.length.is_some_and(|other| other != length) {
                    return Err(Fault::DifferingLengths);
                }
                self.length = Some(length);
            }
            (Meaning::TRANSFER_ENCODING, Meaning::CHUNKED) if !self.is_chunked && !self.is_http_1_0 => {
                self.is_chunked = true
            }
            (Meaning::TRANSFER_ENCODING, _) => return Err(Fault::UnknownCoding),
            (Meaning::CONNECTION, Meaning::CLOSE) => self.says_close = true,
            (Meaning::CONNECTION, Meaning::KEEP_ALIVE) => self.says_keep_alive = true,
            _ => {}
        }
        Ok(())
    }
}

/// Digits only: no sign, no space, no `0x`.
fn plain_number(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text.len() > LENGTH_DIGITS_MAX {
        return None;
    }
    let mut number = 0u32;
    for byte in text {
        number = number.checked_mul(10)?.checked_add(char::from(*byte).to_digit(10)?)?;
    }
    Some(number)
}
