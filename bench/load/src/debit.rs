//! The bytes of a debit, and what is looked at in its answer.

use std::io::Write;

use caas_simulator::preset;

/// So many payers share the debits: each is charged 1.00 at most a hundred times in a million debits.
const PAYERS: u64 = 10_000;
/// The last digits of the first: none of these numbers is a magic one.
const FIRST_PAYER: u64 = 2_110_000;

/// Writes debit number `number` of this run over what `request` held.
pub fn write(request: &mut Vec<u8>, number: u64, run: u32) {
    let body = format!(
        r#"{{"applicationId":"{}","password":"{}","externalTrxId":"L{run}N{number}","subscriberId":"tel:9477{:07}","paymentInstrumentName":"Mobile Account","amount":"1.00","currency":"LKR"}}"#,
        preset::APPLICATION_ID,
        preset::PASSWORD,
        FIRST_PAYER + number % PAYERS,
    );
    request.clear();
    // Writing into a vector does not fail.
    let _ = write!(
        request,
        "POST /caas/direct/debit HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
}

/// The length of the whole answer at the beginning of `bytes`, once its head is there.
pub fn answer_length(bytes: &[u8]) -> Option<usize> {
    let head_end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..head_end]).ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    })?;
    Some(head_end + length)
}

/// Whether the answer says that the debit was executed.
pub fn is_executed(answer: &[u8]) -> bool {
    answer.starts_with(b"HTTP/1.1 200") && answer.windows(7).any(|seven| seven == b"\"S1000\"")
}
