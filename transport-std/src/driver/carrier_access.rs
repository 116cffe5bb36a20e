//! A carrier as a desk reaches it.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use caas_core::charge::Carrier;
use caas_core::credentials::Credentials;
use caas_core::profile::{Authentication, Profile};

use crate::http_client::{Endpoint, EndpointError};

/// Whom a desk charges through: the profile, what proves us to it, and where it is. Cheap to clone; `Debug` shows no
/// secret.
///
/// A profile that is read from a configuration is made `'static` once, at the start of the program, with
/// [`Box::leak`](Box::leak) on its tables.
#[derive(Clone)]
pub struct CarrierAccess {
    shared: Arc<Shared>,
    simulated: bool,
}

struct Shared {
    profile: Profile<'static>,
    credentials: RwLock<Arc<Credentials>>,
    endpoint: Endpoint,
    base_url: String,
}

impl CarrierAccess {
    /// A carrier at `url`, `https://host[:port][/prefix]`. One on this machine counts as simulated, unless
    /// [`CarrierAccess::mark_simulated`] says otherwise.
    ///
    /// # Errors
    /// [`EndpointError`] names the part of the URL that is wrong.
    pub fn new(
        profile: Profile<'static>,
        credentials: Credentials,
        url: &str,
    ) -> Result<Self, EndpointError> {
        let endpoint = Endpoint::parse(url)?;
        let simulated = is_loopback(&endpoint);
        let shared = Shared {
            profile,
            credentials: RwLock::new(Arc::new(credentials)),
            base_url: endpoint.to_string(),
            endpoint,
        };
        Ok(CarrierAccess { shared: Arc::new(shared), simulated })
    }

    /// The same carrier, marked as simulated or not: for one on this machine that is none, such as a TLS tunnel to a real
    /// carrier.
    #[must_use]
    pub fn mark_simulated(self, simulated: bool) -> Self {
        CarrierAccess { simulated, ..self }
    }

    /// The profile.
    pub fn profile(&self) -> &Profile<'static> {
        &self.shared.profile
    }

    /// Where the carrier is.
    pub fn endpoint(&self) -> &Endpoint {
        &self.shared.endpoint
    }

    /// Where the carrier is, as records have it.
    pub fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    /// Whether charges are marked as simulated in the journal: the carrier is on this machine.
    pub fn is_simulated(&self) -> bool {
        self.simulated
    }

    pub(super) fn credentials(&self) -> Arc<Credentials> {
        Arc::clone(&self.shared.credentials.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn replace_credentials(&self, credentials: Arc<Credentials>) {
        *self.shared.credentials.write().unwrap_or_else(PoisonError::into_inner) = credentials;
    }

    /// The carrier as the core wants it, with one state of the credentials.
    pub(super) fn carrier<'a>(&'a self, credentials: &'a Credentials) -> Carrier<'a> {
        Carrier { profile: &self.shared.profile, credentials, endpoint: &self.shared.base_url }
    }

    /// The header that proves who is asking, if the profile has one.
    pub(super) fn header(&self, credentials: &Credentials) -> Option<(&'static str, String)> {
        match self.shared.profile.authentication {
            Authentication::ClientIdHeader(name) => Some((name, credentials.client.expose().to_owned())),
            Authentication::InBody => None,
        }
    }
}

impl std::fmt::Debug for CarrierAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CarrierAccess")
            .field("profile", &self.shared.profile.name)
            .field("endpoint", &self.shared.base_url)
            .field("simulated", &self.simulated)
            .finish_non_exhaustive()
    }
}

fn is_loopback(endpoint: &Endpoint) -> bool {
    let host = endpoint.host();
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
