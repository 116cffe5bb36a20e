//! A server of TLS 1.3 that sends what it is told, in the order it is told, with the right keys of the session: what a
//! man in the middle can do, and what no server should.

use aes_gcm::aead::AeadInPlace;
use aes_gcm::{Aes128Gcm, KeyInit};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use p256::ecdh::EphemeralSecret;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use rand_core::OsRng;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

pub const CERTIFICATE: u8 = 11;
pub const FINISHED: u8 = 20;

/// A session after the ServerHello.
pub struct Cheat {
    wire: DuplexStream,
    transcript: Sha256,
    handshake_secret: Hkdf<Sha256>,
    sending: Keys,
}

struct Keys {
    secret: Vec<u8>,
    counter: u64,
}

fn expand(secret: &[u8], label: &str, context: &[u8], length: u8) -> Vec<u8> {
    let label = format!("tls13 {label}");
    let info = [&[0, length, label.len() as u8], label.as_bytes(), &[context.len() as u8], context].concat();
    let mut out = vec![0; length.into()];
    Hkdf::<Sha256>::from_prk(secret).unwrap().expand(&info, &mut out).unwrap();
    out
}

fn derive(secret: &Hkdf<Sha256>, label: &str, hash: &[u8]) -> Vec<u8> {
    let label = format!("tls13 {label}");
    let info = [&[0, 32, label.len() as u8], label.as_bytes(), &[hash.len() as u8], hash].concat();
    let mut out = vec![0; 32];
    secret.expand(&info, &mut out).unwrap();
    out
}

/// A handshake message.
pub fn message(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind, 0][..], &(content.len() as u16).to_be_bytes(), content].concat()
}

/// A Certificate message with these certificates.
pub fn certificates(shown: &[&[u8]]) -> Vec<u8> {
    let entry = |der: &&[u8]| [&[0][..], &(der.len() as u16).to_be_bytes(), der, &[0, 0]].concat();
    let entries = shown.iter().flat_map(entry).collect::<Vec<u8>>();
    message(CERTIFICATE, &[&[0, 0][..], &(entries.len() as u16).to_be_bytes(), &entries].concat())
}

impl Cheat {
    /// Takes the ClientHello and answers it.
    pub async fn begin(mut wire: DuplexStream) -> Self {
        let hello = read_record(&mut wire).await;
        let start = hello.windows(4).position(|bytes| bytes == [0, 0x17, 0, 0x41]).unwrap() + 4;
        let client = p256::PublicKey::from_sec1_bytes(&hello[start..start + 65]).unwrap();
        let secret = EphemeralSecret::random(&mut OsRng);
        let point = secret.public_key().to_encoded_point(false);
        let share = [&[0, 0x33, 0, 69, 0, 0x17, 0, 65][..], point.as_bytes()].concat();
        let extensions = [&[0, 0x2B, 0, 2, 3, 4][..], &share].concat();
        let length = (extensions.len() as u16).to_be_bytes();
        let content = [&[3, 3][..], &[9; 32], &[0, 0x13, 1, 0], &length, &extensions].concat();
        let answer = message(2, &content);
        let transcript = Sha256::new().chain_update(&hello).chain_update(&answer);
        write_record(&mut wire, 22, &answer).await;

        let (_, early) = Hkdf::<Sha256>::extract(Some(&[0; 32]), &[0; 32]);
        let salt = derive(&early, "derived", &Sha256::digest(b""));
        let shared = secret.diffie_hellman(&client);
        let (_, handshake_secret) = Hkdf::<Sha256>::extract(Some(&salt), shared.raw_secret_bytes());
        let secret = derive(&handshake_secret, "s hs traffic", &transcript.clone().finalize());
        Cheat { wire, transcript, handshake_secret, sending: Keys { secret, counter: 0 } }
    }

    /// A CertificateVerify by this key, of all messages so far.
    pub fn signature(&self, key: &SigningKey) -> Vec<u8> {
        let hash = self.transcript.clone().finalize();
        let signed = [&[b' '; 64][..], b"TLS 1.3, server CertificateVerify\0", &hash].concat();
        let signature: DerSignature = key.sign(&signed);
        let signature = signature.as_bytes();
        message(15, &[&[4, 3][..], &(signature.len() as u16).to_be_bytes(), signature].concat())
    }

    /// The Finished that is right for all messages so far.
    pub fn finished(&self) -> Vec<u8> {
        let key = expand(&self.sending.secret, "finished", b"", 32);
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&key).unwrap();
        mac.update(&self.transcript.clone().finalize());
        message(FINISHED, &mac.finalize().into_bytes())
    }

    /// Sends a handshake message, encrypted.
    pub async fn say(&mut self, message: &[u8]) {
        self.transcript.update(message);
        self.encrypted(22, message).await;
    }

    /// After the handshake: the keys for data.
    pub fn go_on(&mut self) {
        let salt = derive(&self.handshake_secret, "derived", &Sha256::digest(b""));
        let (_, main) = Hkdf::<Sha256>::extract(Some(&salt), &[0; 32]);
        let secret = derive(&main, "s ap traffic", &self.transcript.clone().finalize());
        self.sending = Keys { secret, counter: 0 };
    }

    /// Sends an encrypted record with this type of content.
    pub async fn encrypted(&mut self, kind: u8, content: &[u8]) {
        self.encrypted_bytes([content, &[kind]].concat()).await;
    }

    /// Sends an encrypted record of these bytes, with no type of content behind them.
    pub async fn encrypted_bytes(&mut self, mut bytes: Vec<u8>) {
        let Keys { secret, counter } = &mut self.sending;
        let cipher = Aes128Gcm::new_from_slice(&expand(secret, "key", b"", 16)).unwrap();
        let mut nonce = expand(secret, "iv", b"", 12);
        nonce[4..].iter_mut().zip(counter.to_be_bytes()).for_each(|(place, byte)| *place ^= byte);
        *counter += 1;
        let length = ((bytes.len() + 16) as u16).to_be_bytes();
        let header = [23, 3, 3, length[0], length[1]];
        let tag = cipher.encrypt_in_place_detached(nonce.as_slice().into(), &header, &mut bytes).unwrap();
        bytes.extend_from_slice(&tag);
        write_record(&mut self.wire, 23, &bytes).await;
    }

    /// Sends a record in plain text.
    pub async fn plain(&mut self, kind: u8, content: &[u8]) {
        write_record(&mut self.wire, kind, content).await;
    }

    /// What the client sends until it closes.
    pub async fn rest(mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let _ = self.wire.read_to_end(&mut rest).await;
        rest
    }
}

async fn read_record(wire: &mut DuplexStream) -> Vec<u8> {
    let mut header = [0; 5];
    wire.read_exact(&mut header).await.unwrap();
    let mut content = vec![0; u16::from_be_bytes([header[3], header[4]]).into()];
    wire.read_exact(&mut content).await.unwrap();
    content
}

/// A client that has gone is none of its business.
async fn write_record(wire: &mut DuplexStream, kind: u8, content: &[u8]) {
    let [high, low] = (content.len() as u16).to_be_bytes();
    let _ = wire.write_all(&[&[kind, 3, 3, high, low], content].concat()).await;
}
