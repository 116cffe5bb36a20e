//! Copying bytes without a panic: `copy_from_slice` has one for two lengths that differ, and the compiler cannot see
//! that they never do. The footprint holds that no image has it.

/// Copies `from` to the start of `to`. `None` if there is no room; then nothing is copied.
pub(crate) fn copy(from: &[u8], to: &mut [u8]) -> Option<()> {
    let place = to.get_mut(..from.len())?;
    for (to, from) in place.iter_mut().zip(from) {
        *to = *from;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_copied_or_nothing() {
        let mut to = *b"....";
        assert_eq!(copy(b"abcde", &mut to), None);
        assert_eq!(&to, b"....");
        assert_eq!(copy(b"abc", &mut to), Some(()));
        assert_eq!(&to, b"abc.");
    }
}
