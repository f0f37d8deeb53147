//! `POST /v1/audio/transcriptions` and `/v1/audio/translations`: a form with a file, and what was said in it.
//!
//! Source: `CreateTranscriptionRequest`, its answers and stream events in the OpenAPI document (read 2026-11-23).

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::super::no_such_model;
use crate::{
    dice::Dice,
    exchange::{Exchange, Refusal, require},
    meter::MeteredUsage,
    prose::{self, pieces, tokens_of},
    reply::{Chunk, Payload, Reply},
};

const KINDS: [&str; 9] = ["flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "ogg", "wav", "webm"];

pub(in super::super) fn answer(exchange: &Exchange<'_>) -> Result<Reply, Refusal> {
    let body = exchange.body;
    let whisper = exchange.model == "whisper-1";
    let translates = exchange.path.ends_with("/translations");
    let known = whisper || (exchange.model.contains("transcribe") && !translates);
    require(known, || Refusal::not_found(no_such_model(exchange.model)).code("model_not_found"))?;
    let file = &body["file"];
    let name = file["filename"].as_str().ok_or_else(|| {
        Refusal::bad("Missing required parameter: 'file'.").param("file").code("missing_required_parameter")
    })?;
    let kind = name.rsplit_once('.').map_or("", |(_, kind)| kind).to_lowercase();
    require(KINDS.contains(&kind.as_str()), || {
        Refusal::bad(format!("Invalid file format. Supported formats: {KINDS:?}").replace('"', "'"))
    })?;
    let format = body["response_format"].as_str().unwrap_or("json");
    check_format(exchange.model, format)?;
    let spoken = Spoken::hear(exchange, file);
    let usage = MeteredUsage {
        input: spoken.seconds * 10,
        audio_input: spoken.seconds * 10,
        output: tokens_of(&spoken.text()),
        ..MeteredUsage::default()
    };
    // For this model it is ignored, as the document says.
    let streams = body["stream"] == "true" && !whisper;
    let reply = if streams { stream(&spoken, &usage) } else { whole(exchange, &spoken, &usage, format) };
    Ok(reply.with_usage(usage))
}

fn check_format(model: &str, format: &str) -> Result<(), Refusal> {
    let known: &[&str] = match model {
        "whisper-1" => &["json", "text", "srt", "verbose_json", "vtt"],
        model if model.ends_with("diarize") => &["json", "text", "diarized_json"],
        _ => &["json", "text"],
    };
    require(known.contains(&format), || {
        Refusal::bad(format!(
            "response_format '{format}' is not compatible with model '{model}'. Use 'json' instead."
        ))
        .param("response_format")
        .code("unsupported_value")
    })
}

/// What was heard: sentences, each with its share of the time.
struct Spoken {
    seconds: u64,
    sentences: Vec<String>,
}

impl Spoken {
    /// The same bytes are heard the same.
    fn hear(exchange: &Exchange<'_>, file: &Value) -> Self {
        let mut dice = Dice::new(file["hash"].as_u64().unwrap_or(0) ^ exchange.seed);
        let seconds = file["bytes"].as_u64().unwrap_or(0).div_ceil(48_000).max(1);
        let text = prose::answer(&mut dice, (seconds * 2).min(200));
        let sentences = text.split_inclusive(". ").map(|sentence| sentence.trim().to_owned());
        Self { seconds, sentences: sentences.collect() }
    }

    fn text(&self) -> String {
        self.sentences.join(" ")
    }

    /// Each sentence with its beginning and end, in seconds.
    fn timed(&self) -> impl Iterator<Item = (f64, f64, &str)> {
        let each = self.seconds as f64 / self.sentences.len() as f64;
        self.sentences
            .iter()
            .map(String::as_str)
            .enumerate()
            .map(move |(nth, text)| (nth as f64 * each, (nth + 1) as f64 * each, text))
    }
}

fn whole(exchange: &Exchange<'_>, spoken: &Spoken, usage: &MeteredUsage, format: &str) -> Reply {
    let text = spoken.text();
    match format {
        "text" => plain(format!("{text}\n")),
        "srt" => {
            let cue = |(nth, (start, end, text)): (usize, (f64, f64, &str))| {
                format!("{}\n{} --> {}\n{text}\n\n", nth + 1, stamp(start, ','), stamp(end, ','))
            };
            plain(spoken.timed().enumerate().map(cue).collect())
        }
        "vtt" => {
            let cue = |(start, end, text): (f64, f64, &str)| {
                format!("{} --> {}\n{text}\n\n", stamp(start, '.'), stamp(end, '.'))
            };
            plain(format!("WEBVTT\n\n{}", spoken.timed().map(cue).collect::<String>()))
        }
        "verbose_json" => Reply::json(StatusCode::OK, &verbose(exchange, spoken)),
        "diarized_json" => {
            let segment = |(nth, (start, end, text)): (usize, (f64, f64, &str))| json!({"type": "transcript.text.segment", "id": format!("seg_{nth}"), "speaker": "A", "start": start, "end": end, "text": text});
            let segments: Vec<Value> = spoken.timed().enumerate().map(segment).collect();
            let body = json!({
                "task": "transcribe", "duration": spoken.seconds, "text": text, "segments": segments,
                "usage": tokens(usage),
            });
            Reply::json(StatusCode::OK, &body)
        }
        _ if exchange.model == "whisper-1" => {
            Reply::json(StatusCode::OK, &json!({"text": text, "usage": duration(spoken)}))
        }
        _ => Reply::json(StatusCode::OK, &json!({"text": text, "usage": tokens(usage)})),
    }
}

fn plain(text: String) -> Reply {
    let mut reply = Reply::json(StatusCode::OK, &Value::Null);
    reply.content_type = "text/plain; charset=utf-8";
    reply.payload = Payload::Whole(text.into());
    reply
}

/// `00:00:01,500`, with a comma or a point.
fn stamp(seconds: f64, point: char) -> String {
    let whole = seconds.trunc();
    let clock = |unit: f64| (whole / unit).trunc() % 60.0;
    format!(
        "{:02}:{:02}:{:02}{point}{:03}",
        clock(3_600.0),
        clock(60.0),
        clock(1.0),
        ((seconds - whole) * 1_000.0).trunc()
    )
}

/// Times of sentences, and of words where they are asked for.
fn verbose(exchange: &Exchange<'_>, spoken: &Spoken) -> Value {
    let segment = |(nth, (start, end, text)): (usize, (f64, f64, &str))| {
        json!({
            "id": nth, "seek": 0, "start": start, "end": end, "text": text, "tokens": [50_364, 440, 50_464],
            "temperature": 0.0, "avg_logprob": -0.28, "compression_ratio": 1.2, "no_speech_prob": 0.01,
        })
    };
    let mut body = json!({
        "task": if exchange.path.ends_with("/translations") { "translate" } else { "transcribe" },
        "language": exchange.body["language"].as_str().unwrap_or("english"), "duration": spoken.seconds as f64,
        "text": spoken.text(), "segments": spoken.timed().enumerate().map(segment).collect::<Vec<_>>(),
        "usage": duration(spoken),
    });
    let asked = exchange.body["timestamp_granularities"].as_array().into_iter().flatten();
    if asked.into_iter().any(|kind| kind == "word") {
        let text = spoken.text();
        let words: Vec<&str> = text.split_whitespace().collect();
        let each = spoken.seconds as f64 / words.len().max(1) as f64;
        let timed = |(nth, word): (usize, &&str)| json!({"word": word, "start": nth as f64 * each, "end": (nth + 1) as f64 * each});
        body["words"] = words.iter().enumerate().map(timed).collect();
    }
    body
}

fn duration(spoken: &Spoken) -> Value {
    json!({"type": "duration", "seconds": spoken.seconds})
}

fn tokens(usage: &MeteredUsage) -> Value {
    json!({
        "type": "tokens", "input_tokens": usage.input, "output_tokens": usage.output, "total_tokens": usage.input + usage.output,
        "input_token_details": {"text_tokens": 0, "audio_tokens": usage.audio_input},
    })
}

fn stream(spoken: &Spoken, usage: &MeteredUsage) -> Reply {
    let text = spoken.text();
    let event = |value: Value, tokens: u64, is_end: bool| Chunk {
        bytes: format!("data: {value}\n\n").into(),
        tokens,
        is_end,
    };
    let delta = |piece: &str| {
        event(json!({"type": "transcript.text.delta", "delta": piece}), tokens_of(piece), false)
    };
    let mut chunks: Vec<Chunk> = pieces(&mut Dice::new(1), &text, 3, 12).into_iter().map(delta).collect();
    let done = json!({"type": "transcript.text.done", "text": text, "usage": tokens(usage)});
    chunks.push(event(done, 0, true));
    Reply::stream("text/event-stream; charset=utf-8", chunks, |_| {
        Bytes::from_static(
            b"data: {\"type\":\"error\",\"error\":{\"message\":\"The server had an error while processing your request.\",\"type\":\"server_error\"}}\n\n",
        )
    })
}
