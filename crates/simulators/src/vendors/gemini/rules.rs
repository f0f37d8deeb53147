//! What Gemini refuses, apart from the order of contents.

pub(super) mod conversation;

use serde_json::Value;

use super::{
    super::whole,
    model,
    request::{self, calling, config, contents, declarations, field, mode, thinking},
};
use crate::exchange::{Exchange, Refusal, require};

/// The fields of a request, as they are named in JSON; the proto's names are understood as well.
const FIELDS: [&str; 12] = [
    "model",
    "contents",
    "systemInstruction",
    "tools",
    "toolConfig",
    "safetySettings",
    "generationConfig",
    "cachedContent",
    "labels",
    "serviceTier",
    "store",
    "continuationToken",
];

const CONFIG_FIELDS: [&str; 27] = [
    "candidateCount",
    "stopSequences",
    "maxOutputTokens",
    "temperature",
    "topP",
    "topK",
    "seed",
    "presencePenalty",
    "frequencyPenalty",
    "responseLogprobs",
    "logprobs",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "_responseJsonSchema",
    "responseModalities",
    "speechConfig",
    "thinkingConfig",
    "imageConfig",
    "mediaResolution",
    "routingConfig",
    "modelSelectionConfig",
    "audioTimestamp",
    "enableEnhancedCivicAnswers",
    "enableAffectiveDialog",
    "audioTranscriptionConfig",
    "generationOutputConfig",
];

/// What a schema may hold, where it is not given as JSON schema.
const SCHEMA_FIELDS: [&str; 26] = [
    "type",
    "format",
    "title",
    "description",
    "nullable",
    "enum",
    "items",
    "maxItems",
    "minItems",
    "properties",
    "required",
    "minProperties",
    "maxProperties",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "example",
    "anyOf",
    "propertyOrdering",
    "default",
    "additionalProperties",
    "defs",
    "ref",
    "any_of",
];

pub(super) fn no_such_model(model: &str) -> String {
    format!(
        "models/{model} is not found for API version v1beta, or is not supported for generateContent. \
         Call ModelService.ListModels to see the list of available models and their supported methods."
    )
}

/// The words for methods other than `generateContent`, as recorded.
pub(super) fn unsupported_method(model: &str, method: &str) -> String {
    format!(
        "models/{model} is not found for API version v1beta, or is not supported for {method}. \
         Call ListModels to see the list of available models and their supported methods."
    )
}

pub(super) fn check_count(exchange: &Exchange<'_>) -> Result<(), Refusal> {
    require(model::is_known(exchange.model), || {
        Refusal::not_found(unsupported_method(exchange.model, "countTokens"))
    })?;
    let inner = &exchange.body["generateContentRequest"];
    let both = inner.is_object() && !contents(exchange.body).is_empty();
    require(!both, || Refusal::bad("Only one of contents and generateContentRequest may be set."))?;
    let counted = if inner.is_object() { inner } else { exchange.body };
    require(!contents(counted).is_empty(), || {
        Refusal::bad("* CountTokensRequest.contents: contents is not specified\n")
    })
}

fn check_model(exchange: &Exchange<'_>) -> Result<(), Refusal> {
    let generates = model::is_known(exchange.model)
        && !model::is_interactions_only(exchange.model)
        && !exchange.model.contains("embedding");
    require(generates, || Refusal::not_found(no_such_model(exchange.model)))
}

pub(super) fn check(exchange: &Exchange<'_>) -> Result<(), Refusal> {
    check_model(exchange)?;
    let body = exchange.body;
    known_fields(body, &FIELDS, "")?;
    known_fields(config(body), &CONFIG_FIELDS, " at 'generation_config'")?;
    conversation::check(exchange)?;
    window(exchange)?;
    tools(body)?;
    generation(exchange.model, body)?;
    thoughts(exchange.model, body)
}

/// The tokens that a model reads at once.
pub(super) const WINDOW: u64 = 1_048_576;

/// In recorded words.
fn window(exchange: &Exchange<'_>) -> Result<(), Refusal> {
    let tokens = exchange.too_many(WINDOW, || request::prompt(exchange.body, exchange.model).total());
    require(tokens.is_none(), || {
        Refusal::bad(format!(
            "The input token count ({}) exceeds the maximum number of tokens allowed ({WINDOW}).",
            tokens.unwrap_or(0)
        ))
    })
}

fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut words = name.trim_start_matches('_').split('_');
    camel.push_str(words.next().unwrap_or(""));
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        camel.push_str(&first.to_ascii_uppercase());
        camel.push_str(rest);
    }
    camel
}

fn known_fields(value: &Value, known: &[&str], place: &str) -> Result<(), Refusal> {
    for name in value.as_object().into_iter().flat_map(serde_json::Map::keys) {
        let is_known = known.contains(&name.as_str()) || known.contains(&camel(name).as_str());
        require(is_known, || {
            Refusal::bad(format!(
                "Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field."
            ))
        })?;
    }
    Ok(())
}

fn tools(body: &Value) -> Result<(), Refusal> {
    let mut count = 0;
    for (at, declared) in declarations(body).enumerate() {
        count += 1;
        let name = declared["name"].as_str().unwrap_or("");
        let first = name.chars().next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_-.:".contains(letter);
        require(first && name.len() <= 64 && name.chars().all(allowed), || {
            Refusal::bad(format!(
                "* GenerateContentRequest.tools[0].function_declarations[{at}].name: Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64.\n"
            ))
        })?;
        let both = !declared["parameters"].is_null()
            && !field(declared, "parametersJsonSchema", "parameters_json_schema").is_null();
        require(!both, || Refusal::bad("parameters and parameters_json_schema are mutually exclusive."))?;
        schema(&declared["parameters"], "tools[0].function_declarations.parameters")?;
    }
    let names = field(calling(body), "allowedFunctionNames", "allowed_function_names");
    let mode = mode(body);
    require(["AUTO", "ANY", "NONE", "VALIDATED", "MODE_UNSPECIFIED"].contains(&mode.as_str()), || {
        Refusal::bad(format!("Invalid value at 'tool_config.function_calling_config.mode': \"{mode}\""))
    })?;
    require(names.is_null() || matches!(mode.as_str(), "ANY" | "VALIDATED"), || {
        Refusal::bad(
            "Function calling config: allowed_function_names should only be set when the mode is ANY.",
        )
    })?;
    require(mode != "ANY" || count > 0, || {
        Refusal::bad("Function calling mode is set to ANY but no function declarations are provided.")
    })
}

fn schema(schema: &Value, place: &str) -> Result<(), Refusal> {
    known_fields(schema, &SCHEMA_FIELDS, &format!(" at '{place}'"))?;
    require(!schema["type"].is_array(), || {
        Refusal::bad(format!(
            "Invalid JSON payload received. Proto field is not repeating, cannot start list at '{place}.type'."
        ))
    })?;
    for inner in schema["properties"].as_object().into_iter().flat_map(serde_json::Map::values) {
        self::schema(inner, place)?;
    }
    for inner in field(schema, "anyOf", "any_of").as_array().into_iter().flatten() {
        self::schema(inner, place)?;
    }
    if schema["items"].is_object() { self::schema(&schema["items"], place) } else { Ok(()) }
}

fn generation(name: &str, body: &Value) -> Result<(), Refusal> {
    let config = config(body);
    let is_four = model::generation(name) >= 40;
    let temperature = config["temperature"].as_f64();
    require(temperature.is_none_or(|value| (0.0..=2.0).contains(&value)), || {
        Refusal::bad(format!(
            "Unable to submit request because it has a temperature value of {} but the supported range is from 0 (inclusive) to 2.0001 (exclusive). Update the value and try again.",
            temperature.unwrap_or(0.0)
        ))
    })?;
    let count = whole(field(config, "candidateCount", "candidate_count")).unwrap_or(1);
    require((1..=if is_four { 1 } else { 8 }).contains(&count), || {
        Refusal::bad(format!(
            "Unable to submit request because it has a candidateCount value of {count} that this model does not support."
        ))
    })?;
    for (camel, snake) in [("frequencyPenalty", "frequency_penalty"), ("presencePenalty", "presence_penalty")]
    {
        require(field(config, camel, snake).is_null() || !is_four, || {
            Refusal::bad(format!("{camel} is not supported for this model."))
        })?;
    }
    let stops = field(config, "stopSequences", "stop_sequences").as_array().map_or(0, Vec::len);
    require(stops <= 5, || {
        Refusal::bad("Unable to submit request because the stopSequences field must have at most 5 elements.")
    })?;
    let limit = field(config, "maxOutputTokens", "max_output_tokens").as_i64();
    require(limit.is_none_or(|limit| limit >= 1), || {
        Refusal::bad("Unable to submit request because it has a maxOutputTokens value that is not positive.")
    })?;
    let own = field(config, "responseSchema", "response_schema");
    let json = field(config, "responseJsonSchema", "response_json_schema");
    require(own.is_null() || json.is_null(), || {
        Refusal::bad("response_schema and response_json_schema are mutually exclusive.")
    })?;
    schema(own, "generation_config.response_schema")?;
    let kind = field(config, "responseMimeType", "response_mime_type").as_str().unwrap_or("text/plain");
    require((own.is_null() && json.is_null()) || kind != "text/plain", || {
        Refusal::bad(
            "The response schema requires a response mime type: set responseMimeType to application/json.",
        )
    })?;
    let tools_with_json =
        kind == "application/json" && declarations(body).next().is_some() && model::generation(name) < 30;
    require(!tools_with_json, || {
        Refusal::bad("Function calling with a response mime type: 'application/json' is unsupported")
    })?;
    let prefilled = contents(body).last().is_some_and(|content| content["role"] == "model");
    require(!prefilled || !is_four, || {
        Refusal::bad("The last content must be of role user: this model does not support prefilled answers.")
    })
}

fn thoughts(name: &str, body: &Value) -> Result<(), Refusal> {
    let thinking = thinking(body);
    let budget = field(thinking, "thinkingBudget", "thinking_budget");
    let level = field(thinking, "thinkingLevel", "thinking_level").as_str();
    let generation = model::generation(name);
    require(budget.is_null() || level.is_none(), || {
        Refusal::bad("You can only set only one of thinking budget and thinking level.")
    })?;
    require(budget.is_null() || generation < 40, || {
        Refusal::bad("Thinking budget is not supported for this model.")
    })?;
    require(level.is_none() || generation >= 30, || {
        Refusal::bad("Thinking level is not supported for this model.")
    })?;
    let levels = ["minimal", "low", "medium", "high", "xhigh", "thinking_level_unspecified"];
    let level = level.map(str::to_ascii_lowercase);
    let refuses_minimal = generation >= 38;
    let supported = |level: &str| levels.contains(&level) && !(level == "minimal" && refuses_minimal);
    require(level.as_deref().is_none_or(supported), || {
        Refusal::bad(format!(
            "Thinking level {} is not supported for this model.",
            level.as_deref().unwrap_or("").to_ascii_uppercase()
        ))
    })
}
