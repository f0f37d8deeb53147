//! Small answers that no front door writes.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::Value;
use tollgate::AnswerBody;

/// An answer of JSON.
pub(crate) fn json(status: StatusCode, value: &Value) -> Response<AnswerBody> {
    json_bytes(status, Bytes::from(value.to_string()))
}

/// The same, written already.
pub(crate) fn json_bytes(status: StatusCode, body: Bytes) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::whole(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
