//! A TCP connection to the carrier or the relay, as the driver wants it.

use caas_transport_embedded::driver::{Dial, NoConnection};
use embassy_net::tcp::{ConnectError, Error, TcpSocket};
use embassy_net::{IpEndpoint, Stack};
use embedded_io_async::{ErrorType, Read, Write};

use crate::reset_point::{ResetPoint, reach};

/// Bytes that wait in each direction: a request, an answer.
const WAITING_MAX: usize = 1536;

/// Room for the bytes of one connection.
pub struct SocketBuffers {
    receive: [u8; WAITING_MAX],
    transmit: [u8; WAITING_MAX],
}

/// Opens connections to one peer, one after the other, over the same socket.
pub struct Dialler {
    socket: TcpSocket<'static>,
    peer: IpEndpoint,
    point: Option<ResetPoint>,
}

impl SocketBuffers {
    /// Empty buffers.
    pub const fn new() -> Self {
        SocketBuffers { receive: [0; WAITING_MAX], transmit: [0; WAITING_MAX] }
    }
}

impl Dialler {
    /// A dialler to this peer. `point` is reached when a request was sent.
    pub fn new(
        stack: Stack<'static>,
        buffers: &'static mut SocketBuffers,
        peer: IpEndpoint,
        point: Option<ResetPoint>,
    ) -> Self {
        let socket = TcpSocket::new(stack, &mut buffers.receive, &mut buffers.transmit);
        Dialler { socket, peer, point }
    }
}

impl Dial for Dialler {
    type Stream<'s> = Open<'s>;

    async fn dial(&mut self) -> Result<Open<'_>, NoConnection> {
        // The connection before was told to close; one that does not is reset, and the reset sent.
        self.socket.abort();
        let _ = self.socket.flush().await;
        self.socket.connect(self.peer).await.map_err(|error| match error {
            ConnectError::NoRoute | ConnectError::InvalidState => NoConnection::LinkDown,
            ConnectError::ConnectionReset => NoConnection::Refused,
            ConnectError::TimedOut => NoConnection::TimedOut,
        })?;
        Ok(Open(self))
    }
}

/// An open connection. Dropping it closes it.
pub struct Open<'s>(&'s mut Dialler);

impl ErrorType for Open<'_> {
    type Error = Error;
}

impl Read for Open<'_> {
    async fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Error> {
        self.0.socket.read(bytes).await
    }
}

impl Write for Open<'_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        self.0.socket.write(bytes).await
    }

    /// Returns when the peer's TCP has all bytes.
    async fn flush(&mut self) -> Result<(), Error> {
        self.0.socket.flush().await?;
        if let Some(point) = self.0.point {
            reach(point);
        }
        Ok(())
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.socket.close();
    }
}
