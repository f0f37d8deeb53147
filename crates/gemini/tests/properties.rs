//! Properties: no bytes panic, frames fold to the complete answer, and whatever is asked becomes a request that the
//! format's rules allow.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::HashSet;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tollgate_catalog::{Model, card::ReasoningStyle};
use tollgate_gemini::{DEFAULT_BASE_URL, GenerateContentProvider, NAME};
use tollgate_model::{
    Assembler, ChatEvent, ChatRequest, Content, Format, Message, ModelName, Part, ProviderName, Role,
    Signature,
    message::{CacheHint, Image, MediaSource, ToolResult},
    request::{JsonSchema, ReasoningEffort, ReasoningMode, ResponseFormat, Tool, ToolChoice},
};
use tollgate_provider::{Frame, Framer, Provider, Relay, Target};

fn provider() -> GenerateContentProvider {
    GenerateContentProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap())
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), Just(" \n".to_owned()), "[a-zé]{1,8} ?", Just("\"\\\u{1}".to_owned())]
}

fn text_part() -> impl Strategy<Value = Part> {
    (words(), any::<bool>()).prop_map(|(words, hinted)| {
        let mut part = Part::text(words);
        part.cache = hinted.then_some(CacheHint::Standard);
        part
    })
}

fn signed(part: Part, issuer: Format) -> Part {
    part.with_signature(Signature { issuer, value: "sig".to_owned() })
}

fn arguments() -> impl Strategy<Value = String> {
    prop_oneof![Just("{\"a\": 1}"), Just(""), Just("{\"a\":"), Just("[]"), Just("null"), Just("{} x")]
        .prop_map(str::to_owned)
}

/// Calls of the assistant and their results, in any order, some signed by the vendor.
fn step() -> impl Strategy<Value = Vec<Message>> {
    let call = (arguments(), words(), any::<bool>(), any::<bool>());
    (prop::collection::vec(call, 1..4), any::<bool>()).prop_map(|(calls, reversed)| {
        let id = |index: usize| format!("call.{index}");
        let asked = calls.iter().enumerate().map(|(index, (input, _, own, _))| {
            let part = Part::tool_call(id(index), "f.g", input.as_str());
            if *own { signed(part, Format::GEMINI_GENERATE_CONTENT) } else { part }
        });
        let mut messages = vec![Message::new(Role::Assistant, asked.collect())];
        let answers = calls.iter().enumerate().map(|(index, (input, words, _, failed))| {
            let text = if *failed { input } else { words };
            let mut result = ToolResult::text(id(index), text.as_str());
            result.is_error = failed.then_some(true);
            let source = MediaSource::Base64 { media_type: "image/png".to_owned(), data: "AAAA".to_owned() };
            if *failed {
                result.parts.push(Part::new(Content::Image(Image { source, detail: None })));
            }
            Message::new(Role::Tool, vec![Part::new(Content::ToolResult(result))])
        });
        messages.extend(answers);
        if reversed {
            messages[1..].reverse();
        }
        messages
    })
}

/// A few messages in a row: a piece of a conversation as OpenAI's format allows it.
fn piece() -> impl Strategy<Value = Vec<Message>> {
    let parts = || prop::collection::vec(text_part(), 0..3);
    prop_oneof![
        parts().prop_map(|parts| vec![Message::new(Role::User, parts)]),
        parts().prop_map(|parts| vec![Message::new(Role::System, parts)]),
        parts().prop_map(|mut parts| {
            parts.insert(0, signed(Part::reasoning("hm"), Format::ANTHROPIC_MESSAGES));
            parts.insert(1, signed(Part::reasoning("hm"), Format::GEMINI_GENERATE_CONTENT));
            parts.push(Part::text("said"));
            vec![Message::new(Role::Assistant, parts)]
        }),
        step(),
    ]
}

prop_compose! {
    fn request()(
        pieces in prop::collection::vec(piece(), 0..6),
        last in prop_oneof![Just(vec![Message::user("go on")]), step()],
        with_tools in any::<bool>(),
        choice in prop::option::of(prop_oneof![
            Just(ToolChoice::None), Just(ToolChoice::Auto), Just(ToolChoice::Required),
            Just(ToolChoice::Named("f.g".to_owned())),
            Just(ToolChoice::Allowed { required: true, names: vec!["h".to_owned()] }),
            Just(ToolChoice::Allowed { required: false, names: vec!["f.g".to_owned()] }),
        ]),
        effort in prop::option::of(prop::sample::select(ReasoningEffort::ALL.to_vec())),
        budget in prop::option::of(0_u64..100_000),
        mode in prop::option::of(prop::sample::select(vec![
            ReasoningMode::Adaptive, ReasoningMode::Enabled, ReasoningMode::Disabled,
        ])),
        visible in prop::option::of(any::<bool>()),
        max_tokens in prop::option::of(1_u64..400_000),
        temperature in prop::option::of(0.0_f64..2.0),
        penalty in prop::option::of(-2.0_f64..2.0),
        seed in prop::option::of(any::<i64>()),
        choices in prop::option::of(1_u32..4),
        stop in prop::collection::vec(words(), 0..8),
        structured in prop::option::of(any::<bool>()),
    ) -> ChatRequest {
        let mut messages = pieces.concat();
        messages.extend(last);
        let mut request = ChatRequest::new(ModelName::new("m"), messages);
        if with_tools {
            request.tools = vec![
                Tool::function("f.g", "does", json!({"type": "object"})),
                Tool::function("h", "does", json!({"properties": {}})),
            ];
        }
        request.tool_choice = choice;
        request.reasoning.effort = effort;
        request.reasoning.budget_tokens = budget;
        request.reasoning.mode = mode;
        request.reasoning.visible = visible;
        request.max_output_tokens = max_tokens;
        request.sampling.temperature = temperature;
        request.sampling.presence_penalty = penalty;
        request.sampling.seed = seed;
        request.choices = choices;
        request.stop = stop;
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
            ReasoningStyle::None, ReasoningStyle::Budget, ReasoningStyle::Level,
        ])),
        efforts in prop::sample::subsequence(ReasoningEffort::ALL[1..6].to_vec(), 1..=5),
        budgets in prop::option::of(any::<bool>()),
        sampling in prop::option::of(any::<bool>()),
        penalties in prop::option::of(any::<bool>()),
        multiple in prop::option::of(any::<bool>()),
        forced in prop::option::of(any::<bool>()),
        structured in prop::option::of(any::<bool>()),
        maximum in prop::option::of(2_000_u64..128_000),
    ) -> Model {
        let mut card = Model::unknown(ProviderName::new(NAME), ModelName::new("m"));
        card.rules.reasoning = reasoning;
        card.rules.reasoning_budget = budgets;
        card.rules.efforts = efforts;
        card.rules.sampling = sampling;
        card.rules.penalties = penalties;
        card.rules.multiple_choices = multiple;
        card.rules.forced_tool_choice = forced;
        card.rules.assistant_prefill = Some(false);
        card.capabilities.structured_output = structured;
        card.max_output_tokens = maximum;
        card
    }
}

/// The rules of the API page, as a reader would check them by hand.
fn check_rules(body: &Value, card: &Model) {
    check_turns(body["contents"].as_array().unwrap(), card);
    for part in body["systemInstruction"]["parts"].as_array().into_iter().flatten() {
        assert!(!part["text"].as_str().unwrap().is_empty());
    }
    let declared = body["tools"][0]["functionDeclarations"].as_array().cloned().unwrap_or_default();
    let names: HashSet<_> = declared.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names.len(), declared.len());
    assert!(names.iter().all(|name| fits(name)));
    let calling = &body["toolConfig"]["functionCallingConfig"];
    assert!(calling.is_null() || !names.is_empty());
    let allowed = calling["allowedFunctionNames"].as_array().cloned().unwrap_or_default();
    assert!(allowed.iter().all(|name| names.contains(name.as_str().unwrap())));
    match calling["mode"].as_str() {
        None | Some("AUTO" | "NONE") => assert!(allowed.is_empty()),
        Some("ANY") => assert_ne!(card.rules.forced_tool_choice, Some(false)),
        Some("VALIDATED") => {}
        other => panic!("no such mode: {other:?}"),
    }
    let none = Map::new();
    let config = body.get("generationConfig").map_or(&none, |config| config.as_object().unwrap());
    check_config(config, card, !names.is_empty());
}

fn fits(name: &str) -> bool {
    let begins = name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_');
    begins && name.len() <= 64 && name.chars().all(|char| char.is_ascii_alphanumeric() || "_-".contains(char))
}

fn check_config(config: &Map<String, Value>, card: &Model, functions: bool) {
    let maximum = card.max_output_tokens.unwrap_or(u64::MAX);
    assert!(config.get("maxOutputTokens").is_none_or(|tokens| tokens.as_u64().unwrap() <= maximum));
    let stop = config.get("stopSequences").map_or(&[] as &[Value], |stop| stop.as_array().unwrap());
    assert!(stop.len() <= 5 && stop.iter().all(|stop| !stop.as_str().unwrap().is_empty()));
    assert!(config.get("seed").is_none_or(|seed| i32::try_from(seed.as_i64().unwrap()).is_ok()));
    let taken = |rule: Option<bool>| rule != Some(false);
    assert!(taken(card.rules.sampling) || !config.contains_key("temperature"));
    assert!(taken(card.rules.penalties) || !config.contains_key("presencePenalty"));
    assert!(taken(card.rules.multiple_choices) || !config.contains_key("candidateCount"));
    if config.contains_key("responseMimeType") {
        assert!(taken(card.capabilities.structured_output));
        assert!(!functions || card.rules.reasoning != Some(ReasoningStyle::Budget));
    }
    let Some(thinking) = config.get("thinkingConfig").and_then(Value::as_object) else { return };
    assert!(!thinking.is_empty() && card.rules.reasoning != Some(ReasoningStyle::None));
    let (budget, level) = (thinking.get("thinkingBudget"), thinking.get("thinkingLevel"));
    assert!(budget.is_none() || level.is_none());
    if let Some(level) = level {
        assert_ne!(card.rules.reasoning, Some(ReasoningStyle::Budget));
        let level = ReasoningEffort::parse(level.as_str().unwrap()).unwrap();
        assert!(card.rules.efforts.contains(&level));
    }
    if let Some(budget) = budget {
        let most = if card.rules.reasoning == Some(ReasoningStyle::Budget) { 24_576 } else { i64::MAX };
        assert!((-1..=most).contains(&budget.as_i64().unwrap()));
        assert!(
            card.rules.reasoning != Some(ReasoningStyle::Level) || card.rules.reasoning_budget == Some(true)
        );
    }
}

fn check_turns(turns: &[Value], card: &Model) {
    assert_eq!(turns[0]["role"], "user");
    assert_eq!(turns[turns.len() - 1]["role"], "user");
    let mut called = Vec::new();
    for (index, turn) in turns.iter().enumerate() {
        let role = turn["role"].as_str().unwrap();
        assert!(index == 0 || turns[index - 1]["role"] != role, "neighbours are joined");
        let parts = turn["parts"].as_array().unwrap();
        assert!(!parts.is_empty());
        let mut answered: Vec<String> = Vec::new();
        for part in parts {
            let kinds = ["text", "inlineData", "functionCall", "functionResponse"];
            let kind: Vec<_> = kinds.into_iter().filter(|kind| part.get(kind).is_some()).collect();
            match (kind.as_slice(), role) {
                (["text"], _) => assert!(!part["text"].as_str().unwrap().is_empty()),
                (["inlineData"], "user") => assert_eq!(part["inlineData"]["mimeType"], "image/png"),
                (["functionCall"], "model") => {
                    assert!(part["functionCall"]["args"].is_object());
                    assert!(fits(part["functionCall"]["name"].as_str().unwrap()));
                }
                (["functionResponse"], "user") => {
                    let response = &part["functionResponse"];
                    assert!(response["response"].is_object() && fits(response["name"].as_str().unwrap()));
                    answered.push(response["id"].as_str().unwrap().to_owned());
                }
                other => panic!("no such part here: {other:?}"),
            }
        }
        // Each turn of results answers the calls right before it, all of them, before anything new is said.
        answered.sort();
        assert_eq!(answered, std::mem::take(&mut called));
        let ids = parts.iter().filter_map(|part| part["functionCall"]["id"].as_str().map(str::to_owned));
        called.extend(ids);
        called.sort();
    }
    if card.rules.reasoning == Some(ReasoningStyle::Level) {
        check_signatures(turns);
    }
}

/// The first call of each step after the user's last words must be signed.
fn check_signatures(turns: &[Value]) {
    let words = |turn: &Value| {
        let parts = turn["parts"].as_array().unwrap();
        turn["role"] == "user" && parts.iter().any(|part| part.get("text").is_some())
    };
    let current = turns.iter().rposition(words).unwrap_or(0);
    for turn in &turns[current..] {
        let parts = turn["parts"].as_array().unwrap();
        let first = parts.iter().find(|part| part.get("functionCall").is_some());
        assert!(first.is_none_or(|call| call["thoughtSignature"].is_string()));
    }
}

/// A part as the vendor may send it.
fn wire_part() -> impl Strategy<Value = Value> {
    let text = || "[a-zé\"\\\\ ]{0,6}";
    prop_oneof![
        4 => text().prop_map(|text| json!({"text": text})),
        2 => text().prop_map(|text| json!({"text": text, "thought": true})),
        1 => text().prop_map(|text| json!({"text": text, "thoughtSignature": "c2ln"})),
        1 => text().prop_map(|text| json!({"functionCall": {"name": "f", "args": {"a": text}}})),
        1 => Just(json!({"functionCall": {"id": "x", "name": "g"}, "thoughtSignature": "c2ln"})),
        1 => Just(json!({"executableCode": {"code": "1"}})),
        1 => Just(json!({"inlineData": {"mimeType": "image/png", "data": "AAAA"}})),
        1 => Just(json!({"inlineData": {"mimeType": "audio/wav", "data": "YWI="}})),
    ]
}

prop_compose! {
    /// A complete answer, and the frames of a stream that says the same.
    fn answer()(
        pieces in prop::collection::vec(prop::collection::vec(wire_part(), 0..4), 1..6),
        reason in prop::sample::select(vec!["STOP", "MAX_TOKENS", "SAFETY", "INVENTED"]),
        repeated in any::<bool>(),
        counts in (0_u64..100, 0_u64..100, 0_u64..100),
    ) -> (Value, Vec<Value>) {
        let usage = json!({"promptTokenCount": counts.0, "candidatesTokenCount": counts.1,
            "thoughtsTokenCount": counts.2});
        let last = pieces.len() - 1;
        let frames = pieces.iter().enumerate().map(|(index, parts)| {
            let mut frame = json!({"responseId": "r", "modelVersion": "m",
                "candidates": [{"content": {"parts": parts}}]});
            if repeated || index == last {
                frame["candidates"][0]["finishReason"] = json!(reason);
            }
            if index == last {
                frame["usageMetadata"] = usage.clone();
            } else if repeated {
                frame["usageMetadata"] = json!({"promptTokenCount": 1, "candidatesTokenCount": 1,
                    "thoughtsTokenCount": 1});
            }
            frame
        });
        let whole = json!({"responseId": "r", "modelVersion": "m", "usageMetadata": usage,
            "candidates": [{"content": {"parts": pieces.concat()}, "finishReason": reason}]});
        (whole, frames.collect())
    }
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
    fn frames_fold_to_the_complete_answer_wherever_the_bytes_are_cut((whole, frames) in answer(), split in 1_usize..40) {
        let provider = provider();
        let request = ChatRequest::new(ModelName::new("m"), vec![]);
        let body: String = frames.iter().map(|frame| format!("data: {frame}\n\n")).collect();
        let mut framer = Framer::new(provider.framing());
        let mut decoder = provider.stream_decoder(&request);
        let mut events = Vec::new();
        for chunk in body.as_bytes().chunks(split) {
            framer.feed(chunk, |frame| decoder.decode(frame, &mut events)).unwrap();
        }
        decoder.finish(&mut events).unwrap();
        check_grammar(&events);
        let folded = Assembler::fold(events);
        let response = http::Response::new(Bytes::from(whole.to_string()));
        prop_assert_eq!(&provider.decode_response(&request, response).unwrap(), &folded);
        let facts = provider.response_facts(whole.to_string().as_bytes()).unwrap();
        prop_assert_eq!((Some(facts.usage), facts.finish_reason), (folded.usage, folded.choices[0].finish_reason.clone()));
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
    fn no_frames_panic_and_a_finish_is_the_last(frames in prop::collection::vec(odd_frame(), 0..20)) {
        let provider = provider();
        let mut decoder = provider.stream_decoder(&ChatRequest::new(ModelName::new("m"), vec![]));
        let mut reader = provider.stream_reader();
        let mut events = Vec::new();
        let mut ended = Ok(());
        for frame in &frames {
            let data = frame.to_string();
            let frame = Frame { event: None, data: data.as_bytes() };
            ended = decoder.decode(frame, &mut events);
            prop_assert_eq!(ended.is_ok(), reader.read(frame).is_ok());
            if ended.is_err() {
                break;
            }
        }
        let ended = ended.and_then(|()| decoder.finish(&mut events));
        if ended.is_ok() {
            check_grammar(&events);
            reader.finish().unwrap();
        } else {
            prop_assert!(!events.contains(&ChatEvent::Finish));
        }
    }
}

/// One `Start`, parts that begin and end once, one `Stop` a choice, `Finish` last.
fn check_grammar(events: &[ChatEvent]) {
    assert!(events.is_empty() || matches!(events[0], ChatEvent::Start { .. }));
    assert_eq!(events.last(), Some(&ChatEvent::Finish));
    let (mut open, mut begun, mut stopped) = (HashSet::new(), HashSet::new(), HashSet::new());
    for event in &events[1..events.len() - 1] {
        match event {
            ChatEvent::Start { .. } | ChatEvent::Finish => panic!("once is enough: {event:?}"),
            ChatEvent::PartStart { part, choice, .. } => {
                assert!(begun.insert(*part) && open.insert(*part) && !stopped.contains(choice));
            }
            ChatEvent::Delta { part, .. } => assert!(open.contains(part)),
            ChatEvent::PartEnd { part } => assert!(open.remove(part)),
            ChatEvent::Stop { choice, .. } => assert!(stopped.insert(*choice)),
            _ => {}
        }
    }
    assert!(open.is_empty());
}

/// Frames of the format, with anything in the places of anything.
fn odd_frame() -> impl Strategy<Value = Value> {
    let odd =
        || prop_oneof![Just(Value::Null), Just(json!(1)), Just(json!("x")), Just(json!({})), Just(json!([]))];
    let names = prop::sample::select(vec!["text", "thought", "functionCall", "inlineData", "invented"]);
    let part = prop_oneof![
        3 => wire_part(),
        1 => (wire_part(), names, odd()).prop_map(|(mut part, name, odd)| {
            part[name] = odd;
            part
        }),
    ];
    let field =
        prop::sample::select(vec!["finishReason", "index", "content", "logprobsResult", "groundingMetadata"]);
    let candidate =
        (prop::collection::vec(part, 0..3), prop::option::of(0_u32..3), field, odd(), any::<bool>())
            .prop_map(|(parts, index, field, odd, spoiled)| {
                let mut candidate =
                    json!({"index": index, "content": {"parts": parts}, "finishReason": "STOP"});
                if spoiled {
                    candidate[field] = odd;
                }
                json!({"candidates": [candidate]})
            });
    prop_oneof![
        6 => candidate,
        1 => odd().prop_map(|odd| json!({"usageMetadata": odd})),
        1 => odd().prop_map(|odd| json!({"promptFeedback": {"blockReason": odd}})),
        1 => Just(json!({})),
    ]
}
