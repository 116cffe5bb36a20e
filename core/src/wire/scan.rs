//! The bounded walk through a message: full JSON grammar, no recursion, no copy.
//!
//! What carriers send is read leniently where a document shows it and strictly elsewhere:
//!
//! - one comma before a closing bracket is accepted: the Dialog document's acknowledgement has one;
//! - a byte order mark at the start is skipped, as RFC 8259 allows;
//! - half of a surrogate pair reads as U+FFFD. It comes from texts that were cut in the middle of a character; ids are
//!   ASCII, so it can never make one equal to another;
//! - member names are matched without regard to ASCII case: brands differ (`totalAmount`, `TotalAmount`).

use super::text::Text;
use crate::wire::answer::WireFault;

/// Longest message that is read, in bytes. It bounds the work only: the bytes lie in the caller's buffer, which on a
/// microcontroller is shorter (1 KB is plenty; the documents' longest message has about 600 bytes).
pub const MESSAGE_MAX: usize = 8 * 1024;

/// Deepest nesting that is read.
pub const DEPTH_MAX: u8 = 8;

/// What a scanner meets. Where a key or a scalar stands, [`Scanner::text`] says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    Open { object: bool },
    Close,
    Key,
    Text,
    Null,
    End,
}

/// What the grammar allows next.
#[derive(Clone, Copy)]
enum Expect {
    Value,
    ItemOrEnd,
    KeyOrEnd,
    CommaOrEnd,
    Nothing,
}

/// Walks through one JSON value and checks its grammar. One bit for each open bracket is all it remembers.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    start: usize,
    end: usize,
    escaped: bool,
    /// The lowest bit is the innermost bracket: 1 for an object.
    brackets: u8,
    depth: u8,
    expect: Expect,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Scanner {
            text,
            at: 0,
            start: 0,
            end: 0,
            escaped: false,
            brackets: 0,
            depth: 0,
            expect: Expect::Value,
        }
    }

    /// How many brackets are open.
    pub(super) fn depth(&self) -> u8 {
        self.depth
    }

    /// Where the scanner is, in bytes from the message's start.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Where the latest key or scalar stands, without its quotes, and whether it has escapes.
    pub(super) fn met(&self) -> (usize, usize, bool) {
        (self.start, self.end, self.escaped)
    }

    /// The length of the latest key or scalar, and whether it has escapes.
    pub(super) fn length(&self) -> (usize, bool) {
        (self.end.saturating_sub(self.start), self.escaped)
    }

    /// The latest key or scalar.
    pub(super) fn text(&self) -> Text<'a> {
        Text::new(self.text.get(self.start..self.end).unwrap_or(""), self.escaped)
    }

    pub(super) fn next(&mut self) -> Result<Event, WireFault> {
        loop {
            self.skip_spaces();
            let Some(byte) = self.peek() else {
                let complete = matches!(self.expect, Expect::Nothing);
                return if complete { Ok(Event::End) } else { Err(WireFault::NotJson) };
            };
            match (self.expect, byte) {
                (Expect::KeyOrEnd | Expect::CommaOrEnd, b'}') if self.in_object() => return Ok(self.close()),
                (Expect::ItemOrEnd | Expect::CommaOrEnd, b']') if !self.in_object() => {
                    return Ok(self.close());
                }
                (Expect::CommaOrEnd, b',') => self.comma(),
                (Expect::KeyOrEnd, _) => return self.key(),
                (Expect::Value | Expect::ItemOrEnd, _) => return self.value(byte),
                (Expect::CommaOrEnd | Expect::Nothing, _) => return Err(WireFault::NotJson),
            }
        }
    }

    fn comma(&mut self) {
        self.step();
        self.expect = if self.in_object() { Expect::KeyOrEnd } else { Expect::ItemOrEnd };
    }

    fn close(&mut self) -> Event {
        self.step();
        self.brackets >>= 1;
        self.depth = self.depth.saturating_sub(1);
        self.after_value();
        Event::Close
    }

    fn key(&mut self) -> Result<Event, WireFault> {
        self.string()?;
        self.skip_spaces();
        self.eat(b':')?;
        self.expect = Expect::Value;
        Ok(Event::Key)
    }

    fn value(&mut self, first: u8) -> Result<Event, WireFault> {
        let mut event = Event::Text;
        match first {
            b'{' | b'[' => return self.open(first == b'{'),
            b'"' => self.string()?,
            _ => {
                self.start = self.at;
                self.escaped = false;
                match first {
                    b'n' => {
                        self.eat_all(b"null")?;
                        event = Event::Null;
                    }
                    b't' => self.eat_all(b"true")?,
                    b'f' => self.eat_all(b"false")?,
                    _ => self.number()?,
                }
                self.end = self.at;
            }
        }
        self.after_value();
        Ok(event)
    }

    fn open(&mut self, object: bool) -> Result<Event, WireFault> {
        if self.depth >= DEPTH_MAX {
            return Err(WireFault::TooDeep);
        }
        self.step();
        self.depth = self.depth.saturating_add(1);
        self.brackets = (self.brackets << 1) | u8::from(object);
        self.expect = if object { Expect::KeyOrEnd } else { Expect::ItemOrEnd };
        Ok(Event::Open { object })
    }

    fn after_value(&mut self) {
        self.expect = if self.depth == 0 { Expect::Nothing } else { Expect::CommaOrEnd };
    }

    fn string(&mut self) -> Result<(), WireFault> {
        self.eat(b'"')?;
        self.start = self.at;
        self.escaped = false;
        loop {
            match self.peek().ok_or(WireFault::NotJson)? {
                b'"' => break,
                b'\\' => self.escape()?,
                0..0x20 => return Err(WireFault::NotJson),
                _ => self.step(),
            }
        }
        self.end = self.at;
        self.step();
        Ok(())
    }

    fn escape(&mut self) -> Result<(), WireFault> {
        self.escaped = true;
        self.step();
        let kind = self.peek().ok_or(WireFault::NotJson)?;
        self.step();
        match kind {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => {
                for _ in 0..4 {
                    if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return Err(WireFault::NotJson);
                    }
                    self.step();
                }
                Ok(())
            }
            _ => Err(WireFault::NotJson),
        }
    }

    fn number(&mut self) -> Result<(), WireFault> {
        if self.peek() == Some(b'-') {
            self.step();
        }
        if self.peek() == Some(b'0') {
            self.step();
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.step();
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.step();
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.step();
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), WireFault> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.step();
        }
        if self.at == start { Err(WireFault::NotJson) } else { Ok(()) }
    }

    fn in_object(&self) -> bool {
        self.brackets & 1 == 1
    }

    // Between most tokens there is no space: that is not worth a call.
    #[inline(always)]
    fn skip_spaces(&mut self) {
        if self.peek().is_some_and(|byte| byte <= b' ') {
            self.skip_every_space();
        }
    }

    #[inline(never)]
    fn skip_every_space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.step();
        }
    }

    #[inline(always)]
    fn eat(&mut self, byte: u8) -> Result<(), WireFault> {
        let there = self.peek() == Some(byte);
        self.step();
        if there { Ok(()) } else { Err(WireFault::NotJson) }
    }

    #[inline(never)]
    fn eat_all(&mut self, token: &[u8]) -> Result<(), WireFault> {
        token.iter().try_for_each(|byte| self.eat(*byte))
    }

    // A message is spent in these two. As calls they would be most of the work.
    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline(always)]
    fn step(&mut self) {
        // It never goes beyond the text's end by more than the one byte that was not there.
        self.at = self.at.wrapping_add(1);
    }
}

/// The message as text, if it may be read at all.
pub(super) fn text_of(body: &[u8]) -> Result<&str, WireFault> {
    if body.len() > MESSAGE_MAX {
        return Err(WireFault::TooLong);
    }
    let text = core::str::from_utf8(body).map_err(|_| WireFault::NotUtf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.bytes().all(is_space) { Err(WireFault::Empty) } else { Ok(text) }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
