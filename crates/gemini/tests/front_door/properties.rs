//! Whatever is asked is written as it was read, and whatever is answered comes back from the client as it was.

use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, Value, json};
use tollgate_model::{
    ChatResponse, Choice, Extra, FinishReason, Format, ModelName, Part, ResponseId, Signature, Usage,
    message::{Content, Image, MediaSource, Reasoning},
};
use tollgate_provider::{FrontDoor, Provider, Target, TokenCountFrontDoor as _, conformance::replay};

use super::{
    GenerateContentFrontDoor, PATH, assert_sent_back, events_door, flushed, meaning, provider, sdk, spelling,
    whole,
};

const FORMAT: Format = Format::GEMINI_GENERATE_CONTENT;

fn words() -> impl Strategy<Value = String> {
    "[a-zé\"\\\\\n ]{1,6}".prop_map(|text| format!("{text}."))
}

fn signature() -> impl Strategy<Value = Option<String>> {
    option::of("[a-z]{4}".prop_map(|text| text))
}

/// A part of the user's turn.
fn user_part() -> impl Strategy<Value = Value> {
    let kind = || select(vec!["image/png", "audio/wav", "application/pdf", "video/mp4"]);
    let address = select(vec!["gs://b/a", "files/x", "https://x.test/a.png", "https://x.test/a"]);
    prop_oneof![
        3 => words().prop_map(|text| json!({"text": text})),
        1 => (kind(), any::<bool>()).prop_map(|(kind, named)| {
            let mut blob = json!({"mimeType": kind, "data": "-_8="});
            if named {
                blob["displayName"] = json!("n");
            }
            json!({"inlineData": blob})
        }),
        1 => (option::of(kind()), address).prop_map(|(kind, address)| {
            let mut file = json!({"fileUri": address});
            if let Some(kind) = kind {
                file["mimeType"] = json!(kind);
            }
            json!({"fileData": file, "videoMetadata": {"fps": 1}})
        }),
        1 => words().prop_map(|text| json!({"inventedTomorrow": {"a": text}})),
        1 => (select(vec!["f", "g"]), response(), option::of(select(vec!["c1", "c2"]))).prop_map(|(name, said, id)| {
            let mut result = json!({"name": name, "response": said});
            if let Some(id) = id {
                result["id"] = json!(format!("{name}{id}"));
            }
            json!({"functionResponse": result})
        }),
    ]
}

fn response() -> impl Strategy<Value = Value> {
    prop_oneof![
        words().prop_map(|text| json!({"result": text})),
        words().prop_map(|text| json!({"error": text})),
        words().prop_map(|text| json!({"output": text, "n": [1, 2.5]})),
        Just(json!({"result": "{\"a\": 1}"})),
        Just(json!({})),
    ]
}

/// A part of the model's turn.
fn model_part() -> impl Strategy<Value = Value> {
    let part = prop_oneof![
        3 => words().prop_map(|text| json!({"text": text})),
        2 => words().prop_map(|text| json!({"text": text, "thought": true})),
        2 => (select(vec!["f", "g"]), option::of(select(vec!["c1", "c2"])), words()).prop_map(|(name, id, text)| {
            let mut call = json!({"name": name, "args": {"a": text}});
            if let Some(id) = id {
                call["id"] = json!(format!("{name}{id}"));
            }
            json!({"functionCall": call})
        }),
        1 => Just(json!({"executableCode": {"language": "PYTHON", "code": "1"}})),
        1 => Just(json!({"inlineData": {"mimeType": "image/png", "data": "AAAA"}, "thought": true})),
        1 => Just(json!({"text": "x", "partMetadata": {"a": 1}})),
    ];
    (part, signature()).prop_map(|(mut part, signature)| {
        if let Some(signature) = signature {
            part["thoughtSignature"] = json!(signature);
        }
        part
    })
}

fn content() -> impl Strategy<Value = Value> {
    prop_oneof![
        vec(user_part(), 1..4).prop_map(|parts| json!({"role": "user", "parts": parts})),
        vec(user_part(), 1..3).prop_map(|parts| json!({"parts": parts})),
        vec(model_part(), 1..4).prop_map(|parts| json!({"role": "model", "parts": parts})),
    ]
}

fn tools() -> impl Strategy<Value = Value> {
    let schema = select(vec![
        json!({"type": "OBJECT", "properties": {"a": {"type": "STRING", "nullable": true}}}),
        json!({"type": "object", "properties": {"a": {"type": "string"}}}),
    ]);
    let function = |name: &'static str| {
        (option::of(words()), select(vec!["parameters", "parametersJsonSchema", "response"]), schema.clone())
            .prop_map(move |(description, place, schema)| {
                let mut function = json!({"name": name, "behavior": "BLOCKING"});
                function[place] = schema;
                if let Some(description) = description {
                    function["description"] = json!(description);
                }
                function
            })
    };
    (function("f"), function("g"), any::<bool>()).prop_map(|(f, g, together)| match together {
        true => json!([{"functionDeclarations": [f, g]}, {"googleSearch": {}}]),
        false => json!([{"functionDeclarations": [f]}, {"functionDeclarations": [g], "urlContext": {}}]),
    })
}

fn config() -> impl Strategy<Value = Value> {
    let field = prop_oneof![
        (0.0..2.0).prop_map(|t| ("temperature", json!(t))),
        (1..100).prop_map(|k| ("topK", json!(k))),
        (1..9000).prop_map(|n| ("maxOutputTokens", json!(n))),
        any::<i32>().prop_map(|seed| ("seed", json!(seed))),
        vec(words(), 1..5).prop_map(|stop| ("stopSequences", json!(stop))),
        Just(("candidateCount", json!(3))),
        Just(("responseModalities", json!(["TEXT", "IMAGE"]))),
        Just(("speechConfig", json!({"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}}))),
        Just(("speechConfig", json!({"languageCode": "de"}))),
        Just(("imageConfig", json!({"aspectRatio": "1:1"}))),
        select(vec![
            json!({"thinkingBudget": 0}),
            json!({"thinkingBudget": -1}),
            json!({"thinkingBudget": 500}),
            json!({"thinkingLevel": "LOW"}),
            json!({"includeThoughts": false}),
            json!({"invented": 1}),
            json!({"includeThoughts": true, "thinkingLevel": "INVENTED"}),
        ])
        .prop_map(|thinking| ("thinkingConfig", thinking)),
    ];
    let format = select(vec![
        json!({}),
        json!({"responseMimeType": "application/json"}),
        json!({"responseMimeType": "application/json", "responseSchema": {"type": "ARRAY"}}),
        json!({"responseMimeType": "application/json", "responseJsonSchema": {"type": "array"}}),
        json!({"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING", "enum": ["a"]}}),
        json!({"responseLogprobs": true, "logprobs": 3}),
        json!({"logprobs": 3}),
    ]);
    (vec(field, 0..5), format).prop_map(|(fields, mut config)| {
        fields.into_iter().for_each(|(name, value)| config[name] = value);
        config
    })
}

prop_compose! {
    fn asked()(
        contents in vec(content(), 1..5),
        last in words(),
        tools in option::of(tools()),
        calling in select(vec![
            json!({"mode": "AUTO"}), json!({"mode": "ANY"}), json!({"mode": "NONE"}), json!({"mode": "VALIDATED"}),
            json!({"mode": "ANY", "allowedFunctionNames": ["f"]}), json!({"mode": "INVENTED"}),
            json!({"mode": "VALIDATED", "allowedFunctionNames": ["f", "g"]}),
        ]),
        config in config(),
        more in select(vec![
            json!({}), json!({"cachedContent": "cachedContents/1"}), json!({"labels": {"a": "b"}}),
            json!({"safetySettings": [{"category": "C", "threshold": "OFF"}]}), json!({"serviceTier": "flex"}),
            json!({"systemInstruction": {"parts": [{"text": "s"}, {"text": "t"}]}}),
        ]),
    ) -> Value {
        let mut asked = more;
        let mut contents = contents;
        // The vendor wants the user to begin.
        if contents[0]["role"] == "model" {
            contents.insert(0, json!({"role": "user", "parts": [{"text": "?"}]}));
        }
        contents.push(json!({"role": "user", "parts": [{"text": last}]}));
        asked["contents"] = contents.into();
        if let Some(tools) = tools {
            asked["tools"] = tools;
            asked["toolConfig"] = json!({"functionCallingConfig": calling, "retrievalConfig": {"a": 1}});
        }
        asked["generationConfig"] = config;
        asked
    }
}

/// The same request in snake case, but for what is the client's own.
fn snake(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| {
                let free =
                    ["args", "response", "parameters", "parametersJsonSchema", "labels"].contains(&&*name);
                let value = if free || name.ends_with("Schema") { value } else { snake(value) };
                let mut snake = String::new();
                for char in name.chars() {
                    if char.is_ascii_uppercase() {
                        snake.push('_');
                    }
                    snake.push(char.to_ascii_lowercase());
                }
                (snake, value)
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(snake).collect(),
        other => other,
    }
}

fn own(value: impl Into<String>) -> Signature {
    Signature { issuer: FORMAT, value: value.into() }
}

fn foreign(value: &str) -> Signature {
    Signature { issuer: Format::ANTHROPIC_MESSAGES, value: value.to_owned() }
}

/// A part of an answer, of this vendor or another.
fn answered() -> impl Strategy<Value = Part> {
    let fields = |name: &str, value| Extra::new(FORMAT, Map::from_iter([(name.to_owned(), value)]));
    prop_oneof![
        4 => words().prop_map(Part::text),
        2 => words().prop_map(Part::reasoning),
        1 => (words(), "[a-z]{4}").prop_map(|(text, value)| Part::text(text).with_signature(own(value))),
        1 => "[a-z]{4}".prop_map(|value| Part::text("").with_signature(own(value))),
        1 => words().prop_map(|text| Part::reasoning(text).with_signature(own("sig"))),
        2 => words().prop_map(|text| Part::reasoning(text).with_signature(foreign("E??>>"))),
        1 => words().prop_map(|text| {
            let reasoning = Reasoning { text, encrypted: Some("gAAA".into()) };
            let mut part = Part::new(Content::Reasoning(reasoning)).with_signature(Signature {
                issuer: Format::OPENAI_RESPONSES,
                value: String::new(),
            });
            part.extra = Extra::new(Format::OPENAI_RESPONSES, Map::from_iter([("id".to_owned(), json!("rs_1"))]));
            part
        }),
        2 => (words(), option::of(Just("toolu_1")), option::of("[a-z]{4}")).prop_map(|(text, id, signed)| {
            let mut part = Part::tool_call(id.unwrap_or("gemini_call_x_0"), "f", json!({"a": text}).to_string());
            part.signature = signed.map(own);
            part
        }),
        1 => Just({
            let mut part = Part::tool_call("c", "g", "{}");
            part.extra = fields("functionCall", json!({"willContinue": true}));
            part
        }),
        1 => Just(Part::new(Content::Image(Image {
            source: MediaSource::Base64 { media_type: "image/png".into(), data: "AAAA".into() },
            detail: None,
        }))),
    ]
}

prop_compose! {
    fn answer()(
        parts in vec(answered(), 1..6),
        reason in select(vec![
            FinishReason::Stop, FinishReason::Length, FinishReason::ContentFilter(Some("SAFETY".into())),
            FinishReason::MalformedToolCall(Some("MALFORMED_FUNCTION_CALL".into())), FinishReason::Other("NEW".into()),
        ]),
        counts in (0_u64..100, 0_u64..100, option::of(0_u64..50), option::of(0_u64..50)),
        created in option::of(0_i64..4_000_000_000),
    ) -> ChatResponse {
        let calls = parts.iter().any(|part| matches!(part.content, Content::ToolCall(_)));
        let reason = if calls && reason == FinishReason::Stop { FinishReason::ToolCalls } else { reason };
        let mut usage = Usage::new(counts.0 + counts.2.unwrap_or(0), counts.1 + counts.3.unwrap_or(0));
        usage.input.tool_use = counts.2;
        usage.output.reasoning = counts.3;
        ChatResponse {
            id: Some(ResponseId::new("r")),
            model: Some(ModelName::new("m")),
            created,
            choices: vec![Choice::new(0, parts, Some(reason))],
            usage: Some(usage),
            ..ChatResponse::default()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn what_is_asked_is_written_as_it_was_read(asked in asked(), in_snake_case in any::<bool>()) {
        let body = if in_snake_case { snake(asked) } else { asked };
        let request = events_door().decode_request(PATH, body.to_string().as_bytes()).unwrap();
        let target = Target { model: &request.model, card: None };
        let encoded = provider().encode_request(&target, &request).unwrap();
        prop_assert!(encoded.losses.is_empty(), "{:?}", encoded.losses);
        let written = spelling::normal(serde_json::from_slice(encoded.request.body()).unwrap());
        prop_assert_eq!(spelling::difference(&written, &spelling::normal(body), ""), None);
    }

    #[test]
    fn what_is_answered_comes_back_from_the_client(answer in answer(), batch in 1_usize..5, split in 1_usize..50) {
        let asked = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#;
        let request = events_door().decode_request(PATH, asked.as_bytes()).unwrap();
        let (body, losses) = whole(&request, &answer);
        prop_assert!(losses.is_empty(), "{losses:?}");
        assert_sent_back(asked, std::slice::from_ref(&body), &answer);
        let events = answer.clone().into_events();
        let (stream, losses) = flushed(events_door(), &request, &events, batch, None);
        prop_assert!(losses.is_empty(), "{losses:?}");
        let chunks = sdk::events(std::str::from_utf8(&stream).unwrap(), false);
        assert_sent_back(asked, &chunks, &answer);
        let (array, _) = flushed(GenerateContentFrontDoor::json_array(), &request, &events, batch, None);
        prop_assert_eq!(sdk::array(std::str::from_utf8(&array).unwrap(), false), chunks);
        let read = replay::stream(&provider(), &request, stream.chunks(split));
        prop_assert!(read.is_finished());
        let again = http::Response::new(body.to_string().into());
        let again = provider().decode_response(&request, again).unwrap();
        prop_assert_eq!(meaning(tollgate_model::Assembler::fold(read.events)), meaning(again));
    }

    #[test]
    fn no_bytes_panic(path in ".{0,30}", bytes in vec(any::<u8>(), 0..200), asked in asked(), at in any::<prop::sample::Index>()) {
        let _ = events_door().request_facts(&path, &bytes);
        let _ = events_door().decode_request(&path, &bytes);
        let _ = events_door().decode_request(PATH, &bytes);
        // A request with something else in one place.
        let mut text = asked.to_string().into_bytes();
        let place = at.index(text.len());
        text[place] = *bytes.first().unwrap_or(&b'7');
        let _ = events_door().decode_request(PATH, &text);
        let _ = tollgate_gemini::CountTokensFrontDoor::new().decode_request(PATH, &text);
    }
}
