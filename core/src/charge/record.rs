//! The journal record: everything durable about one charge in one piece, versioned, with a CRC-32 and a commit mark.
//!
//! A record stands for the whole charge, so the newest good one is all that a restart needs. Storage writes the
//! [`body`](Record::body), reads it back, and writes the [`mark`](Record::mark) last: without the mark the record never
//! existed; with the mark and a wrong CRC it was damaged later, and the charge is in doubt.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | `CAAS` |
//! | 1 | version, 1 |
//! | 2 | length of the body, from the first byte to the CRC, little-endian like all numbers here |
//! | 4 | sequence: the larger is the newer |
//! | 1 + … | name of the profile, after its length; so are endpoint and name of the instrument |
//! | 5 × 4 | amounts in cents, all ones for none: price, given back, due by the carrier, beyond all references, found by a person |
//! | 3, 4 | currency, window in milliseconds |
//! | 9 | sale, release, review; attempts made unasked; conflicts; restarts; refused credentials; how many attempts, credits |
//! | 18 each | attempts: sends and confirms, marks, code |
//! | 6 each | credits: attempt, whether matched, amount |
//! | 16, … | lengths of the texts, or from 240 on: the same as that of slot 0, 1 …; then the texts |
//! | 4 | CRC-32 (ISO-HDLC) of the body |
//! | 4 | the mark |
//!
//! A record may hold the payer's id. It never holds a password, a PIN or an OTP.

mod fields;
mod pass;

use core::fmt;

use heapless::String;

use super::durable::Storage;
use super::texts::{SLOTS, TEXTS_MAX};
use super::{ATTEMPTS_MAX, CREDITS_MAX, Carrier, Charge, ENDPOINT_MAX, INSTRUMENT_NAME_MAX};
use crate::checksum::checksum;
use crate::profile::PROFILE_NAME_MAX;
pub(super) use pass::Pass;

/// The longest record. Its parts are bounded, and a test builds the longest.
pub const RECORD_MAX: usize = 543;
/// The version that is written. Older ones are read as long as this line says so: none exist yet.
pub const RECORD_VERSION: u8 = 1;

const MAGIC: [u8; 4] = *b"CAAS";
const MARK: [u8; 4] = [0x43, 0x4D, 0xA5, 0x5A];
/// So many flipped bits in the mark are damage. Taken for "never existed", one flipped bit would bring an older record
/// back: one that does not know of a request that was sent, or of a release. A mark of which a whole byte is missing,
/// as after a cut, differs in more bits.
const MARK_FLIPS: u32 = 2;
/// Magic, version and length.
const START: usize = 7;
/// CRC and mark.
const TAIL: usize = 8;

/// Longest name of a reviewer, in bytes.
pub(super) const REVIEWER_MAX: usize = 16;

/// A record to be made durable.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Record<'b>(&'b [u8]);

impl<'b> Record<'b> {
    /// The whole record, for storage whose own writes are all or nothing.
    pub fn bytes(&self) -> &'b [u8] {
        self.0
    }

    /// Everything but the mark: written first, and read back.
    pub fn body(&self) -> &'b [u8] {
        self.0.get(..self.0.len().saturating_sub(MARK.len())).unwrap_or(&[])
    }

    /// The mark: written last.
    pub fn mark(&self) -> &'b [u8] {
        self.0.get(self.0.len().saturating_sub(MARK.len())..).unwrap_or(&[])
    }

    pub(super) fn write(charge: &mut Charge, carrier: &Carrier<'_>, buffer: &'b mut [u8]) -> Record<'b> {
        let length = write(charge, carrier, buffer);
        let buffer: &'b [u8] = buffer;
        // The longest record fits RECORD_MAX, which poll_output has checked the buffer for; if that were wrong, the
        // empty record would be refused by recovery and by storage.
        Record(buffer.get(..length.unwrap_or(0)).unwrap_or(&[]))
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Record({} bytes)", self.0.len())
    }
}

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Damage {
    /// There is no mark: the record never existed.
    NoMark,
    /// The CRC is wrong, or the content does not fit together: the record was damaged after it was written.
    Damaged,
    /// Written by a release that this one does not know. Go back to it, or refuse new sales.
    UnknownVersion(u8),
}

impl fmt::Display for Damage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::NoMark => out.write_str("the record has no commit mark: it never existed"),
            Damage::Damaged => {
                out.write_str("the record is damaged: the charge is in doubt and a person must look")
            }
            Damage::UnknownVersion(version) => {
                write!(out, "the record has version {version}, which this release does not know")
            }
        }
    }
}

impl core::error::Error for Damage {}

/// What a record says about whom to ask, without the charge itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// Name of the profile.
    pub profile: String<PROFILE_NAME_MAX>,
    /// Base URL.
    pub endpoint: String<ENDPOINT_MAX>,
    /// Name of the instrument.
    pub instrument: String<INSTRUMENT_NAME_MAX>,
    /// The larger is the newer.
    pub sequence: u32,
}

/// Reads who is to be asked about a record's charge, and checks the whole record.
pub fn heading(bytes: &[u8]) -> Result<Heading, Damage> {
    let (head, _) = head(bytes)?;
    Ok(Heading {
        profile: text(head.profile)?,
        endpoint: text(head.endpoint)?,
        instrument: text(head.instrument)?,
        sequence: head.sequence,
    })
}

fn text<const N: usize>(text: &[u8]) -> Result<String<N>, Damage> {
    let text = core::str::from_utf8(text).map_err(|_| Damage::Damaged)?;
    String::try_from(text).map_err(|_| Damage::Damaged)
}

/// What a record says about whom to ask, still in its bytes.
#[derive(Default)]
pub(super) struct Head<'r> {
    pub profile: &'r [u8],
    pub endpoint: &'r [u8],
    pub instrument: &'r [u8],
    sequence: u32,
}

impl<'r> Head<'r> {
    fn pass(&mut self, pass: &mut Pass<'r>) {
        let mut sequence = self.sequence.to_le_bytes();
        pass.bytes(&mut sequence);
        self.sequence = u32::from_le_bytes(sequence);
        for name in [&mut self.profile, &mut self.endpoint, &mut self.instrument] {
            pass.text(name);
        }
    }

    /// Puts everything else of a record into the charge, in its place: a charge is too large to be carried around.
    #[inline(never)]
    pub fn fill(&self, mut rest: Pass<'_>, charge: &mut Charge) -> Result<(), Damage> {
        charge.storage = Storage::holding(self.sequence);
        let read = charge.pass(&mut rest);
        let whole = read.is_some() && rest.left() == Some(0) && !charge.attempts.is_empty();
        if whole { Ok(()) } else { Err(Damage::Damaged) }
    }
}

/// The head of a record that is whole, and its rest.
pub(super) fn head(bytes: &[u8]) -> Result<(Head<'_>, Pass<'_>), Damage> {
    let mut rest = Pass::reading(content(bytes)?);
    let mut head = Head::default();
    head.pass(&mut rest);
    match rest.left() {
        Some(_) => Ok((head, rest)),
        None => Err(Damage::Damaged),
    }
}

/// What stands between the length and the CRC, which is right.
fn content(bytes: &[u8]) -> Result<&[u8], Damage> {
    if bytes.len() < START + TAIL {
        return Err(Damage::NoMark);
    }
    match mark_distance(bytes) {
        0 => {}
        1..=MARK_FLIPS => return Err(Damage::Damaged),
        _ => return Err(Damage::NoMark),
    }
    let (body, tail) = bytes.split_at_checked(bytes.len() - TAIL).ok_or(Damage::NoMark)?;
    let crc = tail.first_chunk().map(|crc| u32::from_le_bytes(*crc));
    let (start, content) = body.split_first_chunk::<START>().ok_or(Damage::NoMark)?;
    let [magic @ .., version, low, high] = *start;
    if magic != MAGIC || crc != Some(checksum(body)) {
        return Err(Damage::Damaged);
    }
    if version != RECORD_VERSION {
        return Err(Damage::UnknownVersion(version));
    }
    if usize::from(u16::from_le_bytes([low, high])) != body.len() {
        return Err(Damage::Damaged);
    }
    Ok(content)
}

fn write(charge: &mut Charge, carrier: &Carrier<'_>, buffer: &mut [u8]) -> Option<usize> {
    let room = buffer.len();
    let Carrier { profile, endpoint, .. } = *carrier;
    let instrument =
        profile.instruments.get(usize::from(charge.instrument)).map_or("", |found| found.name).as_bytes();
    let sequence = charge.storage.sequence;
    let mut head =
        Head { profile: profile.name.as_bytes(), endpoint: endpoint.as_bytes(), instrument, sequence };
    let mut pass = Pass::writing(buffer.get_mut(START..)?);
    head.pass(&mut pass);
    charge.pass(&mut pass)?;
    let end = room.checked_sub(pass.left()?)?;
    seal(buffer, end)
}

/// Puts the start before the content, and the CRC and the mark after it.
fn seal(buffer: &mut [u8], end: usize) -> Option<usize> {
    let [low, high] = u16::try_from(end).ok()?.to_le_bytes();
    let [a, b, c, d] = MAGIC;
    let (body, rest) = buffer.split_at_mut_checked(end)?;
    *body.first_chunk_mut()? = [a, b, c, d, RECORD_VERSION, low, high];
    let (crc, rest) = rest.split_first_chunk_mut()?;
    *crc = checksum(body).to_le_bytes();
    *rest.first_chunk_mut()? = MARK;
    Some(end + TAIL)
}

/// Bits in which the end of a record differs from the mark.
fn mark_distance(bytes: &[u8]) -> u32 {
    bytes.iter().rev().zip(MARK.iter().rev()).map(|(is, wanted)| (is ^ wanted).count_ones()).sum()
}

// The longest record: start and tail, the sequence and the names, amounts, currency, window, nine numbers, attempts,
// credits and texts.
const _: () = assert!(
    START
        + TAIL
        + 4
        + (1 + PROFILE_NAME_MAX)
        + (1 + ENDPOINT_MAX)
        + (1 + INSTRUMENT_NAME_MAX)
        + 5 * 4
        + 3
        + 4
        + 9
        + ATTEMPTS_MAX * 18
        + CREDITS_MAX * 6
        + SLOTS
        + TEXTS_MAX
        == RECORD_MAX
);

#[cfg(test)]
mod tests;
