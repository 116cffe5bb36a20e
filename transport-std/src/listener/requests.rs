//! What the listener answers on its connections.

use std::sync::Arc;
use std::time::Duration;

use http::header::{self, HeaderMap, HeaderName};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

use super::route::NotificationRoute;
use super::route_answer::RouteAnswer;
use super::settings::ListenerSettings;
use crate::server::{Afterwards, Answers, Limits, Slot};

/// The most headers of a request.
const MAX_REQUEST_HEADERS: usize = 64;

/// The limits of the listener's server.
pub(super) fn limits(settings: &ListenerSettings) -> Limits {
    Limits {
        connections: settings.max_connections,
        requests: settings.max_requests_per_connection,
        head_bytes: settings.max_head_bytes,
        headers: MAX_REQUEST_HEADERS,
        header_timeout: settings.header_timeout,
        age: settings.max_connection_age,
        // No handler is cut off with its connection: they run in tasks of their own.
        grace: longest_request(settings),
    }
}

/// The longest that one request can rightly take, and a second for its answer.
fn longest_request(settings: &ListenerSettings) -> Duration {
    [settings.header_timeout, settings.body_timeout, settings.route.handler_timeout]
        .iter()
        .fold(Duration::from_secs(1), |sum, part| sum.saturating_add(*part))
}

/// Answers the requests of the listener's connections.
pub(super) struct Requests {
    pub(super) route: Arc<NotificationRoute>,
    pub(super) body_timeout: Duration,
}

impl Answers for Requests {
    async fn answer(&self, request: http::Request<Incoming>, slot: &Slot) -> (RouteAnswer, Afterwards) {
        // hyper hides whether a Content-Length stood beside a Transfer-Encoding. What follows such a request on
        // the connection cannot be trusted, so nothing may follow.
        let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
        let (answer, body_read) = self.take(request, slot).await;
        (answer, if chunked || !body_read { Afterwards::Close } else { Afterwards::Keep })
    }
}

impl Requests {
    /// The answer, and whether the body was read to its end.
    async fn take(&self, request: http::Request<Incoming>, slot: &Slot) -> (RouteAnswer, bool) {
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
        match timeout(self.body_timeout, reading).await {
            // A handler that outlives its connection holds the slot.
            Ok(Ok(body)) => (self.route.take(body, Arc::clone(slot)).await, true),
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
