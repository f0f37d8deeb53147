//! A canonical request, written for a provider of this format.

use serde_json::{Map, Value, json};
use tollgate_catalog::{MaxTokensField, ReasoningStyle};
use tollgate_model::{
    ChatRequest, Format, Losses, RequestError,
    request::{Modality, ReasoningEffort, ReasoningMode, ResponseFormat, Tool, ToolChoice, ToolKind},
};
use tollgate_provider::Target;

use super::{message_encoder::encode_messages, words};
use crate::quirks::Quirks;

/// Writes a body, and what it could not say.
pub(crate) fn encode_request(
    quirks: &Quirks,
    target: &Target<'_>,
    request: &ChatRequest,
) -> Result<(Vec<u8>, Losses), RequestError> {
    let mut writer = Writer { quirks, target, request, body: Map::new(), losses: Losses::new() };
    writer.put("model", target.model.as_str());
    let messages = encode_messages(quirks, &request.messages, &mut writer.losses)?;
    writer.put("messages", messages);
    writer.tools();
    writer.response_format();
    writer.reasoning();
    writer.sampling();
    writer.limits();
    writer.output();
    writer.bookkeeping();
    request.extra.write_into(&Format::OPENAI_CHAT, &mut writer.body, "", &mut writer.losses);
    writer.stream();
    let body = serde_json::to_vec(&writer.body).expect("a map of JSON values can be written");
    Ok((body, writer.losses))
}

struct Writer<'a> {
    quirks: &'a Quirks,
    target: &'a Target<'a>,
    request: &'a ChatRequest,
    body: Map<String, Value>,
    losses: Losses,
}

impl Writer<'_> {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.body.insert(name.to_owned(), value.into());
    }

    fn put_some(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    /// Whether the model is known to refuse something.
    fn refuses(&self, rule: impl Fn(&tollgate_catalog::Rules) -> Option<bool>) -> bool {
        self.target.card.is_some_and(|card| rule(&card.rules) == Some(false))
    }

    fn tools(&mut self) {
        let request = self.request;
        let mut tools = Vec::new();
        for (index, tool) in request.tools.iter().enumerate() {
            tools.extend(encode_tool(tool, &format!("tools[{index}]"), &mut self.losses));
        }
        if !tools.is_empty() {
            self.put("tools", tools);
        }
        let Some(choice) = &request.tool_choice else {
            self.put_some("parallel_tool_calls", request.parallel_tool_calls);
            return;
        };
        let forced = matches!(choice, ToolChoice::Required | ToolChoice::Named(_) | ToolChoice::Allowed { required: true, .. });
        if forced && self.refuses(|rules| rules.forced_tool_choice) {
            self.losses.approximated("tool_choice", "the model refuses a forced tool: auto");
            self.put("tool_choice", "auto");
        } else {
            if forced && !self.quirks.tool_choice_holds {
                self.losses.approximated("tool_choice", "the server may not hold to it");
            }
            self.put("tool_choice", encode_tool_choice(choice, &request.tools));
        }
        self.put_some("parallel_tool_calls", request.parallel_tool_calls);
    }

    fn response_format(&mut self) {
        let format = match &self.request.response_format {
            None => return,
            Some(ResponseFormat::JsonObject) => json!({"type": "json_object"}),
            Some(ResponseFormat::JsonSchema(schema)) => {
                let mut inner = Map::new();
                // The format requires a name; this one says nothing wrong.
                inner.insert("name".to_owned(), schema.name.as_deref().unwrap_or("answer").into());
                if let Some(description) = &schema.description {
                    inner.insert("description".to_owned(), description.as_str().into());
                }
                inner.insert("schema".to_owned(), schema.schema.clone());
                if let Some(strict) = schema.strict {
                    inner.insert("strict".to_owned(), strict.into());
                }
                json!({"type": "json_schema", "json_schema": inner})
            }
            Some(_) => json!({"type": "text"}),
        };
        self.put("response_format", format);
    }

    fn reasoning(&mut self) {
        let settings = &self.request.reasoning;
        if settings.visible.is_some() {
            self.losses.dropped("reasoning.visible", "Chat Completions shows no reasoning");
        }
        let mut asked = settings.effort;
        if asked.is_none() && settings.mode == Some(ReasoningMode::Disabled) {
            asked = Some(ReasoningEffort::None);
        }
        if asked.is_none() && let Some(budget) = settings.budget_tokens {
            let effort = words::effort_of_budget(budget);
            self.losses.approximated("reasoning.budget_tokens", format!("an effort instead: {}", effort.as_str()));
            asked = Some(effort);
        } else if settings.budget_tokens.is_some() {
            self.losses.dropped("reasoning.budget_tokens", "the effort says it");
        }
        if asked.is_none() && settings.mode.is_some() {
            self.losses.dropped("reasoning.mode", "the model reasons as its effort says");
        }
        let Some(asked) = asked else { return };
        let rules = self.target.card.map(|card| &card.rules);
        if rules.is_some_and(|rules| rules.reasoning == Some(ReasoningStyle::None)) {
            self.losses.dropped("reasoning.effort", "the model does not reason");
            return;
        }
        let effort = words::nearest_effort(asked, rules.map_or(&[], |rules| &rules.efforts));
        if effort != asked {
            self.losses.approximated("reasoning.effort", format!("the model takes no {}: {}", asked.as_str(), effort.as_str()));
        }
        self.put("reasoning_effort", effort.as_str());
    }

    fn sampling(&mut self) {
        let sampling = &self.request.sampling;
        let without_reasoning = self.body.get("reasoning_effort").is_some_and(|effort| effort == "none")
            && self.target.card.is_some_and(|card| card.rules.sampling_without_reasoning == Some(true));
        let refused = self.refuses(|rules| rules.sampling) && !without_reasoning;
        for (name, value) in [("temperature", sampling.temperature), ("top_p", sampling.top_p)] {
            self.put_unless(refused, "sampling", name, value);
        }
        match sampling.top_k {
            Some(_) if !self.quirks.top_k => self.losses.dropped("sampling.top_k", "the format has no top_k"),
            top_k => self.put_unless(refused, "sampling", "top_k", top_k),
        }
        let refused = self.refuses(|rules| rules.penalties);
        self.put_unless(refused, "sampling", "presence_penalty", sampling.presence_penalty);
        self.put_unless(refused, "sampling", "frequency_penalty", sampling.frequency_penalty);
        self.put_some("seed", sampling.seed);
        if !sampling.logit_bias.is_empty() {
            self.put("logit_bias", sampling.logit_bias.clone());
        }
    }

    fn put_unless(&mut self, refused: bool, group: &str, name: &str, value: Option<impl Into<Value>>) {
        match value {
            Some(_) if refused => self.losses.dropped(format!("{group}.{name}"), "the model refuses it"),
            value => self.put_some(name, value),
        }
    }

    fn limits(&mut self) {
        let rule = self.target.card.and_then(|card| card.rules.max_tokens_field);
        let field = match rule.unwrap_or(self.quirks.max_tokens_field) {
            MaxTokensField::MaxTokens => "max_tokens",
            MaxTokensField::MaxCompletionTokens => "max_completion_tokens",
        };
        self.put_some(field, self.request.max_output_tokens);
        if !self.request.stop.is_empty() {
            if self.refuses(|rules| rules.stop) {
                self.losses.dropped("stop", "the model refuses it");
            } else {
                self.put("stop", self.request.stop.clone());
            }
        }
        match self.request.choices {
            Some(count) if count > 1 && self.refuses(|rules| rules.multiple_choices) => {
                self.losses.dropped("choices", "the model gives one answer");
            }
            choices => self.put_some("n", choices),
        }
    }

    fn output(&mut self) {
        if let Some(logprobs) = self.request.logprobs {
            self.put("logprobs", true);
            self.put_some("top_logprobs", logprobs.top);
        }
        if let Some(modalities) = &self.request.modalities {
            let words: Vec<&str> = modalities
                .iter()
                .map(|modality| match modality {
                    Modality::Audio => "audio",
                    Modality::Image => "image",
                    _ => "text",
                })
                .collect();
            self.put("modalities", words);
        }
        if let Some(audio) = &self.request.audio {
            let mut object = Map::new();
            object.extend(audio.voice.clone().map(|voice| ("voice".to_owned(), voice)));
            object.extend(audio.format.clone().map(|format| ("format".to_owned(), format.into())));
            self.put("audio", object);
        }
    }

    fn bookkeeping(&mut self) {
        let request = self.request;
        self.put_some("service_tier", request.service_tier.clone());
        self.put_some("user", request.user.clone());
        if !request.metadata.is_empty() {
            self.put("metadata", request.metadata.clone());
        }
        self.put_some("prompt_cache_key", request.cache.key.clone());
        if request.cache.automatic.is_some() {
            self.losses.dropped("cache.automatic", "the provider caches by itself");
        }
        if request.cache.content.is_some() {
            self.losses.dropped("cache.content", "the format has no cached content");
        }
    }

    fn stream(&mut self) {
        if !self.request.stream {
            return;
        }
        self.put("stream", true);
        // Also when the client did not ask: without it the call's cost would be a guess. The client's own encoder decides
        // what the client sees.
        let mut options = match self.body.remove("stream_options") {
            Some(Value::Object(options)) => options,
            _ => Map::new(),
        };
        options.insert("include_usage".to_owned(), true.into());
        self.put("stream_options", options);
    }
}

fn encode_tool(tool: &Tool, path: &str, losses: &mut Losses) -> Option<Value> {
    if tool.cache.is_some() {
        losses.dropped(format!("{path}.cache"), "the provider caches by itself");
    }
    let mut outer = Map::new();
    tool.extra.write_into(&Format::OPENAI_CHAT, &mut outer, path, losses);
    let (kind, mut inner) = match &tool.kind {
        ToolKind::Function(function) => {
            let mut inner = named(&function.name, function.description.as_deref());
            inner.extend(function.parameters.clone().map(|parameters| ("parameters".to_owned(), parameters)));
            inner.extend(function.strict.map(|strict| ("strict".to_owned(), strict.into())));
            ("function", inner)
        }
        ToolKind::Custom(custom) => {
            let mut inner = named(&custom.name, custom.description.as_deref());
            inner.extend(custom.format.clone().map(|format| ("format".to_owned(), format)));
            ("custom", inner)
        }
        ToolKind::Opaque(opaque) if opaque.format == Format::OPENAI_CHAT => return Some(opaque.value.clone()),
        ToolKind::Opaque(opaque) => {
            losses.dropped(path, format!("a tool of {} only", opaque.format));
            return None;
        }
        _ => {
            losses.dropped(path, "the format has no such tool");
            return None;
        }
    };
    // What the decoder kept of the inner object.
    if let Some(Value::Object(rest)) = outer.shift_remove(kind) {
        inner.extend(rest);
    }
    outer.insert("type".to_owned(), kind.into());
    outer.insert(kind.to_owned(), inner.into());
    Some(outer.into())
}

fn named(name: &str, description: Option<&str>) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("name".to_owned(), name.into());
    object.extend(description.map(|description| ("description".to_owned(), description.into())));
    object
}

fn encode_tool_choice(choice: &ToolChoice, tools: &[Tool]) -> Value {
    let reference = |name: &str| {
        let custom = tools.iter().any(|tool| matches!(&tool.kind, ToolKind::Custom(custom) if custom.name == name));
        let kind = if custom { "custom" } else { "function" };
        json!({"type": kind, kind: {"name": name}})
    };
    match choice {
        ToolChoice::None => "none".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Named(name) => reference(name),
        ToolChoice::Allowed { required, names } => {
            let mode = if *required { "required" } else { "auto" };
            let tools: Vec<Value> = names.iter().map(|name| reference(name)).collect();
            json!({"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}})
        }
        _ => "auto".into(),
    }
}
