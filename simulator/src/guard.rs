//! Who may use the page and the API under `/sim/`: this machine, and no other web site.
//!
//! A browser on this machine runs other sites' scripts too. One that calls the simulator names itself in
//! `Origin`; one that had its own name point here (DNS rebinding) names that name in `Host`.

use http::HeaderMap;
use http::header::{HOST, ORIGIN};

/// Why a request must not be answered, if so.
pub(crate) fn refusal(headers: &HeaderMap) -> Option<&'static str> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !is_loopback(host) {
        return Some("the Host header does not name this machine: use 127.0.0.1 or localhost");
    }
    let own = format!("http://{host}");
    let foreign =
        headers.get_all(ORIGIN).iter().any(|origin| !origin.as_bytes().eq_ignore_ascii_case(own.as_bytes()));
    foreign.then_some("the request comes from another web site")
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        refusal(&headers).is_none()
    }

    #[test]
    fn this_machine_is_let_in_by_all_its_names() {
        for host in ["127.0.0.1:7000", "localhost:7000", "LocalHost", "[::1]:7000", "127.0.0.1"] {
            assert!(allowed(host, None), "{host}");
            assert!(allowed(host, Some(&format!("http://{host}"))), "{host}");
        }
    }

    #[test]
    fn other_names_and_other_sites_are_not() {
        for host in ["evil.example", "evil.example:7000", "127.0.0.1.evil.example", "10.0.0.1:7000", ""] {
            assert!(!allowed(host, None), "{host}");
        }
        for origin in ["https://evil.example", "null", "http://localhost:7001", "https://localhost:7000"] {
            assert!(!allowed("localhost:7000", Some(origin)), "{origin}");
        }
        assert!(refusal(&HeaderMap::new()).is_some(), "no Host at all");
    }
}
