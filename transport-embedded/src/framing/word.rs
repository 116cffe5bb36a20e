//! The words of heads that mean something here.

/// The words: first the headers that are written anyway, or would change where a request ends.
const WORDS: [&str; 13] = [
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "host",
    "user-agent",
    "content-type",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "chunked",
    "close",
];

/// What a word means here: which of [`WORDS`] it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(super) struct Meaning(u8);

impl Meaning {
    pub const CONTENT_LENGTH: Meaning = Meaning(0);
    pub const TRANSFER_ENCODING: Meaning = Meaning(1);
    pub const CONNECTION: Meaning = Meaning(2);
    pub const KEEP_ALIVE: Meaning = Meaning(3);
    const LAST_RESERVED: Meaning = Meaning(10);
    pub const CHUNKED: Meaning = Meaning(11);
    pub const CLOSE: Meaning = Meaning(12);
    /// None of them.
    pub const OTHER: Meaning = Meaning(13);

    /// What a word means, in any case.
    pub fn of(word: &[u8]) -> Self {
        let mut meaning = Meaning(0);
        let mut rest: &[u8] = &PACKED;
        while let [length, after @ ..] = rest {
            let Some((known, others)) = after.split_at_checked(usize::from(*length)) else { break };
            // A letter differs from its other case in one bit; nothing that may stand in a head differs so from `-`.
            let same = |(known, byte): (&u8, &u8)| (known ^ byte) & !CASE == 0;
            if known.len() == word.len() && known.iter().zip(word).all(same) {
                break;
            }
            (meaning.0, rest) = (meaning.0.wrapping_add(1), others);
        }
        meaning
    }

    /// Whether a request may not be given a header of this name.
    pub fn is_reserved(self) -> bool {
        self <= Meaning::LAST_RESERVED
    }
}

/// The bit that makes a letter small.
const CASE: u8 = 0x20;

/// The words, each behind its length: as texts, each would take eight bytes more.
static PACKED: [u8; length()] = pack();

const fn length() -> usize {
    let (mut length, mut row) = (0, 0);
    while row < WORDS.len() {
        length += 1 + WORDS[row].len();
        row += 1;
    }
    length
}

const fn pack() -> [u8; length()] {
    let (mut packed, mut at, mut row) = ([0; length()], 0, 0);
    while row < WORDS.len() {
        let word = WORDS[row].as_bytes();
        packed[at] = word.len() as u8;
        let mut letter = 0;
        while letter < word.len() {
            packed[at + 1 + letter] = word[letter];
            letter += 1;
        }
        at += 1 + word.len();
        row += 1;
    }
    packed
}

/// Room for the longest word that means something, `transfer-encoding`, and a byte more: a word that fills it means
/// nothing here, however it goes on.
const ROOM: usize = 18;

/// Takes a word byte by byte, without the spaces around it.
#[derive(Clone, Copy)]
pub(super) struct Word {
    bytes: [u8; ROOM],
    length: u8,
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
            self.length = ROOM as u8;
        }
        if let Some(place) = self.bytes.get_mut(usize::from(self.length)) {
            *place = byte;
            self.length = self.length.wrapping_add(1);
        }
    }

    /// Begins the next one.
    pub fn clear(&mut self) {
        (self.length, self.is_ended) = (0, false);
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or(&self.bytes)
    }

    pub fn meaning(&self) -> Meaning {
        Meaning::of(self.as_bytes())
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
    fn a_word_is_taken_without_its_spaces() {
        assert_eq!(taken(b" \tClose\t "), b"Close");
        assert_eq!(taken(b"Transfer-Encoding"), b"Transfer-Encoding");
        assert_eq!(taken(b" "), b"");
    }

    #[test]
    fn what_goes_on_is_no_word_that_means_something() {
        for text in ["close x", "close      \t            x", "transfer-encoding-x", "transfer-encoding x"] {
            assert_eq!(taken(text.as_bytes()).len(), ROOM, "{text}");
        }
    }

    #[test]
    fn every_word_has_its_meaning_in_any_case_and_nothing_else_has() {
        for (meaning, word) in [
            (Meaning::CONTENT_LENGTH, "content-length"),
            (Meaning::TRANSFER_ENCODING, "transfer-encoding"),
            (Meaning::CONNECTION, "connection"),
            (Meaning::KEEP_ALIVE, "keep-alive"),
            (Meaning::LAST_RESERVED, "expect"),
            (Meaning::CHUNKED, "chunked"),
            (Meaning::CLOSE, "close"),
        ] {
            assert!(Meaning::of(word.as_bytes()) == meaning, "{word}");
        }
        for (number, word) in WORDS.iter().enumerate() {
            let meaning = Meaning::of(word.to_ascii_uppercase().as_bytes());
            assert_eq!(usize::from(meaning.0), number, "{word}");
            for other in [&word[1..], &word[..word.len() - 1], &std::format!("{word}s")] {
                assert!(Meaning::of(other.as_bytes()) == Meaning::OTHER, "{other}");
            }
        }
        assert!(Meaning::of(b"") == Meaning::OTHER);
        assert!(WORDS.iter().all(|word| word.len() < ROOM));
    }
}
