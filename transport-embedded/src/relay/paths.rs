//! The paths of the relay. The formatting machinery would cost flash.

use caas_core::id_generator::PREFIX_MAX;
use heapless::String;

use super::told::Receipt;

/// Longest path: `/relay/`, a terminal, `?set-aside=`, ten digits, a hyphen and eight digits, with room to spare. `?after=`,
/// ten digits, `&wait=` and three digits are shorter.
const PATH_MAX: usize = 64;
const _: () = assert!(7 + PREFIX_MAX + 11 + 10 + 1 + 8 <= PATH_MAX);

/// A path. Where the terminal's name is longer than any can be, it is none, and the request is refused before it is sent.
pub(super) struct Path(Option<String<PATH_MAX>>);

impl Path {
    pub fn pull(terminal: &str, after: u32, wait: u8) -> Self {
        let mut path = Path::of(terminal);
        path.text("?after=");
        path.number(after);
        if wait > 0 {
            path.text("&wait=");
            path.number(wait.into());
        }
        path
    }

    pub fn acknowledge(terminal: &str, receipt: &Receipt) -> Self {
        let mut path = Path::of(terminal);
        path.text(if receipt.ours { "?taken=" } else { "?set-aside=" });
        path.number(receipt.number);
        path.text("-");
        for place in (0..8).rev() {
            path.digit((receipt.proof >> (4 * place)) & 0xF);
        }
        path
    }

    /// The path; empty if it is none, which no request is written with.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    fn of(terminal: &str) -> Self {
        let mut path = Path(Some(String::new()));
        path.text("/relay/");
        // Any other character would change what is asked for.
        let plain = !terminal.is_empty() && terminal.bytes().all(|byte| byte.is_ascii_alphanumeric());
        path.text(terminal);
        if plain { path } else { Path(None) }
    }

    fn text(&mut self, text: &str) {
        if self.0.as_mut().is_some_and(|path| path.push_str(text).is_err()) {
            self.0 = None;
        }
    }

    fn digit(&mut self, digit: u32) {
        let Some(digit) = char::from_digit(digit, 16) else { return };
        if self.0.as_mut().is_some_and(|path| path.push(digit).is_err()) {
            self.0 = None;
        }
    }

    fn number(&mut self, number: u32) {
        let mut power: u32 = 1_000_000_000;
        while power > 1 && number < power {
            power /= 10;
        }
        while power > 0 {
            self.digit(number / power % 10);
            power /= 10;
        }
    }
}

#[cfg(test)]
mod tests {
    use caas_core::charge::Ticket;

    use super::super::told::Told;
    use super::*;

    #[test]
    fn paths_are_written_as_the_relay_reads_them() {
        assert_eq!(Path::pull("K042", 0, 0).as_str(), "/relay/K042?after=0");
        assert_eq!(Path::pull("K042", 120, 25).as_str(), "/relay/K042?after=120&wait=25");
        let longest = Path::pull("ABCDEFGHIJ", u32::MAX, u8::MAX);
        assert_eq!(longest.as_str(), "/relay/ABCDEFGHIJ?after=4294967295&wait=255");
        let told = || Told::new(u32::MAX, 0x0a1b_2c3d);
        let taken = told().given_as(Ticket(1)).replied(Ticket(1)).unwrap();
        assert_eq!(
            Path::acknowledge("ABCDEFGHIJ", &taken).as_str(),
            "/relay/ABCDEFGHIJ?taken=4294967295-0a1b2c3d"
        );
        assert_eq!(
            Path::acknowledge("K1", &Told::new(9, 0).not_ours()).as_str(),
            "/relay/K1?set-aside=9-00000000"
        );
    }

    #[test]
    fn a_terminal_that_is_no_prefix_has_no_path() {
        for bad in ["", "K/1", "K?1", "K 1", "K\r\n", &"K".repeat(PATH_MAX)] {
            assert_eq!(Path::pull(bad, 0, 0).as_str(), "", "{bad:?}");
        }
    }
}
