//! Pictures, sound and moderation of the simulated OpenAI, read byte by byte.

#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod raw;

use base64::{Engine, engine::general_purpose::STANDARD};
use raw::{Answer, credentials, exchange, post, start};
use serde_json::{Value, json};
use tollgate_simulators::{Ending, Simulators, Vendor::OpenAi};

async fn ask(simulators: &Simulators, path: &str, body: Value) -> Answer {
    post(simulators, OpenAi, path, &body).await
}

/// Sends a form as SDKs do: the fields, then a file.
async fn send_form(
    simulators: &Simulators,
    path: &str,
    fields: &[(&str, &str)],
    file: (&str, usize),
) -> Answer {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(
            format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    let (name, len) = file;
    if !name.is_empty() {
        body.extend(format!("--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: audio/wav\r\n\r\n").bytes());
        body.extend(vec![7; len]);
        body.extend(b"\r\n");
    }
    body.extend(b"--edge--\r\n");
    let headers = format!("{}content-type: multipart/form-data; boundary=edge\r\n", credentials(OpenAi));
    exchange(&simulators.base_url(OpenAi), "POST", path, &headers, &body).await.unwrap()
}

#[tokio::test]
async fn texts_and_pictures_are_judged() {
    let simulators = start().await;
    let judged =
        ask(&simulators, "/moderations", json!({"input": ["Good morning", "I will kill them"]})).await.json();
    assert_eq!(judged["model"], "omni-moderation-latest");
    let results = judged["results"].as_array().unwrap();
    assert_eq!((&results[0]["flagged"], &results[1]["flagged"]), (&json!(false), &json!(true)));
    assert!(
        results[1]["categories"]["violence"] == true
            && results[1]["category_scores"]["violence"].as_f64() > Some(0.7)
    );
    assert_eq!(results[0]["categories"].as_object().unwrap().len(), 13);
    assert_eq!(results[0]["category_applied_input_types"]["hate"], json!(["text"]));
    let parts = json!([{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "https://a/b.png"}}]);
    let judged = ask(&simulators, "/moderations", json!({"input": parts})).await.json();
    let applied = &judged["results"][0]["category_applied_input_types"];
    assert_eq!((&applied["violence"], &applied["hate"]), (&json!(["text", "image"]), &json!(["text"])));
    let older = json!({"model": "text-moderation-latest", "input": "I will kill them"});
    let older = ask(&simulators, "/moderations", older).await.json();
    assert_eq!(older["model"], "text-moderation-007");
    let result = &older["results"][0];
    assert!(
        result["categories"].as_object().unwrap().len() == 11
            && result.get("category_applied_input_types").is_none()
    );
    for body in [
        json!({}),
        json!({"input": 7}),
        json!({"input": "x", "model": "gpt-4o"}),
        json!({"input": parts, "model": "text-moderation-latest"}),
    ] {
        assert_eq!(ask(&simulators, "/moderations", body).await.status, 400);
    }
    assert_eq!(simulators.meter().iter().filter(|entry| entry.status == 200).count(), 3);
}

#[tokio::test]
async fn pictures_come_as_bytes_with_a_bill_or_by_address_without() {
    let simulators = start().await;
    let path = "/images/generations";
    let body = json!({"model": "gpt-image-2", "prompt": "A cat", "n": 2, "quality": "low"});
    let made = ask(&simulators, path, body).await.json();
    let bytes = |picture: &Value| STANDARD.decode(picture["b64_json"].as_str().unwrap()).unwrap();
    assert!(
        bytes(&made["data"][0]).starts_with(b"\x89PNG") && bytes(&made["data"][0]) != bytes(&made["data"][1])
    );
    assert_eq!(
        (&made["usage"]["output_tokens"], &made["size"], &made["quality"]),
        (&json!(544), &json!("1024x1024"), &json!("low"))
    );
    let metered = simulators.meter()[0].usage;
    assert_eq!(
        (json!(metered.input), json!(metered.output)),
        (made["usage"]["input_tokens"].clone(), json!(544))
    );
    for (format, magic) in [("jpeg", &b"\xFF\xD8\xFF"[..]), ("webp", b"RIFF")] {
        let body = json!({"model": "gpt-image-2", "prompt": "A cat", "output_format": format});
        let made = ask(&simulators, path, body).await.json();
        assert!(bytes(&made["data"][0]).starts_with(magic) && made["output_format"] == format);
    }
    let by_address = ask(&simulators, path, json!({"model": "dall-e-3", "prompt": "A cat"})).await.json();
    assert!(
        by_address["data"][0]["url"].as_str().unwrap().starts_with("https://")
            && by_address.get("usage").is_none()
    );
    assert!(by_address["data"][0]["revised_prompt"].is_string());

    let body = json!({"model": "gpt-image-1", "prompt": "A cat", "stream": true, "partial_images": 2});
    let events = ask(&simulators, path, body).await.events();
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["image_generation.partial_image", "image_generation.partial_image", "image_generation.completed"]
    );
    assert_eq!(events[1]["partial_image_index"], 1);
    assert!(events[2]["usage"]["total_tokens"].is_u64());

    for (body, param) in [
        (json!({"model": "gpt-image-2"}), "prompt"),
        (json!({"model": "gpt-image-2", "prompt": "x", "response_format": "url"}), "response_format"),
        (json!({"model": "gpt-image-2", "prompt": "x", "size": "7x7"}), "size"),
        (json!({"model": "dall-e-3", "prompt": "x", "n": 2}), "n"),
        (json!({"model": "gpt-4o", "prompt": "x"}), "model"),
    ] {
        let refused = ask(&simulators, path, body).await;
        assert_eq!((refused.status, &refused.json()["error"]["param"]), (400, &json!(param)));
    }
}

#[tokio::test]
async fn speech_comes_in_pieces_of_its_format() {
    let simulators = start().await;
    let body = |format: &str| json!({"model": "gpt-4o-mini-tts", "voice": "coral", "input": "Good morning to all", "response_format": format});
    for (format, kind, magic) in [
        ("mp3", "audio/mpeg", &b"\xFF\xFB"[..]),
        ("wav", "audio/wav", b"RIFF"),
        ("opus", "audio/opus", b"OggS"),
        ("flac", "audio/flac", b"fLaC"),
        ("aac", "audio/aac", b"\xFF\xF1"),
        ("pcm", "audio/pcm", b""),
    ] {
        let spoken = ask(&simulators, "/audio/speech", body(format)).await;
        assert_eq!(spoken.header("content-type").as_deref(), Some(kind));
        assert!(spoken.is_whole && spoken.body.starts_with(magic) && spoken.body.len() > 1_000);
        assert_eq!(spoken.header("transfer-encoding").as_deref(), Some("chunked"));
        assert_eq!(
            ask(&simulators, "/audio/speech", body(format)).await.body,
            spoken.body,
            "the same each time"
        );
    }
    let wav = ask(&simulators, "/audio/speech", body("wav")).await.body;
    assert_eq!(u32::from_le_bytes(wav[40..44].try_into().unwrap()) as usize, wav.len() - 44);
    let mut events = body("pcm");
    events["stream_format"] = json!("sse");
    let events = ask(&simulators, "/audio/speech", events).await.events();
    let joined: Vec<u8> = events
        .iter()
        .filter_map(|event| event["audio"].as_str())
        .flat_map(|audio| STANDARD.decode(audio).unwrap())
        .collect();
    let last = events.last().unwrap();
    assert!(joined.len() > 1_000 && last["type"] == "speech.audio.done");
    assert_eq!(last["usage"]["output_tokens"], simulators.meter().last().unwrap().usage.output);

    let mut cut = body("mp3");
    cut["model"] = json!("gpt-4o-mini-tts--cut");
    let cut = ask(&simulators, "/audio/speech", cut).await;
    assert!(!cut.is_whole && cut.status == 200);
    assert_eq!(simulators.meter().last().unwrap().ending, Ending::Broken);
    for (field, value, status) in [
        ("input", json!(""), 400),
        ("input", json!("x".repeat(4_097)), 400),
        ("voice", json!("nobody"), 400),
        ("response_format", json!("midi"), 400),
        ("speed", json!(9), 400),
        ("model", json!("gpt-4o"), 404),
    ] {
        let mut body = body("mp3");
        body[field] = value;
        assert_eq!(ask(&simulators, "/audio/speech", body).await.status, status, "{field}");
    }
}

#[tokio::test]
async fn files_are_written_down_in_the_form_that_is_asked_for() {
    let simulators = start().await;
    let path = "/audio/transcriptions";
    let whisper = |format: &'static str| {
        let simulators = &simulators;
        async move {
            let fields =
                [("model", "whisper-1"), ("response_format", format), ("timestamp_granularities[]", "word")];
            send_form(simulators, path, &fields, ("a.wav", 100_000)).await
        }
    };
    let plain = whisper("json").await.json();
    let text = plain["text"].as_str().unwrap();
    assert_eq!(plain["usage"], json!({"type": "duration", "seconds": 3}));
    assert_eq!(whisper("text").await.text().trim(), text);
    let verbose = whisper("verbose_json").await.json();
    assert_eq!((&verbose["text"], &verbose["duration"]), (&json!(text), &json!(3.0)));
    assert!(!verbose["segments"].as_array().unwrap().is_empty() && verbose["words"][0]["word"].is_string());
    assert!(whisper("srt").await.text().starts_with("1\n00:00:00,000 --> 00:00:0"));
    assert!(whisper("vtt").await.text().starts_with("WEBVTT\n\n00:00:00.000 --> "));
    assert_eq!(simulators.meter()[0].usage.audio_input, 30);

    let fields = [("model", "gpt-4o-transcribe"), ("stream", "true")];
    let streamed = send_form(&simulators, path, &fields, ("a.mp3", 100_000)).await;
    let events = streamed.events();
    let joined: String = events.iter().filter_map(|event| event["delta"].as_str()).collect();
    let last = events.last().unwrap();
    assert_eq!((&last["type"], &last["text"]), (&json!("transcript.text.done"), &json!(joined)));
    assert_eq!(joined, text, "the same bytes are heard the same");
    assert_eq!(last["usage"]["output_tokens"], simulators.meter().last().unwrap().usage.output);
    let fields = [("model", "whisper-1")];
    let translated = send_form(&simulators, "/audio/translations", &fields, ("a.webm", 10)).await;
    assert_eq!((translated.status, &translated.json()["usage"]["seconds"]), (200, &json!(1)));
    let fields = [("model", "gpt-4o-transcribe-diarize"), ("response_format", "diarized_json")];
    let told_apart = send_form(&simulators, path, &fields, ("a.wav", 10)).await.json();
    assert_eq!(told_apart["segments"][0]["speaker"], "A");

    for (model, format, file, status) in [
        ("whisper-1", "json", "", 400),
        ("whisper-1", "json", "a.txt", 400),
        ("gpt-4o-transcribe", "srt", "a.wav", 400),
        ("gpt-4o", "json", "a.wav", 404),
        ("whisper-1--s429", "json", "a.wav", 429),
    ] {
        let fields = [("model", model), ("response_format", format)];
        let refused = send_form(&simulators, path, &fields, (file, 10)).await;
        assert_eq!(refused.status, status, "{model} {format} {file}: {}", refused.text());
    }
    let no_form = exchange(
        &simulators.base_url(OpenAi),
        "POST",
        path,
        &format!("{}content-type: multipart/form-data; boundary=edge\r\n", credentials(OpenAi)),
        b"{}",
    )
    .await
    .unwrap();
    assert_eq!(no_form.status, 400);
}
