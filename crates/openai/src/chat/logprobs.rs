//! How likely the tokens of a choice were.

use bytes::BytesMut;
use tollgate_model::response::TokenLogprob;

use super::wire;
use crate::logprobs;

/// Reads the tokens of the text, then those of the refusal: an answer has one or the other.
pub(super) fn decode(said: wire::Logprobs<'_>) -> Vec<TokenLogprob> {
    [said.content, said.refusal].into_iter().flatten().flat_map(logprobs::decode).collect()
}

/// Writes the `logprobs` of a choice. `refused` says that its tokens are those of a refusal.
pub(super) fn write(out: &mut BytesMut, tokens: &[TokenLogprob], refused: bool) {
    let (filled, empty) = if refused { ("refusal", "content") } else { ("content", "refusal") };
    let mut object = wire::Object::begin(out);
    logprobs::write(object.array(filled), tokens, logprobs::Untold::Null);
    object.field(empty, &());
    object.end();
}
