//! Properties of both directions: what is written is read back, wherever the bytes are cut, and no bytes panic.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use serde_json::json;
use tollgate_model::{
    Assembler, ChatEvent, ChatRequest, ChatResponse, Choice, Content, FinishReason, Message, ModelName, Part,
    ProviderName, Role, Usage,
    message::{Audio, Citation, MediaSource, Text, ToolResult},
    request::{AudioOutput, JsonSchema, ReasoningEffort, ResponseFormat, Tool, ToolChoice},
};
use tollgate_openai::{ChatFrontDoor, ChatProvider, DEFAULT_BASE_URL, NAME};
use tollgate_provider::{FrontDoor, Provider, Target, conformance::replay};

#[path = "front_door/sdk.rs"]
mod sdk;

const PATH: &str = "/v1/chat/completions";

fn provider() -> ChatProvider {
    ChatProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap())
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

/// A few messages in a row, as the format allows them.
fn piece() -> impl Strategy<Value = Vec<Message>> {
    prop_oneof![
        prop::collection::vec(words(), 1..3).prop_map(|texts| {
            vec![Message::new(Role::User, texts.into_iter().map(Part::text).collect())]
        }),
        words().prop_map(|text| vec![Message::new(Role::System, vec![Part::text(text)])]),
        words().prop_map(|text| vec![Message::new(Role::Assistant, vec![Part::text(text)])]),
        (words(), prop::collection::vec((arguments(), words()), 1..4)).prop_map(|(said, calls)| {
            let mut parts = vec![Part::text(said)];
            let id = |index: usize| format!("call_{index}");
            parts.extend(
                calls
                    .iter()
                    .enumerate()
                    .map(|(index, (input, _))| Part::tool_call(id(index), "f", input.as_str())),
            );
            let mut messages = vec![Message::new(Role::Assistant, parts)];
            messages.extend(calls.iter().enumerate().map(|(index, (_, output))| {
                let result = ToolResult::text(id(index), output.as_str());
                Message::new(Role::Tool, vec![Part::new(Content::ToolResult(result))])
            }));
            messages
        }),
    ]
}

prop_compose! {
    fn request()(
        pieces in prop::collection::vec(piece(), 1..6),
        tools in any::<bool>(),
        choice in prop::option::of(prop_oneof![
            Just(ToolChoice::None), Just(ToolChoice::Auto), Just(ToolChoice::Required),
            Just(ToolChoice::Named("f".to_owned())),
        ]),
        parallel in prop::option::of(any::<bool>()),
        effort in prop::option::of(prop::sample::select(ReasoningEffort::ALL.to_vec())),
        max_tokens in prop::option::of(1_u64..40_000),
        temperature in prop::option::of(0_u8..20),
        seed in prop::option::of(any::<i64>()),
        stop in prop::collection::vec("[a-z\n]{1,4}", 0..4),
        choices in prop::option::of(1_u32..5),
        structured in prop::option::of(any::<bool>()),
        user in prop::option::of(words()),
        stream in any::<bool>(),
    ) -> ChatRequest {
        let mut request = ChatRequest::new(ModelName::new("m"), pieces.concat());
        if tools {
            request.tools = vec![Tool::function("f", "does", json!({"type": "object", "properties": {}}))];
            request.tool_choice = choice;
            request.parallel_tool_calls = parallel;
        }
        request.reasoning.effort = effort;
        request.max_output_tokens = max_tokens;
        request.sampling.temperature = temperature.map(|tenths| f64::from(tenths) / 10.0);
        request.sampling.seed = seed;
        request.stop = stop;
        request.choices = choices;
        request.user = user;
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
    (words(), prop::option::of(words()), 0_u64..9, 9_u64..99).prop_map(|(title, cited_text, start, end)| {
        Citation {
            url: Some("https://a.example/1".to_owned()),
            title: Some(title),
            cited_text,
            start_index: Some(start),
            end_index: Some(end),
            ..Citation::default()
        }
    })
}

fn sound() -> impl Strategy<Value = Part> {
    words().prop_map(|transcript| {
        Part::new(Content::Audio(Audio {
            source: MediaSource::Base64 { media_type: "audio/wav".to_owned(), data: "UklGRg==".to_owned() },
            transcript: Some(transcript),
            id: Some("audio_1".to_owned()),
            expires_at: Some(1_795_003_600),
        }))
    })
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    let said = (words(), prop::collection::vec(citation(), 0..3));
    let rest = (prop::option::of(words()), prop::option::of(sound()));
    (prop::option::of(words()), prop::option::of(said), rest, prop::collection::vec(arguments(), 0..3))
        .prop_map(|(reasoning, said, (refusal, sound), calls)| {
            let mut parts = Vec::new();
            parts.extend(reasoning.map(Part::reasoning));
            parts.extend(said.map(|(text, citations)| Part::new(Content::Text(Text { text, citations }))));
            parts.extend(refusal.map(|text| Part::new(Content::Refusal(text))));
            parts.extend(sound);
            parts.extend(
                calls
                    .iter()
                    .enumerate()
                    .map(|(index, input)| Part::tool_call(format!("c{index}"), "f", input.as_str())),
            );
            parts
        })
}

prop_compose! {
    fn response()(
        choices in prop::collection::vec((parts(), prop::sample::select(vec![
            FinishReason::Stop, FinishReason::Length, FinishReason::ContentFilter(None),
        ])), 1..3),
        input in 0_u64..1_000_000,
        output in 0_u64..1_000_000,
        cached in prop::option::of(0_u64..1000),
        reasoned in prop::option::of(0_u64..1000),
    ) -> ChatResponse {
        let mut usage = Usage::new(input, output);
        usage.input.cache_read = cached;
        usage.output.reasoning = reasoned;
        let choices = choices.into_iter().zip(0..).map(|((parts, reason), index)| {
            let calls = parts.iter().any(|part| matches!(part.content, Content::ToolCall(_)));
            Choice::new(index, parts, Some(if calls { FinishReason::ToolCalls } else { reason }))
        });
        ChatResponse {
            id: Some("chatcmpl-1".into()),
            model: Some(ModelName::new("m-1")),
            created: Some(1_795_000_000),
            choices: choices.collect(),
            usage: Some(usage),
            ..ChatResponse::default()
        }
    }
}

/// What an answer says, without what only this format adds.
fn plain(mut response: ChatResponse) -> ChatResponse {
    response.extra = tollgate_model::Extra::NONE;
    for part in response.choices.iter_mut().flat_map(|choice| &mut choice.parts) {
        part.extra = tollgate_model::Extra::NONE;
    }
    response
}

/// Brings sources to the text they belong to: a stream tells them at its end, when calls have ended the text.
fn gathered(mut response: ChatResponse) -> ChatResponse {
    for choice in &mut response.choices {
        let late = choice.parts.iter().position(|part| part.as_text() == Some(""));
        let Some(Content::Text(late)) = late.map(|place| choice.parts.remove(place).content) else {
            continue;
        };
        let text = choice.parts.iter_mut().find_map(|part| match &mut part.content {
            Content::Text(text) => Some(text),
            _ => None,
        });
        text.unwrap().citations.extend(late.citations);
    }
    response
}

/// The bytes of a stream that says this.
fn stream_of(request: &ChatRequest, events: &[ChatEvent]) -> BytesMut {
    let mut out = BytesMut::new();
    let mut encoder = ChatFrontDoor::new().stream_encoder(request, 1_795_000_000);
    for event in events {
        encoder.encode(event, &mut out);
    }
    out
}

fn asking() -> ChatRequest {
    let mut request = ChatRequest::new(ModelName::new("m"), vec![Message::user("?")]).streamed();
    request.stream_usage = Some(true);
    // Answers do not say how sound is encoded.
    request.audio = Some(AudioOutput { voice: None, format: Some("wav".to_owned()) });
    request
}

proptest! {
    #[test]
    fn a_request_is_read_as_it_was_written(request in request()) {
        let target = Target { model: &request.model, card: None };
        let encoded = provider().encode_request(&target, &request).unwrap();
        prop_assert!(encoded.losses.is_empty(), "{:?}", encoded.losses);
        let door = ChatFrontDoor::new();
        let facts = door.request_facts(PATH, encoded.request.body()).unwrap();
        prop_assert_eq!((&facts.model, facts.stream), (&request.model, request.stream));
        let mut again = door.decode_request(PATH, encoded.request.body()).unwrap();
        // Encoding asks for usage, since a call is to be paid for.
        again.stream_usage = request.stream_usage;
        prop_assert_eq!(again, request);
    }

    #[test]
    fn an_answer_is_read_as_it_was_written(response in response()) {
        let encoded = ChatFrontDoor::new().encode_response(&asking(), &response, 7);
        prop_assert!(encoded.losses.is_empty(), "{:?}", encoded.losses);
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
        prop_assert_eq!(gathered(plain(Assembler::fold(replayed.events))), response);
    }

    #[test]
    fn a_stream_joined_as_sdks_do_is_the_whole_answer(response in response()) {
        let stream = stream_of(&asking(), &response.clone().into_events());
        let joined = sdk::join(std::str::from_utf8(&stream).unwrap(), &asking(), false);
        let whole = ChatFrontDoor::new().encode_response(&asking(), &response, 7).body;
        sdk::assert_same(&joined, &serde_json::from_slice(&whole).unwrap());
    }

    #[test]
    fn a_stream_that_breaks_off_has_no_end(response in response(), cut in 0.0_f64..1.0) {
        let stream = stream_of(&asking(), &response.into_events());
        let end = stream.len() - b"data: [DONE]\n\n".len();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place within the stream")]
        let at = (end as f64 * cut) as usize;
        let replayed = replay::stream(&provider(), &asking(), [&stream[..at]]);
        prop_assert!(replayed.error.is_some() && !replayed.is_finished());
    }

    #[test]
    fn unfolding_and_folding_change_nothing(response in response()) {
        prop_assert_eq!(Assembler::fold(response.clone().into_events()), response);
    }

    #[test]
    fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let door = ChatFrontDoor::new();
        let _ = door.request_facts(PATH, &body);
        let _ = door.decode_request(PATH, &body);
        let bytes = Bytes::from(body.clone());
        let _ = provider().decode_response(&asking(), http::Response::new(bytes.clone()));
        let _ = provider().decode_error(http::Response::new(bytes));
        let _ = replay::stream(&provider(), &asking(), [&body[..]]);
    }
}
