//! The live events as a body that never ends (Server-Sent Events).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::SimulatorEvent;
use crate::engine::Engine;

/// What happens from now on, for one page. It ends when the page closes the connection.
pub(crate) struct EventStream(mpsc::Receiver<Bytes>);

/// A page that reads slower than this many events in a row makes the stream wait; it misses the oldest then.
const WAITING: usize = 64;
/// A line this often keeps the connection open, and finds out that the page is gone.
const HEARTBEAT: Duration = Duration::from_secs(15);

impl EventStream {
    pub(crate) fn open(engine: &Engine) -> Self {
        let (page, stream) = mpsc::channel(WAITING);
        let (mut events, mut changes) = (engine.events.subscribe(), engine.changes.subscribe());
        tokio::spawn(async move {
            // The first line tells the page that it is connected.
            let mut line = Some(Bytes::from_static(b": connected\n\n"));
            loop {
                if let Some(line) = line.take()
                    && page.send(line).await.is_err()
                {
                    return;
                }
                let next = async {
                    tokio::select! {
                        event = events.recv() => event.map(|event| told(&event)),
                        change = changes.changed() => {
                            change.map(|()| Bytes::from_static(CHANGED)).map_err(|_| RecvError::Closed)
                        }
                    }
                };
                line = match timeout(HEARTBEAT, next).await {
                    Ok(Ok(told)) => Some(told),
                    Ok(Err(RecvError::Lagged(_))) => Some(Bytes::from_static(CHANGED)),
                    Ok(Err(RecvError::Closed)) => return,
                    Err(_) => Some(Bytes::from_static(b": alive\n\n")),
                };
            }
        });
        Self(stream)
    }
}

/// Something changed that is no event of its own: a setting, a fault, the clock.
const CHANGED: &[u8] = b"data: {\"changed\":{}}\n\n";

/// JSON has no line breaks of its own, so that one event is one line.
fn told(event: &SimulatorEvent) -> Bytes {
    let json = serde_json::to_string(event).unwrap_or_else(|_| "{\"changed\":{}}".to_owned());
    Bytes::from(format!("data: {json}\n\n"))
}

impl Body for EventStream {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.0.poll_recv(context).map(|line| line.map(|line| Ok(Frame::data(line))))
    }
}
