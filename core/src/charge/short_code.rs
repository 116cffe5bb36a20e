//! A code as it is shown to people.

use zerocopy::{FromBytes, Immutable, IntoBytes, Unaligned};

use crate::utf8::{beginning, is_utf8};

/// Bytes of a code that are kept.
const LENGTH: usize = 8;

/// The first 8 bytes of a code, cut at a character's end; zeros after a shorter one.
#[derive(Clone, Copy, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, Unaligned)]
#[cfg_attr(feature = "model", derive(Hash))]
#[repr(transparent)]
pub(super) struct ShortCode([u8; LENGTH]);

impl ShortCode {
    /// Keeps another code.
    #[inline(never)]
    pub fn set(&mut self, code: &[u8]) {
        self.0 = [0; LENGTH];
        self.0.iter_mut().zip(beginning(code, LENGTH)).for_each(|(to, byte)| *to = *byte);
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

impl core::fmt::Debug for ShortCode {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.as_str().fmt(out)
    }
}
