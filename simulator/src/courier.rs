//! Carries notifications to the application, one at a time, when virtual time says so.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::SimulatorEvent;
use crate::engine::Engine;
use crate::notification::{self, DeliveryOutcome};
use crate::outbox::Errand;
use crate::state::State;

/// How long a receiver may take for its acknowledgement, in real time: it keeps the evidence first.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks at a disk that refuses.
const RETRY: Duration = Duration::from_millis(500);
/// An acknowledgement has two short members.
const LARGEST_ACKNOWLEDGEMENT: usize = 64 * 1024;

/// Runs as long as the simulator does.
pub(crate) async fn run(engine: Arc<Engine>) {
    loop {
        match engine.with_unwoken(next_errand) {
            Some((errand, url)) => {
                // What a notification says must not be lost after somebody was told.
                while engine.until_kept().await.is_err() {
                    sleep(RETRY).await;
                }
                run_errand(&engine, errand, url).await;
            }
            None => wait_for_work(&engine).await,
        }
    }
}

fn next_errand(state: &mut State, now: u64) -> Option<(Errand, Option<String>)> {
    let (book, random) = (&mut state.book, &mut state.random);
    let errand = book.outbox.next_errand(now, || book.faults.take_notification(random))?;
    Some((errand, state.settings.notify_url.clone()))
}

async fn run_errand(engine: &Engine, errand: Errand, url: Option<String>) {
    let (parcel, body, outcome) = match errand {
        Errand::Dropped(parcel) => {
            let body = parcel.body.clone();
            (parcel, body, DeliveryOutcome::Dropped)
        }
        Errand::Send { parcel, body, lose_ack } => {
            let outcome = match url {
                Some(url) => deliver(&url, &body).await,
                None => DeliveryOutcome::NoUrl,
            };
            let lost = lose_ack && outcome == DeliveryOutcome::Acknowledged;
            (parcel, body, if lost { DeliveryOutcome::AckLost } else { outcome })
        }
    };
    engine.with(|state, now| {
        if let Some(record) = state.book.outbox.delivered(parcel, body, outcome, now) {
            state.tell(|| SimulatorEvent::NotificationSent(record));
        }
    });
}

async fn wait_for_work(engine: &Engine) {
    let wait = engine.look(|state| state.next_due().and_then(|due| state.clock.real_time_until(due)));
    match wait {
        // A millisecond more than nothing: the real clock counts whole ones.
        Some(wait) => tokio::select! {
            () = engine.wake.notified() => {}
            () = sleep(wait.max(Duration::from_millis(1))) => {}
        },
        None => engine.wake.notified().await,
    }
}

async fn deliver(url: &str, body: &str) -> DeliveryOutcome {
    let unreachable = |error: String| DeliveryOutcome::Unreachable { error };
    match timeout(PATIENCE, post(url, body.to_owned())).await {
        Err(_) => unreachable("no acknowledgement in time".to_owned()),
        Ok(Err(error)) => unreachable(error.to_string()),
        Ok(Ok((status, answer))) if notification::acknowledges(status, &answer) => {
            DeliveryOutcome::Acknowledged
        }
        Ok(Ok((status, _))) => DeliveryOutcome::Refused { status },
    }
}

/// One POST on a connection of its own, never repeated here.
async fn post(url: &str, body: String) -> io::Result<(u16, Bytes)> {
    let url: http::Uri = url.parse().map_err(io::Error::other)?;
    let host = url.host().ok_or_else(|| io::Error::other("the notification URL names no host"))?;
    if url.scheme_str() != Some("http") {
        return Err(io::Error::other("the notification URL is not http://"));
    }
    let stream = TcpStream::connect((host.trim_matches(['[', ']']), url.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let request = http::Request::post(url.path_and_query().map_or("/", |path| path.as_str()))
        .header("host", url.authority().map_or(host, |authority| authority.as_str()))
        .header("content-type", "application/json")
        .header("connection", "close")
        .body(Full::new(Bytes::from(body)))
        .map_err(io::Error::other)?;
    let exchange = async {
        let answer = sender.send_request(request).await.map_err(io::Error::other)?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), LARGEST_ACKNOWLEDGEMENT);
        Ok((status, body.collect().await.map_err(io::Error::other)?.to_bytes()))
    };
    // The connection moves the bytes; the exchange tells how it went.
    let driven = async {
        let _ = connection.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        result = exchange => result,
        () = driven => Err(io::Error::other("the connection ended")),
    }
}
