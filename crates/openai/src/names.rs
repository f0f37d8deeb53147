//! What encoding renames and decoding undoes. Both sides derive it from the canonical request alone.

use std::borrow::Cow;

use tollgate_model::{ChatRequest, ToolCallId, request::ToolKind};

/// The longest tool name that the vendor takes.
const MAX_TOOL_NAME: usize = 64;

/// Makes a tool's name one of `^[a-zA-Z0-9_-]{1,64}$`. A changed name ends in a digest, so that no two become one.
pub(crate) fn wire_tool_name(name: &str) -> Cow<'_, str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !name.is_empty() && name.len() <= MAX_TOOL_NAME && name.bytes().all(fits) {
        return Cow::Borrowed(name);
    }
    const DIGEST: usize = 9;
    let mut wire: String = name
        .chars()
        .map(|char| if u8::try_from(char).is_ok_and(fits) { char } else { '_' })
        .take(MAX_TOOL_NAME - DIGEST)
        .collect();
    wire.push_str(&format!("_{:08x}", digest(0, name) & 0xffff_ffff));
    Cow::Owned(wire)
}

/// Makes a tool call's id no longer than `max`. Call and result come to the same.
pub(crate) fn wire_call_id(id: &ToolCallId, max: Option<usize>) -> Cow<'_, str> {
    let id = id.as_str();
    if max.is_some_and(|max| id.len() > max) {
        Cow::Owned(format!("call_{:016x}{:016x}", digest(0, id), digest(1, id)))
    } else {
        Cow::Borrowed(id)
    }
}

/// Makes an id for a tool call that came without: the same for the same answer, another for another.
pub(crate) fn made_call_id(response: &str, choice: u32, call: usize) -> ToolCallId {
    ToolCallId::new(format!("call_{:016x}", digest(u64::from(choice) << 32 | call as u64, response)))
}

/// Makes an id for an item of an answer that came without: the same for the same answer and place, another for another.
pub(crate) fn made_item_id(prefix: &str, response: &str, place: usize) -> String {
    let seed = (place as u64) << 1 | 1;
    format!("{prefix}_{:016x}{:016x}", digest(seed, response), digest(!seed, response))
}

/// FNV-1a with a seed: nobody gains by a collision here.
fn digest(seed: u64, text: &str) -> u64 {
    let bytes = seed.to_le_bytes().into_iter().chain(text.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The tool names that encoding changed, copied out of the request since a stream outlives it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Restore {
    /// Wire name and name.
    renamed: Vec<(String, String)>,
}

impl Restore {
    pub(crate) fn new(request: &ChatRequest) -> Self {
        let names = request.tools.iter().filter_map(|tool| match &tool.kind {
            ToolKind::Function(function) => Some(&function.name),
            ToolKind::Custom(custom) => Some(&custom.name),
            _ => None,
        });
        let renamed = names.filter_map(|name| match wire_tool_name(name) {
            Cow::Borrowed(_) => None,
            Cow::Owned(wire) => Some((wire, name.clone())),
        });
        Self { renamed: renamed.collect() }
    }

    pub(crate) fn tool_name(&self, wire: &str) -> String {
        let known = self.renamed.iter().find(|(known, _)| known == wire);
        known.map_or_else(|| wire.to_owned(), |(_, name)| name.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_fits_stays_and_others_stay_apart() {
        assert_eq!(wire_tool_name("get_weather-2"), "get_weather-2");
        let long = "x".repeat(100);
        for name in ["", "a.b", "a:b", "größe", &long] {
            let wire = wire_tool_name(name);
            assert!(wire.len() <= MAX_TOOL_NAME && wire.len() > 8, "{wire}");
            assert!(
                wire.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'),
                "{wire}"
            );
        }
        assert_ne!(wire_tool_name("a.b"), wire_tool_name("a:b"));
    }

    #[test]
    fn a_long_id_becomes_the_same_short_one_everywhere() {
        let id = ToolCallId::new("x".repeat(64));
        let wire = wire_call_id(&id, Some(40));
        assert_eq!(wire.len(), 37);
        assert_eq!(wire, wire_call_id(&id.clone(), Some(40)));
        assert_eq!(wire_call_id(&id, None), id.as_str());
        assert_ne!(made_call_id("r", 0, 1), made_call_id("r", 1, 0));
    }
}
