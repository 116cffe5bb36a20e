//! One entry of the log: a head, a body, and a mark that is written last.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | kind |
//! | 1 | length of the sale's id; 0: the entry is the id generator's. The highest bit: the entry before this one counts |
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

use super::sum::Checksum;
use crate::journal::RECORD_MARK;

/// The longest body: a record without its mark.
pub const BODY_MAX: usize = RECORD_MAX - RECORD_MARK.len();
/// Head without the sale's id.
pub const FIXED: usize = 24;
/// The longest head.
pub const HEAD_MAX: usize = FIXED + SALE_ID_MAX;
/// A piece of flash that is read or written at once: a whole number of words, and no shorter than a head.
pub const PIECE: usize = 64;

/// Where the words of a head stand.
const PAGE_AT: usize = 4;
const NUMBER_AT: usize = 8;
const SERIAL_AT: usize = 12;
const BODY_CRC_AT: usize = 16;
const CRC_AT: usize = 20;

/// The bit of a head that says that the entry before it counts.
const BEFORE_COUNTS: u8 = 0x80;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Something new of a charge.
    Record = 0x35,
    /// An entry that was moved to a newer page.
    Copy = 0x53,
    /// The charge was put away.
    Finished = 0x9A,
    /// Pages up to this number are not needed any more.
    Released = 0xAC,
}

/// A head, as it stands in the flash. Behind its end may be anything.
pub struct Head([u8; PIECE]);

impl Head {
    pub const NONE: Head = Head([0; PIECE]);

    /// Writes what is known of an entry before it has a place; then it is [sealed](Head::seal).
    pub fn write(&mut self, kind: Kind, number: u32, serial: u32, sale: &[u8], body: &[u8]) {
        let [low, high] = (body.len() as u16).to_le_bytes();
        self.put(0, u32::from_le_bytes([kind as u8, sale.len() as u8, low, high]));
        self.put(NUMBER_AT, number);
        self.put(SERIAL_AT, serial);
        self.put(BODY_CRC_AT, sum_of(body, &[]));
        if let Some(place) = self.0.get_mut(FIXED..) {
            fill(place, sale);
        }
    }

    /// The last that is known of an entry: its page, and whether the one before it counts.
    pub fn seal(&mut self, page: u32, before_counts: bool) {
        let [_, length, ..] = &mut self.0;
        *length = *length & !BEFORE_COUNTS | if before_counts { BEFORE_COUNTS } else { 0 };
        self.put(PAGE_AT, page);
        self.put(CRC_AT, self.sum());
    }

    /// The entry becomes a copy.
    pub fn set_copy(&mut self) {
        let [kind, ..] = &mut self.0;
        *kind = Kind::Copy as u8;
    }

    /// Takes the head at the start of a piece. Whether there is one: its CRC is right.
    pub fn read(&mut self, piece: &[u8; PIECE]) -> bool {
        self.0 = *piece;
        self.is_whole()
    }

    /// Takes the head of which one bit flipped, if there is one. So a damaged record has a name, and is not taken for
    /// none (R44).
    pub fn mend(&mut self, piece: &[u8; PIECE]) -> bool {
        self.0 = *piece;
        // Each bit twice: the second flip takes the first back.
        for flip in 0..HEAD_MAX * 8 * 2 {
            if let Some(byte) = self.0.get_mut(flip / 16) {
                *byte ^= 1 << (flip / 2 % 8);
            }
            if flip % 2 == 0 && self.is_whole() {
                return true;
            }
        }
        false
    }

    pub fn is(&self, kind: Kind) -> bool {
        let [byte, ..] = self.0;
        byte == kind as u8
    }

    /// Whether it tells something new, and not only where things stand.
    pub fn is_news(&self) -> bool {
        self.is(Kind::Record) || self.is(Kind::Finished)
    }

    pub fn page(&self) -> u32 {
        self.word(PAGE_AT)
    }

    pub fn number(&self) -> u32 {
        self.word(NUMBER_AT)
    }

    pub fn serial(&self) -> u32 {
        self.word(SERIAL_AT)
    }

    pub fn body_crc(&self) -> u32 {
        self.word(BODY_CRC_AT)
    }

    pub fn body_length(&self) -> usize {
        let [_, _, low, high, ..] = self.0;
        usize::from(u16::from_le_bytes([low, high]))
    }

    /// Whether the entry before this one counted when this one was written.
    pub fn before_counts(&self) -> bool {
        let [_, length, ..] = self.0;
        length & BEFORE_COUNTS != 0
    }

    /// Head and sale.
    pub fn length(&self) -> usize {
        let [_, sale_length, ..] = self.0;
        FIXED.wrapping_add((sale_length & !BEFORE_COUNTS).into())
    }

    pub fn bytes(&self) -> &[u8] {
        self.0.get(..self.length()).unwrap_or(&[])
    }

    pub fn sale(&self) -> &[u8] {
        self.0.get(FIXED..self.length()).unwrap_or(&[])
    }

    fn is_whole(&self) -> bool {
        let known = self.is_news() || self.is(Kind::Copy) || self.is(Kind::Released);
        known && self.length() <= HEAD_MAX && self.sum() == self.word(CRC_AT)
    }

    fn sum(&self) -> u32 {
        let (head, _) = self.0.split_first_chunk::<CRC_AT>().unwrap_or((&[0; CRC_AT], &[]));
        sum_of(head, self.sale())
    }

    fn word(&self, at: usize) -> u32 {
        self.0.get(at..).and_then(|word| word.first_chunk()).map_or(0, |word| u32::from_le_bytes(*word))
    }

    fn put(&mut self, at: usize, word: u32) {
        if let Some(place) = self.0.get_mut(at..).and_then(|place| place.first_chunk_mut()) {
            *place = word.to_le_bytes();
        }
    }
}

fn sum_of(bytes: &[u8], more: &[u8]) -> u32 {
    let mut sum = Checksum::new();
    sum.add(bytes);
    sum.add(more);
    sum.value()
}

/// Whether a mark was begun. It is begun only after the body was read back, so it commits. A blank one in which one or two
/// bits flipped does not: a third must be cleared.
pub fn is_begun(mark: u32) -> bool {
    let once = mark | mark.wrapping_add(1);
    let twice = once | once.wrapping_add(1);
    twice != u32::MAX
}

/// Whether one flipped bit could turn what [`is_begun`] says: a mark that was torn by a cut. Then the next entry says what
/// it meant when that one was written; as long as there is none, nobody has acted on it.
pub fn is_on_edge(mark: u32) -> bool {
    matches!(mark.count_zeros(), 2 | 3)
}

/// Puts bytes at the start of a piece; the rest is blank.
#[inline(never)]
pub fn fill(piece: &mut [u8], from: &[u8]) {
    for (at, place) in piece.iter_mut().enumerate() {
        *place = from.get(at).copied().unwrap_or(0xFF);
    }
}

/// The first word of a piece.
pub fn first_word(piece: &[u8; PIECE]) -> u32 {
    piece.first_chunk().map_or(0, |word| u32::from_le_bytes(*word))
}

pub fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0xFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(sale: &str) -> Head {
        let mut head = Head::NONE;
        head.write(Kind::Record, 8, 9, sale.as_bytes(), &[1; 300]);
        head.seal(7, true);
        head
    }

    #[test]
    fn a_head_is_read_as_it_was_written() {
        for sale in ["", "s", "0123456789abcdef0123456789abcdef"] {
            let mut read = Head::NONE;
            assert!(read.read(&head(sale).0));
            assert_eq!((read.is(Kind::Record), read.page(), read.number(), read.serial()), (true, 7, 8, 9));
            assert_eq!((read.body_length(), read.body_crc()), (300, sum_of(&[1; 300], &[])));
            assert_eq!(read.sale(), sale.as_bytes());
        }
    }

    /// R44.
    #[test]
    fn one_flipped_bit_is_noticed_and_mended() {
        for sale in ["", "sale-1", "0123456789abcdef0123456789abcdef"] {
            let written = head(sale).0;
            for bit in 0..(FIXED + sale.len()) * 8 {
                let mut flipped = written;
                flipped[bit / 8] ^= 1 << (bit % 8);
                let mut read = Head::NONE;
                assert!(!read.read(&flipped), "bit {bit}");
                assert!(read.mend(&flipped) && read.0 == written, "bit {bit}");
            }
        }
    }

    /// R42: what was begun and not finished is no head, unless only its blank end is missing.
    #[test]
    fn a_begun_head_is_none() {
        let written = head("sale-1").0;
        for end in 0..FIXED + 6 {
            let mut begun = [0xFF; PIECE];
            begun[..end].copy_from_slice(&written[..end]);
            let mut head = Head::NONE;
            assert!(!head.read(&begun), "{end}");
        }
    }

    #[test]
    fn the_mark_clears_enough_bits_to_be_told_from_blank() {
        let mark = u32::from_le_bytes(RECORD_MARK);
        assert!(is_begun(mark));
        assert!(!is_begun(u32::MAX));
        for one in 0..32 {
            assert!(is_begun(mark ^ (1 << one)));
            for other in 0..32 {
                assert!(!is_begun(!(1 << one | 1 << other)));
                for third in (0..32).filter(|third| one < other && *third > other) {
                    assert!(is_begun(!(1 << one | 1 << other | 1 << third)));
                }
            }
        }
    }
}
