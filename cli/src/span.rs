//! A span of time as people type it: `500ms`, `30s`, `2m`, `1h`; a bare number is seconds.

/// Its milliseconds.
pub fn parse(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit {
        "ms" => 1,
        "s" | "" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return Err(format!("{text} is no span of time like 500ms, 30s, 2m or 1h")),
    };
    let number: Option<u64> = number.parse().ok();
    number
        .and_then(|number| number.checked_mul(factor))
        .ok_or_else(|| format!("{text} is no span of time like 500ms, 30s, 2m or 1h"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_what_is_none_is_refused() {
        for (text, milliseconds) in [("500ms", 500), ("30", 30_000), ("2m", 120_000), ("1h", 3_600_000)] {
            assert_eq!(parse(text), Ok(milliseconds));
        }
        for text in ["", "s", "-1s", "1.5s", "2 m", "5d", "99999999999999999999s", "9999999999999999h"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
