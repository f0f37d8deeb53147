//! Properties: no bytes panic, and whatever is asked becomes a request that the format's rules allow.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::HashSet;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};
use tollgate_anthropic::{DEFAULT_BASE_URL, MessagesProvider, NAME};
use tollgate_catalog::{Model, card::ReasoningStyle};
use tollgate_model::{
    ChatRequest, Content, Format, Message, ModelName, Part, ProviderName, Role, Signature,
    message::{CacheHint, ToolResult},
    request::{JsonSchema, ReasoningEffort, ReasoningMode, ResponseFormat, Tool, ToolChoice},
};
use tollgate_provider::{Frame, Framer, Provider, Relay, Target};

fn provider() -> MessagesProvider {
    MessagesProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap())
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), Just(" \n".to_owned()), "[a-zé]{1,8} ?", Just("\"\\\u{1}".to_owned())]
}

fn hint() -> impl Strategy<Value = Option<CacheHint>> {
    prop_oneof![
        3 => Just(None),
        1 => Just(Some(CacheHint::Standard)),
        1 => Just(Some(CacheHint::OneHour)),
    ]
}

fn text_part() -> impl Strategy<Value = Part> {
    (words(), hint()).prop_map(|(words, cache)| {
        let mut part = Part::text(words);
        part.cache = cache;
        part
    })
}

fn signed(issuer: Format) -> Part {
    Part::reasoning("hm").with_signature(Signature { issuer, value: "sig".to_owned() })
}

fn arguments() -> impl Strategy<Value = String> {
    prop_oneof![Just("{\"a\": 1}"), Just(""), Just("{\"a\":"), Just("[]"), Just("null"), Just("{} x")]
        .prop_map(str::to_owned)
}

/// A few messages in a row: a piece of a conversation as OpenAI's format allows it.
fn piece() -> impl Strategy<Value = Vec<Message>> {
    let parts = || prop::collection::vec(text_part(), 0..3);
    prop_oneof![
        parts().prop_map(|parts| vec![Message::new(Role::User, parts)]),
        parts().prop_map(|parts| vec![Message::new(Role::System, parts)]),
        parts().prop_map(|mut parts| {
            parts.insert(0, signed(Format::ANTHROPIC_MESSAGES));
            parts.insert(1, signed(Format::GEMINI_GENERATE_CONTENT));
            parts.push(Part::text("said"));
            vec![Message::new(Role::Assistant, parts)]
        }),
        (prop::collection::vec((arguments(), words()), 1..4), any::<bool>(), any::<bool>()).prop_map(
            |(calls, dotted, reversed)| {
                let id = |index: usize| if dotted { format!("call.{index}") } else { format!("c{index}") };
                let asked = calls.iter().enumerate();
                let asked =
                    asked.map(|(index, (input, _))| Part::tool_call(id(index), "f.g", input.as_str()));
                let mut messages = vec![Message::new(Role::Assistant, asked.collect())];
                let answers = calls.iter().enumerate().map(|(index, (_, words))| {
                    let result = ToolResult::text(id(index), words.as_str());
                    Message::new(Role::Tool, vec![Part::new(Content::ToolResult(result))])
                });
                messages.extend(answers);
                if reversed {
                    messages[1..].reverse();
                }
                messages
            }
        ),
    ]
}

prop_compose! {
    fn request()(
        pieces in prop::collection::vec(piece(), 0..6),
        with_tools in any::<bool>(),
        choice in prop::option::of(prop_oneof![
            Just(ToolChoice::None), Just(ToolChoice::Auto), Just(ToolChoice::Required),
            Just(ToolChoice::Named("f.g".to_owned())),
            Just(ToolChoice::Allowed { required: true, names: vec!["h".to_owned()] }),
        ]),
        effort in prop::option::of(prop::sample::select(ReasoningEffort::ALL.to_vec())),
        budget in prop::option::of(0_u64..100_000),
        mode in prop::option::of(prop::sample::select(vec![
            ReasoningMode::Adaptive, ReasoningMode::Enabled, ReasoningMode::Disabled,
        ])),
        visible in prop::option::of(any::<bool>()),
        max_tokens in prop::option::of(1_u64..40_000),
        temperature in prop::option::of(0.0_f64..2.0),
        top_p in prop::option::of(0.0_f64..1.0),
        top_k in prop::option::of(1_u64..50),
        stop in prop::collection::vec(words(), 0..3),
        structured in prop::option::of(any::<bool>()),
        parallel in prop::option::of(any::<bool>()),
        automatic in hint(),
    ) -> ChatRequest {
        let mut messages = vec![];
        messages.extend(pieces.concat());
        messages.push(Message::user("go on"));
        let mut request = ChatRequest::new(ModelName::new("m"), messages);
        if with_tools {
            request.tools = vec![
                Tool::function("f.g", "does", json!({"type": "object"})),
                Tool::function("h", "does", json!({"properties": {}})),
            ];
            request.tools[0].cache = automatic;
        }
        request.tool_choice = choice;
        request.reasoning.effort = effort;
        request.reasoning.budget_tokens = budget;
        request.reasoning.mode = mode;
        request.reasoning.visible = visible;
        request.max_output_tokens = max_tokens;
        request.sampling.temperature = temperature;
        request.sampling.top_p = top_p;
        request.sampling.top_k = top_k;
        request.stop = stop;
        request.parallel_tool_calls = parallel;
        request.cache.automatic = automatic;
        request.response_format = structured.map(|schema| if schema {
            let schema = json!({"type": "object", "properties": {"a": {"type": "object"}}});
            ResponseFormat::JsonSchema(JsonSchema { name: None, description: None, schema, strict: None })
        } else {
            ResponseFormat::JsonObject
        });
        request
    }
}

prop_compose! {
    fn card()(
        reasoning in prop::option::of(prop::sample::select(vec![
            ReasoningStyle::None, ReasoningStyle::Budget, ReasoningStyle::Adaptive, ReasoningStyle::AlwaysOn,
        ])),
        efforts in prop::sample::subsequence(ReasoningEffort::ALL[2..].to_vec(), 0..=5),
        sampling in prop::option::of(any::<bool>()),
        forced in prop::option::of(any::<bool>()),
        mid_system in prop::option::of(any::<bool>()),
        structured in prop::option::of(any::<bool>()),
        maximum in prop::option::of(2_000_u64..128_000),
    ) -> Model {
        let mut card = Model::unknown(ProviderName::new(NAME), ModelName::new("m"));
        card.rules.reasoning = reasoning;
        card.rules.efforts = efforts;
        card.rules.sampling = sampling;
        card.rules.forced_tool_choice = forced;
        card.rules.mid_conversation_system = mid_system;
        card.rules.assistant_prefill = Some(false);
        card.capabilities.structured_output = structured;
        card.max_output_tokens = maximum;
        card
    }
}

/// The rules of the API page, as a reader would check them by hand.
fn check_rules(body: &Value, card: &Model) {
    let max_tokens = body["max_tokens"].as_u64().expect("max_tokens is required");
    assert!(card.max_output_tokens.is_none_or(|maximum| max_tokens <= maximum));
    let turns = body["messages"].as_array().unwrap();
    check_turns(turns, card);
    check_cache(body);
    let fits = |name: &str| {
        !name.is_empty() && name.chars().all(|char| char.is_ascii_alphanumeric() || "_-".contains(char))
    };
    let tools = body["tools"].as_array().cloned().unwrap_or_default();
    for tool in &tools {
        assert!(fits(tool["name"].as_str().unwrap()));
        assert_eq!(tool["input_schema"]["type"], "object");
    }
    let names: HashSet<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), tools.len());
    let uses_tools = turns.iter().any(|turn| turn.to_string().contains("\"tool_use\""));
    assert!(!uses_tools || !tools.is_empty());
    let forced = match body["tool_choice"]["type"].as_str() {
        None | Some("auto" | "none") => false,
        Some("any") => true,
        Some("tool") => {
            assert!(names.contains(body["tool_choice"]["name"].as_str().unwrap()));
            true
        }
        other => panic!("no such choice: {other:?}"),
    };
    assert!(body.get("tool_choice").is_none() || !tools.is_empty());
    assert!(!(forced && card.rules.forced_tool_choice == Some(false)));
    check_thinking(body, card, forced, max_tokens);
    for stop in body["stop_sequences"].as_array().into_iter().flatten() {
        assert!(!stop.as_str().unwrap().trim().is_empty());
    }
}

fn check_thinking(body: &Value, card: &Model, forced: bool, max_tokens: u64) {
    let thinking = body["thinking"]["type"].as_str();
    let always = card.rules.reasoning == Some(ReasoningStyle::AlwaysOn);
    match (thinking, card.rules.reasoning) {
        (None, _) => {}
        (Some(_), Some(ReasoningStyle::None)) => panic!("the model refuses to be asked"),
        (Some("enabled"), style) => {
            assert!(matches!(style, Some(ReasoningStyle::Budget) | None));
            let budget = body["thinking"]["budget_tokens"].as_u64().unwrap();
            assert!((1024..max_tokens).contains(&budget));
        }
        (Some("adaptive"), style) => assert_ne!(style, Some(ReasoningStyle::Budget)),
        (Some("disabled"), _) => assert!(!always),
        (other, _) => panic!("no such thinking: {other:?}"),
    }
    if let Some(effort) = body["output_config"]["effort"].as_str() {
        let efforts = &card.rules.efforts;
        let effort = ReasoningEffort::parse(effort).unwrap();
        assert!(effort >= ReasoningEffort::Low && (efforts.is_empty() || efforts.contains(&effort)));
    }
    if always || matches!(thinking, Some("enabled" | "adaptive")) {
        assert!(!forced);
        assert!(body["temperature"].as_f64().is_none_or(|temperature| temperature == 1.0));
        assert!(body["top_p"].as_f64().is_none_or(|top_p| top_p >= 0.95));
        assert!(body.get("top_k").is_none());
    }
    assert!(body["temperature"].as_f64().is_none_or(|temperature| (0.0..=1.0).contains(&temperature)));
    assert!(body.get("temperature").is_none() || body.get("top_p").is_none());
}

fn check_turns(turns: &[Value], card: &Model) {
    assert_eq!(turns[0]["role"], "user");
    assert_ne!(turns[turns.len() - 1]["role"], "assistant");
    let mut pending: HashSet<String> = HashSet::new();
    for (index, turn) in turns.iter().enumerate() {
        let role = turn["role"].as_str().unwrap();
        assert!(index == 0 || turns[index - 1]["role"] != role, "neighbours are joined");
        assert!(role != "system" || card.rules.mid_conversation_system == Some(true));
        let blocks = turn["content"].as_array().unwrap();
        assert!(!blocks.is_empty());
        let results = blocks.iter().take_while(|block| block["type"] == "tool_result").count();
        let answered: HashSet<_> =
            blocks[..results].iter().map(|block| block["tool_use_id"].as_str().unwrap().to_owned()).collect();
        assert_eq!((answered.len(), answered), (results, std::mem::take(&mut pending)));
        for block in &blocks[results..] {
            match (block["type"].as_str().unwrap(), role) {
                ("text", _) => assert!(!block["text"].as_str().unwrap().trim().is_empty()),
                ("tool_use", "assistant") => {
                    assert!(block["input"].is_object());
                    let id = block["id"].as_str().unwrap();
                    assert!(id.chars().all(|char| char.is_ascii_alphanumeric() || "_-".contains(char)));
                    assert!(pending.insert(id.to_owned()), "ids are unique in their turn");
                }
                ("thinking", "assistant") => assert_eq!(block["signature"], "sig"),
                other => panic!("no such block here: {other:?}"),
            }
        }
    }
    assert!(pending.is_empty());
}

fn check_cache(body: &Value) {
    fn collect(value: &Value, hours: &mut Vec<bool>) {
        match value {
            Value::Object(fields) => {
                fields.values().for_each(|value| collect(value, hours));
                hours.extend(fields.get("cache_control").map(|control| control["ttl"] == "1h"));
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, hours)),
            _ => {}
        }
    }
    let mut hours = Vec::new();
    for part in ["tools", "system", "messages"] {
        collect(&body[part], &mut hours);
    }
    hours.extend(body.get("cache_control").map(|control| control["ttl"] == "1h"));
    assert!(hours.len() <= 4);
    assert!(hours.is_sorted_by(|before, after| *before || !after), "an hour comes first");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn whatever_is_asked_becomes_a_request_within_the_rules(request in request(), card in card()) {
        let provider = provider();
        let target = Target { model: &card.id, card: Some(&card) };
        let encoded = provider.encode_request(&target, &request).unwrap();
        check_rules(&serde_json::from_slice(encoded.request.body()).unwrap(), &card);
        // The same request is the same bytes: a cached prefix stays one.
        let again = provider.encode_request(&target, &request).unwrap();
        prop_assert_eq!(encoded.request.body(), again.request.body());
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), status in 100_u16..1000) {
        let provider = provider();
        let request = ChatRequest::new(ModelName::new("m"), vec![]);
        let body = Bytes::from(bytes);
        let _ = provider.decode_response(&request, http::Response::new(body.clone()));
        let _ = provider.response_facts(&body);
        let _ = provider.stream_decoder(&request).decode(Frame { event: None, data: &body }, &mut vec![]);
        let _ = provider.stream_reader().read(Frame { event: None, data: &body });
        let refused = http::Response::builder().status(status).body(body).unwrap();
        prop_assert!(!provider.decode_error(refused).message.is_empty());
    }

    #[test]
    fn no_order_of_frames_panics_and_a_finish_is_the_last(frames in prop::collection::vec(frame(), 0..30)) {
        let provider = provider();
        let mut decoder = provider.stream_decoder(&ChatRequest::new(ModelName::new("m"), vec![]));
        let mut events = Vec::new();
        let body: String = frames.iter().map(|frame| format!("data: {frame}\n\n")).collect();
        let mut framer = Framer::new(provider.framing());
        let fed = framer.feed(body.as_bytes(), |frame| decoder.decode(frame, &mut events));
        let ended = fed.and_then(|()| decoder.finish(&mut events));
        let finished = events.iter().filter(|event| matches!(event, tollgate_model::ChatEvent::Finish)).count();
        prop_assert_eq!(usize::from(ended.is_ok()), finished);
        if finished == 1 {
            prop_assert_eq!(events.last(), Some(&tollgate_model::ChatEvent::Finish));
        }
    }
}

/// Frames of the format, with anything in the places of anything.
fn frame() -> impl Strategy<Value = Value> {
    let odd =
        || prop_oneof![Just(Value::Null), Just(json!(1)), Just(json!("x")), Just(json!({})), Just(json!([]))];
    let block = prop_oneof![
        (odd()).prop_map(|odd| json!({"type": "tool_use", "input": odd})),
        Just(json!({"type": "text", "text": ""})),
        odd().prop_map(|odd| json!({"type": "invented", "content": odd})),
    ];
    let delta = prop_oneof![
        Just(json!({"type": "text_delta", "text": "x"})),
        Just(json!({"type": "input_json_delta", "partial_json": "{"})),
        odd().prop_map(|odd| json!({"type": "invented_delta", "content": odd, "partial_json": "{}"})),
    ];
    let index = || 0_u32..3;
    prop_oneof![
        Just(json!({"type": "message_start", "message": {"usage": {"input_tokens": 1}}})),
        (index(), block).prop_map(
            |(index, block)| json!({"type": "content_block_start", "index": index, "content_block": block})
        ),
        (index(), delta).prop_map(
            |(index, delta)| json!({"type": "content_block_delta", "index": index, "delta": delta})
        ),
        index().prop_map(|index| json!({"type": "content_block_stop", "index": index})),
        odd().prop_map(|odd| json!({"type": "message_delta", "delta": odd})),
        Just(json!({"type": "message_stop"})),
        odd().prop_map(|odd| json!({"type": "invented", "odd": odd})),
    ]
}
