//! What a request becomes, one rule a test.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a test that cannot go on fails, and cases read better as values"
)]

use serde_json::{Value, json};
use tollgate_anthropic::{DEFAULT_BASE_URL, DEFAULT_MAX_TOKENS, MessagesProvider, NAME};
use tollgate_catalog::{Model, card::ReasoningStyle};
use tollgate_model::{
    ChatRequest, Content, Extra, Format, LossKind, Message, ModelName, Part, ProviderName, RequestError,
    Role, Signature,
    message::{
        Audio, CacheHint, Document, Image, ImageDetail, MediaSource, Opaque, Reasoning, ToolCall,
        ToolCallKind, ToolResult,
    },
    request::{
        CustomTool, JsonSchema, ReasoningEffort, ReasoningMode, ResponseFormat, Tool, ToolChoice, ToolKind,
    },
};
use tollgate_provider::{Provider, Target};

const FORMAT: Format = Format::ANTHROPIC_MESSAGES;

type Losses = Vec<(String, LossKind)>;

fn try_encode(card: Option<&Model>, request: &ChatRequest) -> Result<(Value, Losses), RequestError> {
    let provider = MessagesProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap());
    let model = ModelName::new("claude-x");
    let encoded = provider.encode_request(&Target { model: &model, card }, request)?;
    assert_eq!(encoded.request.headers()["anthropic-version"], "2023-06-01");
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

fn card() -> Model {
    Model::unknown(ProviderName::new(NAME), ModelName::new("claude-x"))
}

fn styled(style: ReasoningStyle) -> Model {
    let mut card = card();
    card.rules.reasoning = Some(style);
    card
}

fn asking(messages: Vec<Message>) -> ChatRequest {
    ChatRequest::new(ModelName::new("m"), messages)
}

fn hello() -> ChatRequest {
    asking(vec![Message::user("hello")])
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn result(id: &str, text: &str) -> Message {
    Message::new(Role::Tool, vec![Part::new(Content::ToolResult(ToolResult::text(id, text)))])
}

fn calls(ids: &[&str]) -> Message {
    Message::new(Role::Assistant, ids.iter().map(|id| Part::tool_call(*id, "f", r#"{"a": 1}"#)).collect())
}

#[test]
fn a_plain_question_is_written_with_what_is_required_and_nothing_more() {
    let (body, losses) = encode(&hello());
    let messages = json!([{"role": "user", "content": [text("hello")]}]);
    assert_eq!(body, json!({"model": "claude-x", "max_tokens": DEFAULT_MAX_TOKENS, "messages": messages}));
    assert!(losses.is_empty());
}

#[test]
fn leading_system_messages_go_to_the_top_and_later_ones_where_the_model_takes_them() {
    let request = asking(vec![
        Message::system("one"),
        Message::new(Role::Developer, vec![Part::text("two").with_cache(CacheHint::OneHour)]),
        Message::user("hi"),
        Message::assistant("yes"),
        Message::system("three"),
        Message::user("go"),
    ]);
    let (body, losses) = encode(&request);
    assert_eq!(body["system"][1]["cache_control"], json!({"type": "ephemeral", "ttl": "1h"}));
    assert_eq!(body["system"][2], text("three"));
    assert_eq!(losses, [lost("messages[4]", LossKind::Approximated)]);

    let mut card = card();
    card.rules.mid_conversation_system = Some(true);
    let (body, losses) = encode_for(&card, &request);
    assert_eq!(body["messages"][2], json!({"role": "system", "content": [text("three")]}));
    assert!(losses.is_empty());
}

#[test]
fn neighbours_are_joined_and_results_stand_first() {
    let mut request = asking(vec![
        Message::user("a"),
        Message::user("b"),
        calls(&["c1", "c2"]),
        Message::user("meanwhile"),
        result("c2", "two"),
        result("c1", ""),
        Message::assistant("done"),
        Message::user("ok"),
    ]);
    request.tools = vec![Tool::function("f", "does", json!({"type": "object"}))];
    let (body, losses) = encode(&request);
    let roles: Vec<_> = body["messages"].as_array().unwrap().iter().map(|turn| &turn["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "user", "assistant", "user"]);
    assert_eq!(body["messages"][0]["content"], json!([text("a"), text("b")]));
    assert_eq!(
        body["messages"][2]["content"],
        json!([
            {"type": "tool_result", "tool_use_id": "c2", "content": [text("two")]},
            {"type": "tool_result", "tool_use_id": "c1"},
            text("meanwhile"),
        ])
    );
    assert!(losses.is_empty(), "{losses:?}");
}

#[test]
fn a_system_message_waits_for_the_results() {
    let mut card = card();
    card.rules.mid_conversation_system = Some(true);
    let mut request =
        asking(vec![Message::user("a"), calls(&["c1"]), Message::system("s"), result("c1", "r")]);
    request.tools = vec![Tool::function("f", "does", json!({"type": "object"}))];
    let (body, _) = encode_for(&card, &request);
    let roles: Vec<_> = body["messages"].as_array().unwrap().iter().map(|turn| &turn["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "user", "system"]);
}

#[test]
fn what_cannot_be_in_order_is_refused_with_its_place() {
    let cases = [
        (vec![Message::user("a"), calls(&["c1"])], "messages[1]"),
        (
            vec![Message::user("a"), calls(&["c1"]), Message::user("b"), Message::assistant("c")],
            "messages[1]",
        ),
        (vec![Message::user("a"), result("zzz", "r")], "messages[1].parts[0]"),
        (vec![Message::system("only")], "messages"),
        (vec![Message::user("")], "messages"),
        (vec![], "messages"),
    ];
    for (messages, param) in cases {
        let error = try_encode(None, &asking(messages)).unwrap_err();
        assert_eq!(error.param.as_deref(), Some(param), "{error}");
    }
}

#[test]
fn ids_fit_and_are_unique_and_results_follow_them() {
    let request = asking(vec![
        Message::user("a"),
        calls(&["call:0", "x"]),
        result("call:0", "1"),
        result("x", "2"),
        // An id may come again in another turn, but not twice in one.
        calls(&["call:0", "call:0"]),
        result("call:0", "3"),
        result("call:0", "4"),
    ]);
    let (body, losses) = encode(&request);
    let id = |turn: usize, block: usize, name: &str| body["messages"][turn]["content"][block][name].clone();
    assert_eq!((id(1, 0, "id"), id(2, 0, "tool_use_id")), (json!("call_x3a0"), json!("call_x3a0")));
    assert_eq!((id(3, 0, "id"), id(4, 0, "tool_use_id")), (json!("call_x3a0"), json!("call_x3a0")));
    assert_eq!((id(3, 1, "id"), id(4, 1, "tool_use_id")), (json!("call_x3a0_2"), json!("call_x3a0_2")));
    // The conversation speaks of a tool that is not offered: it is described, and may not be called.
    assert_eq!(body["tools"], json!([{"name": "f", "input_schema": {"type": "object"}}]));
    assert_eq!(body["tool_choice"], json!({"type": "none"}));
    assert_eq!(losses, [lost("tools", LossKind::Emulated)]);
}

#[test]
fn arguments_become_an_object_whatever_they_were() {
    for (arguments, input, lossy) in [
        (r#" {"b":[1, 2.50]} "#, json!({"b": [1, 2.5]}), false),
        ("", json!({}), false),
        ("{\"a\":", json!({"unparsed_arguments": "{\"a\":"}), true),
        ("[1]", json!({"unparsed_arguments": "[1]"}), true),
    ] {
        let call = Message::new(Role::Assistant, vec![Part::tool_call("c", "f", arguments)]);
        let mut request = asking(vec![Message::user("a"), call, result("c", "r")]);
        request.tools = vec![Tool::function("f", "does", json!({"type": "object"}))];
        let (body, losses) = encode(&request);
        assert_eq!(body["messages"][1]["content"][0]["input"], input);
        assert_eq!(losses.contains(&lost("messages[1].parts[0].arguments", LossKind::Approximated)), lossy);
    }
}

#[test]
fn an_opening_assistant_gets_a_user_before_it_and_says_so() {
    let (body, losses) = encode(&asking(vec![Message::assistant("Hi, I am Bo."), Message::user("hello")]));
    assert_eq!(body["messages"][0]["role"], "user");
    assert_eq!(body["messages"][1]["content"], json!([text("Hi, I am Bo.")]));
    assert_eq!(losses, [lost("messages[0]", LossKind::Emulated)]);
}

#[test]
fn a_prefill_loses_its_last_white_space_and_is_refused_where_the_model_refuses_it() {
    let request = asking(vec![Message::user("a"), Message::assistant("{\n ")]);
    let (body, losses) = encode(&request);
    assert_eq!(body["messages"][1]["content"], json!([text("{")]));
    assert_eq!(losses, [lost("messages", LossKind::Approximated)]);
    let mut card = card();
    card.rules.assistant_prefill = Some(false);
    assert!(try_encode(Some(&card), &request).unwrap_err().message.contains("last message"));
    // A paused server-side loop is resumed, not prefilled.
    let block = json!({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}});
    let paused =
        vec![Part::text("searching "), Part::new(Content::Opaque(Opaque { format: FORMAT, value: block }))];
    let request = asking(vec![Message::user("a"), Message::new(Role::Assistant, paused)]);
    assert!(encode_for(&card, &request).1.is_empty());
}

#[test]
fn blank_texts_are_left_out() {
    let parts = vec![Part::text(""), Part::text(" \n"), Part::text("x")];
    let (body, losses) = encode(&asking(vec![Message::new(Role::User, parts)]));
    assert_eq!(body["messages"][0]["content"], json!([text("x")]));
    assert_eq!(losses, [lost("messages[0].parts[1]", LossKind::Dropped)]);
}

#[test]
fn the_output_limit_is_the_clients_the_models_or_the_default() {
    let mut card = card();
    card.max_output_tokens = Some(64_000);
    assert_eq!(encode_for(&card, &hello()).0["max_tokens"], 64_000);
    assert_eq!(encode_for(&card, &hello().with_max_output_tokens(10)).0["max_tokens"], 10);
    let (body, losses) = encode_for(&card, &hello().with_max_output_tokens(100_000));
    assert_eq!((body["max_tokens"].as_u64(), losses.len()), (Some(64_000), 1));
}

#[test]
fn reasoning_is_asked_in_the_models_own_way() {
    use ReasoningEffort::{High, Minimal, None as NoEffort};
    let ask = |style: Option<ReasoningStyle>, change: &dyn Fn(&mut ChatRequest)| {
        let mut request = hello().with_max_output_tokens(20_000);
        change(&mut request);
        let card = style.map(styled);
        let (body, losses) = try_encode(card.as_ref(), &request).unwrap();
        (body["thinking"].clone(), body["output_config"]["effort"].clone(), losses)
    };
    let effort = |effort| move |request: &mut ChatRequest| request.reasoning.effort = Some(effort);
    let budget = |budget| move |request: &mut ChatRequest| request.reasoning.budget_tokens = Some(budget);
    let approximated = |path: &str| vec![lost(path, LossKind::Approximated)];
    let adaptive = json!({"type": "adaptive"});
    let enabled = |budget: u64| json!({"type": "enabled", "budget_tokens": budget});
    let disabled = json!({"type": "disabled"});
    let nothing = Value::Null;

    use ReasoningStyle::{Adaptive, AlwaysOn, Budget};
    assert_eq!(
        ask(Some(Budget), &effort(High)),
        (enabled(10_000), nothing.clone(), approximated("reasoning.effort"))
    );
    assert_eq!(ask(Some(Budget), &budget(4000)), (enabled(4000), nothing.clone(), vec![]));
    assert_eq!(
        ask(Some(Budget), &budget(10)),
        (enabled(1024), nothing.clone(), approximated("reasoning.budget_tokens"))
    );
    assert_eq!(ask(Some(Budget), &budget(99_999)).0, enabled(19_999));
    assert_eq!(ask(Some(Budget), &effort(NoEffort)), (disabled.clone(), nothing.clone(), vec![]));
    assert_eq!(ask(Some(Adaptive), &effort(High)), (adaptive.clone(), json!("high"), vec![]));
    assert_eq!(
        ask(Some(Adaptive), &effort(Minimal)),
        (adaptive.clone(), json!("low"), approximated("reasoning.effort"))
    );
    assert_eq!(
        ask(Some(Adaptive), &budget(8000)),
        (adaptive.clone(), json!("medium"), approximated("reasoning.budget_tokens"))
    );
    assert_eq!(ask(Some(Adaptive), &effort(NoEffort)), (disabled, nothing.clone(), vec![]));
    assert_eq!(ask(Some(AlwaysOn), &effort(High)), (nothing.clone(), json!("high"), vec![]));
    assert_eq!(
        ask(Some(AlwaysOn), &effort(NoEffort)),
        (nothing.clone(), json!("low"), approximated("reasoning"))
    );
    assert_eq!(
        ask(Some(ReasoningStyle::None), &effort(High)),
        (nothing.clone(), nothing.clone(), vec![lost("reasoning", LossKind::Dropped)])
    );
    assert_eq!(ask(None, &budget(2000)), (enabled(2000), nothing, vec![]));
    assert_eq!(ask(None, &effort(High)), (adaptive, json!("high"), vec![]));
    let shown = |request: &mut ChatRequest| {
        request.reasoning.mode = Some(ReasoningMode::Adaptive);
        request.reasoning.visible = Some(true);
    };
    assert_eq!(ask(None, &shown).0, json!({"type": "adaptive", "display": "summarized"}));
}

#[test]
fn a_budget_needs_room_and_a_history_that_thought() {
    let mut request = hello().with_max_output_tokens(1024);
    request.reasoning.budget_tokens = Some(2000);
    let (body, losses) = encode(&request);
    assert_eq!(body.get("thinking"), None);
    assert_eq!(losses, [lost("reasoning", LossKind::Dropped)]);

    let mut request = asking(vec![Message::user("a"), calls(&["c"]), result("c", "r")]);
    request.tools = vec![Tool::function("f", "does", json!({"type": "object"}))];
    request.reasoning.effort = Some(ReasoningEffort::High);
    let (body, losses) = encode_for(&styled(ReasoningStyle::Budget), &request);
    assert_eq!(body.get("thinking"), None);
    assert_eq!(losses, [lost("reasoning", LossKind::Dropped)]);
    // Nobody asked for a limit: it makes room.
    let mut request = hello();
    request.reasoning.budget_tokens = Some(30_000);
    assert_eq!(encode(&request).0["max_tokens"], 30_000 + DEFAULT_MAX_TOKENS);
}

#[test]
fn what_thinking_forbids_is_named() {
    let mut request = hello();
    request.tools = vec![Tool::function("f", "does", json!({"type": "object"}))];
    request.tool_choice = Some(ToolChoice::Required);
    request.reasoning.effort = Some(ReasoningEffort::Low);
    request.sampling.temperature = Some(0.2);
    request.sampling.top_p = Some(0.5);
    request.sampling.top_k = Some(3);
    let (body, losses) = encode(&request);
    for name in ["temperature", "top_p", "top_k"] {
        assert!(body.get(name).is_none());
        assert!(losses.contains(&lost(&format!("sampling.{name}"), LossKind::Dropped)), "{losses:?}");
    }
    assert_eq!(body["tool_choice"], json!({"type": "auto"}));
    assert!(losses.contains(&lost("tool_choice", LossKind::Approximated)));
}

#[test]
fn reasoning_goes_back_to_its_issuer_only() {
    let signed = |issuer, value: &str| Signature { issuer, value: value.to_owned() };
    let redacted = Reasoning { text: String::new(), encrypted: Some("blob".to_owned()) };
    let parts = vec![
        Part::reasoning("mine").with_signature(signed(FORMAT, "sig")),
        Part::new(Content::Reasoning(redacted.clone())).with_signature(signed(FORMAT, "")),
        Part::reasoning("theirs").with_signature(signed(Format::GEMINI_GENERATE_CONTENT, "g")),
        Part::new(Content::Reasoning(redacted)),
        Part::text("answer"),
    ];
    let request = asking(vec![Message::user("a"), Message::new(Role::Assistant, parts), Message::user("b")]);
    let (body, losses) = encode(&request);
    assert_eq!(
        body["messages"][1]["content"],
        json!([{"type": "thinking", "thinking": "mine", "signature": "sig"},
            {"type": "redacted_thinking", "data": "blob"}, text("answer")])
    );
    assert_eq!(
        losses,
        [lost("messages[1].parts[2]", LossKind::Dropped), lost("messages[1].parts[3]", LossKind::Dropped)]
    );
}

#[test]
fn sampling_is_brought_to_what_is_taken() {
    let mut request = hello();
    request.sampling.temperature = Some(1.7);
    let (body, losses) = encode(&request);
    assert_eq!(body["temperature"], 1.0);
    assert_eq!(losses, [lost("sampling.temperature", LossKind::Approximated)]);
    request.sampling.top_p = Some(0.5);
    assert!(encode(&request).1.contains(&lost("sampling.top_p", LossKind::Dropped)));
    let mut card = card();
    card.rules.sampling = Some(false);
    request.sampling.temperature = Some(1.0);
    request.sampling.top_k = Some(3);
    let (body, losses) = encode_for(&card, &request);
    assert!(body.get("temperature").is_none() && body.get("top_p").is_none() && body.get("top_k").is_none());
    // Temperature 1 is the default: leaving it out says the same.
    assert_eq!(
        losses,
        [lost("sampling.top_p", LossKind::Dropped), lost("sampling.top_k", LossKind::Dropped)]
    );
}

#[test]
fn what_has_no_counterpart_is_named() {
    let mut request = hello();
    request.choices = Some(2);
    request.sampling.seed = Some(1);
    request.sampling.presence_penalty = Some(0.5);
    request.sampling.frequency_penalty = Some(0.0);
    request.logprobs = Some(tollgate_model::request::Logprobs { top: None });
    request.stop = vec!["END".to_owned(), "\n".to_owned()];
    request.user = Some("u1".to_owned());
    request.metadata.insert("team".to_owned(), json!("x"));
    request.service_tier = Some("flex".to_owned());
    request.cache.key = Some("k".to_owned());
    let (body, losses) = encode(&request);
    assert_eq!(body["stop_sequences"], json!(["END"]));
    assert_eq!(body["metadata"], json!({"user_id": "u1"}));
    let mut paths: Vec<_> = losses.iter().map(|(path, _)| path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "cache.key",
            "choices",
            "logprobs",
            "metadata.team",
            "sampling.presence_penalty",
            "sampling.seed",
            "service_tier",
            "stop[1]"
        ]
    );
}

#[test]
fn tools_and_choices_have_their_own_words() {
    let mut request = hello();
    request.tools = vec![
        Tool::function("a.b", "does", json!({"properties": {"x": {"type": "string"}}})),
        Tool::new(ToolKind::Custom(CustomTool { name: "c".to_owned(), description: None, format: None })),
        Tool::new(ToolKind::Opaque(Opaque {
            format: FORMAT,
            value: json!({"type": "web_search_20260318", "name": "web_search"}),
        })),
        Tool::new(ToolKind::Opaque(Opaque {
            format: Format::OPENAI_RESPONSES,
            value: json!({"type": "file_search"}),
        })),
    ];
    request.tool_choice = Some(ToolChoice::Named("a.b".to_owned()));
    request.parallel_tool_calls = Some(false);
    let (body, losses) = encode(&request);
    assert_eq!(body["tools"][0]["name"], "a_b");
    assert_eq!(
        body["tools"][0]["input_schema"],
        json!({"type": "object", "properties": {"x": {"type": "string"}}})
    );
    assert_eq!(body["tools"][1]["input_schema"]["required"], json!(["input"]));
    assert_eq!(body["tools"][2]["type"], "web_search_20260318");
    assert_eq!(
        body["tool_choice"],
        json!({"type": "tool", "name": "a_b", "disable_parallel_tool_use": true})
    );
    assert_eq!(
        losses,
        [
            lost("tools[0].name", LossKind::Emulated),
            lost("tools[1]", LossKind::Emulated),
            lost("tools[3]", LossKind::Dropped)
        ]
    );
    let mut card = card();
    card.rules.forced_tool_choice = Some(false);
    let (body, losses) = encode_for(&card, &request);
    assert_eq!(body["tool_choice"], json!({"type": "auto", "disable_parallel_tool_use": true}));
    assert!(losses.contains(&lost("tool_choice", LossKind::Approximated)));
    request.tool_choice = Some(ToolChoice::Allowed { required: true, names: vec!["c".to_owned()] });
    let (body, losses) = encode(&request);
    assert_eq!(body["tools"].as_array().unwrap().len(), 1);
    assert_eq!(body["tool_choice"]["type"], "any");
    assert!(losses.contains(&lost("tool_choice", LossKind::Emulated)));
    request.tools.push(Tool::function("a_b", "again", json!({"type": "object"})));
    request.tool_choice = None;
    assert!(try_encode(None, &request).is_err(), "two tools of one wire name cannot be told apart");
    request.tools = vec![Tool::function("s", "does", json!({"type": "string"}))];
    assert!(try_encode(None, &request).is_err(), "the input of a tool is an object");
}

#[test]
fn a_custom_call_of_the_past_is_wrapped_as_its_tool_is() {
    let call = ToolCall { kind: ToolCallKind::Custom, ..ToolCall::new("c", "f", "free { text") };
    let call = Message::new(Role::Assistant, vec![Part::new(Content::ToolCall(call))]);
    let (body, _) = encode(&asking(vec![Message::user("a"), call, result("c", "r")]));
    assert_eq!(body["messages"][1]["content"][0]["input"], json!({"input": "free { text"}));
}

#[test]
fn a_structured_answer_is_native_a_tool_or_an_instruction() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let asked = |schema: Value| {
        let mut request = hello();
        request.response_format = Some(ResponseFormat::JsonSchema(JsonSchema {
            name: None,
            description: None,
            schema,
            strict: Some(true),
        }));
        request
    };
    let (body, losses) = encode(&asked(schema.clone()));
    let format = &body["output_config"]["format"];
    assert_eq!(
        (&format["type"], &format["schema"]["additionalProperties"]),
        (&json!("json_schema"), &json!(false))
    );
    assert_eq!(losses, [lost("response_format.schema", LossKind::Approximated)]);

    let mut card = card();
    card.capabilities.structured_output = Some(false);
    let (body, losses) = encode_for(&card, &asked(schema.clone()));
    assert_eq!(body["tools"][0]["input_schema"], schema);
    assert_eq!(body["tool_choice"], json!({"type": "tool", "name": "tollgate_json_answer"}));
    assert_eq!(losses, [lost("response_format", LossKind::Emulated)]);
    let (body, losses) = encode_for(&card, &asked(json!({"type": "array"})));
    assert!(body["system"][0]["text"].as_str().unwrap().contains("array"));
    assert_eq!(losses, [lost("response_format", LossKind::Emulated)]);

    let mut request = hello();
    request.response_format = Some(ResponseFormat::JsonObject);
    let (body, losses) = encode(&request);
    assert!(body["system"][0]["text"].as_str().unwrap().contains("JSON object"));
    assert_eq!(losses, [lost("response_format", LossKind::Emulated)]);
}

#[test]
fn pictures_and_documents_are_sent_by_source() {
    let base64 = |media_type: &str, data: &str| MediaSource::Base64 {
        media_type: media_type.to_owned(),
        data: data.to_owned(),
    };
    let image = |source| Part::new(Content::Image(Image { source, detail: Some(ImageDetail::High) }));
    let document = |source, name: Option<&str>| {
        Part::new(Content::Document(Document {
            source,
            filename: name.map(str::to_owned),
            context: None,
            citations: Some(true),
        }))
    };
    let file = |issuer| MediaSource::File { id: "file_1".to_owned(), issuer };
    let url = MediaSource::Url { url: "https://x/y.png".to_owned(), media_type: None };
    let parts = vec![
        image(base64("image/jpg", "AA==")),
        image(url),
        document(base64("application/pdf", "AA=="), Some("a.pdf")),
        document(base64("text/markdown", "IyBoaQ=="), None),
        document(file(FORMAT), None),
    ];
    let (body, losses) = encode(&asking(vec![Message::new(Role::User, parts)]));
    let content = &body["messages"][0]["content"];
    assert_eq!(content[0]["source"], json!({"type": "base64", "media_type": "image/jpeg", "data": "AA=="}));
    assert_eq!(content[1]["source"], json!({"type": "url", "url": "https://x/y.png"}));
    assert_eq!(
        (&content[2]["title"], &content[2]["citations"]),
        (&json!("a.pdf"), &json!({"enabled": true}))
    );
    assert_eq!(content[3]["source"], json!({"type": "text", "media_type": "text/plain", "data": "# hi"}));
    assert_eq!(content[4]["source"], json!({"type": "file", "file_id": "file_1"}));
    assert_eq!(losses.len(), 2, "the two details");
    for refused in [
        document(file(Format::OPENAI_CHAT), None),
        document(base64("application/zip", ""), None),
        Part::new(Content::Audio(Audio {
            source: base64("audio/wav", ""),
            transcript: None,
            id: None,
            expires_at: None,
        })),
    ] {
        let request = asking(vec![Message::new(Role::User, vec![refused])]);
        let error = try_encode(None, &request).unwrap_err();
        assert_eq!(error.param.as_deref(), Some("messages[0].parts[0]"));
    }
}

#[test]
fn four_breakpoints_are_kept_and_an_hour_never_follows_five_minutes() {
    let part = |hint| Part::text("x").with_cache(hint);
    let standard = CacheHint::Standard;
    let parts = vec![part(standard), part(standard), part(CacheHint::OneHour), part(standard)];
    let mut request =
        asking(vec![Message::new(Role::System, vec![part(standard)]), Message::new(Role::User, parts)]);
    request.cache.automatic = Some(standard);
    let (body, losses) = encode(&request);
    assert!(body["system"][0].get("cache_control").is_none());
    assert!(body["messages"][0]["content"][0].get("cache_control").is_none());
    assert_eq!(body["messages"][0]["content"][2]["cache_control"], json!({"type": "ephemeral"}));
    assert_eq!(body["cache_control"], json!({"type": "ephemeral"}));
    assert_eq!(
        losses,
        [
            lost("messages[0].parts[0].cache", LossKind::Dropped),
            lost("messages[1].parts[0].cache", LossKind::Dropped),
            lost("messages[1].parts[2].cache", LossKind::Approximated),
        ]
    );
}

#[test]
fn fields_of_the_format_are_written_through_and_others_named() {
    let own = json!({"inference_geo": "us", "output_config": {"task_budget": 7}, "thinking": {"type": "between_tools"},
        "metadata": {"beta_id": 1}, "max_tokens": 1});
    let mut request = hello();
    request.reasoning.effort = None;
    request.extra = Extra::new(FORMAT, own.as_object().unwrap().clone());
    let (body, losses) = encode(&request);
    assert_eq!(body["inference_geo"], "us");
    assert_eq!(body["output_config"], json!({"task_budget": 7}));
    assert_eq!(body["thinking"], json!({"type": "between_tools"}));
    assert_eq!(body["metadata"], json!({"beta_id": 1}));
    assert_eq!(body["max_tokens"], DEFAULT_MAX_TOKENS);
    assert!(losses.is_empty());
    request.extra = Extra::new(Format::OPENAI_CHAT, json!({"store": true}).as_object().unwrap().clone());
    assert_eq!(encode(&request).1, [lost("store", LossKind::Dropped)]);
}
