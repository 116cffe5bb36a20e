//! Where the carrier is, as HTTP wants it.

use core::fmt;

use heapless::String;

/// Longest path of a request, with what the endpoint has before the profile's.
pub const PATH_MAX: usize = 128;

/// The parts of a base URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint<'c> {
    /// For the Host header: a name or an address, with a port if there is one.
    pub host: &'c str,
    /// What stands before the profile's paths, without a slash at its end; usually empty.
    pub base: &'c str,
}

/// The carrier's endpoint is no base URL (`https://host:port/path`, without a slash at its end). Whoever configured it is
/// to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct BadEndpoint;

impl fmt::Display for BadEndpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the endpoint is not like https://host/path without a slash at its end: check it")
    }
}

impl core::error::Error for BadEndpoint {}

impl<'c> Endpoint<'c> {
    pub fn parse(url: &'c str) -> Result<Self, BadEndpoint> {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).ok_or(BadEndpoint)?;
        let (host, base) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        if host.is_empty() || host.contains('@') || base.ends_with('/') {
            return Err(BadEndpoint);
        }
        Ok(Endpoint { host, base })
    }

    /// The path of a request; `None` where it is longer than [`PATH_MAX`].
    pub fn path(&self, path: &str) -> Option<String<PATH_MAX>> {
        let mut whole = String::new();
        whole.push_str(self.base).ok()?;
        whole.push_str(path).ok()?;
        Some(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_host_and_what_stands_before_the_paths() {
        let parse = |url| Endpoint::parse(url).map(|endpoint| (endpoint.host, endpoint.base));
        assert_eq!(parse("https://api.dialog.lk"), Ok(("api.dialog.lk", "")));
        assert_eq!(parse("http://10.0.2.2:8080/a/b"), Ok(("10.0.2.2:8080", "/a/b")));
        for bad in ["", "api.dialog.lk", "https://", "https:///a", "https://a/", "https://user:secret@a"] {
            assert_eq!(parse(bad), Err(BadEndpoint), "{bad}");
        }
    }

    #[test]
    fn a_path_that_is_too_long_is_refused() {
        let endpoint = Endpoint { host: "a", base: "/b" };
        let path = "/".repeat(PATH_MAX - 2);
        assert_eq!(endpoint.path(&path).map(|path| path.len()), Some(PATH_MAX));
        assert_eq!(endpoint.path(&(path + "/")), None);
    }
}
