//! What is under load, when this program is started as a server: it says its address, answers questions that come line
//! by line, and ends when nobody can ask any more.

use std::convert::Infallible;
use std::io::{BufRead, Write};

use bytes::Bytes;
use caas_simulator::Simulator;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::Failure;

/// The argument that starts a simulator.
pub const SIMULATOR: &str = "serve-simulator";
/// The argument that starts the yardstick.
pub const FIXED_ANSWER: &str = "serve-fixed-answer";

/// An answer of the simulator's form and length.
const ANSWER: &[u8] = br#"{"statusCode":"S1000","timeStamp":"20261101120000","shortDescription":"short Description","statusDetail":"Success","externalTrxId":"L12345N1000000","longDescription":"Long Description","internalTrxId":"914021114190001"}"#;

/// The simulator as it is by default.
pub fn simulator() -> Result<(), Failure> {
    let simulator = Simulator::builder().start()?;
    say(&simulator.address().to_string())?;
    answer_questions(|question| match question {
        "ledger" => {
            let ledger = simulator.ledger();
            format!("{} captures", ledger.count())
        }
        _ => String::new(),
    })
}

/// hyper with nothing behind it: it reads the whole request and answers the same bytes.
pub fn fixed_answer() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    say(&listener.local_addr()?.to_string())?;
    std::thread::spawn(move || runtime.block_on(accept(listener)));
    answer_questions(|_| String::new())
}

async fn accept(listener: std::net::TcpListener) -> std::io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        // As the simulator's server, so that the difference is what is behind it.
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service_fn(answer));
        tokio::spawn(connection);
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    // A request that breaks off gets no answer anyway.
    drop(request.into_body().collect().await);
    let mut response = Response::new(Full::new(Bytes::from_static(ANSWER)));
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
    Ok(response)
}

fn say(line: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

fn answer_questions(answer: impl Fn(&str) -> String) -> Result<(), Failure> {
    for question in std::io::stdin().lock().lines() {
        say(&answer(question?.trim()))?;
    }
    Ok(())
}
