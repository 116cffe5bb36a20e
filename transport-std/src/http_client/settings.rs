//! What a user can set on the HTTP client, and the defaults.

use std::fmt;
use std::time::Duration;

use crate::tls::{Roots, RootsError};

/// The longest body of an answer, in bytes, unless set otherwise.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// The longest head of an answer (status line and headers together), in bytes, unless set otherwise.
pub const MAX_HEAD_BYTES: usize = 16 * 1024;
/// The most headers in an answer. Fixed.
pub const MAX_ANSWER_HEADERS: usize = 64;
/// The longest body of a request, in bytes. Fixed; the core's requests have about 1 KB.
pub const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// The smallest value that [`HttpSettings::max_head_bytes`] may have, in bytes.
pub(super) const SMALLEST_HEAD_LIMIT: usize = 8 * 1024;

/// The settings of an [`HttpClient`](crate::HttpClient). Later versions may add fields: end the literal with
/// `..HttpSettings::default()`.
///
/// ```
/// use std::time::Duration;
/// use caas_transport_std::HttpSettings;
///
/// let settings = HttpSettings { first_byte: Duration::from_secs(30), ..HttpSettings::default() };
/// assert_eq!(settings.connect, Duration::from_secs(10));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// Time for name lookup, TCP and TLS handshake together. 10 s. Over it: not sent.
    pub connect: Duration,
    /// Time from the open connection until the whole request is handed to the system. 10 s.
    pub write: Duration,
    /// Time from the written request to the first byte of an answer. 60 s: carriers prompt the payer's phone
    /// and ask their billing before they answer.
    pub first_byte: Duration,
    /// Time from the call to the last byte of the answer. 90 s. It bounds everything above as well.
    pub whole: Duration,
    /// The longest body of an answer, in bytes. [`MAX_ANSWER_BYTES`].
    pub max_answer_bytes: usize,
    /// The longest head of an answer, in bytes; at least 8192. [`MAX_HEAD_BYTES`].
    pub max_head_bytes: usize,
    /// The root certificates. Mozilla's.
    pub roots: Roots,
    /// Where unencrypted HTTP may go. Only to this machine.
    pub plaintext: Plaintext,
    /// The User-Agent header. `caas/` and the version.
    pub user_agent: String,
}

impl Default for HttpSettings {
    fn default() -> Self {
        HttpSettings {
            connect: Duration::from_secs(10),
            write: Duration::from_secs(10),
            first_byte: Duration::from_secs(60),
            whole: Duration::from_secs(90),
            max_answer_bytes: MAX_ANSWER_BYTES,
            max_head_bytes: MAX_HEAD_BYTES,
            roots: Roots::WebPki,
            plaintext: Plaintext::LoopbackOnly,
            user_agent: concat!("caas/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// Where unencrypted HTTP may go. It shows the application's password to everybody on the way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Plaintext {
    /// To a loopback address, or to `localhost` where that leads to loopback addresses only. For the simulator,
    /// and for a TLS tunnel on the same machine.
    #[default]
    LoopbackOnly,
    /// To these hosts as well: exact names or addresses as in the URL, without port. Case does not matter.
    AllowedTo(Vec<String>),
}

impl Plaintext {
    pub(super) fn allows(&self, host: &str) -> bool {
        match self {
            Plaintext::LoopbackOnly => false,
            Plaintext::AllowedTo(hosts) => hosts.iter().any(|allowed| {
                allowed.trim_start_matches('[').trim_end_matches(']').eq_ignore_ascii_case(host)
            }),
        }
    }
}

/// Why a client cannot be made. The configuration is to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingsError {
    /// The root certificates cannot be used.
    Roots(RootsError),
    /// [`HttpSettings::max_head_bytes`] is below 8192.
    HeadLimitTooSmall,
    /// A deadline is zero: nothing could ever be sent. Holds the field's name.
    ZeroDeadline(&'static str),
    /// The User-Agent holds a character that a header cannot hold.
    UserAgent,
    /// The runtime of the blocking client cannot be started.
    Runtime(std::io::ErrorKind),
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingsError::Roots(error) => error.fmt(f),
            SettingsError::HeadLimitTooSmall => {
                f.write_str("configuration: max_head_bytes is below 8192; set at least 8192")
            }
            SettingsError::ZeroDeadline(name) => {
                write!(
                    f,
                    "configuration: the deadline `{name}` is zero; set a time in which a carrier can answer"
                )
            }
            SettingsError::UserAgent => {
                f.write_str("configuration: user_agent may hold visible ASCII and spaces only; correct it")
            }
            SettingsError::Runtime(kind) => {
                write!(
                    f,
                    "system: the blocking client's runtime cannot be started ({kind}); free file descriptors or memory"
                )
            }
        }
    }
}

impl std::error::Error for SettingsError {}

impl From<RootsError> for SettingsError {
    fn from(error: RootsError) -> Self {
        SettingsError::Roots(error)
    }
}

impl HttpSettings {
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        if self.max_head_bytes < SMALLEST_HEAD_LIMIT {
            return Err(SettingsError::HeadLimitTooSmall);
        }
        for (name, deadline) in [
            ("connect", self.connect),
            ("write", self.write),
            ("first_byte", self.first_byte),
            ("whole", self.whole),
        ] {
            if deadline.is_zero() {
                return Err(SettingsError::ZeroDeadline(name));
            }
        }
        if !self.user_agent.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            return Err(SettingsError::UserAgent);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plaintext_is_allowed_only_to_the_hosts_that_are_named() {
        assert!(!Plaintext::LoopbackOnly.allows("gateway.example"));
        let named = Plaintext::AllowedTo(vec!["Gateway.example".into(), "[fd00::1]".into()]);
        assert!(named.allows("gateway.example"));
        assert!(named.allows("fd00::1"));
        assert!(!named.allows("other.example"));
        assert!(!named.allows("gateway.example.org"));
    }

    #[test]
    fn settings_that_can_never_work_are_refused_at_once() {
        let check = |change: fn(&mut HttpSettings)| {
            let mut settings = HttpSettings::default();
            change(&mut settings);
            settings.check()
        };
        assert_eq!(check(|_| ()), Ok(()));
        assert_eq!(check(|s| s.max_head_bytes = 8192), Ok(()));
        assert_eq!(check(|s| s.max_head_bytes = 8191), Err(SettingsError::HeadLimitTooSmall));
        assert_eq!(check(|s| s.write = Duration::ZERO), Err(SettingsError::ZeroDeadline("write")));
        assert_eq!(check(|s| s.user_agent = "a\r\nb: c".into()), Err(SettingsError::UserAgent));
    }
}
