//! The same body, published with `minimq` at QoS 1 and acknowledged. No broker of a carrier answers it: the answer's JSON
//! is read from where a message would lie.
#![no_std]
#![no_main]

use core::task::Waker;

use caas_footprint::machine::{Place, run};
use caas_footprint::peer::Peer;
use caas_footprint::rival::{User, debit, is_charged};
use caas_footprint::time::block_on;
use minimq::{Buffers, ConfigBuilder, Publication, QoS, Session};

static PLACE: Place<User> = Place::new();

/// CONNACK, PUBACK of packet 1, and a PUBLISH with the answer.
const ANSWERS: &[u8] =
    b"\x20\x03\x00\x00\x00\x40\x02\x00\x01\x30\x35\x00\x06answer\x00{\"statusCode\":\"S1000\",\"internalTrxId\":\"321\"}";

#[cortex_m_rt::entry]
fn main() -> ! {
    run(&PLACE, |place| Some(place.write(User::new()?)), charge)
}

fn charge(user: &'static mut User) -> bool {
    block_on(async {
        let Some(body) = debit(&mut user.body) else { return false };
        let (receive, send) = user.buffer.split_at_mut(768);
        let Ok(config) = ConfigBuilder::new(Buffers::new(receive, send)).client_id("machine-1") else {
            return false;
        };
        let mut session = Session::new(config);
        let Ok(mut connection) = session.connect(Peer::new(ANSWERS)).await else { return false };
        let publication = Publication::bytes("charge", body).qos(QoS::AtLeastOnce);
        let Ok(Some(operation)) = connection.publish(publication).await else { return false };
        let charged = match connection.recv().await {
            Ok(message) => is_charged(200, message.payload()),
            Err(_) => false,
        };
        charged && connection.is_complete(&operation) && connection.disconnect().await.is_ok()
    })
}

struct StillDriver;

impl embassy_time_driver::Driver for StillDriver {
    fn now(&self) -> u64 {
        core::hint::black_box(1000)
    }

    fn schedule_wake(&self, _: u64, _: &Waker) {}
}

embassy_time_driver::time_driver_impl!(static DRIVER: StillDriver = StillDriver);
