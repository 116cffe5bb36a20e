//! A server for the relay.

use std::net::SocketAddr;
use std::time::Duration;

use http::header::{self, HeaderMap, HeaderName};
use hyper::body::{Body, Incoming};

use super::{Relay, RelayError};
use crate::listener::RouteAnswer;
use crate::server::{Afterwards, Answers, Limits, Server, Slot};

/// The most headers of a request.
const MAX_REQUEST_HEADERS: usize = 32;
/// The longest line and headers of a request, in bytes: the least that the HTTP library takes.
const MAX_HEAD_BYTES: usize = 8 * 1024;
/// The time that an answer under way has when the server stops or a connection is too old. A pull that waits is cut off,
/// which loses nothing.
const GRACE: Duration = Duration::from_secs(2);

/// The settings of a [`RelayServer`].
///
/// Make one with `RelayServerSettings::default()` and change fields; later versions may add some.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RelayServerSettings {
    /// Time for a request's line and headers, and for an idle connection between requests. 10 s.
    pub header_timeout: Duration,
    /// Connections open at once; the next one waits in the system's queue. A pull that waits holds one. 256.
    pub max_connections: usize,
    /// Requests on one connection; the last one's answer closes it. 1000.
    pub max_requests_per_connection: usize,
    /// The longest life of a connection. 10 min.
    pub max_connection_age: Duration,
}

impl Default for RelayServerSettings {
    fn default() -> Self {
        RelayServerSettings {
            header_timeout: Duration::from_secs(10),
            max_connections: 256,
            max_requests_per_connection: 1000,
            max_connection_age: Duration::from_secs(600),
        }
    }
}

impl RelayServerSettings {
    fn limits(&self) -> Limits {
        Limits {
            connections: self.max_connections,
            requests: self.max_requests_per_connection,
            head_bytes: MAX_HEAD_BYTES,
            headers: MAX_REQUEST_HEADERS,
            header_timeout: self.header_timeout,
            age: self.max_connection_age,
            grace: GRACE,
        }
    }

    fn check(&self) -> Result<(), RelayError> {
        if self.header_timeout.is_zero() {
            return Err(RelayError::Zero("header_timeout"));
        }
        if self.max_connections == 0 {
            return Err(RelayError::Zero("max_connections"));
        }
        if self.max_requests_per_connection == 0 {
            return Err(RelayError::Zero("max_requests_per_connection"));
        }
        if self.max_connection_age.is_zero() {
            return Err(RelayError::Zero("max_connection_age"));
        }
        Ok(())
    }
}

/// A running server of a [`Relay`], plain HTTP/1.1: **TLS is expected in front** (a reverse proxy), because tokens and
/// payers' ids pass. Give it a loopback address, and keep the Authorization header out of the proxy's log.
///
/// Requests have no body: one that has is answered with 413. Dropping the server stops taking connections;
/// [`RelayServer::shutdown`] waits for those that are open.
///
/// ```
/// use caas_transport_std::{PathToken, Relay, RelayServer, RelayServerSettings, RelayTerminal};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let relay = Relay::open(folder.path().join("relay.db"))?;
/// relay.register(RelayTerminal::new("K042", PathToken::generate()?))?;
/// let server = RelayServer::bind("127.0.0.1:0".parse()?, RelayServerSettings::default(), relay).await?;
/// println!("terminals pull at http://{}/relay/K042", server.local_addr());
/// server.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RelayServer {
    server: Server,
}

impl RelayServer {
    /// Binds `address` and begins to serve. Port 0 takes a free port.
    ///
    /// # Errors
    /// [`RelayError`], nothing is served then.
    ///
    /// # Dropping the future
    /// Nothing is served.
    pub async fn bind(
        address: SocketAddr,
        settings: RelayServerSettings,
        relay: Relay,
    ) -> Result<Self, RelayError> {
        settings.check()?;
        let server = Server::bind(address, settings.limits(), relay)
            .await
            .map_err(|error| RelayError::Bind { address, error })?;
        Ok(RelayServer { server })
    }

    /// The address it listens on, with the port the system chose.
    pub fn local_addr(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// Stops taking connections, and waits for the answers under way: two seconds at most.
    ///
    /// # Dropping the future
    /// The stop goes on in the background.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

impl Answers for Relay {
    async fn answer(&self, request: http::Request<Incoming>, _slot: &Slot) -> (RouteAnswer, Afterwards) {
        let (head, body) = request.into_parts();
        if !body.is_end_stream() {
            let headers = vec![("content-type", "text/plain".to_owned())];
            let body = b"send no body".to_vec();
            return (RouteAnswer { status: 413, headers, body }, Afterwards::Close);
        }
        let target = head.uri.path_and_query().map_or("", |target| target.as_str());
        let authorization = only(&head.headers, &header::AUTHORIZATION);
        // Not this method: the relay's own, which any server may ask.
        (Relay::answer(self, head.method.as_str(), target, authorization).await, Afterwards::Keep)
    }
}

/// The header's text; two of them, or one that is not ASCII, say nothing that could be trusted.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}
