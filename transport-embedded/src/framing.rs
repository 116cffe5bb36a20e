//! HTTP/1.1 client framing without I/O: a request is written into a buffer, an answer is read from any pieces.
//!
//! It takes one way to say where a message ends and refuses every other: two lengths, a length that is not plain
//! digits, an unknown transfer coding, folded headers, a bare CR or LF, bytes after the end. What two readers could
//! understand differently is no evidence of a payment.
//!
//! ```
//! use caas_transport_embedded::framing::{AnswerReader, Request, Reuse, Step};
//!
//! let post = Request::post("api.example.com", "/caas/direct/debit", b"{}");
//! let mut buffer = [0; 512];
//! let length = post.write(&mut buffer)?;
//! assert!(buffer[..length].starts_with(b"POST /caas/direct/debit HTTP/1.1\r\nHost: api.example.com\r\n"));
//!
//! // The same buffer takes the answer, in whatever pieces the wire gives it.
//! let mut reader = AnswerReader::new(&mut buffer);
//! assert_eq!(reader.feed(b"HTTP/1.1 200 OK\r\nContent-Le")?, Step::More);
//! assert_eq!(reader.feed(b"ngth: 2\r\n\r\n{}")?, Step::Complete);
//! let answer = reader.into_answer().ok_or("not complete")?;
//! assert_eq!((answer.status, answer.body, answer.reuse), (200, &b"{}"[..], Reuse::KeepAlive));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod characters;
mod chunked;
mod fault;
mod head;
mod reading;
mod request;
mod word;

pub use answer::{Answer, AnswerReader, INTERIM_MAX, Step};
pub use chunked::{CHUNK_EXTENSIONS_MAX, CHUNK_SIZE_DIGITS_MAX, TRAILERS_MAX};
pub use fault::Fault;
pub use head::{CloseReason, HEAD_MAX, HEADERS_MAX, LENGTH_DIGITS_MAX, Reuse};
pub(crate) use reading::Reading;
pub use request::{Request, RequestFault};
