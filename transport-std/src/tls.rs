//! Whom the client trusts: the root certificates, and the TLS configuration made of them.
//!
//! Certificates are always verified, the host's name too. There is no setting that turns it off: a charge
//! request carries a password. Early data (0-RTT) is never used, because it can be replayed.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// The root certificates that a carrier's certificate must lead to.
///
/// ```
/// use caas_transport_std::{HttpClient, HttpSettings, Roots};
///
/// let settings = HttpSettings { roots: Roots::Only(b"not a certificate".to_vec()), ..HttpSettings::default() };
/// assert!(HttpClient::new(settings).is_err());
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Roots {
    /// Mozilla's roots, compiled in (the `webpki-roots` crate). They age with the build: a machine that is
    /// updated once in five years should name its carrier's roots with [`Roots::WebPkiAnd`] as well.
    #[default]
    WebPki,
    /// Mozilla's roots and the certificates of this PEM text.
    WebPkiAnd(Vec<u8>),
    /// The certificates of this PEM text and no other.
    Only(Vec<u8>),
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Roots::WebPki => f.write_str("WebPki"),
            Roots::WebPkiAnd(pem) => write!(f, "WebPkiAnd({} bytes of PEM)", pem.len()),
            Roots::Only(pem) => write!(f, "Only({} bytes of PEM)", pem.len()),
        }
    }
}

/// Why the roots cannot be used. The configuration is to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RootsError {
    /// The text is not well-formed PEM.
    NotPem,
    /// The PEM text holds no `CERTIFICATE` section.
    NoCertificate,
    /// A certificate cannot serve as a root. Counted from 1.
    Unusable {
        /// Which certificate of the text.
        number: usize,
    },
    /// The TLS library refused its own defaults.
    Library(String),
}

impl fmt::Display for RootsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RootsError::NotPem => f.write_str("configuration: the root certificates are not PEM text; export them as PEM"),
            RootsError::NoCertificate => f.write_str(
                "configuration: the PEM text of the root certificates holds no CERTIFICATE section; name the CA's certificate, not its key",
            ),
            RootsError::Unusable { number } => write!(
                f,
                "configuration: certificate {number} of the PEM text cannot be used as a root; name an X.509 v3 CA certificate"
            ),
            RootsError::Library(detail) => write!(f, "configuration: TLS cannot be set up: {detail}"),
        }
    }
}

impl std::error::Error for RootsError {}

/// The client's TLS: ring, TLS 1.2 and 1.3, HTTP/1.1, no client certificate.
pub(crate) fn client_config(roots: &Roots) -> Result<Arc<ClientConfig>, RootsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| RootsError::Library(error.to_string()))?
        .with_root_certificates(root_store(roots)?)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn root_store(roots: &Roots) -> Result<RootCertStore, RootsError> {
    let mut store = RootCertStore::empty();
    if !matches!(roots, Roots::Only(_)) {
        store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    match roots {
        Roots::WebPki => {}
        Roots::WebPkiAnd(pem) | Roots::Only(pem) => add_pem(&mut store, pem)?,
    }
    Ok(store)
}

fn add_pem(store: &mut RootCertStore, pem: &[u8]) -> Result<(), RootsError> {
    let mut count = 0;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        count += 1;
        let certificate = certificate.map_err(|_| RootsError::NotPem)?;
        store.add(certificate).map_err(|_| RootsError::Unusable { number: count })?;
    }
    if count == 0 { Err(RootsError::NoCertificate) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own_root() -> Vec<u8> {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        parameters.self_signed(&key).unwrap().pem().into_bytes()
    }

    #[test]
    fn own_roots_replace_or_join_the_public_ones() {
        let public = webpki_roots::TLS_SERVER_ROOTS.len();
        assert_eq!(root_store(&Roots::WebPki).unwrap().len(), public);
        assert_eq!(root_store(&Roots::WebPkiAnd(own_root())).unwrap().len(), public + 1);
        assert_eq!(root_store(&Roots::Only(own_root())).unwrap().len(), 1);
    }

    #[test]
    fn text_without_a_certificate_is_refused() {
        assert_eq!(root_store(&Roots::Only(Vec::new())).unwrap_err(), RootsError::NoCertificate);
        assert_eq!(root_store(&Roots::WebPkiAnd(b"hello".to_vec())).unwrap_err(), RootsError::NoCertificate);
        let cut = b"-----BEGIN CERTIFICATE-----\nMIIB\n".to_vec();
        assert_eq!(root_store(&Roots::Only(cut)).unwrap_err(), RootsError::NotPem);
        let empty = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
        assert_eq!(root_store(&Roots::Only(empty)).unwrap_err(), RootsError::Unusable { number: 1 });
    }
}
