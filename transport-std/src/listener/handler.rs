//! What the application does with a notification.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// What became of a notification.
#[derive(Clone, PartialEq, Eq)]
#[must_use = "it decides what the carrier is told"]
pub enum Taken {
    /// Its effect is durable (applied, or kept in quarantine): answered with HTTP 200 and these bytes, the JSON
    /// with S1000. **Say it only after the write was confirmed**: the carrier will not send it again.
    Acknowledge(Vec<u8>),
    /// It could not be made durable now: answered with HTTP 503, without S1000.
    TryLater,
    /// It means nothing: answered with HTTP 200 and these bytes, the JSON with E1601, as the vendor's own
    /// receiver does.
    Refuse(Vec<u8>),
}

impl fmt::Debug for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Taken::Acknowledge(body) => write!(f, "Acknowledge({} bytes)", body.len()),
            Taken::TryLater => f.write_str("TryLater"),
            Taken::Refuse(body) => write!(f, "Refuse({} bytes)", body.len()),
        }
    }
}

/// The future of [`NotificationHandler::take`].
pub type TakenFuture<'a> = Pin<Box<dyn Future<Output = Taken> + Send + 'a>>;

/// Takes the carrier's notifications.
///
/// Implemented for closures that return a future:
///
/// ```
/// use caas_transport_std::{NotificationHandler, Taken};
///
/// fn handler() -> impl NotificationHandler {
///     |body: Vec<u8>| async move {
///         println!("{} bytes", body.len());
///         Taken::TryLater
///     }
/// }
/// # let _ = handler();
/// ```
pub trait NotificationHandler: Send + Sync + 'static {
    /// Takes one notification's body: any bytes at all, within the limit. May run several times at once, and may
    /// see the same notification again.
    ///
    /// The future runs in a task of its own. It is not dropped when the carrier's connection dies or its time is
    /// over: it runs to its end, unless the runtime is shut down. A panic in it is answered with 503.
    fn take(&self, body: Vec<u8>) -> TakenFuture<'_>;
}

impl<F, T> NotificationHandler for F
where
    F: Fn(Vec<u8>) -> T + Send + Sync + 'static,
    T: Future<Output = Taken> + Send + 'static,
{
    fn take(&self, body: Vec<u8>) -> TakenFuture<'_> {
        Box::pin(self(body))
    }
}
