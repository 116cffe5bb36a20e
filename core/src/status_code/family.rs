//! The codes of the hSenid family, which the carriers share.

use heapless::String;

use super::{Class, NO_NUMBER, number};

/// A code of the hSenid family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FamilyCode {
    letter: u8,
    class: Class,
    number: u16,
}

impl FamilyCode {
    /// What it means for a direct debit.
    pub const fn class(self) -> Class {
        self.class
    }

    /// The code as it is on the wire, "E1308".
    pub fn code(self) -> String<5> {
        let mut code = String::new();
        let thousands =
            [1000, 100, 10, 1].into_iter().map(|place| b'0'.saturating_add((self.number / place % 10) as u8));
        for byte in core::iter::once(self.letter).chain(thousands) {
            // Five characters always fit; nothing in this crate may panic to say so.
            let _ = code.push(char::from(byte));
        }
        code
    }
}

/// What `code` means for a direct debit; [`Class::Unknown`] where it is not in the table.
pub(super) fn class_of(code: &[u8]) -> Class {
    let wanted = key_of(code);
    let mut key = 0u32;
    for byte in &PACKED {
        let (step, tag) = (u32::from(byte >> STEP), byte & TAG);
        let shift = match tag {
            NEAR => NEAR_SHIFT,
            FAR => FAR_SHIFT,
            _ => 0,
        };
        // No step goes beyond the last key of the table: nothing wraps.
        key = key.wrapping_add(step << shift);
        if shift == 0 && key == wanted {
            return Class::of_number(tag);
        }
    }
    Class::Unknown
}

/// A letter and four digits as a number; the family has no other codes.
fn key_of(code: &[u8]) -> u32 {
    let [letter, digits @ ..] = code else { return NO_NUMBER };
    match LETTERS.iter().position(|known| known == letter) {
        Some(letter) if digits.len() == 4 => number(digits) | (letter as u32) << NUMBER_BITS,
        _ => NO_NUMBER,
    }
}

const LETTERS: [u8; 3] = *b"EPS";
/// A number of four digits fits.
const NUMBER_BITS: u32 = 14;

/// The table as a microcontroller holds it, in a quarter of its bytes: for each row how far its key is after the one
/// before, and its class. What reads as [`Class::Unknown`] is left out, for so does what is in no table.
static PACKED: [u8; PACKED_LENGTH] = {
    let mut bytes = [0; PACKED_LENGTH];
    pack(&mut bytes);
    bytes
};
const PACKED_LENGTH: usize = pack(&mut [0; 4 * FAMILY.len()]);

/// The upper half of a byte is the step; the lower half is the class, or one of two tags that make the step longer.
const STEP: u32 = 4;
const STEP_MAX: u16 = 15;
const TAG: u8 = 15;
const NEAR: u8 = 15;
const NEAR_SHIFT: u32 = 4;
const FAR: u8 = 14;
const FAR_SHIFT: u32 = 10;

// No class looks like a tag.
const _: () = assert!(Class::ALL.len() <= FAR as usize);

/// Packs the table into `bytes`; how many it takes.
const fn pack(bytes: &mut [u8]) -> usize {
    let (mut row, mut length, mut key) = (0, 0, 0u16);
    while row < FAMILY.len() {
        let FamilyCode { letter, class, number } = FAMILY[row];
        row += 1;
        if matches!(class, Class::Unknown) {
            continue;
        }
        let mut letter_index = 0;
        while LETTERS[letter_index] != letter {
            letter_index += 1;
        }
        let next = ((letter_index as u16) << NUMBER_BITS) | number;
        // Overflows, and then does not compile, where the table is not sorted.
        let mut step = next - key;
        key = next;
        while step > STEP_MAX {
            let (shift, tag) = if step >> FAR_SHIFT > 0 { (FAR_SHIFT, FAR) } else { (NEAR_SHIFT, NEAR) };
            let part = if step >> shift > STEP_MAX { STEP_MAX } else { step >> shift };
            bytes[length] = ((part as u8) << STEP) | tag;
            length += 1;
            step -= part << shift;
        }
        bytes[length] = ((step as u8) << STEP) | class as u8;
        length += 1;
    }
    length
}

const fn row(letter: u8, number: u16, class: Class) -> FamilyCode {
    FamilyCode { letter, class, number }
}

/// The codes of the hSenid family, sorted, with what each means for a direct debit. The judgement is this project's:
/// the carriers' texts are in `core/tests/data/status-codes.tsv`, which a test compares with this table.
pub const FAMILY: &[FamilyCode] = &[
    row(b'E', 1000, Class::Unknown),
    row(b'E', 1100, Class::Unknown),
    row(b'E', 1102, Class::RejectedConfig),
    row(b'E', 1103, Class::RejectedRequest),
    row(b'E', 1104, Class::RejectedConfig),
    row(b'E', 1105, Class::RetryLater),
    row(b'E', 1106, Class::RejectedRequest),
    row(b'E', 1107, Class::RejectedRequest),
    row(b'E', 1300, Class::Unknown),
    row(b'E', 1301, Class::RejectedConfig),
    row(b'E', 1302, Class::RejectedConfig),
    row(b'E', 1303, Class::RejectedConfig),
    row(b'E', 1304, Class::RejectedConfig),
    row(b'E', 1305, Class::RejectedConfig),
    row(b'E', 1306, Class::RejectedConfig),
    row(b'E', 1307, Class::RejectedConfig),
    row(b'E', 1308, Class::FailedListening),
    row(b'E', 1309, Class::RejectedConfig),
    row(b'E', 1310, Class::RejectedConfig),
    row(b'E', 1311, Class::RejectedConfig),
    row(b'E', 1312, Class::RejectedRequest),
    row(b'E', 1313, Class::RejectedConfig),
    row(b'E', 1315, Class::RejectedConfig),
    row(b'E', 1316, Class::Unknown),
    row(b'E', 1317, Class::DeclinedUser),
    row(b'E', 1318, Class::RetryLater),
    row(b'E', 1319, Class::RetryLater),
    row(b'E', 1322, Class::RejectedConfig),
    row(b'E', 1323, Class::RejectedConfig),
    row(b'E', 1324, Class::RejectedConfig),
    row(b'E', 1325, Class::RejectedRequest),
    row(b'E', 1326, Class::DeclinedUser),
    row(b'E', 1327, Class::RejectedConfig),
    row(b'E', 1328, Class::RejectedConfig),
    row(b'E', 1329, Class::RejectedConfig),
    row(b'E', 1330, Class::RejectedConfig),
    row(b'E', 1331, Class::RejectedConfig),
    row(b'E', 1332, Class::Unknown),
    row(b'E', 1333, Class::RejectedRequest),
    row(b'E', 1334, Class::RejectedRequest),
    row(b'E', 1335, Class::RejectedRequest),
    row(b'E', 1336, Class::RejectedConfig),
    row(b'E', 1337, Class::DuplicateResolve),
    row(b'E', 1340, Class::RejectedRequest),
    row(b'E', 1341, Class::Unknown),
    row(b'E', 1342, Class::DeclinedUser),
    row(b'E', 1343, Class::DeclinedUser),
    row(b'E', 1344, Class::Unknown),
    row(b'E', 1351, Class::DeclinedUser),
    row(b'E', 1356, Class::DeclinedUser),
    row(b'E', 1357, Class::DeclinedUser),
    row(b'E', 1360, Class::Unknown),
    row(b'E', 1361, Class::RejectedRequest),
    row(b'E', 1362, Class::RejectedRequest),
    row(b'E', 1363, Class::Unknown),
    row(b'E', 1364, Class::Unknown),
    row(b'E', 1365, Class::DeclinedUser),
    row(b'E', 1366, Class::Unknown),
    row(b'E', 1367, Class::RejectedRequest),
    row(b'E', 1368, Class::RejectedRequest),
    row(b'E', 1370, Class::RejectedRequest),
    row(b'E', 1371, Class::RejectedConfig),
    row(b'E', 1372, Class::DeclinedUser),
    row(b'E', 1373, Class::RejectedRequest),
    row(b'E', 1374, Class::RejectedRequest),
    row(b'E', 1375, Class::RejectedRequest),
    row(b'E', 1376, Class::Unknown),
    row(b'E', 1377, Class::RejectedConfig),
    row(b'E', 1378, Class::DeclinedUser),
    row(b'E', 1379, Class::DuplicateResolve),
    row(b'E', 1380, Class::RejectedRequest),
    row(b'E', 1381, Class::RejectedConfig),
    row(b'E', 1382, Class::DeclinedUser),
    row(b'E', 1383, Class::RejectedConfig),
    row(b'E', 1384, Class::RejectedConfig),
    row(b'E', 1387, Class::RejectedConfig),
    row(b'E', 1400, Class::Unknown),
    row(b'E', 1401, Class::RejectedRequest),
    row(b'E', 1402, Class::RejectedRequest),
    row(b'E', 1404, Class::FailedListening),
    row(b'E', 1405, Class::FailedListening),
    row(b'E', 1406, Class::DeclinedUser),
    row(b'E', 1600, Class::Unknown),
    row(b'E', 1601, Class::Unknown),
    row(b'E', 1602, Class::Unknown),
    row(b'E', 1603, Class::Unknown),
    row(b'E', 1604, Class::RejectedConfig),
    row(b'E', 1605, Class::RejectedRequest),
    row(b'E', 1606, Class::RejectedRequest),
    row(b'E', 1607, Class::Unknown),
    row(b'E', 1608, Class::RejectedConfig),
    row(b'E', 1825, Class::RejectedRequest),
    row(b'E', 1830, Class::DeclinedUser),
    row(b'E', 1850, Class::AskAgain),
    row(b'E', 1851, Class::DeclinedUser),
    row(b'E', 1852, Class::DeclinedUser),
    row(b'E', 1853, Class::DeclinedUser),
    row(b'E', 1854, Class::DeclinedUser),
    row(b'E', 1855, Class::RejectedRequest),
    row(b'E', 1856, Class::DeclinedUser),
    row(b'E', 1857, Class::Unknown),
    row(b'E', 1951, Class::RejectedRequest),
    row(b'E', 9999, Class::Unknown),
    row(b'P', 1001, Class::Unknown),
    row(b'P', 1002, Class::Unknown),
    row(b'P', 1003, Class::Pending),
    row(b'S', 1000, Class::Ok),
    row(b'S', 1001, Class::Unknown),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::vec::Vec;

    #[test]
    fn a_class_is_its_place_among_all() {
        for (index, class) in Class::ALL.into_iter().enumerate() {
            assert_eq!(class as usize, index);
            assert_eq!(Class::of_number(index as u8), class);
        }
    }

    #[test]
    fn every_letter_and_number_means_what_the_table_says() {
        let rows: Vec<_> = FAMILY.iter().map(|row| (row.code(), row.class)).collect();
        for letter in ('\0'..='\u{7f}').chain(['é']) {
            for number in 0..10_000 {
                let code = format!("{letter}{number:04}");
                let listed = rows.iter().find(|(listed, _)| *listed == *code);
                assert_eq!(
                    class_of(code.as_bytes()),
                    listed.map_or(Class::Unknown, |(_, class)| *class),
                    "{code}"
                );
            }
        }
        for code in ["", "E", "1308", "E130", "E13080", "E 1308", " E1308", "E+308", "e1308", "EE308"] {
            assert_eq!(class_of(code.as_bytes()), Class::Unknown, "{code}");
        }
    }
}
