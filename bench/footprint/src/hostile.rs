//! Messages that want to cost as much as they can, and the documents' samples.

/// What is read at most on a microcontroller; the budget of instructions is for these.
pub const SHORT: usize = 1024;
/// Longest message here.
pub const LONGEST: usize = 10_000;

/// A message that is made: its name, what fills a buffer with it, and its length.
pub type Made = (&'static str, fn(&mut [u8]), usize);

/// The messages that are made.
pub const MADE: [Made; 14] = [
    ("1 KB of [", |buffer| buffer.fill(b'['), SHORT),
    ("8 KB of [", |buffer| buffer.fill(b'['), 8192),
    ("10,000 [", |buffer| buffer.fill(b'['), LONGEST),
    ("nested as deep as is read", |buffer| wrap(buffer, b"{\"a\":", b"[[[[[[1]]]]]],", b"[]}"), SHORT),
    (
        "nested in a known member",
        |buffer| wrap(buffer, b"{\"statusCode\":", b"[[[[[[1]]]]]],", b"[]}"),
        SHORT,
    ),
    ("escapes in a known member", |buffer| wrap(buffer, b"{\"statusCode\":\"", b"\\u0053", b"\"}"), SHORT),
    (
        "escapes in a text for the payer",
        |buffer| wrap(buffer, b"{\"statusDetail\":\"", b"\\ud83d\\ude00", b"\"}"),
        SHORT,
    ),
    ("escapes in a name", |buffer| wrap(buffer, b"{\"", b"\\u0073", b"\":1}"), SHORT),
    ("many names", |buffer| wrap(buffer, b"{", b"\"s\":1,", b"\"s\":1}"), SHORT),
    (
        "many names of nearly the right length",
        |buffer| wrap(buffer, b"{", b"\"STATUSCODe_\":1,", b"\"s\":1}"),
        SHORT,
    ),
    (
        "one member again and again",
        |buffer| wrap(buffer, b"{", b"\"internalTrxId\":\"914021114190001\",", b"\"a\":1}"),
        SHORT,
    ),
    ("one amount again and again", |buffer| wrap(buffer, b"{", b"\"amount\":1,", b"\"a\":1}"), SHORT),
    ("one text again and again", |buffer| wrap(buffer, b"{", b"\"message\":1,", b"\"a\":1}"), SHORT),
    ("one text twice, all of it escapes", |buffer| twice(buffer), SHORT),
];

/// The documents' samples that a carrier could send.
pub const SAMPLES: [(&str, &str); 12] = [
    ("mobitel gateway 401", include_str!("../../../core/tests/data/apic_401_client_id_not_registered.json")),
    ("mobitel gateway 500", include_str!("../../../core/tests/data/apic_500_backside_AMBIGUOUS.json")),
    ("bdapps debit", include_str!("../../../core/tests/data/debit_resp_bdapps_guide_1.1.3.json")),
    (
        "mspace debit",
        include_str!("../../../core/tests/data/debit_resp_mspace_doc_P1003_requestCorrelator.json"),
    ),
    (
        "simulator debit E1308",
        include_str!("../../../core/tests/data/debit_resp_E1308_simulator_captured.json"),
    ),
    ("dialog debit", include_str!("../../../core/tests/data/seed_dialog_debit_resp.json")),
    ("dialog debit ezcash", include_str!("../../../core/tests/data/seed_dialog_debit_resp_ezcash.json")),
    ("dialog instruments", include_str!("../../../core/tests/data/seed_dialog_list_pi_resp.json")),
    ("dialog notification", include_str!("../../../core/tests/data/seed_dialog_notification_success.txt")),
    ("ideamart debit", include_str!("../../../core/tests/data/seed_ideamart_debit_resp.json")),
    (
        "ideamart debit comprehensive",
        include_str!("../../../core/tests/data/seed_ideamart_debit_resp_comprehensive.json"),
    ),
    ("otp error", include_str!("../../../core/tests/data/otp_error_ideamart_E1850.json")),
];

/// A text of escapes, and the same text with other escapes.
fn twice(buffer: &mut [u8]) {
    let (first, second) = buffer.split_at_mut(buffer.len() / 2);
    wrap(first, b"{\"message\":\"", b"\\u004a", b"\",");
    wrap(second, b"\"message\":\"", b"\\u004A", b"\"}");
}

/// Opens, repeats as often as there is room, closes; spaces fill the rest.
fn wrap(buffer: &mut [u8], open: &[u8], again: &[u8], close: &[u8]) {
    buffer.fill(b' ');
    let (mut at, end) = (0, buffer.len() - close.len());
    let mut put = |text: &[u8], at: &mut usize| {
        if let Some(place) = buffer.get_mut(*at..*at + text.len()) {
            place.copy_from_slice(text);
            *at += text.len();
        }
    };
    put(open, &mut at);
    while at + again.len() <= end {
        put(again, &mut at);
    }
    put(close, &mut at);
}
