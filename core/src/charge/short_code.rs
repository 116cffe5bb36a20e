//! A code as it is shown to people.

use crate::utf8::{beginning, is_utf8};

/// Bytes of a code that are kept.
const LENGTH: usize = 8;

/// The first 8 bytes of a code, cut at a character's end; zeros after a shorter one.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "model", derive(Hash))]
pub(super) struct ShortCode(pub [u8; LENGTH]);

impl ShortCode {
    #[inline(never)]
    pub fn new(code: &[u8]) -> Self {
        let mut kept = [0; LENGTH];
        kept.iter_mut().zip(beginning(code, LENGTH)).for_each(|(to, byte)| *to = *byte);
        ShortCode(kept)
    }

    pub fn as_str(&self) -> &str {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(LENGTH);
        self.0.get(..end).and_then(|code| core::str::from_utf8(code).ok()).unwrap_or("")
    }

    /// Whether these bytes are a code.
    pub fn is_sound(&self) -> bool {
        is_utf8(&self.0)
    }
}

/// No code. Written as one of no bytes: an attempt that is all zeros would bring a routine that clears memory, 208 bytes
/// of flash.
impl Default for ShortCode {
    fn default() -> Self {
        ShortCode::new(&[])
    }
}

impl core::fmt::Debug for ShortCode {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.as_str().fmt(out)
    }
}
