//! What the model said → the items of `output`. Whole answers and streams share it.

use bytes::BytesMut;
use tollgate_model::{
    Choice, Content, Losses, Part,
    message::{Audio, Image, MediaSource, Text, ToolCall, ToolCallKind},
    response::TokenLogprob,
};
use tollgate_provider::carried;

use super::{
    citation,
    notes::{self, FORMAT, ITEM, MESSAGE, PIECE_BREAK, PIECES, RAW},
    wire::{Array, Object},
};
use crate::{
    logprobs::{self, Untold},
    names::made_item_id,
};

/// An item of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) kind: Kind,
    pub(super) id: String,
    /// The places of its parts among those of the answer.
    pub(super) parts: Vec<usize>,
}

/// What an item is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Message,
    Reasoning,
    Call(ToolCallKind),
    Image,
    /// Of this format, as it stood.
    Opaque,
    /// Another vendor's proof of the part before, as reasoning that says nothing.
    Proof(String),
}

/// Parts, laid out as items one by one.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) items: Vec<Item>,
}

/// Where a part came to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It begins this item.
    Begins(usize),
    /// It goes on with this message, as its next content.
    Continues(usize),
    /// Nothing of it can be said.
    Nowhere,
}

impl Layout {
    /// Lays out a whole answer.
    pub(super) fn of(parts: &[Part], response: &str) -> Self {
        let mut layout = Self::default();
        for (number, part) in parts.iter().enumerate() {
            if layout.add(number, part, response) != Place::Nowhere {
                layout.add_proof(number, part, response);
            }
        }
        layout
    }

    /// Adds the next part. `response` is the answer's id, from which missing ids are made.
    pub(super) fn add(&mut self, number: usize, part: &Part, response: &str) -> Place {
        let Some((kind, prefix)) = kind(part) else { return Place::Nowhere };
        if kind == Kind::Message
            && !notes::has(&part.extra, ITEM)
            && let Some(open) = self.items.last_mut().filter(|item| item.kind == Kind::Message)
        {
            open.parts.push(number);
            return Place::Continues(self.items.len() - 1);
        }
        let own = match &part.content {
            Content::Opaque(opaque) => opaque.value.get("id").and_then(serde_json::Value::as_str),
            _ => notes::item_id(&part.extra),
        };
        let id = own.map_or_else(|| made_item_id(prefix, response, number), str::to_owned);
        self.items.push(Item { kind, id, parts: vec![number] });
        Place::Begins(self.items.len() - 1)
    }

    /// Adds the proof of a part, if it has one of another vendor that its item cannot hold. Returns the item's place.
    pub(super) fn add_proof(&mut self, number: usize, part: &Part, response: &str) -> Option<usize> {
        let text = carried::pack_beside(part, &FORMAT)?;
        let id = made_item_id("rs", response, number);
        self.items.push(Item { kind: Kind::Proof(text), id, parts: vec![number] });
        Some(self.items.len() - 1)
    }
}

/// What a part becomes, and what the ids of such begin with. `None`: the format has no place for it.
fn kind(part: &Part) -> Option<(Kind, &'static str)> {
    Some(match &part.content {
        Content::Reasoning(_) => (Kind::Reasoning, "rs"),
        Content::ToolCall(ToolCall { kind: ToolCallKind::Function, .. }) => {
            (Kind::Call(ToolCallKind::Function), "fc")
        }
        Content::ToolCall(ToolCall { kind: ToolCallKind::Custom, .. }) => {
            (Kind::Call(ToolCallKind::Custom), "ctc")
        }
        Content::Opaque(opaque) if opaque.format == FORMAT && !notes::in_message(part) => {
            (Kind::Opaque, "item")
        }
        Content::Opaque(opaque) if opaque.format == FORMAT => (Kind::Message, "msg"),
        Content::Image(Image { source: MediaSource::Base64 { .. }, .. }) => (Kind::Image, "ig"),
        Content::Text(_) | Content::Refusal(_) | Content::Audio(Audio { transcript: Some(_), .. }) => {
            (Kind::Message, "msg")
        }
        _ => return None,
    })
}

/// Names what an item does not say of a part. `path` is the part's place.
pub(super) fn lose(part: &Part, path: &str, losses: &mut Losses) {
    part.extra.lose_unless(&FORMAT, path, losses);
    // Another vendor's is carried.
    if part.signature.as_ref().is_some_and(|own| own.issuer == FORMAT && !own.value.is_empty()) {
        losses.dropped(format!("{path}.signature"), "only what is encrypted proves anything here");
    }
    match &part.content {
        Content::Audio(Audio { transcript: Some(_), .. }) => {
            losses.approximated(path, "the format has no sound in answers; told in its words");
        }
        Content::Image(Image { source: MediaSource::Base64 { .. }, .. }) => {
            losses.emulated(path, "sent as the result of the vendor's own tool for pictures");
        }
        Content::Opaque(opaque) if opaque.format == FORMAT => {}
        Content::Text(_) | Content::Refusal(_) | Content::Reasoning(_) | Content::ToolCall(_) => {}
        _ => losses.dropped(path, "the format has no place for it in an answer"),
    }
}

/// The likelihoods of an answer's tokens, given out to its texts in order.
#[derive(Debug)]
pub(super) struct Tokens<'t> {
    rest: &'t [TokenLogprob],
    /// How many texts have not had theirs.
    texts: usize,
}

impl<'t> Tokens<'t> {
    pub(super) fn of(choice: &'t Choice) -> Self {
        let texts = choice.parts.iter().filter(|part| part.as_text().is_some()).count();
        Self { rest: &choice.logprobs, texts }
    }

    /// Those that are left for this part and what follows.
    pub(super) fn from_part(choice: &'t Choice, number: usize) -> Self {
        let mut tokens = Self::of(choice);
        let before = choice.parts[..number.min(choice.parts.len())].iter();
        before.filter_map(Part::as_text).for_each(|text| {
            tokens.take(text);
        });
        tokens
    }

    /// Takes as many tokens as the next text has. The last one takes all that are left.
    pub(super) fn take(&mut self, text: &str) -> &'t [TokenLogprob] {
        self.texts = self.texts.saturating_sub(1);
        let mut length = 0;
        let fits = |token: &&TokenLogprob| {
            let fits = length < text.len();
            length += token.bytes.as_ref().map_or(token.token.len(), Vec::len);
            fits
        };
        let count = if self.texts == 0 { self.rest.len() } else { self.rest.iter().take_while(fits).count() };
        let (taken, rest) = self.rest.split_at(count);
        self.rest = rest;
        taken
    }
}

/// How far an item has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// It begins: nothing of it is said yet.
    Added,
    /// It is complete.
    Done,
}

/// Writes an item.
pub(super) fn write_item(
    out: &mut BytesMut,
    item: &Item,
    parts: &[Part],
    progress: Progress,
    tokens: &mut Tokens<'_>,
    losses: &mut Losses,
) {
    let first = &parts[item.parts[0]];
    let done = progress == Progress::Done;
    if let (Kind::Opaque, Content::Opaque(opaque)) = (&item.kind, &first.content) {
        return crate::wire::value(out, &opaque.value);
    }
    let mut object = Object::begin(out);
    object.field("id", &item.id);
    match &item.kind {
        Kind::Message => write_message(&mut object, item, parts, progress, tokens, losses),
        Kind::Reasoning => {
            object.field("type", "reasoning");
            write_reasoning(&mut object, first, progress);
        }
        Kind::Proof(text) => {
            object.field("type", "reasoning").array("summary").end();
            object.field("encrypted_content", text);
        }
        Kind::Call(_) => write_call(&mut object, first, progress),
        Kind::Image => {
            object.field("type", "image_generation_call").field("status", status(first, progress));
            let data = match &first.content {
                Content::Image(Image { source: MediaSource::Base64 { data, .. }, .. }) => Some(data),
                _ => None,
            };
            object.field("result", &data.filter(|_| done));
        }
        Kind::Opaque => {}
    }
    object.end();
}

fn status(first: &Part, progress: Progress) -> &str {
    let own = || notes::object(&first.extra, ITEM)?.get("status")?.as_str();
    match progress {
        Progress::Added => "in_progress",
        Progress::Done => own().unwrap_or("completed"),
    }
}

fn write_message(
    object: &mut Object<'_>,
    item: &Item,
    parts: &[Part],
    progress: Progress,
    tokens: &mut Tokens<'_>,
    losses: &mut Losses,
) {
    let first = &parts[item.parts[0]];
    object.field("type", "message").field("status", status(first, progress)).field("role", "assistant");
    let mut content = object.array("content");
    if progress == Progress::Done {
        for number in &item.parts {
            write_content(&mut content, &parts[*number], *number, tokens, losses);
        }
    }
    content.end();
    object.extra(notes::object(&first.extra, MESSAGE));
}

/// Writes a part of a message, complete.
pub(super) fn write_content(
    content: &mut Array<'_>,
    part: &Part,
    number: usize,
    tokens: &mut Tokens<'_>,
    losses: &mut Losses,
) {
    if let Content::Opaque(opaque) = &part.content {
        return content.element(&opaque.value);
    }
    let mut object = content.object();
    match &part.content {
        Content::Text(text) => {
            object.field("type", "output_text").field("text", &text.text);
            write_annotations(object.array("annotations"), text, number, losses);
            logprobs::write(object.array("logprobs"), tokens.take(&text.text), Untold::OfText);
        }
        Content::Refusal(text) => {
            object.field("type", "refusal").field("refusal", text);
        }
        Content::Audio(audio) => {
            object.field("type", "output_text");
            object.field("text", audio.transcript.as_deref().unwrap_or_default());
            object.array("annotations").end();
            object.array("logprobs").end();
        }
        _ => {}
    }
    object.skip(MESSAGE).extra(part.extra.fields(&FORMAT));
    object.end();
}

fn write_annotations(mut array: Array<'_>, text: &Text, number: usize, losses: &mut Losses) {
    let length = text.text.chars().count() as u64;
    for (place, citation) in text.citations.iter().enumerate() {
        let path = format!("{}.citations[{place}]", part_path(number));
        citation::write(&mut array, citation, length, &path, losses);
    }
    array.end();
}

/// The place of a part, for the ledger.
pub(super) fn part_path(number: usize) -> String {
    format!("choices[0].parts[{number}]")
}

/// Writes what a reasoning item says: its pieces, and what only its issuer can read.
fn write_reasoning(object: &mut Object<'_>, part: &Part, progress: Progress) {
    if progress == Progress::Added {
        object.array("summary").end();
        if notes::has(&part.extra, RAW) {
            object.array("content").end();
        }
    } else {
        write_shown(object, part);
        object.optional("encrypted_content", encrypted(part));
    }
    if notes::object(&part.extra, ITEM).is_some_and(|own| own.contains_key("status")) {
        object.field("status", status(part, progress));
    }
    object.extra(part.extra.fields(&FORMAT));
}

/// Writes the pieces of reasoning: of a summary, or of the model's own.
pub(super) fn write_shown(object: &mut Object<'_>, part: &Part) {
    let Content::Reasoning(reasoning) = &part.content else { return };
    let pieces = pieces(part, &reasoning.text);
    if !notes::has(&part.extra, RAW) {
        return write_pieces(object.array("summary"), "summary_text", &pieces);
    }
    match part.extra.field(&FORMAT, "summary") {
        Some(summary) => {
            object.field("summary", summary);
        }
        None => object.array("summary").end(),
    }
    write_pieces(object.array("content"), "reasoning_text", &pieces);
}

/// What an issuer wants back: our vendor's own as it is, another's packed.
fn encrypted(part: &Part) -> Option<String> {
    carried::pack(part, &FORMAT).or_else(|| match &part.content {
        Content::Reasoning(reasoning) => reasoning.encrypted.clone(),
        _ => None,
    })
}

/// Parts the text where its pieces end. A text that was changed since is one piece.
pub(super) fn pieces<'p>(part: &Part, text: &'p str) -> Vec<&'p str> {
    let Some(lengths) = notes::note(&part.extra, PIECES).and_then(serde_json::Value::as_array) else {
        return if text.is_empty() { Vec::new() } else { vec![text] };
    };
    let mut pieces = Vec::with_capacity(lengths.len() + 1);
    let mut rest = text;
    for length in lengths {
        let length = length.as_u64().and_then(|length| usize::try_from(length).ok());
        let cut = length.and_then(|length| rest.split_at_checked(length));
        let Some((piece, after)) =
            cut.and_then(|(piece, after)| Some((piece, after.strip_prefix(PIECE_BREAK)?)))
        else {
            return vec![text];
        };
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

fn write_pieces(mut list: Array<'_>, kind: &str, pieces: &[&str]) {
    for piece in pieces {
        let mut object = list.object();
        object.field("type", kind).field("text", piece);
        object.end();
    }
    list.end();
}

/// What a tool is called with. Clients read a function's as JSON, so nothing is an empty object.
pub(super) fn input_of(call: &ToolCall) -> &str {
    let nothing = call.kind == ToolCallKind::Function && call.arguments.trim().is_empty();
    if nothing { "{}" } else { &call.arguments }
}

fn write_call(object: &mut Object<'_>, part: &Part, progress: Progress) {
    let Content::ToolCall(call) = &part.content else { return };
    let (kind, input) = match call.kind {
        ToolCallKind::Function => ("function_call", "arguments"),
        ToolCallKind::Custom => ("custom_tool_call", "input"),
    };
    object.field("type", kind).field("status", status(part, progress));
    object.field(input, if progress == Progress::Done { input_of(call) } else { "" });
    object.field("call_id", &call.id).field("name", &call.name);
    object.extra(part.extra.fields(&FORMAT));
}
