//! Why there is no TLS stream, and why one ended.

use core::fmt;

use embedded_io_async::ErrorKind;

/// Why a handshake was refused. Nothing of a request was sent: a charge is told *not sent*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// The host is no name: empty, longer than [`HOST_MAX`](super::HOST_MAX), with a port, or with a character that no
    /// name has. Whoever configured it is to blame.
    Host,
    /// The server's key is none of the pinned ones. Somebody stands between, or the server changed its key: compare the
    /// pins, and send nothing.
    WrongKey,
    /// The server's key is a pinned one, and not on P-256: it cannot be used here.
    KeyNotP256,
    /// The server's certificate cannot be read.
    Certificate,
    /// The signature of the handshake is not by the pinned key: somebody shows a certificate that is not theirs.
    Signature,
    /// The server ended the handshake without proving that it has a key.
    NotProven,
    /// The server refused: it has no key or cipher suite that is offered here, or knows no such host.
    ByServer,
    /// A record is longer than the buffer, or what is sent does not fit its buffer.
    BufferTooShort,
    /// What came is not TLS 1.3, or was changed on its way.
    Protocol,
    /// The handshake was not complete in time.
    TimedOut,
    /// The stream ended within the handshake.
    Ended,
    /// The stream failed.
    Stream(ErrorKind),
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Refused::Host => "the host is no name: check the endpoint",
            Refused::WrongKey => "the server's key is not a pinned one: compare the pins",
            Refused::KeyNotP256 => "the server's key is not on P-256",
            Refused::Certificate => "the server's certificate cannot be read",
            Refused::Signature => "the server has not the key of the certificate that it shows",
            Refused::NotProven => "the server has not proven that it has a key",
            Refused::ByServer => "the server refused the handshake",
            Refused::BufferTooShort => "a record is longer than the buffer: give a longer one",
            Refused::Protocol => "what came is not TLS 1.3",
            Refused::TimedOut => "the handshake was not complete in time",
            Refused::Ended => "the stream ended within the handshake",
            Refused::Stream(kind) => return write!(out, "the stream failed in the handshake ({kind:?})"),
        })
    }
}

impl core::error::Error for Refused {}

/// Why a TLS stream ended. It carries nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsError {
    /// The stream below failed.
    Stream(ErrorKind),
    /// The stream below ended without TLS's closing message: somebody may have cut it.
    Cut,
    /// A record is longer than the buffer: give a longer one.
    RecordTooLong,
    /// What came was not made by the server, or breaks TLS 1.3.
    Protocol,
    /// An earlier call failed, or its future was dropped within a record.
    Interrupted,
}

impl embedded_io_async::Error for TlsError {
    fn kind(&self) -> ErrorKind {
        match self {
            TlsError::Stream(kind) => *kind,
            TlsError::Cut => ErrorKind::ConnectionAborted,
            TlsError::RecordTooLong => ErrorKind::OutOfMemory,
            TlsError::Protocol => ErrorKind::InvalidData,
            TlsError::Interrupted => ErrorKind::NotConnected,
        }
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            TlsError::Stream(kind) => return write!(out, "the stream below failed ({kind:?})"),
            TlsError::Cut => "the stream below ended without a closing message",
            TlsError::RecordTooLong => "a record is longer than the buffer: give a longer one",
            TlsError::Protocol => "what came breaks TLS 1.3",
            TlsError::Interrupted => "an earlier call ended this stream: make a new one",
        })
    }
}

impl core::error::Error for TlsError {}
