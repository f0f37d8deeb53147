//! Limits, sampling, cache hints and the format's own fields.

use serde_json::json;
use tollgate_anthropic::DEFAULT_MAX_TOKENS;
use tollgate_model::{Extra, Format, LossKind, Message, Part, Role, message::CacheHint};

use crate::{FORMAT, asking, card, encode, encode_for, hello, lost};

#[test]
fn the_output_limit_is_the_clients_the_models_or_the_default() {
    let mut card = card();
    card.max_output_tokens = Some(64_000);
    assert_eq!(encode_for(&card, &hello()).0["max_tokens"], 64_000);
    assert_eq!(encode_for(&card, &hello().with_max_output_tokens(10)).0["max_tokens"], 10);
    let (body, losses) = encode_for(&card, &hello().with_max_output_tokens(100_000));
    assert_eq!((body["max_tokens"].as_u64(), losses.len()), (Some(64_000), 1));
}

#[test]
fn sampling_is_brought_to_what_is_taken() {
    let mut request = hello();
    request.sampling.temperature = Some(1.7);
    let (body, losses) = encode(&request);
    assert_eq!(body["temperature"], 1.0);
    assert_eq!(losses, [lost("sampling.temperature", LossKind::Approximated)]);
    request.sampling.top_p = Some(0.5);
    assert!(encode(&request).1.contains(&lost("sampling.top_p", LossKind::Dropped)));
    let mut card = card();
    card.rules.sampling = Some(false);
    request.sampling.temperature = Some(1.0);
    request.sampling.top_k = Some(3);
    let (body, losses) = encode_for(&card, &request);
    assert!(body.get("temperature").is_none() && body.get("top_p").is_none() && body.get("top_k").is_none());
    // Temperature 1 is the default: leaving it out says the same.
    assert_eq!(
        losses,
        [lost("sampling.top_p", LossKind::Dropped), lost("sampling.top_k", LossKind::Dropped)]
    );
}

#[test]
fn what_has_no_counterpart_is_named() {
    let mut request = hello();
    request.choices = Some(2);
    request.sampling.seed = Some(1);
    request.sampling.presence_penalty = Some(0.5);
    request.sampling.frequency_penalty = Some(0.0);
    request.logprobs = Some(tollgate_model::request::Logprobs { top: None });
    request.stop = vec!["END".to_owned(), "\n".to_owned()];
    request.user = Some("u1".to_owned());
    request.metadata.insert("team".to_owned(), json!("x"));
    request.service_tier = Some("flex".to_owned());
    request.cache.key = Some("k".to_owned());
    let (body, losses) = encode(&request);
    assert_eq!(body["stop_sequences"], json!(["END"]));
    assert_eq!(body["metadata"], json!({"user_id": "u1"}));
    let mut paths: Vec<_> = losses.iter().map(|(path, _)| path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "cache.key",
            "choices",
            "logprobs",
            "metadata.team",
            "sampling.presence_penalty",
            "sampling.seed",
            "service_tier",
            "stop[1]"
        ]
    );
}

#[test]
fn four_breakpoints_are_kept_and_an_hour_never_follows_five_minutes() {
    let part = |hint| Part::text("x").with_cache(hint);
    let standard = CacheHint::Standard;
    let parts = vec![part(standard), part(standard), part(CacheHint::OneHour), part(standard)];
    let mut request =
        asking(vec![Message::new(Role::System, vec![part(standard)]), Message::new(Role::User, parts)]);
    request.cache.automatic = Some(standard);
    let (body, losses) = encode(&request);
    assert!(body["system"][0].get("cache_control").is_none());
    assert!(body["messages"][0]["content"][0].get("cache_control").is_none());
    assert_eq!(body["messages"][0]["content"][2]["cache_control"], json!({"type": "ephemeral"}));
    assert_eq!(body["cache_control"], json!({"type": "ephemeral"}));
    assert_eq!(
        losses,
        [
            lost("messages[0].parts[0].cache", LossKind::Dropped),
            lost("messages[1].parts[0].cache", LossKind::Dropped),
            lost("messages[1].parts[2].cache", LossKind::Approximated),
        ]
    );
}

#[test]
fn fields_of_the_format_are_written_through_and_others_named() {
    let own = json!({"inference_geo": "us", "output_config": {"task_budget": 7}, "thinking": {"type": "between_tools"},
        "metadata": {"beta_id": 1}, "max_tokens": 1});
    let mut request = hello();
    request.reasoning.effort = None;
    request.extra = Extra::new(FORMAT, own.as_object().unwrap().clone());
    let (body, losses) = encode(&request);
    assert_eq!(body["inference_geo"], "us");
    assert_eq!(body["output_config"], json!({"task_budget": 7}));
    assert_eq!(body["thinking"], json!({"type": "between_tools"}));
    assert_eq!(body["metadata"], json!({"beta_id": 1}));
    assert_eq!(body["max_tokens"], DEFAULT_MAX_TOKENS);
    assert!(losses.is_empty());
    request.extra = Extra::new(Format::OPENAI_CHAT, json!({"store": true}).as_object().unwrap().clone());
    assert_eq!(encode(&request).1, [lost("store", LossKind::Dropped)]);
}
