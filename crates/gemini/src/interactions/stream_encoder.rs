//! Canonical events → the typed events of a stream.
//!
//! Every part is a step of its own. Calls are written when they are complete, since their signature stands at their
//! beginning. The status is held until the answer is complete, so that a stream that breaks off never looks finished.

use bytes::{BufMut, BytesMut};
use serde_json::{Map, Value};
use tollgate_model::{CallError, ChatEvent, ChatRequest, FinishReason, Losses, ModelName, ResponseId, Usage};
use tollgate_provider::{StreamEncoder, json_writer::Object};

use super::{
    FORMAT, error,
    response::{made_id, tail},
};
use crate::time::rfc3339;

mod parts;

use parts::OpenPart;

/// Writes one stream.
#[derive(Debug)]
pub(super) struct InteractionEncoder {
    /// The model to name if the provider names none.
    asked: ModelName,
    now_unix: i64,
    id: String,
    model: String,
    created: i64,
    /// Whether the stream has begun.
    started: bool,
    /// The number of the next step.
    next_step: u32,
    parts: Vec<OpenPart>,
    /// How many parts the answer has had, for the paths of losses.
    count: u32,
    reason: Option<FinishReason>,
    usage: Option<Usage>,
    service_tier: Option<String>,
    extra: Map<String, Value>,
    /// Whether nothing may follow.
    over: bool,
    losses: Losses,
}

impl InteractionEncoder {
    pub(super) fn new(request: &ChatRequest, now_unix: i64) -> Self {
        Self {
            asked: request.model.clone(),
            now_unix,
            id: String::new(),
            model: String::new(),
            created: now_unix,
            started: false,
            next_step: 0,
            parts: Vec::new(),
            count: 0,
            reason: None,
            usage: None,
            service_tier: None,
            extra: Map::new(),
            over: false,
            losses: Losses::new(),
        }
    }

    fn start(
        &mut self,
        id: Option<&ResponseId>,
        model: Option<&ModelName>,
        created: Option<i64>,
        out: &mut BytesMut,
    ) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        self.created = created.unwrap_or(self.now_unix);
        self.id = id.map_or_else(|| made_id(self.created), ToString::to_string);
        self.model = model.unwrap_or(&self.asked).to_string();
        frame("interaction.created", out, |object| {
            let mut interaction = object.object("interaction");
            interaction.field("id", &self.id).field("status", "in_progress");
            interaction.field("object", "interaction").field("model", &self.model);
            interaction.end();
        });
        frame("interaction.status_update", out, |object| {
            object.field("interaction_id", &self.id).field("status", "in_progress");
        });
    }

    fn finish(&mut self, out: &mut BytesMut) {
        self.start(None, None, None, out);
        for part in std::mem::take(&mut self.parts) {
            self.close(part, out);
        }
        let losses = &mut self.losses;
        frame("interaction.completed", out, |object| {
            let mut interaction = object.object("interaction");
            interaction.field("id", &self.id);
            let tier = self.service_tier.as_deref();
            tail(
                &mut interaction,
                self.reason.as_ref(),
                self.usage.as_ref(),
                tier,
                Some(&self.extra),
                losses,
            );
            interaction.optional("created", rfc3339(self.created)).optional("updated", rfc3339(self.created));
            interaction.field("object", "interaction").field("model", &self.model);
            interaction.end();
        });
        out.put_slice(b"event: done\ndata: [DONE]\n\n");
        self.over = true;
    }
}

/// Writes an event with its type, which stands in its data too.
fn frame(kind: &str, out: &mut BytesMut, fill: impl FnOnce(&mut Object<'_>)) {
    out.put_slice(b"event: ");
    out.put_slice(kind.as_bytes());
    out.put_slice(b"\ndata: ");
    let mut object = Object::begin(out);
    fill(&mut object);
    object.field("event_type", kind);
    object.end();
    out.put_slice(b"\n\n");
}

impl StreamEncoder for InteractionEncoder {
    fn encode(&mut self, event: &ChatEvent, out: &mut BytesMut) {
        if self.over {
            return;
        }
        match event {
            ChatEvent::Start { id, model, created } => self.start(id.as_ref(), model.as_ref(), *created, out),
            ChatEvent::PartStart { part, choice, kind } => self.part_start(*part, *choice, kind, out),
            ChatEvent::Delta { part, delta } => self.delta(*part, delta, out),
            ChatEvent::PartEnd { part } => self.part_end(*part, out),
            ChatEvent::Logprobs { choice, .. } => {
                let path = format!("choices[{choice}].logprobs");
                self.losses.dropped(path, "the format does not say how likely tokens are");
            }
            ChatEvent::Stop { choice: 0, reason } => self.reason = Some(reason.clone()),
            ChatEvent::Stop { choice, .. } => {
                self.losses.dropped(format!("choices[{choice}]"), "the format gives one answer");
            }
            ChatEvent::Usage(usage) => self.usage.get_or_insert_default().update(usage),
            ChatEvent::Extra { service_tier, extra } => {
                if service_tier.is_some() {
                    self.service_tier.clone_from(service_tier);
                }
                extra.lose_unless(&FORMAT, "", &mut self.losses);
                let fields = extra.fields(&FORMAT).into_iter().flatten();
                self.extra.extend(fields.map(|(name, value)| (name.clone(), value.clone())));
            }
            ChatEvent::Finish => self.finish(out),
        }
    }

    fn encode_error(&mut self, error: &CallError, out: &mut BytesMut) {
        if !std::mem::replace(&mut self.over, true) {
            frame("error", out, |object| error::write(object, error));
        }
    }

    fn losses(&self) -> &Losses {
        &self.losses
    }
}
