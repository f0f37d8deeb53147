//! How likely the tokens were.

use bytes::BytesMut;
use tollgate_model::response::TokenLogprob;

use super::wire::{self, List};

/// What the vendor writes for a token that is too unlikely to be told.
const UNLIKELY: f64 = -9999.0;

/// Reads the tokens of the text, then those of the refusal: an answer has one or the other.
pub(super) fn decode(logprobs: wire::Logprobs<'_>) -> Vec<TokenLogprob> {
    let lists = [logprobs.content, logprobs.refusal];
    lists.into_iter().flatten().flat_map(|List(tokens)| tokens).map(token).collect()
}

fn token(wire: wire::TokenLogprob<'_>) -> TokenLogprob {
    TokenLogprob {
        token: wire.token.map(wire::Text::into_owned).unwrap_or_default(),
        logprob: wire.logprob.unwrap_or(UNLIKELY),
        bytes: wire.bytes,
        top: wire.top_logprobs.unwrap_or_default().0.into_iter().map(token).collect(),
    }
}

/// Writes the `logprobs` of a choice. `refused` says that its tokens are those of a refusal.
pub(super) fn write(out: &mut BytesMut, tokens: &[TokenLogprob], refused: bool) {
    let (filled, empty) = if refused { ("refusal", "content") } else { ("content", "refusal") };
    let mut object = wire::Object::begin(out);
    let mut list = object.array(filled);
    for token in tokens {
        write_token(list.next(), token, true);
    }
    list.end();
    object.field(empty, &());
    object.end();
}

fn write_token(out: &mut BytesMut, token: &TokenLogprob, with_top: bool) {
    let mut object = wire::Object::begin(out);
    object.field("token", &token.token).field("logprob", &token.logprob).field("bytes", &token.bytes);
    if with_top {
        let mut top = object.array("top_logprobs");
        for token in &token.top {
            write_token(top.next(), token, false);
        }
        top.end();
    }
    object.end();
}
