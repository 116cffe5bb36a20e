//! Whether bytes are what was written: CRC-32 (ISO-HDLC, as in zip and Ethernet).

/// The polynomial, its lowest bit first.
const POLYNOMIAL: u32 = 0xEDB8_8320;

/// A sum over bytes that come in pieces. Bit by bit: a table for eight bits would be a kilobyte of a microcontroller's flash
/// and one for four sixty bytes, and the longest record is recovered within the budget of a call without either.
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
            for _ in 0..8 {
                let effect = if sum & 1 == 1 { POLYNOMIAL } else { 0 };
                sum = (sum >> 1) ^ effect;
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
