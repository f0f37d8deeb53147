//! `POST /v1/audio/speech`: a body of sound that comes in pieces, or events that hold it.
//!
//! Source: `CreateSpeechRequest` and the stream events of the OpenAPI document (read 2026-11-23).

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Value, json};

use super::super::no_such_model;
use crate::{
    dice::Dice,
    exchange::{Exchange, Refusal, require},
    meter::MeteredUsage,
    prose::tokens_of,
    reply::{Chunk, Reply},
};

/// Samples of a second.
const RATE: u32 = 24_000;
/// The longest that is spoken here, in tenths of a second: no test needs more.
const LONGEST: usize = 20;
/// The bytes of a piece.
const PIECE: usize = 4_096;

const VOICES: [&str; 13] = [
    "alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse", "marin",
    "cedar",
];

pub(in super::super) fn answer(exchange: &Exchange<'_>) -> Result<Reply, Refusal> {
    let body = exchange.body;
    let known = exchange.model.starts_with("tts-1") || exchange.model.starts_with("gpt-4o-mini-tts");
    require(known, || Refusal::not_found(no_such_model(exchange.model)).code("model_not_found"))?;
    let refuse = |param: &str, message: String| Refusal::bad(message).param(param).code("invalid_value");
    let text = body["input"].as_str().unwrap_or("");
    require(!text.is_empty(), || {
        refuse(
            "input",
            "Invalid 'input': string too short. Expected a string with minimum length 1.".to_owned(),
        )
    })?;
    require(text.chars().count() <= 4_096, || {
        refuse(
            "input",
            format!(
                "Invalid 'input': string too long. Expected a string with maximum length 4096, but got a string with length {} instead.",
                text.chars().count()
            ),
        )
    })?;
    let voice = body["voice"].as_str().unwrap_or("");
    require(VOICES.contains(&voice) || body["voice"]["id"].is_string(), || {
        refuse("voice", format!("Invalid value: '{voice}'. Supported values are: '{}'.", VOICES.join("', '")))
    })?;
    let speed = body["speed"].as_f64().unwrap_or(1.0);
    require((0.25..=4.0).contains(&speed), || {
        refuse("speed", "Invalid 'speed': expected a value from 0.25 to 4.0.".to_owned())
    })?;
    let (sound, content_type) = sound(exchange, text, body["response_format"].as_str().unwrap_or("mp3"))?;
    let usage = MeteredUsage {
        input: tokens_of(text),
        output: 2 * text.len().div_ceil(15) as u64,
        ..MeteredUsage::default()
    };
    let reply = match body["stream_format"].as_str() {
        None | Some("audio") => Reply::stream(content_type, pieces(&sound, usage.output), |_| Bytes::new()),
        Some("sse") if !exchange.model.starts_with("tts-1") => events(&sound, &usage),
        _ => return Err(refuse("stream_format", "Unsupported stream_format for this model.".to_owned())),
    };
    Ok(reply.with_usage(usage))
}

/// Quiet noise that is the same for the same text and voice, in the form that was asked for.
fn sound(exchange: &Exchange<'_>, text: &str, format: &str) -> Result<(Vec<u8>, &'static str), Refusal> {
    let tenths = text.len().div_ceil(2).clamp(1, LONGEST);
    let mut dice = exchange.dice(1);
    let mut noise = |bytes: usize| noise(&mut dice, bytes);
    let samples = tenths * RATE as usize / 10;
    Ok(match format {
        "pcm" => (noise(samples * 2), "audio/pcm"),
        "wav" => (wav(&noise(samples * 2)), "audio/wav"),
        // Frames of 26 ms at 128 kbit/s, all of them silent.
        "mp3" => ([&[0xFF, 0xFB, 0x90, 0x00][..], &[0; 413]].concat().repeat(tenths * 4), "audio/mpeg"),
        "opus" => ([b"OggS\0\x02".to_vec(), noise(tenths * 600)].concat(), "audio/opus"),
        "aac" => ([vec![0xFF, 0xF1], noise(tenths * 800)].concat(), "audio/aac"),
        "flac" => ([b"fLaC".to_vec(), noise(tenths * 2_400)].concat(), "audio/flac"),
        other => {
            return Err(Refusal::bad(format!(
                "Invalid value: '{other}'. Supported values are: 'mp3', 'opus', 'aac', 'flac', 'wav', and 'pcm'."
            ))
            .param("response_format")
            .code("invalid_value"));
        }
    })
}

fn noise(dice: &mut Dice, bytes: usize) -> Vec<u8> {
    // The high byte of each sample stays low: it is quiet.
    let sample = |_| [dice.roll().to_le_bytes()[0], 0];
    (0..bytes.div_ceil(2)).flat_map(sample).collect()
}

/// A WAV file of 16-bit samples on one channel.
fn wav(samples: &[u8]) -> Vec<u8> {
    let len = u32::try_from(samples.len()).unwrap_or(u32::MAX);
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + len).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    for half in [1_u16, 1] {
        wav.extend(half.to_le_bytes());
    }
    for whole in [RATE, RATE * 2] {
        wav.extend(whole.to_le_bytes());
    }
    for half in [2_u16, 16] {
        wav.extend(half.to_le_bytes());
    }
    wav.extend(b"data");
    wav.extend(len.to_le_bytes());
    wav.extend(samples);
    wav
}

fn pieces(sound: &[u8], mut tokens: u64) -> Vec<Chunk> {
    let last = sound.len().div_ceil(PIECE) - 1;
    let piece = |(at, bytes): (usize, &[u8])| Chunk {
        bytes: Bytes::copy_from_slice(bytes),
        tokens: std::mem::take(&mut tokens),
        is_end: at == last,
    };
    sound.chunks(PIECE).enumerate().map(piece).collect()
}

fn events(sound: &[u8], usage: &MeteredUsage) -> Reply {
    let event = |value: Value, tokens: u64, is_end: bool| Chunk {
        bytes: format!("data: {value}\n\n").into(),
        tokens,
        is_end,
    };
    let delta = |piece: &[u8]| json!({"type": "speech.audio.delta", "audio": STANDARD.encode(piece)});
    let mut chunks: Vec<Chunk> = sound.chunks(PIECE).map(|piece| event(delta(piece), 0, false)).collect();
    let total = usage.input + usage.output;
    let usage_value =
        json!({"input_tokens": usage.input, "output_tokens": usage.output, "total_tokens": total});
    chunks.push(event(json!({"type": "speech.audio.done", "usage": usage_value}), usage.output, true));
    Reply::stream("text/event-stream; charset=utf-8", chunks, |_| {
        Bytes::from_static(
            b"data: {\"type\":\"error\",\"error\":{\"message\":\"The server had an error while processing your request.\",\"type\":\"server_error\"}}\n\n",
        )
    })
}
