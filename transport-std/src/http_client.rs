//! The HTTP client: one POST, sent at most once, and the truth about what became of it.
//!
//! Each request has its own connection (`Connection: close`); nothing is pooled, repeated, redirected or
//! reconnected. It costs a TLS handshake per request and buys an answer that can be trusted: the bytes counted
//! on the connection are the bytes of this request. Proxies are not supported, and no proxy variable of the
//! environment is read.
//!
//! # Counting
//! A witness stands between HTTP and the stream, above TLS. *Not sent* is said only when it saw no byte of the
//! request handed on; the bytes of a TLS handshake do not count. *Answered* is said only when the answer is
//! complete by its own account: as long as its Content-Length, or closed by its last chunk, or, where it has
//! neither, ended by TLS's own end mark. All the rest is *maybe sent*.

mod answer;
mod blocking;
mod connect;
mod connected;
mod counted_stream;
mod delivery;
mod endpoint;
mod exchange;
mod path;
mod request;
mod settings;

use std::sync::Arc;

use tokio::time::Instant;

pub use blocking::BlockingHttpClient;
pub use delivery::{Answered, Blame, Delivery, MaybeSent, NotSent};
pub use endpoint::{Endpoint, EndpointError, MAX_ENDPOINT_BYTES};
pub use settings::{
    HttpSettings, MAX_ANSWER_BYTES, MAX_ANSWER_HEADERS, MAX_HEAD_BYTES, MAX_REQUEST_BYTES, Plaintext,
    SettingsError,
};

pub(crate) use connected::Connected;

/// An HTTPS client for a carrier. Cheap to clone, may be shared; it holds settings, no connection.
///
/// ```no_run
/// use caas_transport_std::{Delivery, Endpoint, HttpClient, HttpSettings};
///
/// # async fn charge() -> Result<(), Box<dyn std::error::Error>> {
/// let client = HttpClient::new(HttpSettings::default())?;
/// let mobitel: Endpoint = "https://apphub.mobitel.lk/mobext/mapi".parse()?;
/// match client.post(&mobitel, "/caas/chargRequest", &[("x-ibm-client-id", "…")], b"{}").await {
///     Delivery::NotSent(cause) => println!("may be repeated: {cause}"),
///     Delivery::MaybeSent(cause) => println!("in doubt: {cause}"),
///     Delivery::Answered(answer) => println!("{}: {} bytes", answer.status, answer.body.len()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct HttpClient {
    settings: Arc<HttpSettings>,
    tls: Arc<rustls::ClientConfig>,
}

impl HttpClient {
    /// Makes a client. Nothing is connected yet.
    ///
    /// # Errors
    /// [`SettingsError`] names the setting that cannot work.
    pub fn new(settings: HttpSettings) -> Result<Self, SettingsError> {
        settings.check()?;
        let tls = crate::tls::client_config(&settings.roots)?;
        Ok(HttpClient { settings: Arc::new(settings), tls })
    }

    /// Whether a request to this endpoint would be allowed. For a check at start-up: nothing is sent.
    ///
    /// # Errors
    /// [`NotSent::PlaintextRefused`] for unencrypted HTTP to another machine that is not allowed by name.
    pub fn check_endpoint(&self, endpoint: &Endpoint) -> Result<(), NotSent> {
        let host = endpoint.host();
        if endpoint.is_secure() || endpoint.names_loopback() || self.settings.plaintext.allows(&host) {
            Ok(())
        } else {
            Err(NotSent::PlaintextRefused { host })
        }
    }

    /// Sends one POST with a JSON body and waits for its end, at most [`HttpSettings::whole`].
    ///
    /// `path` begins with a slash and follows the endpoint's prefix; it may hold a query. `headers` are added to
    /// those that the client writes (Host, User-Agent, Accept, Content-Type, Content-Length, Connection); their
    /// values may be secrets: they and the body appear in no `Debug`, `Display` or log of this crate.
    ///
    /// All failures are in the [`Delivery`]. A redirect is an answer with its status; it is not followed. 1xx
    /// are skipped.
    ///
    /// # Dropping the future
    /// The connection is closed, and nothing goes on in the background. How far the request came is lost with
    /// the future: **treat a dropped call as maybe sent**. Prefer the deadlines in [`HttpSettings`] to a timeout
    /// around the call.
    pub async fn post(
        &self,
        endpoint: &Endpoint,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Delivery {
        match self.connect(endpoint, path, headers, body).await {
            Ok(connected) => connected.send().await,
            Err(cause) => Delivery::NotSent(cause),
        }
    }

    /// Everything that happens before the first byte of the request; [`Connected::send`] is the rest.
    pub(crate) async fn connect(
        &self,
        endpoint: &Endpoint,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Connected, NotSent> {
        let whole_ends = Instant::now() + self.settings.whole;
        self.check_endpoint(endpoint)?;
        let request = request::build(endpoint, path, headers, body, &self.settings.user_agent)?;
        let limit = self.settings.connect.min(self.settings.whole);
        let stream = connect::connect(endpoint, &self.tls, limit).await?;
        Ok(Connected { stream, request, settings: Arc::clone(&self.settings), whole_ends })
    }
}
