//! The same client for programs without an asynchronous runtime.

use tokio::runtime::{Builder, Handle, Runtime};

use super::HttpClient;
use super::delivery::{Delivery, NotSent};
use super::endpoint::Endpoint;
use super::settings::{HttpSettings, SettingsError};

/// An [`HttpClient`] that blocks the calling thread. It has a small runtime of its own; results, limits and
/// deadlines are the same.
///
/// It may be shared by threads. Inside an asynchronous runtime it sends nothing and says so
/// ([`NotSent::InsideRuntime`]).
///
/// ```no_run
/// use caas_transport_std::{BlockingHttpClient, Endpoint, HttpSettings};
///
/// let client = BlockingHttpClient::new(HttpSettings::default())?;
/// let simulator: Endpoint = "http://127.0.0.1:7000".parse()?;
/// let delivery = client.post(&simulator, "/caas/direct/debit", &[], b"{}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct BlockingHttpClient {
    client: HttpClient,
    /// Taken only by `drop`.
    runtime: Option<Runtime>,
}

impl BlockingHttpClient {
    /// Makes a client. Nothing is connected yet.
    ///
    /// # Errors
    /// [`SettingsError`] names the setting that cannot work.
    pub fn new(settings: HttpSettings) -> Result<Self, SettingsError> {
        let client = HttpClient::new(settings)?;
        let runtime = Builder::new_current_thread().enable_io().enable_time().build();
        let runtime = runtime.map_err(|error| SettingsError::Runtime(error.kind()))?;
        Ok(BlockingHttpClient { client, runtime: Some(runtime) })
    }

    /// Sends one POST and waits for its end, at most [`HttpSettings::whole`]. See [`HttpClient::post`].
    pub fn post(&self, endpoint: &Endpoint, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Delivery {
        match &self.runtime {
            Some(runtime) if Handle::try_current().is_err() => {
                runtime.block_on(self.client.post(endpoint, path, headers, body))
            }
            _ => Delivery::NotSent(NotSent::InsideRuntime),
        }
    }
}

impl Drop for BlockingHttpClient {
    /// Does not wait for a name lookup that hangs in the system.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
