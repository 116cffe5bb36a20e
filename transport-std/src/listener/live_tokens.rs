//! The one or two tokens that are valid now.

use std::sync::{PoisonError, RwLock};

use subtle::Choice;

use super::path_token::PathToken;

/// The current token and, during a rotation, the one before it.
#[derive(Debug)]
pub(crate) struct LiveTokens(RwLock<Pair>);

#[derive(Debug)]
struct Pair {
    current: PathToken,
    previous: Option<PathToken>,
}

impl LiveTokens {
    pub(crate) fn new(current: PathToken, previous: Option<PathToken>) -> Self {
        LiveTokens(RwLock::new(Pair { current, previous }))
    }

    pub(super) fn current(&self) -> PathToken {
        self.0.read().unwrap_or_else(PoisonError::into_inner).current.clone()
    }

    /// Compares two tokens in every case: without a previous one, the current one twice.
    pub(crate) fn any_matches(&self, candidate: &[u8]) -> Choice {
        let pair = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let previous = pair.previous.as_ref().unwrap_or(&pair.current);
        pair.current.matches(candidate) | previous.matches(candidate)
    }

    pub(crate) fn rotate(&self, next: PathToken) {
        let mut pair = self.0.write().unwrap_or_else(PoisonError::into_inner);
        pair.previous = Some(std::mem::replace(&mut pair.current, next));
    }

    pub(crate) fn retire_previous(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).previous = None;
    }
}
