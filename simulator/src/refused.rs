//! Why a call on the simulator was refused.

use std::fmt;

/// A call named something that is not there, or asked for what cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Nothing has this reference or id.
    UnknownReference,
    /// The prompt was answered before, or has expired.
    PromptClosed,
    /// A payment of nothing.
    AmountZero,
    /// The sum paid does not fit.
    AmountTooLarge,
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Refused::UnknownReference => "nothing has this reference or id",
            Refused::PromptClosed => "the prompt was answered before, or has expired",
            Refused::AmountZero => "an amount of zero cannot be paid",
            Refused::AmountTooLarge => "the sum paid would be too large",
        })
    }
}

impl std::error::Error for Refused {}
