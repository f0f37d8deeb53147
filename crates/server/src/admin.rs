//! The admin address: whether the gateway lives, and whether it takes calls.

use std::sync::atomic::{AtomicBool, Ordering};

use http::{Method, Response, StatusCode};
use serde_json::json;
use tollgate::{AnswerBody, Gateway};

use crate::responses::json;

/// Answers `/healthz` (the process lives) and `/readyz` (it takes calls: not draining, and records can be written).
#[must_use]
pub fn route(
    gateway: &Gateway,
    draining: &AtomicBool,
    method: &Method,
    path: &str,
) -> Option<Response<AnswerBody>> {
    let known = matches!(path, "/healthz" | "/readyz");
    if !known {
        return None;
    }
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Some(json(StatusCode::METHOD_NOT_ALLOWED, &json!({"error": "only GET"})));
    }
    if path == "/healthz" {
        return Some(json(StatusCode::OK, &json!({"status": "ok"})));
    }
    let trouble =
        if draining.load(Ordering::Relaxed) { Some("draining".to_owned()) } else { gateway.trouble() };
    Some(match trouble {
        None => json(StatusCode::OK, &json!({"status": "ready"})),
        Some(why) => json(StatusCode::SERVICE_UNAVAILABLE, &json!({"status": "not ready", "reason": why})),
    })
}

/// The answer for every other path.
#[must_use]
pub fn nothing_here() -> Response<AnswerBody> {
    json(StatusCode::NOT_FOUND, &json!({"error": "there is nothing here; see /healthz and /readyz"}))
}
