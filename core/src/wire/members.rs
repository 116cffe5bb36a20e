//! The members that a message is asked for, found in one walk. All readers work in the same way: a list of names, one
//! [`Members::find`], and then each text where it belongs.
//!
//! What is found is kept as places in the message, six bytes each, and not as copies: the readers are the deepest part of
//! this crate, and on a microcontroller the stack is what they are measured by.

use heapless::String;

use super::scan::{Event, MESSAGE_MAX, Scanner, text_of};
use super::text::Text;
use crate::id::CarrierId;
use crate::wire::answer::WireFault;

/// Longest name that any message is asked for.
const NAME_MAX: usize = 24;

/// Where a message says something, and in which form.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    start: u16,
    end: u16,
    form: Form,
}

/// How a member's value is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    /// The name is not there.
    #[default]
    Missing,
    /// `null`, which means the same as missing.
    Null,
    /// A number, a boolean, or a string without escapes.
    Plain,
    /// A string with escapes.
    Escaped,
    /// An object or an array, with its brackets.
    Nested,
}

// A place in a message fits its numbers.
const _: () = assert!(MESSAGE_MAX <= u16::MAX as usize);

impl Place {
    fn new(start: usize, end: usize, form: Form) -> Self {
        // Both are within the message, and by the assertion above nothing is cut off.
        Place { start: start as u16, end: end as u16, form }
    }

    fn scalar(scanner: &Scanner<'_>) -> Self {
        let (start, end, escaped) = scanner.met();
        Place::new(start, end, if escaped { Form::Escaped } else { Form::Plain })
    }
}

/// Most members that any message is asked for.
const ASKED_MAX: usize = 16;

/// A message, and where it says each of the members that it was asked for.
pub(super) struct Members<'a> {
    source: &'a str,
    /// In the order of the names.
    places: [Place; ASKED_MAX],
}

impl<'a> Members<'a> {
    /// Nothing was found yet. What is found fills it in place: to hand it over would copy it.
    #[inline(never)]
    pub(super) fn new() -> Self {
        Members { source: "", places: [MISSING; ASKED_MAX] }
    }

    /// Finds what the object in `body` says under each of `names`, sixteen at most. All of the message is checked, also
    /// what nobody asked for. One copy of it is enough for all messages.
    #[inline(never)]
    pub(super) fn find(&mut self, body: &'a [u8], names: &[&str]) -> Result<(), WireFault> {
        self.source = text_of(body)?;
        find(self.source, names, &mut self.places)
    }

    /// As [`Members::find`], in the dump that the Dialog document shows.
    #[cfg(feature = "dump-notification")]
    pub(super) fn find_in_dump(&mut self, body: &'a [u8], names: &[&str]) -> Result<(), WireFault> {
        let source = text_of(body)?;
        *self = Members { source, ..Members::new() };
        super::dump::find(source, |name, value| {
            let Some(place) = place_of(names, &mut self.places, Text::new(name, false)) else {
                return Ok(());
            };
            let start = (value.as_ptr() as usize).saturating_sub(source.as_ptr() as usize);
            let form = if value == "null" { Form::Null } else { Form::Plain };
            keep(source, place, Place::new(start, start.saturating_add(value.len()), form))
        })
    }

    /// The text under the name with this number, if there is one. An object or an array in a text's place reads as a
    /// blank.
    #[inline(never)]
    pub(super) fn text(&self, name: usize) -> Option<Text<'a>> {
        let place = self.place(name);
        match place.form {
            Form::Missing | Form::Null => None,
            Form::Plain | Form::Escaped => Some(scalar(self.source, place)),
            Form::Nested => Some(Text::BLANK),
        }
    }

    /// The id under a name, if it can be one.
    #[inline(never)]
    pub(super) fn id(&self, name: usize) -> Option<CarrierId> {
        self.text(name).and_then(Text::id)
    }

    /// The first of these that is a text which is not empty; failing that, the last that is there at all.
    pub(super) fn first(&self, names: &[usize]) -> Option<Text<'a>> {
        let mut chosen = *names.first()?;
        for name in names {
            let place = self.place(*name);
            if place.form != Form::Missing {
                chosen = *name;
            }
            let scalar = matches!(place.form, Form::Plain | Form::Escaped);
            if scalar && place.start != place.end {
                break;
            }
        }
        self.text(chosen)
    }

    /// The object or array under a name, with its brackets.
    pub(super) fn nested(&self, name: usize) -> Option<&'a str> {
        let place = self.place(name);
        if place.form == Form::Nested { Some(slice(self.source, place)) } else { None }
    }

    fn place(&self, name: usize) -> &Place {
        self.places.get(name).unwrap_or(&MISSING)
    }
}

const MISSING: Place = Place { start: 0, end: 0, form: Form::Missing };

/// Calls `each` with every object directly inside `array` (which [`Members::find`] has found to be well-formed).
pub(super) fn objects<'a>(array: &'a str, mut each: impl FnMut(&'a str)) -> Result<(), WireFault> {
    let mut scanner = Scanner::new(array);
    if scanner.next()? != (Event::Open { object: false }) {
        return Err(WireFault::NotJson);
    }
    let mut opened = None;
    loop {
        match (scanner.next()?, scanner.depth()) {
            (Event::Open { object: true }, 2) => opened = Some(scanner.at().saturating_sub(1)),
            (Event::Close, 1) => {
                if let Some(start) = opened.take() {
                    each(array.get(start..scanner.at()).unwrap_or(""));
                }
            }
            (Event::End, _) => return Ok(()),
            _ => {}
        }
    }
}

fn find(source: &str, names: &[&str], places: &mut [Place]) -> Result<(), WireFault> {
    let mut scanner = Scanner::new(source);
    if scanner.next()? != (Event::Open { object: true }) {
        return Err(WireFault::NotJson);
    }
    let lengths = names.iter().fold(0, |lengths, name| lengths | bit(name.len()));
    let mut asked: Option<&mut Place> = None;
    let mut opened = 0;
    loop {
        let value = match (scanner.next()?, scanner.depth()) {
            (Event::Key, 1) => {
                // Nobody asks for most members. Their length says so, which keeps the work small for hundreds of them.
                let (length, escaped) = scanner.length();
                let may_be_asked = escaped || lengths & bit(length) != 0;
                asked = if may_be_asked { place_of(names, places, scanner.text()) } else { None };
                continue;
            }
            (Event::Open { .. }, 2) => {
                opened = scanner.at().saturating_sub(1);
                continue;
            }
            (Event::Close, 1) => Place::new(opened, scanner.at(), Form::Nested),
            (Event::Null, 1) => Place { form: Form::Null, ..Place::default() },
            (Event::Text, 1) => Place::scalar(&scanner),
            (Event::End, _) => return Ok(()),
            _ => continue,
        };
        if let Some(place) = asked.take() {
            keep(source, place, value)?;
        }
    }
}

/// Keeps where a name says something. A second time must say the same: which of two values counts is anybody's guess.
fn keep(source: &str, place: &mut Place, value: Place) -> Result<(), WireFault> {
    if place.form == Form::Missing {
        *place = value;
        return Ok(());
    }
    let is_text = |form: Form| matches!(form, Form::Plain | Form::Escaped);
    let same = if place.form == value.form && bytes(source, place) == bytes(source, &value) {
        true
    } else {
        is_text(place.form) && is_text(value.form) && scalar(source, place).same(scalar(source, &value))
    };
    if same { Ok(()) } else { Err(WireFault::DuplicateMember) }
}

/// Where the value of the member `name` belongs, if it was asked for.
fn place_of<'p>(names: &[&str], places: &'p mut [Place], name: Text<'_>) -> Option<&'p mut Place> {
    let mut plain = String::<NAME_MAX>::new();
    let name = name.unescaped(&mut plain)?.as_bytes();
    // Names are letters ([`letters`]), and a letter differs from its other case in one bit. This is most of the work of a
    // message that repeats what is asked for.
    let same = |known: &str| known.bytes().zip(name).all(|(known, byte)| (known ^ byte) & !CASE == 0);
    let index = names.iter().position(|known| known.len() == name.len() && same(known))?;
    places.get_mut(index)
}

/// The names that a message is asked for. What is no letter, or one name too many, does not compile: names are compared
/// as letters.
pub(super) const fn letters<const N: usize>(names: [&'static str; N]) -> [&'static str; N] {
    assert!(N <= ASKED_MAX);
    let mut at = 0;
    while at < N {
        let name = names[at].as_bytes();
        let mut letter = 0;
        while letter < name.len() {
            assert!(name[letter].is_ascii_alphabetic());
            letter += 1;
        }
        at += 1;
    }
    names
}

/// The bit that makes a letter small.
const CASE: u8 = 0x20;

/// A length as a bit of a set; those that no name has share one.
fn bit(length: usize) -> u32 {
    1 << length.min(31)
}

fn scalar<'a>(source: &'a str, place: &Place) -> Text<'a> {
    Text::new(slice(source, place), place.form == Form::Escaped)
}

fn slice<'a>(source: &'a str, place: &Place) -> &'a str {
    source.get(usize::from(place.start)..usize::from(place.end)).unwrap_or("")
}

/// As [`slice`], without a look at what a character is.
fn bytes<'a>(source: &'a str, place: &Place) -> &'a [u8] {
    source.as_bytes().get(usize::from(place.start)..usize::from(place.end)).unwrap_or(&[])
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
        members.find(body.as_bytes(), &["a"])?;
        let nested = members.nested(0).map(ToString::to_string);
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
        for body in ["{}}", "{}{}", "{},", "{} x", "[]", "1", "{\"a\":1", "{", "\u{feff}\u{feff}{}"] {
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
