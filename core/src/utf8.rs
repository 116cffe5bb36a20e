//! UTF-8, read in one way everywhere. The library's own way is faster, and takes 600 bytes of flash.

use core::slice::Iter;

/// Whether these bytes are UTF-8.
#[inline(never)]
pub(crate) fn is_utf8(bytes: &[u8]) -> bool {
    let mut rest = bytes.iter();
    while let Some(lead) = rest.next() {
        if character(*lead, &mut rest).is_none() {
            return false;
        }
    }
    true
}

/// The character that begins with `lead`, which was taken from `rest`; `None` where it is none.
#[inline(never)]
pub(crate) fn character(lead: u8, rest: &mut Iter<'_, u8>) -> Option<char> {
    // The lead's ones say how many bytes there are; what follows them is the beginning of the code.
    let ones = lead.leading_ones();
    let least = *LEAST.get(ones as usize)?;
    let mut code = u32::from(lead) & (0x7F >> ones);
    for _ in 1..ones {
        let byte = rest.next().filter(|byte| is_continuation(**byte))?;
        code = (code << 6) | (u32::from(*byte) & 0x3F);
    }
    char::from_u32(code).filter(|_| code >= least)
}

/// The smallest code with so many ones in its lead: what has more bytes than it needs is not UTF-8. A lead with a single
/// one is none.
const LEAST: [u32; 5] = [0, u32::MAX, 0x80, 0x800, 0x1_0000];

/// The beginning of a text: at most so many bytes, cut at a character's end.
#[inline(never)]
pub(crate) fn beginning(text: &[u8], bytes: usize) -> &[u8] {
    let mut end = bytes;
    while end > 0 && text.get(end).is_some_and(|byte| is_continuation(*byte)) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

/// The bytes of a character, the first lowest.
pub(crate) fn encoded(code: u32) -> u32 {
    if code < 0x80 {
        return code;
    }
    // How many codes the lead has room for: half as many with each byte after it, above a one more.
    let (mut bytes, mut rest, mut room) = (0, code, 0x40);
    while rest >= room {
        bytes = (bytes << 8) | 0x80 | (rest & 0x3F);
        rest >>= 6;
        room >>= 1;
    }
    (bytes << 8) | (0x100 - 2 * room) | rest
}

/// Whether a byte is in a character and not its first.
pub(crate) fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::String;
    use std::vec::Vec;

    /// The reference is the library.
    fn check(bytes: &[u8]) {
        let theirs = core::str::from_utf8(bytes);
        assert_eq!(is_utf8(bytes), theirs.is_ok(), "{bytes:x?}");
        if let Ok(text) = theirs {
            let mut rest = bytes.iter();
            let mut ours = String::new();
            while let Some(lead) = rest.next() {
                ours.push(character(*lead, &mut rest).unwrap());
            }
            assert_eq!(ours, text);
        }
    }

    #[test]
    fn what_has_up_to_three_bytes_reads_as_the_library_reads_it() {
        check(&[]);
        for first in 0..=u8::MAX {
            check(&[first]);
            for second in 0..=u8::MAX {
                check(&[first, second]);
                for third in 0..=u8::MAX {
                    check(&[first, second, third]);
                }
            }
        }
    }

    /// Every lead byte with each of the bytes at which something changes, and one or two too many.
    #[test]
    fn what_has_four_bytes_and_more_reads_as_the_library_reads_it() {
        const EDGES: [u8; 14] =
            [0, 0x41, 0x7F, 0x80, 0x81, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xF0, 0xFF];
        for lead in 0..=u8::MAX {
            for bytes in
                EDGES.map(|second| EDGES.map(|third| EDGES.map(|fourth| [lead, second, third, fourth])))
            {
                bytes.as_flattened().iter().for_each(|bytes| {
                    check(bytes);
                    check(&[bytes, &[0x80][..]].concat());
                    check(&[bytes, &b"a\x80\x80"[..]].concat());
                });
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_longer_reads_as_the_library_reads_it(bytes: Vec<u8>, text: String, at: prop::sample::Index, with: u8) {
            check(&bytes);
            let mut bytes = text.into_bytes();
            check(&bytes);
            if let Some(byte) = (!bytes.is_empty()).then(|| at.index(bytes.len())).and_then(|at| bytes.get_mut(at)) {
                *byte = with;
            }
            check(&bytes);
        }

        #[test]
        fn a_beginning_ends_where_a_character_does(text: String, bytes in 0usize..100) {
            let cut = beginning(text.as_bytes(), bytes);
            let expected = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap();
            prop_assert_eq!(cut, &text.as_bytes()[..expected]);
        }
    }
}
