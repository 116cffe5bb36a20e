//! A clock of its own, which goes on only when everybody waits, and a peer that does to a connection what it is told.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use caas_core::time::Instant;
use caas_transport_embedded::Clock;
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};

/// Time in milliseconds.
#[derive(Default)]
pub struct World {
    pub now: Cell<u64>,
    next: Cell<Option<u64>>,
    pub polls: Cell<usize>,
}

impl World {
    pub async fn sleep_until(&self, at: u64) {
        poll_fn(|_| {
            if self.now.get() >= at {
                return Poll::Ready(());
            }
            self.next.set(Some(self.next.get().map_or(at, |next| next.min(at))));
            Poll::Pending
        })
        .await;
    }

    /// Runs a future to its end, at most so many polls; `None` if it is dropped after them.
    pub fn run<T>(&self, polls: usize, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        for _ in 0..polls {
            self.polls.set(self.polls.get() + 1);
            self.next.set(None);
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return Some(value);
            }
            self.now.set(self.next.get().unwrap_or(self.now.get()));
        }
        None
    }
}

impl Clock for &World {
    fn now(&self) -> Instant {
        Instant::from_millis(self.now.get())
    }

    async fn wait_until(&self, at: Instant) {
        self.sleep_until(at.as_millis()).await;
    }
}

/// What a peer does when its bytes, or its room, are at their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It closes.
    End,
    /// It resets.
    Break,
    /// It does nothing any more.
    Hang,
    /// It gives these bytes for ever.
    Repeat(&'static [u8]),
}

/// A call of which more bytes are read reads for ever.
const ENDLESS: usize = 100_000;

/// A stream that takes `takes` bytes and then does what it is told, and gives `gives` and then does so too.
pub struct Peer<'w> {
    pub world: &'w World,
    pub taken: &'w RefCell<Vec<u8>>,
    pub takes: usize,
    pub after_taking: Then,
    pub gives: Vec<u8>,
    /// Bytes that were given.
    pub given: &'w Cell<usize>,
    pub after_giving: Then,
    /// Bytes at once.
    pub piece: usize,
    /// Milliseconds before each piece that is taken.
    pub write_pause: u64,
    /// Milliseconds before each piece that is given.
    pub read_pause: u64,
    pub at_flush: Then,
}

impl ErrorType for Peer<'_> {
    type Error = ErrorKind;
}

impl<'w> Peer<'w> {
    /// A peer that takes all and gives this, in pieces of seven bytes, without a pause, and then does nothing.
    pub fn new(
        world: &'w World,
        taken: &'w RefCell<Vec<u8>>,
        given: &'w Cell<usize>,
        gives: impl Into<Vec<u8>>,
    ) -> Self {
        Peer {
            world,
            taken,
            takes: usize::MAX,
            after_taking: Then::Hang,
            gives: gives.into(),
            given,
            after_giving: Then::Hang,
            piece: 7,
            write_pause: 0,
            read_pause: 0,
            at_flush: Then::End,
        }
    }
}

impl Peer<'_> {
    async fn stop(then: Then) -> Result<usize, ErrorKind> {
        match then {
            Then::End => Ok(0),
            Then::Break => Err(ErrorKind::ConnectionReset),
            Then::Hang | Then::Repeat(_) => std::future::pending().await,
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        match (self.gives.get(at), self.after_giving) {
            (Some(byte), _) => Some(*byte),
            (None, Then::Repeat(bytes)) => Some(bytes[(at - self.gives.len()) % bytes.len()]),
            (None, _) => None,
        }
    }
}

impl Read for Peer<'_> {
    async fn read(&mut self, to: &mut [u8]) -> Result<usize, ErrorKind> {
        self.world.sleep_until(self.world.now.get() + self.read_pause).await;
        let given = self.given.get();
        assert!(given < ENDLESS, "reads for ever");
        let mut count = 0;
        for place in to.iter_mut().take(self.piece) {
            let Some(byte) = self.byte(given + count) else { break };
            *place = byte;
            count += 1;
        }
        if count == 0 {
            return Peer::stop(self.after_giving).await;
        }
        self.given.set(given + count);
        Ok(count)
    }
}

impl Write for Peer<'_> {
    async fn write(&mut self, from: &[u8]) -> Result<usize, ErrorKind> {
        self.world.sleep_until(self.world.now.get() + self.write_pause).await;
        let room = self.takes.saturating_sub(self.taken.borrow().len());
        if room == 0 {
            return Peer::stop(self.after_taking).await;
        }
        let count = from.len().min(self.piece).min(room);
        self.taken.borrow_mut().extend(&from[..count]);
        Ok(count)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        match self.at_flush {
            Then::End | Then::Repeat(_) => Ok(()),
            stop => Peer::stop(stop).await.map(drop),
        }
    }
}
