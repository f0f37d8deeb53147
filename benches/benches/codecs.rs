//! What codecs cost alone: no sockets, no records. Run with `cargo bench --package tollgate-benches`.

use std::{hint::black_box, sync::Arc};

use bytes::{Bytes, BytesMut};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tollgate_anthropic::MessagesProvider;
use tollgate_benches::conversation::{Conversation, Freshness, Settings};
use tollgate_gemini::GenerateContentProvider;
use tollgate_model::{ChatEvent, ChatRequest, ModelName};
use tollgate_openai::{ChatFrontDoor, ChatProvider};
use tollgate_provider::{Framer, FrontDoor, Provider, Target, json_spans, json_writer};

const PATH: &str = "/v1/chat/completions";
const CHUNKS: usize = 100;

/// A request's body, as the load generator writes it.
fn body(bytes: usize) -> Bytes {
    let settings = Settings {
        host: "h",
        key: "k",
        model: "openai/gpt-6.1-sol",
        stream: true,
        body_bytes: bytes,
        freshness: Freshness::LastMessage,
    };
    let mut conversation = Conversation::new(&settings, 1);
    let request = conversation.next_request();
    let start = memchr::memmem::find(request, b"\r\n\r\n").expect("a request has a head") + 4;
    Bytes::copy_from_slice(&request[start..])
}

fn anthropic() -> MessagesProvider {
    MessagesProvider::new("anthropic".into(), "http://127.0.0.1:1".parse().expect("an address"))
}

fn requests(criterion: &mut Criterion) {
    let openai = ChatProvider::new("openai".into(), "http://127.0.0.1:1/v1".parse().expect("an address"));
    let gemini =
        GenerateContentProvider::new("gemini".into(), "http://127.0.0.1:1".parse().expect("an address"));
    let (anthropic, door) = (anthropic(), ChatFrontDoor::new());
    let model = ModelName::new("m");
    let target = Target { model: &model, card: None };
    for (name, bytes) in [("1 KB", 1_024), ("200 KB", 200 * 1_024)] {
        let body = body(bytes);
        let request = door.decode_request(PATH, &body).expect("the load writes requests");
        let facts = door.request_facts(PATH, &body).expect("the load writes requests");
        let mut group = criterion.benchmark_group(format!("request, {name}"));
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function("find the model", |b| b.iter(|| json_spans::find(black_box(&body), ["model"])));
        group.bench_function("facts", |b| b.iter(|| door.request_facts(PATH, black_box(&body))));
        let relay = openai.relay().expect("OpenAI's format is relayed");
        let headers = http::HeaderMap::new();
        group.bench_function("relay", |b| {
            b.iter(|| relay.request(&model, &facts, &headers, black_box(&body)))
        });
        group.bench_function("decode", |b| b.iter(|| door.decode_request(PATH, black_box(&body))));
        let mut encode = |name: &str, provider: &dyn Provider| {
            group.bench_function(name, |b| b.iter(|| provider.encode_request(&target, black_box(&request))));
        };
        encode("encode for OpenAI", &openai);
        encode("encode for Anthropic", &anthropic);
        encode("encode for Gemini", &gemini);
        // What it would be without codecs of our own.
        group.bench_function("serde_json::Value, there and back", |b| {
            b.iter(|| {
                let value: serde_json::Value = serde_json::from_slice(black_box(&body)).expect("it is JSON");
                serde_json::to_vec(&value)
            });
        });
        group.finish();
    }
}

fn texts(criterion: &mut Criterion) {
    let text = "A line of a prompt, as long as lines are, with a break.\n".repeat(3_600);
    let mut group = criterion.benchmark_group("a text of 200 KB");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("json_writer", |b| {
        let mut out = Vec::with_capacity(2 * text.len());
        b.iter(|| {
            out.clear();
            json_writer::append_text(&mut out, black_box(&text));
        });
    });
    group.bench_function("serde_json", |b| {
        let mut out = Vec::with_capacity(2 * text.len());
        b.iter(|| {
            out.clear();
            serde_json::to_writer(&mut out, black_box(&text))
        });
    });
    group.finish();
}

fn anthropic_stream() -> Vec<u8> {
    let mut stream = String::from(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\
         \"model\":\"m\",\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":10,\"output_tokens\":1}}}\n\n\
         event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
    );
    for _ in 0..CHUNKS {
        stream.push_str(
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\
             \"delta\":{\"type\":\"text_delta\",\"text\":\"a few words \"}}\n\n",
        );
    }
    stream.push_str(
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
         event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":300}}\n\n\
         event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    );
    stream.into_bytes()
}

fn decode(provider: &dyn Provider, request: &ChatRequest, stream: &[u8]) -> Vec<ChatEvent> {
    let mut events = Vec::new();
    let mut framer = Framer::new(provider.framing());
    let mut decoder = provider.stream_decoder(request);
    framer.feed(stream, |frame| decoder.decode(frame, &mut events)).expect("the stream is whole");
    decoder.finish(&mut events).expect("the stream is whole");
    events
}

fn streams(criterion: &mut Criterion) {
    let (door, provider) = (ChatFrontDoor::new(), anthropic());
    let request = Arc::new(door.decode_request(PATH, &body(1_024)).expect("the load writes requests"));
    let stream = anthropic_stream();
    let events = decode(&provider, &request, &stream);
    let mut group = criterion.benchmark_group(format!("stream of {CHUNKS} chunks"));
    group.throughput(Throughput::Elements(CHUNKS as u64));
    group
        .bench_function("decode Anthropic's", |b| b.iter(|| decode(&provider, &request, black_box(&stream))));
    group.bench_function("encode OpenAI's", |b| {
        b.iter(|| {
            let mut out = BytesMut::new();
            let mut encoder = door.stream_encoder(&request, 0);
            for event in black_box(&events) {
                encoder.encode(event, &mut out);
            }
            out
        });
    });
    group.finish();
}

criterion_group!(codecs, requests, texts, streams);
criterion_main!(codecs);
