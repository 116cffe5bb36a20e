//! A raw TCP peer for tests: it counts what it gets, and breaks where it is told to.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use caas_transport_std::{Delivery, Endpoint, HttpClient, HttpSettings};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub const BODY: &[u8] = br#"{"externalTrxId":"kiosk-7-000042","password":"hunter2-secret","amount":"10.00"}"#;
pub const HEADERS: &[(&str, &str)] = &[("x-ibm-client-id", "client-id-secret")];
pub const PATH: &str = "/caas/direct/debit";

/// A complete answer and the body it carries.
#[derive(Clone, Copy)]
pub struct Answer {
    pub bytes: &'static [u8],
    pub body: &'static [u8],
}

pub const WITH_LENGTH: Answer = Answer {
    bytes: b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n{\"statusCode\":\"S1000\"}",
    body: b"{\"statusCode\":\"S1000\"}",
};

pub const CHUNKED: Answer = Answer {
    bytes: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
        e\r\n{\"statusCode\":\r\n8;ext=1\r\n\"S1000\"}\r\n0\r\nX-Trailer: 1\r\n\r\n",
    body: b"{\"statusCode\":\"S1000\"}",
};

pub const UNTIL_CLOSE: Answer = Answer {
    bytes: b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"statusCode\":\"S1000\"}",
    body: b"{\"statusCode\":\"S1000\"}",
};

pub const WITH_1XX: Answer = Answer {
    bytes: b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n\
        HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}",
    body: b"{}",
};

/// Short deadlines: no test may wait for a real one.
pub fn settings() -> HttpSettings {
    HttpSettings {
        connect: Duration::from_secs(5),
        write: Duration::from_secs(5),
        first_byte: Duration::from_secs(5),
        whole: Duration::from_secs(10),
        ..HttpSettings::default()
    }
}

pub fn client() -> HttpClient {
    HttpClient::new(settings()).unwrap()
}

pub async fn post(client: &HttpClient, endpoint: &Endpoint) -> Delivery {
    client.post(endpoint, PATH, HEADERS, BODY).await
}

/// A listening socket and the plain endpoint that leads to it.
pub async fn bind() -> (TcpListener, Endpoint) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    (listener, endpoint)
}

/// Counts every connection that is made, and does the same with each.
pub fn for_each_connection<F, T>(listener: TcpListener, act: F) -> Arc<AtomicUsize>
where
    F: Fn(TcpStream) -> T + Send + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(act(stream));
        }
    });
    connections
}

/// A peer that reads a whole request, writes `bytes`, and closes the connection in order.
pub async fn peer_answering(bytes: impl Into<Vec<u8>>) -> (Endpoint, Arc<AtomicUsize>) {
    let (listener, endpoint) = bind().await;
    let bytes: Arc<[u8]> = bytes.into().into();
    let connections = for_each_connection(listener, move |mut stream| {
        let bytes = Arc::clone(&bytes);
        async move {
            read_request(&mut stream).await;
            let _ = stream.write_all(&bytes).await;
            close_in_order(stream).await;
        }
    });
    (endpoint, connections)
}

/// Ends its own direction, then reads the other to its end: no data is left that would turn the end into a reset.
pub async fn close_in_order(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> usize {
    let _ = stream.shutdown().await;
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    rest.len()
}

/// Reads head and body of one request; what has come when the connection ends before.
pub async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !is_whole(&request) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(count) => request.extend_from_slice(&buffer[..count]),
        }
    }
    request
}

/// Reads at most `count` bytes.
pub async fn read_bytes(stream: &mut (impl AsyncRead + Unpin), count: usize) -> usize {
    let mut buffer = vec![0; count];
    let mut filled = 0;
    while filled < count {
        match stream.read(&mut buffer[filled..]).await {
            Ok(0) | Err(_) => break,
            Ok(more) => filled += more,
        }
    }
    filled
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some(head_end) = text.find("\r\n\r\n") else { return false };
    let length = text[..head_end].lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
    request.len() >= head_end + 4 + length
}
