//! What is wrong with an answer.

use core::fmt;

/// What is wrong with an answer. The peer or something between is to blame, or a limit of this crate. What follows on the
/// connection cannot be told apart any more: close it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Fault {
    /// The first bytes are not `HTTP/1.`.
    // From 1 on, so that none is 0: a reader begins as zeros.
    NotHttp = 1,
    /// The status line is malformed, or its status is not 100 to 599.
    StatusLine,
    /// A header is malformed: its name, its value, or the colon between.
    Header,
    /// A header goes on in a second line.
    FoldedHeader,
    /// A CR without a LF.
    BareCr,
    /// A LF without a CR.
    BareLf,
    /// The head is longer than [`HEAD_MAX`](super::HEAD_MAX).
    HeadTooLong,
    /// More than [`HEADERS_MAX`](super::HEADERS_MAX) headers.
    TooManyHeaders,
    /// More than [`INTERIM_MAX`](super::INTERIM_MAX) interim answers (1xx) before the answer.
    TooManyInterim,
    /// The peer switched to another protocol (101).
    SwitchedProtocols,
    /// A Content-Length that is not plain digits, or has more than
    /// [`LENGTH_DIGITS_MAX`](super::LENGTH_DIGITS_MAX).
    BadLength,
    /// Two Content-Lengths that differ.
    DifferingLengths,
    /// Content-Length and Transfer-Encoding together.
    LengthAndCoding,
    /// A Transfer-Encoding other than `chunked`, or any in an answer of HTTP/1.0.
    UnknownCoding,
    /// No length: the body would end with the connection, which cannot be told from a break.
    EndNotMarked,
    /// The body is longer than the buffer.
    BodyTooLong,
    /// A chunk's size is not hexadecimal digits, or has more than
    /// [`CHUNK_SIZE_DIGITS_MAX`](super::CHUNK_SIZE_DIGITS_MAX).
    BadChunkSize,
    /// A control character in a chunk's extension.
    BadChunkExtension,
    /// The chunks' extensions are together longer than [`CHUNK_EXTENSIONS_MAX`](super::CHUNK_EXTENSIONS_MAX).
    ChunkExtensionsTooLong,
    /// A chunk goes on beyond its size.
    BadChunkEnd,
    /// A trailer is malformed.
    BadTrailer,
    /// The trailers are together longer than [`TRAILERS_MAX`](super::TRAILERS_MAX).
    TrailersTooLong,
    /// Bytes after the end of an answer whose connection stays open: they belong to no request.
    Surplus,
    /// The connection ended before the first byte of an answer.
    EndBeforeAnswer,
    /// The connection ended within the answer.
    EndWithinAnswer,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Fault::NotHttp => "the peer does not speak HTTP/1: check host and port",
            Fault::StatusLine => "the status line is malformed",
            Fault::Header => "a header is malformed",
            Fault::FoldedHeader => "a header goes on in a second line",
            Fault::BareCr => "a CR without a LF",
            Fault::BareLf => "a LF without a CR",
            Fault::HeadTooLong => "the head is above HEAD_MAX",
            Fault::TooManyHeaders => "more headers than HEADERS_MAX",
            Fault::TooManyInterim => "more 1xx answers than INTERIM_MAX",
            Fault::SwitchedProtocols => "the peer switched protocols",
            Fault::BadLength => "a Content-Length is not a plain number",
            Fault::DifferingLengths => "two Content-Lengths differ",
            Fault::LengthAndCoding => "Content-Length and Transfer-Encoding together",
            Fault::UnknownCoding => "an unknown Transfer-Encoding",
            Fault::EndNotMarked => "the answer has no length",
            Fault::BodyTooLong => "the body is above the buffer: give a longer one",
            Fault::BadChunkSize => "a chunk's size is malformed",
            Fault::BadChunkExtension => "a chunk's extension is malformed",
            Fault::ChunkExtensionsTooLong => "chunk extensions above CHUNK_EXTENSIONS_MAX",
            Fault::BadChunkEnd => "a chunk goes on beyond its size",
            Fault::BadTrailer => "a trailer is malformed",
            Fault::TrailersTooLong => "trailers above TRAILERS_MAX",
            Fault::Surplus => "bytes after the answer's end",
            Fault::EndBeforeAnswer => "the connection ended before an answer",
            Fault::EndWithinAnswer => "the connection ended within the answer",
        })
    }
}

impl core::error::Error for Fault {}
