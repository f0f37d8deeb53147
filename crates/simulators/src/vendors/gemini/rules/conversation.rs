//! The rules of the conversation: what a content may hold, and that calls, responses and signatures belong together.

use serde_json::Value;

use super::super::{
    super::signature,
    model,
    request::{call, contents, field, parts, response},
};
use crate::exchange::{Exchange, Refusal, require};

/// What Google documents for histories that another model began: as the text itself, and as the bytes of that text, which is
/// what SDKs make of it.
pub(in crate::vendors::gemini) const PLACEHOLDERS: [&str; 4] = [
    "skip_thought_signature_validator",
    "context_engineering_is_the_way_to_go",
    "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=",
    "Y29udGV4dF9lbmdpbmVlcmluZ19pc190aGVfd2F5X3RvX2dv",
];

/// Checks the contents, each by itself and then together.
pub(super) fn check(exchange: &Exchange<'_>) -> Result<(), Refusal> {
    each(exchange.body)?;
    calls(exchange.body)?;
    signatures(exchange)
}

fn each(body: &Value) -> Result<(), Refusal> {
    let contents = contents(body);
    require(!contents.is_empty(), || {
        Refusal::bad("* GenerateContentRequest.contents: contents is not specified\n")
    })?;
    for (at, content) in contents.iter().enumerate() {
        let role = content["role"].as_str().unwrap_or("user");
        require(matches!(role, "user" | "model" | "function"), || {
            Refusal::bad("Please use a valid role: user, model.")
        })?;
        require(!parts(content).is_empty(), || {
            Refusal::bad(format!(
                "* GenerateContentRequest.contents[{at}].parts: contents.parts must not be empty.\n"
            ))
        })?;
        for part in parts(content) {
            self::part(part, at)?;
        }
    }
    let system = field(body, "systemInstruction", "system_instruction");
    let only_text = parts(system).iter().all(|part| part["text"].is_string());
    require(only_text, || Refusal::bad("System instruction must only hold text parts."))
}

const PART_KINDS: [(&str, &str); 8] = [
    ("text", "text"),
    ("inlineData", "inline_data"),
    ("fileData", "file_data"),
    ("functionCall", "function_call"),
    ("functionResponse", "function_response"),
    ("executableCode", "executable_code"),
    ("codeExecutionResult", "code_execution_result"),
    ("thoughtSignature", "thought_signature"),
];

fn part(part: &Value, at: usize) -> Result<(), Refusal> {
    let kinds = PART_KINDS.iter().filter(|(camel, snake)| !field(part, camel, snake).is_null());
    require(kinds.count() > 0, || {
        Refusal::bad(format!(
            "* GenerateContentRequest.contents[{at}].parts[0].data: required oneof field 'data' must have one initialized field\n"
        ))
    })?;
    let blob = field(part, "inlineData", "inline_data");
    let typed = blob.is_null()
        || field(blob, "mimeType", "mime_type").as_str().is_some_and(|kind| kind.contains('/'));
    require(typed, || {
        Refusal::bad("Unable to submit request because it must have a mimeType parameter for inlineData.")
    })?;
    require(call(part).is_none_or(|call| call["args"].is_null() || call["args"].is_object()), || {
        Refusal::bad(
            "Invalid value at 'contents.parts.function_call.args' (type.googleapis.com/google.protobuf.Struct)",
        )
    })?;
    let answer = response(part).map(|response| &response["response"]);
    require(answer.is_none_or(Value::is_object), || {
        Refusal::bad(
            "Invalid value at 'contents.parts.function_response.response' (type.googleapis.com/google.protobuf.Struct)",
        )
    })
}

/// The turns of a conversation: neighbours of one role are one turn, as recorded. `function` is the user's.
fn turns(body: &Value) -> Vec<(bool, Vec<&Value>)> {
    let mut turns: Vec<(bool, Vec<&Value>)> = Vec::new();
    for content in contents(body) {
        let is_model = content["role"] == "model";
        match turns.last_mut() {
            Some((of_model, turn)) if *of_model == is_model => turn.extend(parts(content)),
            _ => turns.push((is_model, parts(content).iter().collect())),
        }
    }
    turns
}

/// A turn of calls is followed by a turn with as many responses; responses follow calls only.
fn calls(body: &Value) -> Result<(), Refusal> {
    let mut open = 0;
    for (at, (is_model, turn)) in turns(body).into_iter().enumerate() {
        let responses = turn.iter().filter(|part| response(part).is_some()).count();
        require(responses == open, || {
            Refusal::bad(
                "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.",
            )
        })?;
        open = turn.iter().filter(|part| call(part).is_some()).count();
        require(open == 0 || (at > 0 && is_model), || {
            Refusal::bad(
                "Please ensure that function call turn comes immediately after a user turn or after a function response turn.",
            )
        })?;
    }
    require(open == 0, || {
        Refusal::bad("Please ensure that function call turn is followed by a function response turn.")
    })
}

/// Of the current turn, which begins after the last thing that the user said, each step's first call is sealed.
fn signatures(exchange: &Exchange<'_>) -> Result<(), Refusal> {
    let contents = contents(exchange.body);
    let is_said = |content: &Value| {
        content["role"] != "model" && parts(content).iter().any(|part| part["text"].is_string())
    };
    let turn = contents.iter().rposition(is_said).map_or(0, |at| at + 1);
    for (at, content) in contents.iter().enumerate() {
        let first_call = parts(content).iter().position(|part| call(part).is_some());
        for (index, part) in parts(content).iter().enumerate() {
            let seal = field(part, "thoughtSignature", "thought_signature").as_str();
            let place = || format!("contents[{at}].parts[{index}]");
            if let Some(seal) = seal {
                let name = call(part).map_or("", |call| call["name"].as_str().unwrap_or(""));
                // Bytes in JSON may be written in either alphabet of base64.
                let usual = seal.replace('-', "+").replace('_', "/");
                let own = PLACEHOLDERS.contains(&seal) || signature::is_own(exchange.seed, name, &usual);
                require(own, || Refusal::bad(format!("Thought signature is not valid at {}.", place())))?;
            }
            let needed = at >= turn && first_call == Some(index) && model::needs_signatures(exchange.model);
            require(!needed || seal.is_some(), || {
                let name = call(part).map_or("", |call| call["name"].as_str().unwrap_or(""));
                Refusal::bad(format!(
                    "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing \
                     thought_signature may lead to degraded model performance. Function call `{name}`, position {}.",
                    place()
                ))
            })?;
        }
    }
    Ok(())
}
