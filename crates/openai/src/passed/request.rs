//! A client's body, JSON or a form, and where the model's name stands in it.

use std::ops::Range;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use tollgate_model::{ModelName, RequestError};
use tollgate_provider::{
    RequestFacts,
    front_door::{read_field, unsearchable},
    json_spans,
};

use super::{PassedApi, multipart};

/// A client's body for one of the APIs beside chat.
#[derive(Debug, Clone)]
pub struct PassedRequest {
    body: Bytes,
    content_type: HeaderValue,
    model: ModelName,
    model_span: Option<Range<usize>>,
    is_form: bool,
    stream: bool,
}

impl PassedRequest {
    /// Reads which model is asked, and nothing else.
    ///
    /// # Errors
    /// A body that is neither JSON nor a form, or does not say which model.
    pub fn read(api: PassedApi, headers: &HeaderMap, body: Bytes) -> Result<Self, RequestError> {
        let content_type = headers.get(header::CONTENT_TYPE).cloned();
        let content_type = content_type.unwrap_or(HeaderValue::from_static("application/json"));
        let boundary = content_type.to_str().ok().and_then(multipart::boundary).map(str::to_owned);
        match boundary {
            Some(boundary) => Self::form(api, &boundary, content_type, body),
            None => Self::json(api, content_type, body),
        }
    }

    fn json(api: PassedApi, content_type: HeaderValue, body: Bytes) -> Result<Self, RequestError> {
        let [model] = json_spans::find(&body, ["model"]).map_err(unsearchable)?;
        let named: Option<String> = read_field::<Option<String>>(&body, "model", model.as_ref())?.flatten();
        if let (None, Some(default)) = (&named, api.default_model()) {
            let model = ModelName::new(default);
            return Ok(Self { body, content_type, model, model_span: None, is_form: false, stream: false });
        }
        let RequestFacts { model, model_span, stream, .. } = RequestFacts::in_body(&body)?;
        Ok(Self { body, content_type, model, model_span, is_form: false, stream })
    }

    fn form(
        api: PassedApi,
        boundary: &str,
        content_type: HeaderValue,
        body: Bytes,
    ) -> Result<Self, RequestError> {
        let invalid = |message: &str| RequestError::invalid_field("model", message.to_owned());
        let text = |span: &Range<usize>| std::str::from_utf8(&body[span.clone()]).ok().map(str::trim);
        let named = multipart::fields(&body, boundary, "model");
        let stream = multipart::fields(&body, boundary, "stream");
        let stream = stream.first().and_then(text).is_some_and(|said| said.eq_ignore_ascii_case("true"));
        let (model, model_span) = match named.as_slice() {
            [span] => {
                let model = text(span).filter(|model| !model.is_empty());
                (model.ok_or_else(|| invalid("`model` is empty"))?, Some(span.clone()))
            }
            [] => (api.default_model().ok_or_else(|| invalid("`model` is missing"))?, None),
            _ => return Err(invalid("`model` is there twice")),
        };
        let model = ModelName::new(model);
        Ok(Self { body, content_type, model, model_span, is_form: true, stream })
    }

    /// The model, as the client asked for it.
    #[must_use]
    pub const fn model(&self) -> &ModelName {
        &self.model
    }

    /// Whether the answer shall come as a stream of events.
    #[must_use]
    pub const fn stream(&self) -> bool {
        self.stream
    }

    /// Whether the body is JSON, and so fit for a record.
    #[must_use]
    pub const fn is_json(&self) -> bool {
        !self.is_form
    }

    /// The body as the client sent it.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    pub(super) const fn content_type(&self) -> &HeaderValue {
        &self.content_type
    }

    /// The body with another model's name in it.
    pub(super) fn addressed(&self, model: &ModelName) -> Bytes {
        match &self.model_span {
            Some(span) if self.model != *model => {
                let name = match self.is_form {
                    true => model.to_string(),
                    false => serde_json::Value::from(model.as_str()).to_string(),
                };
                json_spans::replace(&self.body, span, name.as_bytes()).into()
            }
            _ => self.body.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        api: PassedApi,
        content_type: &'static str,
        body: &'static str,
    ) -> Result<PassedRequest, RequestError> {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        PassedRequest::read(api, &headers, body.into())
    }

    #[test]
    fn only_the_models_name_is_changed() {
        let json =
            read(PassedApi::Completions, "application/json", r#"{"x": [1], "model":"a/b", "stream":true}"#);
        let json = json.unwrap();
        assert!(json.stream() && json.is_json());
        assert_eq!(json.addressed(&"b".into()), r#"{"x": [1], "model":"b", "stream":true}"#);
        let body = "--x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\na/b\r\n--x--\r\n";
        let form = read(PassedApi::Transcriptions, "multipart/form-data; boundary=x", body).unwrap();
        assert_eq!((form.model().as_str(), form.is_json()), ("a/b", false));
        assert_eq!(form.addressed(&"b".into()), body.replace("a/b", "b"));
        assert_eq!(form.addressed(&"a/b".into()), body);
    }

    #[test]
    fn a_model_is_meant_where_none_is_named_or_the_call_is_refused() {
        let json = read(PassedApi::Moderations, "application/json", r#"{"input":"a"}"#).unwrap();
        assert_eq!(json.model().as_str(), "omni-moderation-latest");
        assert_eq!(json.addressed(&"omni-moderation-latest".into()), r#"{"input":"a"}"#);
        for (content_type, body) in [
            ("application/json", r#"{"prompt":"a"}"#),
            ("application/json", "a"),
            ("multipart/form-data; boundary=x", "--x\r\n\r\n\r\n--x--"),
            ("text/plain", "model"),
        ] {
            assert!(read(PassedApi::ImageEdits, content_type, body).is_err(), "{content_type} {body}");
        }
    }
}
