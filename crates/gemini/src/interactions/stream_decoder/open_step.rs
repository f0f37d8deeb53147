//! A step that has begun: how it grows and ends.

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    ChatEvent, Content, Delta as PartDelta, Extra, Part, PartIndex, PartKind, Signature,
    message::{MediaSource, Opaque, ToolCallKind},
};

use super::{Parts, end_part};
use crate::{
    base64::Joiner,
    interactions::{
        FORMAT, citation, content,
        wire::{Delta, Step},
    },
    media,
    names::{Restore, unwrap_custom},
    read::{RawList, Text, compact},
};

/// A step of one of the kinds.
#[derive(Debug)]
pub(super) enum OpenStep {
    Thought {
        part: PartIndex,
    },
    /// What the model says: contents, one after the other.
    Output {
        open: Option<OpenContent>,
    },
    Call(OpenCall),
    /// What the vendor runs by itself: put together until it is over.
    Whole(Map<String, Value>),
    /// Not the answer's: the input, repeated.
    Input,
}

/// The content that the next delta may continue.
#[derive(Debug)]
pub(super) enum OpenContent {
    Text(PartIndex),
    /// Sound of a MIME type, in pieces that are each padded on its own.
    Audio(PartIndex, String, Joiner),
}

/// A call of a function.
#[derive(Debug)]
pub(super) struct OpenCall {
    part: PartIndex,
    kind: ToolCallKind,
    /// The arguments that it began with: often an empty object, until they come.
    begun: String,
    /// The arguments of a custom tool, whose text is found in them at the end.
    held: String,
    grown: bool,
}

impl OpenStep {
    pub(super) fn begin(
        raw: &RawValue,
        restore: &Restore,
        parts: &mut Parts,
        events: &mut Vec<ChatEvent>,
    ) -> serde_json::Result<Self> {
        let step: Step<'_> = serde_json::from_str(raw.get())?;
        let kind = step.kind.as_ref().map(|kind| kind.0.to_string()).unwrap_or_default();
        Ok(match kind.as_str() {
            "thought" => {
                let part = parts.begin(PartKind::Reasoning, events);
                if let Some(signature) = &step.signature {
                    sign(part, &signature.0, events);
                }
                for raw in step.summary.unwrap_or_default().0 {
                    summarise(part, raw, events)?;
                }
                if !step.rest.is_empty() {
                    let extra = Extra::new(FORMAT, step.rest.parse()?);
                    events.push(ChatEvent::Delta { part, delta: PartDelta::Extra(extra) });
                }
                Self::Thought { part }
            }
            "model_output" => {
                let mut open = None;
                let list: RawList<'_> = match step.content {
                    Some(raw) => serde_json::from_str(raw.get())?,
                    None => RawList::default(),
                };
                for raw in list.0 {
                    begin_content(&mut open, raw, parts, events)?;
                }
                Self::Output { open }
            }
            "function_call" => Self::Call(OpenCall::begin(step, restore, parts, events)?),
            "user_input" | "function_result" => Self::Input,
            // The older revision's contents stand where steps do.
            "text" | "image" | "audio" | "video" | "document" => {
                let mut open = None;
                begin_content(&mut open, raw, parts, events)?;
                Self::Output { open }
            }
            _ => Self::Whole(serde_json::from_str(raw.get())?),
        })
    }

    /// Whether it takes arguments.
    pub(super) const fn is_call(&self) -> bool {
        matches!(self, Self::Call(_))
    }

    pub(super) fn grow(
        &mut self,
        delta: Delta<'_>,
        raw: &RawValue,
        parts: &mut Parts,
        events: &mut Vec<ChatEvent>,
    ) -> serde_json::Result<()> {
        let kind = delta.kind.as_ref().map(|kind| kind.0.to_string()).unwrap_or_default();
        match (self, kind.as_str()) {
            (Self::Thought { part }, "thought_signature") => {
                sign(*part, &delta.signature.unwrap_or_default().0, events);
            }
            (Self::Thought { part }, "thought_summary") => {
                if let Some(content) = delta.content {
                    summarise(*part, content, events)?;
                }
            }
            (Self::Output { open }, "text") => {
                let part = match open {
                    Some(OpenContent::Text(part)) => *part,
                    _ => {
                        end_content(open, events);
                        let part = parts.begin(PartKind::Text, events);
                        *open = Some(OpenContent::Text(part));
                        part
                    }
                };
                say(part, delta.text.unwrap_or_default(), events);
            }
            (Self::Output { open: Some(OpenContent::Text(part)) }, "text_annotation_delta") => {
                cite(*part, delta.annotations, events);
            }
            (Self::Output { open }, "audio") if delta.data.is_some() => {
                let media_type = delta.mime_type.map(Text::into_owned).unwrap_or_default();
                sound(open, media_type, delta.data.unwrap_or_default(), parts, events);
            }
            (Self::Output { open }, "image" | "video" | "document" | "audio") => {
                begin_content(open, raw, parts, events)?;
            }
            (Self::Call(call), "arguments_delta" | "arguments") => call.grow(delta, events)?,
            (Self::Call(call), "thought_signature") => {
                sign(call.part, &delta.signature.unwrap_or_default().0, events);
            }
            (Self::Whole(value), _) => {
                let more: Map<String, Value> = serde_json::from_str(raw.get())?;
                value.extend(more.into_iter().filter(|(name, value)| name != "type" && !value.is_null()));
            }
            // Of the input, or a delta that its step cannot take.
            _ => {}
        }
        Ok(())
    }

    pub(super) fn end(self, parts: &mut Parts, events: &mut Vec<ChatEvent>) -> serde_json::Result<()> {
        match self {
            Self::Thought { part } => end_part(part, None, events),
            Self::Output { mut open } => end_content(&mut open, events),
            Self::Call(call) => call.end(events),
            Self::Whole(value) => {
                let content = Content::Opaque(Opaque { format: FORMAT, value: Value::Object(value) });
                let part = parts.begin(PartKind::Whole(Box::new(content)), events);
                end_part(part, None, events);
            }
            Self::Input => {}
        }
        Ok(())
    }
}

impl OpenCall {
    fn begin(
        step: Step<'_>,
        restore: &Restore,
        parts: &mut Parts,
        events: &mut Vec<ChatEvent>,
    ) -> serde_json::Result<Self> {
        let name = step.name.map(Text::into_owned).unwrap_or_default();
        let (name, kind) = restore.asked(&name);
        let id = step.id.map(Text::into_owned).unwrap_or_default();
        let start = PartKind::ToolCall { id: id.into(), name: name.to_owned(), kind };
        let part = parts.begin(start, events);
        if let Some(signature) = &step.signature {
            sign(part, &signature.0, events);
        }
        if !step.rest.is_empty() {
            let extra = Extra::new(FORMAT, step.rest.parse()?);
            events.push(ChatEvent::Delta { part, delta: PartDelta::Extra(extra) });
        }
        let begun = step.arguments.map_or_else(String::new, |raw| compact(raw).into_owned());
        Ok(Self { part, kind, begun, held: String::new(), grown: false })
    }

    fn grow(&mut self, delta: Delta<'_>, events: &mut Vec<ChatEvent>) -> serde_json::Result<()> {
        let more = match (delta.arguments, delta.partial_arguments) {
            (Some(raw), _) if raw.get().starts_with('"') => serde_json::from_str::<String>(raw.get())?,
            // Whole, as an object.
            (Some(raw), _) => compact(raw).into_owned(),
            (None, Some(text)) => text.into_owned(),
            (None, None) => return Ok(()),
        };
        self.grown |= !more.is_empty();
        if self.kind == ToolCallKind::Custom {
            self.held.push_str(&more);
        } else {
            say(self.part, Text(more.into()), events);
        }
        Ok(())
    }

    fn end(self, events: &mut Vec<ChatEvent>) {
        let rest = match (self.kind, self.grown) {
            (ToolCallKind::Custom, true) => unwrap_custom(&self.held),
            (ToolCallKind::Custom, false) => unwrap_custom(&self.begun),
            (ToolCallKind::Function, true) => String::new(),
            (ToolCallKind::Function, false) if self.begun.is_empty() => "{}".to_owned(),
            (ToolCallKind::Function, false) => self.begun,
        };
        say(self.part, Text(rest.into()), events);
        end_part(self.part, None, events);
    }
}

fn say(part: PartIndex, Text(text): Text<'_>, events: &mut Vec<ChatEvent>) {
    if !text.is_empty() {
        events.push(ChatEvent::Delta { part, delta: PartDelta::Text(text.into_owned()) });
    }
}

/// A signature replaces the one before it; empty ones come first.
fn sign(part: PartIndex, value: &str, events: &mut Vec<ChatEvent>) {
    if !value.is_empty() {
        let signature = Signature { issuer: FORMAT, value: value.to_owned() };
        events.push(ChatEvent::Delta { part, delta: PartDelta::Signature(signature) });
    }
}

/// Adds to what is shown of a thought.
fn summarise(part: PartIndex, raw: &RawValue, events: &mut Vec<ChatEvent>) -> serde_json::Result<()> {
    let shown = content::read(raw)?;
    match shown.content {
        Content::Text(text) => say(part, Text(text.text.into()), events),
        // A picture of a thought: kept beside it.
        _ => {
            let mut extra = Extra::NONE;
            extra.insert(&FORMAT, "summary", serde_json::from_str(raw.get())?);
            events.push(ChatEvent::Delta { part, delta: PartDelta::Extra(extra) });
        }
    }
    Ok(())
}

fn cite(part: PartIndex, annotations: Option<Vec<Map<String, Value>>>, events: &mut Vec<ChatEvent>) {
    let cited = annotations.unwrap_or_default().into_iter().map(citation::read);
    let deltas = cited.map(|citation| PartDelta::Citation(Box::new(citation)));
    events.extend(deltas.map(|delta| ChatEvent::Delta { part, delta }));
}

/// Begins a content: a text that may go on, or something whole.
fn begin_content(
    open: &mut Option<OpenContent>,
    raw: &RawValue,
    parts: &mut Parts,
    events: &mut Vec<ChatEvent>,
) -> serde_json::Result<()> {
    // The older revision says only of what type the content will be.
    let empty: Map<String, Value> = serde_json::from_str(raw.get())?;
    if empty.len() == 1 && empty.get("type").is_some_and(Value::is_string) {
        return Ok(());
    }
    let Part { content, extra, .. } = content::read(raw)?;
    end_content(open, events);
    match content {
        Content::Text(text) if extra.is_empty() => {
            let part = parts.begin(PartKind::Text, events);
            *open = Some(OpenContent::Text(part));
            say(part, Text(text.text.into()), events);
            let cited = text.citations.into_iter().map(|citation| PartDelta::Citation(Box::new(citation)));
            events.extend(cited.map(|delta| ChatEvent::Delta { part, delta }));
        }
        Content::Audio(audio) if extra.is_empty() => match audio.source {
            MediaSource::Base64 { media_type, data } => {
                sound(open, media_type, Text(data.into()), parts, events);
            }
            _ => whole(Content::Audio(audio), extra, parts, events),
        },
        content => whole(content, extra, parts, events),
    }
    Ok(())
}

fn whole(content: Content, extra: Extra, parts: &mut Parts, events: &mut Vec<ChatEvent>) {
    let part = parts.begin(PartKind::Whole(Box::new(content)), events);
    end_part(part, (!extra.is_empty()).then_some(PartDelta::Extra(extra)), events);
}

/// Adds the next piece of a sound.
fn sound(
    open: &mut Option<OpenContent>,
    media_type: String,
    Text(data): Text<'_>,
    parts: &mut Parts,
    events: &mut Vec<ChatEvent>,
) {
    let continued = matches!(open, Some(OpenContent::Audio(_, known, _)) if media_type.is_empty() || *known == media_type);
    if !continued {
        end_content(open, events);
        let part = parts.begin(PartKind::Audio { media_type: media_type.clone() }, events);
        *open = Some(OpenContent::Audio(part, media_type, Joiner::default()));
    }
    if let Some(OpenContent::Audio(part, _, joiner)) = open {
        let data = joiner.push(media::standard_base64(data));
        if !data.is_empty() {
            events.push(ChatEvent::Delta { part: *part, delta: PartDelta::Media(data) });
        }
    }
}

fn end_content(open: &mut Option<OpenContent>, events: &mut Vec<ChatEvent>) {
    match open.take() {
        None => {}
        Some(OpenContent::Text(part)) => end_part(part, None, events),
        Some(OpenContent::Audio(part, _, joiner)) => {
            end_part(part, joiner.finish().map(PartDelta::Media), events);
        }
    }
}
