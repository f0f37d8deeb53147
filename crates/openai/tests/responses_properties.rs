//! Properties of both directions: what is written is read back, wherever the bytes are cut, and no bytes panic.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use serde_json::json;
use tollgate_model::{
    Assembler, ChatEvent, ChatRequest, ChatResponse, Choice, Content, Extra, FinishReason, Format, Message,
    ModelName, Part, ProviderName, Role, Signature, Usage,
    message::{Citation, Document, Image, MediaSource, Reasoning, Text, ToolCallKind, ToolResult},
    request::{
        CustomTool, JsonSchema, Logprobs, ReasoningEffort, ResponseFormat, Tool, ToolChoice, ToolKind,
    },
    response::TokenLogprob,
};
use tollgate_openai::{DEFAULT_BASE_URL, NAME, ResponsesFrontDoor, ResponsesProvider};
use tollgate_provider::{FrontDoor, Provider, Target, conformance::replay};

#[path = "responses_front_door/sdk.rs"]
mod sdk;

const PATH: &str = "/v1/responses";

fn provider() -> ResponsesProvider {
    ResponsesProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap())
}

/// Texts that JSON and streams find hard.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zé€😀]{1,12}",
        Just("\"\\\u{1}\u{7f}".to_owned()),
        Just("data: [DONE]\n\nevent: error\n".to_owned()),
        Just("\u{2028}\r\n\t".to_owned()),
        Just("{\"a\":1}".to_owned()),
    ]
}

fn arguments() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("{}".to_owned()),
        words().prop_map(|words| json!({"a": words, "b": [1, null]}).to_string())
    ]
}

fn issuer() -> impl Strategy<Value = Format> {
    prop_oneof![
        Just(Format::OPENAI_RESPONSES),
        Just(Format::ANTHROPIC_MESSAGES),
        Just(Format::GEMINI_GENERATE_CONTENT),
        Just(Format::new("xai.responses")),
    ]
}

/// Reasoning as its vendors give it out: sealed, signed, or shown only.
fn reasoning() -> impl Strategy<Value = Part> {
    (prop::collection::vec(words(), 0..3), issuer(), prop::option::of(words())).prop_map(
        |(pieces, issuer, seal)| {
            let own = issuer == Format::OPENAI_RESPONSES;
            let encrypted = seal.clone().filter(|_| own || pieces.is_empty());
            let mut part = Part::new(Content::Reasoning(Reasoning { text: pieces.join("\n\n"), encrypted }));
            if let Some(seal) = seal {
                let value = if own || pieces.is_empty() { String::new() } else { seal };
                part.signature = Some(Signature { issuer, value });
            }
            part
        },
    )
}

fn call(id: usize, input: &str) -> Part {
    let mut part = Part::tool_call(format!("call_{id}"), "f", input);
    if let (Content::ToolCall(call), true) = (&mut part.content, id % 3 == 2) {
        call.kind = ToolCallKind::Custom;
    }
    part
}

fn media() -> impl Strategy<Value = Part> {
    let source = prop_oneof![
        Just(MediaSource::Base64 { media_type: "image/png".to_owned(), data: "iVBORw0KGgo=".to_owned() }),
        Just(MediaSource::Url { url: "https://a.example/x".to_owned(), media_type: None }),
        Just(MediaSource::File { id: "file_1".to_owned(), issuer: Format::OPENAI_RESPONSES }),
    ];
    (source, any::<bool>()).prop_map(|(source, image)| {
        Part::new(if image {
            Content::Image(Image { source, detail: None })
        } else {
            let filename = Some("a.pdf".to_owned());
            Content::Document(Document { source, filename, context: None, citations: None })
        })
    })
}

/// A few messages in a row, as the format allows them. Neighbours of one role stand apart, but for the model's.
fn piece() -> impl Strategy<Value = Vec<Message>> {
    prop_oneof![
        (prop::collection::vec(words(), 1..3), prop::option::of(media())).prop_map(|(texts, media)| {
            let parts = texts.into_iter().map(Part::text).chain(media);
            vec![Message::new(Role::User, parts.collect())]
        }),
        words().prop_map(|text| vec![Message::system(text)]),
        words().prop_map(|text| vec![Message::new(Role::Developer, vec![Part::text(text)])]),
        (words(), prop::collection::vec((arguments(), words(), prop::option::of(media())), 0..4)).prop_map(
            |(said, calls)| {
                let mut parts = vec![Part::text(said)];
                parts.extend(calls.iter().enumerate().map(|(id, (input, ..))| call(id, input)));
                let mut messages = vec![Message::new(Role::Assistant, parts)];
                messages.extend(calls.into_iter().enumerate().map(|(id, (_, output, media))| {
                    let mut result = ToolResult::text(format!("call_{id}"), output);
                    result.parts.extend(media);
                    Message::new(Role::Tool, vec![Part::new(Content::ToolResult(result))])
                }));
                messages.push(Message::user("go on"));
                messages
            }
        ),
    ]
}

fn choice() -> impl Strategy<Value = ToolChoice> {
    prop_oneof![
        Just(ToolChoice::None),
        Just(ToolChoice::Auto),
        Just(ToolChoice::Required),
        Just(ToolChoice::Named("f".to_owned())),
        any::<bool>().prop_map(|required| ToolChoice::Allowed {
            required,
            names: vec!["f".to_owned(), "shell".to_owned()],
        }),
    ]
}

prop_compose! {
    fn request()(
        pieces in prop::collection::vec(piece(), 1..6),
        tools in any::<bool>(),
        strict in any::<bool>(),
        choice in prop::option::of(choice()),
        parallel in prop::option::of(any::<bool>()),
        effort in prop::option::of(prop::sample::select(ReasoningEffort::ALL.to_vec())),
        visible in prop::option::of(Just(true)),
        max_tokens in prop::option::of(16_u64..40_000),
        temperature in prop::option::of(0_u8..20),
        structured in prop::option::of(any::<bool>()),
        user in prop::option::of(words()),
        key in prop::option::of(words()),
        stream in any::<bool>(),
    ) -> ChatRequest {
        let mut request = ChatRequest::new(ModelName::new("m"), pieces.concat());
        if tools {
            let mut function = Tool::function("f", "does", json!({"type": "object", "properties": {}}));
            if let ToolKind::Function(function) = &mut function.kind {
                function.strict = Some(strict);
            }
            let shell = CustomTool {
                name: "shell".to_owned(), description: None, format: Some(json!({"type": "text"})),
            };
            request.tools = vec![function, Tool::new(ToolKind::Custom(shell))];
            request.tool_choice = choice;
            request.parallel_tool_calls = parallel;
        }
        request.reasoning.effort = effort;
        request.reasoning.visible = visible;
        request.max_output_tokens = max_tokens;
        request.sampling.temperature = temperature.map(|tenths| f64::from(tenths) / 10.0);
        request.user = user;
        request.cache.key = key;
        request.stream = stream;
        request.response_format = structured.map(|schema| if schema {
            let schema = json!({"type": "object", "properties": {"z": {"type": "string"}, "a": {}}});
            ResponseFormat::JsonSchema(JsonSchema {
                name: Some("answer".to_owned()), description: None, schema, strict: Some(true),
            })
        } else {
            ResponseFormat::JsonObject
        });
        request
    }
}

fn citation() -> impl Strategy<Value = Citation> {
    (words(), 0_u64..9, 9_u64..99).prop_map(|(title, start, end)| Citation {
        url: Some("https://a.example/1".to_owned()),
        title: Some(title),
        start_index: Some(start),
        end_index: Some(end),
        ..Citation::default()
    })
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    let said = prop_oneof![
        reasoning(),
        (words(), prop::collection::vec(citation(), 0..3))
            .prop_map(|(text, citations)| Part::new(Content::Text(Text { text, citations }))),
        words().prop_map(|text| Part::new(Content::Refusal(text))),
        arguments().prop_map(|input| call(0, &input)),
        words().prop_map(|input| call(2, &input)),
    ];
    prop::collection::vec(said, 0..6).prop_map(|mut parts| {
        for (number, part) in parts.iter_mut().enumerate() {
            if let Content::ToolCall(call) = &mut part.content {
                call.id = format!("call_{number}").into();
            }
        }
        parts
    })
}

prop_compose! {
    fn response()(
        parts in parts(),
        reason in prop::sample::select(vec![
            FinishReason::Stop, FinishReason::Length, FinishReason::ContentFilter(None),
            FinishReason::Other("max_messages".to_owned()),
        ]),
        tokens in any::<bool>(),
        input in 0_u64..1_000_000,
        output in 0_u64..1_000_000,
        detail in [0_u64..1000, 0_u64..1000, 0_u64..1000],
    ) -> ChatResponse {
        let mut usage = Usage::new(input, output);
        usage.input.cache_read = Some(detail[0]);
        usage.input.cache_write = Some(detail[1]);
        usage.output.reasoning = Some(detail[2]);
        let calls = parts.iter().any(|part| matches!(part.content, Content::ToolCall(_)));
        let reason = if calls && reason == FinishReason::Stop { FinishReason::ToolCalls } else { reason };
        // A token for each text, so that it is clear whose it is.
        let texts = parts.iter().filter_map(Part::as_text).filter(|_| tokens);
        let logprobs = texts.map(|text| TokenLogprob {
            token: text.to_owned(), logprob: -0.5, bytes: Some(text.as_bytes().to_vec()), top: Vec::new(),
        }).collect();
        ChatResponse {
            id: Some("resp_1".into()),
            model: Some(ModelName::new("m-1")),
            created: Some(1_795_000_000),
            choices: vec![Choice { index: 0, parts, finish_reason: Some(reason), logprobs }],
            usage: Some(usage),
            ..ChatResponse::default()
        }
    }
}

/// What an answer says, without what only this format adds; proofs of other vendors given back as a front door does.
fn plain(mut response: ChatResponse) -> ChatResponse {
    response.extra = Extra::NONE;
    for part in response.choices.iter_mut().flat_map(|choice| &mut choice.parts) {
        if part.extra.fields(&Format::OPENAI_RESPONSES).is_some() {
            part.extra = Extra::NONE;
        }
    }
    response
}

fn plain_request(mut request: ChatRequest) -> ChatRequest {
    for message in &mut request.messages {
        for part in &mut message.parts {
            let custom = part.extra.field(&Format::OPENAI_RESPONSES, "note:item");
            if custom == Some(&json!({"type": "custom_tool_call_output"})) {
                part.extra = Extra::NONE;
            }
        }
    }
    request
}

/// The bytes of a stream that says this.
fn stream_of(request: &ChatRequest, events: &[ChatEvent]) -> BytesMut {
    let mut out = BytesMut::new();
    let mut encoder = ResponsesFrontDoor::new().stream_encoder(request, 1_795_000_000);
    for event in events {
        encoder.encode(event, &mut out);
    }
    assert!(encoder.losses().is_empty(), "{:?}", encoder.losses());
    out
}

fn asking() -> ChatRequest {
    let mut request = ChatRequest::new(ModelName::new("m"), vec![Message::user("?")]).streamed();
    request.logprobs = Some(Logprobs { top: None });
    request
}

/// Neighbouring messages of the model are one.
fn folded(mut request: ChatRequest) -> ChatRequest {
    let mut folded: Vec<Message> = Vec::new();
    for message in request.messages {
        match folded.last_mut() {
            Some(last) if last.role == Role::Assistant && message.role == Role::Assistant => {
                last.parts.extend(message.parts);
            }
            _ => folded.push(message),
        }
    }
    request.messages = folded;
    request
}

proptest! {
    #[test]
    fn a_request_is_read_as_it_was_written(request in request()) {
        let target = Target { model: &request.model, card: None };
        let encoded = provider().encode_request(&target, &request).unwrap();
        prop_assert!(encoded.losses.is_empty(), "{:?}", encoded.losses);
        let door = ResponsesFrontDoor::new();
        let facts = door.request_facts(PATH, encoded.request.body()).unwrap();
        prop_assert_eq!((&facts.model, facts.stream), (&request.model, request.stream));
        let mut again = door.decode_request(PATH, encoded.request.body()).unwrap();
        // Encoding asks that nothing be kept.
        prop_assert_eq!(again.extra.field(&Format::OPENAI_RESPONSES, "note:not_kept"), Some(&json!(true)));
        again.extra = Extra::NONE;
        prop_assert_eq!(plain_request(again), folded(request));
    }

    #[test]
    fn what_the_model_said_comes_back_as_it_was(response in response()) {
        let encoded = ResponsesFrontDoor::new().encode_response(&asking(), &response, 7);
        prop_assert!(encoded.losses.is_empty(), "{:?}", encoded.losses);
        // A client sends all of it back, and asks on.
        let answer: serde_json::Value = serde_json::from_slice(&encoded.body).unwrap();
        let mut input = answer["output"].as_array().unwrap().clone();
        input.push(json!({"role": "user", "content": "go on"}));
        let body = json!({"model": "m", "input": input}).to_string();
        let again = ResponsesFrontDoor::new().decode_request(PATH, body.as_bytes()).unwrap();
        let said = again.messages.first().filter(|message| message.role == Role::Assistant);
        let mut said: Vec<Part> = said.map(|message| message.parts.clone()).unwrap_or_default();
        for part in &mut said {
            if part.extra.fields(&Format::OPENAI_RESPONSES).is_some() {
                part.extra = Extra::NONE;
            }
        }
        prop_assert_eq!(&said, &response.choices[0].parts);
    }

    #[test]
    fn an_answer_is_read_as_it_was_written(response in response()) {
        let encoded = ResponsesFrontDoor::new().encode_response(&asking(), &response, 7);
        let again = provider().decode_response(&asking(), http::Response::new(encoded.body)).unwrap();
        prop_assert_eq!(plain(again), response);
    }

    #[test]
    fn a_stream_is_read_as_it_was_written_wherever_it_is_cut(
        response in response(),
        cuts in prop::collection::vec(1..40_usize, 1..8),
    ) {
        let stream = stream_of(&asking(), &response.clone().into_events());
        let mut rest = &stream[..];
        let mut pieces = Vec::new();
        for cut in cuts.into_iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        let replayed = replay::stream(&provider(), &asking(), pieces);
        prop_assert!(replayed.error.is_none(), "{:?}", replayed.error);
        let whole = replay::stream(&provider(), &asking(), [&stream[..]]);
        prop_assert_eq!(&replayed.events, &whole.events);
        prop_assert_eq!(plain(Assembler::fold(replayed.events)), response);
    }

    #[test]
    fn a_stream_joined_as_sdks_do_is_the_whole_answer(response in response()) {
        let stream = stream_of(&asking(), &response.clone().into_events());
        let joined = sdk::join(std::str::from_utf8(&stream).unwrap(), false);
        let whole = ResponsesFrontDoor::new().encode_response(&asking(), &response, 7).body;
        prop_assert_eq!(joined, serde_json::from_slice::<serde_json::Value>(&whole).unwrap());
    }

    #[test]
    fn a_stream_that_breaks_off_has_no_end(response in response(), cut in 0.0_f64..1.0) {
        let stream = stream_of(&asking(), &response.into_events());
        let end = String::from_utf8(stream.to_vec()).unwrap().rfind("event: response.").unwrap();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place within the stream")]
        let at = (end as f64 * cut) as usize;
        let replayed = replay::stream(&provider(), &asking(), [&stream[..at]]);
        prop_assert!(replayed.error.is_some() && !replayed.is_finished());
    }

    #[test]
    fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let door = ResponsesFrontDoor::new();
        let _ = door.request_facts(PATH, &body);
        let _ = door.decode_request(PATH, &body);
        let bytes = Bytes::from(body.clone());
        let _ = provider().decode_response(&asking(), http::Response::new(bytes.clone()));
        let _ = provider().decode_error(http::Response::new(bytes));
        let _ = replay::stream(&provider(), &asking(), [&body[..]]);
    }
}
