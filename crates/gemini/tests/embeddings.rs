//! `embedContent`, `batchEmbedContents` and `countTokens`, in both directions.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;

use bytes::Bytes;
use http::{HeaderMap, Response};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};
use tollgate_gemini::{CountTokensFrontDoor, EmbedContentFrontDoor, GenerateContentProvider};
use tollgate_model::{
    Content, EmbeddingInput, EmbeddingRequest, EmbeddingResponse, ErrorKind, Format, ModelName,
    ProviderError, ProviderName, RequestError, TokenCount, Usage, Vector,
    embedding::{EmbeddingContent, EmbeddingTask, VectorEncoding},
};
use tollgate_provider::{
    EmbeddingFrontDoor, EmbeddingProvider, Encoded, Provider, Target, TokenCountFrontDoor,
};

const ONE: &str = "/v1beta/models/m:embedContent";
const BATCH: &str = "/v1beta/models/m:batchEmbedContents";

fn provider() -> GenerateContentProvider {
    let base_url = tollgate_gemini::DEFAULT_BASE_URL.parse().unwrap();
    GenerateContentProvider::new(ProviderName::new("gemini"), base_url)
}

fn read_one(body: &Value) -> Result<EmbeddingRequest, RequestError> {
    EmbedContentFrontDoor::one().decode_request(ONE, body.to_string().as_bytes())
}

fn read_batch(body: &Value) -> Result<EmbeddingRequest, RequestError> {
    EmbedContentFrontDoor::batch().decode_request(BATCH, body.to_string().as_bytes())
}

fn encoded(request: &EmbeddingRequest) -> Result<Encoded, RequestError> {
    let model = ModelName::new("m");
    EmbeddingProvider::encode_request(&provider(), &Target { model: &model, card: None }, request)
}

fn answer(request: &EmbeddingRequest, body: &Value) -> Result<EmbeddingResponse, ProviderError> {
    EmbeddingProvider::decode_response(&provider(), request, Response::new(Bytes::from(body.to_string())))
}

#[test]
fn a_batch_is_read_and_written_alike() {
    let content = |text: &str| json!({"parts": [{"text": text}]});
    let body = json!({"requests": [
        {"model": "models/m", "content": content("a"), "taskType": "RETRIEVAL_DOCUMENT", "title": "t", "outputDimensionality": 8},
        {"model": "models/m", "content": content("b"), "outputDimensionality": 8, "newField": 1},
        {"model": "models/m", "content": {"parts": [{"text": "c"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]}, "taskType": "NEW_TASK", "outputDimensionality": 8},
    ], "other": true});
    let request = read_batch(&body).unwrap();
    let sent = encoded(&request).unwrap();
    assert_eq!(sent.request.uri().path(), BATCH);
    assert_eq!(serde_json::from_slice::<Value>(sent.request.body()).unwrap(), body);
    assert!(sent.losses.is_empty(), "{:?}", sent.losses);
    assert_eq!(request.inputs[0].task, Some(EmbeddingTask::RetrievalDocument));
    let EmbeddingContent::Parts(parts) = &request.inputs[2].content else { panic!() };
    assert!(matches!(parts[1].content, Content::Image(_)));
}

#[test]
fn one_content_is_asked_as_a_batch_of_one() {
    let body = json!({"model": "models/m", "content": {"parts": {"text": "a"}}, "task_type": 1, "output_dimensionality": "4"});
    let request = read_one(&body).unwrap();
    let sent = encoded(&request).unwrap();
    assert_eq!(
        sent.request.body(),
        r#"{"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":4}]}"#
    );
}

#[test]
fn what_is_no_request_is_refused_with_its_field() {
    for (body, param) in [
        (json!([]), None),
        (json!({}), Some("requests")),
        (json!({"requests": []}), Some("requests")),
        (json!({"requests": [{}]}), Some("requests[0].content")),
        (json!({"requests": [{"content": {"parts": []}}]}), Some("requests[0].content.parts")),
        (
            json!({"requests": [{"content": {"parts": [{"text": 7}]}}]}),
            Some("requests[0].content.parts[0].text"),
        ),
        (
            json!({"requests": [{"content": "a", "outputDimensionality": 4}, {"content": "b"}]}),
            Some("requests[1].outputDimensionality"),
        ),
    ] {
        assert_eq!(read_batch(&body).unwrap_err().param.as_deref(), param, "{body}");
    }
    let error = read_one(&json!({"content": "a", "outputDimensionality": -1})).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("outputDimensionality"));
}

#[test]
fn what_the_vendor_cannot_be_asked_is_refused_or_named() {
    let mut request = EmbeddingRequest::new(ModelName::new("x"), vec![EmbeddingInput::text("a")]);
    (request.user, request.truncate) = (Some("u".to_owned()), Some(false));
    request.encoding = Some(VectorEncoding::Base64);
    request.extra.insert(&Format::OPENAI_EMBEDDINGS, "field", 1.into());
    let losses = encoded(&request).unwrap().losses;
    assert_eq!(
        losses.iter().map(|loss| loss.path.as_str()).collect::<Vec<_>>(),
        ["user", "truncate", "field"]
    );
    request.inputs[0].content = EmbeddingContent::Tokens(vec![1]);
    assert_eq!(encoded(&request).unwrap_err().param.as_deref(), Some("inputs[0].content"));
    request.inputs = vec![EmbeddingInput::text("a"); 101];
    let error = encoded(&request).unwrap_err();
    assert!(error.message.contains("at most 100"), "{error}");
}

#[test]
fn vectors_are_read_with_what_they_cost() {
    let request = read_batch(&json!({"requests": [{"content": "a"}, {"content": "b"}]})).unwrap();
    let usage = json!({"promptTokenCount": 9, "promptTokenDetails": [{"modality": "TEXT", "tokenCount": 2}, {"modality": "IMAGE", "tokenCount": 7}]});
    let body = json!({"embeddings": [{"values": [0.5]}, {"values": [-1]}], "usageMetadata": usage});
    let read = answer(&request, &body).unwrap();
    assert_eq!(read.vectors, [Vector::Decimals(vec![0.5]), Vector::Decimals(vec![-1.0])]);
    let usage = read.usage.unwrap();
    assert_eq!((usage.input_tokens, usage.input.image), (Some(9), Some(7)));
    let facts = |door: &Format| provider().response_facts(door, body.to_string().as_bytes());
    assert_eq!(facts(&Format::GEMINI_BATCH_EMBED_CONTENTS).unwrap().usage, usage);
    assert_eq!(facts(&Format::GEMINI_EMBED_CONTENT).unwrap_err().kind(), ErrorKind::Protocol);
    let told = EmbedContentFrontDoor::batch().encode_response(&request, &read);
    assert_eq!(
        told.body,
        r#"{"embeddings":[{"values":[0.5]},{"values":[-1.0]}],"usageMetadata":{"promptTokenCount":9}}"#
    );
    for wrong in [
        json!({}),
        json!([]),
        json!({"embeddings": []}),
        json!({"embeddings": [{"values": [1]}]}),
        json!({"embeddings": [{"values": [1]}, {}]}),
        json!({"embeddings": [{"values": [1]}, {"values": ["x"]}]}),
    ] {
        assert_eq!(answer(&request, &wrong).unwrap_err().kind(), ErrorKind::Protocol, "{wrong}");
    }
    let told = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "no"}});
    assert_eq!(answer(&request, &told).unwrap_err().kind(), ErrorKind::RateLimited);
}

#[test]
fn one_vector_stands_alone_for_a_client_that_asked_one() {
    let request = read_one(&json!({"content": "a"})).unwrap();
    let response = EmbeddingResponse {
        vectors: vec![Vector::Floats(vec![0.1, -2.0])],
        usage: Some(Usage::new(3, 0)),
        ..EmbeddingResponse::default()
    };
    let told = EmbedContentFrontDoor::one().encode_response(&request, &response);
    assert_eq!(told.body, r#"{"embedding":{"values":[0.1,-2.0]},"usageMetadata":{"promptTokenCount":3}}"#);
}

#[test]
fn the_untouched_path_changes_the_models_name_wherever_it_stands() {
    let body = Bytes::from_static(
        br#"{"requests": [{"model":"models/gemini/m","content":{"parts":[{"text":"a"}]}, "new":1}]}"#,
    );
    let path = "/v1beta/models/gemini/m:batchEmbedContents";
    let door = EmbedContentFrontDoor::batch();
    let facts = door.request_facts(path, &body).unwrap();
    assert_eq!(facts.model.as_str(), "gemini/m");
    let model = ModelName::new("m");
    let relay = |format: &Format, body: &Bytes| {
        EmbeddingProvider::relay(&provider(), format, &model, &facts, &HeaderMap::new(), body)
    };
    let sent = relay(door.format(), &body).unwrap();
    assert_eq!(sent.uri().path(), "/v1beta/models/m:batchEmbedContents");
    assert_eq!(
        sent.body(),
        r#"{"requests": [{"model":"models/m","content":{"parts":[{"text":"a"}]}, "new":1}]}"#
    );
    let one = Bytes::from_static(br#"{"content":{"parts":[{"text":"a"}]}}"#);
    let sent = relay(EmbedContentFrontDoor::one().format(), &one).unwrap();
    assert_eq!((sent.uri().path(), sent.body()), ("/v1beta/models/m:embedContent", &one));
    assert!(relay(&Format::OPENAI_EMBEDDINGS, &one).is_none());
}

fn any_input() -> impl Strategy<Value = EmbeddingInput> {
    let task = select(vec![
        EmbeddingTask::RetrievalQuery,
        EmbeddingTask::RetrievalDocument,
        EmbeddingTask::SemanticSimilarity,
        EmbeddingTask::Classification,
        EmbeddingTask::Clustering,
        EmbeddingTask::QuestionAnswering,
        EmbeddingTask::FactVerification,
        EmbeddingTask::CodeRetrievalQuery,
        EmbeddingTask::Other("NEW".to_owned()),
    ]);
    (".{1,12}", option::of(task), option::of("[a-z]{1,4}")).prop_map(|(text, task, title)| EmbeddingInput {
        task,
        title,
        ..EmbeddingInput::text(text)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_request_comes_back_as_it_went(
        inputs in vec(any_input(), 1..5),
        dimensions in option::of(1_u64..4096),
    ) {
        let request = EmbeddingRequest { dimensions, ..EmbeddingRequest::new(ModelName::new("m"), inputs) };
        let sent = encoded(&request).unwrap();
        prop_assert!(sent.losses.is_empty());
        let again = EmbedContentFrontDoor::batch().decode_request(BATCH, sent.request.body()).unwrap();
        prop_assert_eq!(again, request);
    }

    #[test]
    fn an_answer_comes_back_as_it_went(
        numbers in vec(vec(-1.0_f64..1.0, 1..6), 1..5),
        tokens in option::of(0_u64..1000),
    ) {
        let inputs = numbers.iter().map(|_| EmbeddingInput::text("a")).collect();
        let request = EmbeddingRequest::new(ModelName::new("m"), inputs);
        let response = EmbeddingResponse {
            vectors: numbers.into_iter().map(Vector::Decimals).collect(),
            usage: tokens.map(|tokens| Usage::new(tokens, 0)),
            ..EmbeddingResponse::default()
        };
        let written = EmbedContentFrontDoor::batch().encode_response(&request, &response);
        prop_assert!(written.losses.is_empty());
        let read = EmbeddingProvider::decode_response(&provider(), &request, Response::new(written.body));
        prop_assert_eq!(read.unwrap(), response);
    }

    #[test]
    fn no_bytes_cause_a_panic(path in ".{0,40}", body in ".{0,80}") {
        for door in [EmbedContentFrontDoor::one(), EmbedContentFrontDoor::batch()] {
            let _ = door.request_facts(&path, body.as_bytes());
            let _ = door.decode_request(BATCH, body.as_bytes());
        }
        let request = EmbeddingRequest::new(ModelName::new("m"), vec![EmbeddingInput::text("a")]);
        let _ = EmbeddingProvider::decode_response(&provider(), &request, Response::new(Bytes::from(body)));
    }
}

/// Every recorded exchange: the request is written again as it was, and the answer told as it was.
#[test]
fn recorded_exchanges_pass_as_they_are() {
    let Some(corpus) = std::env::var_os("TOLLGATE_CORPUS") else {
        println!("SKIPPED: TOLLGATE_CORPUS is not set");
        return;
    };
    let index = std::fs::read_to_string(Path::new(&corpus).join("INDEX.tsv")).unwrap();
    let (mut batches, mut counts) = (0, 0);
    for row in index.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()) {
        let text = || std::fs::read_to_string(Path::new(&corpus).join(row[7])).unwrap();
        if row[2] == "gemini.batchEmbedContents" {
            recorded_batch(&serde_json::from_str(&text()).unwrap(), row[7]);
            batches += 1;
        } else if row[2] == "gemini.countTokens" {
            recorded_count(&serde_json::from_str(&text()).unwrap(), row[7]);
            counts += 1;
        }
    }
    println!("{batches} recorded batches, {counts} recorded counts");
    assert!(batches >= 17 && counts >= 6, "{batches} {counts}");
}

fn recorded_batch(exchange: &Value, file: &str) {
    let (path, asked) = (exchange["request"]["path"].as_str().unwrap(), &exchange["request"]["body"]);
    let request = EmbedContentFrontDoor::batch().decode_request(path, asked.to_string().as_bytes()).unwrap();
    let target = Target { model: &request.model, card: None };
    let sent = EmbeddingProvider::encode_request(&provider(), &target, &request).unwrap();
    assert!(sent.losses.is_empty(), "{file}: {:?}", sent.losses);
    assert_eq!(sent.request.uri().path(), path, "{file}");
    let mut asked = asked.clone();
    for request in asked["requests"].as_array_mut().unwrap() {
        // Who speaks does not matter.
        request["content"].as_object_mut().unwrap().remove("role");
    }
    assert_eq!(serde_json::from_slice::<Value>(sent.request.body()).unwrap(), asked, "{file}");
    let response = &exchange["response"];
    if response["status"] != 200 {
        let failed = Response::builder().status(404).body(Bytes::from(response["body"].to_string())).unwrap();
        assert_eq!(provider().decode_error(failed).kind(), ErrorKind::ModelNotFound, "{file}");
        return;
    }
    let read = answer(&request, &response["body"]).unwrap();
    let told = EmbedContentFrontDoor::batch().encode_response(&request, &read);
    let told: Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!(told["embeddings"], response["body"]["embeddings"], "{file}");
    let counted = |body: &Value| body["usageMetadata"]["promptTokenCount"].as_u64();
    assert_eq!(counted(&told), counted(&response["body"]), "{file}");
}

fn recorded_count(exchange: &Value, file: &str) {
    let door = CountTokensFrontDoor::new();
    let (path, asked) = (exchange["request"]["path"].as_str().unwrap(), &exchange["request"]["body"]);
    let request = door.decode_request(path, asked.to_string().as_bytes()).unwrap();
    assert!(!request.messages.is_empty(), "{file}");
    let provider = provider();
    let counter = provider.token_counter().unwrap();
    let response = &exchange["response"];
    if response["status"] != 200 {
        return;
    }
    let body = Bytes::from(response["body"].to_string());
    let tokens = response["body"]["totalTokens"].as_u64().unwrap();
    assert_eq!(counter.decode_response(Response::new(body)).unwrap(), TokenCount::reported(tokens), "{file}");
}
