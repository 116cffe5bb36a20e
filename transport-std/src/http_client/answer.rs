//! Reading one answer to its end, within limits, or saying why it is none.

use std::error::Error;
use std::io;
use std::time::Duration;

use http::header::{self, HeaderMap};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::delivery::{Answered, MaybeSent};

/// What the stream can prove about its own end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamEnd {
    /// TLS: the end is marked (close_notify), and a break is an error.
    Marked,
    /// TCP: a process that dies looks like an answer that is complete.
    Unmarked,
}

/// How the end of a body is found.
#[derive(Debug, PartialEq, Eq)]
enum Framing {
    Empty,
    Length(u64),
    Chunked,
    UntilClose,
}

/// Reads the body. What is returned is complete: every byte that the head announced, and no more than `limit`.
pub(super) async fn read(
    response: http::Response<Incoming>,
    limit: usize,
    stream_end: StreamEnd,
) -> Result<Answered, MaybeSent> {
    let (head, body) = response.into_parts();
    let framing = framing(head.status.as_u16(), &head.headers)?;
    if framing == Framing::UntilClose && stream_end == StreamEnd::Unmarked {
        return Err(MaybeSent::EndNotMarked);
    }
    let announced = match framing {
        Framing::Length(length) => Some(length),
        _ => None,
    };
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(MaybeSent::AnswerTooLarge { limit });
    }
    let body = read_body(body, limit).await?;
    if announced.is_some_and(|length| length != body.len() as u64) {
        return Err(MaybeSent::AnswerCut);
    }
    Ok(Answered {
        status: head.status.as_u16(),
        content_type: text(&head.headers, &header::CONTENT_TYPE).map(str::to_owned),
        retry_after: text(&head.headers, &header::RETRY_AFTER).and_then(seconds),
        body,
    })
}

/// Says what an error of hyper means once a byte of the request was handed over.
pub(super) fn failure(error: &hyper::Error, answer_begun: bool) -> MaybeSent {
    if error.is_parse_too_large() {
        return MaybeSent::HeadTooLarge;
    }
    if error.is_parse() {
        return MaybeSent::AnswerMalformed { detail: error.to_string() };
    }
    match io_error(error).map(io::Error::kind) {
        Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) if !is_tls(error) => {
            MaybeSent::AnswerMalformed { detail: "a chunk or trailer is broken".to_owned() }
        }
        _ if answer_begun => MaybeSent::AnswerCut,
        Some(kind) => MaybeSent::ConnectionLost { error: kind },
        None => MaybeSent::ConnectionLost { error: io::ErrorKind::UnexpectedEof },
    }
}

/// The rules of RFC 9112 section 6.3, and stricter: two ways to say the length are never resolved by guessing.
fn framing(status: u16, headers: &HeaderMap) -> Result<Framing, MaybeSent> {
    if status == 101 {
        return Err(MaybeSent::SwitchedProtocols);
    }
    let has_length = headers.contains_key(header::CONTENT_LENGTH);
    if headers.contains_key(header::TRANSFER_ENCODING) {
        if has_length {
            return Err(MaybeSent::ConflictingLengths);
        }
        let mut encodings = headers.get_all(header::TRANSFER_ENCODING).iter();
        let only = (encodings.next(), encodings.next());
        return match only {
            (Some(value), None) if value.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
            _ => Err(MaybeSent::UnknownTransferEncoding),
        };
    }
    if status == 204 || status == 304 {
        return Ok(Framing::Empty);
    }
    if !has_length {
        return Ok(Framing::UntilClose);
    }
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    let first = lengths.next().and_then(|value| value.to_str().ok()).ok_or(MaybeSent::ConflictingLengths)?;
    if !first.bytes().all(|byte| byte.is_ascii_digit()) || lengths.any(|other| other != first) {
        return Err(MaybeSent::ConflictingLengths);
    }
    first.parse().map(Framing::Length).map_err(|_| MaybeSent::ConflictingLengths)
}

async fn read_body(mut body: Incoming, limit: usize) -> Result<Vec<u8>, MaybeSent> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| failure(&error, true))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            return Err(MaybeSent::AnswerTooLarge { limit });
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

fn text<'h>(headers: &'h HeaderMap, name: &header::HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn seconds(value: &str) -> Option<Duration> {
    value.trim().parse().ok().map(Duration::from_secs)
}

fn io_error(error: &hyper::Error) -> Option<&io::Error> {
    error.source().and_then(|source| source.downcast_ref())
}

/// A record that fails TLS is a broken link (or worse), not a broken HTTP message.
fn is_tls(error: &hyper::Error) -> bool {
    io_error(error).and_then(io::Error::get_ref).is_some_and(|inner| inner.is::<rustls::Error>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing_of(status: u16, lines: &[(&'static str, &'static str)]) -> Result<Framing, MaybeSent> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        framing(status, &headers)
    }

    #[test]
    fn one_way_to_say_the_length_is_taken_and_two_are_refused() {
        assert_eq!(framing_of(200, &[("content-length", "5")]), Ok(Framing::Length(5)));
        let twice = [("content-length", "5"), ("content-length", "5")];
        assert_eq!(framing_of(200, &twice), Ok(Framing::Length(5)));
        assert_eq!(framing_of(200, &[("transfer-encoding", "Chunked")]), Ok(Framing::Chunked));
        assert_eq!(framing_of(200, &[]), Ok(Framing::UntilClose));
        assert_eq!(framing_of(204, &[]), Ok(Framing::Empty));
        for bad in ["5, 6", "5,5", "-1", "+5", "", "99999999999999999999999"] {
            assert_eq!(
                framing_of(200, &[("content-length", bad)]),
                Err(MaybeSent::ConflictingLengths),
                "{bad:?}"
            );
        }
        let differing = [("content-length", "5"), ("content-length", "6")];
        assert_eq!(framing_of(200, &differing), Err(MaybeSent::ConflictingLengths));
        let both = [("content-length", "5"), ("transfer-encoding", "chunked")];
        assert_eq!(framing_of(200, &both), Err(MaybeSent::ConflictingLengths));
        for bad in ["gzip", "gzip, chunked", "chunked, gzip", "identity", "xchunked"] {
            let refused = framing_of(200, &[("transfer-encoding", bad)]);
            assert_eq!(refused, Err(MaybeSent::UnknownTransferEncoding), "{bad:?}");
        }
        assert_eq!(framing_of(101, &[]), Err(MaybeSent::SwitchedProtocols));
    }
}
