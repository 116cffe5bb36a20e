//! Which Content-Type a notification may have.

/// Whether a body of this type is read as JSON.
///
/// The carriers' senders send `application/json` exactly. A charset of UTF-8 (or ASCII, a part of it) changes
/// nothing and is taken; another one would change what the bytes mean, and is not. Some senders name no type: the
/// token says who they are, and a payment would be lost, so that is taken too. All else is not JSON.
pub(super) fn is_json(content_type: Option<&str>) -> bool {
    let Some(content_type) = content_type else { return true };
    let mut parts = content_type.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    let is_json =
        media_type.eq_ignore_ascii_case("application/json") || media_type.eq_ignore_ascii_case("text/json");
    is_json && parts.all(is_harmless)
}

fn is_harmless(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return parameter.is_empty() };
    if !name.trim().eq_ignore_ascii_case("charset") {
        return true;
    }
    let charset = value.trim().trim_matches('"');
    ["utf-8", "utf8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_in_utf_8_is_taken_and_nothing_else() {
        for good in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/json; v=1; charset=us-ascii",
            "application/json;",
            "text/json",
        ] {
            assert!(is_json(Some(good)), "{good}");
        }
        assert!(is_json(None));
        for bad in [
            "",
            "text/plain",
            "text/html",
            "application/x-www-form-urlencoded",
            "application/jsonx",
            "application/json; charset=utf-16",
            "application/json; garbage",
        ] {
            assert!(!is_json(Some(bad)), "{bad}");
        }
    }
}
