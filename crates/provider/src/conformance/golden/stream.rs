//! A golden stream, cut in every way: its meaning stays, and its beginning is never taken for the whole.

use tollgate_model::{ChatRequest, ErrorKind};

use crate::{
    Provider,
    conformance::{
        grammar::{check_grammar, check_grammar_so_far},
        replay::{self, Replayed},
    },
};

/// The most places at which a stream is cut; in a longer one they are spread evenly. Each place costs a whole replay.
const MOST_CUTS: usize = 2048;

/// Replays a stream in every way. Returns what the whole of it means; what breaks a rule is added to `broken`.
pub(super) fn check(
    provider: &dyn Provider,
    request: &ChatRequest,
    body: &[u8],
    broken: &mut Vec<String>,
) -> Replayed {
    let whole = replay::stream(provider, request, [body]);
    let checked = match &whole.error {
        None => check_grammar(&whole.events),
        Some(_) => check_grammar_so_far(&whole.events),
    };
    broken.extend(checked.err().map(|violation| format!("the stream breaks the grammar: {violation}")));
    let found = splits(provider, request, body, &whole)
        .or_else(|| broken_off(provider, request, body, &whole))
        .or_else(|| frame_by_frame(provider, request, body, &whole));
    broken.extend(found);
    whole
}

fn cuts(body: &[u8]) -> impl Iterator<Item = usize> {
    (1..body.len()).step_by(body.len().div_ceil(MOST_CUTS).max(1))
}

fn splits(provider: &dyn Provider, request: &ChatRequest, body: &[u8], whole: &Replayed) -> Option<String> {
    let byte_by_byte = replay::stream(provider, request, body.chunks(1));
    if !same(&byte_by_byte, whole) {
        return Some("byte by byte, the stream means something else".to_owned());
    }
    cuts(body).find_map(|at| {
        let pieces = replay::stream(provider, request, [&body[..at], &body[at..]]);
        (!same(&pieces, whole)).then(|| format!("cut in two at byte {at}, the stream means something else"))
    })
}

fn broken_off(
    provider: &dyn Provider,
    request: &ChatRequest,
    body: &[u8],
    whole: &Replayed,
) -> Option<String> {
    cuts(body).find_map(|at| {
        let beginning = replay::stream(provider, request, [&body[..at]]);
        let what = cut_off(&beginning, whole)?;
        Some(format!("broken off at byte {at}, the stream {what}"))
    })
}

fn frame_by_frame(
    provider: &dyn Provider,
    request: &ChatRequest,
    body: &[u8],
    whole: &Replayed,
) -> Option<String> {
    let frames = match replay::cut(provider, body) {
        Ok(frames) => frames,
        Err(error) => return Some(format!("the stream cannot be cut into frames: {error}")),
    };
    let all = replay::frames(provider, request, &frames);
    if !same(&all, whole) {
        return Some("frame by frame, the stream means something else".to_owned());
    }
    (0..frames.len()).find_map(|count| {
        let beginning = replay::frames(provider, request, &frames[..count]);
        let what = cut_off(&beginning, whole).or_else(|| not_truncated(&beginning, whole))?;
        Some(format!("broken off after {count} of {} frames, the stream {what}", frames.len()))
    })
}

/// Says what is wrong with a beginning of a stream. One that lacks nothing but silence (a trailing line break, a
/// comment) may finish, if it means all that the whole means.
fn cut_off(beginning: &Replayed, whole: &Replayed) -> Option<String> {
    if beginning.error.is_none() {
        return (!same(beginning, whole)).then(|| "looks finished".to_owned());
    }
    check_grammar_so_far(&beginning.events).err().map(|violation| format!("breaks the grammar: {violation}"))
}

/// After whole frames, nothing is unreadable: what lacks is the end, or the error that the whole stream has.
fn not_truncated(beginning: &Replayed, whole: &Replayed) -> Option<String> {
    let kind = beginning.error.as_ref()?.kind();
    let as_whole = whole.error.as_ref().is_some_and(|error| error.kind() == kind);
    (kind != ErrorKind::Truncated && !as_whole).then(|| format!("is {kind}, not truncated"))
}

fn same(one: &Replayed, other: &Replayed) -> bool {
    let error = |replayed: &Replayed| {
        replayed.error.as_ref().map(|error| (error.kind(), error.message.clone(), error.code.clone()))
    };
    one.events == other.events && error(one) == error(other)
}
