//! The answers that are read, those that are refused, and that only the bytes decide, not their pieces.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use caas_transport_embedded::framing::{
    AnswerReader, CHUNK_EXTENSIONS_MAX, CloseReason, Fault, HEAD_MAX, HEADERS_MAX, INTERIM_MAX, Reuse, Step,
    TRAILERS_MAX,
};
use proptest::prelude::*;

/// Longer than the longest head, so that only `HEAD_MAX` bounds it.
const BUFFER: usize = HEAD_MAX + 64;

type Read = Result<(u16, Vec<u8>, Reuse), Fault>;

/// Feeds pieces, ends the connection after them, and says what became of it.
fn read_pieces<'p>(pieces: impl Iterator<Item = &'p [u8]>, room: usize) -> Read {
    let mut buffer = vec![0xAA; room];
    let mut reader = AnswerReader::new(&mut buffer);
    for piece in pieces {
        let _ = reader.feed(piece)?;
    }
    reader.end()?;
    let answer = reader.into_answer().expect("complete");
    Ok((answer.status, answer.body.to_vec(), answer.reuse))
}

fn read_in(bytes: &[u8], room: usize) -> Read {
    let whole = read_pieces([bytes].into_iter(), room);
    let single = read_pieces(bytes.chunks(1), room);
    assert_eq!(whole, single, "one piece and single bytes differ: {}", bytes.escape_ascii());
    whole
}

fn read(text: &str) -> Read {
    read_in(text.as_bytes(), BUFFER)
}

fn ok(text: &str) -> (u16, String) {
    let (status, body, reuse) = read(text).unwrap_or_else(|fault| panic!("{fault:?}: {text:?}"));
    assert_eq!(reuse, Reuse::KeepAlive, "{text:?}");
    (status, String::from_utf8(body).unwrap())
}

const GOOD: [&str; 12] = [
    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
    "HTTP/1.1 200\r\ncontent-length:4\r\n\r\nbody",
    "HTTP/1.1 500 No\r\nContent-Length: 4, 4\r\nContent-Length: 04\r\n\r\nbody",
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1;a=\"b\"\r\nb\r\n00000003 ; c\r\nody\r\n0;x\r\nT: 1\r\nU:\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 4\r\n\r\nbody",
    "HTTP/1.1 200 OK\r\nX: \u{e9}\r\nContent-Length: 4\r\n\r\nbody",
];

#[test]
fn lengths_chunks_and_interim_answers_are_read() {
    let bodies = ["body", "body", "body", "", "", "", "body", "body", "body", "", "body", "body"];
    for (text, body) in GOOD.iter().zip(bodies) {
        assert_eq!(ok(text).1, body, "{text:?}");
    }
    assert_eq!(ok(GOOD[2]).0, 500);
    assert_eq!(ok(GOOD[6]).0, 200);
}

#[test]
fn what_two_readers_could_understand_differently_is_refused() {
    for (head, fault) in [
        ("Content-Length: 4\r\nTransfer-Encoding: chunked", Fault::LengthAndCoding),
        ("Transfer-Encoding: chunked\r\nContent-Length: 4", Fault::LengthAndCoding),
        ("Content-Length: 4\r\nContent-Length: 5", Fault::DifferingLengths),
        ("Content-Length: 4, 5", Fault::DifferingLengths),
        ("Content-Length: 4,", Fault::BadLength),
        ("Content-Length: +4", Fault::BadLength),
        ("Content-Length: -4", Fault::BadLength),
        ("Content-Length: 0x4", Fault::BadLength),
        ("Content-Length: 4 4", Fault::BadLength),
        ("Content-Length: 4.0", Fault::BadLength),
        ("Content-Length: \"4\"", Fault::BadLength),
        ("Content-Length:", Fault::BadLength),
        ("Content-Length: 00000000004", Fault::BadLength),
        ("Content-Length: 4294967296", Fault::BadLength),
        ("Transfer-Encoding: gzip, chunked", Fault::UnknownCoding),
        ("Transfer-Encoding: identity", Fault::UnknownCoding),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", Fault::UnknownCoding),
        ("Transfer-Encoding: \x0bchunked", Fault::Header),
        ("X: y", Fault::EndNotMarked),
        ("X: a\r\n b\r\nContent-Length: 4", Fault::FoldedHeader),
        ("X: a\r\n\tb\r\nContent-Length: 4", Fault::FoldedHeader),
        ("X: a\rb\r\nContent-Length: 4", Fault::BareCr),
        ("X: a\nContent-Length: 4", Fault::BareLf),
        ("Content-Length : 4", Fault::Header),
        ("no colon", Fault::Header),
        ("X: a\0b\r\nContent-Length: 4", Fault::Header),
        (": a\r\nContent-Length: 4", Fault::Header),
    ] {
        assert_eq!(read(&format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\nbody")), Err(fault), "{head:?}");
    }
}

#[test]
fn a_status_line_that_is_none_is_refused() {
    for (line, fault) in [
        ("HTTP/2 200 OK", Fault::NotHttp),
        ("http/1.1 200 OK", Fault::NotHttp),
        ("\r\nHTTP/1.1 200 OK", Fault::NotHttp),
        ("SSH-2.0-x", Fault::NotHttp),
        ("HTTP/1.2 200 OK", Fault::StatusLine),
        ("HTTP/1.1 20 OK", Fault::StatusLine),
        ("HTTP/1.1 2000 OK", Fault::StatusLine),
        ("HTTP/1.1 099 OK", Fault::StatusLine),
        ("HTTP/1.1 600 OK", Fault::StatusLine),
        ("HTTP/1.1 abc OK", Fault::StatusLine),
        ("HTTP/1.1  200 OK", Fault::StatusLine),
        ("HTTP/1.1 200 O\0K", Fault::StatusLine),
        ("HTTP/1.1 101 Switch", Fault::SwitchedProtocols),
    ] {
        assert_eq!(read(&format!("{line}\r\nContent-Length: 0\r\n\r\n")), Err(fault), "{line:?}");
    }
}

/// Whoever adds them after the fact changes neither the length nor the connection.
#[test]
fn trailers_mean_nothing() {
    for trailer in ["Content-Length: 5", "Content-Length: x", "Transfer-Encoding: gzip", "Connection: close"]
    {
        let text = format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n{trailer}\r\n\r\n"
        );
        assert_eq!(ok(&text).1, "body", "{trailer}");
    }
}

#[test]
fn a_chunk_that_is_none_is_refused() {
    for (body, fault) in [
        ("g\r\n", Fault::BadChunkSize),
        ("\r\n", Fault::BadChunkSize),
        ("+1\r\nx\r\n0\r\n\r\n", Fault::BadChunkSize),
        ("0x1\r\nx\r\n0\r\n\r\n", Fault::BadChunkSize),
        ("-1\r\n", Fault::BadChunkSize),
        ("000000001\r\nx\r\n0\r\n\r\n", Fault::BadChunkSize),
        ("1 \r\nx\r\n0\r\n\r\n", Fault::BadChunkSize),
        ("1\nx\r\n0\r\n\r\n", Fault::BareLf),
        ("1\rx\r\n0\r\n\r\n", Fault::BareCr),
        ("1;a\nx\r\n0\r\n\r\n", Fault::BareLf),
        ("1;a\0\r\nx\r\n0\r\n\r\n", Fault::BadChunkExtension),
        ("1\r\nxy\r\n0\r\n\r\n", Fault::BadChunkEnd),
        ("1\r\nx\n0\r\n\r\n", Fault::BadChunkEnd),
        ("1\r\nx\r0\r\n\r\n", Fault::BareCr),
        ("ffffffff\r\nx", Fault::BodyTooLong),
        ("0\r\n a: b\r\n\r\n", Fault::FoldedHeader),
        ("0\r\na: b\r\n c\r\n\r\n", Fault::FoldedHeader),
        ("0\r\nab\r\n\r\n", Fault::BadTrailer),
        ("0\r\n: b\r\n\r\n", Fault::BadTrailer),
        ("0\r\na: \0\r\n\r\n", Fault::BadTrailer),
        ("0\r\na: b\n\r\n", Fault::BareLf),
        ("0\r\na: b\rc\r\n\r\n", Fault::BareCr),
        ("0\r\n\rx", Fault::BareCr),
        ("0\r\n\r\nx", Fault::Surplus),
    ] {
        let text = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        assert_eq!(read(&text), Err(fault), "{body:?}");
    }
}

#[test]
fn a_coding_that_http_1_0_does_not_have_is_refused() {
    for also in ["", "Connection: keep-alive\r\n"] {
        let text = format!("HTTP/1.0 200 OK\r\n{also}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
        assert_eq!(read(&text), Err(Fault::UnknownCoding));
    }
}

#[test]
fn a_connection_that_is_not_kept_says_why_and_what_follows_is_ignored() {
    for (head, reason) in [
        ("HTTP/1.1 200 OK\r\nConnection: x, Close", CloseReason::PeerAsked),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive, close", CloseReason::PeerAsked),
        ("HTTP/1.0 200 OK\r\nConnection: close, keep-alive", CloseReason::PeerAsked),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: keep-alive", CloseReason::PeerAsked),
        ("HTTP/1.0 200 OK", CloseReason::Http10),
    ] {
        for surplus in ["", "\r\nHTTP/1.1 500 No\r\n"] {
            let found = read(&format!("{head}\r\nContent-Length: 1\r\n\r\nb{surplus}"));
            assert_eq!(found, Ok((200, b"b".to_vec(), Reuse::Close(reason))), "{head:?}");
        }
    }
}

#[test]
fn bytes_after_the_end_of_a_kept_connection_are_refused() {
    for text in GOOD {
        assert_eq!(read(&format!("{text}H")), Err(Fault::Surplus), "{text:?}");
    }
}

/// Also for a caller who does not heed the fault.
#[test]
fn an_answer_with_a_fault_is_none() {
    for text in GOOD.iter().copied().chain(["HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\n"]) {
        let mut buffer = [0; BUFFER];
        let mut reader = AnswerReader::new(&mut buffer);
        assert!(reader.feed(format!("{text}xx").as_bytes()).is_err(), "{text:?}");
        assert!(reader.feed(b"").is_err() && reader.end().is_err(), "{text:?}");
        assert!(reader.into_answer().is_none(), "{text:?}");
    }
}

/// The head, the headers, the interim answers, the body, the extensions, the trailers: each at its limit and one above.
#[test]
fn every_limit_holds_at_its_edge() {
    let head = |length: usize| {
        let (start, end) = ("HTTP/1.1 200 OK\r\nX: ", "\r\nContent-Length: 0\r\n\r\n");
        format!("{start}{}{end}", "x".repeat(length - start.len() - end.len()))
    };
    assert_eq!(ok(&head(HEAD_MAX)).0, 200);
    assert_eq!(read(&head(HEAD_MAX + 1)), Err(Fault::HeadTooLong));
    // Only the body needs room.
    assert_eq!(read_in(head(100).as_bytes(), 0).map(|read| read.0), Ok(200));

    let headers = |count: usize| {
        format!("HTTP/1.1 200 OK\r\n{}Content-Length: 0\r\n\r\n", "X: y\r\n".repeat(count - 1))
    };
    assert_eq!(ok(&headers(HEADERS_MAX)).0, 200);
    assert_eq!(read(&headers(HEADERS_MAX + 1)), Err(Fault::TooManyHeaders));

    let interim = |count: u8| format!("{}{}", "HTTP/1.1 102 P\r\n\r\n".repeat(count.into()), GOOD[0]);
    assert_eq!(ok(&interim(INTERIM_MAX)).0, 200);
    assert_eq!(read(&interim(INTERIM_MAX + 1)), Err(Fault::TooManyInterim));

    let body =
        |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{}", "x".repeat(length));
    assert_eq!(ok(&body(BUFFER)).1.len(), BUFFER);
    assert_eq!(read(&body(BUFFER + 1)), Err(Fault::BodyTooLong));

    let chunked = |chunks: &str| format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
    let two = |second: usize| {
        chunked(&format!(
            "{:x}\r\n{}\r\n{second:x}\r\n{}\r\n0\r\n\r\n",
            BUFFER - 2,
            "x".repeat(BUFFER - 2),
            "y".repeat(second)
        ))
    };
    assert_eq!(ok(&two(2)).1.len(), BUFFER);
    assert_eq!(read(&two(3)), Err(Fault::BodyTooLong));

    let extensions = usize::from(CHUNK_EXTENSIONS_MAX);
    let extended = |length: usize| {
        let half = length / 2;
        chunked(&format!("1;{}\r\nx\r\n0;{}\r\n\r\n", "e".repeat(half - 1), "e".repeat(length - half - 1)))
    };
    assert_eq!(ok(&extended(extensions)).1, "x");
    assert_eq!(read(&extended(extensions + 1)), Err(Fault::ChunkExtensionsTooLong));

    let trailers = usize::from(TRAILERS_MAX);
    let trailed = |length: usize| chunked(&format!("0\r\nt:{}\r\n\r\n", "v".repeat(length - 6)));
    assert_eq!(ok(&trailed(trailers)).0, 200);
    assert_eq!(read(&trailed(trailers + 1)), Err(Fault::TrailersTooLong));
}

#[test]
fn no_prefix_of_an_answer_is_complete() {
    for text in GOOD {
        for end in 0..text.len() {
            let found = read_in(&text.as_bytes()[..end], BUFFER);
            let expected = if end == 0 { Fault::EndBeforeAnswer } else { Fault::EndWithinAnswer };
            assert_eq!(found, Err(expected), "{:?}", text[..end.min(text.len())].escape_default());
        }
    }
}

#[test]
fn a_fault_is_final() {
    let mut buffer = [0; 64];
    let mut reader = AnswerReader::new(&mut buffer);
    assert_eq!(reader.feed(b"X"), Err(Fault::NotHttp));
    assert_eq!(reader.feed(GOOD[0].as_bytes()), Err(Fault::NotHttp));
    assert_eq!(reader.feed(b""), Err(Fault::NotHttp));
    assert_eq!(reader.end(), Err(Fault::NotHttp));
    assert_eq!(reader.into_answer(), None);
}

#[test]
fn no_bytes_are_no_step() {
    let mut buffer = [0; 64];
    let mut reader = AnswerReader::new(&mut buffer);
    assert_eq!(reader.feed(b""), Ok(Step::More));
    assert!(!reader.has_begun());
    assert_eq!(reader.feed(b"H"), Ok(Step::More));
    assert!(reader.has_begun());
}

/// Nothing of an answer's text is in what is logged.
#[test]
fn debug_does_not_show_the_body() {
    let mut buffer = [0; 64];
    let mut reader = AnswerReader::new(&mut buffer);
    assert_eq!(reader.feed(GOOD[0].as_bytes()), Ok(Step::Complete));
    let reading = format!("{reader:?}");
    let shown = format!("{reading} {:?}", reader.into_answer());
    assert!(!shown.contains("body\"") && !shown.contains("98, 111"), "{shown}");
}

/// An answer, sound or with a few bytes changed.
fn answers() -> impl Strategy<Value = Vec<u8>> {
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    (prop::sample::select(&GOOD[..]), changes, 0..40usize).prop_map(|(text, changes, more)| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.extend(std::iter::repeat_n(b'x', more.saturating_sub(30)));
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_split_gives_the_same_result(
        bytes in answers(),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let split = read_pieces(cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]), BUFFER);
        prop_assert_eq!(split, read_in(&bytes, BUFFER));
    }

    #[test]
    fn any_bytes_are_defined(bytes in proptest::collection::vec(any::<u8>(), 0..300), room in 0..80usize) {
        let _ = read_in(&bytes, room);
        let _ = read_in(&[b"HTTP/1.1 200 OK\r\n", &bytes[..]].concat(), room + 40);
        let chunked = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &bytes[..]].concat();
        let _ = read_in(&chunked, room + 50);
    }
}
