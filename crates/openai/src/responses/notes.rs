//! What reading remembers for writing in the same words: notes in the extras of this format, which no other format sees.

use serde_json::{Map, Value};
use tollgate_model::{Content, Extra, Format, Part};

pub(super) const FORMAT: Format = Format::OPENAI_RESPONSES;

/// On the first part of an item, or on a message that is one: the item's own `id`, `type` and `status`, an object. Two texts
/// in a row are one message unless the second has this note.
pub(super) const ITEM: &str = "note:item";
/// On an opaque part: it stood among the parts of a message; otherwise it is an item.
pub(super) const CONTENT_PART: &str = "note:content_part";
/// On a system message: it came as `instructions`.
pub(super) const INSTRUCTIONS: &str = "note:instructions";
/// On reasoning: the lengths in bytes of all its pieces but the last. Pieces are parted by [`PIECE_BREAK`].
pub(super) const PIECES: &str = "note:pieces";
/// On reasoning: it is the model's own (`reasoning_text`), not a summary.
pub(super) const RAW: &str = "note:reasoning_text";
/// On a part: the prompt is to be cached up to here (`prompt_cache_breakpoint`), an object.
pub(super) const BREAKPOINT: &str = "note:prompt_cache_breakpoint";
/// On a function tool: `strict` was left to its default, which is not that of other formats.
pub(super) const DEFAULT_STRICT: &str = "note:default_strict";
/// On a request: the end user came as `safety_identifier`.
pub(super) const SAFETY_IDENTIFIER: &str = "note:safety_identifier";

/// On a request: `store` is false. Other formats keep nothing unless they are asked to.
pub(super) const NOT_KEPT: &str = "note:not_kept";
/// On an answer: the settings that the vendor says it took, an object. They repeat the request, or fill in its defaults.
pub(super) const SETTLED: &str = "note:settled";

/// On the first part of an assistant's message, and no note: fields of the message that the canonical model has no place
/// for (`phase`), an object. Another format loses them.
pub(super) const MESSAGE: &str = "message";

/// What stands between the pieces of a summary in the canonical text.
pub(super) const PIECE_BREAK: &str = "\n\n";

/// Returns a note.
pub(super) fn note<'e>(extra: &'e Extra, name: &str) -> Option<&'e Value> {
    extra.field(&FORMAT, name)
}

/// Tells whether a note is there.
pub(super) fn has(extra: &Extra, name: &str) -> bool {
    note(extra, name).is_some()
}

/// Returns a note that is an object.
pub(super) fn object<'e>(extra: &'e Extra, name: &str) -> Option<&'e Map<String, Value>> {
    note(extra, name)?.as_object()
}

/// Returns the id of the item that begins with this part or is this message.
pub(super) fn item_id(extra: &Extra) -> Option<&str> {
    object(extra, ITEM)?.get("id")?.as_str()
}

/// Adds a note that something is so.
pub(super) fn mark(part: &mut Part, name: &str) {
    part.extra.insert(&FORMAT, name, Value::Bool(true));
}

/// Tells whether a part stands in a message of the model, rather than being an item.
pub(super) fn in_message(part: &Part) -> bool {
    match &part.content {
        Content::Text(_) | Content::Refusal(_) => true,
        Content::Opaque(_) => has(&part.extra, CONTENT_PART),
        _ => false,
    }
}
