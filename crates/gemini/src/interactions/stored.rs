//! Interactions that are kept: what a request says of them, how one goes on from another, and how they are shown. For
//! whoever keeps them: the vendor, or the gateway in its stead.

use bytes::BytesMut;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use tollgate_model::{
    Assembler, ChatEvent, ChatRequest, Extra, Losses, ModelName, ProviderError, RequestError,
};
use tollgate_provider::{
    Frame, StreamDecoder, StreamEncoder as _,
    front_door::{read_field, unsearchable},
    json_spans,
    json_writer::Array,
};

use super::{
    FORMAT, content, response,
    steps::{Direction, ModelSteps},
    stream_decoder::InteractionDecoder,
    stream_encoder::InteractionEncoder,
};
use crate::{
    names::Restore,
    read::{RawList, invalid},
};

/// The vendor takes either spelling.
const PREVIOUS: [&str; 2] = ["previous_interaction_id", "previousInteractionId"];

/// What a request says of kept interactions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredState {
    /// The interaction that this one goes on from.
    pub previous_interaction_id: Option<String>,
    /// Whether it shall be kept. `None`: not said, which is yes with the vendor.
    pub store: Option<bool>,
    /// Whether it shall be done in the background.
    pub background: bool,
    /// Whether an agent is asked, not a model.
    pub agent: bool,
}

impl StoredState {
    /// Reads it without reading the rest of the body.
    ///
    /// # Errors
    /// A body that is no JSON object, that says one of the fields twice, or something else in one of them.
    pub fn read(body: &[u8]) -> Result<Self, RequestError> {
        let names = [PREVIOUS[0], PREVIOUS[1], "store", "background", "model", "agent"];
        let [previous, camel, store, background, model, agent] =
            json_spans::find(body, names).map_err(unsearchable)?;
        if previous.is_some() && camel.is_some() {
            return Err(unsearchable(json_spans::SpanError::Duplicate(PREVIOUS[0].to_owned())));
        }
        Ok(Self {
            previous_interaction_id: read_field(body, PREVIOUS[0], previous.or(camel).as_ref())?,
            store: read_field(body, "store", store.as_ref())?,
            background: read_field(body, "background", background.as_ref())?.unwrap_or_default(),
            agent: model.is_none() && agent.is_some(),
        })
    }

    /// Takes out of a request that was read what the gateway does itself, so that no provider is asked for it, and none of it
    /// is named as lost.
    pub fn take_from(request: &mut ChatRequest) {
        let Some(fields) = request.extra.fields(&FORMAT) else { return };
        let is_ours = |name: &str| name == "store" || PREVIOUS.contains(&name);
        let others = fields.iter().filter(|(name, _)| !is_ours(name));
        request.extra =
            Extra::new(FORMAT, others.map(|(name, value)| (name.clone(), value.clone())).collect());
    }
}

/// Puts the steps of an earlier conversation before a request's own input, in place of the interaction that it goes on from.
/// Nothing else of the body changes.
///
/// # Errors
/// A body that is no JSON object, or whose input is none.
pub fn continued(body: &[u8], earlier: &[Value]) -> Result<Vec<u8>, RequestError> {
    let mut steps: Vec<String> = earlier.iter().map(Value::to_string).collect();
    steps.extend(own_steps(body)?);
    let mut changed =
        json_spans::set(body, "input", &format!("[{}]", steps.join(","))).map_err(unsearchable)?;
    for name in PREVIOUS {
        if let [Some(_)] = json_spans::find(&changed, [name]).map_err(unsearchable)? {
            changed = json_spans::set(&changed, name, "null").map_err(unsearchable)?;
        }
    }
    Ok(changed)
}

/// Returns a request's input as steps: a text, a content, and contents that follow each other are what the user puts in.
///
/// # Errors
/// A body that is no JSON object, or whose input is none.
pub fn input_steps(body: &[u8]) -> Result<Vec<Value>, RequestError> {
    let parse = |step: String| serde_json::from_str(&step).map_err(|error| invalid("input", &error));
    own_steps(body)?.into_iter().map(parse).collect()
}

fn own_steps(body: &[u8]) -> Result<Vec<String>, RequestError> {
    let [input] = json_spans::find(body, ["input"]).map_err(unsearchable)?;
    let Some(raw): Option<&RawValue> = read_field(body, "input", input.as_ref())? else {
        return Ok(Vec::new());
    };
    let user = |contents: &[&str]| format!(r#"{{"type":"user_input","content":[{}]}}"#, contents.join(","));
    if raw.get().starts_with('"') {
        return Ok(vec![user(&[&format!(r#"{{"type":"text","text":{}}}"#, raw.get())])]);
    }
    let RawList(list) = serde_json::from_str(raw.get()).map_err(|error| invalid("input", &error))?;
    let (mut steps, mut contents) = (Vec::new(), Vec::new());
    for element in list {
        if content::stands_alone(element) {
            contents.push(element.get());
            continue;
        }
        if !contents.is_empty() {
            steps.push(user(&std::mem::take(&mut contents)));
        }
        steps.push(element.get().to_owned());
    }
    if !contents.is_empty() {
        steps.push(user(&contents));
    }
    Ok(steps)
}

/// Returns what the model did in an interaction, as steps that a later input can begin with.
///
/// # Errors
/// It is no interaction.
pub fn answered_steps(interaction: &[u8]) -> serde_json::Result<Vec<Value>> {
    #[derive(Deserialize)]
    struct Answered {
        // The older revision has contents there.
        #[serde(alias = "outputs")]
        steps: Option<Vec<Value>>,
    }
    let Answered { steps } = serde_json::from_slice(interaction)?;
    let as_step = |step: Value| match step["type"].as_str() {
        // What was put in, where an answer repeats it.
        Some("user_input" | "function_result") => None,
        Some(kind) if content::is_type(kind) => Some(json!({"type": "model_output", "content": [step]})),
        _ => Some(step),
    };
    Ok(steps.unwrap_or_default().into_iter().filter_map(as_step).collect())
}

/// Shows a kept interaction as the vendor does: with the one that it goes on from, and with its input if that is asked for.
///
/// # Errors
/// It is no JSON object.
pub fn shown(
    interaction: &[u8],
    previous: Option<&str>,
    input: Option<&[Value]>,
) -> Result<Vec<u8>, json_spans::SpanError> {
    let mut shown = interaction.to_vec();
    let previous = previous.map(|id| (PREVIOUS[0], Value::from(id)));
    let input = input.map(|steps| ("input", Value::from(steps)));
    for (name, value) in [previous, input].into_iter().flatten() {
        if json_spans::find(&shown, [name])? == [None] {
            shown = json_spans::set(&shown, name, &value.to_string())?;
        }
    }
    Ok(shown)
}

/// Writes the events of a complete interaction, as they would have been streamed.
///
/// # Errors
/// It is no complete interaction, or a failed one.
pub fn replayed(interaction: &[u8]) -> Result<Vec<u8>, ProviderError> {
    let request = ChatRequest::new(ModelName::new(""), Vec::new());
    let answer = response::decode(&request, interaction)?;
    let created = answer.created.unwrap_or_default();
    let (mut encoder, mut events) = (InteractionEncoder::new(&request, created), BytesMut::new());
    for event in answer.into_events() {
        encoder.encode(&event, &mut events);
    }
    Ok(events.to_vec())
}

/// An interaction that was seen in a stream.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Seen {
    /// It has begun: there is nothing in it yet.
    Begun(Vec<u8>),
    /// It is complete, with its steps.
    Complete(Vec<u8>),
}

/// Reads a stream for the interaction that it tells piece by piece.
#[derive(Debug)]
pub struct Fold {
    decoder: InteractionDecoder,
    assembler: Assembler,
    events: Vec<ChatEvent>,
    /// The stream cannot be read, or has said all.
    is_over: bool,
}

impl Default for Fold {
    fn default() -> Self {
        Self {
            decoder: InteractionDecoder::new(Restore::default()),
            assembler: Assembler::new(),
            events: Vec::new(),
            is_over: false,
        }
    }
}

impl Fold {
    /// Takes the next frame. Returns the interaction where it tells the beginning or the end.
    pub fn take(&mut self, frame: Frame<'_>) -> Option<Seen> {
        if self.is_over {
            return None;
        }
        if self.decoder.decode(frame, &mut self.events).is_err() {
            self.is_over = true;
            return None;
        }
        let (mut begins, mut ends) = (false, false);
        for event in self.events.drain(..) {
            begins |= matches!(event, ChatEvent::Start { .. });
            ends |= event == ChatEvent::Finish;
            self.assembler.push(event);
        }
        self.is_over = ends;
        match (begins, ends) {
            (_, true) => self.complete(frame).map(Seen::Complete),
            (true, false) => Some(Seen::Begun(told(frame)?.get().as_bytes().to_vec())),
            (false, false) => None,
        }
    }

    /// Puts the steps into what the last event tells of the interaction.
    fn complete(&mut self, frame: Frame<'_>) -> Option<Vec<u8>> {
        let interaction = told(frame)?.get().as_bytes();
        let named = json_spans::find(interaction, ["steps", "outputs"]).ok()?;
        if named.iter().any(Option::is_some) {
            return Some(interaction.to_vec());
        }
        let answer = std::mem::take(&mut self.assembler).into_response();
        let (mut written, mut losses) = (BytesMut::new(), Losses::new());
        let mut steps = Array::begin(&mut written);
        let mut writer = ModelSteps { direction: Direction::Answer, placeholder: None, losses: &mut losses };
        for choice in answer.choices.iter().take(1) {
            writer.write(&mut steps, &choice.parts, |part| format!("parts[{part}]"));
        }
        steps.end();
        json_spans::set(interaction, "steps", std::str::from_utf8(&written).ok()?).ok()
    }
}

/// What an event tells of the interaction as a whole.
fn told(frame: Frame<'_>) -> Option<&RawValue> {
    #[derive(Deserialize)]
    struct Event<'a> {
        #[serde(borrow, default)]
        interaction: Option<&'a RawValue>,
    }
    serde_json::from_slice::<Event<'_>>(frame.data).ok()?.interaction
}

#[cfg(test)]
mod tests;
