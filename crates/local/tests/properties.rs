//! Whatever the answer and wherever the network cuts it, it means the same; and no bytes cause a panic.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use bytes::Bytes;
use http::Response;
use proptest::{collection::vec, option, prelude::*};
use serde_json::{Value, json};
use tollgate_local::ollama::{ChatProvider, DEFAULT_BASE_URL, NAME};
use tollgate_model::{
    Assembler, ChatRequest, ChatResponse, Content, ErrorKind, FinishReason, Message, ModelName, Part,
    ProviderName, Role,
};
use tollgate_provider::{
    Provider, Target,
    conformance::{check_grammar, check_grammar_so_far, replay},
};

/// What a server says, before it is written down.
#[derive(Debug, Clone)]
struct Answer {
    thinking: Vec<String>,
    content: Vec<String>,
    calls: Vec<(Option<String>, String, Value)>,
    done_reason: Option<&'static str>,
    counts: (Option<u32>, Option<u32>),
}

impl Answer {
    fn end(&self) -> Value {
        let mut end = json!({"done": true});
        for (name, value) in [
            ("done_reason", self.done_reason.map(Value::from)),
            ("prompt_eval_count", self.counts.0.map(Value::from)),
            ("eval_count", self.counts.1.map(Value::from)),
        ] {
            if let Some(value) = value {
                end[name] = value;
            }
        }
        end
    }

    fn calls(&self) -> Vec<Value> {
        let call = |(id, name, arguments): &(Option<String>, String, Value)| {
            let mut call = json!({"function": {"name": name, "arguments": arguments}});
            if let Some(id) = id {
                call["id"] = id.as_str().into();
            }
            call
        };
        self.calls.iter().map(call).collect()
    }

    fn whole(&self) -> Vec<u8> {
        let (thinking, content) = (self.thinking.concat(), self.content.concat());
        let message = json!({"role": "assistant", "content": content, "thinking": thinking, "tool_calls": self.calls()});
        line(&message, &self.end())
    }

    fn lines(&self) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        let mut put =
            |message: Value, end: Value| lines.push([line(&message, &end), b"\n".to_vec()].concat());
        for text in &self.thinking {
            put(json!({"role": "assistant", "content": "", "thinking": text}), json!({"done": false}));
        }
        for text in &self.content {
            put(json!({"role": "assistant", "content": text}), json!({"done": false}));
        }
        for call in self.calls() {
            put(json!({"role": "assistant", "content": "", "tool_calls": [call]}), json!({"done": false}));
        }
        put(json!({"role": "assistant", "content": ""}), self.end());
        lines
    }
}

fn line(message: &Value, end: &Value) -> Vec<u8> {
    let mut line = json!({"model": "m", "created_at": "2026-11-20T09:15:30Z", "message": message});
    line.as_object_mut().unwrap().extend(end.as_object().unwrap().clone());
    line.to_string().into_bytes()
}

fn answers() -> impl Strategy<Value = Answer> {
    let text = "[a-zà-ü\"\\\\\n\u{1F600}-\u{1F64F} ]{0,8}";
    let arguments = vec(
        ("[a-z]{1,4}", prop_oneof![any::<i64>().prop_map(Value::from), text.prop_map(Value::from)]),
        0..3,
    )
    .prop_map(|fields| Value::Object(fields.into_iter().collect()));
    let reasons = prop_oneof![Just(None), Just(Some("stop")), Just(Some("length")), Just(Some("unload"))];
    (
        vec(text, 0..4),
        vec(text, 0..4),
        vec((option::of("call_[0-3]{1,2}"), "[a-z_]{1,6}", arguments), 0..3),
        reasons,
        (option::of(any::<u32>()), option::of(any::<u32>())),
    )
        .prop_map(|(thinking, content, calls, done_reason, counts)| Answer {
            thinking,
            content,
            calls,
            done_reason,
            counts,
        })
}

fn provider() -> ChatProvider {
    ChatProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap())
}

fn request() -> ChatRequest {
    ChatRequest::new(ModelName::new("m"), vec![Message::user("hi")]).streamed()
}

fn expect_answer(answer: &Answer, response: &ChatResponse) {
    let choice = &response.choices[0];
    let (mut text, mut thinking, mut calls) = (String::new(), String::new(), Vec::new());
    for part in &choice.parts {
        match &part.content {
            Content::Text(part) => text += &part.text,
            Content::Reasoning(part) => thinking += &part.text,
            Content::ToolCall(call) => calls.push((call.name.clone(), call.arguments_object().unwrap())),
            other => panic!("nothing of this was said: {other:?}"),
        }
    }
    assert_eq!((text, thinking), (answer.content.concat(), answer.thinking.concat()));
    let said = answer
        .calls
        .iter()
        .map(|(_, name, arguments)| (name.clone(), arguments.as_object().unwrap().clone()));
    assert_eq!(calls, said.collect::<Vec<_>>());
    let reason = match answer.done_reason {
        None | Some("stop") if !answer.calls.is_empty() => Some(FinishReason::ToolCalls),
        None => None,
        Some("stop") => Some(FinishReason::Stop),
        Some("length") => Some(FinishReason::Length),
        Some(other) => Some(FinishReason::Other(other.to_owned())),
    };
    assert_eq!(choice.finish_reason, reason);
    let usage = response.usage.unwrap_or_default();
    assert_eq!(
        (usage.input_tokens, usage.output_tokens),
        (answer.counts.0.map(u64::from), answer.counts.1.map(u64::from))
    );
}

proptest! {
    #[test]
    fn any_cut_gives_the_whole_answer(answer in answers(), sizes in vec(1..9_usize, 1..6)) {
        let provider = provider();
        let whole = provider.decode_response(&request(), Response::new(answer.whole().into()));
        let whole = whole.unwrap();
        expect_answer(&answer, &whole);
        let body = answer.lines().concat();
        let mut rest = &body[..];
        let mut chunks = Vec::new();
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, behind) = rest.split_at((*size).min(rest.len()));
            chunks.push(chunk);
            rest = behind;
        }
        let streamed = replay::stream(&provider, &request(), chunks);
        prop_assert!(streamed.error.is_none());
        check_grammar(&streamed.events).unwrap();
        prop_assert_eq!(Assembler::fold(streamed.events), whole);
    }

    #[test]
    fn without_its_last_line_an_answer_is_truncated(answer in answers()) {
        let lines = answer.lines();
        for end in 0..lines.len() {
            let chunks = lines[..end].iter().map(Vec::as_slice);
            let streamed = replay::stream(&provider(), &request(), chunks);
            prop_assert_eq!(streamed.error.unwrap().kind(), ErrorKind::Truncated);
            check_grammar_so_far(&streamed.events).unwrap();
        }
    }

    #[test]
    fn made_ids_are_all_different(answer in answers(), earlier in vec("call_[0-3]{1,2}", 0..4)) {
        let calls = earlier.iter().map(|id| Part::tool_call(id.as_str(), "f", "{}")).collect();
        let mut request = request();
        request.messages.push(Message::new(Role::Assistant, calls));
        let response = provider().decode_response(&request, Response::new(answer.whole().into())).unwrap();
        let parts = response.choices.iter().flat_map(|choice| &choice.parts);
        let ids = parts.filter_map(|part| match &part.content {
            Content::ToolCall(call) => Some(call.id.as_str().to_owned()),
            _ => None,
        });
        let mut seen = earlier;
        for (id, (given, ..)) in ids.zip(&answer.calls) {
            match given {
                Some(given) => prop_assert_eq!(&id, given),
                None => prop_assert!(!seen.contains(&id), "{} was there before", id),
            }
            seen.push(id);
        }
    }

    #[test]
    fn no_bytes_cause_a_panic(bytes in vec(any::<u8>(), 0..200), status in 300..600_u16) {
        let provider = provider();
        let _ = provider.decode_response(&request(), Response::new(Bytes::from(bytes.clone())));
        let failed = Response::builder().status(status).body(Bytes::from(bytes.clone())).unwrap();
        prop_assert_eq!(provider.decode_error(failed).status.unwrap().as_u16(), status);
        let streamed = replay::stream(&provider, &request(), [&bytes[..]]);
        prop_assert!(streamed.error.is_some() && !streamed.is_finished());
    }

    #[test]
    fn arguments_go_through_as_they_were_written(spaces in " {0,3}", number in "-?[1-9][0-9]{0,30}(\\.[0-9]{1,20})?") {
        let written = format!("{spaces}{{{spaces}\"n\":{spaces}{number}{spaces}}}{spaces}");
        let mut request = request();
        request.messages.push(Message::new(Role::Assistant, vec![Part::tool_call("1", "f", written.as_str())]));
        let model = ModelName::new("m");
        let encoded = provider().encode_request(&Target { model: &model, card: None }, &request).unwrap();
        prop_assert!(encoded.losses.is_empty());
        let body = String::from_utf8(encoded.request.body().to_vec()).unwrap();
        prop_assert!(body.contains(written.trim()), "{}", body);
    }
}
