//! The state as it is written down: one line that names format, version and checksum, then the state as JSON.

use serde::{Deserialize, Serialize};

use crate::clock::VirtualClock;
use crate::ids::Ids;
use crate::random::Random;
use crate::rate_limit::RateLimits;
use crate::settings::Settings;
use crate::state::{Book, State};
use crate::{Credentials, SettingsChange};

const FORMAT: &str = "caas-simulator-state";
/// Counted up with every change that an older release could misread.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Head {
    format: String,
    version: u32,
    /// CRC-32 of what follows: a flipped digit must not become somebody's money.
    crc32: u32,
}

#[derive(Serialize)]
struct Written<'a> {
    now: u64,
    ahead: i64,
    ids: &'a Ids,
    random: &'a Random,
    settings: SettingsChange,
    book: &'a Book,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    now: u64,
    ahead: i64,
    ids: Ids,
    random: Random,
    settings: SettingsChange,
    book: Book,
}

/// The state as text. Credentials are no part of it: they are the caller's at every start.
pub(crate) fn write(state: &State) -> Result<Vec<u8>, serde_json::Error> {
    let body = serde_json::to_vec(&Written {
        now: state.clock.now(),
        ahead: state.clock.ahead(),
        ids: &state.ids,
        random: &state.random,
        settings: SettingsChange::current(state),
        book: &state.book,
    })?;
    let head = Head { format: FORMAT.to_owned(), version: VERSION, crc32: crc32(&body) };
    let mut text = serde_json::to_vec(&head)?;
    text.push(b'\n');
    text.extend_from_slice(&body);
    text.push(b'\n');
    Ok(text)
}

/// The state that was written, or why it cannot be taken.
pub(crate) fn read(text: &[u8], credentials: Credentials) -> Result<State, String> {
    let end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
    let (head, body) = text.split_at(end);
    let head: Head = serde_json::from_slice(head).map_err(|_| "it is no state of a simulator".to_owned())?;
    if head.format != FORMAT {
        return Err("it is no state of a simulator".to_owned());
    }
    if head.version != VERSION {
        return Err(format!(
            "it has version {}, and this release reads version {VERSION}: use the release that wrote it",
            head.version
        ));
    }
    let body = body.trim_ascii();
    if crc32(body) != head.crc32 {
        return Err("it is damaged: its checksum does not match".to_owned());
    }
    let read: Read = serde_json::from_slice(body).map_err(|error| format!("it cannot be read: {error}"))?;
    if !read.book.ledger.adds_up() {
        return Err("it is damaged: its ledger does not add up".to_owned());
    }
    Ok(state_of(read, credentials))
}

fn state_of(read: Read, credentials: Credentials) -> State {
    let rate = read.settings.clock_rate.unwrap_or(1);
    let mut state = State {
        settings: Settings { credentials, ..Settings::default() },
        clock: VirtualClock::resumed(read.now, read.ahead, rate),
        ids: read.ids,
        random: Random::from_seed(0),
        book: read.book,
        rate_limits: RateLimits::default(),
        version: 0,
        observed: false,
    };
    read.settings.apply(&mut state);
    state.random = read.random;
    state.book.outbox.take_back();
    state
}

/// The checksum of zip and Ethernet, bit by bit: a state is written a few times a second at most.
fn crc32(bytes: &[u8]) -> u32 {
    static TABLE: [u32; 256] = table();
    !bytes.iter().fold(!0, |crc, byte| TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8))
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut place = 0;
    while place < 256 {
        let mut crc = place as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[place] = crc;
        place += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_common_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn whatever_is_flipped_or_cut_off_is_refused() {
        let text = write(&State::new(Settings::default(), 0)).unwrap();
        assert!(read(&text, Credentials::default()).is_ok());
        for place in 0..text.len() - 1 {
            let mut flipped = text.clone();
            flipped[place] ^= 1;
            let refused = read(&flipped, Credentials::default()).is_err();
            // The line break between the two may be another white space.
            assert!(refused || text[place].is_ascii_whitespace(), "flipped at {place}");
            assert!(read(&text[..place], Credentials::default()).is_err(), "cut at {place}");
        }
    }

    #[test]
    fn another_version_names_itself() {
        let text = write(&State::new(Settings::default(), 0)).unwrap();
        let text = String::from_utf8(text).unwrap().replace("\"version\":1", "\"version\":2");
        let why = read(text.as_bytes(), Credentials::default()).map(drop).unwrap_err();
        assert!(why.contains("version 2"), "{why}");
    }
}
