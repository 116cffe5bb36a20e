//! The notification listener: carrier to application.
//!
//! The URL is `/{prefix}/{token}`; the token is the carrier's only credential. A notification is acknowledged
//! after the handler said that it is durable, and not before. A handler that has begun runs to its end even when
//! the connection dies.
//!
//! **TLS is expected in front** (a reverse proxy, or the machine's ingress): the listener itself speaks plain
//! HTTP/1.1 and belongs on a loopback address, `127.0.0.1:0` or `[::1]:0`. Keep the path out of the proxy's
//! access log, because it ends in the token.

mod content_type;
mod handler;
mod live_tokens;
mod notification_url;
mod path_token;
mod rate_limit;
mod requests;
mod route;
mod route_answer;
mod settings;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::server::Server;
use requests::Requests;

pub use handler::{NotificationHandler, Taken, TakenFuture};
pub use notification_url::NotificationUrl;
pub use path_token::{PathToken, PathTokenError};
pub use route::NotificationRoute;
pub use route_answer::RouteAnswer;
pub use settings::{ListenerSettings, RouteError, RouteSettings};

pub(crate) use live_tokens::LiveTokens;
pub(crate) use rate_limit::RateLimit;

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
    route: Arc<NotificationRoute>,
    server: Server,
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
        let requests = Requests { route: Arc::clone(&route), body_timeout: settings.body_timeout };
        let server = Server::bind(address, requests::limits(&settings), requests)
            .await
            .map_err(|error| ListenerError::Bind { address, error })?;
        Ok(Listener { route, server })
    }

    /// The address it listens on, with the port the system chose.
    pub fn local_addr(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// The URL on this machine, with the current token. The URL for the carrier is that of what stands in front:
    /// [`NotificationRoute::url`].
    pub fn url(&self) -> NotificationUrl {
        self.route.url(&format!("http://{}", self.local_addr()))
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
    pub async fn shutdown(self) {
        self.server.shutdown().await;
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
