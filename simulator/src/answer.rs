//! An HTTP answer as data.

use serde_json::Value;

/// What a service answers, before any fault shapes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self { status, content_type: "application/json", body: body.to_string().into_bytes() }
    }

    pub(crate) fn html(status: u16, title: &str) -> Self {
        let page =
            format!("<html><head><title>{status} {title}</title></head><body><h1>{title}</h1></body></html>");
        Self { status, content_type: "text/html", body: page.into_bytes() }
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
}
