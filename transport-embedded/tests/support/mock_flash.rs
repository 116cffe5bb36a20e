//! A NOR flash that holds its user to the rules of one, whose power fails after a number of bytes, and that can write
//! down what is done to it.

use embedded_storage_async::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

use super::Numbers;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PowerLost;

impl NorFlashError for PowerLost {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

/// What was done to the flash in one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Write { at: usize, bytes: Vec<u8> },
    Erase { from: usize },
}

/// Words of `WORD` bytes, pages of `PAGE`. Each byte that is written or erased costs one unit of fuel; without fuel
/// the power is off. A word in which the power fails has some of its bits, a page some of its bytes.
#[derive(Clone)]
pub struct MockFlash<const WORD: usize, const PAGE: usize> {
    pub bytes: Vec<u8>,
    pub fuel: Option<u64>,
    pub erases: Vec<u32>,
    /// The byte that cannot be written any more: a worn cell stays set.
    pub worn: Option<usize>,
    /// The byte that an erase leaves with other bits cleared.
    pub stuck: Option<(usize, u8)>,
    /// What was done, while it is written down.
    pub steps: Option<Vec<Step>>,
    off: bool,
    written: Vec<bool>,
    numbers: Numbers,
}

impl<const WORD: usize, const PAGE: usize> MockFlash<WORD, PAGE> {
    /// A flash that is blank, or, with every fourth seed, holds garbage. It must be erased either way.
    pub fn new(pages: usize, seed: u64) -> Self {
        let mut numbers = Numbers::new(seed);
        let bytes =
            (0..pages * PAGE).map(|_| if seed % 4 == 3 { numbers.next() as u8 } else { 0xFF }).collect();
        MockFlash {
            bytes,
            fuel: None,
            erases: vec![0; pages],
            worn: None,
            stuck: None,
            steps: None,
            off: false,
            written: vec![true; pages * PAGE / WORD],
            numbers,
        }
    }

    pub fn range(&self) -> std::ops::Range<u32> {
        0..self.bytes.len() as u32
    }

    /// The power comes back, for so many bytes.
    pub fn power_on(&mut self, fuel: Option<u64>) {
        (self.off, self.fuel) = (false, fuel);
    }

    /// Torn bits come from these numbers on.
    pub fn shake(&mut self, seed: u64) {
        self.numbers = Numbers::new(seed);
    }

    /// How many bytes a step takes, each of which can be the one in which the power fails.
    pub fn length(step: &Step) -> usize {
        match step {
            Step::Write { bytes, .. } => bytes.len(),
            Step::Erase { .. } => PAGE,
        }
    }

    /// Does one byte of a step. All bytes before it must be done.
    pub fn advance(&mut self, step: &Step, index: usize) {
        match step {
            Step::Write { at, bytes } => {
                let at = at + index;
                self.written[at / WORD] = true;
                if self.worn != Some(at) {
                    self.bytes[at] &= bytes[index];
                }
            }
            Step::Erase { from } => {
                let stuck = self.stuck.filter(|stuck| stuck.0 == from + index);
                self.bytes[from + index] = stuck.map_or(0xFF, |stuck| stuck.1);
                let words = from / WORD..(from + PAGE) / WORD;
                if index == 0 || index == PAGE - 1 {
                    self.written[words].fill(index == 0);
                }
                self.erases[from / PAGE] += u32::from(index == PAGE - 1);
            }
        }
    }

    /// The power fails in one byte of a step, after all bytes before it.
    pub fn tear(&mut self, step: &Step, index: usize) {
        match step {
            Step::Write { at, bytes } => {
                let end = (index / WORD + 1) * WORD;
                for (byte, wanted) in self.bytes[at + index..].iter_mut().zip(&bytes[index..end]) {
                    *byte &= *wanted | self.numbers.next() as u8;
                }
                // A word that still reads as blank cannot be told from one.
                let word = (at + index) / WORD;
                self.written[word] = self.bytes[word * WORD..][..WORD].iter().any(|byte| *byte != 0xFF);
            }
            // What the erase did not come to: as it was, or weakly erased here and there.
            Step::Erase { from } => {
                self.written[from / WORD..(from + PAGE) / WORD].fill(true);
                if self.numbers.below(2) == 0 {
                    for byte in &mut self.bytes[from + index..from + PAGE] {
                        *byte |= (self.numbers.next() & self.numbers.next()) as u8;
                    }
                }
            }
        }
    }

    fn burn(&mut self) -> bool {
        match &mut self.fuel {
            Some(0) => self.off = true,
            Some(fuel) => *fuel -= 1,
            None => {}
        }
        !self.off
    }

    fn run(&mut self, step: Step) -> Result<(), PowerLost> {
        if self.off {
            return Err(PowerLost);
        }
        for index in 0..Self::length(&step) {
            if !self.burn() {
                self.tear(&step, index);
                return Err(PowerLost);
            }
            self.advance(&step, index);
        }
        if let Some(steps) = &mut self.steps {
            steps.push(step);
        }
        Ok(())
    }
}

impl<const WORD: usize, const PAGE: usize> ErrorType for MockFlash<WORD, PAGE> {
    type Error = PowerLost;
}

impl<const WORD: usize, const PAGE: usize> ReadNorFlash for MockFlash<WORD, PAGE> {
    const READ_SIZE: usize = WORD;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), PowerLost> {
        let offset = offset as usize;
        assert!(offset.is_multiple_of(WORD) && bytes.len().is_multiple_of(WORD), "unaligned read");
        bytes.copy_from_slice(&self.bytes[offset..offset + bytes.len()]);
        if self.off { Err(PowerLost) } else { Ok(()) }
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl<const WORD: usize, const PAGE: usize> NorFlash for MockFlash<WORD, PAGE> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), PowerLost> {
        let (from, to) = (from as usize, to as usize);
        assert!(from.is_multiple_of(PAGE) && to == from + PAGE, "unaligned erase");
        self.run(Step::Erase { from })
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), PowerLost> {
        let at = offset as usize;
        assert!(at.is_multiple_of(WORD) && bytes.len().is_multiple_of(WORD), "unaligned write");
        let words = at / WORD..(at + bytes.len()) / WORD;
        assert!(self.off || !self.written[words].contains(&true), "a word is written twice");
        self.run(Step::Write { at, bytes: bytes.to_vec() })
    }
}
