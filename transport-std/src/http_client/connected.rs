//! A request and the connection that was made for it: no byte of the request has left.

use std::sync::Arc;

use tokio::time::Instant;

use super::answer::StreamEnd;
use super::connect::OpenStream;
use super::delivery::{Delivery, NotSent};
use super::exchange::exchange;
use super::request::Request;
use super::settings::HttpSettings;

/// What is ready to be sent, once. Dropping it closes the connection: nothing was sent.
pub(crate) struct Connected {
    pub(super) stream: OpenStream,
    pub(super) request: Request,
    pub(super) settings: Arc<HttpSettings>,
    /// When [`HttpSettings::whole`] ends.
    pub(super) whole_ends: Instant,
}

impl Connected {
    /// Sends the request and waits for its end. Dropping the future: treat it as maybe sent.
    pub(crate) async fn send(self) -> Delivery {
        let Connected { stream, request, settings, whole_ends } = self;
        if Instant::now() >= whole_ends {
            return Delivery::NotSent(NotSent::ConnectTimedOut { after: settings.whole });
        }
        match stream {
            OpenStream::Plain(stream) => {
                exchange(stream, StreamEnd::Unmarked, request, &settings, whole_ends).await
            }
            OpenStream::Tls(stream) => {
                exchange(stream, StreamEnd::Marked, request, &settings, whole_ends).await
            }
        }
    }
}
