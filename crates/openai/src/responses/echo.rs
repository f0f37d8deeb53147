//! What an answer repeats of its request, as the vendor's answers do and its SDKs require.

use bytes::BytesMut;
use serde_json::{Map, Value};
use tollgate_model::{
    ChatRequest,
    request::{JsonSchema, ReasoningEffort, ResponseFormat, Tool, ToolChoice, ToolKind},
};

use super::{
    notes::{FORMAT, INSTRUCTIONS, NOT_KEPT, SAFETY_IDENTIFIER, has},
    wire::{Array, Object},
};

/// The fields of an answer that repeat its request, written once and for all.
#[derive(Debug)]
pub(super) struct Echo {
    fields: Vec<(&'static str, Vec<u8>)>,
}

impl Echo {
    pub(super) fn new(request: &ChatRequest) -> Self {
        let mut echo = Self { fields: Vec::with_capacity(24) };
        let own = |name: &str| request.extra.field(&FORMAT, name);
        let instructions = request.messages.iter().find(|message| has(&message.extra, INSTRUCTIONS));
        echo.value("instructions", &instructions.and_then(|message| message.parts.first()?.as_text()));
        echo.value("max_output_tokens", &request.max_output_tokens);
        echo.value("max_tool_calls", &own("max_tool_calls"));
        echo.value("metadata", &request.metadata);
        echo.value("parallel_tool_calls", &request.parallel_tool_calls.unwrap_or(true));
        echo.value("previous_response_id", &own("previous_response_id"));
        echo.value("prompt_cache_key", &request.cache.key);
        echo.written("reasoning", |out| write_reasoning(out, request));
        let identifier = has(&request.extra, SAFETY_IDENTIFIER).then(|| request.user.clone()).flatten();
        let identifier = identifier.map(Value::from).or_else(|| own("safety_identifier").cloned());
        let user = request.user.as_ref().filter(|_| !has(&request.extra, SAFETY_IDENTIFIER));
        echo.value("safety_identifier", &identifier);
        echo.value("user", &user);
        echo.value("temperature", &request.sampling.temperature);
        echo.value("top_p", &request.sampling.top_p);
        echo.written("text", |out| write_text(out, request));
        echo.written("tool_choice", |out| write_choice(out, request));
        echo.written("tools", |out| write_tools(Array::begin(out), &request.tools));
        let top = request.logprobs.map(|logprobs| logprobs.top.unwrap_or(0));
        echo.value("top_logprobs", &top.map(Value::from).or_else(|| own("top_logprobs").cloned()));
        let or_default = |name: &str, default: &str| own(name).cloned().unwrap_or_else(|| default.into());
        echo.value("truncation", &or_default("truncation", "disabled"));
        echo.value("background", &own("background").is_some());
        if has(&request.extra, NOT_KEPT) {
            echo.value("store", &false);
        }
        for name in ["store", "conversation", "prompt", "prompt_cache_options", "prompt_cache_retention"] {
            if let Some(value) = own(name) {
                echo.value(name, &repeated(name, value));
            }
        }
        echo
    }

    fn value(&mut self, name: &'static str, value: &impl serde::Serialize) {
        self.written(name, |out| crate::wire::value(out, value));
    }

    fn written(&mut self, name: &'static str, write: impl FnOnce(&mut BytesMut)) {
        let mut out = BytesMut::new();
        write(&mut out);
        self.fields.push((name, out.to_vec()));
    }

    /// Writes the fields. `settled` is what the provider says that it took in their stead.
    pub(super) fn write(&self, object: &mut Object<'_>, settled: Option<&Map<String, Value>>) {
        for (name, value) in &self.fields {
            match settled.and_then(|settled| settled.get(*name)) {
                Some(value) => {
                    object.field(name, value);
                }
                None => object.key(name).extend_from_slice(value),
            }
        }
        object.extra(settled);
    }
}

/// A conversation is asked for by its id alone, and answered as an object.
fn repeated(name: &str, value: &Value) -> Value {
    match value {
        Value::String(id) if name == "conversation" => serde_json::json!({"id": id}),
        value => value.clone(),
    }
}

fn write_reasoning(out: &mut BytesMut, request: &ChatRequest) {
    let own = nested(request, "reasoning");
    let mut object = Object::begin(out);
    match own.and_then(|own| own.get("effort")) {
        Some(word) => object.field("effort", word),
        None => object.field("effort", &request.reasoning.effort.map(ReasoningEffort::as_str)),
    };
    match own.and_then(|own| own.get("summary")) {
        Some(word) => object.field("summary", word),
        None => object.field("summary", &request.reasoning.visible.filter(|shown| *shown).map(|_| "auto")),
    };
    object.extra(own);
    object.end();
}

fn write_text(out: &mut BytesMut, request: &ChatRequest) {
    let own = nested(request, "text");
    let mut object = Object::begin(out);
    if own.is_none_or(|own| !own.contains_key("format")) {
        write_format(object.object("format"), request.response_format.as_ref());
    }
    object.extra(own);
    object.end();
}

/// Writes `text.format`.
pub(super) fn write_format(mut object: Object<'_>, format: Option<&ResponseFormat>) {
    match format {
        Some(ResponseFormat::JsonSchema(JsonSchema { name, description, schema, strict })) => {
            object.field("type", "json_schema");
            object.field("name", name.as_deref().unwrap_or("response"));
            object.optional("description", description.as_deref());
            object.field("schema", schema).optional("strict", *strict);
        }
        Some(ResponseFormat::JsonObject) => {
            object.field("type", "json_object");
        }
        _ => {
            object.field("type", "text");
        }
    }
    object.end();
}

fn write_choice(out: &mut BytesMut, request: &ChatRequest) {
    if let Some(own) = request.extra.field(&FORMAT, "tool_choice") {
        return crate::wire::value(out, own);
    }
    let is_custom = |name: &str| is_custom(&request.tools, name);
    write_tool_choice(out, request.tool_choice.as_ref().unwrap_or(&ToolChoice::Auto), is_custom);
}

/// Whether the tool of this name takes free text.
pub(super) fn is_custom(tools: &[Tool], name: &str) -> bool {
    tools.iter().any(|tool| matches!(&tool.kind, ToolKind::Custom(custom) if custom.name == name))
}

/// Writes `tool_choice`. Names are taken as they are.
pub(super) fn write_tool_choice(out: &mut BytesMut, choice: &ToolChoice, is_custom: impl Fn(&str) -> bool) {
    let write_named = |mut object: Object<'_>, name: &str| {
        object.field("type", if is_custom(name) { "custom" } else { "function" }).field("name", name);
        object.end();
    };
    match choice {
        ToolChoice::None => crate::wire::value(out, "none"),
        ToolChoice::Required => crate::wire::value(out, "required"),
        ToolChoice::Named(name) => write_named(Object::begin(out), name),
        ToolChoice::Allowed { required, names } => {
            let mut object = Object::begin(out);
            object.field("type", "allowed_tools").field("mode", if *required { "required" } else { "auto" });
            let mut list = object.array("tools");
            names.iter().for_each(|name| write_named(list.object(), name));
            list.end();
            object.end();
        }
        _ => crate::wire::value(out, "auto"),
    }
}

fn write_tools(mut list: Array<'_>, tools: &[Tool]) {
    for tool in tools {
        match &tool.kind {
            ToolKind::Function(function) => {
                let mut object = list.object();
                object.field("type", "function").field("name", &function.name);
                object.field("description", &function.description);
                object.field("parameters", &function.parameters).field("strict", &function.strict);
                object.extra(tool.extra.fields(&FORMAT));
                object.end();
            }
            ToolKind::Custom(custom) => {
                let mut object = list.object();
                object.field("type", "custom").field("name", &custom.name);
                object.optional("description", custom.description.as_deref());
                object.optional("format", custom.format.as_ref());
                object.extra(tool.extra.fields(&FORMAT));
                object.end();
            }
            ToolKind::Opaque(opaque) if opaque.format == FORMAT => list.element(&opaque.value),
            _ => {}
        }
    }
    list.end();
}

/// The fields that were kept under the name of the nested object they stood in.
pub(super) fn nested<'r>(request: &'r ChatRequest, name: &str) -> Option<&'r Map<String, Value>> {
    request.extra.field(&FORMAT, name)?.as_object()
}
