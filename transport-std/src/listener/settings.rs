//! What a user can set on the notification route and the listener, and the defaults.

use std::fmt;
use std::time::Duration;

use super::path_token::{PathToken, is_unreserved};

/// The longest body of a notification, in bytes, unless set otherwise.
pub const MAX_NOTIFICATION_BYTES: usize = 8 * 1024;

/// The settings of a [`NotificationRoute`](crate::NotificationRoute): what holds with any HTTP server.
///
/// Make one with [`RouteSettings::new`] and change fields; later versions may add some.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RouteSettings {
    /// The token at the end of the URL.
    pub token: PathToken,
    /// A second live token, during a rotation. None.
    pub previous_token: Option<PathToken>,
    /// The path before the token, without slashes at its ends. `notifications`.
    pub prefix: String,
    /// The longest body, in bytes. 8192. More is answered with 413.
    pub max_body_bytes: usize,
    /// How many notifications are taken per second, and in one burst. 50. More are answered with 429, and the
    /// handler does not see them. Requests without a right token do not count.
    pub max_per_second: u32,
    /// How long an answer may wait for the handler. 20 s. Over it the answer is 503, and the handler goes on.
    pub handler_timeout: Duration,
}

impl RouteSettings {
    /// The defaults with this token.
    pub fn new(token: PathToken) -> Self {
        RouteSettings {
            token,
            previous_token: None,
            prefix: "notifications".to_owned(),
            max_body_bytes: MAX_NOTIFICATION_BYTES,
            max_per_second: 50,
            handler_timeout: Duration::from_secs(20),
        }
    }
}

/// The settings of a [`Listener`](crate::Listener).
///
/// Make one with [`ListenerSettings::new`] and change fields; later versions may add some.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ListenerSettings {
    /// Path, token, and what is taken.
    pub route: RouteSettings,
    /// Time for a request's line and headers, and for an idle connection between requests. 10 s.
    pub header_timeout: Duration,
    /// Time for a request's body. 10 s. Over it the answer is 408.
    pub body_timeout: Duration,
    /// The longest line and headers of a request, in bytes; at least 8192. 8192.
    pub max_head_bytes: usize,
    /// Connections open at once; the next one waits in the system's queue. A handler that outlives its
    /// connection counts as one. 64.
    pub max_connections: usize,
    /// Requests on one connection; the last one's answer closes it. 100.
    pub max_requests_per_connection: usize,
    /// The longest life of a connection. 10 min. It ends after the answer under way.
    pub max_connection_age: Duration,
}

impl ListenerSettings {
    /// The defaults with this token.
    pub fn new(token: PathToken) -> Self {
        ListenerSettings {
            route: RouteSettings::new(token),
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            max_head_bytes: 8 * 1024,
            max_connections: 64,
            max_requests_per_connection: 100,
            max_connection_age: Duration::from_secs(600),
        }
    }

    pub(super) fn check(&self) -> Result<(), RouteError> {
        let zero = |name| Err(RouteError::Zero(name));
        if self.header_timeout.is_zero() {
            return zero("header_timeout");
        }
        if self.body_timeout.is_zero() {
            return zero("body_timeout");
        }
        if self.max_connections == 0 {
            return zero("max_connections");
        }
        if self.max_requests_per_connection == 0 {
            return zero("max_requests_per_connection");
        }
        if self.max_connection_age.is_zero() {
            return zero("max_connection_age");
        }
        if self.max_head_bytes < 8 * 1024 {
            return Err(RouteError::HeadLimitTooSmall);
        }
        self.route.check()
    }
}

/// Why settings are refused. The configuration is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RouteError {
    /// The prefix is empty or holds something that is no plain path segment.
    Prefix,
    /// A limit is zero: nothing could ever be taken. Holds the field's name.
    Zero(&'static str),
    /// [`ListenerSettings::max_head_bytes`] is below 8192.
    HeadLimitTooSmall,
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RouteError::Prefix => f.write_str(
                "configuration: the notification prefix must be segments of A-Z a-z 0-9 - . _ ~ with / between them, like notifications",
            ),
            RouteError::Zero(name) => {
                write!(f, "configuration: the limit `{name}` is zero, nothing could be taken; set at least 1")
            }
            RouteError::HeadLimitTooSmall => {
                f.write_str("configuration: max_head_bytes is below 8192; set at least 8192")
            }
        }
    }
}

impl std::error::Error for RouteError {}

impl RouteSettings {
    pub(super) fn check(&self) -> Result<(), RouteError> {
        let segment_ok = |segment: &str| !segment.is_empty() && segment.bytes().all(is_unreserved);
        if !self.prefix.split('/').all(segment_ok) {
            return Err(RouteError::Prefix);
        }
        if self.max_body_bytes == 0 {
            return Err(RouteError::Zero("max_body_bytes"));
        }
        if self.max_per_second == 0 {
            return Err(RouteError::Zero("max_per_second"));
        }
        if self.handler_timeout.is_zero() {
            return Err(RouteError::Zero("handler_timeout"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl Fn(&mut ListenerSettings)) -> Result<(), RouteError> {
        let mut settings = ListenerSettings::new(PathToken::generate().unwrap());
        change(&mut settings);
        settings.check()
    }

    #[test]
    fn settings_that_can_never_work_are_refused_at_once() {
        assert_eq!(check(|_| ()), Ok(()));
        assert_eq!(check(|s| s.route.prefix = "a/b.c".into()), Ok(()));
        for prefix in ["", "/", "/a", "a/", "a//b", "a b", "a?b", "a%20b"] {
            assert_eq!(check(|s| s.route.prefix = prefix.into()), Err(RouteError::Prefix), "{prefix:?}");
        }
        assert_eq!(check(|s| s.max_connections = 0), Err(RouteError::Zero("max_connections")));
        assert_eq!(check(|s| s.route.max_per_second = 0), Err(RouteError::Zero("max_per_second")));
        assert_eq!(check(|s| s.max_head_bytes = 8191), Err(RouteError::HeadLimitTooSmall));
    }
}
