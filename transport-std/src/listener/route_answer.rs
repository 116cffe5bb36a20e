//! What a notification's sender is answered.

use super::handler::Taken;

/// The one content type of all answers: the vendor's receivers want it exactly, without a charset.
pub(super) const JSON: &str = "application/json";

/// An answer, for any HTTP server to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Headers to add, names in lower case. `content-type` is always among them. Length and connection are the
    /// server's.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl RouteAnswer {
    pub(super) fn of(taken: Taken) -> Self {
        match taken {
            Taken::Acknowledge(body) | Taken::Refuse(body) => RouteAnswer::json(200, body),
            Taken::TryLater => RouteAnswer::try_later(),
        }
    }

    pub(super) fn try_later() -> Self {
        RouteAnswer::error(503, "not kept, send it again later").with("retry-after", "5")
    }

    /// The same for an unknown path and for a wrong token.
    pub(super) fn not_found() -> Self {
        RouteAnswer::error(404, "not found")
    }

    pub(super) fn method_not_allowed() -> Self {
        RouteAnswer::error(405, "use POST").with("allow", "POST")
    }

    pub(super) fn body_timed_out() -> Self {
        RouteAnswer::error(408, "the body took too long")
    }

    pub(super) fn body_broken() -> Self {
        RouteAnswer::error(400, "the body is broken")
    }

    pub(super) fn body_too_large() -> Self {
        RouteAnswer::error(413, "the body is too large")
    }

    pub(super) fn not_json() -> Self {
        RouteAnswer::error(415, "send application/json, not encoded")
    }

    pub(super) fn too_many() -> Self {
        RouteAnswer::error(429, "too many notifications").with("retry-after", "1")
    }

    fn error(status: u16, text: &str) -> Self {
        RouteAnswer::json(status, format!("{{\"error\":\"{text}\"}}").into_bytes())
    }

    fn json(status: u16, body: Vec<u8>) -> Self {
        RouteAnswer { status, headers: vec![("content-type", JSON.to_owned())], body }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}
