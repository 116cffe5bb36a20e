//! Who the server is: the owner of a pinned key, proven by its signature of this handshake.

use embedded_tls::{
    Aes128GcmSha256, CertificateEntryRef, CertificateRef, CertificateVerifyRef, CryptoProvider,
    CryptoRngCore, SignatureScheme, TlsError, TlsVerifier,
};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{DerSignature, VerifyingKey};
use sha2::{Digest, Sha256};

use super::certificate::{p256_point, public_key_info};
use super::fault::Refused;
use super::pin::{Pin, Pins};

/// What the server signs (RFC 8446, 4.4.3): 64 spaces, this, and the hash of the transcript.
const CONTEXT: &[u8; 34] = b"TLS 1.3, server CertificateVerify\0";
const SPACES: usize = 64;
const HASH: usize = 32;

/// Looks at what the server shows, in its order, once each.
pub struct Verifier<'p> {
    pins: &'p Pins,
    seen: Seen,
    /// Why it refused.
    pub refused: Option<Refused>,
}

enum Seen {
    Nothing,
    /// A certificate with a pinned key. Whose it is, is not proven: anybody can show it.
    Certificate {
        key: VerifyingKey,
        /// All messages up to the certificate.
        transcript: Sha256,
    },
    Proven,
}

impl<'p> Verifier<'p> {
    pub fn new(pins: &'p Pins) -> Self {
        Verifier { pins, seen: Seen::Nothing, refused: None }
    }

    /// Whether the server has proven that it has a pinned key. embedded-tls does not ask for it: it ends a handshake in
    /// which no certificate was shown.
    pub fn is_proven(&self) -> bool {
        matches!(self.seen, Seen::Proven)
    }

    fn check_certificate(&self, transcript: &Sha256, shown: &CertificateRef<'_>) -> Result<Seen, Refused> {
        if !matches!(self.seen, Seen::Nothing) {
            return Err(Refused::Protocol);
        }
        let Some(CertificateEntryRef::X509(certificate)) = shown.entries.first() else {
            return Err(Refused::NotProven);
        };
        let key = public_key_info(certificate).ok_or(Refused::Certificate)?;
        if !self.pins.allow(Pin::of(key)) {
            return Err(Refused::WrongKey);
        }
        let point = p256_point(key).ok_or(Refused::KeyNotP256)?;
        let key = VerifyingKey::from_sec1_bytes(point).map_err(|_| Refused::KeyNotP256)?;
        Ok(Seen::Certificate { key, transcript: transcript.clone() })
    }

    fn check_signature(&self, verify: &CertificateVerifyRef<'_>) -> Result<Seen, Refused> {
        let Seen::Certificate { key, transcript } = &self.seen else { return Err(Refused::Protocol) };
        if !matches!(verify.signature_scheme, SignatureScheme::EcdsaSecp256r1Sha256) {
            return Err(Refused::Signature);
        }
        let signature = DerSignature::try_from(verify.signature).map_err(|_| Refused::Signature)?;
        let mut signed = [b' '; SPACES + CONTEXT.len() + HASH];
        let hash = transcript.clone().finalize();
        for (place, byte) in signed.iter_mut().skip(SPACES).zip(CONTEXT.iter().chain(&hash)) {
            *place = *byte;
        }
        key.verify(&signed, &signature).map_err(|_| Refused::Signature)?;
        Ok(Seen::Proven)
    }

    fn take(&mut self, told: Result<Seen, Refused>) -> Result<(), TlsError> {
        match told {
            Ok(seen) => {
                self.seen = seen;
                Ok(())
            }
            Err(refused) => {
                self.refused = Some(refused);
                Err(TlsError::InvalidCertificate)
            }
        }
    }
}

impl TlsVerifier<Aes128GcmSha256> for Verifier<'_> {
    /// A key has no name.
    fn set_hostname_verification(&mut self, _: &str) -> Result<(), TlsError> {
        Ok(())
    }

    fn verify_certificate(&mut self, transcript: &Sha256, shown: CertificateRef) -> Result<(), TlsError> {
        let told = self.check_certificate(transcript, &shown);
        self.take(told)
    }

    fn verify_signature(&mut self, verify: CertificateVerifyRef) -> Result<(), TlsError> {
        let told = self.check_signature(&verify);
        self.take(told)
    }
}

/// What embedded-tls asks for in a handshake.
pub struct Provider<'p, R> {
    pub random: R,
    pub verifier: Verifier<'p>,
}

impl<R: CryptoRngCore> CryptoProvider for Provider<'_, R> {
    type CipherSuite = Aes128GcmSha256;
    /// No client certificate.
    type Signature = [u8; 0];

    fn rng(&mut self) -> impl CryptoRngCore {
        &mut self.random
    }

    fn verifier(&mut self) -> Result<&mut impl TlsVerifier<Aes128GcmSha256>, TlsError> {
        Ok(&mut self.verifier)
    }
}
