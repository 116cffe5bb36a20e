//! An HTTP answer as data.

use serde_json::Value;

use crate::state::State;

/// What a service answers, before any fault shapes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    /// Beside the content's type and length.
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(status: u16, content_type: &'static str, body: &str) -> Self {
        Self { status, content_type, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json", &body.to_string())
    }

    pub(crate) fn html(status: u16, title: &str) -> Self {
        let page =
            format!("<html><head><title>{status} {title}</title></head><body><h1>{title}</h1></body></html>");
        Self::text(status, "text/html", &page)
    }

    /// The body of IBM API Connect's own errors.
    pub(crate) fn gateway(status: u16, message: &str, more: &str) -> Self {
        Self::json(
            status,
            &serde_json::json!({
                "httpCode": status.to_string(), "httpMessage": message, "moreInformation": more,
            }),
        )
    }

    /// IBM API Connect's refusal of a client that sends too many.
    pub(crate) fn rate_limited() -> Self {
        Self::gateway(429, "Too Many Requests", "Rate Limit exceeded")
            .with("x-ratelimit-limit", "name=default,100;")
            .with("x-ratelimit-remaining", "name=default,0;")
    }

    /// The simulator's own refusal: no carrier answers so.
    pub(crate) fn full() -> Self {
        let why =
            format!("the simulator knows {} subscribers and takes no new one: reset it", State::SUBSCRIBERS);
        Self::json(503, &serde_json::json!({ "error": why }))
    }

    /// The bytes of the whole answer, under a length that may not be its own, for what no HTTP library would write.
    pub(crate) fn on_the_wire(&self, length: usize) -> Vec<u8> {
        let (status, kind) = (self.status, self.content_type);
        let head = format!(
            "HTTP/1.1 {status} OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// The same with one more header.
    pub(crate) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }
}
