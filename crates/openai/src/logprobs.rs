//! How likely tokens were. All of the vendor's formats say it in the same objects.

use tollgate_model::response::TokenLogprob;
use tollgate_provider::json_writer::Array;

use crate::wire::{List, Text, wire_object};

/// What the vendor writes for a token that is too unlikely to be told.
const UNLIKELY: f64 = -9999.0;

wire_object! {
    /// A token, as it is read.
    Token {
        token: Text<'a>,
        logprob: f64,
        bytes: Vec<u8>,
        top_logprobs: List<Token<'a>>,
    }
}

/// Reads a list of tokens.
pub(crate) fn decode(tokens: List<Token<'_>>) -> impl Iterator<Item = TokenLogprob> {
    tokens.0.into_iter().map(token)
}

fn token(wire: Token<'_>) -> TokenLogprob {
    TokenLogprob {
        token: wire.token.map(Text::into_owned).unwrap_or_default(),
        logprob: wire.logprob.unwrap_or(UNLIKELY),
        bytes: wire.bytes,
        top: wire.top_logprobs.unwrap_or_default().0.into_iter().map(token).collect(),
    }
}

/// What is written for a token whose bytes were not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Untold {
    /// That they were not.
    Null,
    /// Those of its text: the format requires some.
    OfText,
}

/// Writes a list of tokens.
pub(crate) fn write<'t>(
    mut list: Array<'_>,
    tokens: impl IntoIterator<Item = &'t TokenLogprob>,
    untold: Untold,
) {
    for token in tokens {
        write_token(&mut list, token, untold, true);
    }
    list.end();
}

fn write_token(list: &mut Array<'_>, token: &TokenLogprob, untold: Untold, with_top: bool) {
    let mut object = list.object();
    object.field("token", &token.token).field("logprob", &token.logprob);
    match (&token.bytes, untold) {
        (None, Untold::OfText) => object.field("bytes", token.token.as_bytes()),
        (bytes, _) => object.field("bytes", bytes),
    };
    if with_top {
        let mut top = object.array("top_logprobs");
        for token in &token.top {
            write_token(&mut top, token, untold, false);
        }
        top.end();
    }
    object.end();
}
