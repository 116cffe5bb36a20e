//! UTF-8, read in one way everywhere. The library's own way is faster, and takes 600 bytes of flash.

use core::slice::Iter;

/// What is no character: more than any code.
pub(crate) const NONE: u32 = u32::MAX;

/// Whether these bytes are UTF-8.
#[inline(never)]
pub(crate) fn is_utf8(bytes: &[u8]) -> bool {
    let mut rest = bytes.iter();
    while !rest.as_slice().is_empty() {
        if character(&mut rest) == NONE {
            return false;
        }
    }
    true
}

/// The code of the next character; [`NONE`] at the end, and where there is no character.
#[inline(never)]
pub(crate) fn character(rest: &mut Iter<'_, u8>) -> u32 {
    let Some(lead) = rest.next() else { return NONE };
    let mut code = u32::from(*lead);
    if code < 0x80 {
        return code;
    }
    // Below, it is no lead, or that of a character that has one byte; above, that of one beyond the last.
    if !(0xC2..=0xF4).contains(&code) {
        return NONE;
    }
    // Each of the lead's ones but the first says that there is one byte more. It gives the code room for five bits more, which
    // the code must need.
    let (mut ones, mut least) = (code, 2);
    while ones & 0x40 != 0 {
        let Some(byte) = rest.next().filter(|byte| is_continuation(**byte)) else { return NONE };
        code = (code << 6) | (u32::from(*byte) & 0x3F);
        ones <<= 1;
        least <<= 5;
    }
    // Without the lead's ones.
    code &= (least << 5) - 1;
    let is_one = code >= least && !(0xD800..0xE000).contains(&code) && code <= u32::from(char::MAX);
    if is_one { code } else { NONE }
}

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
            while !rest.as_slice().is_empty() {
                ours.push(char::from_u32(character(&mut rest)).unwrap());
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
