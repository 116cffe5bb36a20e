//! The conditions that keep money safe, by name. Each holds always; the feature `model` lets a model checker switch a
//! single one off, to see that it would be missed (`tests/model`).

/// A condition without which money could be lost or taken twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Guard {
    /// A request is handed out only when its intent is durable.
    IntentBeforeSend = 1 << 0,
    /// `Confirmed` is told only when the evidence is durable.
    EvidenceBeforeEvent = 1 << 1,
    /// A notification is acknowledged only when its effect is durable.
    EvidenceBeforeReply = 1 << 2,
    /// Goods are released only when the start of the release is durable.
    ReleaseDurable = 1 << 3,
    /// Goods are released once.
    ReleaseOnce = 1 << 4,
    /// Goods are released only while the sale is open.
    ReleaseWhileOpen = 1 << 5,
    /// What captures, or may, is not sent once the sale is closed.
    NoCaptureAfterClose = 1 << 6,
    /// A new attempt waits for the window's end and an answer asked for after it.
    WindowBeforeAttempt = 1 << 7,
    /// A lost charge request is sent again only to a carrier that de-duplicates.
    ResendOnlyDeduplicated = 1 << 8,
    /// A send whose answer is lost is unresolved.
    LostIsInDoubt = 1 << 9,
    /// An intent found after a restart counts as sent.
    IntentIsInDoubt = 1 << 10,
    /// A refusal closes its own send only.
    RefusalClosesOwnSend = 1 << 11,
    /// Totals of one reference are not added to each other.
    LargestTotal = 1 << 12,
    /// A failed notification credits nothing.
    FailureCreditsNothing = 1 << 13,
    /// A release that was under way at a power cut counts as released.
    StartedIsReleased = 1 << 14,
}

/// All guards, for the test that removes each once.
pub const GUARDS: [Guard; 15] = [
    Guard::IntentBeforeSend,
    Guard::EvidenceBeforeEvent,
    Guard::EvidenceBeforeReply,
    Guard::ReleaseDurable,
    Guard::ReleaseOnce,
    Guard::ReleaseWhileOpen,
    Guard::NoCaptureAfterClose,
    Guard::WindowBeforeAttempt,
    Guard::ResendOnlyDeduplicated,
    Guard::LostIsInDoubt,
    Guard::IntentIsInDoubt,
    Guard::RefusalClosesOwnSend,
    Guard::LargestTotal,
    Guard::FailureCreditsNothing,
    Guard::StartedIsReleased,
];

/// Which guards hold: all, unless the feature `model` says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Guards {
    #[cfg(feature = "model")]
    removed: u16,
}

impl Guards {
    /// All guards but this one. For model checkers only.
    #[cfg(feature = "model")]
    pub const fn without(guard: Guard) -> Self {
        Guards { removed: guard as u16 }
    }

    /// Whether the guard holds.
    #[cfg(feature = "model")]
    pub(crate) const fn hold(self, guard: Guard) -> bool {
        self.removed & guard as u16 == 0
    }

    /// Whether the guard holds: it does.
    #[cfg(not(feature = "model"))]
    pub(crate) const fn hold(self, _: Guard) -> bool {
        true
    }
}
