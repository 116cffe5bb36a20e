//! A request's JSON object, written by serde-json-core.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::request::RequestFault;

/// The agent's parameters of eZ Cash, the one object within a request.
#[derive(serde::Serialize)]
pub(super) struct AgentParams<'a> {
    #[serde(rename = "ezcashAgentPin")]
    pub(super) pin: &'a str,
    #[serde(rename = "ezcashAgentAlias")]
    pub(super) alias: &'a str,
}

/// Writes `members` in their order, leaving out those without a name or a value, and then `agent` under its name.
pub(super) fn write_object(
    members: &[(&str, &str)],
    agent: Option<(&str, AgentParams<'_>)>,
    buffer: &mut [u8],
) -> Result<usize, RequestFault> {
    serde_json_core::to_slice(&Object { members, agent }, buffer).map_err(|_| RequestFault::BufferTooSmall)
}

/// Brands name members differently, so the names are data and no derived struct can hold them.
struct Object<'a> {
    members: &'a [(&'a str, &'a str)],
    agent: Option<(&'a str, AgentParams<'a>)>,
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.members {
            if !name.is_empty() && !value.is_empty() {
                map.serialize_entry(name, value)?;
            }
        }
        if let Some((name, agent)) = &self.agent {
            map.serialize_entry(name, agent)?;
        }
        map.end()
    }
}
