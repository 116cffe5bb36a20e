//! HTTP on the loopback: routes requests and puts answers on the wire, faults included.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::Service;
use crate::admin;
use crate::answer::Answer;
use crate::engine::Engine;
use crate::exchange;
use crate::fault::Delivery;
use crate::paced_body::PacedBody;

/// A charge request is under 1 KB; a client that sends more than this is broken.
const LARGEST_REQUEST: usize = 64 * 1024;
/// A client that sends nothing for so long is gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// Accepts connections for ever.
pub(crate) async fn run(listener: TcpListener, engine: Arc<Engine>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve(stream, Arc::clone(&engine)));
            }
            // Out of descriptors, most likely: others must close first.
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn serve(stream: TcpStream, engine: Arc<Engine>) {
    let reset = Arc::new(AtomicBool::new(false));
    let service = service_fn({
        let reset = Arc::clone(&reset);
        move |request| handle(request, Arc::clone(&engine), Arc::clone(&reset))
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    // An error here is a client that went away, or a fault that hung up on it.
    let _ = (&mut connection).await;
    if reset.load(Ordering::Relaxed) {
        let stream = connection.into_parts().io.into_inner();
        // A socket that cannot be told is closed the common way when dropped.
        let _ = stream.set_zero_linger();
    }
}

async fn handle(
    request: Request<Incoming>,
    engine: Arc<Engine>,
    reset: Arc<AtomicBool>,
) -> io::Result<Response<PacedBody>> {
    let (head, body) = request.into_parts();
    if body.size_hint().lower() > LARGEST_REQUEST as u64 {
        return respond(&Answer::html(413, "Content Too Large"));
    }
    let body = match timeout(PATIENCE, Limited::new(body, LARGEST_REQUEST).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            return respond(&Answer::html(413, "Content Too Large"));
        }
        Ok(Err(error)) => return Err(io::Error::other(error)),
        Err(late) => return Err(late.into()),
    };
    put_on_wire(route(&head, &body, &engine), &reset).await
}

fn route(head: &http::request::Parts, body: &Bytes, engine: &Engine) -> Delivery {
    let path = head.uri.path();
    if let Some(admin_path) = path.strip_prefix("/sim/") {
        return Delivery::Whole(admin::answer(engine, &head.method, admin_path, body));
    }
    let Some(service) = Service::at(path) else {
        return Delivery::Whole(Answer::html(404, "Not Found"));
    };
    if head.method != Method::POST {
        return Delivery::Whole(Answer::html(405, "Method Not Allowed"));
    }
    let client_id = head.headers.get("x-ibm-client-id").and_then(|value| value.to_str().ok());
    engine.with(|state, now| exchange::decide(state, service, client_id, body, now))
}

async fn put_on_wire(delivery: Delivery, reset: &AtomicBool) -> io::Result<Response<PacedBody>> {
    let hang_up = || Err(io::Error::other("hung up by a fault"));
    match delivery {
        Delivery::Whole(answer) => respond(&answer),
        Delivery::Close => hang_up(),
        Delivery::Reset => {
            reset.store(true, Ordering::Relaxed);
            hang_up()
        }
        Delivery::Late(answer, milliseconds) => {
            sleep(Duration::from_millis(milliseconds)).await;
            respond(&answer)
        }
        Delivery::Truncated(answer, bytes) => with_body(&answer, PacedBody::cut(answer.body.clone(), bytes)),
        Delivery::Slow(answer, milliseconds) => {
            let pause = Duration::from_millis(milliseconds);
            with_body(&answer, PacedBody::slow(answer.body.clone(), pause))
        }
    }
}

fn respond(answer: &Answer) -> io::Result<Response<PacedBody>> {
    with_body(answer, PacedBody::whole(answer.body.clone()))
}

fn with_body(answer: &Answer, body: PacedBody) -> io::Result<Response<PacedBody>> {
    let mut response = Response::builder()
        .status(answer.status)
        .header("content-type", answer.content_type)
        .header("content-length", answer.body.len());
    if answer.status == 405 {
        response = response.header("allow", "POST");
    }
    response.body(body).map_err(io::Error::other)
}
