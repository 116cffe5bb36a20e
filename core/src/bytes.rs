//! Bytes compared one by one. The library's comparison is made for speed, and takes two hundred bytes of flash for what is
//! asked of short texts here.

/// Whether two texts are the same.
#[inline(never)]
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one == other)
}

/// What follows `start` in a text that begins so.
pub(crate) fn after<'t>(text: &'t [u8], start: &[u8]) -> Option<&'t [u8]> {
    let (first, rest) = text.split_at_checked(start.len())?;
    same(first, start).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_the_same_byte_for_byte() {
        let texts: [&[u8]; 7] = [b"", b"a", b"b", b"ab", b"aB", b"abc", "\u{e9}".as_bytes()];
        for one in texts {
            for other in texts {
                assert_eq!(same(one, other), one == other);
                assert_eq!(after(one, other), one.strip_prefix(other));
            }
        }
    }
}
