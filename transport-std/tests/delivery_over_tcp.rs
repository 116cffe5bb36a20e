//! A peer that breaks at every byte: what the client says about a request never contradicts what the peer saw.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod peer;

use std::io::ErrorKind;
use std::sync::atomic::Ordering;

use caas_transport_std::{Blame, BlockingHttpClient, Delivery, Endpoint, MaybeSent, NotSent};
use peer::*;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

/// How the peer breaks.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Break {
    /// It ends its direction and reads on: it sees every byte that ever comes.
    EndThenRead,
    /// It closes, with what it has not read left behind.
    Close,
    /// It resets.
    Reset,
}

async fn request_length() -> usize {
    let (listener, endpoint) = bind().await;
    let client = client();
    let post = post(&client, &endpoint);
    let read = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let length = read_request(&mut stream).await.len();
        stream.write_all(WITH_LENGTH.bytes).await.unwrap();
        length
    };
    tokio::join!(post, read).1
}

/// R03, R14.
#[tokio::test]
async fn broken_at_every_byte_of_the_request_it_is_never_answered_and_not_sent_only_if_no_byte_came() {
    let length = request_length().await;
    assert!(length > BODY.len() + 100);
    let (listener, endpoint) = bind().await;
    let (order, orders) = mpsc::unbounded_channel::<(usize, Break)>();
    let (saw, mut seen) = mpsc::unbounded_channel::<usize>();
    let orders = std::sync::Arc::new(tokio::sync::Mutex::new(orders));
    let connections = for_each_connection(listener, move |mut stream| {
        let (saw, orders) = (saw.clone(), std::sync::Arc::clone(&orders));
        async move {
            let (count, how) = orders.lock().await.recv().await.unwrap();
            let mut received = read_bytes(&mut stream, count).await;
            match how {
                Break::EndThenRead => received += close_in_order(stream).await,
                Break::Close => drop(stream),
                Break::Reset => {
                    stream.set_zero_linger().unwrap();
                    drop(stream);
                }
            }
            let _ = saw.send(received);
        }
    });
    let client = client();
    let mut posts = 0;
    for how in [Break::EndThenRead, Break::Close, Break::Reset] {
        for count in 0..=length {
            order.send((count, how)).unwrap();
            let delivery = post(&client, &endpoint).await;
            let received = seen.recv().await.unwrap();
            posts += 1;
            match delivery {
                Delivery::NotSent(_) => assert_eq!(received, 0, "{how:?} at byte {count}: {delivery:?}"),
                Delivery::MaybeSent(_) => {}
                Delivery::Answered(_) => panic!("{how:?} at byte {count}: answered by nobody"),
            }
        }
    }
    assert_eq!(connections.load(Ordering::SeqCst), posts, "one connection for each post, no hidden repeat");
}

/// R04.
async fn broken_at_every_byte_of(answer: Answer) {
    let (listener, endpoint) = bind().await;
    let (order, orders) = mpsc::unbounded_channel::<(usize, bool)>();
    let orders = std::sync::Arc::new(tokio::sync::Mutex::new(orders));
    let connections = for_each_connection(listener, move |mut stream| {
        let orders = std::sync::Arc::clone(&orders);
        async move {
            let (count, reset) = orders.lock().await.recv().await.unwrap();
            read_request(&mut stream).await;
            stream.write_all(&answer.bytes[..count]).await.unwrap();
            if reset {
                stream.set_zero_linger().unwrap();
            } else {
                close_in_order(stream).await;
            }
        }
    });
    let client = client();
    for count in 0..=answer.bytes.len() {
        order.send((count, false)).unwrap();
        match post(&client, &endpoint).await {
            Delivery::Answered(answered) => {
                assert_eq!(count, answer.bytes.len(), "answered after {count} bytes");
                assert_eq!(answered.body, answer.body);
            }
            Delivery::MaybeSent(_) => assert!(count < answer.bytes.len(), "a whole answer is an answer"),
            Delivery::NotSent(cause) => panic!("the peer had the whole request: {cause}"),
        }
        order.send((count, true)).unwrap();
        match post(&client, &endpoint).await {
            Delivery::Answered(answered) => {
                assert_eq!(count, answer.bytes.len(), "answered after {count} bytes and a reset");
                assert_eq!(answered.body, answer.body);
            }
            Delivery::MaybeSent(_) => {}
            Delivery::NotSent(cause) => panic!("the peer had the whole request: {cause}"),
        }
    }
    assert_eq!(connections.load(Ordering::SeqCst), 2 * (answer.bytes.len() + 1));
}

/// R04.
#[tokio::test]
async fn an_answer_with_a_length_that_breaks_at_any_byte_is_maybe_sent() {
    broken_at_every_byte_of(WITH_LENGTH).await;
}

/// R04.
#[tokio::test]
async fn a_chunked_answer_that_breaks_at_any_byte_is_maybe_sent() {
    broken_at_every_byte_of(CHUNKED).await;
}

#[tokio::test]
async fn an_answer_after_interim_ones_that_breaks_at_any_byte_is_maybe_sent() {
    broken_at_every_byte_of(WITH_1XX).await;
}

#[tokio::test]
async fn an_answer_that_comes_byte_by_byte_is_whole() {
    for answer in [WITH_LENGTH, CHUNKED, WITH_1XX] {
        let (listener, endpoint) = bind().await;
        for_each_connection(listener, move |mut stream| async move {
            stream.set_nodelay(true).unwrap();
            read_request(&mut stream).await;
            for byte in answer.bytes {
                stream.write_all(&[*byte]).await.unwrap();
                tokio::task::yield_now().await;
            }
            close_in_order(stream).await;
        });
        let Delivery::Answered(answered) = post(&client(), &endpoint).await else { panic!("not answered") };
        assert_eq!(answered.body, answer.body);
    }
}

#[tokio::test]
async fn without_tls_an_answer_that_ends_with_the_connection_is_maybe_sent() {
    let (endpoint, _) = peer_answering(UNTIL_CLOSE.bytes).await;
    assert_eq!(post(&client(), &endpoint).await, Delivery::MaybeSent(MaybeSent::EndNotMarked));
}

#[tokio::test]
async fn the_request_on_the_wire_is_the_one_that_was_asked_for() {
    let (listener, endpoint) = bind().await;
    let endpoint: Endpoint = format!("{endpoint}/prefix/").parse().unwrap();
    let client = client();
    let exchange = post(&client, &endpoint);
    let read = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await;
        stream.write_all(WITH_LENGTH.bytes).await.unwrap();
        request
    };
    let (delivery, request) = tokio::join!(exchange, read);
    assert!(matches!(delivery, Delivery::Answered(_)));
    let request = String::from_utf8(request).unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.lines().collect();
    assert_eq!(lines.remove(0), "POST /prefix/caas/direct/debit HTTP/1.1");
    lines.sort_unstable();
    let host = format!("host: 127.0.0.1:{}", endpoint.port());
    let length = format!("content-length: {}", BODY.len());
    let agent = concat!("user-agent: caas/", env!("CARGO_PKG_VERSION"));
    let expected = [
        "accept: application/json",
        "connection: close",
        &length,
        "content-type: application/json",
        &host,
        agent,
        "x-ibm-client-id: client-id-secret",
    ];
    assert_eq!(lines, expected);
    assert_eq!(body.as_bytes(), BODY);
}

/// R14.
#[tokio::test]
async fn a_refused_connection_is_not_sent() {
    let (listener, endpoint) = bind().await;
    let address = listener.local_addr().unwrap();
    drop(listener);
    let delivery = post(&client(), &endpoint).await;
    assert_eq!(
        delivery,
        Delivery::NotSent(NotSent::Connect { address, error: ErrorKind::ConnectionRefused })
    );
}

/// R14.
#[tokio::test]
async fn an_unknown_name_is_not_sent() {
    let endpoint: Endpoint = "https://no-such-carrier.invalid".parse().unwrap();
    let Delivery::NotSent(cause) = post(&client(), &endpoint).await else { panic!("not sent expected") };
    assert!(
        matches!(cause, NotSent::NameLookup { .. } | NotSent::ConnectTimedOut { .. }),
        "the name does not exist: {cause}"
    );
    assert_eq!(cause.blame(), Blame::Link);
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused_without_a_connection() {
    let endpoint: Endpoint = "http://carrier.invalid:7000".parse().unwrap();
    let delivery = post(&client(), &endpoint).await;
    assert_eq!(delivery, Delivery::NotSent(NotSent::PlaintextRefused { host: "carrier.invalid".into() }));

    let mut allowing = settings();
    allowing.plaintext = caas_transport_std::Plaintext::AllowedTo(vec!["carrier.invalid".into()]);
    let client = caas_transport_std::HttpClient::new(allowing).unwrap();
    assert_eq!(client.check_endpoint(&endpoint), Ok(()));
    let delivery = post(&client, &endpoint).await;
    assert!(matches!(
        delivery,
        Delivery::NotSent(NotSent::NameLookup { .. } | NotSent::ConnectTimedOut { .. })
    ));
}

#[tokio::test]
async fn localhost_and_ipv6_reach_a_peer_on_this_machine() {
    let (endpoint, _) = peer_answering(WITH_LENGTH.bytes).await;
    let by_name: Endpoint = format!("http://localhost:{}", endpoint.port()).parse().unwrap();
    assert!(matches!(post(&client(), &by_name).await, Delivery::Answered(_)));

    let Ok(listener) = tokio::net::TcpListener::bind("[::1]:0").await else {
        eprintln!("no IPv6 on this machine: skipped");
        return;
    };
    let endpoint: Endpoint = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    for_each_connection(listener, |mut stream| async move {
        read_request(&mut stream).await;
        stream.write_all(WITH_LENGTH.bytes).await.unwrap();
        close_in_order(stream).await;
    });
    assert!(matches!(post(&client(), &endpoint).await, Delivery::Answered(_)));
}

#[tokio::test]
async fn line_breaks_in_headers_and_paths_are_refused_without_a_connection() {
    let (endpoint, connections) = peer_answering(WITH_LENGTH.bytes).await;
    let client = client();
    for value in ["a\r\nX-Injected: 1", "a\nb", "a\0b"] {
        let delivery = client.post(&endpoint, PATH, &[("x-ibm-client-id", value)], BODY).await;
        assert_eq!(delivery, Delivery::NotSent(NotSent::BadHeader { position: 0 }));
    }
    let delivery = client.post(&endpoint, "/a\r\nX: 1", &[], BODY).await;
    assert_eq!(delivery, Delivery::NotSent(NotSent::BadPath { position: 2 }));
    let delivery = client.post(&endpoint, "/a", &[("Transfer-Encoding", "chunked")], BODY).await;
    assert_eq!(delivery, Delivery::NotSent(NotSent::ReservedHeader { position: 0 }));
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

/// I12.
#[tokio::test]
async fn secrets_and_bodies_appear_in_no_output() {
    let (endpoint, _) = peer_answering(WITH_LENGTH.bytes).await;
    let client = client();
    let mut outputs = vec![format!("{client:?}")];
    let delivery = post(&client, &endpoint).await;
    assert!(matches!(delivery, Delivery::Answered(_)));
    outputs.push(format!("{delivery:?}"));
    let bad = [("x-ibm-client-id", "client-id-secret\r\n")];
    let Delivery::NotSent(cause) = client.post(&endpoint, PATH, &bad, BODY).await else { panic!() };
    outputs.push(format!("{cause} {cause:?}"));
    let (silent, _) = peer_answering("").await;
    let Delivery::MaybeSent(cause) = post(&client, &silent).await else { panic!() };
    outputs.push(format!("{cause} {cause:?}"));
    for output in outputs {
        for secret in ["client-id-secret", "hunter2-secret", "kiosk-7-000042", "S1000"] {
            assert!(!output.contains(secret), "{secret} in {output}");
        }
    }
}

#[test]
fn the_blocking_client_gives_the_same_results() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (endpoint, connections) = runtime.block_on(peer_answering(WITH_LENGTH.bytes));
    let client = BlockingHttpClient::new(settings()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let Delivery::Answered(answered) = client.post(&endpoint, PATH, HEADERS, BODY) else {
                    panic!()
                };
                assert_eq!(answered.body, WITH_LENGTH.body);
            });
        }
    });
    assert_eq!(connections.load(Ordering::SeqCst), 4);
    let inside = runtime.block_on(async { client.post(&endpoint, PATH, HEADERS, BODY) });
    assert_eq!(inside, Delivery::NotSent(NotSent::InsideRuntime));
    runtime.block_on(async { drop(client) });
}
