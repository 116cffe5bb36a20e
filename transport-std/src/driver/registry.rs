//! The charges that this desk drives now, and how to reach them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use caas_core::charge::{Command, Resolution};
use tokio::sync::{Notify, mpsc, oneshot};

use super::desk_error::DeskError;

/// What somebody else wants of a charge under way.
#[derive(Debug, Clone)]
pub(super) enum Wish {
    Cancel,
    Retry { accept_risk: bool },
    CredentialsReplaced,
    Resolve { resolution: Resolution, by: String },
}

impl Wish {
    pub fn command(&self) -> Command<'_> {
        match self {
            Wish::Cancel => Command::Cancel,
            Wish::Retry { accept_risk } => Command::Retry { accept_risk: *accept_risk },
            Wish::CredentialsReplaced => Command::CredentialsReplaced,
            Wish::Resolve { resolution, by } => Command::Resolve { resolution: *resolution, by },
        }
    }
}

/// A wish on its way, and where its answer goes once its effect is durable.
pub(super) struct Asked {
    pub wish: Wish,
    pub answer: oneshot::Sender<Result<(), DeskError>>,
}

/// The driven charge's end of its connection to the desk.
pub(super) struct Line {
    pub wake: Arc<Notify>,
    pub wishes: mpsc::UnboundedReceiver<Asked>,
}

#[derive(Clone)]
struct Remote {
    wake: Arc<Notify>,
    wishes: mpsc::UnboundedSender<Asked>,
}

#[derive(Default)]
pub(super) struct Registry(Mutex<HashMap<String, Remote>>);

impl Registry {
    /// A line to the charge; `driven`: it is the one that others reach it by.
    pub fn enter(&self, charge_id: &str, driven: bool) -> Line {
        let wake = Arc::new(Notify::new());
        let (sender, wishes) = mpsc::unbounded_channel();
        if driven {
            self.map().insert(charge_id.to_owned(), Remote { wake: Arc::clone(&wake), wishes: sender });
        }
        Line { wake, wishes }
    }

    /// Takes the charge out, unless another drive of it has entered since.
    pub fn leave(&self, charge_id: &str, line: &Line) {
        let mut map = self.map();
        if map.get(charge_id).is_some_and(|remote| Arc::ptr_eq(&remote.wake, &line.wake)) {
            map.remove(charge_id);
        }
    }

    /// Tells the charge that a notification waits; whether it is driven here.
    pub fn wake(&self, charge_id: &str) -> bool {
        let remote = self.map().get(charge_id).cloned();
        if let Some(remote) = &remote {
            remote.wake.notify_one();
        }
        remote.is_some()
    }

    pub fn wake_all(&self) {
        for remote in self.map().values() {
            remote.wake.notify_one();
        }
    }

    /// Asks a charge that is driven here; `None` where it is not.
    pub fn ask(&self, charge_id: &str, wish: Wish) -> Option<oneshot::Receiver<Result<(), DeskError>>> {
        let remote = self.map().get(charge_id).cloned()?;
        let (answer, answered) = oneshot::channel();
        remote.wishes.send(Asked { wish, answer }).ok()?;
        Some(answered)
    }

    pub fn credentials_replaced(&self) {
        for remote in self.map().values() {
            let (answer, _) = oneshot::channel();
            // A charge that has just ended needs no credentials.
            let _ = remote.wishes.send(Asked { wish: Wish::CredentialsReplaced, answer });
        }
    }

    fn map(&self) -> MutexGuard<'_, HashMap<String, Remote>> {
        // The map is whole after each single call on it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
