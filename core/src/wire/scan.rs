//! The bounded look at a message: full JSON grammar, no recursion, no copy.
//!
//! What carriers send is read leniently where a document shows it and strictly elsewhere:
//!
//! - one comma before a closing bracket is accepted: the Dialog document's acknowledgement has one;
//! - a byte order mark at the start is skipped, as RFC 8259 allows;
//! - half of a surrogate pair reads as U+FFFD. It comes from texts that were cut in the middle of a character; ids are
//!   ASCII, so it can never make one equal to another;
//! - member names are matched without regard to ASCII case: brands differ (`totalAmount`, `TotalAmount`).

use crate::wire::answer::WireFault;

/// Longest message that is read, in bytes. It bounds the work only: the bytes lie in the caller's buffer, which on a
/// microcontroller is shorter (1 KB is plenty; the documents' longest message has about 600 bytes).
pub const MESSAGE_MAX: usize = 8 * 1024;

/// Deepest nesting that is read.
pub const DEPTH_MAX: u8 = 8;

/// What a message says under one name.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'a> {
    /// Nothing: the name is not there.
    Missing,
    /// `null`, which means the same as missing.
    Null,
    /// A string, a number or a boolean.
    Text(Text<'a>),
    /// An object or an array, with its brackets.
    Nested(&'a str),
}

impl<'a> Found<'a> {
    /// The first of the two that is a text which is not empty; failing that, whatever is there.
    pub(super) fn or(self, other: Found<'a>) -> Found<'a> {
        match (self, other) {
            (Found::Text(text), _) if !text.raw.is_empty() => self,
            (_, Found::Missing) => self,
            _ => other,
        }
    }

    /// Keeps what a name says. A second time must say the same: which of two values counts is anybody's guess.
    pub(super) fn keep(&mut self, value: Found<'a>) -> Result<(), WireFault> {
        let same = match (*self, value) {
            (Found::Missing, _) => {
                *self = value;
                true
            }
            (Found::Null, Found::Null) => true,
            (Found::Text(first), Found::Text(second)) => first.chars().eq(second.chars()),
            (Found::Nested(first), Found::Nested(second)) => first == second,
            _ => false,
        };
        if same { Ok(()) } else { Err(WireFault::DuplicateMember) }
    }
}

/// What the object in `body` says under each of `names`. All of the message is checked, also what nobody asked for.
#[inline]
pub(super) fn members<'a, const N: usize>(
    body: &'a [u8],
    names: &[&str; N],
) -> Result<[Found<'a>; N], WireFault> {
    let mut found = [Found::Missing; N];
    find(body, names, &mut found)?;
    Ok(found)
}

/// As [`members`], in place and for any number of names: one copy of it is enough for all messages.
#[inline(never)]
pub(super) fn find<'a>(body: &'a [u8], names: &[&str], found: &mut [Found<'a>]) -> Result<(), WireFault> {
    let mut scanner = Scanner::new(text_of(body)?);
    if !matches!(scanner.next()?, Some(Event::Open { object: true })) {
        return Err(WireFault::NotJson);
    }
    let mut place = None;
    let mut opened = 0;
    while let Some(event) = scanner.next()? {
        let value = match (event, scanner.depth) {
            (Event::Key(name), 1) => {
                place = slot(found, names, name);
                continue;
            }
            (Event::Open { .. }, 2) => {
                opened = scanner.at.saturating_sub(1);
                continue;
            }
            (Event::Close, 1) => Found::Nested(scanner.since(opened)),
            (Event::Null, 1) => Found::Null,
            (Event::Text(text), 1) => Found::Text(text),
            _ => continue,
        };
        if let Some(place) = place.take() {
            place.keep(value)?;
        }
    }
    Ok(())
}

/// Calls `each` with every object directly inside `array` (which [`members`] has found to be well-formed).
pub(super) fn objects<'a>(array: &'a str, mut each: impl FnMut(&'a str)) -> Result<(), WireFault> {
    let mut scanner = Scanner::new(array);
    if !matches!(scanner.next()?, Some(Event::Open { object: false })) {
        return Err(WireFault::NotJson);
    }
    let mut opened = None;
    while let Some(event) = scanner.next()? {
        match (event, scanner.depth) {
            (Event::Open { object: true }, 2) => opened = Some(scanner.at.saturating_sub(1)),
            (Event::Close, 1) => {
                if let Some(start) = opened.take() {
                    each(scanner.since(start));
                }
            }
            _ => {}
        }
    }
    Ok(())
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

/// Where the value of the member `name` belongs, if it was asked for.
fn slot<'f, 'a>(found: &'f mut [Found<'a>], names: &[&str], name: Text<'_>) -> Option<&'f mut Found<'a>> {
    found.iter_mut().zip(names).find(|(_, known)| name.is_named(known)).map(|(place, _)| place)
}

/// A scalar as it stands in the message, without its quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> Text<'a> {
    pub(super) const BLANK: Text<'static> = Text { raw: " ", escaped: false };

    /// A text that has no escapes, backslashes included.
    #[cfg(feature = "dump-notification")]
    pub(super) fn verbatim(raw: &'a str) -> Self {
        Text { raw, escaped: false }
    }

    /// The characters that are meant: escapes are resolved.
    pub(super) fn chars(self) -> Chars<'a> {
        Chars { rest: self.raw.chars(), escaped: self.escaped }
    }

    /// Whether this is the name `known`, in any ASCII case.
    pub(super) fn is_named(self, known: &str) -> bool {
        let lower = |character: char| character.to_ascii_lowercase();
        self.chars().map(lower).eq(known.chars().map(lower))
    }
}

/// The characters of a [`Text`].
#[derive(Clone)]
pub(super) struct Chars<'a> {
    rest: core::str::Chars<'a>,
    escaped: bool,
}

impl Iterator for Chars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self.rest.next()? {
            '\\' if self.escaped => self.escape(),
            plain => Some(plain),
        }
    }
}

impl Chars<'_> {
    fn escape(&mut self) -> Option<char> {
        Some(match self.rest.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let unit = hex_unit(&mut self.rest)?;
                self.paired(unit)
            }
            itself => itself,
        })
    }

    /// The character of a UTF-16 unit; a leading surrogate takes the unit after it along if that completes the pair.
    fn paired(&mut self, unit: u32) -> char {
        if !(0xD800..0xDC00).contains(&unit) {
            return char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
        let mut ahead = self.rest.clone();
        let trailing = match (ahead.next(), ahead.next()) {
            (Some('\\'), Some('u')) => hex_unit(&mut ahead),
            _ => None,
        };
        match trailing {
            Some(low) if (0xDC00..0xE000).contains(&low) => {
                self.rest = ahead;
                let code = 0x10000 | ((unit & 0x3FF) << 10);
                char::from_u32(code.saturating_add(low & 0x3FF)).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => char::REPLACEMENT_CHARACTER,
        }
    }
}

fn hex_unit(chars: &mut core::str::Chars<'_>) -> Option<u32> {
    let mut unit = 0;
    for _ in 0..4 {
        unit = (unit << 4) | chars.next()?.to_digit(16)?;
    }
    Some(unit)
}

/// What a scanner meets.
enum Event<'a> {
    Open { object: bool },
    Close,
    Key(Text<'a>),
    Text(Text<'a>),
    Null,
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
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// The lowest bit is the innermost bracket: 1 for an object.
    brackets: u8,
    depth: u8,
    expect: Expect,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Scanner { text, at: 0, brackets: 0, depth: 0, expect: Expect::Value }
    }

    /// The text from `start` to here.
    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or("")
    }

    fn next(&mut self) -> Result<Option<Event<'a>>, WireFault> {
        loop {
            self.skip(is_space);
            let Some(byte) = self.peek() else {
                let complete = matches!(self.expect, Expect::Nothing);
                return if complete { Ok(None) } else { Err(WireFault::NotJson) };
            };
            match (self.expect, byte) {
                (Expect::KeyOrEnd | Expect::CommaOrEnd, b'}') if self.in_object() => return self.close(),
                (Expect::ItemOrEnd | Expect::CommaOrEnd, b']') if !self.in_object() => return self.close(),
                (Expect::CommaOrEnd, b',') => self.comma(),
                (Expect::KeyOrEnd, _) => return self.key().map(Some),
                (Expect::Value | Expect::ItemOrEnd, _) => return self.value(byte).map(Some),
                (Expect::CommaOrEnd | Expect::Nothing, _) => return Err(WireFault::NotJson),
            }
        }
    }

    fn comma(&mut self) {
        self.advance(1);
        self.expect = if self.in_object() { Expect::KeyOrEnd } else { Expect::ItemOrEnd };
    }

    fn close(&mut self) -> Result<Option<Event<'a>>, WireFault> {
        self.advance(1);
        self.brackets >>= 1;
        self.depth = self.depth.saturating_sub(1);
        self.after_value();
        Ok(Some(Event::Close))
    }

    fn key(&mut self) -> Result<Event<'a>, WireFault> {
        let name = self.string()?;
        self.skip(is_space);
        self.eat(b":")?;
        self.expect = Expect::Value;
        Ok(Event::Key(name))
    }

    fn value(&mut self, first: u8) -> Result<Event<'a>, WireFault> {
        if matches!(first, b'{' | b'[') {
            return self.open(first == b'{');
        }
        let start = self.at;
        let event = match first {
            b'"' => Event::Text(self.string()?),
            b'n' => {
                self.eat(b"null")?;
                Event::Null
            }
            b't' | b'f' => {
                self.eat(if first == b't' { b"true" } else { b"false" })?;
                Event::Text(Text { raw: self.since(start), escaped: false })
            }
            _ => {
                self.number()?;
                Event::Text(Text { raw: self.since(start), escaped: false })
            }
        };
        self.after_value();
        Ok(event)
    }

    fn open(&mut self, object: bool) -> Result<Event<'a>, WireFault> {
        if self.depth >= DEPTH_MAX {
            return Err(WireFault::TooDeep);
        }
        self.advance(1);
        self.depth = self.depth.saturating_add(1);
        self.brackets = (self.brackets << 1) | u8::from(object);
        self.expect = if object { Expect::KeyOrEnd } else { Expect::ItemOrEnd };
        Ok(Event::Open { object })
    }

    fn after_value(&mut self) {
        self.expect = if self.depth == 0 { Expect::Nothing } else { Expect::CommaOrEnd };
    }

    fn string(&mut self) -> Result<Text<'a>, WireFault> {
        self.eat(b"\"")?;
        let start = self.at;
        let mut escaped = false;
        loop {
            match self.peek().ok_or(WireFault::NotJson)? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.escape()?;
                }
                0..0x20 => return Err(WireFault::NotJson),
                _ => self.advance(1),
            }
        }
        let raw = self.since(start);
        self.advance(1);
        Ok(Text { raw, escaped })
    }

    fn escape(&mut self) -> Result<(), WireFault> {
        self.advance(1);
        let kind = self.peek().ok_or(WireFault::NotJson)?;
        self.advance(1);
        match kind {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => {
                let start = self.at;
                self.skip(|byte| byte.is_ascii_hexdigit());
                if self.since(start).len() < 4 {
                    return Err(WireFault::NotJson);
                }
                // More hexadecimal digits after the fourth are plain text; going back to them is simpler than counting.
                self.at = start.saturating_add(4);
                Ok(())
            }
            _ => Err(WireFault::NotJson),
        }
    }

    fn number(&mut self) -> Result<(), WireFault> {
        self.skip_one(b"-");
        if !self.skip_one(b"0") {
            self.digits()?;
        }
        if self.skip_one(b".") {
            self.digits()?;
        }
        if self.skip_one(b"eE") {
            self.skip_one(b"+-");
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), WireFault> {
        let start = self.at;
        self.skip(|byte| byte.is_ascii_digit());
        if self.at == start { Err(WireFault::NotJson) } else { Ok(()) }
    }

    fn in_object(&self) -> bool {
        self.brackets & 1 == 1
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn advance(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    fn skip(&mut self, which: fn(u8) -> bool) {
        while self.peek().is_some_and(which) {
            self.advance(1);
        }
    }

    fn skip_one(&mut self, of: &[u8]) -> bool {
        let there = self.peek().is_some_and(|byte| of.contains(&byte));
        if there {
            self.advance(1);
        }
        there
    }

    fn eat(&mut self, token: &[u8]) -> Result<(), WireFault> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if !rest.starts_with(token) {
            return Err(WireFault::NotJson);
        }
        self.advance(token.len());
        Ok(())
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;
    use std::format;
    use std::string::{String, ToString};
    use std::vec::Vec;

    fn read(body: &str) -> Result<Option<String>, WireFault> {
        let [found] = members(body.as_bytes(), &["a"])?;
        Ok(match found {
            Found::Missing | Found::Null => None,
            Found::Text(text) => Some(text.chars().collect()),
            Found::Nested(source) => Some(source.to_string()),
        })
    }

    #[test]
    fn scalars_of_any_kind_read_as_their_text() {
        for (value, text) in [
            ("\"x\"", "x"),
            ("-0.5e+10", "-0.5e+10"),
            ("0", "0"),
            ("true", "true"),
            ("false", "false"),
            (r#""\"\\\/\b\f\n\r\t\u00e9""#, "\"\\/\u{8}\u{c}\n\r\t\u{e9}"),
            (r#""\ud83d\ude42!""#, "🙂!"),
            (r#""\uD83D""#, "\u{fffd}"),
            (r#""\ud83dx\ude42""#, "\u{fffd}x\u{fffd}"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
            (r#""\u0041BCDEF""#, "ABCDEF"),
            ("[1, {}]", "[1, {}]"),
            ("{ }", "{ }"),
        ] {
            assert_eq!(read(&format!("{{\"a\":{value}}}")), Ok(Some(text.into())), "{value}");
            assert_eq!(read(&format!("{{\"b\":{value}}}")), Ok(None), "{value}");
        }
        assert_eq!(read("{\"a\":null}"), Ok(None));
    }

    #[test]
    fn what_the_grammar_does_not_allow_is_refused_in_members_that_nobody_asked_for_too() {
        for value in [
            "",
            "01",
            "+1",
            "1.",
            ".5",
            "1e",
            "1e+",
            "-",
            "nul",
            "nulL",
            "True",
            "'x'",
            "x",
            "\"x",
            "\"\n\"",
            "\"\t\"",
            r#""\x""#,
            r#""\u12""#,
            r#""\u12g4""#,
            r#""\"#,
            "[1",
            "[1}",
            "{1:2}",
            "{\"b\"}",
            "{\"b\":}",
            "{\"b\" 1}",
            "[,]",
            "{,}",
            "[1,,]",
            "[1 2]",
            "1 2",
            "\"\"\"\"",
            "NaN",
            "Infinity",
            "0x1",
            "//",
            "{\"b\":1;}",
            "\u{a0}1",
        ] {
            for name in ["a", "b"] {
                let body = format!("{{\"{name}\":{value}}}");
                assert_eq!(read(&body), Err(WireFault::NotJson), "{body}");
                assert!(serde_json::from_str::<Value>(&body).is_err(), "{body}");
            }
        }
        for body in ["{}}", "{}{}", "{},", "{} x", "[]", "1", "{\"a\":1", "{", "\u{feff}\u{feff}{}"] {
            assert_eq!(read(body), Err(WireFault::NotJson), "{body}");
        }
    }

    #[test]
    fn one_comma_before_a_closing_bracket_is_accepted_everywhere() {
        assert_eq!(read("{\"b\":[1,{\"c\":2,},],\"a\":1,}"), Ok(Some("1".into())));
    }

    #[test]
    fn null_and_a_value_under_one_name_contradict_each_other() {
        for body in
            ["{\"a\":null,\"A\":1}", "{\"a\":1,\"a\":null}", "{\"a\":1,\"a\":[1]}", "{\"a\":1,\"a\":1.0}"]
        {
            assert_eq!(read(body), Err(WireFault::DuplicateMember), "{body}");
        }
        for body in ["{\"a\":\"1\",\"A\":1}", "{\"a\":[1],\"a\":[1]}", "{\"\\u0061\":1,\"a\":1}"] {
            assert!(read(body).is_ok(), "{body}");
        }
    }

    #[test]
    fn objects_are_found_directly_in_an_array_only() {
        let mut found = Vec::new();
        objects(r#"[1, {"a":{"b":1}}, [{"c":1}], {}]"#, |object| found.push(object)).unwrap();
        assert_eq!(found, [r#"{"a":{"b":1}}"#, "{}"]);
        assert_eq!(objects("{}", |_| {}), Err(WireFault::NotJson));
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// The reference is serde_json: what it writes is read here as it reads it.
        #[test]
        fn a_valid_object_reads_as_serde_json_reads_it(known in json(), before in json(), after in json(), pretty: bool) {
            let value = serde_json::json!({ "_": before, "a": known, "z": after });
            let body = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            let expected = match &known {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                Value::Bool(_) | Value::Number(_) => Some(known.to_string()),
                Value::Array(_) | Value::Object(_) => {
                    let found = read(&body).unwrap().unwrap();
                    prop_assert_eq!(serde_json::from_str::<Value>(&found).unwrap(), known);
                    return Ok(());
                }
            };
            prop_assert_eq!(read(&body), Ok(expected));
        }

        /// Both refuse the same texts, but for the four liberties that this module's documentation names.
        #[test]
        fn a_text_that_was_changed_is_refused_where_serde_json_refuses_it(
            value in json(), at: prop::sample::Index, with in "[]\\[{}\",:\\\\0-9eE.+u-]?",
        ) {
            let mut body: Vec<char> = serde_json::json!({ "a": value }).to_string().chars().collect();
            let place = at.index(body.len());
            body.splice(place..=place, with.chars());
            let body: String = body.into_iter().collect();
            let theirs = serde_json::from_str::<serde_json::Map<String, Value>>(&body);
            match read(&body) {
                Ok(_) => {
                    let without_comma = body.replace(",}", "}").replace(",]", "]");
                    let lenient = theirs.is_ok()
                        || serde_json::from_str::<Value>(&without_comma).is_ok()
                        || body.to_lowercase().contains("\\ud")
                        || theirs.is_err_and(|error| error.to_string().contains("out of range"));
                    prop_assert!(lenient, "{}", body);
                }
                Err(WireFault::DuplicateMember) => {}
                Err(fault) => prop_assert!(theirs.is_err(), "{} {:?}", body, fault),
            }
        }
    }
}
