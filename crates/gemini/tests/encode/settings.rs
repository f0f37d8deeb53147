//! The generation's settings and the format's own fields.

use serde_json::json;
use tollgate_catalog::card::ReasoningStyle;
use tollgate_model::{
    Content, Format, LossKind, Message, Part, Role,
    message::Opaque,
    request::{AudioOutput, JsonSchema, Logprobs, Modality, ResponseFormat},
};

use crate::{FORMAT, card, dropped, encode, encode_for, function, hello, lost, own, styled};

#[test]
fn settings_go_into_the_generation_config() {
    let mut request = hello().with_max_output_tokens(100);
    request.sampling.temperature = Some(1.5);
    request.sampling.top_p = Some(0.5);
    request.sampling.top_k = Some(7);
    request.sampling.presence_penalty = Some(0.25);
    request.sampling.frequency_penalty = Some(-0.25);
    request.sampling.seed = Some(42);
    request.stop = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
    request.choices = Some(2);
    request.logprobs = Some(Logprobs { top: Some(3) });
    request.modalities = Some(vec![Modality::Text, Modality::Audio]);
    request.audio = Some(AudioOutput { voice: Some(json!("Kore")), format: Some("pcm16".to_owned()) });
    request.cache.content = Some("cachedContents/1".to_owned());
    request.service_tier = Some("flex".to_owned());
    let (body, losses) = encode(&request);
    let expected = json!({
        "maxOutputTokens": 100, "temperature": 1.5, "topP": 0.5, "topK": 7,
        "stopSequences": ["a", "b", "c", "d", "e"], "candidateCount": 2, "seed": 42,
        "presencePenalty": 0.25, "frequencyPenalty": -0.25, "responseLogprobs": true, "logprobs": 3,
        "responseModalities": ["TEXT", "AUDIO"],
        "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}},
    });
    assert_eq!(body["generationConfig"], expected);
    assert_eq!((&body["cachedContent"], &body["serviceTier"]), (&json!("cachedContents/1"), &json!("flex")));
    assert_eq!(losses, []);
}

#[test]
fn settings_beyond_what_is_taken_are_left_out_and_named() {
    let mut request = hello().with_max_output_tokens(100_000);
    request.sampling.temperature = Some(0.5);
    request.sampling.top_k = Some(7);
    request.sampling.presence_penalty = Some(0.25);
    request.sampling.frequency_penalty = Some(0.0);
    request.sampling.seed = Some(1 << 40 | 5);
    request.stop = ["a", "", "b", "c", "d", "e", "f"].map(str::to_owned).to_vec();
    request.choices = Some(2);
    request.audio = Some(AudioOutput { voice: Some(json!({"id": "v"})), format: Some("mp3".to_owned()) });
    let mut card = card();
    card.max_output_tokens = Some(65_536);
    card.rules.sampling = Some(false);
    card.rules.penalties = Some(false);
    card.rules.multiple_choices = Some(false);
    let (body, losses) = encode_for(&card, &request);
    let expected = json!({"maxOutputTokens": 65536, "stopSequences": ["a", "b", "c", "d", "e"], "seed": 5});
    assert_eq!(body["generationConfig"], expected);
    let expected = [
        lost("max_output_tokens", LossKind::Approximated),
        dropped("stop[1]"),
        dropped("stop[6]"),
        dropped("choices"),
        lost("sampling.seed", LossKind::Approximated),
        dropped("audio.format"),
        dropped("audio.voice"),
        dropped("sampling.temperature"),
        dropped("sampling.top_k"),
        dropped("sampling.presence_penalty"),
    ];
    assert_eq!(losses, expected);
}

#[test]
fn answers_after_a_schema_are_asked_for_where_the_model_takes_it() {
    let schema = json!({"type": "object", "properties": {"b": {}, "a": {}}});
    let mut request = hello().with_tools(vec![function()]);
    request.response_format = Some(ResponseFormat::JsonSchema(JsonSchema {
        name: Some("n".to_owned()),
        description: None,
        schema: schema.clone(),
        strict: Some(true),
    }));
    for card in [card(), styled(ReasoningStyle::Level)] {
        let (body, losses) = encode_for(&card, &request);
        let config = &body["generationConfig"];
        assert_eq!(config["responseMimeType"], "application/json");
        assert_eq!(config["responseJsonSchema"].to_string(), schema.to_string(), "in the order given");
        assert_eq!(losses, []);
    }
    // Up to 2.5: functions or a schema, not both.
    let (body, losses) = encode_for(&styled(ReasoningStyle::Budget), &request);
    assert!(body.get("generationConfig").is_none());
    assert!(body["systemInstruction"]["parts"][0]["text"].as_str().unwrap().contains(&schema.to_string()));
    assert_eq!(losses, [lost("response_format", LossKind::Emulated)]);
    request.tools.clear();
    request.response_format = Some(ResponseFormat::JsonObject);
    let (body, losses) = encode_for(&styled(ReasoningStyle::Budget), &request);
    assert_eq!(body["generationConfig"], json!({"responseMimeType": "application/json"}));
    assert_eq!(losses, []);
}

#[test]
fn fields_of_this_format_are_written_through_where_they_stood() {
    let mut request = hello().with_tools(vec![function()]);
    request.extra.insert(&FORMAT, "safetySettings", json!([{"category": "C", "threshold": "OFF"}]));
    request.extra.insert(&FORMAT, "contents", json!("not this one"));
    let config = json!({"mediaResolution": "LOW", "topK": 9, "thinkingConfig": {"thinkingBudget": 5}});
    request.extra.insert(&FORMAT, "generationConfig", config);
    let tools = json!({"retrievalConfig": {"languageCode": "de"},
        "functionCallingConfig": {"streamFunctionCallArguments": true, "mode": "ANY"}});
    request.extra.insert(&FORMAT, "toolConfig", tools);
    request.sampling.top_k = Some(3);
    let mut signed = Part::tool_call("c", "f", "{}");
    signed.extra = own("functionCall", json!({"willContinue": false, "name": "x"}));
    request.messages.push(Message::new(Role::Assistant, vec![signed]));
    let opaque = json!({"executableCode": {"code": "1", "language": "PYTHON"}, "thoughtSignature": "s"});
    let opaque = Opaque { format: FORMAT, value: opaque };
    request.messages.push(Message::new(Role::Assistant, vec![Part::new(Content::Opaque(opaque.clone()))]));
    let (body, losses) = encode(&request);
    assert_eq!(body["safetySettings"][0]["threshold"], "OFF");
    let config = json!({"topK": 3, "mediaResolution": "LOW", "thinkingConfig": {"thinkingBudget": 5}});
    assert_eq!(body["generationConfig"], config);
    let tools = json!({"retrievalConfig": {"languageCode": "de"},
        "functionCallingConfig": {"mode": "AUTO", "streamFunctionCallArguments": true}});
    assert_eq!(body["toolConfig"], tools);
    let call = json!({"id": "c", "name": "f", "args": {}, "willContinue": false});
    assert_eq!(body["contents"][1]["parts"][0]["functionCall"], call);
    assert_eq!(body["contents"][1]["parts"][1], opaque.value);
    assert_eq!(losses, []);

    let mut foreign = hello();
    foreign.extra.insert(&Format::OPENAI_CHAT, "prediction", json!({}));
    assert_eq!(encode(&foreign).1, [dropped("prediction")]);
}
