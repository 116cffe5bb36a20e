//! Request and answer bodies without secrets and without whole numbers of subscribers.

use serde_json::Value;

use crate::subscriber;

const SECRETS: [&str; 4] = ["password", "ezcashAgentPin", "ezcashAgentAlias", "otp"];
const SUBSCRIBERS: [&str; 4] = ["subscriberId", "customer", "receiver", "accountId"];

/// The body as it may stand in a log. What is not JSON cannot be masked, so only its length is told.
pub(crate) fn body(bytes: &[u8]) -> String {
    match serde_json::from_slice::<Value>(bytes) {
        Ok(mut value) => {
            mask(&mut value);
            value.to_string()
        }
        Err(_) => format!("<{} bytes that are not JSON>", bytes.len()),
    }
}

/// serde_json parses at most 128 levels, which bounds this recursion.
fn mask(value: &mut Value) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(name, value)| mask_member(name, value)),
        Value::Array(items) => items.iter_mut().for_each(mask),
        _ => {}
    }
}

fn mask_member(name: &str, value: &mut Value) {
    if SECRETS.contains(&name) {
        *value = Value::from("***");
    } else if SUBSCRIBERS.contains(&name) {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        *value = Value::from(subscriber::masked(&text));
    } else {
        mask(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_and_no_whole_number_is_left() {
        let shown = body(
            br#"{"password":"s3cret","subscriberId":94771234567,"additionalParams":{"ezcashAgentPin":"4444"}}"#,
        );
        for hidden in ["s3cret", "94771234567", "4444"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }

    #[test]
    fn what_is_not_json_is_not_shown() {
        assert_eq!(body(b"password=s3cret"), "<15 bytes that are not JSON>");
    }
}
