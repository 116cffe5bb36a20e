//! A machine that sells: runs a `Till` over one connection and one journal.
//!
//! A [`Machine`] has two halves. The [`Driver`] does the work: it writes records, sends requests, asks again, and takes up
//! what a restart left. The [`Counter`] is where the application commands and is told. Poll both from one task, with
//! whatever joins futures, or from a main loop without an executor ([`poll_once`]).
//!
//! The way of a sale: [`Counter::start`] → [`News::Started`] → [`News::PayerMustAct`], where the payer must → [`News::Confirmed`] →
//! [`News::Release`], when its start is durable: dispense → [`Counter::released`] → [`News::Finished`].
//!
//! - Nothing is sent, told, answered or released before it is durable. A journal that fails or is full sends nothing.
//! - Commands and notifications are taken at once, also while a request is under way, which takes a bounded time: at most
//!   [`MachineSettings::connect`] and the profile's `windows.answer`. What they lead to is made durable and told after it.
//! - [`Driver::run`] may be dropped at any await and run again. A write that was under way is a failed one: what was to be
//!   written first is refused, else it is written again. A request that was under way is *maybe sent* where a byte may have
//!   been handed to the stream, else *not sent*.
//! - After a reset, the driver takes up every record of the journal before it starts a sale. There is nothing else to do.
//! - A request is handed to one stream, once. A kept connection that turns out to be closed before the first byte is
//!   replaced by a new one for the same request; nothing else is repeated here.
//! - A request whose sale ended, or was paid, while its connection was made is not sent (R21).
//!
//! ```
//! # use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
//! # use caas_core::{charge::{Carrier, Order}, credentials::{Credentials, Secret}, id::{SaleId, Subscriber}};
//! # use caas_core::{money::Amount, profile, time::Instant};
//! # use embedded_io_async::{ErrorType, Read, Write};
//! use caas_transport_embedded::Clock;
//! use caas_transport_embedded::driver::{
//!     Buffers, Counter, Dial, Happening, Machine, MachineSettings, News, NoConnection, poll_once,
//! };
//! use caas_transport_embedded::journal::RamJournal;
//! # struct MyClock;
//! # impl Clock for MyClock {
//! #     fn now(&self) -> Instant { Instant::ZERO }
//! #     async fn wait_until(&self, _: Instant) { core::future::pending().await }
//! # }
//! # const BODY: &str = r#"{"statusCode":"S1000","statusDetail":"ok","referenceId":"1","internalTrxId":"2",
//! #   "externalTrxId":"K0420000000100000001a"}"#;
//! # struct Socket(Vec<u8>);
//! # impl ErrorType for Socket { type Error = core::convert::Infallible; }
//! # impl Read for Socket {
//! #     async fn read(&mut self, to: &mut [u8]) -> Result<usize, Self::Error> {
//! #         let count = self.0.len().min(to.len());
//! #         to[..count].copy_from_slice(&self.0[..count]);
//! #         self.0.drain(..count);
//! #         Ok(count)
//! #     }
//! # }
//! # impl Write for Socket {
//! #     async fn write(&mut self, from: &[u8]) -> Result<usize, Self::Error> { Ok(from.len()) }
//! #     async fn flush(&mut self) -> Result<(), Self::Error> { Ok(()) }
//! # }
//! # struct Network;
//! # impl Dial for Network {
//! #     type Stream<'s> = Socket;
//! #     async fn dial(&mut self) -> Result<Socket, NoConnection> {
//! #         Ok(Socket(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{BODY}", BODY.len()).into_bytes()))
//! #     }
//! # }
//! # fn dispense() -> bool { true }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let credentials = Credentials {
//! #     application: Secret::new("APP_000018")?, password: Secret::new("x")?, ..Credentials::default()
//! # };
//! # let profile = profile::ideamart();
//! # let carrier = Carrier { profile: &profile, credentials: &credentials, endpoint: profile.endpoint };
//! let settings = MachineSettings { epoch: Some(1), ..MachineSettings::new("K042") };
//! let mut machine: Machine<'_, 4, MyClock> = Machine::new(settings, carrier, MyClock)?;
//! let mut buffers: Buffers = Buffers::new();
//! let (mut driver, counter) = machine.open(Network, RamJournal::<8>::new(), &mut buffers);
//!
//! let sell = async {
//!     let (sale, payer) = (SaleId::new("sale-1")?, Subscriber::new("94771234567")?);
//!     counter.start(&Order::new(&sale, &payer, Amount::parse("5.00")?)).map_err(|_| "busy")?;
//!     loop {
//!         match counter.next().await {
//!             Happening::Charge { news: News::PayerMustAct(act), .. } => println!("{}", act.text),
//!             Happening::Charge { news: News::Release(permit), .. } if dispense() => {
//!                 counter.released(permit).map_err(|_| "no such release")?;
//!             }
//!             Happening::Charge { news: News::Release(permit), .. } => {
//!                 counter.release_failed(permit).map_err(|_| "no such release")?;
//!             }
//!             Happening::Charge { news: News::Finished, .. } => return Ok::<_, Box<dyn std::error::Error>>(()),
//!             _ => {}
//!         }
//!     }
//! };
//! // Where an executor is: join(driver.run(), sell).await. Here is a main loop.
//! let (mut run, mut sell) = (pin!(driver.run()), pin!(sell));
//! loop {
//!     let _ = poll_once(run.as_mut());
//!     if let Poll::Ready(sold) = poll_once(sell.as_mut()) {
//!         break sold;
//!     }
//! }
//! # }
//! ```

mod counter;
mod dial;
mod endpoint;
mod happening;
mod ledger;
mod machine;
mod outbox;
mod poll_once;
mod put_away;
mod settings;
mod signal;
mod start;
mod state;
mod take_up;
mod trace;
mod visit;
mod wish;
mod work;

use core::convert::Infallible;
use core::fmt;

use caas_core::charge::{Input, Sent};
use caas_core::profile::Authentication;

pub use counter::{Counter, NotAccepted};
pub use dial::{Dial, NoConnection};
pub use endpoint::{BadEndpoint, PATH_MAX};
pub use happening::{
    Happening, Instructions, JournalTrouble, News, NotPossible, NotStarted, NotTaken, Reply, Unsent,
};
pub use machine::Machine;
pub use poll_once::poll_once;
pub use settings::{Buffers, JOURNAL_DEADLINE, MachineSettings};

use crate::clock::Clock;
use crate::connection::{Connection, before};
use crate::delivery::{Cause, Delivery, MaybeSent, NotSent};
use crate::framing::{Request, RequestFault};
use crate::journal::Journal;
use embedded_io_async::{Read, Write};
use ledger::Ledger;
use outbox::Outbox;
use trace::{Step, trace};
use work::{Health, Parcel, Work};

/// The half of a [`Machine`] that does the work. See the [module](self).
pub struct Driver<'m, 'c, const N: usize, C, D, J> {
    work: Work<'m, 'c, N, C, J>,
    dial: D,
    wire: &'m mut [u8],
}

/// What became of a request on a connection.
enum Posted {
    /// It was decided, and the charge knows.
    Decided,
    /// The connection was found to be closed before the first byte: the request goes over a new one.
    Stale,
}

impl<'m, 'c, const N: usize, C: Clock, D: Dial, J: Journal> Driver<'m, 'c, N, C, D, J> {
    fn new<const WIRE: usize>(
        machine: &'m Machine<'c, N, C>,
        dial: D,
        journal: J,
        buffers: &'m mut Buffers<WIRE>,
    ) -> Self {
        let Buffers { output, wire } = buffers;
        let ledger = Ledger::new(journal);
        let output = Outbox::new(output);
        let work = Work { machine, ledger, output, ids: None, journal: Health::default() };
        Driver { work, dial, wire }
    }

    /// Does the work, for ever. It waits on the clock, the stream, the journal and the counter, and makes bounded progress
    /// at each poll.
    ///
    /// The future may be dropped at any await; call it again, or make a new driver. What was under way then is a failed
    /// write, and a request that was not sent or maybe sent, as it was.
    pub async fn run(&mut self) -> Infallible {
        self.work.machine.pick_up_dropped();
        self.work.output.overwrite();
        let mut stale = None;
        loop {
            let parcel = match stale.take() {
                Some(parcel) => parcel,
                None => match self.work.until_request(None).await {
                    Some(parcel) => parcel,
                    None => continue,
                },
            };
            let Driver { work, dial, wire } = self;
            let machine = work.machine;
            let deadline = machine.now().after(machine.settings.connect);
            let dialled = before(deadline, &machine.clock, dial.dial()).await;
            match dialled.unwrap_or(Err(NoConnection::TimedOut)) {
                Ok(stream) => {
                    trace(Step::Dialled(true));
                    let mut connection = Connection::new(stream, wire, machine.settings.connection);
                    stale = work.converse(&mut connection, parcel).await;
                }
                Err(why) => {
                    trace(Step::Dialled(false));
                    work.output.overwrite();
                    machine.lose(Sent::NotSent, News::NotSent(Unsent::NoConnection(why)));
                }
            }
        }
    }

    /// Gives the journal back.
    pub fn into_journal(self) -> J {
        self.work.ledger.into_journal()
    }
}

impl<const N: usize, C: Clock, J: Journal> Work<'_, '_, N, C, J> {
    /// Sends a request, and those that follow while the connection is kept. A request that it does not take any more comes
    /// back.
    async fn converse<S: Read + Write>(
        &mut self,
        connection: &mut Connection<'_, S>,
        first: Parcel,
    ) -> Option<Parcel> {
        let mut parcel = first;
        let mut kept = false;
        loop {
            if let Posted::Stale = self.post(connection, parcel, kept).await {
                return Some(parcel);
            }
            self.output.overwrite();
            if connection.ended().is_some() {
                return None;
            }
            kept = true;
            let idle = self.machine.now().after(self.machine.settings.idle);
            parcel = self.until_request(Some(idle)).await?;
        }
    }

    /// Sends one request, once, and tells its charge what became of it.
    async fn post<S: Read + Write>(
        &mut self,
        connection: &mut Connection<'_, S>,
        parcel: Parcel,
        kept: bool,
    ) -> Posted {
        let machine = self.machine;
        let (now, carrier) = (machine.now(), machine.carrier());
        if machine.with(false, |state| state.is_overtaken(now, carrier.profile)) {
            machine.lose(Sent::NotSent, News::NotSent(Unsent::Overtaken));
            return Posted::Decided;
        }
        let path = carrier.profile.path(parcel.service).and_then(|path| machine.endpoint.path(path));
        let (Some(path), Some(body)) = (path, self.output.get(..parcel.length)) else {
            let fault = NotSent::Request(RequestFault::BadPath);
            machine.lose(Sent::NotSent, News::NotSent(Unsent::Connection(fault)));
            return Posted::Decided;
        };
        let secret = [match carrier.profile.authentication {
            Authentication::ClientIdHeader(name) => (name, carrier.credentials.client.expose()),
            Authentication::InBody => ("", ""),
        }];
        let mut post = Request::post(machine.endpoint.host, &path, body);
        post.keep_alive = machine.settings.idle > 0;
        if !secret[0].0.is_empty() {
            post.headers = &secret;
        }
        trace(Step::Sending(parcel.service, parcel.length));
        machine.with((), |state| {
            if let Some(flight) = &mut state.flight {
                flight.handed = true;
            }
        });
        match connection.send(&machine.clock, &post).await {
            Delivery::NotSent(cause) if kept && is_stale(&cause) => {
                machine.with((), |state| {
                    if let Some(flight) = &mut state.flight {
                        flight.handed = false;
                    }
                });
                return Posted::Stale;
            }
            Delivery::NotSent(cause) => {
                machine.lose(Sent::NotSent, News::NotSent(Unsent::Connection(cause)));
            }
            Delivery::MaybeSent(cause) => machine.lose(Sent::MaybeSent, News::NoAnswer(cause)),
            Delivery::Answered { status, body } => machine.answer(status, body),
        }
        Posted::Decided
    }
}

impl<const N: usize, C: Clock> Machine<'_, N, C> {
    /// Tells the charge, and the application, that a request has no answer.
    fn lose(&self, sent: Sent, news: News) {
        trace(Step::Lost(sent));
        let (now, profile) = (self.now(), self.profile());
        let sale = self.with(None, |state| {
            let flight = state.flight.take()?;
            let _ = state.till.handle_input(now, profile, Input::Lost { token: flight.token, sent });
            flight.sale
        });
        if let Some(sale) = sale {
            self.tell(Happening::Charge { sale, news });
        }
    }

    fn answer(&self, status: u16, body: &[u8]) {
        trace(Step::Answered(status));
        let (now, profile) = (self.now(), self.profile());
        self.with((), |state| {
            if let Some(flight) = state.flight.take() {
                let input = Input::Response { token: flight.token, status, body };
                let _ = state.till.handle_input(now, profile, input);
            }
        });
    }

    /// Decides on what a dropped future of [`Driver::run`] left.
    fn pick_up_dropped(&self) {
        let (now, profile) = (self.now(), self.profile());
        let lost = self.with(None, |state| state.pick_up_dropped(now, profile));
        let heard = self.is_heard();
        match lost {
            Some((sale, Sent::NotSent)) if heard => {
                self.tell(Happening::Charge { sale, news: News::NotSent(Unsent::Dropped) });
            }
            Some((sale, Sent::MaybeSent)) if heard => {
                let dropped = MaybeSent { cause: Cause::Dropped, accepted: 0 };
                self.tell(Happening::Charge { sale, news: News::NoAnswer(dropped) });
            }
            _ => {}
        }
    }
}

/// Whether a kept connection refused a request before its first byte because it is of no use any more.
fn is_stale(cause: &NotSent) -> bool {
    matches!(
        cause,
        NotSent::Unusable(_) | NotSent::ClosedBefore | NotSent::BrokenBefore(_) | NotSent::AnsweredBefore
    )
}

impl<const N: usize, C, D, J> fmt::Debug for Driver<'_, '_, N, C, D, J> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Driver").field(self.work.machine).finish()
    }
}
