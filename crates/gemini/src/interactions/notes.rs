//! What reading a client's request remembers for writing it again in the same words: notes in the canonical extras, which
//! no other format sees.

/// On a content part: a step of its own begins with it, although the part before it could stand in the same.
pub(super) const OWN_STEP: &str = "note:own_step";
/// On a reasoning part: it came as the model's own thought, without a signature.
pub(super) const UNSIGNED_THOUGHT: &str = "note:unsigned_thought";
/// On a reasoning part: how many bytes each text of its summary has, where there are several.
pub(super) const SUMMARY: &str = "note:summary";
/// On the text of a tool result: it came as an object.
pub(super) const OBJECT: &str = "note:object";
/// On the text of a tool result: it came as the only element of a list.
pub(super) const LIST: &str = "note:list";
/// On a request: an agent is asked, not a model.
pub(super) const AGENT: &str = "note:agent";
/// On a request: its metadata came as `labels`.
pub(super) const LABELS: &str = "note:labels";
/// On a request: the settings of reasoning came from a client of this format.
pub(super) const REASONING: &str = "note:reasoning";
