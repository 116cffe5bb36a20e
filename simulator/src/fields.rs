//! The members of a request, read as generously as the carriers do.

use serde_json::{Map, Value};

pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// The members of a JSON object; none for anything else.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok().map(Self)
    }

    /// The first of these members which is a string or a number, as text.
    pub(crate) fn text(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| match self.0.get(*name)? {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    }

    /// A member which is an array of strings.
    pub(crate) fn texts(&self, name: &str) -> Option<Vec<String>> {
        let items = self.0.get(name)?.as_array()?;
        items.iter().map(|item| item.as_str().map(str::to_owned)).collect()
    }

    /// The first of these members which is an object.
    pub(crate) fn object(&self, names: &[&str]) -> Option<Self> {
        names.iter().find_map(|name| match self.0.get(*name)? {
            Value::Object(members) => Some(Self(members.clone())),
            _ => None,
        })
    }
}
