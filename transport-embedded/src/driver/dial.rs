//! How a connection to the carrier is made.

use core::fmt;

use embedded_io_async::{ErrorKind, Read, Write};

/// Opens streams to the carrier: a socket of the network stack, a TLS session over one, a modem's channel.
///
/// A stream borrows from the dialler, so that buffers of sockets and TLS sessions can be used again. There is one stream
/// at a time; it is dropped before the next is opened, and dropping it closes the connection.
///
/// ```
/// use caas_transport_embedded::driver::{Dial, NoConnection};
/// # use embedded_io_async::{ErrorType, Read, Write};
/// # struct Socket<'b>(&'b mut [u8]);
/// # impl Socket<'_> { async fn connect(&mut self) -> Result<(), ()> { Ok(()) } }
/// # impl ErrorType for Socket<'_> { type Error = core::convert::Infallible; }
/// # impl Read for Socket<'_> { async fn read(&mut self, _: &mut [u8]) -> Result<usize, Self::Error> { Ok(0) } }
/// # impl Write for Socket<'_> {
/// #     async fn write(&mut self, from: &[u8]) -> Result<usize, Self::Error> { Ok(from.len()) }
/// #     async fn flush(&mut self) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// struct OverTcp {
///     buffer: [u8; 1024],
/// }
///
/// impl Dial for OverTcp {
///     type Stream<'s> = Socket<'s>;
///
///     async fn dial(&mut self) -> Result<Socket<'_>, NoConnection> {
///         let mut socket = Socket(&mut self.buffer);
///         socket.connect().await.map_err(|()| NoConnection::Refused)?;
///         Ok(socket)
///     }
/// }
/// ```
#[allow(async_fn_in_trait, reason = "the caller's executor is single-threaded, as a microcontroller's is")]
pub trait Dial {
    /// An open connection.
    type Stream<'s>: Read + Write
    where
        Self: 's;

    /// Opens a stream. Nothing of a request is sent here, so a failure is always *not sent*. The driver drops the future
    /// at [`MachineSettings::connect`](super::MachineSettings::connect).
    async fn dial(&mut self) -> Result<Self::Stream<'_>, NoConnection>;
}

impl<D: Dial> Dial for &mut D {
    type Stream<'s>
        = D::Stream<'s>
    where
        Self: 's;

    async fn dial(&mut self) -> Result<Self::Stream<'_>, NoConnection> {
        D::dial(self).await
    }
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum NoConnection {
    /// The network is down.
    LinkDown,
    /// The carrier's name could not be resolved.
    Name,
    /// The carrier did not accept the connection.
    Refused,
    /// There is no secure connection: the certificate or key is not the expected one, or the handshake failed.
    Tls,
    /// It took longer than [`MachineSettings::connect`](super::MachineSettings::connect).
    TimedOut,
    /// The stream failed.
    Stream(ErrorKind),
}

impl fmt::Display for NoConnection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoConnection::LinkDown => out.write_str("the network is down"),
            NoConnection::Name => out.write_str("the carrier's name is not known: check the endpoint"),
            NoConnection::Refused => out.write_str("the carrier did not accept the connection"),
            NoConnection::Tls => out.write_str("no secure connection: check the pinned key"),
            NoConnection::TimedOut => out.write_str("no connection in time"),
            NoConnection::Stream(kind) => write!(out, "the stream failed ({kind:?})"),
        }
    }
}

impl core::error::Error for NoConnection {}
