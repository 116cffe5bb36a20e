//! A carrier, a host with its relay, and a terminal that only the relay's way leads to, over real sockets.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use caas_core::charge::{AtBoot, BUFFER_MAX, Carrier, Event, Handled, Input, Order, Output, Ticket};
use caas_core::credentials::{Credentials, Secret};
use caas_core::id::{SaleId, Subscriber};
use caas_core::id_generator::ChargeId;
use caas_core::money::Amount;
use caas_core::profile::{self, Profile};
use caas_core::till::{Caps, Till};
use caas_core::time::Instant;
use caas_core::wire::notification;
use caas_simulator::preset;
use caas_transport_embedded::framing::Request;
use caas_transport_embedded::relay::{Pulled, Receipt, Relay, Told};
use caas_transport_embedded::{Clock, Connection, Delivery, Settings};
use caas_transport_std as host;
use embedded_io_async::{Error as _, ErrorKind, ErrorType, Read, Write};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

pub const TERMINAL: &str = "K042";
pub const TOKEN: &str = "the-token-of-K042-0001";
pub const AUTHORIZATION: &str = "Bearer the-token-of-K042-0001";
pub const SALE: &str = "sale-1";

/// A host: a listener for the carrier and a relay for terminals. Dropping it kills it: tasks end where they are, sockets
/// are reset.
pub struct Host {
    runtime: Option<Runtime>,
    pub relay: host::Relay,
    pub notify: String,
    pub terminals: SocketAddr,
}

impl Host {
    pub fn start(folder: &Path) -> Host {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let relay = host::Relay::open(folder.join("relay.db")).unwrap();
        let token = || host::PathToken::new(TOKEN).unwrap();
        relay.register(host::RelayTerminal::new(TERMINAL, token())).unwrap();
        let handler = relay.in_front_of(|_| async { host::Taken::TryLater });
        let (local, served) = ("127.0.0.1:0".parse().unwrap(), relay.clone());
        let start = async {
            let settings = host::ListenerSettings::new(token());
            let listener = host::Listener::bind(local, settings, handler).await.unwrap();
            let server =
                host::RelayServer::bind(local, host::RelayServerSettings::default(), served).await.unwrap();
            let told = (listener.url().reveal(), server.local_addr());
            // They run until the runtime ends.
            std::mem::forget((listener, server));
            told
        };
        // A runtime is not entered from within another one.
        let (notify, terminals) =
            std::thread::scope(|scope| scope.spawn(|| runtime.block_on(start)).join().unwrap());
        Host { runtime: Some(runtime), relay, notify, terminals }
    }

    pub fn waiting(&self) -> u32 {
        self.relay.waiting().unwrap().iter().map(|one| one.waiting + one.set_aside).sum()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

/// A socket as the embedded transport wants it. One that is deaf never hears an answer.
pub struct Socket {
    stream: TcpStream,
    pub deaf: bool,
}

impl Socket {
    pub async fn to(address: SocketAddr) -> Socket {
        Socket { stream: TcpStream::connect(address).await.unwrap(), deaf: false }
    }
}

impl ErrorType for Socket {
    type Error = ErrorKind;
}

impl Read for Socket {
    async fn read(&mut self, to: &mut [u8]) -> Result<usize, ErrorKind> {
        if self.deaf {
            std::future::pending::<()>().await;
        }
        self.stream.read(to).await.map_err(|_| ErrorKind::ConnectionReset)
    }
}

impl Write for Socket {
    async fn write(&mut self, from: &[u8]) -> Result<usize, ErrorKind> {
        self.stream.write(from).await.map_err(|_| ErrorKind::ConnectionReset.kind())
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

pub struct RealClock(pub tokio::time::Instant);

impl Clock for RealClock {
    fn now(&self) -> Instant {
        Instant::from_millis(self.0.elapsed().as_millis().try_into().unwrap())
    }

    async fn wait_until(&self, at: Instant) {
        tokio::time::sleep_until(self.0 + Duration::from_millis(at.as_millis())).await;
    }
}

pub fn credentials() -> Credentials {
    Credentials {
        application: Secret::new(preset::APPLICATION_ID).unwrap(),
        password: Secret::new(preset::PASSWORD).unwrap(),
        agent_pin: Secret::new(preset::EZCASH_AGENT_PIN).unwrap(),
        agent_alias: Secret::new(preset::EZCASH_AGENT_ALIAS).unwrap(),
        ..Credentials::default()
    }
}

/// A terminal that sells by eZ Cash. What is in `flash` survives its death.
pub struct Terminal {
    till: Till<2>,
    profile: Profile<'static>,
    credentials: Credentials,
    pub clock: RealClock,
    pub flash: Option<Vec<u8>>,
    pub confirmed: u32,
    /// The replies of the core that nobody has looked at.
    pub replies: Vec<Ticket>,
}

/// Whether the terminal may write its record now.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Flash {
    Writes,
    StopsBefore,
    StopsAfter,
}

impl Terminal {
    pub fn new() -> Terminal {
        Terminal {
            till: Till::new(Caps::NONE),
            profile: profile::dialog(),
            credentials: credentials(),
            clock: RealClock(tokio::time::Instant::now()),
            flash: None,
            confirmed: 0,
            replies: Vec::new(),
        }
    }

    pub fn relay(&self) -> Relay<'static> {
        Relay { host: "relay.example", terminal: TERMINAL, authorization: AUTHORIZATION, wait: 0 }
    }

    pub fn start(&mut self) {
        let (sale, payer) = (SaleId::new(SALE).unwrap(), Subscriber::new("0712755777").unwrap());
        let amount = Amount::parse("10.00").unwrap();
        let order = Order { instrument: Some(profile::DIALOG_EZCASH), ..Order::new(&sale, &payer, amount) };
        let carrier = Carrier {
            profile: &self.profile,
            credentials: &self.credentials,
            endpoint: self.profile.endpoint,
        };
        let id = ChargeId::new("K0420000000300000001").unwrap();
        self.till.start(self.clock.now(), &carrier, &order, &id).unwrap();
    }

    /// The power goes, and comes back.
    pub fn restart(&mut self) {
        self.till = Till::new(Caps::NONE);
        self.replies.clear();
        let carrier = Carrier {
            profile: &self.profile,
            credentials: &self.credentials,
            endpoint: self.profile.endpoint,
        };
        let record = self.flash.as_ref().expect("the intent is durable");
        self.till.recover(self.clock.now(), &carrier, record, AtBoot::Release).unwrap();
    }

    /// Does what the till wants, until it waits or the flash stops it.
    pub async fn work(&mut self, carrier_at: SocketAddr, flash: Flash) {
        loop {
            let now = self.clock.now();
            let mut buffer = [0; BUFFER_MAX];
            let carrier = Carrier {
                profile: &self.profile,
                credentials: &self.credentials,
                endpoint: self.profile.endpoint,
            };
            let input = match self.till.poll_output(now, &carrier, &mut buffer).1 {
                Output::Persist { .. } if flash == Flash::StopsBefore => return,
                Output::Persist { token, record } => {
                    self.flash = Some(record.bytes().to_vec());
                    if flash == Flash::StopsAfter {
                        return;
                    }
                    Input::Persisted(token)
                }
                Output::Transmit { token, request } => {
                    let mut wire = [0; 2048];
                    let mut connection =
                        Connection::new(Socket::to(carrier_at).await, &mut wire, Settings::default());
                    let post = Request::post("carrier.example", request.path, request.body);
                    match connection.send(&self.clock, &post).await {
                        Delivery::Answered { status, body } => {
                            let input = Input::Response { token, status, body };
                            let _ = self.till.handle_input(self.clock.now(), &self.profile, input);
                            continue;
                        }
                        lost => panic!("{lost:?}"),
                    }
                }
                Output::Reply { ticket, .. } => {
                    self.replies.push(ticket);
                    continue;
                }
                Output::Event(event) => {
                    self.confirmed += u32::from(matches!(event, Event::Confirmed));
                    continue;
                }
                Output::Wait(_) => return,
                Output::BufferTooSmall => unreachable!(),
            };
            let _ = self.till.handle_input(now, &self.profile, input);
        }
    }

    /// What the relay tells first.
    pub async fn pull(&self, at: SocketAddr) -> Option<(Told, Vec<u8>)> {
        let mut wire = [0; 1536];
        let mut connection = Connection::new(Socket::to(at).await, &mut wire, Settings::default());
        match self.relay().pull(&self.clock, &mut connection, 0).await {
            Pulled::Told { told, bytes } => Some((told, bytes.0.to_vec())),
            Pulled::Nothing => None,
            Pulled::Failed(failure) => panic!("{failure}"),
        }
    }

    /// Gives a notification to the core.
    pub fn give(&mut self, bytes: &[u8], ticket: Ticket) -> Handled {
        let notification = notification::read(&self.profile, bytes).unwrap();
        let input = Input::Notification { ticket, notification: &notification };
        self.till.handle_input(self.clock.now(), &self.profile, input)
    }

    pub async fn acknowledge(
        &self,
        at: SocketAddr,
        receipt: &Receipt,
    ) -> caas_transport_embedded::relay::Acknowledged {
        let mut wire = [0; 512];
        let mut connection = Connection::new(Socket::to(at).await, &mut wire, Settings::default());
        self.relay().acknowledge(&self.clock, &mut connection, receipt).await
    }

    /// The sale's payment, its sum, and what is owed back.
    pub fn standing(&self) -> (String, Amount, Amount) {
        let charge = self.till.charge(&SaleId::new(SALE).unwrap()).unwrap();
        (format!("{:?}", charge.payment()), charge.received(), charge.refund_due())
    }
}

/// Waits, in real time, until `holds`; panics after ten seconds.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not come to be");
}
