//! The checksum of heads and bodies. A microcontroller takes the core's. A host has room for a larger table: with it, tests
//! cut the power a million times in minutes.

#[cfg(target_os = "none")]
pub use caas_core::checksum::Checksum;

#[cfg(not(target_os = "none"))]
#[derive(Clone, Copy)]
pub struct Checksum(u32);

#[cfg(not(target_os = "none"))]
impl Checksum {
    pub const fn new() -> Self {
        Checksum(u32::MAX)
    }

    pub fn add(&mut self, bytes: &[u8]) {
        static CRC: crc::Crc<u32, crc::Table<16>> = crc::Crc::<u32, _>::new(&crc::CRC_32_ISO_HDLC);
        let mut digest = CRC.digest_with_initial(self.0.reverse_bits());
        digest.update(bytes);
        self.0 = !digest.finalize();
    }

    pub const fn value(&self) -> u32 {
        !self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a microcontroller wrote, a host reads.
    #[test]
    fn the_sum_of_a_host_is_the_sum_of_a_microcontroller() {
        let bytes: [u8; 200] = core::array::from_fn(|at| (at * 37 + at / 7) as u8);
        for end in 0..bytes.len() {
            let mut sums = (Checksum::new(), caas_core::checksum::Checksum::new());
            for piece in bytes[..end].chunks(1 + end / 3) {
                sums.0.add(piece);
                sums.1.add(piece);
            }
            assert_eq!(sums.0.value(), sums.1.value(), "{end}");
        }
    }
}
