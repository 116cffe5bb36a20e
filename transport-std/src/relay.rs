//! The relay: notifications for terminals that no carrier can reach.
//!
//! The host takes them from the carrier, keeps them, and a terminal pulls them: authenticated, in their order, and until it
//! says that each is durable with it. The terminal's side is `caas_transport_embedded::relay`.
//!
//! | request | answer |
//! |---|---|
//! | `GET /relay/K042?after=0` | 200: the first notification above that number which waits for K042; 204: none does |
//! | `GET /relay/K042?after=0&wait=25` | the same, but 204 only after 25 seconds without one |
//! | `POST /relay/K042?taken=17-0a1b2c3d` | 204: number 17 is durable at the terminal and is told no more |
//! | `POST /relay/K042?set-aside=17-0a1b2c3d` | 204: the terminal cannot take it; it is kept for a person |
//!
//! Each with `Authorization: Bearer …`, the terminal's own token. The body of the 200 is a line with the number and the
//! proof that an acknowledgement needs, `17-0a1b2c3d`, and then the notification as it came. A number's notification is
//! told until it is acknowledged, so nothing is lost where either side dies, and is told as often as it takes (R54); the
//! terminal merges it once however often it is told (R30), and so do two of its workers (R53).
//!
//! Which terminal's it is says the prefix of its `externalTrxId`. What is no terminal's goes to the handler behind.

mod answer;
mod failure;
mod intake;
mod question;
mod server;
mod set_aside;
mod store;
mod terminal;
mod waiting;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::listener::{NotificationHandler, PathToken};
use store::Store;
use terminal::{Registered, Terminals};

pub use answer::LONGEST_WAIT;
pub use failure::RelayError;
pub use intake::RelayIntake;
pub use server::{RelayServer, RelayServerSettings};
pub use set_aside::SetAside;
pub use store::{TAKEN_KEPT, WAITING_MAX};
pub use terminal::{POLLS_MAX, RelayTerminal, TERMINALS_MAX};
pub use waiting::{OVERDUE_AFTER, Waiting};

/// The relay. Cheap to clone; all clones are one.
///
/// It keeps its notifications in an SQLite file of its own (mode 0600, on a local disk), beside the journal and not in it:
/// terminals that are away cannot fill the journal, and a host without charges of its own needs none. The file holds what
/// carriers sent, which names payers, and no token. Several processes may have it open. Tokens are in memory: register
/// each terminal at every start.
///
/// ```
/// use caas_transport_std::{PathToken, Relay, RelayTerminal, Taken};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let relay = Relay::open(folder.path().join("relay.db"))?;
/// relay.register(RelayTerminal::new("K042", PathToken::new("a-long-random-token")?))?;
///
/// // As the handler of a `Listener`: what is no terminal's goes to the desk of this host, or here nowhere.
/// let handler = relay.in_front_of(|_body| async { Taken::TryLater });
/// # let _ = handler;
/// // A carrier's notification about a charge of K042:
/// let body = br#"{"externalTrxId":"K0420000000300000001a","statusCode":"S1000","totalAmount":"10.00"}"#;
/// assert!(matches!(relay.deliver(body.to_vec()).await, Some(Taken::Acknowledge(_))));
///
/// let pull = |token| relay.answer("GET", "/relay/K042?after=0", Some(token));
/// assert_eq!(pull("Bearer a-wrong-random-token").await.status, 401);
/// let told = pull("Bearer a-long-random-token").await;
/// assert_eq!(told.status, 200);
/// assert!(told.body.starts_with(b"1-") && told.body.ends_with(body));
/// assert_eq!(relay.waiting()?[0].waiting, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Relay {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    terminals: Terminals,
}

impl Relay {
    /// Opens the relay's file, or creates it where there is none.
    ///
    /// # Errors
    /// [`RelayError`] says who is to blame.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RelayError> {
        let inner = Inner { store: Store::open(path.as_ref())?, terminals: Terminals::new()? };
        Ok(Relay { inner: Arc::new(inner) })
    }

    /// Serves this terminal from now on, with what waits for it from earlier. One that is registered already is replaced,
    /// its tokens with it.
    ///
    /// Register all before the listener is bound: what comes for a terminal that is not registered yet goes to the handler
    /// behind, and where that acknowledges it, as a [`Desk`](crate::Desk) does, the terminal is never told.
    ///
    /// # Errors
    /// [`RelayError`] where the name or a limit cannot work, or there are too many.
    pub fn register(&self, terminal: RelayTerminal) -> Result<(), RelayError> {
        self.inner.terminals.add(terminal)
    }

    /// Serves this terminal no more, and says whether it did. What waits for it stays, and what comes for it goes to the
    /// handler behind.
    pub fn remove(&self, terminal: &str) -> bool {
        self.inner.terminals.remove(terminal)
    }

    /// Makes `next` the terminal's current token; the one before stays valid until [`Relay::retire_previous`] or the next
    /// rotation.
    ///
    /// # Errors
    /// [`RelayError::UnknownTerminal`].
    pub fn rotate_token(&self, terminal: &str, next: PathToken) -> Result<(), RelayError> {
        self.registered(terminal)?.tokens.rotate(next);
        Ok(())
    }

    /// Ends the validity of the terminal's token before the current one.
    ///
    /// # Errors
    /// [`RelayError::UnknownTerminal`].
    pub fn retire_previous(&self, terminal: &str) -> Result<(), RelayError> {
        self.registered(terminal)?.tokens.retire_previous();
        Ok(())
    }

    /// The handler of a [`Listener`](crate::Listener): keeps what is a terminal's, and gives everything else to `next`,
    /// such as the [`Desk`](crate::Desk) of this host, which quarantines what nobody knows.
    pub fn in_front_of(&self, next: impl NotificationHandler) -> RelayIntake {
        RelayIntake::new(self.clone(), next)
    }

    /// How much waits, by terminal, registered or not; those that have taken all are not listed. It blocks for as long as
    /// the disk takes.
    ///
    /// # Errors
    /// [`RelayError`] where the file cannot be read.
    pub fn waiting(&self) -> Result<Vec<Waiting>, RelayError> {
        self.inner.store.waiting()
    }

    /// Notifications that a terminal cannot take, the oldest first, `limit` at most. It blocks as [`Relay::waiting`].
    ///
    /// # Errors
    /// As [`Relay::waiting`].
    pub fn set_aside(&self, limit: u32) -> Result<Vec<SetAside>, RelayError> {
        self.inner.store.set_aside(limit)
    }

    /// Tells the terminal once more what is set aside, say after its firmware was mended. `false`: it is not set aside. It
    /// blocks as [`Relay::waiting`].
    ///
    /// # Errors
    /// As [`Relay::waiting`].
    pub fn tell_again(&self, terminal: &str, number: u32) -> Result<bool, RelayError> {
        let found = self.inner.store.settle(terminal, number, true)?;
        if let (true, Ok(registered)) = (found, self.registered(terminal)) {
            registered.arrived.notify_waiters();
        }
        Ok(found)
    }

    /// A person has looked at what is set aside and settled it by hand: it counts as taken. `false`: it is not set aside.
    /// It blocks as [`Relay::waiting`].
    ///
    /// # Errors
    /// As [`Relay::waiting`].
    pub fn settle(&self, terminal: &str, number: u32) -> Result<bool, RelayError> {
        self.inner.store.settle(terminal, number, false)
    }

    fn registered(&self, terminal: &str) -> Result<Arc<Registered>, RelayError> {
        self.inner.terminals.get(terminal).ok_or(RelayError::UnknownTerminal)
    }

    /// Runs `work` on a thread that may wait for the disk.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, RelayError> + Send + 'static,
    ) -> Result<T, RelayError> {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || work(&inner.store)).await.map_err(|_| RelayError::Stopped)?
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").finish_non_exhaustive()
    }
}
