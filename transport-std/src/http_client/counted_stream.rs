//! The witness: a stream that notes when bytes of the request are handed to the stream below it.
//!
//! It stands above TLS, so that the bytes of a TLS handshake are not counted, and bytes that the TLS session
//! took but has not yet encrypted are.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How far an exchange has come. Only ever grows.
#[derive(Debug, Default)]
pub(super) struct Progress {
    handed: AtomicUsize,
    written: AtomicBool,
    answer_begun: AtomicBool,
}

impl Progress {
    /// Whether at least one byte of the request was handed to the stream below.
    pub(super) fn request_begun(&self) -> bool {
        self.handed.load(Ordering::Acquire) > 0
    }

    /// Whether the whole request was handed over and flushed.
    pub(super) fn request_written(&self) -> bool {
        self.written.load(Ordering::Acquire)
    }

    /// Whether a byte came back.
    pub(super) fn answer_begun(&self) -> bool {
        self.answer_begun.load(Ordering::Acquire)
    }
}

/// A stream that keeps a [`Progress`].
#[derive(Debug)]
pub(super) struct CountedStream<S> {
    inner: S,
    progress: Arc<Progress>,
    body_bytes: usize,
}

impl<S> CountedStream<S> {
    /// `body_bytes` is the length of the request's body: what was written without it is not the whole request.
    pub(super) fn new(inner: S, progress: Arc<Progress>, body_bytes: usize) -> Self {
        CountedStream { inner, progress, body_bytes }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for CountedStream<S> {
    /// Bytes count as handed over unless the stream below said `Pending`, which means that it took none. An error
    /// counts as handed over: a TLS session may have sent a part before it failed.
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.inner).poll_write(cx, bytes));
        let handed = *result.as_ref().unwrap_or(&bytes.len());
        self.progress.handed.fetch_add(handed, Ordering::AcqRel);
        Poll::Ready(result)
    }

    /// hyper flushes the stream when its own buffer is empty, and it puts head and body into that buffer together:
    /// a flush with more than the body handed over means that all of the request was.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_flush(cx))?;
        if self.progress.handed.load(Ordering::Acquire) > self.body_bytes {
            self.progress.written.store(true, Ordering::Release);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    /// One way in, so that there is one place that counts.
    fn is_write_vectored(&self) -> bool {
        false
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for CountedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.progress.answer_begun.store(true, Ordering::Release);
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    /// Gives the scripted results of `poll_write`, one per call.
    struct Scripted(Vec<Poll<io::Result<usize>>>);

    impl AsyncWrite for Scripted {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
            self.0.remove(0)
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn written(script: Vec<Poll<io::Result<usize>>>) -> Arc<Progress> {
        let progress = Arc::new(Progress::default());
        let calls = script.len();
        let mut stream = CountedStream::new(Scripted(script), Arc::clone(&progress), 2);
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..calls {
            let _ = Pin::new(&mut stream).poll_write(&mut cx, b"abc");
        }
        let _ = Pin::new(&mut stream).poll_flush(&mut cx);
        progress
    }

    #[test]
    fn pending_hands_over_nothing_and_an_error_may_have() {
        assert!(!written(vec![]).request_begun());
        assert!(!written(vec![Poll::Pending, Poll::Pending]).request_begun());
        assert!(written(vec![Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))]).request_begun());
        assert!(written(vec![Poll::Pending, Poll::Ready(Ok(1))]).request_begun());
    }

    #[test]
    fn a_request_is_written_when_more_than_its_body_was_handed_over_and_flushed() {
        assert!(!written(vec![]).request_written());
        assert!(!written(vec![Poll::Ready(Ok(2))]).request_written());
        assert!(written(vec![Poll::Ready(Ok(3))]).request_written());
    }
}
