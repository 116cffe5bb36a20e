//! A request's JSON object, written straight into the caller's buffer.

use super::request::RequestFault;
use crate::credentials::Secret;

/// An object that is being written. Brands name members differently, so the names are data and no derived struct can
/// hold them. What does not fit is told once, by [`Object::close`].
pub(super) struct Object<'b> {
    buffer: &'b mut [u8],
    /// Bytes that the object takes, also those that have no room.
    length: usize,
    /// What comes before the next member: the opening bracket, then commas.
    before: u8,
}

impl<'b> Object<'b> {
    pub(super) fn open(buffer: &'b mut [u8]) -> Self {
        Object { buffer, length: 0, before: b'{' }
    }

    /// Writes a member, unless it has no name or no value.
    #[inline(never)]
    pub(super) fn member(&mut self, name: &str, value: &[u8]) -> &mut Self {
        if name.is_empty() || value.is_empty() { self } else { self.name(name).string(value) }
    }

    /// Writes a secret as a member, unless there is none.
    #[inline(never)]
    pub(super) fn secret(&mut self, name: &str, secret: &Secret) -> &mut Self {
        self.member(name, secret.expose().as_bytes())
    }

    /// Opens an object as the member `name`: what follows is in it, until [`Object::close_inner`].
    pub(super) fn open_inner(&mut self, name: &str) -> &mut Self {
        self.name(name).before = b'{';
        self
    }

    pub(super) fn close_inner(&mut self) {
        if self.before == b'{' {
            self.byte(b'{');
        }
        self.byte(b'}').before = b',';
    }

    /// The number of bytes written, if there was room for all of them.
    pub(super) fn close(mut self) -> Result<usize, RequestFault> {
        self.close_inner();
        if self.length <= self.buffer.len() { Ok(self.length) } else { Err(RequestFault::BufferTooSmall) }
    }

    fn name(&mut self, name: &str) -> &mut Self {
        let before = core::mem::replace(&mut self.before, b',');
        self.byte(before).string(name.as_bytes()).byte(b':')
    }

    /// JSON asks for an escape before quotes and backslashes, and instead of control characters; it has shorter ones for
    /// some of these, but none of them is in an id or a name of the documents.
    #[inline(never)]
    fn string(&mut self, text: &[u8]) -> &mut Self {
        let mut object = self.byte(b'"');
        for byte in text {
            let mut byte = *byte;
            if matches!(byte, b'"' | b'\\' | 0..0x20) {
                object = object.byte(b'\\');
            }
            if byte < 0x20 {
                let mut escape = u32::from_le_bytes([b'u', b'0', b'0', b'0' | (byte >> 4)]);
                while escape != 0 {
                    object = object.byte(escape as u8);
                    escape >>= 8;
                }
                byte &= 0xF;
                byte = if byte < 10 { b'0' | byte } else { byte.wrapping_add(b'a' - 10) };
            }
            object = object.byte(byte);
        }
        object.byte(b'"')
    }

    #[inline(never)]
    fn byte(&mut self, byte: u8) -> &mut Self {
        if let Some(place) = self.buffer.get_mut(self.length) {
            *place = byte;
        }
        // A request has some hundreds of bytes: this never wraps.
        self.length = self.length.wrapping_add(1);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, Value};
    use std::string::{String, ToString};
    use std::vec::Vec;
    use std::{format, vec};

    fn written(
        members: &[(String, String)],
        inner: &[(String, String)],
        room: usize,
    ) -> Result<Vec<u8>, RequestFault> {
        let mut buffer = vec![b'#'; room];
        let mut object = Object::open(&mut buffer);
        for (name, value) in members {
            object.member(name, value.as_bytes());
        }
        object.open_inner("inner");
        for (name, value) in inner {
            object.member(name, value.as_bytes());
        }
        object.close_inner();
        object.member("last", b"1");
        let length = object.close()?;
        assert!(buffer.iter().skip(length).all(|byte| *byte == b'#'));
        buffer.truncate(length);
        Ok(buffer)
    }

    #[test]
    fn every_character_is_written_as_serde_json_reads_it() {
        for character in (0..=0x2100).filter_map(char::from_u32).chain(['\u{fffd}', '😀', '\u{10ffff}']) {
            let value = format!("a{character}b");
            let members = [(value.clone(), value.clone())];
            let bytes = written(&members, &[], 64).unwrap();
            let read: Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(read.get(&value), Some(&Value::from(value.as_str())), "{character:?}");
        }
    }

    #[test]
    fn what_has_no_name_or_no_value_is_left_out() {
        let text = |text: &str| text.to_string();
        let members = [(text(""), text("1")), (text("a"), text("")), (text("b"), text("2"))];
        assert_eq!(written(&members, &members, 64).unwrap(), br#"{"b":"2","inner":{"b":"2"},"last":"1"}"#);
        assert_eq!(written(&[], &[], 64).unwrap(), br#"{"inner":{},"last":"1"}"#);
    }

    proptest! {
        /// The reference is serde_json: it reads the names and the values that were given, in their order. And what is
        /// written fits its own length, and no room that is shorter.
        #[test]
        fn an_object_is_read_by_serde_json_as_it_was_given(
            members in prop::collection::vec(("m.{0,8}", ".{1,12}"), 0..6),
            inner in prop::collection::vec(("i.{0,8}", ".{1,12}"), 0..3),
            less in 1usize..20,
        ) {
            let bytes = written(&members, &inner, 2000).unwrap();
            let read: Map<String, Value> = serde_json::from_slice(&bytes).unwrap();
            let map = |members: &[(String, String)]| -> Map<String, Value> {
                members.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
            };
            let mut expected = map(&members);
            expected.insert("inner".into(), map(&inner).into());
            expected.insert("last".into(), "1".into());
            prop_assert_eq!(read, expected);
            prop_assert_eq!(written(&members, &inner, bytes.len()).unwrap(), bytes.clone());
            let shorter = bytes.len().saturating_sub(less);
            prop_assert_eq!(written(&members, &inner, shorter), Err(RequestFault::BufferTooSmall));
        }
    }
}
