//! Which bytes a request's path may hold.

/// Whether a byte may stand in a path: RFC 3986 `pchar`, the slash and the percent sign.
pub(super) fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&byte)
}

/// The first byte of `path` that may not stand there: it must begin with a slash, and may hold one query.
pub(super) fn bad_path_byte(path: &str) -> Option<usize> {
    if !path.starts_with('/') {
        return Some(0);
    }
    path.bytes().position(|byte| byte != b'?' && !is_path_byte(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_begins_with_a_slash_and_holds_no_control_space_or_fragment() {
        assert_eq!(bad_path_byte("/caas/direct/debit"), None);
        assert_eq!(bad_path_byte("/a?b=%20&c"), None);
        assert_eq!(bad_path_byte(""), Some(0));
        assert_eq!(bad_path_byte("caas"), Some(0));
        for bad in ["\r", "\n", "\0", " ", "#", "\"", "\\", "\u{7f}", "\u{e9}"] {
            assert_eq!(bad_path_byte(&format!("/a{bad}")), Some(2), "{bad:?}");
        }
    }
}
