//! Answers of every format, told to the clients of every other, and read again as they read them.

use std::path::Path;

use serde_json::{Value, json};
use tollgate_model::{
    ChatRequest, ChatResponse, Choice, Content, Extra, FinishReason, Format, LossKind, Message, ModelName,
    Part, Signature, Usage,
    message::{Audio, Citation, Image, MediaSource, Opaque, Reasoning, Text, ToolCall, ToolCallKind},
    response::TokenLogprob,
};
use tollgate_provider::{carried, conformance::replay};

use super::{
    facts::{lost_paths, of_answer, speaks_of},
    formats::{Pair, all},
};

/// What a format says unasked, or in another way, so that it means the same. Each with its reason.
const SAME_MEANING: &[(&str, &str)] = &[
    // Required: an answer that has none is given one, and the moment is now.
    ("", "id"),
    ("", "created"),
    ("", "model"),
    // The vendors' words for the usual class.
    ("anthropic.messages", "service_tier"),
    ("gemini.generate_content", "service_tier"),
    ("gemini.interactions", "service_tier"),
    // Required beside what they describe.
    ("openai.chat", "choices[].parts[].content.value.citations[].start_index"),
    ("openai.chat", "choices[].parts[].content.value.citations[].end_index"),
    ("openai.responses", "choices[].parts[].content.value.citations[].start_index"),
    ("openai.responses", "choices[].parts[].content.value.citations[].end_index"),
    ("gemini.generate_content", "choices[].parts[].content.value.citations[].start_index"),
    ("gemini.generate_content", "choices[].parts[].content.value.citations[].end_index"),
    // Required, and the very bytes of the token beside them.
    ("openai.responses", "choices[].logprobs[].bytes"),
    ("openai.responses", "choices[].logprobs[].top[].bytes"),
    // An answer that is complete has ended.
    ("openai.responses", "choices[].finish_reason.type"),
    // It has one word for this, and keeps the word.
    ("gemini.generate_content", "choices[].finish_reason.detail"),
    ("openai.chat", "choices[].parts[].content.value.expires_at"),
    ("openai.chat", "choices[].parts[].content.value.transcript"),
    // The question decides how it is answered, and this one was not asked so.
    ("openai.responses", "extra.fields.user"),
    ("openai.chat", "choices[].parts[].extra.fields.legacy_function"),
    // One sum for what is kept briefly and for long.
    ("openai.chat", "usage.input.cache_write"),
    // Required numbers.
    ("anthropic.messages", "usage.input_tokens"),
    ("anthropic.messages", "usage.output_tokens"),
];

pub(crate) fn asked() -> ChatRequest {
    ChatRequest::new(ModelName::new("m"), vec![Message::user("hello")])
}

/// Tells an answer to a client of `a`; returns what differs without a word, and what is called lost and is there.
pub(crate) fn told(a: &Pair, answer: &ChatResponse) -> Vec<String> {
    let (body, losses) = a.answer(&asked(), answer);
    let mut back = a.read_answer(&asked(), &body);
    // A proof that was carried in another vendor's field is unpacked when the client sends it back.
    for part in back.choices.iter_mut().flat_map(|choice| &mut choice.parts) {
        if let Some(Signature { value, .. }) = part.signature.clone() {
            carried::unpack(&value, part);
        }
    }
    if *a.format() == Format::OPENAI_RESPONSES && !back.choices.is_empty() {
        // The answer's items are the next question's: what is carried beside a part is put back on it there.
        let again = json!({"model": "m", "input": body["output"]});
        let parts =
            a.read(again.to_string().as_bytes()).unwrap().messages.into_iter().map(|message| message.parts);
        back.choices[0].parts = parts.flatten().collect();
    }
    let differences = of_answer(answer).differences(&of_answer(&back));
    let lost = lost_paths(&losses);
    let emulated = losses.iter().any(|loss| loss.kind == LossKind::Emulated);
    let format = a.to_string();
    let same = |path: &str| {
        // What is written is kept as it stands by whoever reads it: a field more is none less.
        let own = path.contains("extra.fields") && !differences.iter().any(|it| it.gone && it.path == path);
        own || SAME_MEANING.iter().any(|(by, known)| (by.is_empty() || *by == format) && path == *known)
    };
    let mut wrong = Vec::new();
    for difference in &differences {
        let explained = lost.iter().any(|lost| speaks_of(lost, &difference.path));
        if !explained && !emulated && !same(&difference.path) {
            wrong.push(format!("{difference}, and no loss says so"));
        }
    }
    for loss in losses.iter().filter(|loss| loss.kind == LossKind::Dropped) {
        let shown = |lost: &String| differences.iter().any(|difference| speaks_of(lost, &difference.path));
        if !lost.iter().any(shown) {
            wrong.push(format!("{} is called lost, and is there", loss.path));
        }
    }
    wrong
}

fn answer(parts: Vec<Part>, reason: FinishReason) -> ChatResponse {
    ChatResponse {
        id: Some("id_1".into()),
        model: Some(ModelName::new("m")),
        choices: vec![Choice::new(0, parts, Some(reason))],
        usage: Some(Usage::new(10, 5)),
        ..ChatResponse::default()
    }
}

fn signed(issuer: &Format) -> Signature {
    Signature { issuer: issuer.clone(), value: "c2lnbmVk".to_owned() }
}

/// An answer with a detail in its usage.
fn counted(detail: fn(&mut Usage)) -> ChatResponse {
    let mut answer = answer(vec![Part::text("Four it is.")], FinishReason::Stop);
    let usage = answer.usage.insert(Usage::new(10, 5));
    detail(usage);
    answer
}

/// Answers that say one thing each.
pub(crate) fn generated() -> Vec<(&'static str, ChatResponse)> {
    let text = || vec![Part::text("Four it is.")];
    let stop = |parts| answer(parts, FinishReason::Stop);
    let call = |id: &str| Part::tool_call(id, "f", r#"{"b":1,"a":"x"}"#);
    let with = |change: fn(&mut ChatResponse)| {
        let mut answer = stop(text());
        change(&mut answer);
        answer
    };
    let mut cited = Text::new("Four it is.");
    cited.citations.push(Citation {
        url: Some("https://a.example".into()),
        title: Some("A".into()),
        ..Citation::default()
    });
    let mut placed = cited.clone();
    placed.citations[0].cited_text = Some("four".into());
    (placed.citations[0].start_index, placed.citations[0].end_index) = (Some(0), Some(4));
    let custom = ToolCall { kind: ToolCallKind::Custom, ..ToolCall::new("c", "f", "free text") };
    let media = |media_type: &str| MediaSource::Base64 { media_type: media_type.into(), data: "AAAA".into() };
    let sound =
        Audio { source: media("audio/wav"), transcript: Some("la".into()), id: None, expires_at: None };
    let stranger = Opaque { format: Format::new("a.stranger"), value: json!({"type": "strange"}) };
    let mut answers = vec![
        ("text", stop(text())),
        ("no text", stop(vec![])),
        ("a citation", stop(vec![Part::new(Content::Text(cited))])),
        ("a citation with its words and place", stop(vec![Part::new(Content::Text(placed))])),
        ("reasoning", stop(vec![Part::reasoning("Two and two."), Part::text("Four.")])),
        ("a refusal", stop(vec![Part::new(Content::Refusal("No.".into()))])),
        ("tool calls", answer(vec![call("a"), call("b")], FinishReason::ToolCalls)),
        ("text and a call", answer(vec![Part::text("I look."), call("a")], FinishReason::ToolCalls)),
        (
            "a call whose JSON is broken",
            answer(vec![Part::tool_call("a", "f", "{\"b\":")], FinishReason::ToolCalls),
        ),
        ("a call with any text", answer(vec![Part::new(Content::ToolCall(custom))], FinishReason::ToolCalls)),
        ("sound", stop(vec![Part::new(Content::Audio(sound))])),
        (
            "a picture",
            stop(vec![Part::new(Content::Image(Image { source: media("image/png"), detail: None }))]),
        ),
        (
            "a block that only another format has",
            stop(vec![Part::new(Content::Opaque(stranger)), Part::text("Four.")]),
        ),
        ("cut at the most tokens", answer(text(), FinishReason::Length)),
        ("ended by a stop text", answer(text(), FinishReason::StopSequence(Some("HALT".into())))),
        ("ended by a full context window", answer(text(), FinishReason::ContextWindow)),
        ("cut by a filter", answer(text(), FinishReason::ContentFilter(Some("SAFETY".into())))),
        ("declined without a word", answer(text(), FinishReason::Refusal(Some("bio".into())))),
        ("a paused turn", answer(text(), FinishReason::PauseTurn)),
        ("ended by a malformed call", answer(text(), FinishReason::MalformedToolCall(None))),
        ("two answers", with(|answer| answer.choices.push(Choice::new(1, vec![Part::text("Five?")], None)))),
        ("no usage reported", with(|answer| answer.usage = None)),
        ("a class of service", with(|answer| answer.service_tier = Some("priority".into()))),
        (
            "a field that only another format has",
            with(|answer| {
                let fields = json!({"strange": 1}).as_object().unwrap().clone();
                answer.extra = Extra::new(Format::new("a.stranger"), fields);
            }),
        ),
        (
            "likelihoods",
            with(|answer| {
                let token = TokenLogprob { token: "Four".into(), logprob: -0.5, bytes: None, top: vec![] };
                let other = TokenLogprob { token: "Five".into(), logprob: -1.5, ..token.clone() };
                answer.choices[0].logprobs.push(TokenLogprob { top: vec![token.clone(), other], ..token });
            }),
        ),
        ("tokens from the cache", counted(|usage| usage.input.cache_read = Some(4))),
        ("tokens written to the cache", counted(|usage| usage.input.cache_write = Some(3))),
        ("tokens written to the cache for long", counted(|usage| usage.input.cache_write_long = Some(3))),
        ("tokens of reasoning", counted(|usage| usage.output.reasoning = Some(2))),
        ("tokens of sound", counted(|usage| usage.output.audio = Some(2))),
        ("tokens that were predicted", counted(|usage| usage.output.accepted_prediction = Some(2))),
        ("the vendor's own searches", counted(|usage| usage.server_tools.web_searches = Some(2))),
    ];
    for issuer in [
        Format::ANTHROPIC_MESSAGES,
        Format::GEMINI_GENERATE_CONTENT,
        Format::OPENAI_RESPONSES,
        Format::new("a.stranger"),
    ] {
        let sealed = Part::new(Content::Reasoning(Reasoning {
            text: String::new(),
            encrypted: Some("c2VhbGVk".into()),
        }));
        let sealed = sealed.with_signature(Signature { issuer: issuer.clone(), value: String::new() });
        // Only some vendors seal reasoning, and one of them signs nothing besides.
        if issuer != Format::GEMINI_GENERATE_CONTENT {
            answers.push(("sealed reasoning", stop(vec![sealed, Part::text("Four.")])));
        }
        if issuer == Format::OPENAI_RESPONSES {
            continue;
        }
        let thought = Part::reasoning("Hm.").with_signature(signed(&issuer));
        answers.push(("signed reasoning", stop(vec![thought, Part::text("Four.")])));
        answers.push((
            "a signed call",
            answer(vec![call("a").with_signature(signed(&issuer))], FinishReason::ToolCalls),
        ));
    }
    answers
}

#[test]
fn a_client_reads_what_was_said_but_for_the_declared_losses() {
    let mut failures = Vec::new();
    for a in &all() {
        for (name, answer) in generated() {
            failures.extend(told(a, &answer).into_iter().map(|wrong| format!("{a}, {name}: {wrong}")));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Reads a recorded answer with the adapter of its format. `None`: it is no answer.
fn recorded(pair: &Pair, exchange: &Value) -> Option<ChatResponse> {
    let response = &exchange["response"];
    if response["status"] != 200 {
        return None;
    }
    match response["body_text"].as_str() {
        Some(body) => {
            let read = replay::stream(&*pair.provider, &asked(), [body.as_bytes()]);
            read.is_finished().then(|| tollgate_model::Assembler::fold(read.events))
        }
        None => {
            let body = bytes::Bytes::from(response["body"].to_string());
            pair.provider.decode_response(&asked(), http::Response::new(body)).ok()
        }
    }
}

#[test]
fn every_recorded_answer_is_told_to_every_client() {
    let Ok(corpus) = std::env::var("TOLLGATE_CORPUS") else {
        println!("SKIPPED: TOLLGATE_CORPUS is not set");
        return;
    };
    let formats = all();
    let (mut failures, mut told_count) = (Vec::new(), 0);
    for part in ["exchanges", "supplement"] {
        for provider in std::fs::read_dir(Path::new(&corpus).join(part)).unwrap().flatten() {
            if !provider.path().is_dir() {
                continue;
            }
            for file in std::fs::read_dir(provider.path()).unwrap() {
                let file = file.unwrap().path();
                let exchange: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
                let Some(b) = formats.iter().find(|pair| exchange["wire"] == wire(pair.format())) else {
                    continue;
                };
                let Some(answer) = recorded(b, &exchange) else { continue };
                for a in &formats {
                    told_count += 1;
                    let name = file.file_stem().unwrap().display().to_string();
                    failures.extend(
                        told(a, &answer).into_iter().map(|wrong| format!("{b} {name} -> {a}: {wrong}")),
                    );
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} of {told_count}:\n{}", failures.len(), failures.join("\n"));
    println!("{told_count} answers told");
    assert!(told_count > 1000, "{told_count}");
}

/// The recordings' word for a format.
fn wire(format: &Format) -> &str {
    match format.as_str() {
        "gemini.generate_content" => "gemini.generateContent",
        other => other,
    }
}
