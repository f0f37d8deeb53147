//! What of a client's own request goes on to a vendor that speaks the same format.

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use tollgate_model::ModelName;
use tollgate_provider::{RequestFacts, json_spans};

/// The client's headers that the format knows. Values pass untouched. Those that name an organisation or a project are
/// credentials, and the client's are not the provider's.
const FORWARDED: [HeaderName; 2] =
    [HeaderName::from_static("openai-beta"), HeaderName::from_static("idempotency-key")];

/// Takes over those headers.
pub(crate) fn take_headers(client: &HeaderMap, headers: &mut HeaderMap) {
    for name in FORWARDED {
        for value in client.get_all(&name) {
            headers.append(name.clone(), value.clone());
        }
    }
}

/// Puts the model's name into the body, unless it stands there already.
pub(crate) fn addressed(model: &ModelName, facts: &RequestFacts, body: &Bytes) -> Bytes {
    match &facts.model_span {
        Some(span) if facts.model != *model => {
            let name = serde_json::Value::from(model.as_str()).to_string();
            json_spans::replace(body, span, name.as_bytes()).into()
        }
        _ => body.clone(),
    }
}
