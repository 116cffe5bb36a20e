//! What the head of an answer says: status, where the body ends, and whether the connection stays open.

use super::Fault;

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

/// Where the body of an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// After so many bytes.
    Length(u32),
    /// After the last chunk.
    Chunked,
}

/// A header, by what it means here.
#[derive(Clone, Copy)]
pub(super) enum Field {
    Length,
    Coding,
    Connection,
    Other,
}

/// The headers that mean something, in lower case.
const FIELDS: [(&str, Field); 3] = [
    ("content-length", Field::Length),
    ("transfer-encoding", Field::Coding),
    ("connection", Field::Connection),
];

impl Field {
    /// The field of this name, in lower case.
    pub fn named(name: &[u8]) -> Self {
        let known = FIELDS.iter().find(|(known, _)| known.as_bytes() == name);
        known.map_or(Field::Other, |(_, field)| *field)
    }
}

/// What was read of a head.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub status: u16,
    pub is_http_1_0: bool,
    length: Option<u32>,
    is_chunked: bool,
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

    /// Takes an element of a header's value, in lower case; a value without commas is one.
    pub fn add(&mut self, field: Field, element: &[u8]) -> Result<(), Fault> {
        match field {
            Field::Length => {
                let length = plain_number(element).ok_or(Fault::BadLength)?;
                if self.length.is_some_and(|other| other != length) {
                    return Err(Fault::DifferingLengths);
                }
                self.length = Some(length);
            }
            Field::Coding if self.is_chunked || element != b"chunked" => return Err(Fault::UnknownCoding),
            Field::Coding => self.is_chunked = true,
            Field::Connection => {
                self.says_close |= element == b"close";
                self.says_keep_alive |= element == b"keep-alive";
            }
            Field::Other => {}
        }
        Ok(())
    }

    /// RFC 9112, 6.3, without the guesses that it allows.
    pub fn framing(&self) -> Result<Framing, Fault> {
        match (self.length, self.is_chunked) {
            (Some(_), true) => Err(Fault::LengthAndCoding),
            (None, true) if self.is_http_1_0 => Err(Fault::UnknownCoding),
            _ if self.has_no_body() => Ok(Framing::Length(0)),
            (None, true) => Ok(Framing::Chunked),
            (Some(length), false) => Ok(Framing::Length(length)),
            (None, false) => Err(Fault::EndNotMarked),
        }
    }

    pub fn is_chunked(&self) -> bool {
        self.is_chunked
    }

    fn has_no_body(&self) -> bool {
        self.status < 200 || self.status == 204 || self.status == 304
    }

    pub fn reuse(&self) -> Reuse {
        if self.says_close {
            Reuse::Close(CloseReason::PeerAsked)
        } else if self.is_http_1_0 && !self.says_keep_alive {
            Reuse::Close(CloseReason::Http10)
        } else {
            Reuse::KeepAlive
        }
    }
}

/// Digits only: no sign, no space, no `0x`.
fn plain_number(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text.len() > LENGTH_DIGITS_MAX {
        return None;
    }
    text.iter().try_fold(0u32, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number.checked_mul(10)?.checked_add(u32::from(digit))
    })
}
