//! One charge request with `edge-http`.
#![no_std]
#![no_main]

use core::convert::Infallible;
use core::net::{Ipv4Addr, SocketAddr};

use caas_footprint::machine::{Place, run};
use caas_footprint::peer::Peer;
use caas_footprint::rival::{HOST, PATH, User, answer, debit, is_charged};
use caas_footprint::time::block_on;
use edge_http::Method;
use edge_http::io::client::Connection;
use edge_nal::{Close, Readable, TcpConnect, TcpShutdown, TcpSplit};
use embedded_io_async::{ErrorType, Read, Write};

static PLACE: Place<User> = Place::new();

#[cortex_m_rt::entry]
fn main() -> ! {
    run(&PLACE, |place| Some(place.write(User::new()?)), charge)
}

fn charge(user: &'static mut User) -> bool {
    block_on(async {
        let Some(body) = debit(&mut user.body) else { return false };
        let network = Network;
        let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 80);
        let mut connection: Connection<'_, _> = Connection::new(&mut user.buffer, &network, address);
        // The library does not write the length of a body.
        let headers =
            [("Host", HOST), ("Content-Type", "application/json"), ("Content-Length", length_of(body))];
        if connection.initiate_request(true, Method::Post, PATH, &headers).await.is_err()
            || connection.write_all(body).await.is_err()
            || connection.initiate_response().await.is_err()
        {
            return false;
        }
        let Ok(status) = connection.headers().map(|headers| headers.code) else { return false };
        let body = &mut user.answer;
        let mut length = 0;
        while let Some(rest) = body.get_mut(length..) {
            match connection.read(rest).await {
                Ok(0) => break,
                Ok(count) => length += count,
                Err(_) => return false,
            }
        }
        let charged = is_charged(status, body.get(..length).unwrap_or(&[]));
        connection.close().await.is_ok() && charged
    })
}

/// The body of this request has one length only; a user would format it.
fn length_of(_: &[u8]) -> &'static str {
    core::hint::black_box("200")
}

struct Network;

struct Socket(Peer);

impl TcpConnect for Network {
    type Error = Infallible;
    type Socket<'a> = Socket;

    async fn connect(&self, _: SocketAddr) -> Result<Socket, Infallible> {
        Ok(Socket(Peer::new(answer())))
    }
}

impl ErrorType for Socket {
    type Error = Infallible;
}

impl Read for Socket {
    async fn read(&mut self, to: &mut [u8]) -> Result<usize, Infallible> {
        self.0.read(to).await
    }
}

impl Write for Socket {
    async fn write(&mut self, from: &[u8]) -> Result<usize, Infallible> {
        self.0.write(from).await
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl Readable for Socket {
    async fn readable(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl TcpShutdown for Socket {
    async fn close(&mut self, _: Close) -> Result<(), Infallible> {
        Ok(())
    }

    async fn abort(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl TcpSplit for Socket {
    type Read<'a> = &'a mut Socket;
    type Write<'a> = Nowhere;

    fn split(&mut self) -> (&mut Socket, Nowhere) {
        (self, Nowhere)
    }
}

/// Nobody splits the socket here.
struct Nowhere;

impl ErrorType for Nowhere {
    type Error = Infallible;
}

impl Write for Nowhere {
    async fn write(&mut self, from: &[u8]) -> Result<usize, Infallible> {
        Ok(from.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
