//! What a request becomes, one rule a test.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a test that cannot go on fails, and cases read better as values"
)]

use serde_json::{Value, json};
use tollgate_catalog::{Model, card::ReasoningStyle};
use tollgate_gemini::{DEFAULT_BASE_URL, GenerateContentProvider, NAME};
use tollgate_model::{
    ChatRequest, Content, Extra, Format, LossKind, Message, ModelName, Part, ProviderName, RequestError,
    Role, Signature,
    message::{
        Audio, CacheHint, Document, Image, ImageDetail, MediaSource, Opaque, Reasoning, ToolCall,
        ToolCallKind, ToolResult,
    },
    request::{
        AudioOutput, CustomTool, FunctionTool, JsonSchema, Logprobs, Modality, ReasoningEffort,
        ReasoningMode, ResponseFormat, Tool, ToolChoice, ToolKind,
    },
};
use tollgate_provider::{Provider, Target};

const FORMAT: Format = Format::GEMINI_GENERATE_CONTENT;
/// `skip_thought_signature_validator`, in base64.
const PLACEHOLDER: &str = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

type Losses = Vec<(String, LossKind)>;

fn provider(url: &str) -> GenerateContentProvider {
    GenerateContentProvider::new(ProviderName::new(NAME), url.parse().unwrap())
}

fn try_encode(card: Option<&Model>, request: &ChatRequest) -> Result<(Value, Losses), RequestError> {
    let model = ModelName::new("gemini-x");
    let encoded = provider(DEFAULT_BASE_URL).encode_request(&Target { model: &model, card }, request)?;
    let losses = encoded.losses.iter().map(|loss| (loss.path.clone(), loss.kind)).collect();
    Ok((serde_json::from_slice(encoded.request.body()).unwrap(), losses))
}

fn encode(request: &ChatRequest) -> (Value, Losses) {
    try_encode(None, request).unwrap()
}

fn encode_for(card: &Model, request: &ChatRequest) -> (Value, Losses) {
    try_encode(Some(card), request).unwrap()
}

fn lost(path: &str, kind: LossKind) -> (String, LossKind) {
    (path.to_owned(), kind)
}

fn dropped(path: &str) -> (String, LossKind) {
    lost(path, LossKind::Dropped)
}

fn card() -> Model {
    Model::unknown(ProviderName::new(NAME), ModelName::new("gemini-x"))
}

fn styled(style: ReasoningStyle) -> Model {
    let mut card = card();
    card.rules.reasoning = Some(style);
    if style == ReasoningStyle::Level {
        card.rules.efforts = vec![ReasoningEffort::Low, ReasoningEffort::Medium, ReasoningEffort::High];
    }
    card
}

fn asking(messages: Vec<Message>) -> ChatRequest {
    ChatRequest::new(ModelName::new("m"), messages)
}

fn hello() -> ChatRequest {
    asking(vec![Message::user("hello")])
}

fn own(field: &str, value: Value) -> Extra {
    let mut extra = Extra::NONE;
    extra.insert(&FORMAT, field, value);
    extra
}

fn result(id: &str, text: &str) -> Message {
    Message::new(Role::Tool, vec![Part::new(Content::ToolResult(ToolResult::text(id, text)))])
}

fn call(id: &str) -> Message {
    Message::new(Role::Assistant, vec![Part::tool_call(id, "f", r#"{"a": 1}"#)])
}

fn function() -> Tool {
    Tool::function("f", "does", json!({"type": "object"}))
}

#[test]
fn the_model_stands_in_the_path() {
    let cases = [
        ("https://h.test", "gemini-x", "https://h.test/v1beta/models/gemini-x:generateContent"),
        (
            "https://h.test/v1beta/",
            "models/gemini-x",
            "https://h.test/v1beta/models/gemini-x:generateContent",
        ),
        ("https://h.test/v1", "tunedModels/t 1", "https://h.test/v1/tunedModels/t%201:generateContent"),
        (
            "https://h.test/v1/projects/p/publishers/google",
            "g",
            "https://h.test/v1/projects/p/publishers/google/models/g:generateContent",
        ),
        ("https://h.test/gemini", "../x", "https://h.test/gemini/v1beta/models/..%2Fx:generateContent"),
    ];
    for (url, model, expected) in cases {
        let model = ModelName::new(model);
        let target = Target { model: &model, card: None };
        let request = provider(url).encode_request(&target, &hello()).unwrap().request;
        assert_eq!(request.uri(), expected);
        assert_eq!(request.headers()["accept"], "application/json");
        let streamed = provider(url).encode_request(&target, &hello().streamed()).unwrap().request;
        let expected = expected.replace(":generateContent", ":streamGenerateContent?alt=sse");
        assert_eq!(streamed.uri(), expected.as_str());
        assert_eq!(streamed.headers()["accept"], "text/event-stream");
        assert_eq!(streamed.body(), request.body());
    }
}

#[test]
fn system_messages_go_to_the_top_and_neighbours_are_joined() {
    let request = asking(vec![
        Message::system("one"),
        Message::new(Role::Developer, vec![Part::text("two"), Part::text("")]),
        Message::user("a"),
        Message::user("b"),
        Message::assistant("c"),
        Message::system("three"),
        Message::assistant("d"),
        Message::user("e"),
    ]);
    let (body, losses) = encode(&request);
    let expected = json!({
        "systemInstruction": {"parts": [{"text": "one"}, {"text": "two"}, {"text": "three"}]},
        "contents": [
            {"role": "user", "parts": [{"text": "a"}, {"text": "b"}]},
            {"role": "model", "parts": [{"text": "c"}, {"text": "d"}]},
            {"role": "user", "parts": [{"text": "e"}]},
        ],
    });
    assert_eq!(body, expected);
    assert_eq!(losses, [lost("messages[5]", LossKind::Approximated)]);
}

#[test]
fn a_conversation_needs_a_beginning_and_an_end_that_can_be_answered() {
    let error = try_encode(None, &asking(vec![Message::system("only")])).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("messages"));
    let (body, losses) = encode(&asking(vec![Message::assistant("hi"), Message::user("x")]));
    assert_eq!(body["contents"][0]["role"], "user");
    assert_eq!(losses, [lost("messages[0]", LossKind::Emulated)]);
    let prefill = asking(vec![Message::user("x"), Message::assistant("{")]);
    assert!(try_encode(None, &prefill).is_ok());
    let mut card = card();
    card.rules.assistant_prefill = Some(false);
    assert!(try_encode(Some(&card), &prefill).is_err());
}

#[test]
fn calls_and_results_are_matched_by_id_and_named() {
    let request = asking(vec![
        Message::user("go"),
        Message::new(
            Role::Assistant,
            vec![
                Part::text("so"),
                Part::tool_call("c1", "f", r#" {"a": 1.0} "#),
                Part::tool_call("c2", "g", ""),
                Part::tool_call("c3", "h", "[1]"),
            ],
        ),
        result("c3", r#"{"deep": {"x": 1}}"#),
        result("c1", "fine"),
        Message::new(
            Role::Tool,
            vec![Part::new(Content::ToolResult(ToolResult {
                is_error: Some(true),
                ..ToolResult::text("c2", "{}")
            }))],
        ),
        Message::user("and?"),
    ]);
    let (body, losses) = encode(&request);
    let calls = json!([
        {"text": "so"},
        {"functionCall": {"id": "c1", "name": "f", "args": {"a": 1.0}}},
        {"functionCall": {"id": "c2", "name": "g", "args": {}}},
        {"functionCall": {"id": "c3", "name": "h", "args": {"unparsed_arguments": "[1]"}}},
    ]);
    let results = json!([
        {"functionResponse": {"id": "c3", "name": "h", "response": {"deep": {"x": 1}}}},
        {"functionResponse": {"id": "c1", "name": "f", "response": {"result": "fine"}}},
        {"functionResponse": {"id": "c2", "name": "g", "response": {"error": "{}"}}},
        {"text": "and?"},
    ]);
    assert_eq!(body["contents"][1]["parts"], calls);
    assert_eq!(body["contents"][2], json!({"role": "user", "parts": results}));
    assert_eq!(losses, [lost("messages[1].parts[3].arguments", LossKind::Approximated)]);
    let raw = String::from_utf8(
        provider(DEFAULT_BASE_URL)
            .encode_request(&Target { model: &ModelName::new("m"), card: None }, &request)
            .unwrap()
            .request
            .body()
            .to_vec(),
    );
    assert!(raw.unwrap().contains(r#""args":{"a": 1.0}"#), "arguments pass exactly as they were written");

    let orphan = asking(vec![Message::user("go"), result("nobody", "x")]);
    let error = try_encode(None, &orphan).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("messages[1].parts[0]"));
    let mut named = ToolResult::text("nobody", "x");
    named.name = Some("f".to_owned());
    let named = Message::new(Role::Tool, vec![Part::new(Content::ToolResult(named))]);
    let (body, _) = encode(&asking(vec![Message::user("go"), named]));
    assert_eq!(body["contents"][0]["parts"][0]["functionResponse"]["name"], "f");
}

#[test]
fn an_id_that_returns_means_the_last_call() {
    let first = Message::new(Role::Assistant, vec![Part::tool_call("call_0", "old", "{}")]);
    let second = Message::new(Role::Assistant, vec![Part::tool_call("call_0", "new", "{}")]);
    let messages = vec![
        Message::user("go"),
        first,
        result("call_0", "x"),
        Message::user("on"),
        second,
        result("call_0", "y"),
    ];
    let (body, _) = encode(&asking(messages));
    assert_eq!(body["contents"][2]["parts"][0]["functionResponse"]["name"], "old");
    assert_eq!(body["contents"][4]["parts"][0]["functionResponse"]["name"], "new");
}

#[test]
fn pictures_in_results_follow_them_or_stand_in_them() {
    let picture = Image {
        source: MediaSource::Base64 { media_type: "image/png".to_owned(), data: "AAAA".to_owned() },
        detail: None,
    };
    let mut answer = ToolResult::text("c1", "see");
    answer.parts.push(Part::new(Content::Image(picture)));
    answer.parts.push(Part::text("there"));
    let answer = Message::new(Role::Tool, vec![Part::new(Content::ToolResult(answer))]);
    let request = asking(vec![Message::user("go"), call("c1"), answer]);
    let (body, losses) = encode(&request);
    let parts = json!([
        {"functionResponse": {"id": "c1", "name": "f", "response": {"result": "see\nthere"}}},
        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
    ]);
    assert_eq!(body["contents"][2]["parts"], parts);
    let expected = [
        lost("messages[2].parts[0].parts[1]", LossKind::Emulated),
        lost("messages[2].parts[0]", LossKind::Approximated),
    ];
    assert_eq!(losses, expected);
    let (body, _) = encode_for(&styled(ReasoningStyle::Level), &request);
    let response = &body["contents"][2]["parts"][0]["functionResponse"];
    assert_eq!(response["parts"], json!([{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]));
    assert_eq!(body["contents"][2]["parts"].as_array().unwrap().len(), 1);
}

fn signature(issuer: Format, value: &str) -> Signature {
    Signature { issuer, value: value.to_owned() }
}

#[test]
fn a_signature_goes_back_on_the_very_same_part() {
    let own = |part: Part, value: &str| part.with_signature(signature(FORMAT, value));
    let request = asking(vec![
        Message::user("go"),
        Message::new(
            Role::Assistant,
            vec![
                own(Part::reasoning("hm"), "s1"),
                Part::text("so"),
                own(Part::text(""), "s2"),
                own(Part::tool_call("c1", "f", "{}"), "s3"),
                Part::tool_call("c2", "f", "{}"),
            ],
        ),
        result("c1", "x"),
        result("c2", "y"),
    ]);
    let (body, losses) = encode_for(&styled(ReasoningStyle::Level), &request);
    let parts = json!([
        {"text": "hm", "thought": true, "thoughtSignature": "s1"},
        {"text": "so"},
        {"text": "", "thoughtSignature": "s2"},
        {"functionCall": {"id": "c1", "name": "f", "args": {}}, "thoughtSignature": "s3"},
        {"functionCall": {"id": "c2", "name": "f", "args": {}}},
    ]);
    assert_eq!(body["contents"][1]["parts"], parts);
    assert_eq!(losses, []);
}

#[test]
fn what_others_signed_is_left_out_and_named() {
    let foreign = |part: Part| part.with_signature(signature(Format::ANTHROPIC_MESSAGES, "x"));
    let sealed = Reasoning { text: String::new(), encrypted: Some("blob".to_owned()) };
    let request = asking(vec![
        Message::user("go"),
        Message::new(
            Role::Assistant,
            vec![
                foreign(Part::reasoning("hm")),
                Part::reasoning("unsigned"),
                Part::new(Content::Reasoning(sealed)),
                foreign(Part::text("so")),
            ],
        ),
        Message::user("on"),
    ]);
    let (body, losses) = encode(&request);
    assert_eq!(body["contents"][1]["parts"], json!([{"text": "so"}]));
    let paths = ["parts[0]", "parts[1]", "parts[2]", "parts[3].signature"];
    assert_eq!(losses, paths.map(|path| dropped(&format!("messages[1].{path}"))));
}

#[test]
fn foreign_calls_of_the_current_turn_bear_the_placeholder_on_the_first_of_each_step() {
    let pair =
        |ids: [&str; 2]| Message::new(Role::Assistant, ids.map(|id| Part::tool_call(id, "f", "{}")).to_vec());
    let request = asking(vec![
        Message::user("before"),
        call("old"),
        result("old", "x"),
        Message::user("now"),
        pair(["c1", "c2"]),
        result("c1", "x"),
        result("c2", "y"),
        Message::new(
            Role::Assistant,
            vec![Part::tool_call("c3", "f", "{}").with_signature(signature(FORMAT, "own"))],
        ),
        result("c3", "x"),
        pair(["c4", "c5"]),
        result("c4", "x"),
        result("c5", "x"),
    ]);
    let (body, losses) = encode_for(&styled(ReasoningStyle::Level), &request);
    let signatures = |turn: usize| -> Vec<Value> {
        let parts = body["contents"][turn]["parts"].as_array().unwrap();
        parts.iter().map(|part| part["thoughtSignature"].clone()).collect()
    };
    assert_eq!(signatures(1), [Value::Null], "earlier turns are not checked");
    assert_eq!(signatures(3), [json!(PLACEHOLDER), Value::Null]);
    assert_eq!(signatures(5), [json!("own")]);
    assert_eq!(signatures(7), [json!(PLACEHOLDER), Value::Null]);
    let expected = ["messages[4].parts[0].signature", "messages[9].parts[0].signature"];
    assert_eq!(losses, expected.map(|path| lost(path, LossKind::Emulated)));
    for card in [None, Some(styled(ReasoningStyle::Budget))] {
        let (body, _) = try_encode(card.as_ref(), &request).unwrap();
        assert!(!body.to_string().contains(PLACEHOLDER));
    }
}

#[test]
fn media_need_a_type_that_is_said_or_told_by_the_name() {
    let image = |source| Part::new(Content::Image(Image { source, detail: None }));
    let url = |url: &str, kind: Option<&str>| MediaSource::Url {
        url: url.to_owned(),
        media_type: kind.map(str::to_owned),
    };
    let document = |source, filename: Option<&str>| {
        Part::new(Content::Document(Document {
            source,
            filename: filename.map(str::to_owned),
            context: None,
            citations: None,
        }))
    };
    let base64 = |kind: &str| MediaSource::Base64 { media_type: kind.to_owned(), data: "AAAA".to_owned() };
    let file = |issuer| MediaSource::File { id: "files/1".to_owned(), issuer };
    let linked = |kind: &str, uri: &str| json!({"fileData": {"mimeType": kind, "fileUri": uri}});
    let inline = |kind: &str| json!({"inlineData": {"mimeType": kind, "data": "AAAA"}});
    let cases = [
        (image(base64("image/jpg")), inline("image/jpeg")),
        (image(url("data:image/png;base64,AAAA", None)), inline("image/png")),
        (image(url("https://x.test/a.webp?v=1", None)), linked("image/webp", "https://x.test/a.webp?v=1")),
        (image(url("gs://b/a", Some("image/gif"))), linked("image/gif", "gs://b/a")),
        (
            image(url("https://www.youtube.com/watch?v=1", None)),
            json!({"fileData": {"fileUri": "https://www.youtube.com/watch?v=1"}}),
        ),
        (image(file(FORMAT)), json!({"fileData": {"fileUri": "files/1"}})),
        (document(base64("application/octet-stream"), Some("a.PDF")), inline("application/pdf")),
        (
            document(MediaSource::Text { text: "abc".to_owned() }, None),
            json!({"inlineData": {"mimeType": "text/plain", "data": "YWJj"}}),
        ),
        (
            Part::new(Content::Audio(Audio {
                source: base64("audio/wav"),
                transcript: None,
                id: None,
                expires_at: None,
            })),
            inline("audio/wav"),
        ),
    ];
    for (part, expected) in cases {
        let (body, losses) = encode(&asking(vec![Message::new(Role::User, vec![part.clone()])]));
        assert_eq!(body["contents"][0]["parts"], json!([expected]));
        let named = matches!(&part.content, Content::Document(document) if document.filename.is_some());
        assert_eq!(losses, if named { vec![dropped("messages[0].parts[0].filename")] } else { vec![] });
    }
    let refused = [
        image(base64("")),
        image(url("https://x.test/picture", None)),
        image(url("data:image/png,plain", None)),
        image(file(Format::OPENAI_CHAT)),
    ];
    for part in refused {
        let request = asking(vec![Message::new(Role::User, vec![Part::text("see"), part])]);
        let error = try_encode(None, &request).unwrap_err();
        assert_eq!(error.param.as_deref(), Some("messages[0].parts[1]"));
    }
}

#[test]
fn attributes_that_the_format_lacks_are_named() {
    let mut text = Part::text("x").with_cache(CacheHint::Standard);
    text.extra.insert(&Format::OPENAI_CHAT, "odd", json!(1));
    let image = Part::new(Content::Image(Image {
        source: MediaSource::Base64 { media_type: "image/png".to_owned(), data: String::new() },
        detail: Some(ImageDetail::High),
    }));
    let opaque = Opaque { format: Format::ANTHROPIC_MESSAGES, value: json!({}) };
    let refusal = Part::new(Content::Refusal("no".to_owned()));
    let mut message = Message::new(
        Role::User,
        vec![text, image, Part::new(Content::Opaque(opaque)), refusal, Part::text("")],
    );
    message.name = Some("ann".to_owned());
    let mut request = asking(vec![message]);
    request.user = Some("u".to_owned());
    request.metadata.insert("team".to_owned(), json!("t"));
    request.cache.key = Some("k".to_owned());
    request.cache.automatic = Some(CacheHint::OneHour);
    request.sampling.logit_bias.insert("1".to_owned(), json!(2));
    request.service_tier = Some("scale".to_owned());
    let (_, losses) = encode(&request);
    let expected = [
        dropped("messages[0].name"),
        dropped("messages[0].parts[0].cache"),
        dropped("messages[0].parts[0].odd"),
        dropped("messages[0].parts[1].detail"),
        dropped("messages[0].parts[2]"),
        lost("messages[0].parts[3]", LossKind::Approximated),
        dropped("sampling.logit_bias"),
        dropped("user"),
        dropped("metadata.team"),
        dropped("cache.key"),
        lost("cache.automatic", LossKind::Approximated),
        dropped("service_tier"),
    ];
    assert_eq!(losses, expected);
}

#[test]
fn tools_are_declared_with_their_schema_and_names_that_are_taken() {
    let mut request = hello();
    request.tools = vec![
        Tool::function("mcp.files:read", "reads", json!({"type": "object", "$defs": {}})),
        Tool::new(ToolKind::Function(FunctionTool {
            name: "now".to_owned(),
            description: None,
            parameters: None,
            strict: None,
        })),
        Tool::new(ToolKind::Opaque(Opaque { format: FORMAT, value: json!({"googleSearch": {}}) })),
        Tool::new(ToolKind::Opaque(Opaque { format: Format::OPENAI_RESPONSES, value: json!({}) })),
        Tool::new(ToolKind::Custom(CustomTool {
            name: "sh".to_owned(),
            description: Some("runs".to_owned()),
            format: Some(json!({"type": "text"})),
        })),
    ];
    request.tools[1].extra = own("behavior", json!("NON_BLOCKING"));
    let (body, losses) = encode(&request);
    let tools = &body["tools"];
    let declared = &tools[0]["functionDeclarations"];
    let name = declared[0]["name"].as_str().unwrap();
    assert!(name.starts_with("mcp_files_read_") && name.len() <= 64, "{name}");
    assert_eq!(declared[0]["parametersJsonSchema"], json!({"type": "object", "$defs": {}}));
    assert_eq!(declared[1], json!({"name": "now", "behavior": "NON_BLOCKING"}));
    assert_eq!(declared[2]["parametersJsonSchema"]["required"], json!(["input"]));
    assert_eq!(declared[2]["description"], "runs\n\nThe input follows this format: {\"type\":\"text\"}");
    assert_eq!(tools[1], json!({"googleSearch": {}}));
    let expected = [
        lost("tools[0].name", LossKind::Emulated),
        dropped("tools[3]"),
        lost("tools[4]", LossKind::Emulated),
    ];
    assert_eq!(losses, expected);
    request.tools.push(Tool::function("now", "again", json!({})));
    assert_eq!(try_encode(None, &request).unwrap_err().param.as_deref(), Some("tools[5].name"));
}

#[test]
fn a_custom_call_goes_back_as_its_one_text() {
    let custom = ToolCall {
        id: "c1".into(),
        name: "sh".to_owned(),
        arguments: "ls \"x\"".to_owned(),
        kind: ToolCallKind::Custom,
    };
    let messages = vec![
        Message::user("go"),
        Message::new(Role::Assistant, vec![Part::new(Content::ToolCall(custom))]),
        result("c1", "x"),
    ];
    let (body, _) = encode(&asking(messages));
    assert_eq!(body["contents"][1]["parts"][0]["functionCall"]["args"], json!({"input": "ls \"x\""}));
}

#[test]
fn the_choice_of_tools_becomes_a_mode() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let cases = [
        (None, Value::Null),
        (Some(ToolChoice::Auto), json!({"mode": "AUTO"})),
        (Some(ToolChoice::None), json!({"mode": "NONE"})),
        (Some(ToolChoice::Required), json!({"mode": "ANY"})),
        (Some(ToolChoice::Named("f".to_owned())), json!({"mode": "ANY", "allowedFunctionNames": ["f"]})),
        (
            Some(ToolChoice::Allowed { required: true, names: names(&["f"]) }),
            json!({"mode": "ANY", "allowedFunctionNames": ["f"]}),
        ),
        (
            Some(ToolChoice::Allowed { required: false, names: names(&["f"]) }),
            json!({"mode": "VALIDATED", "allowedFunctionNames": ["f"]}),
        ),
    ];
    for (choice, expected) in cases {
        let mut request = hello().with_tools(vec![function()]);
        request.tool_choice = choice;
        let (body, losses) = encode(&request);
        assert_eq!(body["toolConfig"]["functionCallingConfig"], expected);
        assert_eq!(losses, []);
    }
    let mut strict = function();
    if let ToolKind::Function(function) = &mut strict.kind {
        function.strict = Some(true);
    }
    let mut request = hello().with_tools(vec![strict]);
    request.parallel_tool_calls = Some(false);
    let (body, losses) = encode(&request);
    assert_eq!(body["toolConfig"]["functionCallingConfig"], json!({"mode": "VALIDATED"}));
    assert_eq!(losses, [dropped("parallel_tool_calls")]);

    let mut card = card();
    card.rules.forced_tool_choice = Some(false);
    let mut request = hello().with_tools(vec![function()]);
    request.tool_choice = Some(ToolChoice::Required);
    let (body, losses) = encode_for(&card, &request);
    assert_eq!(body["toolConfig"]["functionCallingConfig"], json!({"mode": "AUTO"}));
    assert_eq!(losses, [lost("tool_choice", LossKind::Approximated)]);
    request.tools.clear();
    let (body, losses) = encode(&request);
    assert_eq!((body.get("toolConfig"), losses), (None, vec![dropped("tool_choice")]));
}

#[test]
fn settings_go_into_the_generation_config() {
    let mut request = hello().with_max_output_tokens(100);
    request.sampling.temperature = Some(1.5);
    request.sampling.top_p = Some(0.5);
    request.sampling.top_k = Some(7);
    request.sampling.presence_penalty = Some(0.25);
    request.sampling.frequency_penalty = Some(-0.25);
    request.sampling.seed = Some(42);
    request.stop = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
    request.choices = Some(2);
    request.logprobs = Some(Logprobs { top: Some(3) });
    request.modalities = Some(vec![Modality::Text, Modality::Audio]);
    request.audio = Some(AudioOutput { voice: Some(json!("Kore")), format: Some("pcm16".to_owned()) });
    request.cache.content = Some("cachedContents/1".to_owned());
    request.service_tier = Some("flex".to_owned());
    let (body, losses) = encode(&request);
    let expected = json!({
        "maxOutputTokens": 100, "temperature": 1.5, "topP": 0.5, "topK": 7,
        "stopSequences": ["a", "b", "c", "d", "e"], "candidateCount": 2, "seed": 42,
        "presencePenalty": 0.25, "frequencyPenalty": -0.25, "responseLogprobs": true, "logprobs": 3,
        "responseModalities": ["TEXT", "AUDIO"],
        "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}},
    });
    assert_eq!(body["generationConfig"], expected);
    assert_eq!((&body["cachedContent"], &body["serviceTier"]), (&json!("cachedContents/1"), &json!("flex")));
    assert_eq!(losses, []);
}

#[test]
fn settings_beyond_what_is_taken_are_left_out_and_named() {
    let mut request = hello().with_max_output_tokens(100_000);
    request.sampling.temperature = Some(0.5);
    request.sampling.top_k = Some(7);
    request.sampling.presence_penalty = Some(0.25);
    request.sampling.frequency_penalty = Some(0.0);
    request.sampling.seed = Some(1 << 40 | 5);
    request.stop = ["a", "", "b", "c", "d", "e", "f"].map(str::to_owned).to_vec();
    request.choices = Some(2);
    request.audio = Some(AudioOutput { voice: Some(json!({"id": "v"})), format: Some("mp3".to_owned()) });
    let mut card = card();
    card.max_output_tokens = Some(65_536);
    card.rules.sampling = Some(false);
    card.rules.penalties = Some(false);
    card.rules.multiple_choices = Some(false);
    let (body, losses) = encode_for(&card, &request);
    let expected = json!({"maxOutputTokens": 65536, "stopSequences": ["a", "b", "c", "d", "e"], "seed": 5});
    assert_eq!(body["generationConfig"], expected);
    let expected = [
        lost("max_output_tokens", LossKind::Approximated),
        dropped("stop[1]"),
        dropped("stop[6]"),
        dropped("choices"),
        lost("sampling.seed", LossKind::Approximated),
        dropped("audio.format"),
        dropped("audio.voice"),
        dropped("sampling.temperature"),
        dropped("sampling.top_k"),
        dropped("sampling.presence_penalty"),
    ];
    assert_eq!(losses, expected);
}

#[test]
fn answers_after_a_schema_are_asked_for_where_the_model_takes_it() {
    let schema = json!({"type": "object", "properties": {"b": {}, "a": {}}});
    let mut request = hello().with_tools(vec![function()]);
    request.response_format = Some(ResponseFormat::JsonSchema(JsonSchema {
        name: Some("n".to_owned()),
        description: None,
        schema: schema.clone(),
        strict: Some(true),
    }));
    for card in [card(), styled(ReasoningStyle::Level)] {
        let (body, losses) = encode_for(&card, &request);
        let config = &body["generationConfig"];
        assert_eq!(config["responseMimeType"], "application/json");
        assert_eq!(config["responseJsonSchema"].to_string(), schema.to_string(), "in the order given");
        assert_eq!(losses, []);
    }
    // Up to 2.5: functions or a schema, not both.
    let (body, losses) = encode_for(&styled(ReasoningStyle::Budget), &request);
    assert!(body.get("generationConfig").is_none());
    assert!(body["systemInstruction"]["parts"][0]["text"].as_str().unwrap().contains(&schema.to_string()));
    assert_eq!(losses, [lost("response_format", LossKind::Emulated)]);
    request.tools.clear();
    request.response_format = Some(ResponseFormat::JsonObject);
    let (body, losses) = encode_for(&styled(ReasoningStyle::Budget), &request);
    assert_eq!(body["generationConfig"], json!({"responseMimeType": "application/json"}));
    assert_eq!(losses, []);
}

fn thinking(card: Option<&Model>, set: impl Fn(&mut ChatRequest)) -> (Value, Losses) {
    let mut request = hello();
    set(&mut request);
    let (body, losses) = try_encode(card, &request).unwrap();
    (body["generationConfig"]["thinkingConfig"].clone(), losses)
}

#[test]
fn budgets_are_asked_for_where_the_model_counts_them() {
    let card = styled(ReasoningStyle::Budget);
    let ask = |set: &dyn Fn(&mut ChatRequest)| thinking(Some(&card), set);
    assert_eq!(ask(&|_| {}), (Value::Null, vec![]));
    let (config, losses) = ask(&|request| request.reasoning.effort = Some(ReasoningEffort::Medium));
    assert_eq!(config, json!({"includeThoughts": true, "thinkingBudget": 8192}));
    assert_eq!(losses, [lost("reasoning.effort", LossKind::Approximated)]);
    let (config, losses) = ask(&|request| request.reasoning.budget_tokens = Some(512));
    assert_eq!((config, losses), (json!({"includeThoughts": true, "thinkingBudget": 512}), vec![]));
    let (config, losses) = ask(&|request| request.reasoning.budget_tokens = Some(99_999));
    assert_eq!(config["thinkingBudget"], 24_576);
    assert_eq!(losses, [lost("reasoning.budget_tokens", LossKind::Approximated)]);
    let off = json!({"thinkingBudget": 0});
    assert_eq!(ask(&|request| request.reasoning.effort = Some(ReasoningEffort::None)), (off.clone(), vec![]));
    assert_eq!(ask(&|request| request.reasoning.mode = Some(ReasoningMode::Disabled)), (off, vec![]));
    let (config, losses) = ask(&|request| {
        request.reasoning.mode = Some(ReasoningMode::Adaptive);
        request.reasoning.visible = Some(false);
    });
    assert_eq!((config, losses), (json!({"thinkingBudget": -1}), vec![]));
    let (config, losses) = ask(&|request| {
        request.reasoning.budget_tokens = Some(9);
        request.reasoning.effort = Some(ReasoningEffort::High);
    });
    assert_eq!(config["thinkingBudget"], 9);
    assert_eq!(losses, [dropped("reasoning.effort")]);
}

#[test]
fn levels_are_asked_for_where_the_model_has_them() {
    let mut card = styled(ReasoningStyle::Level);
    let level =
        |card: &Model, effort| thinking(Some(card), |request| request.reasoning.effort = Some(effort));
    let (config, losses) = level(&card, ReasoningEffort::High);
    assert_eq!((config, losses), (json!({"includeThoughts": true, "thinkingLevel": "high"}), vec![]));
    for (effort, expected, path) in [
        (ReasoningEffort::Max, "high", "reasoning.effort"),
        (ReasoningEffort::Minimal, "low", "reasoning.effort"),
        (ReasoningEffort::None, "low", "reasoning"),
    ] {
        let (config, losses) = level(&card, effort);
        assert_eq!(config["thinkingLevel"], expected);
        assert_eq!(losses, [lost(path, LossKind::Approximated)]);
    }
    let budget = |card: &Model| thinking(Some(card), |request| request.reasoning.budget_tokens = Some(8000));
    let (config, losses) = budget(&card);
    assert_eq!(config["thinkingLevel"], "medium");
    assert_eq!(losses, [lost("reasoning.budget_tokens", LossKind::Approximated)]);
    card.rules.reasoning_budget = Some(true);
    assert_eq!(budget(&card).0, json!({"includeThoughts": true, "thinkingBudget": 8000}));
    let visible = thinking(Some(&card), |request| request.reasoning.visible = Some(true));
    assert_eq!(visible, (json!({"includeThoughts": true}), vec![]));
    let never = styled(ReasoningStyle::None);
    let (config, losses) = level(&never, ReasoningEffort::High);
    assert_eq!((config, losses), (Value::Null, vec![dropped("reasoning")]));
    assert_eq!(
        thinking(None, |request| request.reasoning.effort = Some(ReasoningEffort::Minimal)).0,
        json!({"includeThoughts": true, "thinkingLevel": "minimal"})
    );
}

#[test]
fn fields_of_this_format_are_written_through_where_they_stood() {
    let mut request = hello().with_tools(vec![function()]);
    request.extra.insert(&FORMAT, "safetySettings", json!([{"category": "C", "threshold": "OFF"}]));
    request.extra.insert(&FORMAT, "contents", json!("not this one"));
    let config = json!({"mediaResolution": "LOW", "topK": 9, "thinkingConfig": {"thinkingBudget": 5}});
    request.extra.insert(&FORMAT, "generationConfig", config);
    let tools = json!({"retrievalConfig": {"languageCode": "de"},
        "functionCallingConfig": {"streamFunctionCallArguments": true, "mode": "ANY"}});
    request.extra.insert(&FORMAT, "toolConfig", tools);
    request.sampling.top_k = Some(3);
    let mut signed = Part::tool_call("c", "f", "{}");
    signed.extra = own("functionCall", json!({"willContinue": false, "name": "x"}));
    request.messages.push(Message::new(Role::Assistant, vec![signed]));
    let opaque = json!({"executableCode": {"code": "1", "language": "PYTHON"}, "thoughtSignature": "s"});
    let opaque = Opaque { format: FORMAT, value: opaque };
    request.messages.push(Message::new(Role::Assistant, vec![Part::new(Content::Opaque(opaque.clone()))]));
    let (body, losses) = encode(&request);
    assert_eq!(body["safetySettings"][0]["threshold"], "OFF");
    let config = json!({"topK": 3, "mediaResolution": "LOW", "thinkingConfig": {"thinkingBudget": 5}});
    assert_eq!(body["generationConfig"], config);
    let tools = json!({"retrievalConfig": {"languageCode": "de"},
        "functionCallingConfig": {"mode": "AUTO", "streamFunctionCallArguments": true}});
    assert_eq!(body["toolConfig"], tools);
    let call = json!({"id": "c", "name": "f", "args": {}, "willContinue": false});
    assert_eq!(body["contents"][1]["parts"][0]["functionCall"], call);
    assert_eq!(body["contents"][1]["parts"][1], opaque.value);
    assert_eq!(losses, []);

    let mut foreign = hello();
    foreign.extra.insert(&Format::OPENAI_CHAT, "prediction", json!({}));
    assert_eq!(encode(&foreign).1, [dropped("prediction")]);
}
