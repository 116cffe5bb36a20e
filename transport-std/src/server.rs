//! A small HTTP server: takes connections, never more than allowed at once, and serves each until it closes, is too old, or
//! the server stops.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::listener::RouteAnswer;

/// The pause after the system gave no connection (out of file descriptors, say).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A running server. Dropping it stops taking connections, and lets those that are open finish their answer in the
/// background.
#[derive(Debug)]
pub(crate) struct Server {
    local_addr: SocketAddr,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

/// What bounds a server and its connections.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Connections open at once; the next one waits in the system's queue.
    pub connections: usize,
    /// Requests on one connection; the last one's answer closes it.
    pub requests: usize,
    /// The longest line and headers of a request, in bytes.
    pub head_bytes: usize,
    /// The most headers of a request.
    pub headers: usize,
    /// Time for a request's line and headers, and for an idle connection between requests.
    pub header_timeout: Duration,
    /// The longest life of a connection; then the answer under way is finished.
    pub age: Duration,
    /// The time that an answer under way has when the server stops or the connection is too old.
    pub grace: Duration,
}

/// A connection's place among those that are open at once. What holds it counts as a connection.
pub(crate) type Slot = Arc<OwnedSemaphorePermit>;

/// Who answers.
pub(crate) trait Answers: Send + Sync + 'static {
    /// The answer, and whether the connection may carry another request after it.
    fn answer(
        &self,
        request: http::Request<Incoming>,
        slot: &Slot,
    ) -> impl Future<Output = (RouteAnswer, Afterwards)> + Send;
}

/// What becomes of a connection after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Afterwards {
    Keep,
    Close,
}

impl Server {
    /// Binds `address` and begins to serve. Port 0 takes a free port.
    pub async fn bind(address: SocketAddr, limits: Limits, answers: impl Answers) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let local_addr = socket.local_addr()?;
        let stop = watch::Sender::new(false);
        let accepting = tokio::spawn(accept(socket, Arc::new(limits), Arc::new(answers), stop.subscribe()));
        Ok(Server { local_addr, stop, accepting })
    }

    /// The address it listens on, with the port the system chose.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Stops taking connections, and waits for those that are open. Where the future is dropped, the stop goes on in the
    /// background.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        // It cannot fail: the task does not panic, and nobody aborts it.
        let _ = (&mut self.accepting).await;
        self.stop.closed().await;
    }
}

/// Takes connections: a slot is taken before the connection is.
async fn accept(
    socket: TcpListener,
    limits: Arc<Limits>,
    answers: Arc<impl Answers>,
    mut stopped: watch::Receiver<bool>,
) {
    let slots = Arc::new(Semaphore::new(limits.connections));
    loop {
        let next = async {
            // The semaphore is never closed; were it, there would be no slot to wait for.
            let slot = Arc::clone(&slots).acquire_owned().await.ok()?;
            Some((slot, socket.accept().await))
        };
        let next = tokio::select! {
            next = next => next,
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        match next {
            Some((slot, Ok((stream, _)))) => {
                let (limits, answers) = (Arc::clone(&limits), Arc::clone(&answers));
                tokio::spawn(serve(stream, limits, answers, Arc::new(slot), stopped.clone()));
            }
            Some((_, Err(_))) => sleep(ACCEPT_PAUSE).await,
            None => return,
        }
    }
}

async fn serve(
    stream: TcpStream,
    limits: Arc<Limits>,
    answers: Arc<impl Answers>,
    slot: Slot,
    mut stopped: watch::Receiver<bool>,
) {
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.head_bytes)
        .max_headers(limits.headers);
    let served = AtomicUsize::new(0);
    let (served, answers, slot, most) = (&served, &*answers, &slot, limits.requests);
    let service = service_fn(move |request| async move {
        let last = served.fetch_add(1, Ordering::Relaxed) + 1 >= most;
        let (answer, afterwards) = answers.answer(request, slot).await;
        Ok::<_, Infallible>(response(answer, last || afterwards == Afterwards::Close))
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        // An error means that the server is gone, which is a stop as well.
        _ = stopped.wait_for(|stopped| *stopped) => {}
        () = sleep(limits.age) => {}
    }
    connection.as_mut().graceful_shutdown();
    // Whoever does not read its answer is cut off.
    let _ = timeout(limits.grace, connection).await;
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
