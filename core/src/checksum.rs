//! Whether bytes are what was written: CRC-32 (ISO-HDLC, as in zip and Ethernet).

/// The polynomial, its lowest bit first.
const POLYNOMIAL: u32 = 0xEDB8_8320;
/// What four bits do to the sum. A table for eight would be a kilobyte of a microcontroller's flash, and none at all
/// takes two and a half times as long.
static EFFECTS: [u32; 16] = effects();

/// A sum over bytes that come in pieces.
///
/// ```
/// use caas_core::checksum::{Checksum, checksum};
/// let mut sum = Checksum::new();
/// sum.add(b"1234");
/// sum.add(b"56789");
/// assert_eq!(sum.value(), checksum(b"123456789"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Checksum(u32);

impl Checksum {
    /// The sum of no bytes.
    pub const fn new() -> Self {
        Checksum(u32::MAX)
    }

    /// Adds bytes.
    #[inline(never)]
    pub fn add(&mut self, bytes: &[u8]) {
        let mut sum = self.0;
        for byte in bytes {
            sum ^= u32::from(*byte);
            for _ in 0..2 {
                let effect = EFFECTS.get((sum & 0xF) as usize).copied().unwrap_or(0);
                sum = (sum >> 4) ^ effect;
            }
        }
        self.0 = sum;
    }

    /// The sum so far.
    pub const fn value(&self) -> u32 {
        !self.0
    }
}

impl Default for Checksum {
    fn default() -> Self {
        Checksum::new()
    }
}

/// The sum of bytes that are all there.
pub fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = Checksum::new();
    sum.add(bytes);
    sum.value()
}

const fn effects() -> [u32; 16] {
    let mut effects = [0; 16];
    let mut nibble = 0;
    while nibble < 16 {
        let mut effect = nibble as u32;
        let mut bit = 0;
        while bit < 4 {
            effect = (effect >> 1) ^ if effect & 1 == 1 { POLYNOMIAL } else { 0 };
            bit += 1;
        }
        effects[nibble] = effect;
        nibble += 1;
    }
    effects
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_that_of_the_crc_crate_however_the_bytes_are_cut() {
        let oracle = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);
        let bytes: [u8; 259] = core::array::from_fn(|at| (at * 37 + at / 7) as u8);
        for end in 0..bytes.len() {
            let mut sum = Checksum::new();
            bytes[..end].chunks(1 + end / 3).for_each(|piece| sum.add(piece));
            assert_eq!(sum.value(), oracle.checksum(&bytes[..end]), "{end}");
            assert_eq!(sum.value(), checksum(&bytes[..end]), "{end}");
        }
        assert_eq!(checksum(b"123456789"), 0xCBF4_3926);
    }
}
