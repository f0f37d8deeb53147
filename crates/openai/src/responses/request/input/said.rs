//! What the model said in earlier turns → items.

use std::borrow::Cow;

use tollgate_model::{
    Content, Message, Part, Role,
    message::{Audio, Text, ToolCall, ToolCallKind},
};

use super::{Calls, Place};
use crate::{
    effort,
    names::{wire_call_id, wire_tool_name},
    responses::{
        citation,
        notes::{self, FORMAT, ITEM, MESSAGE, RAW},
        output,
        request::encode::Encoder,
        wire::Array,
    },
};

impl<'a> Encoder<'a> {
    pub(super) fn write_said(
        &mut self,
        list: &mut Array<'_>,
        index: usize,
        message: &'a Message,
        calls: &mut Calls<'a>,
    ) {
        // The parts of the message that is being gathered.
        let mut gathered: Vec<(Place, &Part)> = Vec::new();
        for (number, part) in message.parts.iter().enumerate() {
            let place = Place { message: index, part: number, inner: None };
            if stands_in_message(part) {
                if notes::has(&part.extra, ITEM) {
                    self.write_gathered(list, &mut gathered);
                }
                if self.admits_said(part, place) {
                    gathered.push((place, part));
                }
                continue;
            }
            self.write_gathered(list, &mut gathered);
            match &part.content {
                Content::Reasoning(_) => {
                    let leads = message.parts[number + 1..].iter().any(|part| self.is_said(part));
                    self.write_reasoning_item(list, part, place, leads);
                }
                Content::ToolCall(call) => self.write_call(list, part, call, place, calls),
                Content::Opaque(opaque) if opaque.format == FORMAT => list.element(&opaque.value),
                Content::ToolResult(_) => {}
                _ => self.losses.dropped(place.to_string(), "the format has no place for it in an answer"),
            }
        }
        self.write_gathered(list, &mut gathered);
    }

    /// Whether a part becomes an item, or a part of one, that reasoning can lead to.
    fn is_said(&self, part: &Part) -> bool {
        match &part.content {
            Content::ToolCall(_) => true,
            Content::Opaque(opaque) => opaque.format == FORMAT,
            _ => stands_in_message(part),
        }
    }

    fn admits_said(&mut self, part: &Part, place: Place) -> bool {
        self.lose_attributes(part, place);
        match &part.content {
            Content::Audio(_) => {
                self.losses
                    .approximated(place.to_string(), "the format has no sound in answers; told in its words");
                true
            }
            Content::Refusal(_) | Content::Opaque(_) => true,
            _ => self.admits(part, Role::Assistant, place),
        }
    }

    fn write_gathered(&mut self, list: &mut Array<'_>, gathered: &mut Vec<(Place, &Part)>) {
        let Some((place, first)) = gathered.first().copied() else { return };
        let mut object = list.object();
        object.field("role", "assistant");
        let own = notes::object(&first.extra, ITEM);
        let fields = notes::object(&first.extra, MESSAGE);
        match gathered.as_slice() {
            // The long form, which has an id, has a list.
            [(_, part)] if own.is_none_or(|own| !own.contains_key("id")) && is_plain(part) => {
                object.field("content", part.as_text().unwrap_or_default());
            }
            parts => {
                let mut content = object.array("content");
                for (place, part) in parts {
                    self.write_said_part(&mut content, part, *place);
                }
                content.end();
            }
        }
        // Beside the parts' own fields, which stand with them.
        let mut extra = tollgate_model::Extra::NONE;
        if let Some(own) = own {
            extra.insert(&FORMAT, ITEM, own.clone().into());
        }
        self.write_own(&mut object, &extra, "msg", place);
        object.extra(fields);
        object.end();
        gathered.clear();
    }

    fn write_said_part(&mut self, content: &mut Array<'_>, part: &Part, place: Place) {
        let text = match &part.content {
            Content::Opaque(opaque) => return content.element(&opaque.value),
            Content::Refusal(text) => {
                let mut object = content.object();
                object.field("type", "refusal").field("refusal", text);
                object.skip(MESSAGE).extra(part.extra.fields(&FORMAT));
                return object.end();
            }
            Content::Audio(audio) => audio.transcript.as_deref(),
            _ => super::part::plain_text(part),
        };
        let mut object = content.object();
        object.field("type", "output_text").field("text", text.unwrap_or_default());
        let mut annotations = object.array("annotations");
        if let Content::Text(Text { text, citations }) = &part.content {
            let length = text.chars().count() as u64;
            for (number, cited) in citations.iter().enumerate() {
                let path = format!("{place}.citations[{number}]");
                citation::write(&mut annotations, cited, length, &path, &mut self.losses);
            }
        }
        annotations.end();
        object.skip(MESSAGE).extra(part.extra.fields(&FORMAT));
        object.end();
    }

    /// Writes reasoning that the server can read: its own, or what it takes from anybody.
    fn write_reasoning_item(&mut self, list: &mut Array<'_>, part: &Part, place: Place, leads: bool) {
        let Content::Reasoning(reasoning) = &part.content else { return };
        let issuer = part.signature.as_ref().map(|signature| &signature.issuer);
        let foreign = match issuer {
            Some(issuer) => *issuer != self.quirks.issuer && *issuer != FORMAT,
            None => reasoning.encrypted.is_some() && part.extra.fields(&FORMAT).is_none(),
        };
        let sealed = reasoning.encrypted.is_some();
        let own_and_kept = self.is_kept() && notes::item_id(&part.extra).is_some();
        let refusal = if effort::cannot_reason(self.target, self.rules) {
            Some("the model does not reason")
        } else if foreign && !self.quirks.plain_reasoning {
            Some("reasoning of another vendor")
        } else if !self.quirks.plain_reasoning && !sealed && !own_and_kept {
            Some("the vendor takes back only what it encrypted itself")
        } else if !self.quirks.plain_reasoning && !leads {
            Some("the vendor takes no reasoning that led to nothing")
        } else if foreign && reasoning.text.is_empty() {
            Some("reasoning of another vendor")
        } else {
            None
        };
        if let Some(why) = refusal {
            return self.losses.dropped(place.to_string(), why);
        }
        part.extra.lose_unless(&FORMAT, &place.to_string(), &mut self.losses);
        if part.cache.is_some() {
            self.losses.dropped(format!("{place}.cache"), "the provider chooses by itself what is cached");
        }
        let mut object = list.object();
        object.field("type", "reasoning");
        if foreign {
            self.losses.dropped(format!("{place}.signature"), "the proof of another vendor");
        }
        let mut own = if foreign { Part::new(part.content.clone()) } else { part.clone() };
        if self.quirks.plain_reasoning && own.extra.fields(&FORMAT).is_none() {
            notes::mark(&mut own, RAW);
        }
        output::write_shown(&mut object, &own);
        if !foreign {
            object.optional("encrypted_content", reasoning.encrypted.as_deref());
        }
        self.write_own(&mut object, &own.extra, "rs", place);
        object.end();
    }

    fn write_call(
        &mut self,
        list: &mut Array<'_>,
        part: &Part,
        call: &'a ToolCall,
        place: Place,
        calls: &mut Calls<'a>,
    ) {
        self.lose_attributes(part, place);
        let (kind, field, prefix, said) = match call.kind {
            ToolCallKind::Function => {
                ("function_call", "arguments", "fc", Cow::Borrowed(output::input_of(call)))
            }
            ToolCallKind::Custom if self.quirks.custom_tools => {
                calls.custom.insert(call.id.as_str());
                ("custom_tool_call", "input", "ctc", Cow::Borrowed(call.arguments.as_str()))
            }
            ToolCallKind::Custom => {
                self.losses.emulated(place.to_string(), "sent as a call of a function with one text");
                let input = serde_json::json!({"input": call.arguments}).to_string();
                ("function_call", "arguments", "fc", Cow::Owned(input))
            }
        };
        let mut object = list.object();
        object.field("type", kind);
        object.field("call_id", &wire_call_id(&call.id, self.quirks.max_tool_call_id));
        object.field("name", &wire_tool_name(&call.name)).field(field, &said);
        self.write_own(&mut object, &part.extra, prefix, place);
        object.end();
    }
}

/// Whether a part stands in a message of the model, rather than being an item.
fn stands_in_message(part: &Part) -> bool {
    match &part.content {
        Content::Audio(Audio { transcript, .. }) => transcript.is_some(),
        Content::Document(_) => super::part::plain_text(part).is_some(),
        _ => notes::in_message(part),
    }
}

/// Whether a part is a text and nothing else.
fn is_plain(part: &Part) -> bool {
    let Content::Text(text) = &part.content else { return false };
    let notes_only =
        part.extra.fields(&FORMAT).is_none_or(|own| own.keys().all(|name| name == ITEM || name == MESSAGE));
    text.citations.is_empty() && notes_only
}
