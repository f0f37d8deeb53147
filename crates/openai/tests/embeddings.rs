//! `/v1/embeddings` and `/v1/responses/input_tokens`, in both directions.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};
use tollgate_model::{
    EmbeddingInput, EmbeddingRequest, EmbeddingResponse, ErrorKind, Format, Losses, Message, ModelName, Part,
    ProviderError, ProviderName, RequestError, ResponseId, TokenCount, Usage, Vector,
    embedding::{EmbeddingContent, EmbeddingTask, VectorEncoding},
};
use tollgate_openai::{ChatProvider, EmbeddingsFrontDoor, InputTokensFrontDoor, Quirks, ResponsesProvider};
use tollgate_provider::{
    EmbeddingFrontDoor, EmbeddingProvider, Encoded, Provider, Target, TokenCountFrontDoor, TokenCounter,
};

fn provider() -> ChatProvider {
    ChatProvider::new(ProviderName::new("openai"), "https://api.openai.com".parse().unwrap())
}

fn embeddings(provider: &ChatProvider) -> &dyn EmbeddingProvider {
    provider.embeddings().unwrap()
}

fn door() -> EmbeddingsFrontDoor {
    EmbeddingsFrontDoor::new()
}

fn read(body: &Value) -> Result<EmbeddingRequest, RequestError> {
    door().decode_request("/v1/embeddings", body.to_string().as_bytes())
}

fn encoded(provider: &ChatProvider, request: &EmbeddingRequest) -> Result<Encoded, RequestError> {
    let model = ModelName::new("m");
    embeddings(provider).encode_request(&Target { model: &model, card: None }, request)
}

fn answer(request: &EmbeddingRequest, body: &Value) -> Result<EmbeddingResponse, ProviderError> {
    let response = Response::new(Bytes::from(body.to_string()));
    embeddings(&provider()).decode_response(request, response)
}

fn paths(losses: &Losses) -> Vec<&str> {
    losses.iter().map(|loss| loss.path.as_str()).collect()
}

#[test]
fn all_kinds_of_input_are_read_and_written_alike() {
    for input in [json!("a"), json!(["a", "b"]), json!([1, 2, 3]), json!([[1, 2], [3]]), json!("")] {
        let body = json!({"model": "m", "input": input, "encoding_format": "base64", "dimensions": 4, "user": "u", "x": 1});
        let request = read(&body).unwrap();
        let sent = encoded(&provider(), &request).unwrap();
        assert_eq!(sent.request.uri(), "https://api.openai.com/v1/embeddings");
        assert_eq!(serde_json::from_slice::<Value>(sent.request.body()).unwrap(), body);
        assert!(sent.losses.is_empty(), "{:?}", sent.losses);
    }
}

#[test]
fn what_is_no_request_is_refused_with_its_field() {
    for (body, param) in [
        (json!([]), None),
        (json!({"input": "a"}), Some("model")),
        (json!({"model": "m"}), Some("input")),
        (json!({"model": "m", "input": []}), Some("input")),
        (json!({"model": "m", "input": 7}), Some("input")),
        (json!({"model": "m", "input": [1, "a"]}), Some("input")),
        (json!({"model": "m", "input": ["a", 1]}), Some("input")),
        (json!({"model": "m", "input": [-1]}), Some("input")),
        (json!({"model": "m", "input": "a", "encoding_format": "hex"}), Some("encoding_format")),
        (json!({"model": "m", "input": "a", "dimensions": "x"}), Some("dimensions")),
    ] {
        assert_eq!(read(&body).unwrap_err().param.as_deref(), param, "{body}");
    }
    assert!(door().decode_request("", br#"{"model":"m","model":"n","input":"a"}"#).is_err());
}

#[test]
fn what_a_vector_is_for_is_said_where_it_can_be() {
    let request = read(&json!({"model": "m", "input": ["a", "b"], "input_type": "search_query"})).unwrap();
    assert!(request.inputs.iter().all(|input| input.task == Some(EmbeddingTask::RetrievalQuery)));
    let sent = encoded(&provider(), &request).unwrap();
    assert_eq!(paths(&sent.losses), ["inputs[0].task", "inputs[1].task"]);
    let copy = provider().with_quirks(Quirks::COMPATIBLE);
    let sent = encoded(&copy, &request).unwrap();
    assert!(sent.losses.is_empty());
    assert_eq!(sent.request.body(), r#"{"model":"m","input":["a","b"],"input_type":"query"}"#);
    // A word that is not known stays a field of this format.
    let odd = read(&json!({"model": "m", "input": "a", "input_type": "odd"})).unwrap();
    assert_eq!(
        encoded(&copy, &odd).unwrap().request.body(),
        r#"{"model":"m","input":"a","input_type":"odd"}"#
    );
}

#[test]
fn settings_of_other_formats_are_named() {
    let mut request = EmbeddingRequest::new(ModelName::new("m"), vec![EmbeddingInput::text("a")]);
    request.truncate = Some(true);
    request.extra.insert(&Format::GEMINI_BATCH_EMBED_CONTENTS, "field", 1.into());
    request.inputs[0].title = Some("t".to_owned());
    request.inputs[0].extra.insert(&Format::GEMINI_EMBED_CONTENT, "other", 1.into());
    request.inputs[0].content = EmbeddingContent::Parts(vec![Part::text("a"), Part::text("b")]);
    let sent = encoded(&provider(), &request).unwrap();
    assert_eq!(
        paths(&sent.losses),
        ["inputs[0].other", "inputs[0].content", "inputs[0].title", "truncate", "field"]
    );
    assert_eq!(sent.request.body(), r#"{"model":"m","input":"a\nb"}"#);
    request.inputs[0].content = EmbeddingContent::Parts(vec![Part::tool_call("c", "f", "{}")]);
    assert_eq!(encoded(&provider(), &request).unwrap_err().param.as_deref(), Some("inputs[0].content"));
}

#[test]
fn a_server_that_cannot_is_not_asked() {
    let xai = Quirks {
        embeddings: Some(tollgate_openai::EmbeddingQuirks {
            dimensions: false,
            tokens: false,
            input_type: false,
        }),
        ..Quirks::OPENAI
    };
    let xai = provider().with_quirks(xai);
    let refused = |body: Value| encoded(&xai, &read(&body).unwrap()).unwrap_err().param.unwrap();
    assert_eq!(refused(json!({"model": "m", "input": "a", "dimensions": 4})), "dimensions");
    assert_eq!(refused(json!({"model": "m", "input": [1]})), "input");
    let none = provider().with_quirks(Quirks { embeddings: None, ..Quirks::OPENAI });
    assert!(none.embeddings().is_none());
}

#[test]
fn vectors_are_put_into_the_order_of_their_numbers() {
    let request = read(&json!({"model": "m", "input": ["a", "b"]})).unwrap();
    let item =
        |index: u64, number: f64| json!({"object": "embedding", "index": index, "embedding": [number]});
    let usage = json!({"prompt_tokens": 3, "total_tokens": 3});
    let body = json!({"object": "list", "data": [item(1, 0.5), item(0, 1.5)], "model": "m-1", "usage": usage, "x": 1});
    let read = answer(&request, &body).unwrap();
    assert_eq!(read.vectors, [Vector::Decimals(vec![1.5]), Vector::Decimals(vec![0.5])]);
    assert_eq!((read.usage, read.model), (Some(Usage::new(3, 0)), Some(ModelName::new("m-1"))));
    let facts =
        embeddings(&provider()).response_facts(&Format::OPENAI_EMBEDDINGS, body.to_string().as_bytes());
    assert_eq!(facts.unwrap().usage, Usage::new(3, 0));
    for wrong in [
        json!({}),
        json!([]),
        json!({"data": []}),
        json!({"data": [item(0, 1.0)]}),
        json!({"data": [item(0, 1.0), item(0, 1.0)]}),
        json!({"data": [item(0, 1.0), item(2, 1.0)]}),
        json!({"data": [item(0, 1.0), {"index": 1}]}),
        json!({"data": [item(0, 1.0), {"index": 1, "embedding": "a"}]}),
    ] {
        assert_eq!(answer(&request, &wrong).unwrap_err().kind(), ErrorKind::Protocol, "{wrong}");
    }
    let told = answer(&request, &json!({"error": {"message": "no", "code": 429}})).unwrap_err();
    assert_eq!(told.kind(), ErrorKind::RateLimited);
}

#[test]
fn the_untouched_path_changes_the_models_name_alone() {
    let body = Bytes::from_static(br#"{"input" : [ "a" ], "model":"openai/m", "new": 1}"#);
    let facts = door().request_facts("/v1/embeddings", &body).unwrap();
    let headers = HeaderMap::from_iter([
        ("idempotency-key".parse().unwrap(), HeaderValue::from_static("k")),
        ("x-else".parse().unwrap(), HeaderValue::from_static("no")),
    ]);
    let provider = provider();
    let relay =
        |format: &Format| embeddings(&provider).relay(format, &ModelName::new("m"), &facts, &headers, &body);
    let sent = relay(door().format()).unwrap();
    assert_eq!(sent.body(), r#"{"input" : [ "a" ], "model":"m", "new": 1}"#);
    assert!(sent.headers().contains_key("idempotency-key") && !sent.headers().contains_key("x-else"));
    assert!(relay(&Format::GEMINI_EMBED_CONTENT).is_none());
}

fn any_request() -> impl Strategy<Value = EmbeddingRequest> {
    let content = || {
        prop_oneof![
            ".{0,12}".prop_map(EmbeddingContent::Text),
            vec(any::<u64>(), 1..4).prop_map(EmbeddingContent::Tokens)
        ]
    };
    let encoding = option::of(select(vec![VectorEncoding::Float, VectorEncoding::Base64]));
    (vec(content(), 1..5), option::of(any::<u64>()), encoding, option::of("[a-z]{1,5}")).prop_map(
        |(contents, dimensions, encoding, user)| {
            let inputs = contents.into_iter().map(EmbeddingInput::new).collect();
            EmbeddingRequest {
                dimensions,
                encoding,
                user,
                ..EmbeddingRequest::new(ModelName::new("m"), inputs)
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_request_comes_back_as_it_went(request in any_request()) {
        let sent = encoded(&provider(), &request).unwrap();
        prop_assert!(sent.losses.is_empty());
        prop_assert_eq!(door().decode_request("", sent.request.body()).unwrap(), request);
    }

    #[test]
    fn an_answer_comes_back_as_it_went(
        numbers in vec(vec(any::<f32>().prop_filter("finite", |number| number.is_finite()), 0..6), 1..5),
        tokens in option::of(0_u64..1000),
        base64 in any::<bool>(),
    ) {
        let inputs = numbers.iter().map(|_| EmbeddingInput::text("a")).collect();
        let mut request = EmbeddingRequest::new(ModelName::new("m"), inputs);
        request.encoding = base64.then_some(VectorEncoding::Base64);
        let vectors = numbers.into_iter().map(|floats| match base64 {
            true => Vector::Floats(floats),
            false => Vector::Decimals(floats.into_iter().map(f64::from).collect()),
        });
        let response = EmbeddingResponse {
            id: Some(ResponseId::new("id")),
            model: Some(ModelName::new("m-1")),
            vectors: vectors.collect(),
            usage: tokens.map(|tokens| Usage::new(tokens, 0)),
            ..EmbeddingResponse::default()
        };
        let written = door().encode_response(&request, &response);
        prop_assert!(written.losses.is_empty());
        let read = embeddings(&provider()).decode_response(&request, Response::new(written.body)).unwrap();
        prop_assert_eq!(read, response);
    }

    #[test]
    fn no_bytes_cause_a_panic(body in ".{0,80}") {
        let _ = door().decode_request("", body.as_bytes());
        let request = EmbeddingRequest::new(ModelName::new("m"), vec![EmbeddingInput::text("a")]);
        let _ = embeddings(&provider()).decode_response(&request, Response::new(Bytes::from(body)));
    }
}

#[test]
fn tokens_are_counted_by_what_is_counted_alone() {
    let provider =
        ResponsesProvider::new(ProviderName::new("openai"), "https://api.openai.com/v1".parse().unwrap());
    let counter: &dyn TokenCounter = provider.token_counter().unwrap();
    let door = InputTokensFrontDoor::new();
    let body = br#"{"model":"openai/gpt-6","input":"hi","instructions":"be terse"}"#;
    let mut request = door.decode_request("/v1/responses/input_tokens", body).unwrap();
    assert_eq!(request.messages.last(), Some(&Message::user("hi")));
    request.stream = true;
    request.max_output_tokens = Some(100);
    let model = ModelName::new("gpt-6");
    let sent = counter.encode_request(&Target { model: &model, card: None }, &request).unwrap().request;
    assert_eq!(sent.uri(), "https://api.openai.com/v1/responses/input_tokens");
    let sent: Value = serde_json::from_slice(sent.body()).unwrap();
    let fields: Vec<&str> = sent.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["model", "input", "instructions"]);

    let facts = door.request_facts("", body).unwrap();
    let body = Bytes::from_static(body);
    let relayed = counter.relay(&model, &facts, &HeaderMap::new(), &body).unwrap();
    assert_eq!(relayed.body(), r#"{"model":"gpt-6","input":"hi","instructions":"be terse"}"#);

    let count = TokenCount::reported(11);
    let written = door.encode_response(&count);
    assert_eq!(written, r#"{"object":"response.input_tokens","input_tokens":11}"#);
    assert_eq!(counter.decode_response(Response::new(written)).unwrap(), count);
    for wrong in ["", "{}", "[]", r#"{"error":{"message":"no"}}"#] {
        assert!(counter.decode_response(Response::new(Bytes::from_static(wrong.as_bytes()))).is_err());
    }
}

/// Every recorded answer is read, and told to a client in both encodings, with the numbers that are recorded.
#[test]
fn recorded_vectors_are_told_as_they_are() {
    let Some(corpus) = std::env::var_os("TOLLGATE_CORPUS") else {
        println!("SKIPPED: TOLLGATE_CORPUS is not set");
        return;
    };
    let index = std::fs::read_to_string(Path::new(&corpus).join("INDEX.tsv")).unwrap();
    let (mut seen, mut unread) = (0, 0);
    for row in index.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()) {
        let wire = row[2].ends_with(".embeddings") && row[1] != "ollama";
        if !wire || row[5] != "200" {
            continue;
        }
        let text = std::fs::read_to_string(Path::new(&corpus).join(row[7])).unwrap();
        let exchange: Value = serde_json::from_str(&text).unwrap();
        // Two of Voyage are reranks.
        let Ok(mut request) = read(&exchange["request"]["body"]) else {
            unread += 1;
            continue;
        };
        let recorded = &exchange["response"]["body"];
        // Perplexity quantises to bytes: no 32-bit floats, and only its own clients can read them.
        if row[1] == "perplexity" {
            continue;
        }
        for wanted in [VectorEncoding::Float, VectorEncoding::Base64] {
            request.encoding = Some(wanted);
            let answered = answer(&request, recorded).unwrap();
            let told: Value =
                serde_json::from_slice(&door().encode_response(&request, &answered).body).unwrap();
            for (told, said) in
                told["data"].as_array().unwrap().iter().zip(recorded["data"].as_array().unwrap())
            {
                assert_eq!(floats(&told["embedding"]), floats(&said["embedding"]), "{}", row[7]);
                assert_eq!(told["embedding"].is_string(), wanted == VectorEncoding::Base64);
            }
        }
        let counted = recorded["usage"]["prompt_tokens"]
            .as_u64()
            .or_else(|| recorded["usage"]["total_tokens"].as_u64());
        assert_eq!(answer(&request, recorded).unwrap().usage.and_then(|usage| usage.input_tokens), counted);
        seen += 1;
    }
    println!("{seen} recorded answers, {unread} without their question");
    assert!(seen >= 50 && unread == 2, "{seen} {unread}");
}

/// An independent reading: numbers rounded to 32 bits, or base64.
fn floats(value: &Value) -> Vec<f32> {
    match value {
        Value::String(text) => {
            let bytes = base64_bytes(text);
            bytes.chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
        }
        numbers => {
            let numbers = numbers.as_array().unwrap();
            numbers.iter().map(|number| number.to_string().parse().unwrap()).collect()
        }
    }
}

fn base64_bytes(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    for group in text.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = group.iter().fold(0_u32, |bits, letter| {
            bits << 6 | u32::try_from(ALPHABET.iter().position(|known| known == letter).unwrap()).unwrap()
        });
        let bits = bits << (6 * (4 - group.len()));
        bytes.extend(&bits.to_be_bytes()[1..group.len()]);
    }
    bytes
}
