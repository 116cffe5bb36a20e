//! A notification of a terminal's that only a person can do something about.

use std::fmt;

/// A notification that the terminal cannot take: it is too long for it, is none that it understands, or is about no charge
/// that it knows. Kept until a person has looked.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetAside {
    /// The terminal whose prefix it has.
    pub terminal: String,
    /// Its number there.
    pub number: u32,
    /// How often the same bytes came.
    pub copies: u32,
    /// When it came first, UTC, by the wall clock.
    pub received: String,
    /// The body as it came. It may name a payer: not for a log.
    pub body: Vec<u8>,
}

impl fmt::Debug for SetAside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetAside")
            .field("terminal", &self.terminal)
            .field("number", &self.number)
            .field("copies", &self.copies)
            .field("received", &self.received)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}
