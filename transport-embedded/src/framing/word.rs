//! A word of a head: the name of a header, or an element of its value.

/// Room for the longest word that means something, `transfer-encoding`, and a byte more: a word that fills it means
/// nothing here, however it goes on.
const ROOM: usize = 18;

/// Takes a word byte by byte, without the spaces around it, in lower case.
#[derive(Clone, Copy)]
pub(super) struct Word {
    bytes: [u8; ROOM],
    length: usize,
    /// A space came after it. What follows makes it two words, which mean nothing together.
    is_ended: bool,
}

impl Word {
    pub const NONE: Word = Word { bytes: [0; ROOM], length: 0, is_ended: false };

    pub fn take(&mut self, byte: u8) {
        if matches!(byte, b' ' | b'\t') {
            self.is_ended = self.length > 0;
            return;
        }
        if self.is_ended {
            self.length = ROOM;
        }
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte.to_ascii_lowercase();
            self.length = self.length.saturating_add(1);
        }
    }

    /// Begins the next one.
    pub fn clear(&mut self) {
        (self.length, self.is_ended) = (0, false);
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn taken(text: &[u8]) -> Vec<u8> {
        let mut word = Word::NONE;
        text.iter().for_each(|byte| word.take(*byte));
        word.as_bytes().to_vec()
    }

    #[test]
    fn a_word_is_taken_without_its_spaces_in_lower_case() {
        assert_eq!(taken(b" \tClose\t "), b"close");
        assert_eq!(taken(b"Transfer-Encoding"), b"transfer-encoding");
        assert_eq!(taken(b" "), b"");
    }

    #[test]
    fn what_goes_on_is_no_word_that_means_something() {
        for text in ["close x", "close      \t            x", "transfer-encoding-x", "transfer-encoding x"] {
            assert_eq!(taken(text.as_bytes()).len(), ROOM, "{text}");
        }
    }
}
