//! Canonical parts → parts.

use serde_json::{Map, Value};
use tollgate_model::{
    Content, Losses, Part,
    message::{Audio, Document, Image, MediaSource, ToolCall, ToolCallKind},
};
use tollgate_provider::carried;
use tollgate_provider::json_writer::{Array, Object};

use crate::{
    generate_content::FORMAT,
    media::is_own_store,
    names::{CUSTOM_INPUT, UNPARSED, wire_call_id},
    read::json_object,
    signature,
};

/// Writes a part, unless the format cannot say it; then it is named.
pub(in crate::generate_content) fn write(
    parts: &mut Array<'_>,
    part: &Part,
    place: &str,
    losses: &mut Losses,
) {
    match &part.content {
        Content::Text(text) => {
            let mut object = parts.object();
            object.field("text", &text.text);
            finish(object, part, text.text.len(), place, losses);
        }
        Content::Reasoning(reasoning) => {
            let mut object = parts.object();
            object.field("text", &reasoning.text).field("thought", &true);
            finish(object, part, reasoning.text.len(), place, losses);
        }
        Content::Refusal(text) => {
            lose_refusal(place, losses);
            let mut object = parts.object();
            object.field("text", text);
            finish(object, part, text.len(), place, losses);
        }
        Content::ToolCall(call) => {
            let mut object = parts.object();
            write_call(object.object("functionCall"), call, part, place, losses);
            finish(object, part, 0, place, losses);
        }
        Content::Image(Image { source, .. }) | Content::Document(Document { source, .. }) => {
            write_media(parts, source, part, place, losses);
        }
        Content::Audio(audio) => {
            lose_audio_fields(audio, place, losses);
            write_media(parts, &audio.source, part, place, losses);
        }
        Content::Opaque(opaque) if opaque.format == FORMAT => parts.element(&opaque.value),
        _ => losses.dropped(place, "the format has no place for it in an answer"),
    }
}

pub(in crate::generate_content) fn lose_refusal(place: &str, losses: &mut Losses) {
    losses.approximated(place, "the format has no refusals: the words are text");
}

fn lose_audio_fields(audio: &Audio, place: &str, losses: &mut Losses) {
    if audio.transcript.is_some() {
        losses.dropped(format!("{place}.transcript"), "sound comes without its words");
    }
    if audio.id.is_some() || audio.expires_at.is_some() {
        losses.dropped(format!("{place}.id"), "sound has no id");
    }
}

/// Ends a part with its signature and the fields that only this format has.
fn finish(object: Object<'_>, part: &Part, text_bytes: usize, place: &str, losses: &mut Losses) {
    let mut object = object;
    let signature = signature::write(part, &FORMAT, Some(text_bytes));
    if signature.is_none() || signature::own(part, &FORMAT).is_some() {
        part.extra.lose_unless(&FORMAT, place, losses);
    }
    // A call without one would look like the vendor's own that lost it, and be refused.
    let unsigned = matches!(part.content, Content::ToolCall(_)).then(|| carried::UNSIGNED.to_owned());
    object.optional("thoughtSignature", signature.or(unsigned));
    for nested in ["functionCall", "inlineData", "fileData"] {
        object.skip(nested);
    }
    object.extra(part.extra.fields(&FORMAT));
    object.end();
}

/// What only this format says of an object inside the part.
fn inside<'a>(part: &'a Part, name: &str) -> Option<&'a Map<String, Value>> {
    part.extra.field(&FORMAT, name)?.as_object()
}

fn write_call(mut object: Object<'_>, call: &ToolCall, part: &Part, place: &str, losses: &mut Losses) {
    let id = wire_call_id(&call.id);
    object.optional("id", (!id.is_empty()).then_some(id)).field("name", &call.name);
    match (call.kind, json_object(&call.arguments)) {
        // Some models write their arguments in lines, and a line ends an event's data.
        (ToolCallKind::Function, Some(args)) if args.get().contains(['\n', '\r']) => {
            object.field("args", &serde_json::from_str::<Value>(args.get()).unwrap_or_default());
        }
        (ToolCallKind::Function, Some(args)) => {
            object.field("args", args);
        }
        (ToolCallKind::Function, None) if call.arguments.trim().is_empty() => {
            object.object("args").end();
        }
        (kind, _) => {
            let name = match kind {
                ToolCallKind::Custom => CUSTOM_INPUT,
                ToolCallKind::Function => UNPARSED,
            };
            let why = format!("what is no JSON object comes as one text, `{name}`");
            losses.approximated(format!("{place}.arguments"), why);
            let mut args = object.object("args");
            args.field(name, &call.arguments);
            args.end();
        }
    }
    object.extra(inside(part, "functionCall"));
    object.end();
}

fn write_media(parts: &mut Array<'_>, source: &MediaSource, part: &Part, place: &str, losses: &mut Losses) {
    let (name, fields) = match source {
        MediaSource::Base64 { media_type, data } => {
            ("inlineData", [Some(("mimeType", media_type)), Some(("data", data))])
        }
        MediaSource::Url { url, media_type } => {
            ("fileData", [media_type.as_ref().map(|kind| ("mimeType", kind)), Some(("fileUri", url))])
        }
        MediaSource::File { id, issuer } if is_own_store(issuer) => {
            ("fileData", [None, Some(("fileUri", id))])
        }
        MediaSource::File { .. } => return losses.dropped(place, "a file in another vendor's store"),
        MediaSource::Text { text } => {
            let mut object = parts.object();
            object.field("text", text);
            return finish(object, part, 0, place, losses);
        }
    };
    let mut object = parts.object();
    let mut nested = object.object(name);
    for (name, text) in fields.into_iter().flatten() {
        nested.field(name, text);
    }
    nested.extra(inside(part, name));
    nested.end();
    finish(object, part, 0, place, losses);
}
