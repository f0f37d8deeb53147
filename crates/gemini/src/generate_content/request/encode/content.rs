//! Parts → parts.

use std::borrow::Cow;

use serde_json::Value;
use tollgate_model::{
    Content, Losses, Part as CanonicalPart, RequestError,
    message::{Audio, MediaSource, Reasoning, Text, ToolCall, ToolCallKind, ToolResult},
};

use super::{FORMAT, extra_fields, inner, media, without};
use crate::{
    generate_content::{
        notes,
        wire::request::{
            Args, Data, ExtraFields, FunctionCall, FunctionResponse, KnownPart, Part, Place, Response,
            SystemPart,
        },
    },
    names::{wire_call_id, wire_tool_name},
    read::json_object,
    signature,
};

/// A part of a system message: text only.
pub(super) fn system<'a>(
    place: Place,
    part: &'a CanonicalPart,
    losses: &mut Losses,
) -> Option<SystemPart<'a>> {
    let Content::Text(content) = &part.content else {
        losses.dropped(place.to_string(), "a system message holds text only");
        return None;
    };
    if content.text.is_empty() {
        return None;
    }
    lose_attributes(place, part, losses);
    lose_signature(place, part, losses);
    Some(SystemPart { text: Cow::Borrowed(&content.text), extra: extra(part, &["text"], place, losses) })
}

/// A part of a user's message that is no result.
pub(super) fn user<'a>(
    place: Place,
    part: &'a CanonicalPart,
    losses: &mut Losses,
) -> Result<Option<Part<'a>>, RequestError> {
    Ok(match &part.content {
        Content::Text(content) => text(place, part, content, losses),
        Content::Image(_) | Content::Document(_) | Content::Audio(_) => {
            Some(media_part(place, part, losses)?)
        }
        Content::Opaque(opaque) if opaque.format == FORMAT => {
            Some(opaque_part(place, part, &opaque.value, losses))
        }
        Content::Opaque(opaque) => {
            losses.dropped(place.to_string(), format!("a block of {} only", opaque.format));
            None
        }
        Content::Refusal(words) => refusal(place, words, losses),
        Content::Reasoning(_) => {
            losses.dropped(place.to_string(), "reasoning is the assistant's");
            None
        }
        _ => {
            return Err(RequestError::invalid_field(
                place.to_string(),
                "such a part cannot stand in this message",
            ));
        }
    })
}

/// A part of an assistant's message that is no tool call.
pub(super) fn model<'a>(
    place: Place,
    part: &'a CanonicalPart,
    losses: &mut Losses,
) -> Result<Option<Part<'a>>, RequestError> {
    match &part.content {
        Content::Reasoning(content) => Ok(reasoning(place, part, content, losses)),
        Content::Audio(Audio {
            source: MediaSource::File { issuer, .. }, transcript: Some(words), ..
        }) if *issuer != FORMAT && !words.is_empty() => {
            losses.approximated(place.to_string(), "sound is sent as its transcript");
            Ok(Some(Part::text(Cow::Borrowed(words))))
        }
        Content::ToolResult(_) => {
            losses.dropped(place.to_string(), "an assistant's message cannot hold this");
            Ok(None)
        }
        _ => user(place, part, losses),
    }
}

/// Adds what any part may bear.
fn known<'a>(
    place: Place,
    part: &'a CanonicalPart,
    data: Data<'a>,
    written: &[&str],
    losses: &mut Losses,
) -> KnownPart<'a> {
    lose_attributes(place, part, losses);
    let thought_signature = signature::own(part, &FORMAT);
    if thought_signature.is_none() {
        lose_signature(place, part, losses);
    }
    let extra = extra(part, written, place, losses);
    KnownPart { thought_signature, extra, place: Some(place), ..KnownPart::new(data) }
}

fn lose_signature(place: Place, part: &CanonicalPart, losses: &mut Losses) {
    if part.signature.is_some() {
        losses.dropped(format!("{place}.signature"), "it means nothing to another vendor");
    }
}

/// Names what the format has for no part at all.
fn lose_attributes(place: Place, part: &CanonicalPart, losses: &mut Losses) {
    if part.cache.is_some() {
        losses.dropped(format!("{place}.cache"), "the vendor caches by itself, and takes no breakpoints");
    }
    if let Content::Text(text) = &part.content
        && !text.citations.is_empty()
    {
        losses.dropped(format!("{place}.citations"), "a conversation's text has no citations");
    }
}

fn text<'a>(
    place: Place,
    part: &'a CanonicalPart,
    content: &'a Text,
    losses: &mut Losses,
) -> Option<Part<'a>> {
    // An empty text is refused, but for one that the model made to bear its signature, or that the client insists on.
    if content.text.is_empty()
        && signature::own(part, &FORMAT).is_none()
        && !has_note(part, notes::EMPTY_TEXT)
    {
        lose_attributes(place, part, losses);
        lose_signature(place, part, losses);
        return None;
    }
    let data = Data::Text(Cow::Borrowed(&content.text));
    Some(Part::Known(known(place, part, data, &["text", "thoughtSignature"], losses)))
}

fn media_part<'a>(
    place: Place,
    part: &'a CanonicalPart,
    losses: &mut Losses,
) -> Result<Part<'a>, RequestError> {
    let mut data = media::data(place, &part.content, has_note(part, notes::UNTYPED), losses)?;
    let fields = part.extra.fields(&FORMAT);
    match &mut data {
        Data::InlineData(blob) => blob.extra = without(inner(fields, "inlineData"), &["mimeType", "data"]),
        Data::FileData(file) => {
            let fields = inner(fields, "fileData");
            file.extra = without(fields, &["mimeType", "fileUri"]);
            // The type of a stored file is known there, and said all the same by those who know it.
            let said = fields.and_then(|fields| fields.get("mimeType")?.as_str());
            file.mime_type = said.or(file.mime_type);
        }
        Data::Text(_) | Data::FunctionCall(_) | Data::FunctionResponse(_) => {}
    }
    let written = ["inlineData", "fileData", "thoughtSignature"];
    Ok(Part::Known(known(place, part, data, &written, losses)))
}

fn refusal<'a>(place: Place, words: &'a str, losses: &mut Losses) -> Option<Part<'a>> {
    if words.is_empty() {
        return None;
    }
    losses.approximated(place.to_string(), "a refusal is sent as text");
    Some(Part::text(Cow::Borrowed(words)))
}

fn has_note(part: &CanonicalPart, note: &str) -> bool {
    part.extra.field(&FORMAT, note).is_some()
}

/// Reasoning goes back to its issuer. Anyone else's would be taken for the model's own.
fn reasoning<'a>(
    place: Place,
    part: &'a CanonicalPart,
    content: &'a Reasoning,
    losses: &mut Losses,
) -> Option<Part<'a>> {
    if signature::own(part, &FORMAT).is_none() && !has_note(part, notes::UNSIGNED_THOUGHT) {
        losses.dropped(place.to_string(), "reasoning that the vendor did not sign is not its own");
        return None;
    }
    let data = Data::Text(Cow::Borrowed(&content.text));
    let written = ["text", "thought", "thoughtSignature"];
    let part = known(place, part, data, &written, losses);
    Some(Part::Known(KnownPart { thought: Some(true), ..part }))
}

fn opaque_part<'a>(place: Place, part: &CanonicalPart, value: &'a Value, losses: &mut Losses) -> Part<'a> {
    lose_attributes(place, part, losses);
    Part::Opaque(value)
}

/// A call in the model's turn.
pub(super) fn function_call<'a>(
    place: Place,
    part: &'a CanonicalPart,
    call: &'a ToolCall,
    losses: &mut Losses,
) -> Part<'a> {
    let args = match call.kind {
        ToolCallKind::Custom => Args::Custom { input: &call.arguments },
        ToolCallKind::Function => args(place, &call.arguments, losses),
    };
    let fields = inner(part.extra.fields(&FORMAT), "functionCall");
    let data = Data::FunctionCall(FunctionCall {
        id: wire_call_id(&call.id),
        name: wire_tool_name(&call.name),
        args,
        extra: without(fields, &["id", "name", "args"]),
    });
    Part::Known(known(place, part, data, &["functionCall", "thoughtSignature"], losses))
}

fn args<'a>(place: Place, arguments: &'a str, losses: &mut Losses) -> Args<'a> {
    let trimmed = arguments.trim();
    if trimmed.is_empty() {
        return Args::Empty {};
    }
    json_object(trimmed).map_or_else(
        || {
            losses.approximated(
                format!("{place}.arguments"),
                "arguments that are no JSON object are sent as one text, `unparsed_arguments`",
            );
            Args::Unparsed { unparsed_arguments: arguments }
        },
        Args::Raw,
    )
}

/// Whether results hold media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaInResults {
    Held,
    /// They follow the result.
    Beside,
    /// Of a model of which nothing is known, they stand as they stood.
    AsGiven,
}

impl MediaInResults {
    fn holds(self, given: &CanonicalPart, part: &Part<'_>) -> bool {
        let stood_inside = has_note(given, notes::INSIDE);
        let is_inline = matches!(part, Part::Known(KnownPart { data: Data::InlineData(_), .. }));
        match self {
            Self::Held => is_inline || stood_inside,
            Self::Beside => false,
            Self::AsGiven => stood_inside,
        }
    }
}

/// A result in the user's turn, followed by the media that it cannot hold.
pub(super) fn function_response<'a>(
    place: Place,
    part: &'a CanonicalPart,
    result: &'a ToolResult,
    name: &'a str,
    media: MediaInResults,
    losses: &mut Losses,
) -> Result<Vec<Part<'a>>, RequestError> {
    let mut texts = Vec::new();
    let (mut held, mut following) = (Vec::new(), Vec::new());
    for (index, inner) in result.parts.iter().enumerate() {
        let place = match place {
            Place::Part(message, part) => Place::Nested(message, part, index),
            nested @ Place::Nested(..) => nested,
        };
        match &inner.content {
            Content::Text(content) => {
                lose_attributes(place, inner, losses);
                inner.extra.lose_unless(&FORMAT, &place.to_string(), losses);
                texts.push(content.text.as_str());
            }
            _ => match user(place, inner, losses)? {
                Some(part) if media.holds(inner, &part) => held.push(part),
                Some(part) => {
                    losses.emulated(place.to_string(), "it follows the tool's result, which holds text only");
                    following.push(part);
                }
                None => {}
            },
        }
    }
    let fields = inner(part.extra.fields(&FORMAT), "functionResponse");
    let data = Data::FunctionResponse(FunctionResponse {
        id: if has_note(part, notes::NO_ID) { "" } else { wire_call_id(&result.id) },
        name: wire_tool_name(name),
        response: response(place, &texts, result.is_error == Some(true), losses),
        parts: held,
        extra: without(fields, &["id", "name", "response", "parts"]),
    });
    let first = known(place, part, data, &["functionResponse", "thoughtSignature"], losses);
    let mut parts = vec![Part::Known(first)];
    parts.append(&mut following);
    Ok(parts)
}

/// Makes an object of what a tool said.
fn response<'a>(place: Place, texts: &[&'a str], failed: bool, losses: &mut Losses) -> Response<'a> {
    let text = match texts {
        [] => Cow::Borrowed(""),
        [text] => Cow::Borrowed(*text),
        texts => {
            losses.approximated(place.to_string(), "several texts are joined by line breaks");
            Cow::Owned(texts.join("\n"))
        }
    };
    if failed {
        return Response::Error { error: text };
    }
    match text {
        Cow::Borrowed(text) => {
            json_object(text).map_or(Response::Result { result: Cow::Borrowed(text) }, Response::Raw)
        }
        result @ Cow::Owned(_) => Response::Result { result },
    }
}

fn extra<'a>(
    part: &'a CanonicalPart,
    written: &[&str],
    place: Place,
    losses: &mut Losses,
) -> ExtraFields<'a> {
    extra_fields(&part.extra, written, || place.to_string(), losses)
}
