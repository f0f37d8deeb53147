//! What is read: objects whose unknown fields are kept, and the frames of a stream.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

/// A JSON object as it is read: fields in order, their values not parsed yet.
///
/// What is understood is taken out, so that what is left is exactly what is not: it goes into an `Extra`.
#[derive(Debug, Default)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    pub(crate) fn parse(raw: &'a RawValue) -> serde_json::Result<Self> {
        serde_json::from_str(raw.get())
    }

    /// Takes a field out as it stands there. `null` is 'not there'.
    pub(crate) fn take_raw(&mut self, name: &str) -> Option<&'a RawValue> {
        let place = self.0.iter().position(|(key, _)| key == name)?;
        let (_, raw) = self.0.swap_remove(place);
        (raw.get() != "null").then_some(raw)
    }

    /// Takes a field out and reads it.
    pub(crate) fn take<T: Deserialize<'a>>(&mut self, name: &str) -> serde_json::Result<Option<T>> {
        self.take_raw(name).map(|raw| serde_json::from_str(raw.get())).transpose()
    }

    /// Returns the name of a field that is there more than once.
    pub(crate) fn double(&self) -> Option<&str> {
        let mut seen = std::collections::HashSet::with_capacity(self.0.len());
        self.0.iter().map(|(name, _)| &**name).find(|name| !seen.insert(*name))
    }

    /// Reads what is left, sorted by name so that the order of reading does not show. Drops `null`s.
    pub(crate) fn rest(mut self) -> Map<String, Value> {
        self.0.sort_by(|a, b| a.0.cmp(&b.0));
        let known = self.0.into_iter().filter(|(_, raw)| raw.get() != "null");
        known
            .filter_map(|(name, raw)| Some((name.into_owned(), serde_json::from_str(raw.get()).ok()?)))
            .collect()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut fields = Vec::with_capacity(8);
                while let Some(Text(name)) = map.next_key::<Text<'de>>()? {
                    fields.push((name, map.next_value()?));
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// A string, borrowed where it holds no escapes.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// What every frame of a stream may hold at its top level. One pass; the values are read by those who need them.
#[derive(Debug, Deserialize)]
pub(crate) struct FrameHead<'a> {
    #[serde(rename = "type", borrow)]
    pub(crate) kind: Cow<'a, str>,
    #[serde(default)]
    pub(crate) index: Option<u32>,
    #[serde(default, borrow)]
    pub(crate) message: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(crate) content_block: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(crate) delta: Option<&'a RawValue>,
}

impl<'a> FrameHead<'a> {
    /// Reads a frame. One of a type that is not known may hold anything.
    pub(crate) fn parse(data: &'a [u8]) -> serde_json::Result<Self> {
        const KNOWN: [&str; 7] = [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
            "error",
        ];
        serde_json::from_slice(data).or_else(|error| {
            match serde_json::from_slice::<Object<'a>>(data)
                .and_then(|mut frame| frame.take::<Text<'a>>("type"))
            {
                Ok(Some(Text(kind))) if !KNOWN.contains(&&*kind) => {
                    Ok(Self { kind, index: None, message: None, content_block: None, delta: None })
                }
                _ => Err(error),
            }
        })
    }
}

/// The deltas that text, reasoning and tool calls grow by, in one flat struct: each has one of these fields.
#[derive(Debug, Deserialize)]
pub(crate) struct BlockDelta<'a> {
    #[serde(rename = "type", borrow)]
    pub(crate) kind: Cow<'a, str>,
    #[serde(default, borrow)]
    pub(crate) text: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub(crate) partial_json: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub(crate) thinking: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub(crate) signature: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub(crate) citation: Option<&'a RawValue>,
}
