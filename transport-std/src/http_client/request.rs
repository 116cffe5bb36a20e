//! A request, checked and built before a connection is opened for it.

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http_body_util::Full;

use super::delivery::NotSent;
use super::endpoint::Endpoint;
use super::path::bad_path_byte;
use super::settings::MAX_REQUEST_BYTES;

/// Headers that the client writes itself, or that would change what is on the wire.
const RESERVED: [HeaderName; 12] = [
    header::HOST,
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONTENT_ENCODING,
    header::CONNECTION,
    header::ACCEPT,
    header::EXPECT,
    header::UPGRADE,
    header::TE,
    header::TRAILER,
    header::USER_AGENT,
];

/// One POST, ready to be written.
pub(super) struct Request {
    pub(super) message: http::Request<Full<Bytes>>,
    pub(super) body_bytes: usize,
}

/// Builds a POST. Nothing that could break out of its place on the wire passes.
pub(super) fn build(
    endpoint: &Endpoint,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    user_agent: &str,
) -> Result<Request, NotSent> {
    if let Some(position) = bad_path_byte(path) {
        return Err(NotSent::BadPath { position });
    }
    if body.len() > MAX_REQUEST_BYTES {
        return Err(NotSent::RequestTooLarge { bytes: body.len() });
    }
    let mut message = http::Request::post(format!("{}{path}", endpoint.prefix()))
        .header(header::HOST, endpoint.authority())
        .header(header::USER_AGENT, user_agent)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_LENGTH, body.len())
        .header(header::CONNECTION, "close")
        .body(Full::new(Bytes::copy_from_slice(body)))
        .map_err(|_| NotSent::BadPath { position: path.len() })?;
    for (position, (name, value)) in headers.iter().enumerate() {
        let (name, value) = parse_header(position, name, value)?;
        message.headers_mut().append(name, value);
    }
    Ok(Request { message, body_bytes: body.len() })
}

fn parse_header(position: usize, name: &str, value: &str) -> Result<(HeaderName, HeaderValue), NotSent> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| NotSent::BadHeader { position })?;
    if RESERVED.contains(&name) || name.as_str().starts_with("proxy-") {
        return Err(NotSent::ReservedHeader { position });
    }
    let mut value = HeaderValue::from_str(value).map_err(|_| NotSent::BadHeader { position })?;
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build_with(path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Request, NotSent> {
        build(&Endpoint::parse("https://a.example/base").unwrap(), path, headers, body, "caas/test")
    }

    #[test]
    fn bytes_that_break_out_of_a_header_or_path_are_refused() {
        for value in ["a\rb", "a\nb", "a\r\nX: y", "a\0b", "a\u{7f}"] {
            let refused = build_with("/x", &[("ok", "fine"), ("x-ibm-client-id", value)], b"").err();
            assert_eq!(refused, Some(NotSent::BadHeader { position: 1 }), "{value:?}");
        }
        for name in ["", "a b", "a:", "a\r\nb", "\0"] {
            let refused = build_with("/x", &[(name, "v")], b"").err();
            assert_eq!(refused, Some(NotSent::BadHeader { position: 0 }), "{name:?}");
        }
        for path in ["/a\rb", "/a\nb", "/a\0b", "/a b HTTP/1.1"] {
            assert_eq!(build_with(path, &[], b"").err(), Some(NotSent::BadPath { position: 2 }), "{path:?}");
        }
    }

    #[test]
    fn headers_that_frame_the_message_are_the_clients_own() {
        for name in
            ["Host", "content-length", "Transfer-Encoding", "connection", "expect", "Proxy-Authorization"]
        {
            let refused = build_with("/x", &[(name, "1")], b"").err();
            assert_eq!(refused, Some(NotSent::ReservedHeader { position: 0 }), "{name}");
        }
    }

    #[test]
    fn the_body_may_have_exactly_the_limit() {
        assert!(build_with("/x", &[], &vec![b'x'; MAX_REQUEST_BYTES]).is_ok());
        let refused = build_with("/x", &[], &vec![b'x'; MAX_REQUEST_BYTES + 1]).err();
        assert_eq!(refused, Some(NotSent::RequestTooLarge { bytes: MAX_REQUEST_BYTES + 1 }));
    }

    #[test]
    fn the_prefix_of_the_endpoint_leads_the_path() {
        let request = build_with("/caas/direct/debit", &[("X-Id", "1")], b"{}").unwrap();
        assert_eq!(request.message.uri(), "/base/caas/direct/debit");
        assert_eq!(request.message.headers()["host"], "a.example");
        assert_eq!(request.message.headers()["content-length"], "2");
    }
}
