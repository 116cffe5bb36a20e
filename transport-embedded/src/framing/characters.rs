//! The characters that may stand at each place of a request and of an answer's head.

/// A set of ASCII characters, a bit for each.
pub(super) struct Characters([u8; 16]);

/// Of a header's name (RFC 9110, 5.6.2).
pub(super) static TOKEN: Characters = Characters::alphanumeric_and(b"!#$%&'*+-.^_`|~");
/// Of a host, with its port.
pub(super) static HOST: Characters = Characters::alphanumeric_and(b".-_:[]");
/// Of a path with its query: all that can be seen.
pub(super) static PATH: Characters = Characters::alphanumeric_and(b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");

impl Characters {
    const fn alphanumeric_and(others: &[u8]) -> Self {
        let (mut bits, mut byte, mut other) = ([0; 16], 0, 0);
        while byte < 128 {
            bits[byte / 8] |= ((byte as u8).is_ascii_alphanumeric() as u8) << (byte % 8);
            byte += 1;
        }
        while other < others.len() {
            bits[others[other] as usize / 8] |= 1 << (others[other] % 8);
            other += 1;
        }
        Characters(bits)
    }

    /// Whether it is one of these.
    pub fn have(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte / 8)).is_some_and(|bits| bits >> (byte % 8) & 1 == 1)
    }
}

/// Whether it may stand in a header's value.
pub(super) fn is_field_byte(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7F)
}
