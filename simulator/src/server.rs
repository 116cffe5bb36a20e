//! HTTP on the loopback: routes requests and puts answers on the wire, faults included.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::Service;
use crate::admin::{self, Call};
use crate::answer::Answer;
use crate::engine::Engine;
use crate::event_stream::EventStream;
use crate::exchange::{self, ServiceCall};
use crate::fault::Delivery;
use crate::guard;
use crate::outgoing::Outgoing;
use crate::paced_body::PacedBody;
use crate::page;
use crate::routes::{self, Found, Work};

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

/// What a fault does to a connection once HTTP has let go of it.
enum Farewell {
    Reset,
    /// These bytes, which no HTTP library would write.
    Bytes(Vec<u8>),
    /// The same, and the connection stays open for a while.
    Lingering(Vec<u8>, Duration),
}

type LastAct = Arc<Mutex<Option<Farewell>>>;

async fn serve(stream: TcpStream, engine: Arc<Engine>) {
    let last_act = LastAct::default();
    let service = service_fn({
        let last_act = Arc::clone(&last_act);
        move |request| handle(request, Arc::clone(&engine), Arc::clone(&last_act))
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    // An error here is a client that went away, or a fault that hung up on it.
    let _ = (&mut connection).await;
    let farewell = last_act.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(farewell) = farewell {
        say(farewell, connection.into_parts().io.into_inner()).await;
    }
}

async fn say(farewell: Farewell, mut stream: TcpStream) {
    match farewell {
        Farewell::Reset => {
            // A socket that cannot be told is closed the common way when dropped.
            let _ = stream.set_zero_linger();
        }
        Farewell::Bytes(bytes) => {
            // A client that is gone misses them.
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Farewell::Lingering(bytes, time) => {
            let _ = stream.write_all(&bytes).await;
            sleep(time).await;
            let _ = stream.shutdown().await;
        }
    }
}

async fn handle(
    request: Request<Incoming>,
    engine: Arc<Engine>,
    last_act: LastAct,
) -> io::Result<Response<Outgoing>> {
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
    let path = head.uri.path();
    let reads = head.method == Method::GET;
    if let Some(why) = engine.keeping_error().filter(|_| !reads) {
        return respond_to_person(&not_kept(&why, "nothing was executed"));
    }
    if path == "/" || path.starts_with("/sim/") {
        let answer = answer_person(&head, &body, &engine).await;
        return match engine.until_kept().await {
            Err(why) if !reads => respond_to_person(&not_kept(&why, "what was asked may be lost")),
            _ => answer,
        };
    }
    let delivery = call_service(&head, &body, &engine);
    match engine.until_kept().await {
        Ok(()) => put_on_wire(delivery, &last_act).await,
        Err(why) => respond(&not_kept(&why, "the request may have been executed")),
    }
}

/// The answer while the state cannot be written to its file.
fn not_kept(why: &str, so: &str) -> Answer {
    let why = format!("the simulator cannot write its state: {why}; {so}");
    Answer::json(503, &serde_json::json!({ "error": why }))
}

/// The page and its API.
async fn answer_person(
    head: &http::request::Parts,
    body: &Bytes,
    engine: &Engine,
) -> io::Result<Response<Outgoing>> {
    if let Some(why) = guard::refusal(&head.headers) {
        return respond_to_person(&Answer::json(403, &serde_json::json!({ "error": why })));
    }
    match routes::find(head.method.as_str(), head.uri.path()) {
        Found::Work(Work::Json(work), parameters) => {
            respond_to_person(&admin::answer(work, &Call { engine, parameters, body }))
        }
        Found::Work(Work::Scenario, parameters) => {
            respond_to_person(&admin::scenario::run(&Call { engine, parameters, body }).await)
        }
        Found::Work(Work::File(file), _) => respond_to_person(&file.answer()),
        Found::Work(Work::Events, _) => {
            let head = Response::builder().header("content-type", "text/event-stream");
            let response = page::HEADERS.iter().fold(head, |head, (name, value)| head.header(*name, *value));
            response.body(Outgoing::Events(EventStream::open(engine))).map_err(io::Error::other)
        }
        Found::OtherMethods(methods) => {
            let mut response = respond_to_person(&Answer::html(405, "Method Not Allowed"))?;
            // A list of methods is a header's value.
            if let Ok(methods) = methods.parse() {
                response.headers_mut().insert("allow", methods);
            }
            Ok(response)
        }
        Found::Nothing => respond_to_person(&Answer::html(404, "Not Found")),
    }
}

/// A carrier's services.
fn call_service(head: &http::request::Parts, body: &Bytes, engine: &Engine) -> Delivery {
    let path = head.uri.path();
    let Some(service) = Service::at(path) else {
        return Delivery::Whole(Answer::html(404, "Not Found"));
    };
    if head.method != Method::POST {
        return Delivery::Whole(Answer::html(405, "Method Not Allowed").with("allow", "POST"));
    }
    let client_id = head.headers.get("x-ibm-client-id").and_then(|value| value.to_str().ok());
    let call = ServiceCall {
        service,
        path: path.to_owned(),
        client_id: client_id.map(str::to_owned),
        body: body.to_vec(),
    };
    engine.with(|state, now| exchange::decide(state, call, now))
}

async fn put_on_wire(delivery: Delivery, last_act: &LastAct) -> io::Result<Response<Outgoing>> {
    let hang_up = |farewell: Option<Farewell>| {
        *last_act.lock().unwrap_or_else(PoisonError::into_inner) = farewell;
        Err(io::Error::other("hung up by a fault"))
    };
    match delivery {
        Delivery::Whole(answer) => respond(&answer),
        Delivery::Close => hang_up(None),
        Delivery::Reset => hang_up(Some(Farewell::Reset)),
        Delivery::Declared(answer, length) => hang_up(Some(Farewell::Bytes(answer.on_the_wire(length)))),
        Delivery::Raw(bytes) => hang_up(Some(Farewell::Bytes(bytes))),
        Delivery::Lingering(answer, milliseconds) => {
            let bytes = answer.on_the_wire(answer.body.len());
            hang_up(Some(Farewell::Lingering(bytes, Duration::from_millis(milliseconds))))
        }
        Delivery::Silence(milliseconds) => {
            sleep(Duration::from_millis(milliseconds)).await;
            hang_up(None)
        }
        Delivery::Pieces(answer, pieces, milliseconds) => {
            let over = Duration::from_millis(milliseconds);
            with_body(&answer, PacedBody::pieces(answer.body.clone(), pieces, over))
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

fn respond(answer: &Answer) -> io::Result<Response<Outgoing>> {
    with_body(answer, PacedBody::whole(answer.body.clone()))
}

fn respond_to_person(answer: &Answer) -> io::Result<Response<Outgoing>> {
    respond(&page::HEADERS.iter().fold(answer.clone(), |answer, (name, value)| answer.with(name, value)))
}

fn with_body(answer: &Answer, body: PacedBody) -> io::Result<Response<Outgoing>> {
    let head = Response::builder()
        .status(answer.status)
        .header("content-type", answer.content_type)
        .header("content-length", answer.body.len());
    let head = answer.headers.iter().fold(head, |head, (name, value)| head.header(*name, *value));
    head.body(Outgoing::Paced(body)).map_err(io::Error::other)
}
