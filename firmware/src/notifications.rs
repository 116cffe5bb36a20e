//! Pulls this machine's notifications from the relay, and acknowledges each when it is durable here.

use caas_core::charge::Ticket;
use caas_transport_embedded::driver::{Dial, NotTaken, Reply};
use caas_transport_embedded::relay::{Acknowledged, Given, Pulled, Receipt, Relay};
use caas_transport_embedded::{Clock, Connection, EmbassyClock, Settings};
use embassy_futures::select::{Either, select};
use embassy_net::{IpAddress, IpEndpoint, Stack};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::channel::Channel;
use embassy_time::Timer;
use embedded_io_async::{Read, Write};
use static_cell::StaticCell;

use crate::machine::{PREFIX, TheCounter};
use crate::provisioning::Provisioned;
use crate::reset_point::{ResetPoint, reach};
use crate::semihosting::line;
use crate::socket::{Dialler, SocketBuffers};

/// Seconds that the relay waits for a notification before it says that there is none.
const WAIT: u8 = 20;
/// Between two tries, where something failed.
const PAUSE_MS: u64 = 250;
/// How long the charge may take to make a notification durable; then it is told again.
const DURABLE_MS: u32 = 10_000;
/// How long a connection to the relay may take.
const CONNECT_MS: u64 = 5_000;
/// A notification and what goes with it.
const BUFFER: usize = 1536;

static SOCKET_BUFFERS: StaticCell<SocketBuffers> = StaticCell::new();

/// What the charges say to the notifications that they were given.
pub type Replies = Channel<NoopRawMutex, (Ticket, Reply), 4>;

/// Pulls, for ever.
pub async fn pull(counter: TheCounter<'_, '_>, replies: &Replies, stack: Stack<'static>, here: &Provisioned) {
    let Some(port) = here.relay_port else { return core::future::pending().await };
    let peer = IpEndpoint::new(IpAddress::v4(10, 0, 2, 2), port);
    let mut dialler = Dialler::new(stack, SOCKET_BUFFERS.init(SocketBuffers::new()), peer, None);
    let relay = Relay {
        host: &here.relay_host,
        terminal: PREFIX,
        authorization: &here.relay_authorization,
        wait: WAIT,
    };
    let mut buffer = [0; BUFFER];
    loop {
        if let Either::First(Ok(stream)) = select(dialler.dial(), Timer::after_millis(CONNECT_MS)).await {
            let mut connection = Connection::new(stream, &mut buffer, Settings::default());
            // Each connection begins with the first that is not acknowledged.
            let mut next = Some(0);
            while let Some(after) = next {
                next = take_one(counter, replies, &relay, &mut connection, after).await;
            }
        }
        Timer::after_millis(PAUSE_MS).await;
    }
}

/// Takes one notification after this number, or waits for one in vain. The number after which the next is pulled; `None`:
/// the connection is of no use any more, or a pause is due.
///
/// One that cannot be taken now does not keep the payments behind it back: those are pulled, and when there is none, all
/// are pulled again from the first.
async fn take_one<S: Read + Write>(
    counter: TheCounter<'_, '_>,
    replies: &Replies,
    relay: &Relay<'_>,
    connection: &mut Connection<'_, S>,
    after: u32,
) -> Option<u32> {
    // With some left behind, it does not wait for new ones.
    let relay = &Relay { wait: if after == 0 { relay.wait } else { 0 }, ..*relay };
    let (told, taken) = match relay.pull(&EmbassyClock, connection, after).await {
        Pulled::Told { told, bytes } => (told, counter.notification(bytes.0)),
        Pulled::Nothing => return (after == 0 && connection.ended().is_none()).then_some(0),
        Pulled::Failed(why) => {
            line(format_args!("relay trouble: {why}"));
            return None;
        }
    };
    let number = told.number();
    line(format_args!("notification number={number}"));
    let receipt = match taken {
        Ok(ticket) => durable(replies, told.given_as(ticket)).await,
        Err(NotTaken::NotUnderstood) => Some(told.not_ours()),
        Err(NotTaken::TryLater) => None,
    };
    let goes_on = match receipt {
        Some(receipt) => acknowledge(relay, connection, &receipt).await,
        None => return connection.ended().is_none().then_some(number),
    };
    goes_on.then_some(after)
}

/// Waits until the charge says that what the notification says is durable.
async fn durable(replies: &Replies, given: Given) -> Option<Receipt> {
    let end = EmbassyClock.now().after(DURABLE_MS);
    loop {
        let (ticket, reply) = match select(replies.receive(), EmbassyClock.wait_until(end)).await {
            Either::First(reply) => reply,
            Either::Second(()) => return None,
        };
        // An earlier one, which was not waited for, will be told again.
        if ticket != given.ticket() {
            continue;
        }
        return match reply {
            Reply::Acknowledge => given.replied(ticket).ok(),
            Reply::NotOurs => Some(given.not_ours()),
            Reply::TryLater => None,
        };
    }
}

async fn acknowledge<S: Read + Write>(
    relay: &Relay<'_>,
    connection: &mut Connection<'_, S>,
    receipt: &Receipt,
) -> bool {
    match relay.acknowledge(&EmbassyClock, connection, receipt).await {
        Acknowledged::Done => {
            reach(ResetPoint::AfterAcknowledge);
            connection.ended().is_none()
        }
        Acknowledged::NotKnown => connection.ended().is_none(),
        // It is told again, and acknowledged then.
        Acknowledged::Failed(_) => false,
    }
}
