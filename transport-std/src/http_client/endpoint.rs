//! Where a carrier listens: a base URL, checked once.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use super::path::is_path_byte;

/// The longest base URL that is accepted, in bytes.
pub const MAX_ENDPOINT_BYTES: usize = 512;

/// A carrier's base URL, `https://host[:port][/prefix]`, parsed and checked.
///
/// ```
/// use caas_transport_std::Endpoint;
///
/// let endpoint: Endpoint = "https://api.ideamart.io/caas/".parse()?;
/// assert_eq!(endpoint.to_string(), "https://api.ideamart.io/caas");
/// assert!("https://user:password@api.ideamart.io".parse::<Endpoint>().is_err());
/// # Ok::<(), caas_transport_std::EndpointError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    secure: bool,
    host: Host,
    port: u16,
    prefix: String,
}

/// A name to look up, or an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Host {
    Name(String),
    Address(IpAddr),
}

/// Why a base URL is refused. The configuration is to blame; the text says what to write instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndpointError {
    /// Longer than [`MAX_ENDPOINT_BYTES`].
    TooLong,
    /// It begins with neither `https://` nor `http://`.
    Scheme,
    /// It holds a user name or a password.
    UserInfo,
    /// The host is missing or is no ASCII name, IPv4 address or bracketed IPv6 address.
    Host,
    /// The port is no number from 1 to 65535.
    Port,
    /// It holds a query or a fragment.
    QueryOrFragment,
    /// The path holds a character that does not belong into a path.
    Path,
}

impl Endpoint {
    /// Parses a base URL. A slash at the end is dropped: the path of each request begins with one.
    ///
    /// # Errors
    /// [`EndpointError`] names the part that is wrong.
    pub fn parse(url: &str) -> Result<Endpoint, EndpointError> {
        if url.len() > MAX_ENDPOINT_BYTES {
            return Err(EndpointError::TooLong);
        }
        let (secure, rest) = split_scheme(url)?;
        if rest.contains(['?', '#']) {
            return Err(EndpointError::QueryOrFragment);
        }
        let (authority, prefix) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(EndpointError::UserInfo);
        }
        let (host, port) = split_port(authority)?;
        let prefix = prefix.trim_end_matches('/');
        if !prefix.bytes().all(is_path_byte) {
            return Err(EndpointError::Path);
        }
        let default_port = if secure { 443 } else { 80 };
        Ok(Endpoint {
            secure,
            host: parse_host(host)?,
            port: parse_port(port)?.unwrap_or(default_port),
            prefix: prefix.to_owned(),
        })
    }

    /// Whether requests go through TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host without port: a name in lower case, or an address (IPv6 without brackets).
    pub fn host(&self) -> String {
        match &self.host {
            Host::Name(name) => name.clone(),
            Host::Address(address) => address.to_string(),
        }
    }

    /// The TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn target(&self) -> &Host {
        &self.host
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The value of the Host header.
    pub(super) fn authority(&self) -> String {
        let host = match &self.host {
            Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
            _ => self.host(),
        };
        let default_port = if self.secure { 443 } else { 80 };
        if self.port == default_port { host } else { format!("{host}:{}", self.port) }
    }

    /// Whether the URL names this machine: a loopback address, or the name `localhost`.
    pub(super) fn names_loopback(&self) -> bool {
        match &self.host {
            Host::Name(name) => name == "localhost",
            Host::Address(address) => address.is_loopback(),
        }
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        Endpoint::parse(url)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.prefix)
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            EndpointError::TooLong => {
                "the carrier's URL is longer than 512 bytes; write only https://host/prefix"
            }
            EndpointError::Scheme => {
                "the carrier's URL begins with neither https:// nor http://; write https://host"
            }
            EndpointError::UserInfo => {
                "the carrier's URL holds a user name or password; take it out, credentials are settings of their own"
            }
            EndpointError::Host => {
                "the carrier's URL has no usable host; write an ASCII name, an IPv4 address or [an IPv6 address]"
            }
            EndpointError::Port => {
                "the port in the carrier's URL is no number from 1 to 65535; correct or leave it out"
            }
            EndpointError::QueryOrFragment => {
                "the carrier's URL holds a ? or #; write only https://host/prefix"
            }
            EndpointError::Path => {
                "the path in the carrier's URL holds a character that is not allowed there; percent-encode it"
            }
        };
        write!(f, "configuration: {text}")
    }
}

impl std::error::Error for EndpointError {}

fn split_scheme(url: &str) -> Result<(bool, &str), EndpointError> {
    let (scheme, rest) = url.split_once("://").ok_or(EndpointError::Scheme)?;
    if scheme.eq_ignore_ascii_case("https") {
        Ok((true, rest))
    } else if scheme.eq_ignore_ascii_case("http") {
        Ok((false, rest))
    } else {
        Err(EndpointError::Scheme)
    }
}

/// Splits `host:port`; the brackets of an IPv6 address stay on the host.
fn split_port(authority: &str) -> Result<(&str, Option<&str>), EndpointError> {
    if authority.starts_with('[') {
        let end = authority.find(']').ok_or(EndpointError::Host)?;
        let (host, rest) = authority.split_at(end + 1);
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(EndpointError::Host),
        };
    }
    Ok(match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    })
}

fn parse_port(port: Option<&str>) -> Result<Option<u16>, EndpointError> {
    let Some(port) = port else { return Ok(None) };
    if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(EndpointError::Port);
    }
    match port.parse() {
        Ok(0) | Err(_) => Err(EndpointError::Port),
        Ok(port) => Ok(Some(port)),
    }
}

fn parse_host(host: &str) -> Result<Host, EndpointError> {
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let address: Ipv6Addr = inner.parse().map_err(|_| EndpointError::Host)?;
        return Ok(Host::Address(IpAddr::V6(address)));
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(Host::Address(address));
    }
    let label_ok = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    if host.len() > 253 || !host.split('.').all(label_ok) {
        return Err(EndpointError::Host);
    }
    Ok(Host::Name(host.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_urls_print_as_they_are_used() {
        for (url, printed, authority) in [
            (
                "https://apphub.mobitel.lk/mobext/mapi",
                "https://apphub.mobitel.lk/mobext/mapi",
                "apphub.mobitel.lk",
            ),
            ("HTTPS://API.Dialog.LK:443/", "https://api.dialog.lk", "api.dialog.lk"),
            ("http://127.0.0.1:7000", "http://127.0.0.1:7000", "127.0.0.1:7000"),
            ("http://[::1]:7000/a", "http://[::1]:7000/a", "[::1]:7000"),
            ("https://[2001:db8::1]", "https://[2001:db8::1]", "[2001:db8::1]"),
        ] {
            let endpoint = Endpoint::parse(url).unwrap();
            assert_eq!(endpoint.to_string(), printed);
            assert_eq!(endpoint.authority(), authority);
        }
    }

    #[test]
    fn broken_urls_are_refused_with_the_part_that_is_wrong() {
        for (url, error) in [
            ("", EndpointError::Scheme),
            ("api.dialog.lk", EndpointError::Scheme),
            ("ftp://a", EndpointError::Scheme),
            ("https://", EndpointError::Host),
            ("https:///path", EndpointError::Host),
            ("https://a..b", EndpointError::Host),
            ("https://a b", EndpointError::Host),
            ("https://a\r\nx: y", EndpointError::Host),
            ("https://dial\u{f6}g.lk", EndpointError::Host),
            ("https://[::1", EndpointError::Host),
            ("https://[::1]x", EndpointError::Host),
            ("https://[1.2.3.4]", EndpointError::Host),
            ("https://a:", EndpointError::Port),
            ("https://a:0", EndpointError::Port),
            ("https://a:+1", EndpointError::Port),
            ("https://a:65536", EndpointError::Port),
            ("https://u:p@a", EndpointError::UserInfo),
            ("https://a?x=1", EndpointError::QueryOrFragment),
            ("https://a/#f", EndpointError::QueryOrFragment),
            ("https://a/b c", EndpointError::Path),
            ("https://a/b\nc", EndpointError::Path),
        ] {
            assert_eq!(Endpoint::parse(url), Err(error), "{url:?}");
        }
        let long = format!("https://a/{}", "b".repeat(MAX_ENDPOINT_BYTES));
        assert_eq!(Endpoint::parse(&long), Err(EndpointError::TooLong));
        assert!(Endpoint::parse(&long[..MAX_ENDPOINT_BYTES]).is_ok());
    }

    #[test]
    fn only_localhost_and_loopback_addresses_name_this_machine() {
        for (url, loopback) in [
            ("http://localhost", true),
            ("http://LOCALHOST:1", true),
            ("http://127.0.0.1", true),
            ("http://127.255.0.9", true),
            ("http://[::1]", true),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
            ("http://0.0.0.0", false),
            ("http://[::]", false),
        ] {
            assert_eq!(Endpoint::parse(url).unwrap().names_loopback(), loopback, "{url}");
        }
    }
}
