//! Whatever is asked is written as it was read, and whatever is answered comes back from the client as it was.

use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, Value, json};
use tollgate_model::{
    Assembler, ChatResponse, Choice, Content, Extra, FinishReason, Format, ModelName, Part, ResponseId,
    Signature, Usage,
    message::{Image, MediaSource, Reasoning},
};
use tollgate_provider::{FrontDoor, Provider, Target, conformance::replay};

use super::{FORMAT, assert_sent_back, door, meaning, provider, sdk, spelling, stream, whole};

fn words() -> impl Strategy<Value = String> {
    "[a-zé\"\\\\\n ]{1,6}".prop_map(|text| format!("{text}."))
}

fn content() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => words().prop_map(|text| json!({"type": "text", "text": text})),
        1 => Just(json!({"type": "image", "data": "AAAA", "mime_type": "image/png", "resolution": "medium"})),
        1 => Just(json!({"type": "audio", "data": "AAAA", "mime_type": "audio/wav"})),
        1 => Just(json!({"type": "video", "uri": "gs://b/f", "mime_type": "video/mp4", "processing": {"fps": 1}})),
        1 => Just(json!({"type": "document", "uri": "https://x.test/a.pdf", "mime_type": "application/pdf"})),
        1 => words().prop_map(|text| json!({"type": "invented", "a": text})),
    ]
}

fn said() -> impl Strategy<Value = Value> {
    let url = json!({"type": "url_citation", "url": "https://a.test", "start_index": 0, "end_index": 1});
    let file = json!({"type": "file_citation", "file_name": "f", "page_number": 2});
    (words(), option::of(select(vec![url, file]))).prop_map(|(text, cited)| match cited {
        Some(cited) => json!({"type": "text", "text": text, "annotations": [cited]}),
        None => json!({"type": "text", "text": text}),
    })
}

fn step() -> impl Strategy<Value = Value> {
    let summary = vec(words().prop_map(|text| json!({"type": "text", "text": text})), 0..3);
    let result = prop_oneof![
        words().prop_map(Value::from),
        Just(json!("{\"a\": 1}")),
        words().prop_map(|text| json!({"a": text})),
        vec(said(), 1..3).prop_map(Value::from),
        Just(json!([{"type": "image", "data": "AAAA", "mime_type": "image/png"}])),
    ];
    prop_oneof![
        2 => vec(content(), 1..3).prop_map(|content| json!({"type": "user_input", "content": content})),
        2 => vec(said(), 1..3).prop_map(|content| json!({"type": "model_output", "content": content})),
        2 => (option::of("[a-z]{4}"), summary).prop_map(|(signature, summary)| {
            let mut step = json!({"type": "thought"});
            if let Some(signature) = signature {
                step["signature"] = signature.into();
            }
            if !summary.is_empty() {
                step["summary"] = summary.into();
            }
            step
        }),
        2 => (words(), option::of("[a-z]{4}")).prop_map(|(text, signature)| {
            let mut step = json!({"type": "function_call", "id": "c1", "name": "f", "arguments": {"a": text}});
            if let Some(signature) = signature {
                step["signature"] = signature.into();
            }
            step
        }),
        2 => (result, option::of(any::<bool>())).prop_map(|(result, failed)| {
            let mut step = json!({"type": "function_result", "call_id": "c1", "name": "f", "result": result});
            if let Some(failed) = failed {
                step["is_error"] = failed.into();
            }
            step
        }),
        1 => Just(json!({"type": "google_search_call", "id": "s", "arguments": {"queries": ["q"]}})),
    ]
}

prop_compose! {
    fn asked()(
        input in vec(step(), 1..7),
        fields in vec(select(vec![
            ("system_instruction", json!("s")), ("cached_content", json!("c")), ("labels", json!({"a": "b"})),
            ("store", json!(true)), ("previous_interaction_id", json!("v1_0")), ("service_tier", json!("flex")),
            ("response_modalities", json!(["text", "image"])), ("response_modalities", json!(["video"])),
            ("response_format", json!({"type": "text", "mime_type": "application/json", "schema": {"type": "array"}})),
            ("response_format", json!([{"type": "audio"}])),
            ("safety_settings", json!([{"type": "harassment", "threshold": "off"}])),
        ]), 0..4),
        config in vec(select(vec![
            ("temperature", json!(0.5)), ("seed", json!(-3)), ("stop_sequences", json!(["a"])),
            ("thinking_level", json!("low")), ("thinking_level", json!("invented")),
            ("thinking_summaries", json!("auto")), ("thinking_summaries", json!("none")),
            ("image_config", json!({"aspect_ratio": "1:1"})), ("speech_config", json!([{"voice": "Kore"}])),
            ("speech_config", json!([{"voice": "Kore", "language": "de"}])),
        ]), 0..4),
        choice in select(vec![
            json!("auto"), json!("none"), json!("any"), json!("validated"), json!("invented"),
            json!({"allowed_tools": {"mode": "any", "tools": ["f"]}}),
            json!({"allowed_tools": {"mode": "validated", "tools": ["f", "g"]}}),
        ]),
        with_tools in any::<bool>(),
    ) -> Value {
        let mut asked = json!({"model": "m", "input": input});
        fields.into_iter().for_each(|(name, value)| asked[name] = value);
        let mut generation = json!({});
        config.into_iter().for_each(|(name, value)| generation[name] = value);
        if with_tools {
            let function = |name: &str| json!({"type": "function", "name": name, "defer_loading": true});
            asked["tools"] = json!([function("f"), {"type": "url_context"}, function("g")]);
            generation["tool_choice"] = choice;
        }
        if generation != json!({}) {
            asked["generation_config"] = generation;
        }
        asked
    }
}

/// A part of an answer, of this vendor or another.
fn answered() -> impl Strategy<Value = Part> {
    let own = |value: &str| Signature { issuer: FORMAT, value: value.to_owned() };
    let foreign = || Signature { issuer: Format::ANTHROPIC_MESSAGES, value: "E??>>".to_owned() };
    prop_oneof![
        4 => words().prop_map(Part::text),
        2 => words().prop_map(Part::reasoning),
        1 => words().prop_map(move |text| Part::reasoning(text).with_signature(own("sig"))),
        2 => words().prop_map(move |text| Part::reasoning(text).with_signature(foreign())),
        1 => words().prop_map(|text| {
            let reasoning = Reasoning { text, encrypted: Some("gAAA".into()) };
            let mut part = Part::new(Content::Reasoning(reasoning)).with_signature(Signature {
                issuer: Format::OPENAI_RESPONSES,
                value: String::new(),
            });
            part.extra = Extra::new(Format::OPENAI_RESPONSES, Map::from_iter([("id".to_owned(), json!("rs_1"))]));
            part
        }),
        2 => (words(), option::of("[a-z]{4}")).prop_map(move |(text, signed)| {
            let mut part = Part::tool_call("toolu_1", "f", json!({"a": text}).to_string());
            part.signature = signed.map(|signed| own(&signed));
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
            FinishReason::Stop, FinishReason::Length, FinishReason::ToolCalls, FinishReason::PauseTurn,
            FinishReason::ContentFilter(Some("safety".into())), FinishReason::Other("budget_exceeded".into()),
        ]),
        counts in (0_u64..100, 0_u64..100, option::of(0_u64..50), option::of(0_u64..50)),
    ) -> ChatResponse {
        let mut usage = Usage::new(counts.0 + counts.2.unwrap_or(0), counts.1 + counts.3.unwrap_or(0));
        usage.input.tool_use = counts.2;
        usage.output.reasoning = counts.3;
        usage.server_tools.web_searches = counts.2;
        ChatResponse {
            id: Some(ResponseId::new("r")),
            model: Some(ModelName::new("m")),
            choices: vec![Choice::new(0, parts, Some(reason))],
            usage: Some(usage),
            ..ChatResponse::default()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn what_is_asked_is_written_as_it_was_read(asked in asked()) {
        let request = door().decode_request("", asked.to_string().as_bytes()).unwrap();
        let target = Target { model: &request.model, card: None };
        let encoded = provider().encode_request(&target, &request).unwrap();
        prop_assert!(encoded.losses.is_empty(), "{:?}", encoded.losses);
        let written = spelling::steps(serde_json::from_slice(encoded.request.body()).unwrap());
        prop_assert_eq!(spelling::difference(&written, &spelling::steps(asked), ""), None);
    }

    #[test]
    fn what_is_answered_comes_back_from_the_client(answer in answer(), split in 1_usize..50) {
        let asked = r#"{"model":"m","input":"hi"}"#;
        let request = door().decode_request("", asked.as_bytes()).unwrap();
        let (body, losses) = whole(&request, &answer);
        prop_assert!(losses.is_empty(), "{losses:?}");
        assert_sent_back(asked, &body["steps"], &answer);
        let (bytes, losses) = stream(&request, &answer.clone().into_events(), None);
        prop_assert!(losses.is_empty(), "{losses:?}");
        let steps = sdk::join(std::str::from_utf8(&bytes).unwrap(), false);
        assert_sent_back(asked, &steps, &answer);
        let read = replay::stream(&provider(), &request, bytes.chunks(split));
        prop_assert!(read.is_finished());
        let again = http::Response::new(body.to_string().into());
        let again = provider().decode_response(&request, again).unwrap();
        prop_assert_eq!(&meaning(Assembler::fold(read.events)), &meaning(again.clone()));
        prop_assert_eq!((&again.usage, &again.choices[0].finish_reason), (&answer.usage, &answer.choices[0].finish_reason));
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..200), asked in asked(), at in any::<prop::sample::Index>()) {
        let _ = door().request_facts("", &bytes);
        let _ = door().decode_request("", &bytes);
        let mut text = asked.to_string().into_bytes();
        let place = at.index(text.len());
        text[place] = *bytes.first().unwrap_or(&b'7');
        let _ = door().decode_request("", &text);
        let _ = provider().decode_response(
            &tollgate_model::ChatRequest::new(ModelName::new("m"), vec![]),
            http::Response::new(text.into()),
        );
    }
}
