//! The notification listener: carrier to application.
//!
//! The URL is `/{prefix}/{token}`; the token is the carrier's only credential. A notification is acknowledged
//! after the handler said that it is durable, and not before. A handler that has begun runs to its end even when
//! the connection dies.
//!
//! **TLS is expected in front** (a reverse proxy, or the machine's ingress): the listener itself speaks plain
//! HTTP/1.1 and belongs on a loopback address, `127.0.0.1:0` or `[::1]:0`. Keep the path out of the proxy's
//! access log, because it ends in the token.

mod connection;
mod content_type;
mod handler;
mod live_tokens;
mod notification_url;
mod path_token;
mod rate_limit;
mod route;
mod route_answer;
mod settings;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;

pub use handler::{NotificationHandler, Taken, TakenFuture};
pub use notification_url::NotificationUrl;
pub use path_token::{PathToken, PathTokenError};
pub use route::NotificationRoute;
pub use route_answer::RouteAnswer;
pub use settings::{ListenerSettings, RouteError, RouteSettings};

pub(crate) use live_tokens::LiveTokens;
pub(crate) use rate_limit::RateLimit;

/// The pause after the system gave no connection (out of file descriptors, say).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A running notification listener.
///
/// Dropping it stops taking connections, and lets those that are open finish their answer in the background;
/// [`Listener::shutdown`] waits for them.
///
/// ```
/// use caas_transport_std::{Listener, ListenerSettings, PathToken, Taken};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let settings = ListenerSettings::new(PathToken::generate()?);
/// let address = "127.0.0.1:0".parse()?;
/// let listener = Listener::bind(address, settings, |_body| async { Taken::TryLater }).await?;
/// println!("listening on {}", listener.local_addr());
/// let url = listener.route().url("https://kiosk.example");
/// assert!(url.reveal().starts_with("https://kiosk.example/notifications/"));
/// assert_eq!(format!("{url:?}"), "NotificationUrl(https://kiosk.example/notifications/…hidden)");
/// listener.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Listener {
    local_addr: SocketAddr,
    route: Arc<NotificationRoute>,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

/// Why there is no listener.
#[derive(Debug)]
#[non_exhaustive]
pub enum ListenerError {
    /// A setting cannot work.
    Settings(RouteError),
    /// The address cannot be bound.
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
}

impl Listener {
    /// Binds `address` and begins to listen. Port 0 takes a free port.
    ///
    /// # Errors
    /// [`ListenerError`], nothing listens then.
    ///
    /// # Dropping the future
    /// Nothing listens.
    pub async fn bind(
        address: SocketAddr,
        settings: ListenerSettings,
        handler: impl NotificationHandler,
    ) -> Result<Self, ListenerError> {
        settings.check().map_err(ListenerError::Settings)?;
        let route =
            NotificationRoute::new(settings.route.clone(), handler).map_err(ListenerError::Settings)?;
        let route = Arc::new(route);
        let bind_error = |error| ListenerError::Bind { address, error };
        let socket = TcpListener::bind(address).await.map_err(bind_error)?;
        let local_addr = socket.local_addr().map_err(bind_error)?;
        let stop = watch::Sender::new(false);
        let accepting =
            tokio::spawn(accept(socket, Arc::clone(&route), Arc::new(settings), stop.subscribe()));
        Ok(Listener { local_addr, route, stop, accepting })
    }

    /// The address it listens on, with the port the system chose.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The URL on this machine, with the current token. The URL for the carrier is that of what stands in front:
    /// [`NotificationRoute::url`].
    pub fn url(&self) -> NotificationUrl {
        self.route.url(&format!("http://{}", self.local_addr))
    }

    /// Its route, to rotate the token while it runs.
    pub fn route(&self) -> &NotificationRoute {
        &self.route
    }

    /// Stops taking connections, lets the requests under way be answered (bounded by their time-outs), then
    /// waits for every handler that has begun, without a bound.
    ///
    /// # Dropping the future
    /// The stop goes on in the background.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        // It cannot fail: the task does not panic, and nobody aborts it.
        let _ = (&mut self.accepting).await;
        self.stop.closed().await;
        self.route.handlers_finished().await;
    }
}

impl fmt::Display for ListenerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListenerError::Settings(error) => error.fmt(f),
            ListenerError::Bind { address, error } => write!(
                f,
                "configuration: {address} cannot be listened on ({error}); take a free port and an address of this machine"
            ),
        }
    }
}

impl std::error::Error for ListenerError {}

/// Takes connections, never more than allowed at once: a slot is taken before the connection is.
async fn accept(
    socket: TcpListener,
    route: Arc<NotificationRoute>,
    settings: Arc<ListenerSettings>,
    mut stopped: watch::Receiver<bool>,
) {
    let slots = Arc::new(Semaphore::new(settings.max_connections));
    loop {
        let next = async {
            // The semaphore is never closed; were it, there would be no slot to wait for.
            let permit = Arc::clone(&slots).acquire_owned().await.ok()?;
            Some((permit, socket.accept().await))
        };
        let next = tokio::select! {
            next = next => next,
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        match next {
            Some((permit, Ok((stream, _)))) => {
                let connection = connection::serve(
                    stream,
                    Arc::clone(&route),
                    Arc::clone(&settings),
                    permit,
                    stopped.clone(),
                );
                tokio::spawn(connection);
            }
            Some((_, Err(_))) => sleep(ACCEPT_PAUSE).await,
            None => return,
        }
    }
}
