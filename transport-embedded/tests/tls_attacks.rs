//! A server that leaves out, repeats or reorders what proves who it is, with a session that is right in everything else;
//! and records at which embedded-tls would panic or never end.
#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use caas_transport_embedded::tls::{
    Pins, RECORDS_HANDSHAKE_MAX, RECORDS_WITHOUT_DATA_MAX, Refused, TlsBuffers, TlsError, TlsStream,
};
use embedded_io_async::{Read, Write};
use p256::ecdsa::SigningKey;
use p256::pkcs8::DecodePrivateKey;
use rand_core::OsRng;
use support::tls_cheat::{Cheat, FINISHED, certificates, message};
use support::tls_peer::{Identity, TokioClock, Wire, server};
use tokio::io::duplex;

const EXTENSIONS: [u8; 6] = [8, 0, 0, 2, 0, 0];

#[derive(Clone, Copy, Debug)]
enum Say {
    Extensions,
    /// The certificate of the server.
    Certificate,
    /// The certificate of somebody else.
    Stranger,
    NoCertificate,
    Signed,
    SignedByStranger,
    Finished,
    /// A record of a tag alone.
    Empty,
    /// Zeros, without a type of content.
    Zeros,
    /// As many ChangeCipherSpec as there may be records.
    Endless,
    /// In plain text.
    PlainCertificate,
}

fn key(identity: &Identity) -> SigningKey {
    SigningKey::from_pkcs8_der(&identity.key.serialize_der()).unwrap()
}

async fn say(cheat: &mut Cheat, what: Say, owner: &Identity, stranger: &Identity) {
    match what {
        Say::Extensions => cheat.say(&EXTENSIONS).await,
        Say::Certificate => cheat.say(&certificates(&[&owner.certificate])).await,
        Say::Stranger => cheat.say(&certificates(&[&stranger.certificate])).await,
        Say::NoCertificate => cheat.say(&certificates(&[])).await,
        Say::Signed => cheat.say(&cheat.signature(&key(owner))).await,
        Say::SignedByStranger => cheat.say(&cheat.signature(&key(stranger))).await,
        Say::Finished => cheat.say(&cheat.finished()).await,
        Say::Empty => cheat.encrypted_bytes(Vec::new()).await,
        Say::Zeros => cheat.encrypted_bytes(vec![0; 9]).await,
        Say::Endless => {
            for _ in 0..RECORDS_HANDSHAKE_MAX {
                cheat.plain(20, &[1]).await;
            }
        }
        Say::PlainCertificate => cheat.plain(22, &certificates(&[&owner.certificate])).await,
    }
}

/// What the client says of a handshake of these messages. Nothing may come from it after a refusal but alerts.
async fn handshake(says: &[Say]) -> Option<Refused> {
    let (owner, stranger) = (Identity::p256(), Identity::p256());
    let (client, peer) = duplex(1 << 16);
    let serve = async {
        let mut cheat = Cheat::begin(peer).await;
        for what in says {
            say(&mut cheat, *what, &owner, &stranger).await;
        }
        cheat.rest().await
    };
    let ask = async {
        let (mut buffers, clock) = (TlsBuffers::<4096, 1024>::new(), TokioClock::new());
        let server = server(Pins::one(owner.pin()));
        TlsStream::open(Wire(client), &mut buffers, &server, OsRng, &clock).await.map(drop).err()
    };
    tokio::join!(ask, serve).0
}

/// embedded-tls ends a handshake without a certificate, or without its signature, as a good one.
#[tokio::test(start_paused = true)]
async fn only_a_server_that_proves_its_key_is_taken() {
    use Say::*;
    for (says, refused) in [
        (&[Extensions, Certificate, Signed, Finished][..], None),
        (&[Extensions, Finished], Some(Refused::NotProven)),
        (&[Finished], Some(Refused::NotProven)),
        (&[Extensions, Certificate, Finished], Some(Refused::NotProven)),
        (&[Extensions, NoCertificate, Finished], Some(Refused::NotProven)),
        (&[Extensions, Certificate, SignedByStranger, Finished], Some(Refused::Signature)),
        (&[Extensions, Stranger, SignedByStranger, Finished], Some(Refused::WrongKey)),
        (&[Extensions, SignedByStranger, Finished], Some(Refused::Protocol)),
        (&[Extensions, Certificate, Stranger, SignedByStranger, Finished], Some(Refused::Protocol)),
        (&[Extensions, Certificate, Signed, Stranger, Finished], Some(Refused::Protocol)),
        (&[Extensions, Certificate, Signed, SignedByStranger, Finished], Some(Refused::Protocol)),
        (&[Extensions, PlainCertificate, Finished], Some(Refused::Protocol)),
        (&[Extensions, Certificate, Signed], Some(Refused::TimedOut)),
    ] {
        assert_eq!(handshake(says).await, refused, "{says:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn records_that_no_server_sends_are_refused() {
    use Say::*;
    for says in [
        &[Empty][..],
        &[Zeros],
        &[Endless],
        &[Extensions, Empty],
        &[Extensions, Certificate, Signed, Empty],
        &[Extensions, Certificate, Signed, Endless, Finished],
    ] {
        assert_eq!(handshake(says).await, Some(Refused::Protocol), "{says:?}");
    }
}

/// What comes after a good handshake: the server's own nonsense, and what somebody on the way can put in between.
#[tokio::test(start_paused = true)]
async fn a_session_ends_at_a_record_that_may_not_come() {
    const KEY_UPDATE: u8 = 24;
    let ticket = message(4, &[&[0; 8][..], &[0, 0, 1, 7, 0, 0]].concat());
    type Then = (&'static str, u8, Vec<u8>, usize, bool);
    let thens: [Then; 8] = [
        ("a message in plain text", 22, message(FINISHED, &[0; 32]), 1, true),
        ("a closing message in plain text", 21, vec![1, 0], 1, true),
        ("a ChangeCipherSpec", 20, vec![1], 1, true),
        ("data in plain text", 23, vec![b'x'; 40], 1, true),
        ("a record of a tag alone", 23, vec![0; 16], 1, true),
        ("new keys", 22, message(KEY_UPDATE, &[0]), 1, false),
        ("tickets without end", 22, ticket, usize::from(RECORDS_WITHOUT_DATA_MAX) + 1, false),
        ("empty data without end", 23, vec![], usize::from(RECORDS_WITHOUT_DATA_MAX) + 1, false),
    ];
    for (name, kind, content, count, is_plain) in thens {
        let (owner, stranger) = (Identity::p256(), Identity::p256());
        let (client, peer) = duplex(1 << 16);
        let serve = async {
            let mut cheat = Cheat::begin(peer).await;
            for what in [Say::Extensions, Say::Certificate, Say::Signed, Say::Finished] {
                say(&mut cheat, what, &owner, &stranger).await;
            }
            cheat.go_on();
            cheat.encrypted(23, b"hello").await;
            for _ in 0..count {
                if is_plain {
                    cheat.plain(kind, &content).await;
                } else {
                    cheat.encrypted(kind, &content).await;
                }
            }
            cheat.rest().await
        };
        let ask = async {
            let (mut buffers, clock) = (TlsBuffers::<4096, 1024>::new(), TokioClock::new());
            let server = server(Pins::one(owner.pin()));
            let mut stream =
                TlsStream::open(Wire(client), &mut buffers, &server, OsRng, &clock).await.unwrap();
            let mut buffer = [0; 16];
            assert_eq!(stream.read(&mut buffer).await, Ok(5), "{name}");
            assert_eq!(stream.read(&mut buffer).await, Err(TlsError::Protocol), "{name}");
            assert_eq!(stream.read(&mut buffer).await, Err(TlsError::Interrupted), "{name}");
            assert_eq!(stream.write(b"x").await, Err(TlsError::Interrupted), "{name}");
        };
        tokio::join!(ask, serve);
    }
}
