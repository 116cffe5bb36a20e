//! TLS 1.3 over any stream, to a server whose public key is known beforehand.
//!
//! [`TlsStream::open`] makes the handshake over a stream that was just opened, with embedded-tls and a verifier of this
//! crate's: the server must show a certificate whose public key is one of two [`Pins`], and sign the handshake with it.
//! No authority, name or date is looked at, so no clock is needed and no authority can be deceived. There is no mode
//! without this: only `open` makes a [`TlsStream`], and nothing of a request is sent before it returned one. Whatever
//! it refuses is *not sent*.
//!
//! The key is on P-256 and signs with `ecdsa_secp256r1_sha256`; the cipher suite is `TLS_AES_128_GCM_SHA256`. For a
//! server with another key, or with TLS 1.2 only, `docs/tls.md` in the repository says what to do.
//!
//! What embedded-tls 0.19 lets through is refused here: a handshake that ends without a certificate or without its
//! signature, and records at which it panics (a record without content, a record in plain text after the handshake). A
//! call whose future was dropped in the middle of a record ends the stream: going on would read or encrypt nonsense.
//!
//! ```no_run
//! # use embedded_io_async::{Read, Write};
//! # use caas_transport_embedded::{Clock, Connection, Delivery, Settings, framing::Request};
//! use caas_transport_embedded::tls::{Pin, Pins, Refused, Server, TlsBuffers, TlsStream};
//!
//! # async fn charge(
//! #     socket: impl Read + Write, clock: impl Clock, random: impl caas_transport_embedded::tls::CryptoRngCore,
//! # ) -> Result<(), Refused> {
//! // The server's key today, and the one it changes to. `docs/tls.md` says how a pin is computed.
//! const PINS: Pins = Pins::two(
//!     Pin::from_hex("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08").unwrap(),
//!     Pin::from_hex("2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae").unwrap(),
//! );
//! let server = Server { host: "api.example.com", pins: PINS, handshake: 20_000 };
//! // 4 KB for the longest record that the server sends, 1 KB for what is sent.
//! let mut buffers = TlsBuffers::<4096, 1024>::new();
//! let stream = TlsStream::open(socket, &mut buffers, &server, random, &clock).await?;
//!
//! let mut buffer = [0; 1536];
//! let mut connection = Connection::new(stream, &mut buffer, Settings::default());
//! let post = Request { keep_alive: false, ..Request::post("api.example.com", "/caas/direct/debit", b"{}") };
//! # let _ =
//! connection.send(&clock, &post).await;
//! # Ok(())
//! # }
//! ```

mod certificate;
mod fault;
mod pin;
mod records;
mod stream;
mod verifier;

pub use embedded_tls::CryptoRngCore;
pub use fault::{Refused, TlsError};
pub use pin::{Pin, Pins};
pub use records::{RECORD_MAX, RECORDS_HANDSHAKE_MAX, RECORDS_WITHOUT_DATA_MAX};
pub use stream::{HOST_MAX, READ_BUFFER_MIN, Server, TlsBuffers, TlsStream, WRITE_BUFFER_MIN};
