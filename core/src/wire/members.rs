//! The members that a message is asked for, found in one walk. All readers work in the same way: a list of names, one
//! [`Members::find`], and then each text where it belongs.
//!
//! What is found is kept as places in the message, a word each, and not as copies: the readers are the deepest part of
//! this crate, and on a microcontroller the stack is what they are measured by.

use super::names::{ASKED_MAX, Names};
use super::notification::Stated;
use super::scan::{Form, Place, text_of, walk};
use super::text::Text;
use crate::bytes::same;
use crate::id::CarrierId;
use crate::wire::answer::WireFault;

/// A message, and where it says each of the members that it was asked for.
pub(super) struct Members<'a> {
    source: &'a [u8],
    /// By the numbers of the names.
    places: [Place; ASKED_MAX],
}

/// As a constant it is written with zeros, and not one after the other.
const NOTHING: [Place; ASKED_MAX] = [Place::MISSING; ASKED_MAX];

impl<'a> Members<'a> {
    /// Nothing was found yet. What is found fills it in place: to hand it over would copy it.
    #[inline(never)]
    pub(super) fn new() -> Self {
        Members { source: &[], places: NOTHING }
    }

    /// Finds what the object in `body` says under each of `names`. All of the message is checked, also what nobody asked
    /// for; where it cannot be read, nothing was found. One copy of it is enough for all messages.
    #[inline(never)]
    pub(super) fn find(&mut self, body: &'a [u8], names: &Names) -> Result<(), WireFault> {
        let found = self.look(body, names);
        if found.is_err() {
            self.places = NOTHING;
        }
        found
    }

    fn look(&mut self, body: &'a [u8], names: &Names) -> Result<(), WireFault> {
        let source = text_of(body)?;
        self.source = source;
        walk(source, '{', names, |name, value| self.keep(name, value))
    }

    /// Keeps where a name says something. A second time must say the same: which of two values counts is anybody's guess.
    #[inline(never)]
    fn keep(&mut self, name: usize, value: Place) -> Result<(), WireFault> {
        let Some(place) = self.places.get_mut(name) else { return Ok(()) };
        if place.is_missing() {
            *place = value;
            return Ok(());
        }
        let (before, now) = (place.of(self.source), value.of(self.source));
        let is_same = place.is_like(value)
            && (same(before, now) || (value.is(Form::Text) && Text::new(before).says(Text::new(now))));
        if is_same { Ok(()) } else { Err(WireFault::DuplicateMember) }
    }

    /// As [`Members::find`], in the dump that the Dialog document shows.
    #[cfg(feature = "dump-notification")]
    pub(super) fn find_in_dump(&mut self, body: &'a [u8], names: &Names) -> Result<(), WireFault> {
        let source = text_of(body)?;
        *self = Members { source, ..Members::new() };
        let text = core::str::from_utf8(source).map_err(|_| WireFault::NotUtf8)?;
        let place_of = |part: &str, form| {
            let start = (part.as_ptr() as usize).saturating_sub(source.as_ptr() as usize);
            let left = source.len().saturating_sub(start);
            Place::new(left, left.saturating_sub(part.len()), form)
        };
        super::dump::find(text, |name, value| {
            let form = match value {
                "null" => Form::Null,
                // A dump escapes nothing. There is no id, amount, currency or code with a backslash or quotes.
                _ if value.contains(['\\', '"']) => Form::Nested,
                _ => Form::Text,
            };
            let name = names.number(place_of(name, Form::Text), source);
            self.keep(name, place_of(value, form))
        })
    }

    /// The text under the name with this number, if there is one. An object or an array in a text's place reads as a
    /// blank.
    #[inline(never)]
    pub(super) fn text(&self, name: usize) -> Option<Text<'a>> {
        let place = self.place(name);
        if place.is(Form::Text) {
            Some(Text::new(place.of(self.source)))
        } else if place.is(Form::Nested) {
            Some(Text::BLANK)
        } else {
            None
        }
    }

    /// The amount under a name.
    #[inline(never)]
    pub(super) fn stated(&self, name: usize) -> Stated {
        match self.text(name).map(Text::amount) {
            None => Stated::Absent,
            Some(Ok(amount)) => Stated::Amount(amount),
            Some(Err(error)) => Stated::Bad(error),
        }
    }

    /// Puts the id under a name, if there is one.
    #[inline(never)]
    pub(super) fn put_id(&self, name: usize, id: &mut CarrierId) {
        if let Some(text) = self.text(name) {
            text.put_id(id.bytes_mut());
        }
    }

    /// The first text under three names that is not empty; an empty one if none is. An object or an array is no text here.
    #[inline(never)]
    pub(super) fn first(&self, name: usize) -> Text<'a> {
        for name in name..name.wrapping_add(3) {
            let place = self.place(name);
            let text = place.of(self.source);
            if place.is(Form::Text) && !text.is_empty() {
                return Text::new(text);
            }
        }
        Text::new(&[])
    }

    /// The object or array under a name, with its brackets.
    pub(super) fn nested(&self, name: usize) -> Option<&'a [u8]> {
        let place = self.place(name);
        if place.is(Form::Nested) { Some(place.of(self.source)) } else { None }
    }

    fn place(&self, name: usize) -> Place {
        self.places.get(name).copied().unwrap_or(Place::MISSING)
    }
}

/// Calls `each` with every object directly inside `array` (which [`Members::find`] has found to be well-formed).
pub(super) fn objects<'a>(array: &'a [u8], mut each: impl FnMut(&'a [u8])) -> Result<(), WireFault> {
    walk(array, '[', &Names::NONE, |_, value| {
        let item = value.of(array);
        if value.is(Form::Nested) && item.starts_with(b"{") {
            each(item);
        }
        Ok(())
    })
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
        let mut members = Members::new();
        members.find(body.as_bytes(), &Names::new(&[0, 1, b'a']))?;
        let nested = members.nested(0).map(|nested| core::str::from_utf8(nested).unwrap().to_string());
        Ok(nested.or_else(|| members.text(0).map(|text| text.chars().collect())))
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
        for body in [
            "{,}",
            "{,\"a\":1}",
            "{}}",
            "{}{}",
            "{},",
            "{} x",
            "[]",
            "1",
            "{\"a\":1",
            "{",
            "\u{feff}\u{feff}{}",
        ] {
            assert_eq!(read(body), Err(WireFault::NotJson), "{body}");
        }
    }

    #[test]
    fn a_name_is_the_same_in_other_cases_and_in_nothing_else() {
        for other in 0..=255u8 {
            let name = char::from(other);
            if name.is_control() || matches!(name, '"' | '\\') {
                continue;
            }
            let found = read(&format!("{{\"{name}\":1}}")).unwrap();
            assert_eq!(found.is_some(), matches!(name, 'a' | 'A'), "{name}");
        }
    }

    #[test]
    fn a_name_is_the_same_with_escapes() {
        for (name, is_asked) in [
            (r"\u0061", true),
            (r"\u0041", true),
            (r"\u0062", false),
            (r"\u0061\u0061", false),
            (r"\u0000a", false),
        ] {
            let expected = is_asked.then(|| "1".into());
            assert_eq!(read(&format!("{{\"{name}\":1}}")), Ok(expected), "{name}");
        }
        assert_eq!(read(&format!("{{\"{}\":1}}", r"\u0061".repeat(30))), Ok(None));
        assert_eq!(read(r#"{"\u0061":2,"a":1}"#), Err(WireFault::DuplicateMember));
    }

    #[test]
    fn one_comma_before_a_closing_bracket_is_accepted_everywhere() {
        assert_eq!(read("{\"b\":[1,{\"c\":2,},],\"a\":1,}"), Ok(Some("1".into())));
    }

    #[test]
    fn null_and_a_value_under_one_name_contradict_each_other() {
        for body in [
            "{\"a\":null,\"A\":1}",
            "{\"a\":1,\"a\":null}",
            "{\"a\":1,\"a\":[1]}",
            "{\"a\":1,\"a\":1.0}",
            "{\"a\":null,\"a\":\"null\"}",
            "{\"a\":\"null\",\"a\":null}",
            "{\"a\":[1],\"a\":\"[1]\"}",
            "{\"a\":\"[1]\",\"a\":[1]}",
        ] {
            assert_eq!(read(body), Err(WireFault::DuplicateMember), "{body}");
        }
        for body in ["{\"a\":\"1\",\"A\":1}", "{\"a\":[1],\"a\":[1]}", "{\"\\u0061\":1,\"a\":1}"] {
            assert!(read(body).is_ok(), "{body}");
        }
    }

    /// A dump escapes nothing, so what would be an escape or a quote in JSON can be no id there, and none is made of it.
    #[cfg(feature = "dump-notification")]
    #[test]
    fn a_backslash_or_quotes_in_a_dump_read_as_a_blank() {
        for (value, text) in [("914", "914"), ("\\u0039", " "), ("\"914\"", " "), ("9\"14", " ")] {
            let body = format!("{{ a='{value}' }}");
            let mut members = Members::new();
            members.find_in_dump(body.as_bytes(), &Names::new(&[0, 1, b'a'])).unwrap();
            assert!(members.text(0).unwrap().chars().eq(text.chars()), "{body}");
        }
    }

    #[test]
    fn the_first_of_three_is_the_first_text_that_says_something() {
        const NAMES: Names = Names::new(&[0, 1, b'a', 1, 1, b'b', 2, 1, b'c']);
        for (body, first) in [
            (r#"{"a":"1","b":"2","c":"3"}"#, "1"),
            (r#"{"a":{"x":1},"b":"2","c":"3"}"#, "2"),
            (r#"{"a":"","b":null,"c":3}"#, "3"),
            (r#"{"c":"3","a":[]}"#, "3"),
            (r#"{"a":[1],"b":""}"#, ""),
            ("{}", ""),
        ] {
            let mut members = Members::new();
            members.find(body.as_bytes(), &NAMES).unwrap();
            assert!(members.first(0).chars().eq(first.chars()), "{body}");
        }
    }

    #[test]
    fn objects_are_found_directly_in_an_array_only() {
        let mut found = Vec::new();
        objects(br#"[1, {"a":{"b":1}}, [{"c":1}], {}]"#, |object| found.push(object)).unwrap();
        assert_eq!(found, [&br#"{"a":{"b":1}}"#[..], b"{}"]);
        assert_eq!(objects(b"{}", |_| {}), Err(WireFault::NotJson));
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
