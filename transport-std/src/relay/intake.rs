//! From the carrier into the relay.

use std::fmt;
use std::sync::Arc;

use caas_core::id_generator::prefix_of;
use caas_core::profile;
use caas_core::wire::notification::{self, RECEIVED};

use super::Relay;
use super::store::Kept;
use super::terminal::Registered;
use crate::listener::{NotificationHandler, Taken, TakenFuture};

/// Takes notifications for a relay's terminals, and gives the others to the handler behind: [`Relay::in_front_of`].
#[derive(Clone)]
pub struct RelayIntake {
    relay: Relay,
    next: Arc<dyn NotificationHandler>,
}

impl RelayIntake {
    pub(super) fn new(relay: Relay, next: impl NotificationHandler) -> Self {
        RelayIntake { relay, next: Arc::new(next) }
    }
}

impl NotificationHandler for RelayIntake {
    fn take(&self, body: Vec<u8>) -> TakenFuture<'_> {
        Box::pin(async move {
            match self.relay.owner(&body) {
                Some(terminal) => self.relay.keep(terminal, body).await,
                None => self.next.take(body).await,
            }
        })
    }
}

impl fmt::Debug for RelayIntake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayIntake").finish_non_exhaustive()
    }
}

impl Relay {
    /// Takes a notification's body and says what the carrier is to be answered; `None` where it is no registered
    /// terminal's, and nothing was kept.
    ///
    /// It is acknowledged when it is durable here. Where there is no room for it, by
    /// [`WAITING_MAX`](crate::WAITING_MAX) or on the disk, the carrier is told to send it again: nothing is acknowledged
    /// that is not kept, and nothing that was acknowledged is dropped to make room.
    ///
    /// # Dropping the future
    /// The notification may be durable; the carrier sends it again, which does no harm.
    pub async fn deliver(&self, body: Vec<u8>) -> Option<Taken> {
        let terminal = self.owner(&body)?;
        Some(self.keep(terminal, body).await)
    }

    /// Whose it is. The ids read the same whatever the profile; what the rest means is the terminal's to decide.
    fn owner(&self, body: &[u8]) -> Option<Arc<Registered>> {
        let external = notification::read(&profile::dialog(), body).ok()?.external;
        self.inner.terminals.get(prefix_of(external.as_str())?)
    }

    async fn keep(&self, terminal: Arc<Registered>, body: Vec<u8>) -> Taken {
        let (name, aside) = (terminal.name.clone(), body.len() > terminal.largest_bytes);
        match self.on_disk(move |store| store.keep(&name, &body, aside)).await {
            Ok(Kept::Waiting) => {
                terminal.arrived.notify_waiters();
                Taken::Acknowledge(RECEIVED.to_vec())
            }
            Ok(Kept::Before | Kept::SetAside) => Taken::Acknowledge(RECEIVED.to_vec()),
            Ok(Kept::NoRoom) | Err(_) => Taken::TryLater,
        }
    }
}
