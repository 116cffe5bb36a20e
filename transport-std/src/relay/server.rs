//! A server for the relay.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::{Relay, RelayError};
use crate::listener::RouteAnswer;

/// The most headers of a request.
const MAX_REQUEST_HEADERS: usize = 32;
/// The longest line and headers of a request, in bytes: the least that the HTTP library takes.
const MAX_HEAD_BYTES: usize = 8 * 1024;
/// The time that an answer under way has when the server stops or a connection is too old. A pull that waits is cut off,
/// which loses nothing.
const GRACE: Duration = Duration::from_secs(2);
/// The pause after the system gave no connection (out of file descriptors, say).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The settings of a [`RelayServer`].
///
/// Make one with `RelayServerSettings::default()` and change fields; later versions may add some.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RelayServerSettings {
    /// Time for a request's line and headers, and for an idle connection between requests. 10 s.
    pub header_timeout: Duration,
    /// Connections open at once; the next one waits in the system's queue. A pull that waits holds one. 256.
    pub max_connections: usize,
    /// Requests on one connection; the last one's answer closes it. 1000.
    pub max_requests_per_connection: usize,
    /// The longest life of a connection. 10 min.
    pub max_connection_age: Duration,
}

impl Default for RelayServerSettings {
    fn default() -> Self {
        RelayServerSettings {
            header_timeout: Duration::from_secs(10),
            max_connections: 256,
            max_requests_per_connection: 1000,
            max_connection_age: Duration::from_secs(600),
        }
    }
}

impl RelayServerSettings {
    fn check(&self) -> Result<(), RelayError> {
        if self.header_timeout.is_zero() {
            return Err(RelayError::Zero("header_timeout"));
        }
        if self.max_connections == 0 {
            return Err(RelayError::Zero("max_connections"));
        }
        if self.max_requests_per_connection == 0 {
            return Err(RelayError::Zero("max_requests_per_connection"));
        }
        if self.max_connection_age.is_zero() {
            return Err(RelayError::Zero("max_connection_age"));
        }
        Ok(())
    }
}

/// A running server of a [`Relay`], plain HTTP/1.1: **TLS is expected in front** (a reverse proxy), because tokens and
/// payers' ids pass. Give it a loopback address, and keep the Authorization header out of the proxy's log.
///
/// Requests have no body: one that has is answered with 413. Dropping the server stops taking connections;
/// [`RelayServer::shutdown`] waits for those that are open.
///
/// ```
/// use caas_transport_std::{PathToken, Relay, RelayServer, RelayServerSettings, RelayTerminal};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let relay = Relay::open(folder.path().join("relay.db"))?;
/// relay.register(RelayTerminal::new("K042", PathToken::generate()?))?;
/// let server = RelayServer::bind("127.0.0.1:0".parse()?, RelayServerSettings::default(), relay).await?;
/// println!("terminals pull at http://{}/relay/K042", server.local_addr());
/// server.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RelayServer {
    local_addr: SocketAddr,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl RelayServer {
    /// Binds `address` and begins to serve. Port 0 takes a free port.
    ///
    /// # Errors
    /// [`RelayError`], nothing is served then.
    ///
    /// # Dropping the future
    /// Nothing is served.
    pub async fn bind(
        address: SocketAddr,
        settings: RelayServerSettings,
        relay: Relay,
    ) -> Result<Self, RelayError> {
        settings.check()?;
        let bind_error = |error| RelayError::Bind { address, error };
        let socket = TcpListener::bind(address).await.map_err(bind_error)?;
        let local_addr = socket.local_addr().map_err(bind_error)?;
        let stop = watch::Sender::new(false);
        let accepting = tokio::spawn(accept(socket, relay, Arc::new(settings), stop.subscribe()));
        Ok(RelayServer { local_addr, stop, accepting })
    }

    /// The address it listens on, with the port the system chose.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Stops taking connections, and waits for the answers under way: two seconds at most.
    ///
    /// # Dropping the future
    /// The stop goes on in the background.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        // It cannot fail: the task does not panic, and nobody aborts it.
        let _ = (&mut self.accepting).await;
        self.stop.closed().await;
    }
}

/// Takes connections, never more than allowed at once: a slot is taken before the connection is.
async fn accept(
    socket: TcpListener,
    relay: Relay,
    settings: Arc<RelayServerSettings>,
    mut stopped: watch::Receiver<bool>,
) {
    let slots = Arc::new(Semaphore::new(settings.max_connections));
    loop {
        let next = async {
            // The semaphore is never closed; were it, there would be no slot to wait for.
            let permit = Arc::clone(&slots).acquire_owned().await.ok()?;
            Some((permit, socket.accept().await))
        };
        let next = tokio::select! {
            next = next => next,
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        match next {
            Some((permit, Ok((stream, _)))) => {
                tokio::spawn(serve(stream, relay.clone(), Arc::clone(&settings), permit, stopped.clone()));
            }
            Some((_, Err(_))) => sleep(ACCEPT_PAUSE).await,
            None => return,
        }
    }
}

/// Serves a connection until it closes, is too old, or the server stops.
async fn serve(
    stream: TcpStream,
    relay: Relay,
    settings: Arc<RelayServerSettings>,
    _permit: OwnedSemaphorePermit,
    mut stopped: watch::Receiver<bool>,
) {
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_REQUEST_HEADERS);
    let served = AtomicUsize::new(0);
    let (relay, served, settings) = (&relay, &served, &*settings);
    let service = service_fn(move |request| async move {
        let last = served.fetch_add(1, Ordering::Relaxed) + 1 >= settings.max_requests_per_connection;
        Ok::<_, Infallible>(take(relay, request, last).await)
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        // An error means that the server is gone, which is a stop as well.
        _ = stopped.wait_for(|stopped| *stopped) => {}
        () = sleep(settings.max_connection_age) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(GRACE, connection).await;
}

async fn take(relay: &Relay, request: http::Request<Incoming>, last: bool) -> http::Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    if !body.is_end_stream() {
        let headers = vec![("content-type", "text/plain".to_owned())];
        let body = b"send no body".to_vec();
        return response(RouteAnswer { status: 413, headers, body }, true);
    }
    let target = head.uri.path_and_query().map_or("", |target| target.as_str());
    let authorization = only(&head.headers, &header::AUTHORIZATION);
    response(relay.answer(head.method.as_str(), target, authorization).await, last)
}

/// The header's text; two of them, or one that is not ASCII, say nothing that could be trusted.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

fn response(answer: RouteAnswer, close: bool) -> http::Response<Full<Bytes>> {
    let mut response = http::Response::new(Full::new(Bytes::from(answer.body)));
    // All statuses of an answer are valid; should one ever not be, 500 claims nothing.
    *response.status_mut() =
        http::StatusCode::from_u16(answer.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    if close {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
