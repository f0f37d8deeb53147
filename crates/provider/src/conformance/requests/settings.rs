//! One thing asked for at a time.

use serde_json::json;
use tollgate_model::{
    ChatRequest, Content, Part,
    message::{CacheHint, Document, Image, ImageDetail, Opaque},
    request::{
        AudioOutput, CacheSettings, CustomTool, JsonSchema, Logprobs, Modality, ReasoningEffort,
        ReasoningMode, ResponseFormat, Tool, ToolChoice, ToolKind,
    },
};

use super::{PDF, PNG, STRANGER, Setting, base64, object, plain, stranger, tool_results, with_tools};

/// Everything that can be asked for, one thing at a time. Each value differs from what any provider does unasked.
#[must_use]
pub fn settings() -> Vec<Setting> {
    let mut settings = vec![
        set("sampling.temperature", |request| request.sampling.temperature = Some(0.25)),
        set("sampling.top_p", |request| request.sampling.top_p = Some(0.5)),
        set("sampling.top_k", |request| request.sampling.top_k = Some(7)),
        set("sampling.presence_penalty", |request| request.sampling.presence_penalty = Some(0.5)),
        set("sampling.frequency_penalty", |request| request.sampling.frequency_penalty = Some(0.5)),
        set("sampling.seed", |request| request.sampling.seed = Some(42)),
        set("sampling.logit_bias", |request| request.sampling.logit_bias = object(json!({"50256": -100}))),
        set("max_output_tokens", |request| request.max_output_tokens = Some(333)),
        set("stop", |request| request.stop = vec!["HALT".to_owned()]),
        set("choices", |request| request.choices = Some(2)),
        set("logprobs", |request| request.logprobs = Some(Logprobs { top: Some(2) })),
        set("response_format (any object)", |request| {
            request.response_format = Some(ResponseFormat::JsonObject)
        }),
        set("response_format (a schema)", |request| request.response_format = Some(schema())),
        set("reasoning.effort", |request| request.reasoning.effort = Some(ReasoningEffort::Low)),
        set("reasoning.budget_tokens", |request| request.reasoning.budget_tokens = Some(2048)),
        set("reasoning.mode", |request| request.reasoning.mode = Some(ReasoningMode::Enabled)),
        set("modalities", |request| request.modalities = Some(vec![Modality::Text, Modality::Audio])),
        set("audio", |request| {
            request.audio = Some(AudioOutput { voice: Some(json!("alloy")), format: Some("wav".to_owned()) });
        }),
        set("service_tier", |request| request.service_tier = Some("flex".to_owned())),
        set("user", |request| request.user = Some("user-7f3a".to_owned())),
        set("metadata", |request| request.metadata = object(json!({"feature": "search"}))),
        set("cache.key", |request| {
            request.cache = CacheSettings { key: Some("prefix-1".to_owned()), ..CacheSettings::default() }
        }),
        set("cache.automatic", |request| request.cache.automatic = Some(CacheHint::FiveMinutes)),
        set("cache.content", |request| request.cache.content = Some("cachedContents/abc".to_owned())),
        set("stream", |request| request.stream = true),
        set("extra", |request| request.extra = stranger()),
        set("messages[0].name", |request| request.messages[0].name = Some("ada".to_owned())),
        set("messages[0].extra", |request| request.messages[0].extra = stranger()),
        set("messages[0].parts[0].cache", |request| {
            request.messages[0].parts[0].cache = Some(CacheHint::OneHour)
        }),
        set("messages[0].parts[0].extra", |request| request.messages[0].parts[0].extra = stranger()),
    ];
    settings.extend(tool_settings());
    settings.extend(media_settings());
    settings
}

fn tool_settings() -> Vec<Setting> {
    let custom = CustomTool { name: "free_text".to_owned(), description: None, format: None };
    let opaque = Opaque { format: STRANGER, value: json!({"type": "strange_search"}) };
    let tool = |change: fn(&mut ChatRequest)| move |request: &mut ChatRequest| change(request);
    vec![
        change("tool_choice (none)", with_tools(), |request| request.tool_choice = Some(ToolChoice::None)),
        change("tool_choice (required)", with_tools(), |request| {
            request.tool_choice = Some(ToolChoice::Required)
        }),
        change("tool_choice (named)", with_tools(), |request| {
            request.tool_choice = Some(ToolChoice::Named("time_in".to_owned()));
        }),
        change("tool_choice (allowed)", with_tools(), |request| {
            request.tool_choice =
                Some(ToolChoice::Allowed { required: false, names: vec!["time_in".to_owned()] });
        }),
        change("parallel_tool_calls", with_tools(), |request| request.parallel_tool_calls = Some(false)),
        change("tools[0].strict", with_tools(), |request| {
            if let ToolKind::Function(function) = &mut request.tools[0].kind {
                function.strict = Some(true);
            }
        }),
        change(
            "tools[0].cache",
            with_tools(),
            tool(|request| request.tools[0].cache = Some(CacheHint::Standard)),
        ),
        change("tools[0].extra", with_tools(), tool(|request| request.tools[0].extra = stranger())),
        change("tools[2] (free text)", with_tools(), |request| {
            request.tools.push(Tool::new(ToolKind::Custom(custom)));
        }),
        change("tools[2] (a stranger's)", with_tools(), |request| {
            request.tools.push(Tool::new(ToolKind::Opaque(opaque)));
        }),
        change("messages[2].parts[0].is_error", tool_results(), |request| {
            if let Content::ToolResult(result) = &mut request.messages[2].parts[0].content {
                result.is_error = Some(true);
            }
        }),
        change("messages[2].parts[0].parts[1] (a picture)", tool_results(), |request| {
            if let Content::ToolResult(result) = &mut request.messages[2].parts[0].content {
                let source = base64("image/png", PNG);
                result.parts.push(Part::new(Content::Image(Image { source, detail: None })));
            }
        }),
    ]
}

fn media_settings() -> Vec<Setting> {
    let mut with_image = plain();
    let image = Image { source: base64("image/png", PNG), detail: None };
    with_image.messages[0].parts.push(Part::new(Content::Image(image)));
    let mut with_document = plain();
    let source = base64("application/pdf", PDF);
    let document = Document { source, filename: None, context: None, citations: None };
    with_document.messages[0].parts.push(Part::new(Content::Document(document)));
    let change_document = |path, edit: fn(&mut Document)| {
        change(path, with_document.clone(), move |request| {
            if let Content::Document(document) = &mut request.messages[0].parts[1].content {
                edit(document);
            }
        })
    };
    vec![
        change("messages[0].parts[1].detail", with_image, |request| {
            if let Content::Image(image) = &mut request.messages[0].parts[1].content {
                image.detail = Some(ImageDetail::High);
            }
        }),
        change_document("messages[0].parts[1].filename", |document| {
            document.filename = Some("toll.pdf".to_owned())
        }),
        change_document("messages[0].parts[1].context", |document| {
            document.context = Some("A price list.".to_owned())
        }),
        change_document("messages[0].parts[1].citations", |document| document.citations = Some(true)),
    ]
}

fn set(path: &'static str, edit: impl FnOnce(&mut ChatRequest)) -> Setting {
    change(path, plain(), edit)
}

fn change(path: &'static str, without: ChatRequest, edit: impl FnOnce(&mut ChatRequest)) -> Setting {
    let mut with = without.clone();
    edit(&mut with);
    Setting { path, without, with }
}

fn schema() -> ResponseFormat {
    let schema = json!({
        "type": "object",
        "properties": {"answer": {"type": "string"}},
        "required": ["answer"],
        "additionalProperties": false,
    });
    ResponseFormat::JsonSchema(JsonSchema {
        name: Some("answer".to_owned()),
        description: None,
        schema,
        strict: Some(true),
    })
}
