//! The body of an answer on its way out: a carrier's, or the page's live events.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame};

use crate::event_stream::EventStream;
use crate::paced_body::PacedBody;

pub(crate) enum Outgoing {
    Paced(PacedBody),
    Events(EventStream),
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Outgoing::Paced(body) => Pin::new(body).poll_frame(context),
            Outgoing::Events(body) => Pin::new(body).poll_frame(context),
        }
    }
}
