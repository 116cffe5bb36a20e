//! CRC-32 (ISO-HDLC), byte by byte or piece by piece.

/// The sum of what was added so far.
#[derive(Clone, Copy)]
pub struct Sum(u32);

impl Sum {
    pub const START: Sum = Sum(u32::MAX);

    /// A microcontroller works without a table, which saves 1 to 16 KB of its flash.
    #[cfg(target_os = "none")]
    #[inline(never)]
    pub fn add(self, bytes: &[u8]) -> Sum {
        self.add_slowly(bytes)
    }

    /// A host has room for a table: with it, tests cut the power a million times in minutes.
    #[cfg(not(target_os = "none"))]
    pub fn add(self, bytes: &[u8]) -> Sum {
        static CRC: crc::Crc<u32, crc::Table<16>> = crc::Crc::<u32, _>::new(&crc::CRC_32_ISO_HDLC);
        let mut digest = CRC.digest_with_initial(self.0.reverse_bits());
        digest.update(bytes);
        Sum(!digest.finalize())
    }

    #[cfg(any(target_os = "none", test))]
    fn add_slowly(self, bytes: &[u8]) -> Sum {
        /// The polynomial, its bits reflected as in the sum.
        const POLYNOMIAL: u32 = 0xEDB8_8320;
        let mut sum = self.0;
        for byte in bytes {
            sum ^= u32::from(*byte);
            for _ in 0..8 {
                sum = (sum >> 1) ^ if sum & 1 == 1 { POLYNOMIAL } else { 0 };
            }
        }
        Sum(sum)
    }

    pub fn get(self) -> u32 {
        !self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The two ways to the same sum, in any pieces: what a microcontroller wrote, a host reads.
    #[test]
    fn the_sum_is_the_same_with_a_table_and_without() {
        let crc = crc::Crc::<u32, crc::NoTable>::new(&crc::CRC_32_ISO_HDLC);
        let bytes: [u8; 100] = core::array::from_fn(|at| (at * 37) as u8);
        for end in 0..bytes.len() {
            for middle in 0..end {
                let (one, other) = bytes[..end].split_at(middle);
                let wanted = crc.checksum(&bytes[..end]);
                assert_eq!(Sum::START.add(one).add(other).get(), wanted);
                assert_eq!(Sum::START.add_slowly(one).add_slowly(other).get(), wanted);
            }
        }
        assert_eq!(Sum::START.add(b"123456789").get(), 0xCBF4_3926);
    }
}
