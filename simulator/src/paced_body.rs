//! A body that breaks off, or trickles.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::{Sleep, sleep};

/// Bytes in pieces with pauses in between, and an error at the end where it breaks off.
pub(crate) struct PacedBody {
    rest: Bytes,
    piece: usize,
    pause: Duration,
    pausing: Option<Pin<Box<Sleep>>>,
    breaks_off: bool,
}

impl PacedBody {
    /// Long enough for what was written before to leave the machine before the connection breaks.
    const BEFORE_THE_BREAK: Duration = Duration::from_millis(20);

    pub(crate) fn whole(bytes: Vec<u8>) -> Self {
        let piece = bytes.len();
        Self { rest: bytes.into(), piece, pause: Duration::ZERO, pausing: None, breaks_off: false }
    }

    pub(crate) fn slow(bytes: Vec<u8>, pause: Duration) -> Self {
        Self { pause, piece: 1, ..Self::whole(bytes) }
    }

    /// In so many pieces, over so much time in all.
    pub(crate) fn pieces(bytes: Vec<u8>, pieces: u32, over: Duration) -> Self {
        let pieces = pieces.max(1);
        let piece = bytes.len().div_ceil(usize::try_from(pieces).unwrap_or(usize::MAX)).max(1);
        Self { pause: over / pieces, piece, ..Self::whole(bytes) }
    }

    pub(crate) fn cut(mut bytes: Vec<u8>, length: usize) -> Self {
        let breaks_off = length < bytes.len();
        bytes.truncate(length);
        Self { breaks_off, pause: Self::BEFORE_THE_BREAK, ..Self::whole(bytes) }
    }

    fn next_piece(&mut self) -> Option<Result<Frame<Bytes>, io::Error>> {
        if self.rest.is_empty() {
            let broken = std::mem::take(&mut self.breaks_off);
            return broken.then(|| Err(io::Error::other("cut by a fault")));
        }
        let piece = self.rest.split_to(self.piece.min(self.rest.len()));
        Some(Ok(Frame::data(piece)))
    }
}

impl Body for PacedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if !self.pause.is_zero() {
            let pause = self.pause;
            let pausing = self.pausing.get_or_insert_with(|| Box::pin(sleep(pause)));
            ready!(pausing.as_mut().poll(context));
            self.pausing = None;
        }
        Poll::Ready(self.next_piece())
    }
}
