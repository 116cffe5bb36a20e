//! The heads that are taken, against httparse: every one that ours takes it takes too, with the same status and the same
//! end of the body; and whatever it takes ours takes, unless one of the stricter rules, which stand here, refuses it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use caas_transport_embedded::framing::{AnswerReader, HEAD_MAX, HEADERS_MAX, LENGTH_DIGITS_MAX, Reuse, Step};
use proptest::prelude::*;

/// Where the body ends, and whether the connection is kept after it.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    status: u16,
    body: Body,
    is_kept: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Body {
    Length(u64),
    Chunked,
}

/// Longer bodies are not tried.
const ROOM: usize = 300;

/// Any 1xx: it is passed over, whatever it says of itself.
const INTERIM: Said = Said { status: 199, body: Body::Length(0), is_kept: true };
const FINAL: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// What ours reads in a head. The body's end is found by giving it bytes.
fn ours(head: &[u8]) -> Option<Said> {
    let (mut whole, mut single) = (vec![0; ROOM], vec![0; ROOM]);
    let mut reader = AnswerReader::new(&mut whole);
    let mut by_bytes = AnswerReader::new(&mut single);
    let step = reader.feed(head);
    let last = head.iter().map(|byte| by_bytes.feed(&[*byte])).last();
    assert_eq!(last.unwrap_or(Ok(Step::More)), step, "{}", head.escape_ascii());
    let mut step = step.ok()?;
    if head.get(9) == Some(&b'1') {
        assert_eq!(reader.feed(FINAL), Ok(Step::Complete), "{}", head.escape_ascii());
        return Some(INTERIM);
    }
    let mut length = 0;
    while step == Step::More && length <= ROOM {
        match reader.feed(b"0") {
            Ok(next) => (step, length) = (next, length + 1),
            // Many zeros are no chunk's size: so it is one.
            Err(_) => return ours_in_chunks(head),
        }
    }
    let answer = reader.into_answer()?;
    assert_eq!(answer.body, vec![b'0'; length]);
    let is_kept = answer.reuse == Reuse::KeepAlive;
    Some(Said { status: answer.status, body: Body::Length(length as u64), is_kept })
}

fn ours_in_chunks(head: &[u8]) -> Option<Said> {
    let mut buffer = vec![0; ROOM];
    let mut reader = AnswerReader::new(&mut buffer);
    let _ = reader.feed(head).ok()?;
    assert_eq!(reader.feed(b"1\r\nx\r\n0\r\n\r\n"), Ok(Step::Complete), "{}", head.escape_ascii());
    let answer = reader.into_answer()?;
    let is_kept = answer.reuse == Reuse::KeepAlive;
    Some(Said { status: answer.status, body: Body::Chunked, is_kept })
}

/// What httparse reads in it, by the rules of RFC 9112, 6.3.
fn httparses(head: &[u8]) -> Option<Said> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let length = match response.parse(head) {
        Ok(httparse::Status::Complete(length)) => length,
        _ => return None,
    };
    assert_eq!(length, head.len(), "{}", head.escape_ascii());
    let (status, is_http_1_0) = (response.code?, response.version == Some(0));
    let values = |name: &str| -> Vec<String> {
        let fields = response.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        let values = fields.map(|header| String::from_utf8_lossy(header.value).to_ascii_lowercase());
        values.flat_map(|value| value.split(',').map(|it| it.trim().to_owned()).collect::<Vec<_>>()).collect()
    };
    let mut lengths = values("content-length").into_iter().map(|value| {
        let is_plain = value.bytes().all(|byte| byte.is_ascii_digit()) && value.len() <= LENGTH_DIGITS_MAX;
        value.parse::<u32>().ok().filter(|_| is_plain).map(u64::from)
    });
    let codings = values("transfer-encoding");
    let first = lengths.next();
    let has_length = first.is_some();
    let length = match first {
        Some(first) => Some(first?),
        None => None,
    };
    if !lengths.all(|other| other == length) || (has_length && !codings.is_empty()) {
        return None;
    }
    let is_chunked = match codings.as_slice() {
        [] => false,
        [one] if one == "chunked" && !is_http_1_0 => true,
        _ => return None,
    };
    let body = match (length, is_chunked) {
        _ if (100..200).contains(&status) => return Some(INTERIM).filter(|_| status != 101),
        _ if status == 204 || status == 304 => Body::Length(0),
        (_, true) => Body::Chunked,
        (Some(length), false) => Body::Length(length),
        (None, false) => return None,
    };
    let options = values("connection");
    let says = |option: &str| options.iter().any(|one| one == option);
    let is_kept = !says("close") && (!is_http_1_0 || says("keep-alive"));
    Some(Said { status, body, is_kept })
}

/// What ours refuses beside: heads that another reader could take otherwise, and those above a limit.
fn is_stricter(head: &[u8]) -> bool {
    let is_bare = |at: usize| match head[at] {
        b'\n' => at == 0 || head[at - 1] != b'\r',
        b'\r' => head.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    !head.starts_with(b"HTTP/1.") || head.len() > HEAD_MAX || (0..head.len()).any(is_bare)
}

/// The first head of what stands there, if there is one: both readers are asked about the same bytes.
fn first_head(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    bytes.get(..end + 4)
}

/// Whether both say the same; and what ours says.
fn check(bytes: &[u8]) -> Option<Said> {
    let head = first_head(bytes)?;
    let by_ours = ours(head);
    let expected = Some(head).filter(|head| !is_stricter(head)).and_then(httparses);
    let mut expected = expected.filter(|said| (100..600).contains(&said.status));
    if let Some(Said { body: Body::Length(length), .. }) = expected
        && length > ROOM as u64
    {
        expected = None;
    }
    assert_eq!(by_ours, expected, "{}", head.escape_ascii());
    by_ours
}

const STATUS_LINES: [&str; 25] = [
    "HTTP/1.1 200 OK",
    "HTTP/1.1 200 OK",
    "HTTP/1.1 200",
    "HTTP/1.1 200 ",
    "HTTP/1.0 200 OK",
    "HTTP/1.1 404 Not \u{e9}\tFound",
    "HTTP/1.1 100 Continue",
    "HTTP/1.1 101 Switch",
    "HTTP/1.0 199 x",
    "HTTP/1.1 204 No Content",
    "HTTP/1.1 304 x",
    "HTTP/1.1 599 x",
    "HTTP/1.1 600 x",
    "HTTP/1.1 099 x",
    "HTTP/1.1 999 x",
    "HTTP/1.1 20 x",
    "HTTP/1.1 2000 x",
    "HTTP/1.1  200 x",
    "HTTP/1.1 200x",
    "HTTP/1.2 200 x",
    "HTTP/2.0 200 x",
    "http/1.1 200 x",
    "HTTP/1.1\t200 x",
    "HTTP/1.1 200 \u{7f}",
    "\r\nHTTP/1.1 200 OK",
];

const LINES: [&str; 52] = [
    "Content-Length: 4",
    "Content-Length: 4",
    "content-length:4",
    "CONTENT-LENGTH: \t 4 \t",
    "Content-Length: 4, 4",
    "Content-Length: 4,4 , 04",
    "Content-Length: 5",
    "Content-Length: 0",
    "Content-Length: 0000000004",
    "Content-Length: 00000000004",
    "Content-Length: 4294967295",
    "Content-Length: 4294967296",
    "Content-Length: 9999999999",
    "Content-Length: ",
    "Content-Length: 4,",
    "Content-Length: ,4",
    "Content-Length: +4",
    "Content-Length: -4",
    "Content-Length: 4 4",
    "Content-Length: 4\t",
    "Content-Length: 0x4",
    "Content-Length: \u{664}",
    "Content-Length : 4",
    "Content-Length",
    "Content-Lengthy: 7",
    "Content-Lengt: 7",
    "XContent-Length: 7",
    "Transfer-Encoding: chunked",
    "transfer-encoding:CHUNKED \t",
    "Transfer-Encoding: gzip",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding: chunked x",
    "Transfer-Encoding: chunked          x",
    "Transfer-Encoding: chunked;q=1",
    "Transfer-Encoding: \"chunked\"",
    "Transfer-Encoding: ",
    "Transfer-Encodings: gzip",
    "Connection: close",
    "Connection: keep-alive",
    "Connection: x, Close ,y",
    "Connection: close x",
    "Connection: closed",
    "Connection: Keep-Alive, close",
    "X:",
    "X: a:b, \u{e9}",
    ": a",
    "a b: c",
    " folded",
    "\tfolded",
    "X\u{e9}: y",
    "!#$%&'*+-.^_`|~09azAZ: y",
];

fn head_of(status_line: &str, lines: &[&str]) -> Vec<u8> {
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    format!("{status_line}\r\n{lines}\r\n").into_bytes()
}

/// Every status line, and every line alone and behind and before every other.
#[test]
fn each_pair_of_lines_is_read_as_httparse_reads_it() {
    let mut taken = 0;
    for status_line in STATUS_LINES {
        taken += usize::from(check(&head_of(status_line, &["Content-Length: 4"])).is_some());
        for one in LINES {
            taken += usize::from(check(&head_of(status_line, &[one])).is_some());
        }
    }
    for (one, other) in LINES.iter().flat_map(|one| LINES.iter().map(move |other| (one, other))) {
        taken += usize::from(check(&head_of(STATUS_LINES[0], &[one, other])).is_some());
        taken += usize::from(check(&head_of("HTTP/1.0 200 OK", &[one, other])).is_some());
    }
    assert!(taken > 500, "{taken} heads were taken: the lines are hardly tried");
}

/// Each byte value, at each place of a head.
#[test]
fn each_byte_at_each_place_is_read_as_httparse_reads_it() {
    let mut taken = 0;
    for good in [
        head_of("HTTP/1.1 200 OK", &["A: b", "Content-Length: 4", "Connection: close"]),
        head_of("HTTP/1.0 200", &["Transfer-Encoding: chunked", "Connection:x,keep-alive"]),
        head_of("HTTP/1.1 200 ", &["Transfer-Encoding: chunked", "Connection: close , x"]),
    ] {
        for (at, byte) in (0..good.len()).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
            let mut changed = good.clone();
            changed[at] = byte;
            taken += usize::from(check(&changed).is_some());
            let mut longer = good.clone();
            longer.insert(at, byte);
            taken += usize::from(check(&longer).is_some());
        }
    }
    assert!(taken > 10_000, "{taken} heads were taken");
}

fn heads() -> impl Strategy<Value = Vec<u8>> {
    let lines = proptest::collection::vec(prop::sample::select(&LINES[..]), 0..6);
    let usual = || prop_oneof![3 => Just(0..1usize), 1 => Just(0..STATUS_LINES.len())];
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 0..3);
    let status_line = usual().prop_flat_map(|range| range).prop_map(|at| STATUS_LINES[at]);
    (status_line, lines, changes, 0..40usize).prop_map(|(status_line, lines, changes, more)| {
        let more = more.saturating_sub(if more > 30 { 4 } else { more });
        let padding = vec!["X: y"; more];
        let mut bytes = head_of(status_line, &[&lines[..], &padding].concat());
        for (at, byte, replaces) in changes {
            let at = at.index(bytes.len());
            if replaces {
                bytes[at] = byte;
            } else {
                bytes.insert(at, byte);
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn any_head_is_read_as_httparse_reads_it(head in heads()) {
        let _ = check(&head);
    }

    #[test]
    fn any_bytes_behind_a_status_line_are_read_as_httparse_reads_them(
        bytes in proptest::collection::vec(prop_oneof![
            any::<u8>(), Just(b'\r'), Just(b'\n'), Just(b':'), Just(b' '), b'a'..=b'z',
        ], 0..60),
    ) {
        let _ = check(&[b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n", &bytes[..], b"\r\n\r\n"].concat());
        let _ = check(&[b"HTTP/1.1 200 ", &bytes[..], b"\r\nContent-Length: 4\r\n\r\n"].concat());
    }
}
