//! The terminals that the relay serves, each with a token of its own.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

use caas_core::id_generator::PREFIX_MAX;
use tokio::sync::{Notify, oneshot};

use super::failure::RelayError;
use crate::listener::{LiveTokens, PathToken, RateLimit};

/// Terminals of one relay, at most: their table is in memory.
pub const TERMINALS_MAX: usize = 10_000;
/// Pulls of one terminal that wait for a notification at once; a further one ends the oldest with "none". A terminal that
/// lost its power leaves connections behind that nobody ends, and must be served all the same when it is back.
pub const POLLS_MAX: usize = 4;

/// A terminal and what it may do.
///
/// Make one with [`RelayTerminal::new`] and change fields; later versions may add some.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RelayTerminal {
    /// The prefix of the ids that it makes
    /// ([`IdGenerator`](caas_core::id_generator::IdGenerator)), in any case of its letters. Notifications about those ids
    /// are its own.
    pub name: String,
    /// What it authenticates itself with: `Authorization: Bearer …`. Every terminal has its own.
    pub token: PathToken,
    /// A second live token, during a rotation. None.
    pub previous_token: Option<PathToken>,
    /// The longest notification that it can take, in bytes. 1024, which fits a terminal's buffer of 1.5 KB; the carriers'
    /// have 300 to 500. A longer one is set aside for a person.
    pub largest_bytes: usize,
    /// Its requests per second, and in one burst. 20. More are answered with 429. Requests without a right token do not
    /// count.
    pub max_per_second: u32,
}

impl RelayTerminal {
    /// The defaults with this name and this token.
    pub fn new(name: impl Into<String>, token: PathToken) -> Self {
        RelayTerminal {
            name: name.into(),
            token,
            previous_token: None,
            largest_bytes: 1024,
            max_per_second: 20,
        }
    }

    fn check(&self) -> Result<(), RelayError> {
        let plain = self.name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !(plain && (1..=PREFIX_MAX).contains(&self.name.len())) {
            return Err(RelayError::Name);
        }
        if self.largest_bytes == 0 {
            return Err(RelayError::Zero("largest_bytes"));
        }
        if self.max_per_second == 0 {
            return Err(RelayError::Zero("max_per_second"));
        }
        Ok(())
    }
}

/// A terminal that is registered.
#[derive(Debug)]
pub(super) struct Registered {
    pub name: String,
    pub largest_bytes: usize,
    pub tokens: LiveTokens,
    pub rate: RateLimit,
    /// Told when a notification of this terminal's has become durable.
    pub arrived: Notify,
    polls: Mutex<VecDeque<oneshot::Sender<()>>>,
}

impl Registered {
    /// A place among the pulls that wait. It ends when so many others have come.
    pub fn poll_ends(&self) -> oneshot::Receiver<()> {
        let (sender, ends) = oneshot::channel();
        let mut polls = self.polls.lock().unwrap_or_else(PoisonError::into_inner);
        polls.retain(|poll| !poll.is_closed());
        polls.push_back(sender);
        while polls.len() > POLLS_MAX {
            polls.pop_front();
        }
        ends
    }
}

/// All that are registered.
#[derive(Debug)]
pub(super) struct Terminals {
    by_name: RwLock<HashMap<String, Arc<Registered>>>,
    /// What a token for an unknown terminal is compared with, so that the answer takes as long as for a known one.
    nobody: PathToken,
}

impl Terminals {
    pub fn new() -> Result<Self, RelayError> {
        let nobody = PathToken::generate().map_err(|_| RelayError::NoRandom)?;
        Ok(Terminals { by_name: RwLock::default(), nobody })
    }

    pub fn add(&self, terminal: RelayTerminal) -> Result<(), RelayError> {
        terminal.check()?;
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        let key = key(&terminal.name);
        if by_name.len() >= TERMINALS_MAX && !by_name.contains_key(&key) {
            return Err(RelayError::TooManyTerminals);
        }
        let registered = Registered {
            name: terminal.name,
            largest_bytes: terminal.largest_bytes,
            tokens: LiveTokens::new(terminal.token, terminal.previous_token),
            rate: RateLimit::new(terminal.max_per_second, Instant::now()),
            arrived: Notify::new(),
            polls: Mutex::default(),
        };
        by_name.insert(key, Arc::new(registered));
        Ok(())
    }

    pub fn remove(&self, name: &str) -> bool {
        self.by_name.write().unwrap_or_else(PoisonError::into_inner).remove(&key(name)).is_some()
    }

    pub fn get(&self, name: &str) -> Option<Arc<Registered>> {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner).get(&key(name)).cloned()
    }

    /// The terminal, if this is a token of its own.
    pub fn authenticated(&self, name: &str, token: &[u8]) -> Option<Arc<Registered>> {
        match self.get(name) {
            Some(terminal) => bool::from(terminal.tokens.any_matches(token)).then_some(terminal),
            None => {
                let _ = self.nobody.matches(token);
                None
            }
        }
    }
}

fn key(name: &str) -> String {
    name.to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal(name: &str) -> RelayTerminal {
        RelayTerminal::new(name, PathToken::generate().unwrap())
    }

    #[test]
    fn a_terminal_is_named_by_a_prefix_of_ids() {
        let terminals = Terminals::new().unwrap();
        for bad in ["", "ABCDEFGHIJK", "K-1", "K 1", "K/1", "É"] {
            assert!(matches!(terminals.add(terminal(bad)), Err(RelayError::Name)), "{bad:?}");
        }
        terminals.add(terminal("ABCDEFGHIJ")).unwrap();
        assert!(terminals.get("abcdefghij").is_some());
        let zero = RelayTerminal { largest_bytes: 0, ..terminal("K1") };
        assert!(matches!(terminals.add(zero), Err(RelayError::Zero("largest_bytes"))));
        let zero = RelayTerminal { max_per_second: 0, ..terminal("K1") };
        assert!(matches!(terminals.add(zero), Err(RelayError::Zero("max_per_second"))));
    }

    #[test]
    fn there_are_as_many_terminals_as_there_may_be() {
        let terminals = Terminals::new().unwrap();
        for number in 0..TERMINALS_MAX {
            terminals.add(terminal(&format!("K{number}"))).unwrap();
        }
        assert!(matches!(terminals.add(terminal("L1")), Err(RelayError::TooManyTerminals)));
        terminals.add(terminal("K1")).expect("one that is there is replaced");
        assert!(terminals.remove("k1"));
        terminals.add(terminal("L1")).unwrap();
    }

    #[test]
    fn the_oldest_pull_makes_room() {
        let terminals = Terminals::new().unwrap();
        terminals.add(terminal("K1")).unwrap();
        let terminal = terminals.get("K1").unwrap();
        let mut polls: Vec<_> = (0..=POLLS_MAX).map(|_| terminal.poll_ends()).collect();
        let ended =
            |poll: &mut oneshot::Receiver<()>| poll.try_recv() == Err(oneshot::error::TryRecvError::Closed);
        assert!(ended(&mut polls[0]));
        assert!(!polls[1..].iter_mut().any(ended));
    }
}
