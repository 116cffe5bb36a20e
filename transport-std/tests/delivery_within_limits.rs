//! Deadlines, bounds, and answers that are not what they should be.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod peer;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use caas_transport_std::{Delivery, HttpClient, HttpSettings, MAX_REQUEST_BYTES, MaybeSent, NotSent};
use peer::*;
use tokio::io::AsyncWriteExt;

const SHORT: Duration = Duration::from_millis(150);

async fn delivery_of(answer: impl Into<Vec<u8>>) -> Delivery {
    let (endpoint, connections) = peer_answering(answer).await;
    let delivery = post(&client(), &endpoint).await;
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    delivery
}

fn maybe_sent(delivery: Delivery) -> MaybeSent {
    match delivery {
        Delivery::MaybeSent(cause) => cause,
        other => panic!("maybe sent expected: {other:?}"),
    }
}

async fn within(
    limit: Duration,
    settings: HttpSettings,
    endpoint: &caas_transport_std::Endpoint,
) -> Delivery {
    let client = HttpClient::new(settings).unwrap();
    let started = Instant::now();
    let delivery =
        tokio::time::timeout(limit + Duration::from_secs(2), post(&client, endpoint)).await.unwrap();
    assert!(started.elapsed() < limit + Duration::from_secs(1), "took {:?}", started.elapsed());
    delivery
}

#[tokio::test]
async fn a_peer_that_never_answers_ends_at_the_first_byte_deadline() {
    let (listener, endpoint) = bind().await;
    for_each_connection(listener, |mut stream| async move {
        read_request(&mut stream).await;
        std::future::pending::<()>().await;
        drop(stream);
    });
    let delivery = within(SHORT, HttpSettings { first_byte: SHORT, ..settings() }, &endpoint).await;
    assert_eq!(maybe_sent(delivery), MaybeSent::FirstByteTimedOut { after: SHORT });
    let delivery = within(SHORT, HttpSettings { whole: SHORT, ..settings() }, &endpoint).await;
    assert_eq!(maybe_sent(delivery), MaybeSent::WholeTimedOut { after: SHORT });
}

#[tokio::test]
async fn slow_bytes_end_at_the_whole_deadline() {
    let (listener, endpoint) = bind().await;
    for_each_connection(listener, |mut stream| async move {
        read_request(&mut stream).await;
        for byte in WITH_LENGTH.bytes {
            let _ = stream.write_all(&[*byte]).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let delivery =
        within(SHORT, HttpSettings { first_byte: SHORT, whole: 2 * SHORT, ..settings() }, &endpoint).await;
    assert_eq!(maybe_sent(delivery), MaybeSent::WholeTimedOut { after: 2 * SHORT });
}

#[tokio::test]
async fn endless_interim_answers_end_at_the_whole_deadline() {
    let (listener, endpoint) = bind().await;
    for_each_connection(listener, |mut stream| async move {
        read_request(&mut stream).await;
        while stream.write_all(b"HTTP/1.1 102 Processing\r\n\r\n").await.is_ok() {}
    });
    let delivery = within(SHORT, HttpSettings { whole: SHORT, ..settings() }, &endpoint).await;
    assert_eq!(maybe_sent(delivery), MaybeSent::WholeTimedOut { after: SHORT });
}

/// The sockets of this machine hold more than the longest request, so the stream that takes a part is in the unit
/// tests; here it is a peer that takes nothing at all from TLS's first byte on.
#[tokio::test]
async fn a_peer_that_does_not_speak_tls_in_time_is_not_sent() {
    let (listener, endpoint) = bind().await;
    for_each_connection(listener, |stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    });
    let endpoint = format!("https://127.0.0.1:{}", endpoint.port()).parse().unwrap();
    let delivery = within(SHORT, HttpSettings { connect: SHORT, ..settings() }, &endpoint).await;
    assert_eq!(delivery, Delivery::NotSent(NotSent::ConnectTimedOut { after: SHORT }));
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_an_answer_and_one_byte_more_is_not() {
    let limit = 1000;
    let settings = HttpSettings { max_answer_bytes: limit, ..settings() };
    let client = HttpClient::new(settings).unwrap();
    for length in [limit, limit + 1] {
        let body = "x".repeat(length);
        let with_length = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
        let chunked =
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n");
        for answer in [with_length, chunked] {
            let (endpoint, _) = peer_answering(answer).await;
            let delivery = post(&client, &endpoint).await;
            if length == limit {
                assert!(matches!(delivery, Delivery::Answered(answered) if answered.body.len() == limit));
            } else {
                assert_eq!(maybe_sent(delivery), MaybeSent::AnswerTooLarge { limit });
            }
        }
    }
}

#[tokio::test]
async fn a_body_announced_above_the_limit_is_not_waited_for() {
    let (listener, endpoint) = bind().await;
    for_each_connection(listener, |mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n").await;
        std::future::pending::<()>().await;
    });
    let delivery = within(SHORT, settings(), &endpoint).await;
    assert_eq!(maybe_sent(delivery), MaybeSent::AnswerTooLarge { limit: 64 * 1024 });
}

#[tokio::test]
async fn an_endless_body_is_given_up_at_the_limit() {
    let (listener, endpoint) = bind().await;
    for_each_connection(listener, |mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        while stream.write_all(b"4\r\nxxxx\r\n").await.is_ok() {}
    });
    let delivery = post(&client(), &endpoint).await;
    assert_eq!(maybe_sent(delivery), MaybeSent::AnswerTooLarge { limit: 64 * 1024 });
}

#[tokio::test]
async fn endless_headers_and_too_many_are_given_up_at_the_limit() {
    let (listener, endpoint) = bind().await;
    for_each_connection(listener, |mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX-Long: ").await;
        while stream.write_all(&[b'x'; 1024]).await.is_ok() {}
    });
    assert_eq!(maybe_sent(post(&client(), &endpoint).await), MaybeSent::HeadTooLarge);

    let head = |count: usize| {
        format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{}\r\n", "A: b\r\n".repeat(count - 1))
    };
    assert!(matches!(delivery_of(head(64)).await, Delivery::Answered(_)));
    assert_eq!(maybe_sent(delivery_of(head(65)).await), MaybeSent::HeadTooLarge);
}

/// R04.
#[tokio::test]
async fn an_answer_that_gives_two_lengths_is_maybe_sent() {
    for head in ["Content-Length: 2\r\nContent-Length: 3", "Content-Length: 2, 3", "Content-Length: -2"] {
        let cause = maybe_sent(delivery_of(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{{}}")).await);
        assert!(
            matches!(cause, MaybeSent::AnswerMalformed { .. } | MaybeSent::ConflictingLengths),
            "{head}: {cause}"
        );
    }
    for head in [
        "Content-Length: 2\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 12",
    ] {
        let cause =
            maybe_sent(delivery_of(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n")).await);
        assert_eq!(cause, MaybeSent::ConflictingLengths, "{head}");
    }
}

/// R04.
#[tokio::test]
async fn an_answer_that_is_not_well_formed_is_maybe_sent() {
    for answer in [
        "hello\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n folded: 1\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n{}",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ] {
        let cause = maybe_sent(delivery_of(answer).await);
        assert!(matches!(cause, MaybeSent::AnswerMalformed { .. }), "{answer:?}: {cause}");
    }
    let gzip = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}";
    assert_eq!(maybe_sent(delivery_of(gzip).await), MaybeSent::UnknownTransferEncoding);
    let upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n";
    assert_eq!(maybe_sent(delivery_of(upgrade).await), MaybeSent::SwitchedProtocols);
}

#[tokio::test]
async fn a_redirect_is_returned_and_not_followed() {
    let (target, target_connections) = peer_answering(WITH_LENGTH.bytes).await;
    for status in [301, 302, 303, 307, 308] {
        let answer = format!("HTTP/1.1 {status} Moved\r\nLocation: {target}/\r\nContent-Length: 0\r\n\r\n");
        let Delivery::Answered(answered) = delivery_of(answer).await else { panic!("answered expected") };
        assert_eq!(answered.status, status);
    }
    assert_eq!(target_connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn statuses_and_the_headers_that_matter_come_back() {
    let answer =
        "HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi";
    let Delivery::Answered(answered) = delivery_of(answer).await else { panic!("answered expected") };
    assert_eq!((answered.status, answered.body.as_slice()), (429, &b"hi"[..]));
    assert_eq!(answered.retry_after, Some(Duration::from_secs(7)));
    assert_eq!(answered.content_type.as_deref(), Some("text/html"));
    let Delivery::Answered(answered) = delivery_of("HTTP/1.1 204 No Content\r\n\r\n").await else { panic!() };
    assert_eq!((answered.status, answered.body.len()), (204, 0));
    for status in [500, 502, 503, 401, 404] {
        let delivery = delivery_of(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n")).await;
        assert!(matches!(delivery, Delivery::Answered(answered) if answered.status == status));
    }
}

#[tokio::test]
async fn the_longest_request_arrives_whole() {
    let (listener, endpoint) = bind().await;
    let body = vec![b'x'; MAX_REQUEST_BYTES];
    let client = client();
    let exchange = client.post(&endpoint, PATH, HEADERS, &body);
    let read = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await;
        stream.write_all(WITH_LENGTH.bytes).await.unwrap();
        request
    };
    let (delivery, request) = tokio::join!(exchange, read);
    assert!(matches!(delivery, Delivery::Answered(_)), "{delivery:?}");
    assert!(request.ends_with(&body));
}

/// What the documentation of `post` says about a dropped call: nothing goes on behind the caller's back.
#[tokio::test]
async fn a_dropped_call_closes_its_connection_and_sends_no_more() {
    let (listener, endpoint) = bind().await;
    let client = client();
    let call = tokio::time::timeout(SHORT, post(&client, &endpoint));
    let read = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await;
        (request.len(), read_bytes(&mut stream, 1).await)
    };
    let (call, (request, after)) = tokio::join!(call, read);
    assert!(call.is_err());
    assert!(request > 0);
    assert_eq!(after, 0, "the connection ended with the call");
}
