//! What the carrier notifies: durable in the inbox, acknowledged, and applied by whoever drives the charge.

use caas_core::id::CarrierId;
use caas_core::id_generator::split_external;
use caas_core::wire::notification::{self, NOT_UNDERSTOOD, Notification, RECEIVED};

use super::Desk;
use super::desk_error::DeskError;
use crate::journal::{Post, Posted};
use crate::listener::{NotificationHandler, Taken, TakenFuture};

/// A desk is the handler of a [`Listener`](crate::Listener) or a
/// [`NotificationRoute`](crate::NotificationRoute).
impl NotificationHandler for Desk {
    fn take(&self, body: Vec<u8>) -> TakenFuture<'_> {
        Box::pin(self.deliver(body))
    }
}

impl Desk {
    /// Takes a notification's body and says what the carrier is to be answered.
    ///
    /// It is acknowledged when it is durable in the journal's inbox. Whoever drives the charge, in this process or
    /// another, merges it from there; for a charge that is settled that happens here and now, so that late money is a
    /// durable refund due. Merging twice changes nothing, so a crash in between does no harm (R38). One that is about no
    /// charge of this journal is kept in quarantine and acknowledged (R35). What is no notification is refused.
    ///
    /// # Dropping the future
    /// The notification may be durable; the carrier sends it again, which does no harm.
    pub async fn deliver(&self, body: Vec<u8>) -> Taken {
        let Some(notification) = self.read(&body) else {
            return Taken::Refuse(NOT_UNDERSTOOD.to_vec());
        };
        match self.keep(body, &notification).await {
            Ok(()) => Taken::Acknowledge(RECEIVED.to_vec()),
            Err(_) => Taken::TryLater,
        }
    }

    /// The ids read the same whatever the profile; what the rest means is decided by the charge's own.
    fn read(&self, body: &[u8]) -> Option<Notification> {
        let profile = self.inner.settings.carriers.first()?.profile();
        let notification = notification::read(profile, body).ok()?;
        let Notification { external, internal, reference, .. } = &notification;
        let named = [external, internal, reference].iter().any(|id| !id.is_empty());
        named.then_some(notification)
    }

    async fn keep(&self, body: Vec<u8>, notification: &Notification) -> Result<(), DeskError> {
        let text = |id: &CarrierId| Some(id.as_str().to_owned()).filter(|id| !id.is_empty());
        let (external, internal) = (text(&notification.external), text(&notification.internal));
        let posted = self.on_disk(move |journal| {
            let named = external.as_deref().and_then(split_external).map(|(charge_id, _)| charge_id);
            let charge_id = match named {
                Some(charge_id) if journal.knows_charge(charge_id)? => Some(charge_id.to_owned()),
                _ => None,
            };
            let post = Post {
                body: &body,
                external: external.as_deref(),
                internal: internal.as_deref(),
                charge_id: charge_id.as_deref(),
            };
            Ok::<_, DeskError>((journal.post(&post)?, charge_id))
        });
        match posted.await?? {
            (Posted::Waiting, Some(charge_id)) => self.bring(&charge_id).await,
            (Posted::Quarantined, _) => self.inner.registry.wake_all(),
            (Posted::Waiting | Posted::AppliedBefore, _) => {}
        }
        Ok(())
    }

    /// Gets a notification that is durable to its charge. Where that fails now, its owner or the next resume does it.
    async fn bring(&self, charge_id: &str) {
        if self.inner.registry.wake(charge_id) {
            return;
        }
        let id = charge_id.to_owned();
        let found = self.on_disk(move |journal| journal.get_by_charge(&id)).await;
        if let Ok(Ok(Some(row))) = found
            && row.settled
        {
            drop(self.visit(&row, None).await);
        }
    }

    /// Applies what waits for charges that are settled: a process died between keeping and applying it.
    pub(super) async fn apply_waiting(&self) -> Result<(), DeskError> {
        for charge_id in self.on_disk(|journal| journal.settled_with_notifications()).await?? {
            self.bring(&charge_id).await;
        }
        Ok(())
    }
}
