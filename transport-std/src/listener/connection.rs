//! One connection of the listener, from its first byte to its close.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{sleep, timeout};

use super::route::NotificationRoute;
use super::route_answer::RouteAnswer;
use super::settings::ListenerSettings;

/// The most headers of a request.
const MAX_REQUEST_HEADERS: usize = 64;

/// Serves a connection until it closes, is too old, or the listener stops; then the answer under way is finished.
pub(super) async fn serve(
    stream: TcpStream,
    route: Arc<NotificationRoute>,
    settings: Arc<ListenerSettings>,
    permit: OwnedSemaphorePermit,
    mut stopped: watch::Receiver<bool>,
) {
    let max_age = settings.max_connection_age;
    let grace = longest_request(&settings);
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout)
        .max_buf_size(settings.max_head_bytes)
        .max_headers(MAX_REQUEST_HEADERS);
    let requests = Requests { route, settings, permit: Arc::new(permit), served: AtomicUsize::new(0) };
    let requests = &requests;
    let service =
        service_fn(move |request| async move { Ok::<_, Infallible>(requests.answer(request).await) });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        // An error means that the listener is gone, which is a stop as well.
        _ = stopped.wait_for(|stopped| *stopped) => {}
        () = sleep(max_age) => {}
    }
    connection.as_mut().graceful_shutdown();
    // Whoever does not read its answer is cut off. No handler is: they run in tasks of their own.
    let _ = timeout(grace, connection).await;
}

/// The longest that one request can rightly take, and a second for its answer.
fn longest_request(settings: &ListenerSettings) -> Duration {
    [settings.header_timeout, settings.body_timeout, settings.route.handler_timeout]
        .iter()
        .fold(Duration::from_secs(1), |sum, part| sum.saturating_add(*part))
}

/// The requests of one connection.
struct Requests {
    route: Arc<NotificationRoute>,
    settings: Arc<ListenerSettings>,
    permit: Arc<OwnedSemaphorePermit>,
    served: AtomicUsize,
}

impl Requests {
    async fn answer(&self, request: http::Request<Incoming>) -> http::Response<Full<Bytes>> {
        let last =
            self.served.fetch_add(1, Ordering::Relaxed) + 1 >= self.settings.max_requests_per_connection;
        // hyper hides whether a Content-Length stood beside a Transfer-Encoding. What follows such a request on
        // the connection cannot be trusted, so nothing may follow.
        let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
        let (answer, body_read) = self.take(request).await;
        response(answer, last || chunked || !body_read)
    }

    /// The answer, and whether the body was read to its end.
    async fn take(&self, request: http::Request<Incoming>) -> (RouteAnswer, bool) {
        let (head, body) = request.into_parts();
        let content_type = match text(&head.headers, &header::CONTENT_TYPE) {
            Ok(content_type) => content_type,
            Err(refusal) => return (refusal, false),
        };
        let content_encoding = match text(&head.headers, &header::CONTENT_ENCODING) {
            Ok(content_encoding) => content_encoding,
            Err(refusal) => return (refusal, false),
        };
        let admitted =
            self.route.admit(head.method.as_str(), head.uri.path(), content_type, content_encoding);
        if let Err(refusal) = admitted {
            return (refusal, body.is_end_stream());
        }
        let reading = read_body(body, self.route.max_body_bytes());
        match timeout(self.settings.body_timeout, reading).await {
            Ok(Ok(body)) => (self.route.take(body, Arc::clone(&self.permit)).await, true),
            Ok(Err(refusal)) => (refusal, false),
            Err(_) => (RouteAnswer::body_timed_out(), false),
        }
    }
}

async fn read_body(mut body: Incoming, limit: usize) -> Result<Vec<u8>, RouteAnswer> {
    if body.size_hint().lower() > limit as u64 {
        return Err(RouteAnswer::body_too_large());
    }
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| RouteAnswer::body_broken())?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            return Err(RouteAnswer::body_too_large());
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// The header's text; two of them, or one that is not ASCII, say nothing that could be trusted.
fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, RouteAnswer> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| RouteAnswer::not_json()),
        (Some(_), Some(_)) => Err(RouteAnswer::not_json()),
    }
}

fn response(answer: RouteAnswer, close: bool) -> http::Response<Full<Bytes>> {
    let mut response = http::Response::new(Full::new(Bytes::from(answer.body)));
    // All statuses of `RouteAnswer` are valid; should one ever not be, 500 claims nothing.
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
