//! The words of heads that mean something here.

use super::head::LENGTH_DIGITS_MAX;

/// The words, sorted: those that a value may be, and then the headers that are written anyway, or would change where a
/// request ends.
const WORDS: [&str; 13] = [
    "chunked",
    LAST_OF_VALUES,
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];
const LAST_OF_VALUES: &str = "close";

/// What a word means here: where it ends in [`LIST`], if it is one of the [`WORDS`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Meaning(u8);

impl Meaning {
    pub const CONTENT_LENGTH: Meaning = Meaning::named("content-length");
    pub const TRANSFER_ENCODING: Meaning = Meaning::named("transfer-encoding");
    pub const CONNECTION: Meaning = Meaning::named("connection");
    pub const KEEP_ALIVE: Meaning = Meaning::named("keep-alive");
    pub const CHUNKED: Meaning = Meaning::named("chunked");
    pub const CLOSE: Meaning = Meaning::named(LAST_OF_VALUES);
    /// Of what is no word at all.
    pub const NONE: Meaning = Meaning(0);
    /// None of them, and nothing that begins as one.
    const OTHER: Meaning = Meaning(u8::MAX);

    /// Whether a request may not be given a header of this name.
    pub fn is_reserved(name: &str) -> bool {
        let mut word = Word::NONE;
        name.bytes().for_each(|byte| word.take(byte));
        let end = word.meaning.0;
        end > Meaning::CLOSE.0 && LIST.get(usize::from(end)).is_some_and(|next| *next < LETTERS)
    }

    const fn named(word: &str) -> Self {
        let mut row = 0;
        while !is_same(WORDS[row].as_bytes(), word.as_bytes()) {
            row += 1;
        }
        Meaning(pack(row + 1).1 as u8)
    }
}

/// Takes a word byte by byte, without the spaces around it: how far it goes along one of the [`WORDS`], and what number it
/// is. Its letters are not kept.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Word {
    /// Where it has come to in [`LIST`].
    pub meaning: Meaning,
    /// Letters that it shares with the word that stands there.
    letters: u8,
    /// A space came after it. What follows makes it two words, which mean nothing together.
    is_ended: bool,
    /// Digits that it has, or [`NO_NUMBER`].
    digits: u8,
    value: u32,
}

/// Digits of what is no number, however it goes on.
const NO_NUMBER: u8 = u8::MAX;

impl Word {
    pub const NONE: Word = Word { meaning: Meaning::NONE, letters: 0, is_ended: false, digits: 0, value: 0 };

    #[inline(never)]
    pub fn take(&mut self, byte: u8) {
        if matches!(byte, b' ' | b'\t') {
            self.is_ended = !self.is_empty();
            return;
        }
        if self.is_ended {
            (self.meaning, self.digits) = (Meaning::OTHER, NO_NUMBER);
        }
        self.count(byte.wrapping_sub(b'0'));
        self.go_along(byte | CASE);
    }

    pub fn is_empty(&self) -> bool {
        self.meaning == Meaning::NONE
    }

    /// What it is as a number: digits only, no sign, no space, no `0x`.
    pub fn number(&self) -> Option<u32> {
        (self.digits.wrapping_add(1) > 1).then_some(self.value)
    }

    fn count(&mut self, digit: u8) {
        match u32::try_from(u64::from(self.value) * 10 + u64::from(digit)) {
            Ok(value) if digit < 10 && self.digits < LENGTH_DIGITS_MAX as u8 => {
                (self.value, self.digits) = (value, self.digits.wrapping_add(1));
            }
            _ => self.digits = NO_NUMBER,
        }
    }

    /// Goes on to the first word that has this letter behind those that were shared.
    fn go_along(&mut self, letter: u8) {
        // Letters between those and the one that comes next in the list.
        let mut ahead = 0;
        while let Some(next) = LIST.get(usize::from(self.meaning.0)) {
            self.meaning.0 = self.meaning.0.wrapping_add(1);
            if *next < LETTERS {
                let Some(more) = next.checked_sub(self.letters) else { break };
                ahead = more;
            } else if ahead == 0 {
                if *next == letter {
                    self.letters = self.letters.wrapping_add(1);
                    return;
                }
                ahead = 1;
            }
        }
        self.meaning = Meaning::OTHER;
    }
}

/// The bit that makes a letter small. Nothing that may stand in a head differs so from `-`.
const CASE: u8 = 0x20;
/// All letters of words are above.
const LETTERS: u8 = 0x20;

/// Each word as the count of letters that it shares with the word before it, and the others; and a zero behind them.
static LIST: [u8; pack(WORDS.len()).1 + 1] = {
    let (packed, length) = pack(WORDS.len());
    let (mut list, mut at) = ([0; pack(WORDS.len()).1 + 1], 0);
    while at < length {
        list[at] = packed[at];
        at += 1;
    }
    list
};

/// The list of the first of the words, and its length.
const fn pack(words: usize) -> ([u8; 256], usize) {
    let (mut packed, mut at, mut row) = ([0; 256], 0, 0);
    let mut before: &[u8] = &[];
    while row < words {
        let word = WORDS[row].as_bytes();
        let mut letter = 0;
        while letter < before.len() && letter < word.len() && before[letter] == word[letter] {
            letter += 1;
        }
        packed[at] = letter as u8;
        at += 1;
        while letter < word.len() {
            packed[at] = word[letter];
            (at, letter) = (at + 1, letter + 1);
        }
        (before, row) = (word, row + 1);
    }
    (packed, at)
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(text: &str) -> Meaning {
        let mut word = Word::NONE;
        text.bytes().for_each(|byte| word.take(byte));
        word.meaning
    }

    fn is_known(text: &str) -> bool {
        let end = meaning(text);
        LIST.get(usize::from(end.0)).is_some_and(|next| *next < LETTERS) && end != Meaning::NONE
    }

    #[test]
    fn a_word_is_taken_without_its_spaces() {
        assert!(meaning(" \tClose\t ") == Meaning::CLOSE);
        assert!(meaning("Transfer-Encoding") == Meaning::TRANSFER_ENCODING);
        assert!(meaning(" ") == Meaning::NONE);
    }

    #[test]
    fn a_number_is_plain_digits_that_fit() {
        let number = |text: &str| {
            let mut word = Word::NONE;
            text.bytes().for_each(|byte| word.take(byte));
            word.number()
        };
        for (text, value) in [("0", 0), (" 42\t", 42), ("0000000004", 4), ("4294967295", u32::MAX)] {
            assert_eq!(number(text), Some(value), "{text}");
        }
        for text in
            ["", " ", "4 4", "+4", "-4", "4.0", "0x4", "a", "/", ":", "4a", "00000000004", "4294967296"]
        {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!(number(&"9".repeat(300)), None);
    }

    #[test]
    fn what_goes_on_is_no_word_that_means_something() {
        for text in ["close x", "close      \t            x", "transfer-encoding-x", "transfer-encoding x"] {
            assert!(meaning(text) == Meaning::OTHER, "{text}");
        }
    }

    #[test]
    fn every_word_has_its_meaning_in_any_case_and_nothing_else_has() {
        assert!(WORDS.is_sorted(), "words that begin alike must stand together");
        for (number, word) in WORDS.iter().enumerate() {
            assert!(meaning(&word.to_ascii_uppercase()) == Meaning::named(word), "{word}");
            assert!(is_known(word), "{word}");
            assert_eq!(Meaning::is_reserved(word), number > 1, "{word}");
            for end in 0..word.len() {
                for other in
                    [&word[end + 1..], &word[..end], &std::format!("{}x{}", &word[..end], &word[end..])]
                {
                    assert!(!is_known(other) || WORDS.contains(&other), "{other}");
                    assert_eq!(Meaning::is_reserved(other), WORDS[2..].contains(&other), "{other}");
                }
            }
            for (one, other) in WORDS.iter().flat_map(|other| (0..=word.len()).map(move |at| (at, other))) {
                let mixed = std::format!("{}{}", &word[..one], &other[one.min(other.len())..]);
                assert_eq!(is_known(&mixed), WORDS.contains(&&*mixed), "{mixed}");
            }
        }
    }
}
