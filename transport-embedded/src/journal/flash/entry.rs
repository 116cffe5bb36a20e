//! One entry of the log: a head, a body, and a mark that is written last.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | kind |
//! | 1 | length of the sale's id; 0: the entry is the id generator's |
//! | 2 | length of the body, little-endian like all numbers here |
//! | 4 | number of the page |
//! | 4 | number of the charge; of a `Released`, the last page that is not needed any more |
//! | 4 | serial: of two entries of one charge, the larger is the newer. A copy keeps it |
//! | 4 | CRC-32 of the body |
//! | 4 | CRC-32 of all above and of the sale's id |
//! | … | the sale's id, up to a whole word |
//! | … | the body, up to a whole word |
//! | 4 | the mark, up to a whole word |

use caas_core::charge::RECORD_MAX;
use caas_core::id::SALE_ID_MAX;
use crc::{CRC_32_ISO_HDLC, Crc};
use heapless::String;

use crate::journal::RECORD_MARK;

/// A microcontroller works without a table, which saves 1 to 16 KB of its flash. A host has room for one: with it, tests
/// cut the power a million times in minutes.
#[cfg(target_os = "none")]
type CrcTable = crc::NoTable;
#[cfg(not(target_os = "none"))]
type CrcTable = crc::Table<16>;

pub static CRC: Crc<u32, CrcTable> = Crc::<u32, CrcTable>::new(&CRC_32_ISO_HDLC);
/// The longest body: a record without its mark.
pub const BODY_MAX: usize = RECORD_MAX - RECORD_MARK.len();
/// Head without the sale's id.
pub const FIXED: usize = 24;
/// The longest head.
pub const HEAD_MAX: usize = FIXED + SALE_ID_MAX;
/// A piece of flash that is read or written at once: a whole number of words, and no shorter than a head.
pub const PIECE: usize = 64;

/// The place of the length of the sale's id in the head.
const SALE_LENGTH_AT: usize = 1;
/// The crc's place in the head.
const CRC_AT: usize = 20;
/// CRC-32's polynomial, its bits reflected as in the sum.
const CRC_POLYNOMIAL: u32 = 0xEDB8_8320;
/// A mark with so many cleared bits was begun. It is begun only after the body was read back, so it commits; a blank one
/// in which fewer bits flipped does not.
const BEGUN_BITS: u32 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something new of a charge.
    Record,
    /// An entry that was moved to a newer page.
    Copy,
    /// The charge was put away.
    Finished,
    /// Pages up to this number are not needed any more.
    Released,
}

const KINDS: [(u8, Kind); 4] =
    [(0x35, Kind::Record), (0x53, Kind::Copy), (0x9A, Kind::Finished), (0xAC, Kind::Released)];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub kind: Kind,
    pub body_length: u16,
    pub page: u32,
    pub number: u32,
    pub serial: u32,
    pub body_crc: u32,
    pub sale: String<SALE_ID_MAX>,
}

impl Head {
    /// The head in bytes, blank behind its end.
    pub fn write(&self) -> [u8; PIECE] {
        let mut bytes = [0xFF; PIECE];
        let kind = KINDS.iter().find(|row| row.1 == self.kind).map_or(0, |row| row.0);
        let length = u8::try_from(self.sale.len()).unwrap_or(0);
        let [low, high] = self.body_length.to_le_bytes();
        let start = [kind, length, low, high];
        let words = [self.page, self.number, self.serial, self.body_crc].map(u32::to_le_bytes);
        let sale = self.sale.as_bytes();
        let crc_at = |bytes: &[u8; PIECE]| checksum(bytes, sale.len()).unwrap_or(0).to_le_bytes();
        fill(&mut bytes, start.iter().chain(words.iter().flatten()).chain(&[0; 4]).chain(sale));
        let crc = crc_at(&bytes);
        if let Some(place) = bytes.get_mut(CRC_AT..FIXED) {
            place.copy_from_slice(&crc);
        }
        bytes
    }

    /// The head at the start of these bytes, if its CRC is right.
    pub fn read(bytes: &[u8; PIECE]) -> Option<Head> {
        let [kind, sale_length, low, high, ..] = *bytes;
        let kind = KINDS.iter().find(|row| row.0 == kind)?.1;
        let sale_length = usize::from(sale_length);
        if sale_length > SALE_ID_MAX || checksum(bytes, sale_length)? != word(bytes, CRC_AT)? {
            return None;
        }
        let sale = bytes.get(FIXED..FIXED.checked_add(sale_length)?)?;
        Some(Head {
            kind,
            body_length: u16::from_le_bytes([low, high]),
            page: word(bytes, 4)?,
            number: word(bytes, 8)?,
            serial: word(bytes, 12)?,
            body_crc: word(bytes, 16)?,
            sale: String::try_from(core::str::from_utf8(sale).ok()?).ok()?,
        })
    }

    /// The head of which one bit flipped. So a damaged record has a name, and is not taken for none (R44).
    pub fn mend(bytes: &[u8; PIECE]) -> Option<Head> {
        let sale_length = usize::from(*bytes.get(SALE_LENGTH_AT)?);
        let mended = (sale_length <= SALE_ID_MAX).then(|| mend_within(bytes, sale_length)).flatten();
        // A flip in this length says which bytes the sum is of.
        mended.or_else(|| (0..8).find_map(|bit| Head::read(&flipped(bytes, SALE_LENGTH_AT, bit)?)))
    }
}

/// A flipped bit changes the sum by what depends on its place only, and for each earlier bit that is one step further.
fn mend_within(bytes: &[u8; PIECE], sale_length: usize) -> Option<Head> {
    let change = checksum(bytes, sale_length)? ^ word(bytes, CRC_AT)?;
    if change.is_power_of_two() {
        let bit = change.trailing_zeros();
        let at = CRC_AT.checked_add(usize::try_from(bit / 8).ok()?)?;
        return Head::read(&flipped(bytes, at, bit % 8)?);
    }
    let summed = (0..CRC_AT).chain(FIXED..FIXED.checked_add(sale_length)?);
    let mut effect = CRC_POLYNOMIAL;
    for at in summed.rev() {
        for bit in (0..8).rev() {
            if effect == change {
                return Head::read(&flipped(bytes, at, bit)?);
            }
            effect = (effect >> 1) ^ if effect & 1 == 1 { CRC_POLYNOMIAL } else { 0 };
        }
    }
    None
}

fn flipped(bytes: &[u8; PIECE], at: usize, bit: u32) -> Option<[u8; PIECE]> {
    let mut bytes = *bytes;
    *bytes.get_mut(at)? ^= 1u8.wrapping_shl(bit);
    Some(bytes)
}

/// Whether a mark was begun.
pub fn is_begun(mark: &[u8; 4]) -> bool {
    u32::from_le_bytes(*mark).count_zeros() >= BEGUN_BITS
}

pub fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0xFF)
}

fn checksum(bytes: &[u8; PIECE], sale_length: usize) -> Option<u32> {
    let mut digest = CRC.digest();
    digest.update(bytes.get(..CRC_AT)?);
    digest.update(bytes.get(FIXED..FIXED.checked_add(sale_length)?)?);
    Some(digest.finalize())
}

fn word(bytes: &[u8; PIECE], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word))
}

fn fill<'s>(bytes: &mut [u8], source: impl Iterator<Item = &'s u8>) {
    for (place, byte) in bytes.iter_mut().zip(source) {
        *place = *byte;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(sale: &str) -> Head {
        Head {
            kind: Kind::Record,
            body_length: 300,
            page: 7,
            number: 8,
            serial: 9,
            body_crc: 0xDEAD_BEEF,
            sale: String::try_from(sale).unwrap(),
        }
    }

    #[test]
    fn a_head_is_read_as_it_was_written() {
        for sale in ["", "s", "0123456789abcdef0123456789abcdef"] {
            assert_eq!(Head::read(&head(sale).write()), Some(head(sale)));
        }
    }

    /// R44.
    #[test]
    fn one_flipped_bit_is_noticed_and_mended() {
        for sale in ["", "sale-1", "0123456789abcdef0123456789abcdef"] {
            let written = head(sale).write();
            for bit in 0..(FIXED + sale.len()) * 8 {
                let mut flipped = written;
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(Head::read(&flipped), None, "bit {bit}");
                assert_eq!(Head::mend(&flipped), Some(head(sale)), "bit {bit}");
            }
        }
    }

    /// R42: what was begun and not finished is no head, unless only its blank end is missing.
    #[test]
    fn a_begun_head_is_none() {
        let written = head("sale-1").write();
        for end in 0..FIXED + 6 {
            let mut begun = [0xFF; PIECE];
            begun[..end].copy_from_slice(&written[..end]);
            assert_eq!(Head::read(&begun), None, "{end}");
        }
    }

    /// The two ways to the same sum: what a microcontroller wrote, a host reads.
    #[test]
    fn the_checksum_is_the_same_with_a_table_and_without() {
        let plain = Crc::<u32, crc::NoTable>::new(&CRC_32_ISO_HDLC);
        let bytes: [u8; 100] = core::array::from_fn(|at| (at * 37) as u8);
        for end in 0..bytes.len() {
            assert_eq!(plain.checksum(&bytes[..end]), CRC.checksum(&bytes[..end]));
        }
        assert_eq!(CRC.checksum(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn the_mark_clears_enough_bits_to_be_told_from_blank() {
        assert!(is_begun(&RECORD_MARK));
        assert!(!is_begun(&[0xFF; 4]));
        for bit in 0..32 {
            assert!(is_begun(&(u32::from_le_bytes(RECORD_MARK) ^ (1 << bit)).to_le_bytes()));
            assert!(!is_begun(&(u32::MAX ^ (1 << bit)).to_le_bytes()));
        }
    }
}
