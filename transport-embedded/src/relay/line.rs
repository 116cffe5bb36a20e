//! The line before a notification's bytes: its number and its proof, as `17-0a1b2c3d`.

/// Most bytes of that line, its end included: ten digits, a hyphen, eight digits, LF.
pub const LINE_MAX: usize = 20;

/// Number, proof and what follows; `None` for anything but exactly such a line.
pub(super) fn split_line(body: &[u8]) -> Option<(u32, u32, &[u8])> {
    let end = body.iter().take(LINE_MAX).position(|byte| *byte == b'\n')?;
    let (line, rest) = body.split_at_checked(end)?;
    let hyphen = line.iter().position(|byte| *byte == b'-')?;
    let (number, proof) = line.split_at_checked(hyphen)?;
    Some((decimal(number)?, hexadecimal(proof.get(1..)?)?, rest.get(1..)?))
}

fn decimal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.first() == Some(&b'0') {
        return None;
    }
    digits.iter().try_fold(0u32, |number, digit| {
        let digit = char::from(*digit).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    if digits.len() != 8 {
        return None;
    }
    digits.iter().try_fold(0u32, |number, digit| Some((number << 4) | char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_exactly() {
        assert_eq!(split_line(b"17-0a1b2c3d\n{}\n"), Some((17, 0x0a1b_2c3d, &b"{}\n"[..])));
        assert_eq!(split_line(b"1-00000000\n"), Some((1, 0, &b""[..])));
        let longest = b"4294967295-ffffffff\n";
        assert_eq!(longest.len(), LINE_MAX);
        assert_eq!(split_line(longest), Some((u32::MAX, u32::MAX, &b""[..])));
        for bad in [
            "",
            "\n",
            "17\n",
            "17-\n",
            "-0a1b2c3d\n",
            "0-0a1b2c3d\n",
            "017-0a1b2c3d\n",
            "+7-0a1b2c3d\n",
            "17-0a1b2c3\n",
            "17-0a1b2c3d0\n",
            "17-0a1b2c3g\n",
            "17-0a1b2c3d",
            "17-0a1b2c3d\r\n",
            "4294967296-0a1b2c3d\n",
            "{\"statusCode\":\"S1000\"}\n",
        ] {
            assert_eq!(split_line(bad.as_bytes()), None, "{bad:?}");
        }
    }
}
