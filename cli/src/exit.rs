//! How a command ends, for scripts.

use std::process::ExitCode;

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Confirmed, or what was asked for is done.
    Done = 0,
    /// Something that is none of the others, such as a journal that cannot be read.
    Broken = 1,
    /// Usage or configuration: nothing was sent.
    Usage = 2,
    /// Failed, and no capture is possible any more.
    Failed = 3,
    /// In doubt, needs review, or money may still come.
    InDoubt = 4,
    /// Interrupted while open.
    Interrupted = 5,
}

impl Exit {
    /// The word for a command that ends early with this.
    pub fn word(self) -> &'static str {
        match self {
            Exit::Done => "done",
            Exit::Broken => "error",
            Exit::Usage => "refused",
            Exit::Failed => "failed",
            Exit::InDoubt => "in-doubt",
            Exit::Interrupted => "interrupted",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// A command that ends early, with what to tell.
#[derive(Debug)]
pub struct Stop {
    /// How it ends.
    pub exit: Exit,
    /// Who is to blame, and what to do.
    pub message: String,
}

impl Stop {
    /// Usage or configuration is to blame.
    pub fn usage(message: impl std::fmt::Display) -> Self {
        Stop { exit: Exit::Usage, message: message.to_string() }
    }

    /// Something else is.
    pub fn broken(message: impl std::fmt::Display) -> Self {
        Stop { exit: Exit::Broken, message: message.to_string() }
    }
}
