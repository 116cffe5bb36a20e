//! What proves to the carrier who is asking. Never in a log, never in a record, overwritten when dropped.

use core::fmt;

use heapless::String;
use zeroize::Zeroize;

use crate::id::{IdError, Printable, checked, keep};

/// Longest password, client id, agent PIN or alias (the documents: 32; client ids of IBM API Connect have 36 to 64).
pub const SECRET_MAX: usize = 64;

/// A secret text. Neither `Debug` nor `Display` shows it; its memory is overwritten when it is dropped.
#[derive(Default)]
pub struct Secret(String<SECRET_MAX>);

impl Secret {
    /// Keeps `text`: 1 to [`SECRET_MAX`] printable ASCII characters, so that it can stand in a header or a JSON body.
    pub fn new(text: &str) -> Result<Self, IdError> {
        checked(text, Printable::NoSpace).map(Secret)
    }

    /// As [`Secret::new`], where the secret is to stay: one that is made and then moved leaves a copy on the stack that
    /// nobody overwrites. What was there before is overwritten, also where `text` is refused.
    ///
    /// ```
    /// use caas_core::credentials::Credentials;
    /// let mut credentials = Credentials::default();
    /// credentials.password.set("95904999aa8edb0c038b3295fdd271de")?;
    /// assert!(credentials.password.set("not one word").is_err());
    /// assert_eq!(credentials.password.expose(), "");
    /// # Ok::<(), caas_core::id::IdError>(())
    /// ```
    pub fn set(&mut self, text: &str) -> Result<(), IdError> {
        self.0.as_mut_str().zeroize();
        self.0.clear();
        keep(text, Printable::NoSpace, &mut self.0)
    }

    /// The secret itself, for the request bytes only.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.as_mut_str().zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<secret>")
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Secret {
    fn format(&self, out: defmt::Formatter<'_>) {
        defmt::write!(out, "<secret>");
    }
}

/// What the carrier gave when the application was provisioned. Which part is needed depends on the profile's
/// [`Authentication`](crate::profile::Authentication) and on the instrument.
#[derive(Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Credentials {
    /// Value of the client id header (Mobitel: `x-ibm-client-id`).
    pub client: Secret,
    /// `applicationId` (Ideamart family).
    pub application: Secret,
    /// `password` (Ideamart family).
    pub password: Secret,
    /// `ezcashAgentPin`, for instruments that want the agent's parameters.
    pub agent_pin: Secret,
    /// `ezcashAgentAlias`, likewise.
    pub agent_alias: Secret,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    /// I12
    #[test]
    fn no_secret_shows_in_debug_output() {
        let secret = || Secret::new("95904999aa8edb0c038b3295fdd271de").unwrap();
        let credentials = Credentials {
            client: secret(),
            application: secret(),
            password: secret(),
            agent_pin: secret(),
            agent_alias: secret(),
        };
        let shown = format!("{credentials:?} {:?}", secret());
        assert!(!shown.contains("9590") && shown.matches("<secret>").count() == 6, "{shown}");
    }

    #[test]
    fn a_secret_can_stand_in_a_header_or_it_is_refused() {
        assert!(Secret::new(&"x".repeat(SECRET_MAX)).is_ok());
        for (text, error) in [
            ("", IdError::Empty),
            ("a\r\nHost: b", IdError::BadCharacter),
            ("a b", IdError::BadCharacter),
            ("é", IdError::BadCharacter),
        ] {
            assert_eq!(Secret::new(text).err(), Some(error), "{text:?}");
        }
        assert_eq!(Secret::new(&"x".repeat(65)).err(), Some(IdError::TooLong { max: SECRET_MAX }));
    }
}
