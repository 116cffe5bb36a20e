//! The stream that a connection runs over.

use core::cell::Cell;
use core::fmt;
use core::net::IpAddr;

use caas_core::time::Millis;
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use embedded_tls::{Aes128GcmSha256, CryptoRngCore, TlsConfig, TlsConnection, TlsContext};

use super::fault::{Refused, TlsError};
use super::pin::Pins;
use super::records::{Progress, Records};
use super::verifier::{Provider, Verifier};
use crate::clock::Clock;
use crate::connection::deadline::before;

/// Longest name of a host (RFC 1035, 2.3.4).
pub const HOST_MAX: usize = 253;
/// Least room for records that are read: a short certificate. It must hold the longest record that the server sends, its
/// certificates in one mostly: 4 KB for what public servers have, 16,640 bytes for any.
pub const READ_BUFFER_MIN: usize = 1024;
/// Least room for records that are written: the first message, with the longest name of a host.
pub const WRITE_BUFFER_MIN: usize = 640;

/// Which server is asked, and how long its handshake may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server<'s> {
    /// Its name, for servers of several names (SNI), or its address, which is not sent. Without a port.
    pub host: &'s str,
    /// Its keys.
    pub pins: Pins,
    /// Milliseconds for the whole handshake. A Cortex-M4 computes for a second or two of it.
    pub handshake: Millis,
}

/// What a TLS stream reads into and writes from. Too short ones do not compile: [`READ_BUFFER_MIN`],
/// [`WRITE_BUFFER_MIN`].
pub struct TlsBuffers<const READ: usize, const WRITE: usize> {
    read: [u8; READ],
    write: [u8; WRITE],
    progress: Cell<Progress>,
}

impl<const READ: usize, const WRITE: usize> TlsBuffers<READ, WRITE> {
    /// Buffers for one stream after the other.
    pub const fn new() -> Self {
        const { assert!(READ >= READ_BUFFER_MIN, "READ_BUFFER_MIN bytes at least to read into") };
        const { assert!(WRITE >= WRITE_BUFFER_MIN, "WRITE_BUFFER_MIN bytes at least to write from") };
        TlsBuffers { read: [0; READ], write: [0; WRITE], progress: Cell::new(Progress::NEW) }
    }
}

impl<const READ: usize, const WRITE: usize> Default for TlsBuffers<READ, WRITE> {
    fn default() -> Self {
        TlsBuffers::new()
    }
}

/// A TLS session with the owner of a pinned key; a stream for [`Connection`](crate::Connection).
///
/// `write` takes bytes into the buffer, and encrypts and sends when it is full or at `flush`. So a `write` or `flush` that
/// fails, or whose future is dropped, may have sent a part: leave
/// [`Settings::failed_write_takes_nothing`](crate::Settings) `false`. The stream then carries nothing more, for the next
/// record would be encrypted with a nonce that was used; every call says [`TlsError::Interrupted`]. A dropped `read`
/// ends it only if it was within a record. A connection that is kept is asked for stray bytes between requests, in
/// which that can happen: with TLS, `Connection: close` is the sure way.
///
/// `read` is `Ok(0)` at TLS's closing message only; an end without it is [`TlsError::Cut`].
pub struct TlsStream<'b, S: Read + Write + 'b> {
    session: TlsConnection<'b, Records<'b, S>, Aes128GcmSha256>,
    progress: &'b Cell<Progress>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// A call that writes is under way; seen by the next call only if it failed or was dropped.
    Writing,
    /// The server closed.
    Closed,
    Broken,
}

impl<'b, S: Read + Write + 'b> TlsStream<'b, S> {
    /// Makes the handshake, over a stream that was just opened. `random` must be one for keys: a hardware generator, not a
    /// counter or a clock.
    ///
    /// The future may be dropped at any await, which closes the stream; nothing of a request was sent then. With `&mut`
    /// before it, the stream is still there, but it is of no use.
    pub async fn open<const READ: usize, const WRITE: usize>(
        stream: S,
        buffers: &'b mut TlsBuffers<READ, WRITE>,
        server: &Server<'_>,
        random: impl CryptoRngCore,
        clock: &impl Clock,
    ) -> Result<Self, Refused> {
        let config = config(server.host)?;
        let TlsBuffers { read, write, progress } = buffers;
        progress.set(Progress::NEW);
        let progress: &'b Cell<Progress> = progress;
        let mut session = TlsConnection::new(Records { stream, progress }, read, write);
        let mut provider = Provider { random, verifier: Verifier::new(&server.pins) };
        let deadline = clock.now().after(server.handshake);
        let handshake = session.open(TlsContext::new(&config, &mut provider));
        let told = before(deadline, clock, handshake).await.ok_or(Refused::TimedOut)?;
        if let Some(refused) = provider.verifier.refused {
            return Err(refused);
        }
        told.map_err(refused)?;
        if !provider.verifier.is_proven() {
            return Err(Refused::NotProven);
        }
        Ok(TlsStream { session, progress, state: State::Open })
    }

    /// Sends TLS's closing message, unless the stream ended already, and drops the stream. The future may be dropped at
    /// any await.
    pub async fn close(self) -> Result<(), TlsError> {
        match self.state {
            State::Open if !self.progress.get().is_within_a_record() => {
                self.session.close().await.map(|_| ()).map_err(|(_, error)| broken(error))
            }
            State::Closed => Ok(()),
            _ => Err(TlsError::Interrupted),
        }
    }

    /// Whether a call may go on.
    fn check_open(&self) -> Result<(), TlsError> {
        match self.state {
            State::Open => Ok(()),
            State::Closed => Err(TlsError::Stream(ErrorKind::BrokenPipe)),
            State::Writing | State::Broken => Err(TlsError::Interrupted),
        }
    }
}

impl<'b, S: Read + Write + 'b> ErrorType for TlsStream<'b, S> {
    type Error = TlsError;
}

impl<'b, S: Read + Write + 'b> Read for TlsStream<'b, S> {
    async fn read(&mut self, to: &mut [u8]) -> Result<usize, TlsError> {
        if self.state == State::Closed || to.is_empty() {
            return Ok(0);
        }
        self.check_open()?;
        if self.progress.get().is_within_a_record() {
            self.state = State::Broken;
            return Err(TlsError::Interrupted);
        }
        self.progress.set(self.progress.get().for_data());
        match self.session.read(to).await {
            Ok(count) => Ok(count),
            Err(embedded_tls::TlsError::ConnectionClosed) => {
                self.state = State::Closed;
                Ok(0)
            }
            Err(error) => {
                self.state = State::Broken;
                Err(broken(error))
            }
        }
    }
}

impl<'b, S: Read + Write + 'b> Write for TlsStream<'b, S> {
    async fn write(&mut self, from: &[u8]) -> Result<usize, TlsError> {
        self.check_open()?;
        self.state = State::Writing;
        let count = self.session.write(from).await.map_err(broken)?;
        self.state = State::Open;
        Ok(count)
    }

    async fn flush(&mut self) -> Result<(), TlsError> {
        self.check_open()?;
        self.state = State::Writing;
        self.session.flush().await.map_err(broken)?;
        self.state = State::Open;
        Ok(())
    }
}

impl<'b, S: Read + Write + 'b> fmt::Debug for TlsStream<'b, S> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("TlsStream").field("is_open", &(self.state == State::Open)).finish_non_exhaustive()
    }
}

fn config(host: &str) -> Result<TlsConfig<'_>, Refused> {
    if host.parse::<IpAddr>().is_ok() {
        return Ok(TlsConfig::new());
    }
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if host.is_empty() || host.len() > HOST_MAX || !host.bytes().all(is_name) {
        return Err(Refused::Host);
    }
    Ok(TlsConfig::new().with_server_name(host))
}

fn refused(error: embedded_tls::TlsError) -> Refused {
    use embedded_tls::TlsError as Tls;
    match error {
        Tls::Io(ErrorKind::InvalidData) => Refused::Protocol,
        Tls::Io(kind) => Refused::Stream(kind),
        Tls::IoError => Refused::Ended,
        Tls::InsufficientSpace | Tls::OutOfMemory => Refused::BufferTooShort,
        Tls::HandshakeAborted(..) => Refused::ByServer,
        _ => Refused::Protocol,
    }
}

fn broken(error: embedded_tls::TlsError) -> TlsError {
    use embedded_tls::TlsError as Tls;
    match error {
        Tls::Io(ErrorKind::InvalidData) => TlsError::Protocol,
        Tls::Io(kind) => TlsError::Stream(kind),
        Tls::IoError => TlsError::Cut,
        Tls::InsufficientSpace | Tls::OutOfMemory => TlsError::RecordTooLong,
        _ => TlsError::Protocol,
    }
}
