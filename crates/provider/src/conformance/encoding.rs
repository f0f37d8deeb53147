//! What holds for every encoded request.

use http::{HeaderMap, Method, Uri};
use serde_json::Value;
use tollgate_catalog::{Model, card::ReasoningStyle};
use tollgate_model::{ChatRequest, ErrorKind, ModelName, RequestError};

use super::{Report, requests};
use crate::{Encoded, Provider, Target};

/// What the target is called. Not what the client asked for.
const MODEL: &str = "conformance-model-1";

/// Headers that hold credentials. Those are the authorizer's to add.
pub(super) const CREDENTIAL_HEADERS: [&str; 6] =
    ["authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"];

pub(super) fn check(provider: &dyn Provider, report: &mut Report) {
    let model = ModelName::new(MODEL);
    let strict = strictest(provider, &model);
    for card in [None, Some(&strict)] {
        let target = Target { model: &model, card };
        let asked = if card.is_none() { "encoding" } else { "encoding for a model that can do nothing" };
        for case in requests::conversations() {
            let subject = format!("{asked} {:?}", case.name);
            let Some(result) = encode(provider, &target, &case.request, &subject, report) else { continue };
            match result {
                Ok(encoded) => check_traces(&encoded, &case, &subject, report),
                Err(error) if case.must_encode && card.is_none() => {
                    report.add(subject, format!("every adapter can ask this, but it is refused: {error}"));
                }
                Err(_) => {}
            }
        }
        for setting in requests::settings() {
            let subject = format!("{asked} {}", setting.path);
            check_setting(provider, &target, &setting, &subject, report);
        }
    }
}

/// A card that forbids all it can.
fn strictest(provider: &dyn Provider, model: &ModelName) -> Model {
    let mut card = Model::unknown(provider.name().clone(), model.clone());
    card.context_window = Some(4096);
    card.max_output_tokens = Some(100);
    let can = &mut card.capabilities;
    for capability in [
        &mut can.tools,
        &mut can.parallel_tools,
        &mut can.vision,
        &mut can.pdf,
        &mut can.audio_in,
        &mut can.audio_out,
        &mut can.structured_output,
        &mut can.reasoning,
        &mut can.system,
        &mut can.prompt_caching,
        &mut can.web_search,
        &mut can.streaming,
    ] {
        *capability = Some(false);
    }
    let rules = &mut card.rules;
    for rule in [
        &mut rules.sampling,
        &mut rules.sampling_without_reasoning,
        &mut rules.penalties,
        &mut rules.stop,
        &mut rules.multiple_choices,
        &mut rules.assistant_prefill,
        &mut rules.forced_tool_choice,
        &mut rules.mid_conversation_system,
        &mut rules.reasoning_budget,
        &mut rules.tools_with_reasoning,
    ] {
        *rule = Some(false);
    }
    rules.reasoning = Some(ReasoningStyle::None);
    card
}

/// Encodes twice and checks what holds for any request. `None` after a panic.
fn encode(
    provider: &dyn Provider,
    target: &Target<'_>,
    request: &ChatRequest,
    subject: &str,
    report: &mut Report,
) -> Option<Result<Encoded, RequestError>> {
    let first = report.run(subject, || provider.encode_request(target, request))?;
    let second = report.run(subject, || provider.encode_request(target, request))?;
    match (&first, &second) {
        (Ok(encoded), Ok(again)) => {
            let same = parts(encoded) == parts(again) && encoded.losses == again.losses;
            report.expect(same, subject, || "a second encoding differs from the first".to_owned());
            check_head(&encoded.request, subject, report);
            check_body(encoded, subject, report);
            for loss in &encoded.losses {
                let named = !loss.path.trim().is_empty() && !loss.why.trim().is_empty();
                report.expect(named, subject, || format!("a loss lacks its path or its reason: {loss:?}"));
            }
        }
        (Err(error), Err(again)) => {
            report.expect(error == again, subject, || "a second refusal differs from the first".to_owned());
            check_refusal(error, subject, report);
        }
        _ => report.add(subject, "it is encoded one time and refused another time"),
    }
    Some(first)
}

fn parts(encoded: &Encoded) -> (&Method, &Uri, &HeaderMap, &[u8]) {
    let request = &encoded.request;
    (request.method(), request.uri(), request.headers(), request.body())
}

/// Checks what holds for the head of any request to a provider, translated or relayed.
pub(super) fn check_head<B>(request: &http::Request<B>, subject: &str, report: &mut Report) {
    let uri = request.uri();
    let absolute = matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
    report.expect(absolute, subject, || format!("the URL is not absolute: {uri}"));
    report
        .expect(*request.method() == Method::POST, subject, || format!("the method is {}", request.method()));
    let content_type =
        request.headers().get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let json = content_type.is_some_and(|value| value.starts_with("application/json"));
    report.expect(json, subject, || format!("the content type is {content_type:?}, not JSON"));
    for name in CREDENTIAL_HEADERS {
        let clean = !request.headers().contains_key(name);
        report.expect(clean, subject, || format!("it bears the credential header {name:?}"));
    }
    let mut query = uri.query().unwrap_or_default().split('&');
    let clean = !query.any(|pair| pair.starts_with("key=") || pair.starts_with("api_key="));
    report.expect(clean, subject, || "it bears a credential in the query".to_owned());
}

fn check_body(encoded: &Encoded, subject: &str, report: &mut Report) {
    let request = &encoded.request;
    match serde_json::from_slice::<Value>(request.body()) {
        Ok(Value::Object(_)) => {}
        Ok(_) => report.add(subject, "the body is JSON, but no object"),
        Err(error) => report.add(subject, format!("the body is no JSON: {error}")),
    }
    let addressed = request.uri().path().contains(MODEL)
        || serde_json::from_slice(request.body()).is_ok_and(|body: Value| contains(&body, MODEL));
    report
        .expect(addressed, subject, || "the target's name is neither in the URL nor in the body".to_owned());
}

fn check_refusal(error: &RequestError, subject: &str, report: &mut Report) {
    let clients_fault = matches!(
        error.kind,
        ErrorKind::InvalidRequest
            | ErrorKind::RequestTooLarge
            | ErrorKind::ContextLengthExceeded
            | ErrorKind::ContentFiltered
            | ErrorKind::ModelNotFound
    );
    report.expect(clients_fault, subject, || {
        format!("it is refused as {}, which is not the client's fault", error.kind)
    });
    report.expect(!error.message.trim().is_empty(), subject, || "it is refused without a reason".to_owned());
}

/// Nothing of a conversation may vanish: it is written, or something is named as lost.
fn check_traces(encoded: &Encoded, case: &requests::Case, subject: &str, report: &mut Report) {
    if !encoded.losses.is_empty() {
        return;
    }
    let Ok(body) = serde_json::from_slice::<Value>(encoded.request.body()) else { return };
    for trace in &case.traces {
        let written = contains(&body, trace) || contains(&body, &base64(trace));
        report.expect(written, subject, || format!("{trace:?} vanished in silence"));
    }
}

/// A setting changes the request, is named as lost, or is refused. What changes nothing was lost in silence.
fn check_setting(
    provider: &dyn Provider,
    target: &Target<'_>,
    setting: &requests::Setting,
    subject: &str,
    report: &mut Report,
) {
    let Some(Ok(with)) = encode(provider, target, &setting.with, subject, report) else { return };
    // What cannot be asked without the setting was reported with the conversations.
    let Ok(without) = provider.encode_request(target, &setting.without) else { return };
    // What belongs to something that is lost as a whole is lost with it.
    let lost_with_all = without.losses.iter().any(|loss| setting.path.starts_with(&loss.path));
    let said = lost_with_all || parts(&with) != parts(&without) || with.losses != without.losses;
    report.expect(said, subject, || "it was asked for and vanished in silence".to_owned());
}

/// Tells whether a text of `value` (a name of a field, too) holds `needle`.
fn contains(value: &Value, needle: &str) -> bool {
    match value {
        Value::String(text) => text.contains(needle),
        Value::Array(items) => items.iter().any(|item| contains(item, needle)),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains(needle) || contains(value, needle))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A text as it stands in a format whose documents are all base64.
fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut written = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let byte = |at: usize| usize::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (place, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let digit = char::from(DIGITS[bits >> shift & 63]);
            written.push(if place <= chunk.len() { digit } else { '=' });
        }
    }
    written
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_is_padded() {
        for (text, written) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(super::base64(text), written);
        }
    }
}
