//! Debits over connections that are kept alive, one at a time on each, all on one thread.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

use crate::timings::{WINDOW, Window};
use crate::{Failure, debit};

pub struct Load {
    /// `HOST:PORT`.
    pub address: String,
    pub debits: u64,
    pub connections: usize,
}

/// What all connections share.
struct Shared<T> {
    begun: u64,
    debits: u64,
    done: u64,
    window_began: Instant,
    /// Microseconds of each debit of this window.
    times: Vec<u32>,
    tell: T,
}

impl Load {
    /// Sends them all, telling `tell` of each window; debits per second over all of them.
    ///
    /// Every answer must say that the debit was executed; the first other one ends the run.
    pub fn run(&self, tell: impl FnMut(&Window) + 'static) -> Result<f64, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shared = Rc::new(RefCell::new(Shared {
            begun: 0,
            debits: self.debits,
            done: 0,
            window_began: Instant::now(),
            times: Vec::with_capacity(WINDOW as usize),
            tell,
        }));
        let start = Instant::now();
        LocalSet::new().block_on(&runtime, async {
            let connections: Vec<_> = (0..self.connections)
                .map(|_| tokio::task::spawn_local(connection(self.address.clone(), Rc::clone(&shared))))
                .collect();
            for connection in connections {
                connection.await??;
            }
            Ok::<_, Failure>(())
        })?;
        Ok(self.debits as f64 / start.elapsed().as_secs_f64())
    }
}

async fn connection(
    address: String,
    shared: Rc<RefCell<Shared<impl FnMut(&Window)>>>,
) -> Result<(), Failure> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut request, mut answer, run) = (Vec::new(), Vec::new(), std::process::id());
    loop {
        let Some(number) = shared.borrow_mut().next() else { return Ok(()) };
        debit::write(&mut request, number, run);
        let start = Instant::now();
        stream.write_all(&request).await?;
        read_answer(&mut stream, &mut answer).await?;
        let took = start.elapsed();
        if !debit::is_executed(&answer) {
            return Err(format!("debit {number}: {}", String::from_utf8_lossy(&answer)).into());
        }
        shared.borrow_mut().done(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }
}

async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> Result<(), Failure> {
    answer.clear();
    loop {
        if stream.read_buf(answer).await? == 0 {
            return Err("the connection ended before the answer did".into());
        }
        if debit::answer_length(answer).is_some_and(|length| answer.len() >= length) {
            return Ok(());
        }
    }
}

impl<T: FnMut(&Window)> Shared<T> {
    /// The next debit's number.
    fn next(&mut self) -> Option<u64> {
        self.begun += 1;
        (self.begun <= self.debits).then_some(self.begun)
    }

    fn done(&mut self, microseconds: u32) {
        self.done += 1;
        self.times.push(microseconds);
        if self.done.is_multiple_of(WINDOW) {
            let window = Window::of(self.done, &mut self.times, self.window_began.elapsed());
            (self.tell)(&window);
            self.times.clear();
            self.window_began = Instant::now();
        }
    }
}
