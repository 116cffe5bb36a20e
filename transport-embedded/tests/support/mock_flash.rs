//! A NOR flash that holds its user to the rules of one, and whose power fails after a number of bytes.

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

/// Words of `WORD` bytes, pages of `PAGE`. Each byte that is written or erased costs one unit of fuel; without fuel
/// the power is off. A word in which the power fails has some of its bits, a page some of its bytes.
#[derive(Clone)]
pub struct MockFlash<const WORD: usize, const PAGE: usize> {
    pub bytes: Vec<u8>,
    pub fuel: Option<u64>,
    pub spent: u64,
    pub erases: Vec<u32>,
    /// Bits that cannot be written any more, by byte: a worn cell stays set.
    pub worn: Option<usize>,
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
            spent: 0,
            erases: vec![0; pages],
            worn: None,
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
        (self.off, self.fuel, self.spent) = (false, fuel, 0);
    }

    fn burn(&mut self) -> bool {
        match &mut self.fuel {
            Some(0) => self.off = true,
            Some(fuel) => *fuel -= 1,
            None => {}
        }
        self.spent += u64::from(!self.off);
        !self.off
    }

    fn tear_word(&mut self, at: usize, wanted: &[u8]) {
        for (byte, wanted) in self.bytes[at..].iter_mut().zip(wanted) {
            *byte &= *wanted | self.numbers.next() as u8;
        }
    }

    /// What the erase did not come to: as it was, or weakly erased here and there.
    fn tear_page(&mut self, from: usize, to: usize) {
        let weak = self.numbers.below(2) == 0;
        for byte in &mut self.bytes[from..to] {
            *byte |= if weak { (self.numbers.next() & self.numbers.next()) as u8 } else { 0 };
        }
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
        self.written[from / WORD..to / WORD].fill(true);
        for at in from..to {
            if !self.burn() {
                self.tear_page(at, to);
                return Err(PowerLost);
            }
            self.bytes[at] = 0xFF;
        }
        self.erases[from / PAGE] += 1;
        self.written[from / WORD..to / WORD].fill(false);
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), PowerLost> {
        let offset = offset as usize;
        assert!(offset.is_multiple_of(WORD) && bytes.len().is_multiple_of(WORD), "unaligned write");
        for (index, byte) in bytes.iter().enumerate() {
            let at = offset + index;
            if index.is_multiple_of(WORD) {
                assert!(self.off || !self.written[at / WORD], "a word is written twice");
            }
            if !self.burn() {
                let end = (index / WORD + 1) * WORD;
                self.tear_word(at, &bytes[index..end]);
                return Err(PowerLost);
            }
            self.written[at / WORD] = true;
            if self.worn != Some(at) {
                self.bytes[at] &= byte;
            }
        }
        Ok(())
    }
}
