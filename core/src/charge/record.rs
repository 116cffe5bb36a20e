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
//! | 4 × 4 | amounts in cents, as all amounts: price, given back, received as far as a person knew who decided, and due by the carrier: of that one cent more, or zeros for none |
//! | 4 | window in milliseconds |
//! | 4 × 6 | credits: attempt, whether matched, amount; of nothing where there is none |
//! | 2 × 4 | amounts beyond all references, found by a person |
//! | 1, 3 × 18 | number of the latest attempt, from 0; the attempts: sends, a bit each, confirms, marks, code; zeros where there is none |
//! | 3 | currency |
//! | 7 | sale, release, review; attempts made unasked; conflicts; restarts; refused credentials |
//! | 16, … | lengths of the texts, or from 240 on: the same as that of slot 0, 1 …; then the texts |
//! | 4 | CRC-32 (ISO-HDLC) of the body |
//! | 4 | the mark |
//!
//! From the amounts on, it is what a charge has in memory, byte by byte (`Lasting`).
//!
//! A record may hold the payer's id. It never holds a password, a PIN or an OTP.

use core::fmt;

use heapless::String;

use super::lasting::Lasting;
use super::{Carrier, Charge, ENDPOINT_MAX, INSTRUMENT_NAME_MAX};
use crate::checksum::checksum;
use crate::profile::PROFILE_NAME_MAX;
use crate::utf8::is_utf8;

/// The longest record. Its parts are bounded, and a test builds the longest.
pub const RECORD_MAX: usize = 546;
/// The version that is written. Older ones are read as long as this line says so: none exist yet.
pub const RECORD_VERSION: u8 = 1;

const MAGIC: [u8; 4] = *b"CAAS";
const MARK: u32 = u32::from_le_bytes([0x43, 0x4D, 0xA5, 0x5A]);
/// So many flipped bits in the mark are damage. Taken for "never existed", one flipped bit would bring an older record
/// back: one that does not know of a request that was sent, or of a release. A mark of which a whole byte is missing,
/// as after a cut, differs in more bits.
const MARK_LENGTH: usize = 4;
/// Magic, version, length and sequence.
const START: usize = 11;
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
        self.0.get(..self.0.len().saturating_sub(MARK_LENGTH)).unwrap_or(&[])
    }

    /// The mark: written last.
    pub fn mark(&self) -> &'b [u8] {
        self.0.get(self.0.len().saturating_sub(MARK_LENGTH)..).unwrap_or(&[])
    }

    #[inline(never)]
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

/// Reads who is to be asked about a record's charge, and checks that the record is whole.
pub fn heading(bytes: &[u8]) -> Result<Heading, Damage> {
    let (sequence, mut left) = content(bytes)?;
    Ok(Heading {
        profile: text(&mut left)?,
        endpoint: text(&mut left)?,
        instrument: text(&mut left)?,
        sequence,
    })
}

fn text<const N: usize>(left: &mut &[u8]) -> Result<String<N>, Damage> {
    let text = core::str::from_utf8(name(left).ok_or(Damage::Damaged)?).map_err(|_| Damage::Damaged)?;
    String::try_from(text).map_err(|_| Damage::Damaged)
}

/// The next name of what is left of a record's content, in UTF-8: profile, endpoint, instrument. After them comes the
/// charge. `None` if there is none: the record is damaged.
#[inline(never)]
pub(super) fn name<'r>(left: &mut &'r [u8]) -> Option<&'r [u8]> {
    let (length, rest) = left.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*length))?;
    *left = rest;
    is_utf8(name).then_some(name)
}

/// The sequence, and what stands between it and the CRC, which is right.
pub(super) fn content(bytes: &[u8]) -> Result<(u32, &[u8]), Damage> {
    if bytes.len() < START + TAIL {
        return Err(Damage::NoMark);
    }
    let (body, tail) = bytes.split_at_checked(bytes.len() - TAIL).ok_or(Damage::NoMark)?;
    let (crc, mark) = tail.split_first_chunk().ok_or(Damage::NoMark)?;
    let flips = u32::from_le_bytes(*mark.first_chunk().ok_or(Damage::NoMark)?) ^ MARK;
    if without_two(flips) != 0 {
        return Err(Damage::NoMark);
    }
    let (start, content) = body.split_first_chunk::<START>().ok_or(Damage::NoMark)?;
    if flips != 0 || start.first_chunk() != Some(&MAGIC) || u32::from_le_bytes(*crc) != checksum(body) {
        return Err(Damage::Damaged);
    }
    let [_, _, _, _, version, low, high, s, t, u, v] = *start;
    if version != RECORD_VERSION {
        return Err(Damage::UnknownVersion(version));
    }
    if usize::from(u16::from_le_bytes([low, high])) != body.len() {
        return Err(Damage::Damaged);
    }
    Ok((u32::from_le_bytes([s, t, u, v]), content))
}

/// The bits without the lowest two that are set.
fn without_two(bits: u32) -> u32 {
    let bits = bits & bits.wrapping_sub(1);
    bits & bits.wrapping_sub(1)
}

fn write(charge: &mut Charge, carrier: &Carrier<'_>, buffer: &mut [u8]) -> Option<usize> {
    let Carrier { profile, endpoint, .. } = *carrier;
    let instrument = profile.instruments.get(usize::from(charge.instrument)).map_or("", |found| found.name);
    let mut end = START;
    put_name(buffer, &mut end, profile.name);
    put_name(buffer, &mut end, endpoint);
    put_name(buffer, &mut end, instrument);
    put(buffer, &mut end, charge.lasting.recorded(charge.sale, charge.release, charge.review));
    seal(buffer, charge.storage.sequence, end)
}

/// Puts a name after its length, which a start has checked.
#[inline(never)]
fn put_name(buffer: &mut [u8], end: &mut usize, name: &str) {
    put(buffer, end, &[name.len() as u8]);
    put(buffer, end, name.as_bytes());
}

/// Puts bytes where the record ends so far. What has no room is counted, and missed by [`seal`].
#[inline(never)]
fn put(buffer: &mut [u8], end: &mut usize, bytes: &[u8]) {
    let start = *end;
    *end = start.saturating_add(bytes.len());
    if let Some(place) = buffer.get_mut(start..*end) {
        copy(place, bytes);
    }
}

/// Puts the start before the content, and the CRC and the mark after it.
fn seal(buffer: &mut [u8], sequence: u32, mut end: usize) -> Option<usize> {
    let [low, high, ..] = end.to_le_bytes();
    let [a, b, c, d] = MAGIC;
    let [s, t, u, v] = sequence.to_le_bytes();
    *buffer.first_chunk_mut()? = [a, b, c, d, RECORD_VERSION, low, high, s, t, u, v];
    let sum = checksum(buffer.get(..end)?);
    put(buffer, &mut end, &sum.to_le_bytes());
    put(buffer, &mut end, &MARK.to_le_bytes());
    Some(end)
}

/// Copies without the check of the lengths that can panic.
#[inline(never)]
pub(super) fn copy(target: &mut [u8], bytes: &[u8]) {
    target.iter_mut().zip(bytes).for_each(|(to, byte)| *to = *byte);
}

// The longest record: start and tail, the names, and the charge.
const _: () = assert!(
    START
        + TAIL
        + (1 + PROFILE_NAME_MAX)
        + (1 + ENDPOINT_MAX)
        + (1 + INSTRUMENT_NAME_MAX)
        + size_of::<Lasting>()
        == RECORD_MAX
);

#[cfg(test)]
mod tests;
