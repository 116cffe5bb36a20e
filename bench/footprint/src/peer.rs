//! A peer that says what it is told to, and that the compiler cannot see through.

use core::convert::Infallible;
use core::hint::black_box;

use embedded_io_async::{ErrorType, Read, Write};

/// A stream: whatever is written is taken, what is read is the answer.
pub struct Peer {
    rest: &'static [u8],
    /// Bytes taken.
    pub taken: u32,
}

impl Peer {
    /// A peer that gives this answer.
    pub fn new(answer: &'static [u8]) -> Self {
        Peer { rest: black_box(answer), taken: 0 }
    }
}

impl ErrorType for Peer {
    type Error = Infallible;
}

impl Read for Peer {
    #[inline(never)]
    async fn read(&mut self, to: &mut [u8]) -> Result<usize, Infallible> {
        let count = self.rest.len().min(to.len());
        let Some((given, rest)) = self.rest.split_at_checked(count) else { return Ok(0) };
        for (to, from) in to.iter_mut().zip(given) {
            *to = *from;
        }
        self.rest = rest;
        Ok(black_box(count))
    }
}

impl Write for Peer {
    #[inline(never)]
    async fn write(&mut self, from: &[u8]) -> Result<usize, Infallible> {
        self.taken = self.taken.wrapping_add(black_box(from).len() as u32);
        Ok(black_box(from.len()))
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
