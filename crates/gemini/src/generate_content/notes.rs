//! What reading a client's request remembers for writing it again in the same words: notes in the canonical extras, which
//! no other format sees.

/// On a message: it stands apart from the one before it, although both are of one role, or its parts are in an order of
/// their own.
pub(super) const OWN_TURN: &str = "note:own_turn";
/// On a text part: it is empty, and says so.
pub(super) const EMPTY_TEXT: &str = "note:empty_text";
/// On a reasoning part: it came as the model's own thought, without a signature.
pub(super) const UNSIGNED_THOUGHT: &str = "note:unsigned_thought";
/// On a file: it came without MIME type.
pub(super) const UNTYPED: &str = "note:untyped";
/// On a tool result: it came without the id that its call has.
pub(super) const NO_ID: &str = "note:no_id";
/// On media in a tool result: it stood inside of it.
pub(super) const INSIDE: &str = "note:inside";
/// On a tool: `parameters`, in the vendor's own dialect of schemas.
pub(super) const PARAMETERS: &str = "note:parameters";
/// On a request: `responseSchema`, in the vendor's own dialect of schemas.
pub(super) const RESPONSE_SCHEMA: &str = "note:responseSchema";
/// On a request: `thinkingConfig`, as text.
pub(super) const THINKING_CONFIG: &str = "note:thinkingConfig";
/// On a request: its metadata came as `labels`.
pub(super) const LABELS: &str = "note:labels";
