//! The head of an answer: status, where the body ends, and whether the connection stays open.

use super::Fault;

/// Longest head (status line and headers) in bytes. Answers of carriers have 200 to 600; gateways add to it.
pub const HEAD_MAX: usize = 2048;
/// Most headers of an answer. Each costs 16 bytes of stack on a 32-bit machine while the head is read.
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub status: u16,
    pub framing: Framing,
    pub reuse: Reuse,
}

impl Head {
    /// What stands in a head's place before it was read.
    pub const NONE: Head = Head { status: 0, framing: Framing::Length(0), reuse: Reuse::KeepAlive };
}

/// Reads a whole head, up to and including its empty line.
pub(super) fn read(bytes: &[u8]) -> Result<Head, Fault> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length == bytes.len() => {}
        Ok(_) => return Err(Fault::Header),
        Err(httparse::Error::TooManyHeaders) => return Err(Fault::TooManyHeaders),
        Err(httparse::Error::Status | httparse::Error::Version) => return Err(Fault::StatusLine),
        Err(_) if !has_status_line(bytes) => return Err(Fault::StatusLine),
        Err(_) => return Err(Fault::Header),
    }
    let status = response.code.filter(|code| (100..600).contains(code)).ok_or(Fault::StatusLine)?;
    let http_1_0 = response.version == Some(0);
    let mut lengths = Lengths::default();
    let mut options = ConnectionOptions::default();
    for header in response.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            lengths.add_length(header.value)?;
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            lengths.add_coding(header.value)?;
        } else if header.name.eq_ignore_ascii_case("connection") {
            options.add(header.value);
        }
    }
    Ok(Head { status, framing: lengths.framing(status, http_1_0)?, reuse: options.reuse(http_1_0) })
}

/// Whether what is wrong with a head is not its first line.
fn has_status_line(bytes: &[u8]) -> bool {
    let end = bytes.iter().position(|byte| *byte == b'\r').unwrap_or(bytes.len());
    let mut headers = [httparse::EMPTY_HEADER; 0];
    let mut response = httparse::Response::new(&mut headers);
    let line = bytes.get(..end).unwrap_or(&[]);
    matches!(response.parse(line), Ok(httparse::Status::Partial)) && response.code.is_some()
}

#[derive(Default)]
struct Lengths {
    length: Option<u32>,
    chunked: bool,
}

impl Lengths {
    fn add_length(&mut self, value: &[u8]) -> Result<(), Fault> {
        for element in value.split(|byte| *byte == b',') {
            let length = plain_number(element.trim_ascii()).ok_or(Fault::BadLength)?;
            if self.length.is_some_and(|other| other != length) {
                return Err(Fault::DifferingLengths);
            }
            self.length = Some(length);
        }
        Ok(())
    }

    fn add_coding(&mut self, value: &[u8]) -> Result<(), Fault> {
        if self.chunked || !value.trim_ascii().eq_ignore_ascii_case(b"chunked") {
            return Err(Fault::UnknownCoding);
        }
        self.chunked = true;
        Ok(())
    }

    /// RFC 9112, 6.3, without the guesses that it allows.
    fn framing(&self, status: u16, http_1_0: bool) -> Result<Framing, Fault> {
        match (self.length, self.chunked) {
            (Some(_), true) => Err(Fault::LengthAndCoding),
            (None, true) if http_1_0 => Err(Fault::UnknownCoding),
            _ if has_no_body(status) => Ok(Framing::Length(0)),
            (None, true) => Ok(Framing::Chunked),
            (Some(length), false) => Ok(Framing::Length(length)),
            (None, false) => Err(Fault::EndNotMarked),
        }
    }
}

fn has_no_body(status: u16) -> bool {
    status < 200 || status == 204 || status == 304
}

/// Digits only: no sign, no space, no `0x`.
fn plain_number(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text.len() > LENGTH_DIGITS_MAX {
        return None;
    }
    text.iter().try_fold(0u32, |number, byte| {
        let digit = if byte.is_ascii_digit() { byte.checked_sub(b'0')? } else { return None };
        number.checked_mul(10)?.checked_add(u32::from(digit))
    })
}

#[derive(Default)]
struct ConnectionOptions {
    close: bool,
    keep_alive: bool,
}

impl ConnectionOptions {
    fn add(&mut self, value: &[u8]) {
        for option in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }

    fn reuse(&self, http_1_0: bool) -> Reuse {
        if self.close {
            Reuse::Close(CloseReason::PeerAsked)
        } else if http_1_0 && !self.keep_alive {
            Reuse::Close(CloseReason::Http10)
        } else {
            Reuse::KeepAlive
        }
    }
}
