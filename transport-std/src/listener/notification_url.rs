//! The URL to give to the carrier. It ends in a secret.

use std::fmt;

/// The URL (or path) of the notification route. `Debug` hides its token, and there is no `Display`;
/// [`NotificationUrl::reveal`] is for handing it to the carrier.
#[derive(Clone, PartialEq, Eq)]
pub struct NotificationUrl {
    open: String,
    token: String,
}

impl NotificationUrl {
    pub(super) fn new(open: String, token: &str) -> Self {
        NotificationUrl { open, token: token.to_owned() }
    }

    /// The whole URL with its token. Keep it out of logs.
    pub fn reveal(&self) -> String {
        format!("{}{}", self.open, self.token)
    }
}

impl fmt::Debug for NotificationUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NotificationUrl({}…hidden)", self.open)
    }
}
