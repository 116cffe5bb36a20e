//! Which public keys a server may have.

use core::fmt;

use sha2::{Digest, Sha256};

/// The SHA-256 of a server's public key, as its certificate writes it (SubjectPublicKeyInfo, DER). It stays the same
/// when the certificate is renewed for the same key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pin([u8; 32]);

impl Pin {
    /// A pin from its bytes.
    pub const fn new(sha256: [u8; 32]) -> Self {
        Pin(sha256)
    }

    /// A pin from its 64 hexadecimal digits, as `openssl dgst -sha256` prints them; `None` if they are not that. In a
    /// constant, a wrong one does not compile.
    ///
    /// ```
    /// use caas_transport_embedded::tls::Pin;
    /// const PIN: Pin =
    ///     Pin::from_hex("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08").unwrap();
    /// assert_eq!(Pin::from_hex("9f86d081"), None);
    /// ```
    pub const fn from_hex(digits: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let mut rest = digits.as_bytes();
        let mut places: &mut [u8] = &mut bytes;
        while let Some((place, others)) = places.split_first_mut() {
            let [high, low, behind @ ..] = rest else { return None };
            let (Some(high), Some(low)) = (digit(*high), digit(*low)) else { return None };
            *place = (high << 4) | low;
            (rest, places) = (behind, others);
        }
        if rest.is_empty() { Some(Pin(bytes)) } else { None }
    }

    pub(super) fn of(public_key_info: &[u8]) -> Self {
        Pin(Sha256::digest(public_key_info).into())
    }
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => byte.checked_sub(b'0'),
        b'a'..=b'f' => byte.checked_sub(b'a' - 10),
        b'A'..=b'F' => byte.checked_sub(b'A' - 10),
        _ => None,
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Pin(")?;
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))?;
        out.write_str(")")
    }
}

/// One or two keys that a server may have. Two, so that a server can change its key while machines are in the field:
/// they get the new pin first, and the server its key when all have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pins {
    first: Pin,
    second: Option<Pin>,
}

impl Pins {
    /// One key.
    pub const fn one(pin: Pin) -> Self {
        Pins { first: pin, second: None }
    }

    /// Either of two keys.
    pub const fn two(first: Pin, second: Pin) -> Self {
        Pins { first, second: Some(second) }
    }

    pub(super) fn allow(&self, pin: Pin) -> bool {
        self.first == pin || self.second == Some(pin)
    }
}
