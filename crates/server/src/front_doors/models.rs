//! The list of models, as each format has it.

use http::StatusCode;
use serde_json::{Value, json};
use tollgate::{AnswerBody, GeminiModel, ListedModel, encode_gemini_models};
use tollgate_model::Format;

use crate::responses::{json, json_bytes};

/// The beginning of Unix time: of most models nobody says when they were made.
const UNKNOWN_DAY: &str = "1970-01-01T00:00:00Z";

/// Lists the models. All of them: no format is sent pages.
pub(super) fn list(format: &Format, models: &[ListedModel]) -> http::Response<AnswerBody> {
    if *format == Format::GEMINI_GENERATE_CONTENT {
        let models: Vec<_> = models.iter().map(gemini).collect();
        return json_bytes(StatusCode::OK, encode_gemini_models(&models, None));
    }
    let shown: Vec<Value> = models.iter().map(|model| show(format, model)).collect();
    let list = if *format == Format::ANTHROPIC_MESSAGES {
        let name = |model: Option<&ListedModel>| model.map(|model| model.name.clone());
        json!({
            "data": shown, "has_more": false,
            "first_id": name(models.first()), "last_id": name(models.last()),
        })
    } else {
        json!({"object": "list", "data": shown})
    };
    json(StatusCode::OK, &list)
}

/// Shows one model.
pub(super) fn one(format: &Format, model: &ListedModel) -> http::Response<AnswerBody> {
    if *format == Format::GEMINI_GENERATE_CONTENT {
        return json_bytes(StatusCode::OK, gemini(model).encode());
    }
    json(StatusCode::OK, &show(format, model))
}

fn gemini(model: &ListedModel) -> GeminiModel {
    let mut shown = GeminiModel::new(model.name.as_str());
    shown.input_token_limit = model.context_window;
    shown.output_token_limit = model.max_output_tokens;
    if model.embeds {
        shown.methods = ["embedContent", "countTokens"].map(str::to_owned).to_vec();
    }
    shown
}

fn show(format: &Format, model: &ListedModel) -> Value {
    if *format == Format::ANTHROPIC_MESSAGES {
        json!({"type": "model", "id": model.name, "display_name": model.name, "created_at": UNKNOWN_DAY})
    } else {
        json!({"id": model.name, "object": "model", "created": 0, "owned_by": model.owned_by})
    }
}
