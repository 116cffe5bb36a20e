//! The secret at the end of the notification URL.

use std::fmt;

use subtle::{Choice, ConstantTimeEq};

/// The fewest characters of a token.
pub const MIN_TOKEN_CHARS: usize = 16;
/// The most characters of a token.
pub const MAX_TOKEN_CHARS: usize = 128;
/// The random bytes of a generated token.
const RANDOM_BYTES: usize = 16;

/// An unguessable path segment: whoever knows it may report payments. 16 to 128 characters of
/// `A–Z a–z 0–9 - . _ ~`.
///
/// `Debug` hides it, and there is no `Display`; [`PathToken::reveal`] is for writing it into a configuration.
///
/// ```
/// use caas_transport_std::PathToken;
///
/// let token = PathToken::generate()?;
/// assert_eq!(token.reveal().len(), 32);
/// assert_eq!(format!("{token:?}"), "PathToken(hidden)");
/// assert!(PathToken::new("too-short").is_err());
/// # Ok::<(), caas_transport_std::PathTokenError>(())
/// ```
#[derive(Clone)]
pub struct PathToken(String);

/// Why there is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathTokenError {
    /// Fewer than 16 characters: it could be guessed.
    TooShort,
    /// More than 128 characters.
    TooLong,
    /// A character that would need percent-encoding.
    Character,
    /// The system gave no random numbers.
    NoRandom,
}

impl PathToken {
    /// A token chosen by the user. It should be random: length alone does not make it unguessable.
    ///
    /// # Errors
    /// [`PathTokenError`] says what is wrong with it, without showing it.
    pub fn new(token: impl Into<String>) -> Result<Self, PathTokenError> {
        let token = token.into();
        if token.len() < MIN_TOKEN_CHARS {
            return Err(PathTokenError::TooShort);
        }
        if token.len() > MAX_TOKEN_CHARS {
            return Err(PathTokenError::TooLong);
        }
        if !token.bytes().all(is_unreserved) {
            return Err(PathTokenError::Character);
        }
        Ok(PathToken(token))
    }

    /// A new token with 128 random bits of the operating system, as 32 hexadecimal digits.
    ///
    /// # Errors
    /// [`PathTokenError::NoRandom`] where the system gives none.
    pub fn generate() -> Result<Self, PathTokenError> {
        let mut random = [0; RANDOM_BYTES];
        let provider = rustls::crypto::ring::default_provider();
        provider.secure_random.fill(&mut random).map_err(|_| PathTokenError::NoRandom)?;
        Ok(PathToken(random.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// The token itself. Keep it out of logs.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Compares without telling by its duration where the difference is, nor how long the token is.
    pub(crate) fn matches(&self, candidate: &[u8]) -> Choice {
        let same_length = (self.0.len() as u64).ct_eq(&(candidate.len() as u64));
        same_length & padded(self.0.as_bytes()).ct_eq(&padded(candidate))
    }
}

impl fmt::Debug for PathToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PathToken(hidden)")
    }
}

impl fmt::Display for PathTokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PathTokenError::TooShort => {
                "configuration: the notification token has fewer than 16 characters; take a longer random one"
            }
            PathTokenError::TooLong => {
                "configuration: the notification token has more than 128 characters; shorten it"
            }
            PathTokenError::Character => {
                "configuration: the notification token may hold A-Z a-z 0-9 - . _ ~ only; take another"
            }
            PathTokenError::NoRandom => {
                "system: no random numbers for a notification token; give one yourself"
            }
        })
    }
}

impl std::error::Error for PathTokenError {}

pub(super) fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// The first 128 bytes, filled up with zeros, which no token holds.
fn padded(bytes: &[u8]) -> [u8; MAX_TOKEN_CHARS] {
    let mut block = [0; MAX_TOKEN_CHARS];
    let length = bytes.len().min(MAX_TOKEN_CHARS);
    block[..length].copy_from_slice(&bytes[..length]);
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_sixteen_to_128_unreserved_characters() {
        assert_eq!(PathToken::new("a".repeat(15)).unwrap_err(), PathTokenError::TooShort);
        assert!(PathToken::new("a".repeat(16)).is_ok());
        assert!(PathToken::new("a".repeat(128)).is_ok());
        assert_eq!(PathToken::new("a".repeat(129)).unwrap_err(), PathTokenError::TooLong);
        for bad in ["/", "%", " ", "?", "\n", "\u{e9}"] {
            let token = format!("0123456789abcdef{bad}");
            assert_eq!(PathToken::new(token).unwrap_err(), PathTokenError::Character, "{bad:?}");
        }
    }

    #[test]
    fn only_the_whole_token_matches() {
        let token = PathToken::new("0123456789abcdef").unwrap();
        let matches = |candidate: &[u8]| bool::from(token.matches(candidate));
        assert!(matches(b"0123456789abcdef"));
        for other in
            [&b""[..], b"0123456789abcde", b"0123456789abcdeF", b"0123456789abcdef\0", b"0123456789abcdef0"]
        {
            assert!(!matches(other));
        }
        let longest = PathToken::new("a".repeat(128)).unwrap();
        assert!(!bool::from(longest.matches(&[b'a'; 129])));
    }

    #[test]
    fn generated_tokens_differ() {
        let (a, b) = (PathToken::generate().unwrap(), PathToken::generate().unwrap());
        assert_ne!(a.reveal(), b.reveal());
        assert!(PathToken::new(a.reveal()).is_ok());
    }
}
