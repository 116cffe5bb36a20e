//! Writes a request.

use core::fmt;

use super::characters::{Characters, HOST, PATH, TOKEN, is_field_byte};
use super::word::Meaning;

/// A POST of a JSON body, or a GET. `Debug` shows neither headers nor body: they may hold a credential or name a payer.
///
/// ```
/// use caas_transport_embedded::framing::Request;
/// let mut buffer = [0; 128];
/// let length = Request::get("relay.example", "/relay/K042?after=0").write(&mut buffer)?;
/// assert!(buffer[..length].starts_with(b"GET /relay/K042?after=0 HTTP/1.1\r\nHost: relay.example\r\n"));
/// # Ok::<(), caas_transport_embedded::framing::RequestFault>(())
/// ```
#[derive(Clone, Copy)]
pub struct Request<'r> {
    /// The Host header: a name or an address, with a port if it is not the usual one.
    pub host: &'r str,
    /// The path, from its slash on, with the query if there is one.
    pub path: &'r str,
    /// Headers beside those that this crate writes (Host, User-Agent, Content-Type, Content-Length, `Connection: close`).
    pub headers: &'r [(&'r str, &'r str)],
    /// The body of a POST; a GET has none.
    pub body: Option<&'r [u8]>,
    /// Asks the peer to keep the connection open for a further request.
    pub keep_alive: bool,
}

/// Why a request is not written. Whoever configured it is to blame; nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RequestFault {
    /// The host is empty or holds a character that no host has (CR, LF, NUL, a space, …).
    BadHost,
    /// The path does not begin with a slash, or holds a control character, a space or a byte above `~`.
    BadPath,
    /// A header's name is no token, or its value holds a control character, CR, LF and NUL among them.
    BadHeader {
        /// Which of the headers given, from 0. Its text is not shown.
        position: usize,
    },
    /// A header that is written anyway, or that would change where the message ends.
    ReservedHeader {
        /// Which of the headers given, from 0.
        position: usize,
    },
    /// The request is longer than the buffer.
    BufferTooSmall,
}

const USER_AGENT: &str = concat!("\r\nUser-Agent: caas/", env!("CARGO_PKG_VERSION"));
impl<'r> Request<'r> {
    /// A POST without further headers, which asks for the connection to be kept.
    pub fn post(host: &'r str, path: &'r str, body: &'r [u8]) -> Self {
        Request { body: Some(body), ..Request::get(host, path) }
    }

    /// A GET without further headers, which asks for the connection to be kept.
    pub fn get(host: &'r str, path: &'r str) -> Self {
        Request { host, path, headers: &[], body: None, keep_alive: true }
    }

    /// Writes head and body to the start of `buffer` and says how many bytes they are. With an error, nothing of the
    /// buffer may be sent.
    pub fn write(&self, buffer: &mut [u8]) -> Result<usize, RequestFault> {
        let mut writer = Writer { buffer, length: 0 };
        let method = if self.body.is_some() { "POST " } else { "GET " };
        writer
            .checked(method, self.path, &PATH)
            .filter(|()| self.path.as_bytes().first() == Some(&b'/'))
            .ok_or(RequestFault::BadPath)?;
        writer.checked(" HTTP/1.1\r\nHost: ", self.host, &HOST).ok_or(RequestFault::BadHost)?;
        writer.text(USER_AGENT);
        if let Some(body) = self.body {
            writer.text("\r\nContent-Type: application/json\r\nContent-Length: ");
            writer.number(body.len());
        }
        // To keep it is what HTTP/1.1 does unless it is told otherwise (RFC 9112, 9.3).
        if !self.keep_alive {
            writer.text("\r\nConnection: close");
        }
        for (position, (name, value)) in self.headers.iter().enumerate() {
            writer
                .checked("\r\n", name, &TOKEN)
                .filter(|()| value.bytes().all(is_field_byte))
                .ok_or(RequestFault::BadHeader { position })?;
            if Meaning::is_reserved(name) {
                return Err(RequestFault::ReservedHeader { position });
            }
            writer.text(": ");
            writer.text(value);
        }
        writer.text("\r\n\r\n");
        writer.bytes(self.body.unwrap_or_default());
        if writer.length > writer.buffer.len() {
            Err(RequestFault::BufferTooSmall)
        } else {
            Ok(writer.length)
        }
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Request")
            .field("host", &self.host)
            .field("path", &self.path)
            .field("headers", &self.headers.len())
            .field("body_length", &self.body.map(<[u8]>::len))
            .field("keep_alive", &self.keep_alive)
            .finish()
    }
}

impl fmt::Display for RequestFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RequestFault::BadHost => out.write_str("the host is not one: check the endpoint"),
            RequestFault::BadPath => out.write_str("the path is not one: check the profile"),
            RequestFault::BadHeader { position } => {
                write!(out, "header {position} holds a character that no header has")
            }
            RequestFault::ReservedHeader { position } => {
                write!(out, "header {position} is written by this crate: leave it out")
            }
            RequestFault::BufferTooSmall => out.write_str("the request is longer than the buffer"),
        }
    }
}

impl core::error::Error for RequestFault {}

/// Writes what fits, and counts all.
struct Writer<'b> {
    buffer: &'b mut [u8],
    length: usize,
}

impl Writer<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if let Some(place) = self.buffer.get_mut(self.length) {
                *place = *byte;
            }
            self.length = self.length.saturating_add(1);
        }
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Writes what stands before a text, and the text, if it is not empty and has these characters only.
    fn checked(&mut self, before: &str, text: &str, of: &Characters) -> Option<()> {
        self.text(before);
        self.text(text);
        (!text.is_empty() && text.bytes().all(|byte| of.have(byte))).then_some(())
    }

    /// Writes a number: its last digit behind the others, which are at most nineteen.
    fn number(&mut self, number: usize) {
        if number > 9 {
            self.number(number / 10);
        }
        self.bytes(&[b'0'.wrapping_add((number % 10) as u8)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    fn written(post: &Request<'_>) -> Result<String, RequestFault> {
        let mut buffer = [0; 512];
        let length = post.write(&mut buffer)?;
        Ok(String::from_utf8(buffer[..length].to_vec()).unwrap())
    }

    #[test]
    fn a_request_is_written_as_rfc_9112_wants_it() {
        let post = Request {
            headers: &[("x-client", "42")],
            keep_alive: false,
            ..Request::post("h:8080", "/a?b=c", b"{\"a\":1}")
        };
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            written(&post).unwrap(),
            std::format!(
                "POST /a?b=c HTTP/1.1\r\nHost: h:8080\r\nUser-Agent: caas/{version}\r\n\
                 Content-Type: application/json\r\nContent-Length: 7\r\nConnection: close\r\n\
                 x-client: 42\r\n\r\n{{\"a\":1}}"
            )
        );
    }

    #[test]
    fn a_get_has_no_body_and_takes_the_same_care() {
        let mut buffer = [0; 256];
        let get = Request { headers: &[("authorization", "Bearer t")], ..Request::get("h", "/r?after=7") };
        let length = get.write(&mut buffer).unwrap();
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            std::str::from_utf8(&buffer[..length]).unwrap(),
            std::format!(
                "GET /r?after=7 HTTP/1.1\r\nHost: h\r\nUser-Agent: caas/{version}\r\n\
                 authorization: Bearer t\r\n\r\n"
            )
        );
        assert!(!std::format!("{get:?}").contains("Bearer"));
        for bad in ["\r", "\n", "\0", "a b"] {
            assert_eq!(Request::get(bad, "/").write(&mut buffer), Err(RequestFault::BadHost));
            assert_eq!(Request::get("h", bad).write(&mut buffer), Err(RequestFault::BadPath));
        }
        for (header, fault) in [
            (("x", "\r\n"), RequestFault::BadHeader { position: 0 }),
            (("Content-Length", "1"), RequestFault::ReservedHeader { position: 0 }),
        ] {
            assert_eq!(
                Request { headers: &[header], ..Request::get("h", "/") }.write(&mut buffer),
                Err(fault)
            );
        }
        assert_eq!(get.write(&mut buffer[..length - 1]), Err(RequestFault::BufferTooSmall));
    }

    #[test]
    fn every_length_of_body_is_written_in_digits() {
        for (length, digits) in [(0, "0"), (9, "9"), (10, "10"), (100, "100"), (305, "305")] {
            let body = std::vec![b'x'; length];
            let text = written(&Request::post("h", "/", &body)).unwrap();
            assert!(text.contains(&std::format!("\r\nContent-Length: {digits}\r\n")), "{text}");
        }
    }

    #[test]
    fn no_byte_that_would_break_the_request_is_taken() {
        for bad in ["\r", "\n", "\0", "a\r\nB: c", "\u{7f}", "\x1b"] {
            let named = |name: &str, value: &str| {
                written(&Request { headers: &[("a", "b"), (name, value)], ..Request::post("h", "/", b"") })
            };
            assert_eq!(named("x", bad), Err(RequestFault::BadHeader { position: 1 }), "{bad:?}");
            assert_eq!(named(bad, "x"), Err(RequestFault::BadHeader { position: 1 }), "{bad:?}");
            assert_eq!(written(&Request::post(bad, "/", b"")), Err(RequestFault::BadHost), "{bad:?}");
            let path = std::format!("/{bad}");
            assert_eq!(written(&Request::post("h", &path, b"")), Err(RequestFault::BadPath), "{bad:?}");
        }
        assert_eq!(written(&Request::post("h", "/a b", b"")), Err(RequestFault::BadPath));
        assert_eq!(written(&Request::post("h", "a", b"")), Err(RequestFault::BadPath));
        assert_eq!(written(&Request::post("", "/", b"")), Err(RequestFault::BadHost));
        assert_eq!(written(&Request::post("user@h", "/", b"")), Err(RequestFault::BadHost));
    }

    #[test]
    fn headers_that_frame_the_message_are_this_crates() {
        for name in ["Content-Length", "TRANSFER-ENCODING", "host", "Connection", "Expect"] {
            let post = Request { headers: &[(name, "1")], ..Request::post("h", "/", b"") };
            assert_eq!(written(&post), Err(RequestFault::ReservedHeader { position: 0 }), "{name}");
        }
    }

    #[test]
    fn a_buffer_that_is_one_byte_short_is_refused() {
        let post = Request::post("h", "/", b"{}");
        let length = written(&post).unwrap().len();
        let mut buffer = std::vec![0; length];
        assert_eq!(post.write(&mut buffer), Ok(length));
        for short in 0..length {
            assert_eq!(post.write(&mut buffer[..short]), Err(RequestFault::BufferTooSmall));
        }
    }
}
