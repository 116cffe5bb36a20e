//! One request and its answer over an open stream, with deadlines.
//!
//! Connection and request are driven by one future: nothing is spawned, so that dropping the future ends it all.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep_until};

use super::answer::{self, StreamEnd};
use super::counted_stream::{CountedStream, Progress};
use super::delivery::{Answered, Delivery, MaybeSent, NotSent};
use super::request::Request;
use super::settings::{HttpSettings, MAX_ANSWER_HEADERS};

/// Sends the request once and reads its answer. `whole_deadline` is when [`HttpSettings::whole`] ends.
pub(super) async fn exchange<S>(
    stream: S,
    stream_end: StreamEnd,
    request: Request,
    settings: &HttpSettings,
    whole_deadline: Instant,
) -> Delivery
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let progress = Arc::new(Progress::default());
    let stream = TokioIo::new(CountedStream::new(stream, Arc::clone(&progress), request.body_bytes));
    let handshake = hyper::client::conn::http1::Builder::new()
        .max_buf_size(settings.max_head_bytes)
        .max_headers(MAX_ANSWER_HEADERS)
        .handshake(stream)
        .await;
    let Ok((mut sender, connection)) = handshake else {
        return Delivery::NotSent(NotSent::ClosedBeforeSending);
    };
    let conversation = async {
        let response = sender.send_request(request.message).await;
        let response = response.map_err(|error| answer::failure(&error, progress.answer_begun()))?;
        answer::read(response, settings.max_answer_bytes, stream_end).await
    };
    let deadlines = Deadlines::start(settings, whole_deadline);
    let end = drive(pin!(connection), pin!(conversation), deadlines, &progress).await;
    delivery(end, &progress)
}

/// How an exchange ended.
enum End {
    Conversation(Result<Answered, MaybeSent>),
    TimedOut(MaybeSent),
}

/// Only the count decides between not sent and maybe sent.
fn delivery(end: End, progress: &Progress) -> Delivery {
    match (progress.request_begun(), end) {
        (true, End::Conversation(Ok(answered))) => Delivery::Answered(answered),
        (true, End::Conversation(Err(cause)) | End::TimedOut(cause)) => Delivery::MaybeSent(cause),
        (false, End::Conversation(_)) if progress.answer_begun() => {
            Delivery::NotSent(NotSent::AnsweredBeforeSending)
        }
        (false, End::Conversation(_)) => Delivery::NotSent(NotSent::ClosedBeforeSending),
        (false, End::TimedOut(cause)) => {
            Delivery::NotSent(NotSent::WriteTimedOut { after: time_given(&cause) })
        }
    }
}

fn time_given(cause: &MaybeSent) -> Duration {
    match cause {
        MaybeSent::WriteTimedOut { after }
        | MaybeSent::FirstByteTimedOut { after }
        | MaybeSent::WholeTimedOut { after } => *after,
        _ => Duration::ZERO,
    }
}

/// Polls the connection and the conversation until the conversation ends or a deadline passes.
async fn drive<C, T>(
    mut connection: Pin<&mut C>,
    mut conversation: Pin<&mut T>,
    mut deadlines: Deadlines,
    progress: &Progress,
) -> End
where
    C: Future,
    T: Future<Output = Result<Answered, MaybeSent>>,
{
    let mut connection_open = true;
    poll_fn(|cx| {
        // The conversation first queues the request, the connection then moves bytes, and the conversation
        // takes what came back.
        for _ in 0..2 {
            if let Poll::Ready(result) = conversation.as_mut().poll(cx) {
                return Poll::Ready(End::Conversation(result));
            }
            if connection_open && connection.as_mut().poll(cx).is_ready() {
                connection_open = false;
            }
        }
        deadlines.poll_passed(progress, cx).map(End::TimedOut)
    })
    .await
}

/// The deadline that is next depends on how far the exchange has come.
struct Deadlines {
    write: Duration,
    first_byte: Duration,
    whole: Duration,
    write_ends: Instant,
    first_byte_ends: Option<Instant>,
    whole_ends: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Deadlines {
    fn start(settings: &HttpSettings, whole_ends: Instant) -> Self {
        let write_ends = Instant::now() + settings.write;
        Deadlines {
            write: settings.write,
            first_byte: settings.first_byte,
            whole: settings.whole,
            write_ends,
            first_byte_ends: None,
            whole_ends,
            timer: Box::pin(sleep_until(write_ends.min(whole_ends))),
        }
    }

    fn poll_passed(&mut self, progress: &Progress, cx: &mut Context<'_>) -> Poll<MaybeSent> {
        let (ends, cause) = self.next(progress);
        if self.timer.deadline() != ends {
            self.timer.as_mut().reset(ends);
        }
        self.timer.as_mut().poll(cx).map(|()| cause)
    }

    fn next(&mut self, progress: &Progress) -> (Instant, MaybeSent) {
        let whole = (self.whole_ends, MaybeSent::WholeTimedOut { after: self.whole });
        let step = if progress.answer_begun() {
            return whole;
        } else if progress.request_written() {
            let ends = *self.first_byte_ends.get_or_insert_with(|| Instant::now() + self.first_byte);
            (ends, MaybeSent::FirstByteTimedOut { after: self.first_byte })
        } else {
            (self.write_ends, MaybeSent::WriteTimedOut { after: self.write })
        };
        if step.0 <= whole.0 { step } else { whole }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http_client::endpoint::Endpoint;
    use crate::http_client::request;
    use std::io;
    use tokio::io::ReadBuf;

    /// Takes `takes` bytes, then no more; then gives `answer`, then nothing.
    struct Stuck {
        takes: usize,
        answer: &'static [u8],
    }

    impl AsyncWrite for Stuck {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let taken = bytes.len().min(self.takes);
            self.takes -= taken;
            if taken == 0 { Poll::Pending } else { Poll::Ready(Ok(taken)) }
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncRead for Stuck {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            if self.takes > 0 || self.answer.is_empty() {
                return Poll::Pending;
            }
            buffer.put_slice(self.answer);
            self.answer = b"";
            Poll::Ready(Ok(()))
        }
    }

    async fn over(stream: Stuck) -> Delivery {
        let endpoint = Endpoint::parse("http://127.0.0.1").unwrap();
        let request = request::build(&endpoint, "/", &[], b"{}", "test").unwrap();
        let settings = HttpSettings { write: Duration::from_millis(20), ..HttpSettings::default() };
        let whole = Instant::now() + settings.whole;
        let exchange = exchange(stream, StreamEnd::Unmarked, request, &settings, whole);
        tokio::time::timeout(Duration::from_secs(5), exchange).await.unwrap()
    }

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    #[tokio::test]
    async fn a_stream_that_takes_no_byte_was_sent_nothing() {
        let delivery = over(Stuck { takes: 0, answer: b"" }).await;
        assert_eq!(delivery, Delivery::NotSent(NotSent::WriteTimedOut { after: Duration::from_millis(20) }));
    }

    #[tokio::test]
    async fn a_stream_that_takes_one_byte_was_maybe_sent_the_request() {
        let delivery = over(Stuck { takes: 1, answer: b"" }).await;
        assert_eq!(
            delivery,
            Delivery::MaybeSent(MaybeSent::WriteTimedOut { after: Duration::from_millis(20) })
        );
    }

    #[tokio::test]
    async fn an_answer_to_a_request_of_which_no_byte_left_is_no_answer() {
        let delivery = over(Stuck { takes: 0, answer: ANSWER }).await;
        assert_eq!(delivery, Delivery::NotSent(NotSent::AnsweredBeforeSending));
    }

    #[tokio::test]
    async fn an_early_answer_to_a_part_of_the_request_is_an_answer() {
        let delivery = over(Stuck { takes: 20, answer: ANSWER }).await;
        assert!(matches!(delivery, Delivery::Answered(_)), "{delivery:?}");
    }
}
