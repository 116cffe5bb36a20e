//! One charge request with `reqwless`: its client without TLS.
#![no_std]
#![no_main]

use core::convert::Infallible;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use caas_footprint::machine::{Place, run};
use caas_footprint::peer::Peer;
use caas_footprint::rival::{URL, User, answer, debit, is_charged};
use caas_footprint::time::block_on;
use embedded_nal_async::{AddrType, Dns, TcpConnect};
use reqwless::client::HttpClient;
use reqwless::headers::ContentType;
use reqwless::request::{Method, RequestBuilder};

static PLACE: Place<User> = Place::new();

#[cortex_m_rt::entry]
fn main() -> ! {
    run(&PLACE, |place| Some(place.write(User::new()?)), charge)
}

fn charge(user: &'static mut User) -> bool {
    block_on(async {
        let Some(body) = debit(&mut user.body) else { return false };
        let mut client = HttpClient::new(&Network, &Network);
        let Ok(request) = client.request(Method::POST, URL).await else { return false };
        let mut request = request.body(body).content_type(ContentType::ApplicationJson);
        let Ok(response) = request.send(&mut user.buffer).await else { return false };
        let status = response.status.0;
        let Ok(body) = response.body().read_to_end().await else { return false };
        is_charged(status, body)
    })
}

struct Network;

impl TcpConnect for Network {
    type Error = Infallible;
    type Connection<'a> = Peer;

    async fn connect<'a>(&'a self, _: SocketAddr) -> Result<Peer, Infallible> {
        Ok(Peer::new(answer()))
    }
}

impl Dns for Network {
    type Error = Infallible;

    async fn get_host_by_name(&self, _: &str, _: AddrType) -> Result<IpAddr, Infallible> {
        Ok(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    async fn get_host_by_address(&self, _: IpAddr, _: &mut [u8]) -> Result<usize, Infallible> {
        Ok(0)
    }
}
