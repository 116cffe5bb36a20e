//! Finds the public key in a certificate, and nothing else: the pin says whose it is.

/// What a key on P-256 looks like before its point (RFC 5480): SubjectPublicKeyInfo, id-ecPublicKey, secp256r1, and a
/// bit string without unused bits.
const P256_START: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86,
    0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const VERSION: u8 = 0xA0;

/// The SubjectPublicKeyInfo of a certificate (RFC 5280, 4.1), with its tag and length.
pub fn public_key_info(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (signed, _) = element(certificate.content, SEQUENCE)?;
    let mut rest = signed.content;
    if let Some((_, behind)) = element(rest, VERSION) {
        rest = behind;
    }
    // Serial number, signature algorithm, issuer, validity, subject.
    for tag in [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE] {
        (_, rest) = element(rest, tag)?;
    }
    element(rest, SEQUENCE).map(|(key, _)| key.whole)
}

/// The point of a key on P-256; `None` for any other key.
pub fn p256_point(public_key_info: &[u8]) -> Option<&[u8]> {
    public_key_info.strip_prefix(&P256_START)
}

struct Element<'d> {
    whole: &'d [u8],
    content: &'d [u8],
}

/// The element with this tag at the start of `bytes`, and what is behind it. Lengths have up to three bytes.
fn element(bytes: &[u8], tag: u8) -> Option<(Element<'_>, &[u8])> {
    let [found, first, rest @ ..] = bytes else { return None };
    if *found != tag {
        return None;
    }
    let (length_bytes, rest) = match first {
        0x00..=0x7F => (core::slice::from_ref(first), rest),
        0x81..=0x83 => rest.split_at_checked(usize::from(first & 0x7F))?,
        _ => return None,
    };
    let length = length_bytes
        .iter()
        .try_fold(0usize, |length, byte| length.checked_mul(256)?.checked_add(usize::from(*byte)))?;
    let (content, behind) = rest.split_at_checked(length)?;
    let whole = bytes.get(..bytes.len().checked_sub(behind.len())?)?;
    Some((Element { whole, content }, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_certificate_have_no_key() {
        for bytes in
            [&b""[..], b"0", b"0\x00", b"0\x80", b"0\x84\x00\x00\x00\x01x", b"0\x83\xff\xff\xff", b"1\x00"]
        {
            assert_eq!(public_key_info(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn lengths_are_read_in_each_form() {
        for (bytes, content) in [
            (&b"0\x02ab!"[..], 2),
            (b"0\x81\x02ab!", 2),
            (b"0\x82\x00\x02ab!", 2),
            (b"0\x83\x00\x00\x02ab!", 2),
        ] {
            let (found, behind) = element(bytes, SEQUENCE).unwrap();
            assert_eq!((found.content.len(), behind), (content, &b"!"[..]));
            assert_eq!(found.whole.len(), bytes.len() - 1);
        }
    }
}
