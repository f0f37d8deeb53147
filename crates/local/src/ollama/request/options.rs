//! Limits and sampling → `options`.

use serde_json::{Map, Value};
use tollgate_model::{ChatRequest, Losses};
use tollgate_provider::Target;

/// Writes the options. `wanted` holds those of the request's own extra fields (`num_ctx`, `min_p` …), which canonical
/// settings override.
pub(super) fn write(
    target: &Target<'_>,
    request: &ChatRequest,
    wanted: Option<Value>,
    losses: &mut Losses,
) -> Map<String, Value> {
    let mut options = match wanted {
        Some(Value::Object(options)) => options,
        Some(_) => {
            losses.dropped("options", "options are an object");
            Map::new()
        }
        None => Map::new(),
    };
    let rules = target.card.map(|card| &card.rules);
    let samples = rules.and_then(|rules| rules.sampling) != Some(false);
    let penalizes = rules.and_then(|rules| rules.penalties) != Some(false);
    let stops = rules.and_then(|rules| rules.stop) != Some(false);

    let asked = &request.sampling;
    let stop = (!request.stop.is_empty()).then(|| Value::from(request.stop.clone()));
    let settings = [
        ("temperature", "sampling.temperature", asked.temperature.map(Value::from), samples),
        ("top_p", "sampling.top_p", asked.top_p.map(Value::from), samples),
        ("top_k", "sampling.top_k", asked.top_k.map(Value::from), samples),
        ("presence_penalty", "sampling.presence_penalty", asked.presence_penalty.map(Value::from), penalizes),
        (
            "frequency_penalty",
            "sampling.frequency_penalty",
            asked.frequency_penalty.map(Value::from),
            penalizes,
        ),
        ("seed", "sampling.seed", asked.seed.map(Value::from), true),
        ("num_predict", "max_output_tokens", request.max_output_tokens.map(Value::from), true),
        ("stop", "stop", stop, stops),
    ];
    for (name, path, value, is_taken) in settings {
        match value {
            Some(value) if is_taken => {
                options.insert(name.to_owned(), value);
            }
            Some(_) => losses.dropped(path, "the model does not take it"),
            None => {}
        }
    }
    if !asked.logit_bias.is_empty() {
        losses.dropped("sampling.logit_bias", "the server takes no bias");
    }
    options
}
