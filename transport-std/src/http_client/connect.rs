//! From an endpoint to an open stream: name lookup, TCP, TLS. No byte of a request is involved.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::delivery::NotSent;
use super::endpoint::{Endpoint, Host};

/// An open stream to the endpoint.
pub(super) enum OpenStream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Opens a stream within `limit`. With several addresses, each is tried once, in the order of the lookup.
pub(super) async fn connect(
    endpoint: &Endpoint,
    tls: &Arc<rustls::ClientConfig>,
    limit: Duration,
) -> Result<OpenStream, NotSent> {
    let deadline = Instant::now() + limit;
    let timed_out = NotSent::ConnectTimedOut { after: limit };
    let addresses = timeout_at(deadline, addresses(endpoint)).await.map_err(|_| timed_out.clone())??;
    let stream = first_to_connect(&addresses, deadline, limit).await?;
    if !endpoint.is_secure() {
        return Ok(OpenStream::Plain(stream));
    }
    let stream = timeout_at(deadline, start_tls(endpoint, tls, stream)).await.map_err(|_| timed_out)??;
    Ok(OpenStream::Tls(Box::new(stream)))
}

async fn addresses(endpoint: &Endpoint) -> Result<Vec<SocketAddr>, NotSent> {
    let name = match endpoint.target() {
        Host::Address(address) => return Ok(vec![SocketAddr::new(*address, endpoint.port())]),
        Host::Name(name) => name,
    };
    let unknown = |error: io::ErrorKind| NotSent::NameLookup { host: name.clone(), error };
    let found = tokio::net::lookup_host((name.as_str(), endpoint.port())).await;
    let found: Vec<SocketAddr> = found.map_err(|error| unknown(error.kind()))?.collect();
    if found.is_empty() {
        return Err(unknown(io::ErrorKind::NotFound));
    }
    permitted(endpoint, found)
}

/// `localhost` may carry plain text because it is this machine; a hosts file can say otherwise.
fn permitted(endpoint: &Endpoint, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, NotSent> {
    if endpoint.is_secure() || !endpoint.names_loopback() {
        return Ok(found);
    }
    match found.iter().map(SocketAddr::ip).find(|address: &IpAddr| !address.is_loopback()) {
        Some(address) => Err(NotSent::NotLoopback { address }),
        None => Ok(found),
    }
}

/// Tries the addresses in turn. Each gets an equal share of the time that is left, so that one that swallows
/// everything does not use up the time of the next.
async fn first_to_connect(
    addresses: &[SocketAddr],
    deadline: Instant,
    limit: Duration,
) -> Result<TcpStream, NotSent> {
    let mut failure = NotSent::ConnectTimedOut { after: limit };
    for (tried, address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Only a delay is at stake; a stream that is already dead shows it on the first write.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => failure = NotSent::Connect { address: *address, error: error.kind() },
            Err(_) => failure = NotSent::ConnectTimedOut { after: limit },
        }
    }
    Err(failure)
}

async fn start_tls(
    endpoint: &Endpoint,
    tls: &Arc<rustls::ClientConfig>,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, NotSent> {
    let name = match endpoint.target() {
        Host::Address(address) => ServerName::from(*address),
        Host::Name(name) => ServerName::try_from(name.clone())
            .map_err(|_| NotSent::Tls { detail: "the host cannot stand in a certificate".to_owned() })?,
    };
    TlsConnector::from(Arc::clone(tls)).connect(name, stream).await.map_err(|error| tls_failure(&error))
}

fn tls_failure(error: &io::Error) -> NotSent {
    let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(detail)) => {
            NotSent::Certificate { detail: detail.to_string() }
        }
        Some(other) => NotSent::Tls { detail: other.to_string() },
        None => NotSent::Tls { detail: format!("the connection ended in the handshake ({})", error.kind()) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_next_address_is_tried_after_one_that_refuses() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let open = listener.local_addr().unwrap();
        let limit = Duration::from_secs(5);
        let deadline = Instant::now() + limit;
        let stream = first_to_connect(&[closed, open], deadline, limit).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open);
        let refused = first_to_connect(&[closed, closed], deadline, limit).await.unwrap_err();
        assert_eq!(refused, NotSent::Connect { address: closed, error: io::ErrorKind::ConnectionRefused });
    }

    #[test]
    fn a_localhost_that_leads_elsewhere_carries_no_plain_text() {
        let here: SocketAddr = "127.0.0.1:1".parse().unwrap();
        let elsewhere: SocketAddr = "10.0.0.1:1".parse().unwrap();
        let permitted =
            |url: &str, found: &[SocketAddr]| permitted(&Endpoint::parse(url).unwrap(), found.to_vec());
        assert!(permitted("http://localhost", &[here]).is_ok());
        let refused = permitted("http://localhost", &[here, elsewhere]);
        assert_eq!(refused, Err(NotSent::NotLoopback { address: elsewhere.ip() }));
        assert!(permitted("https://localhost", &[here, elsewhere]).is_ok());
        assert!(permitted("http://allowed.example", &[elsewhere]).is_ok());
    }
}
