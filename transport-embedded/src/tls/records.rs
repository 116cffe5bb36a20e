//! Lets only those records through to embedded-tls that it can take.
//!
//! It panics at a record of AES-GCM's tag alone, and, after the handshake, at a handshake message in plain text: anybody
//! on the way can send both. It would read records without end that carry no data. And it cannot go on where a
//! dropped `read` has left a record half read.

use core::cell::Cell;

use embedded_io_async::{Error, ErrorKind, ErrorType, Read, Write};

/// Longest content of a record (RFC 8446, 5.2).
pub const RECORD_MAX: u16 = (1 << 14) + 256;
/// Most records of a handshake. Servers send three to eight.
pub const RECORDS_HANDSHAKE_MAX: u8 = 32;
/// Most records that are skipped until one with data comes. After a handshake, servers send up to four tickets.
pub const RECORDS_WITHOUT_DATA_MAX: u8 = 16;

const HEADER: usize = 5;
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
/// AES-GCM's tag and the type of the content: without the latter, embedded-tls panics.
const ENCRYPTED_MIN: u16 = 16 + 1;

/// How far the records are. Shared, since embedded-tls keeps the stream that counts them to itself.
#[derive(Clone, Copy)]
pub struct Progress {
    header: [u8; HEADER],
    header_length: usize,
    /// Bytes of the record's content that were not read yet.
    left: u16,
    /// Records that may still come in this call.
    records_left: u8,
    encrypted_only: bool,
}

impl Progress {
    /// Before the handshake.
    pub const NEW: Progress = Progress {
        header: [0; HEADER],
        header_length: 0,
        left: 0,
        records_left: RECORDS_HANDSHAKE_MAX,
        encrypted_only: false,
    };

    /// Before a call that reads data: so many records more, and only encrypted ones.
    pub fn for_data(self) -> Progress {
        Progress { records_left: RECORDS_WITHOUT_DATA_MAX, encrypted_only: true, ..self }
    }

    /// Whether a record was begun and not read to its end.
    pub fn is_within_a_record(&self) -> bool {
        self.header_length > 0 || self.left > 0
    }

    /// How many bytes may be read at once.
    fn room(&self) -> usize {
        match self.left {
            0 => HEADER.saturating_sub(self.header_length),
            left => usize::from(left),
        }
    }

    /// Takes what was read, at most [`Progress::room`] bytes. `Err` if no such record may come.
    fn take(&mut self, bytes: &[u8]) -> Result<(), ()> {
        if self.left > 0 {
            self.left = self.left.saturating_sub(u16::try_from(bytes.len()).unwrap_or(u16::MAX));
            return Ok(());
        }
        for byte in bytes {
            *self.header.get_mut(self.header_length).ok_or(())? = *byte;
            self.header_length = self.header_length.saturating_add(1);
        }
        if self.header_length == HEADER {
            self.left = self.check_header()?;
            self.header_length = 0;
        }
        Ok(())
    }

    /// The length of the record's content.
    fn check_header(&mut self) -> Result<u16, ()> {
        let [kind, version, _, high, low] = self.header;
        let length = u16::from_be_bytes([high, low]);
        let fits = match kind {
            APPLICATION_DATA => (ENCRYPTED_MIN..=RECORD_MAX).contains(&length),
            _ if self.encrypted_only => false,
            CHANGE_CIPHER_SPEC => length == 1,
            ALERT => length == 2,
            HANDSHAKE => (1..=RECORD_MAX).contains(&length),
            _ => false,
        };
        self.records_left = self.records_left.checked_sub(1).ok_or(())?;
        if fits && version == 3 { Ok(length) } else { Err(()) }
    }
}

/// A stream that gives embedded-tls whole records it can take, or an error.
pub struct Records<'b, S> {
    pub stream: S,
    pub progress: &'b Cell<Progress>,
}

/// Of a stream below: its own kind, or [`ErrorKind::InvalidData`] for a record that may not come.
#[derive(Clone, Copy, Debug)]
pub struct RecordsError(ErrorKind);

impl Error for RecordsError {
    fn kind(&self) -> ErrorKind {
        self.0
    }
}

impl core::fmt::Display for RecordsError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "{:?}", self.0)
    }
}

impl core::error::Error for RecordsError {}

impl<S> ErrorType for Records<'_, S> {
    type Error = RecordsError;
}

impl<S: Read> Read for Records<'_, S> {
    async fn read(&mut self, to: &mut [u8]) -> Result<usize, RecordsError> {
        let mut progress = self.progress.get();
        let room = progress.room().min(to.len());
        let place = to.get_mut(..room).unwrap_or(&mut []);
        let count = self.stream.read(place).await.map_err(|error| RecordsError(error.kind()))?;
        let told = progress.take(place.get(..count).unwrap_or(&[]));
        self.progress.set(progress);
        told.map(|()| count).map_err(|()| RecordsError(ErrorKind::InvalidData))
    }
}

impl<S: Write> Write for Records<'_, S> {
    /// Never `Ok(0)`, at which `write_all` panics.
    async fn write(&mut self, from: &[u8]) -> Result<usize, RecordsError> {
        match self.stream.write(from).await {
            Ok(0) if !from.is_empty() => Err(RecordsError(ErrorKind::WriteZero)),
            told => told.map_err(|error| RecordsError(error.kind())),
        }
    }

    async fn flush(&mut self) -> Result<(), RecordsError> {
        self.stream.flush().await.map_err(|error| RecordsError(error.kind()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(progress: &mut Progress, bytes: [u8; HEADER]) -> Result<u16, ()> {
        bytes.iter().try_for_each(|byte| progress.take(&[*byte]))?;
        let length = progress.left;
        progress.left = 0;
        Ok(length)
    }

    #[test]
    fn each_length_of_a_record_is_taken_at_its_edges() {
        let told = |kind, length: u16, data: bool| {
            let mut progress = if data { Progress::NEW.for_data() } else { Progress::NEW };
            let [high, low] = length.to_be_bytes();
            header(&mut progress, [kind, 3, 3, high, low]).is_ok()
        };
        for (kind, least, most) in [(20, 1, 1), (21, 2, 2), (22, 1, RECORD_MAX), (23, 17, RECORD_MAX)] {
            for data in [false, true] {
                let may_come = !data || kind == 23;
                assert_eq!(told(kind, least, data), may_come, "{kind}");
                assert_eq!(told(kind, most, data), may_come, "{kind}");
                assert!(!told(kind, least - 1, data) && !told(kind, most + 1, data), "{kind}");
            }
        }
        assert!(!told(24, 1, false) && !told(0, 1, false));
    }

    #[test]
    fn another_version_is_refused() {
        assert_eq!(header(&mut Progress::NEW.clone(), [22, 2, 0, 0, 9]), Err(()));
        assert_eq!(header(&mut Progress::NEW.clone(), [22, 3, 1, 0, 9]), Ok(9));
    }

    #[test]
    fn the_number_of_records_is_bounded() {
        for (start, most) in
            [(Progress::NEW, RECORDS_HANDSHAKE_MAX), (Progress::NEW.for_data(), RECORDS_WITHOUT_DATA_MAX)]
        {
            let mut progress = start;
            for _ in 0..most {
                assert_eq!(header(&mut progress, [23, 3, 3, 0, 17]), Ok(17));
            }
            assert_eq!(header(&mut progress, [23, 3, 3, 0, 17]), Err(()));
        }
    }

    #[test]
    fn nothing_behind_a_record_is_read_with_it() {
        let mut progress = Progress::NEW;
        assert_eq!(progress.room(), 5);
        progress.take(&[22, 3, 3]).unwrap();
        assert!(progress.is_within_a_record() && progress.room() == 2);
        progress.take(&[0, 9]).unwrap();
        assert!(progress.is_within_a_record() && progress.room() == 9);
        progress.take(&[0; 9]).unwrap();
        assert!(!progress.is_within_a_record() && progress.room() == 5);
    }
}
