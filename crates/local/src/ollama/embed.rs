//! Vectors: `POST /api/embed`.
//!
//! Source: Ollama's `openapi.yaml` (0.1.0) and the types of its Go package `api` at v0.33 (read 2026-11-23).
//!
//! An input that is too long is cut by the server without a word, unless `truncate` is false.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use tollgate_model::{
    EmbeddingRequest, EmbeddingResponse, Extra, Format, Losses, ModelName, ProviderError, RequestError,
    Usage, embedding::EmbeddingContent,
};
use tollgate_provider::{
    BaseUrl, EmbeddingProvider, Encoded, RequestFacts, ResponseFacts, Target, embedding::expect_vectors,
    json_writer::Object, vectors,
};

use super::error;

const FORMAT: Format = Format::OLLAMA_EMBED;

/// Speaks `/api/embed` to one server.
#[derive(Debug, Clone)]
pub(super) struct Embed(Uri);

impl Embed {
    pub(super) fn new(root: &BaseUrl) -> Self {
        Self(root.join("/api/embed"))
    }
}

impl EmbeddingProvider for Embed {
    /// None: no front door speaks this format.
    fn relay(
        &self,
        _: &Format,
        _: &ModelName,
        _: &RequestFacts,
        _: &HeaderMap,
        _: &Bytes,
    ) -> Option<Request<Bytes>> {
        None
    }

    fn response_facts(&self, _: &Format, body: &[u8]) -> Result<ResponseFacts, ProviderError> {
        let answer = parse(body)?;
        let usage = answer.usage().unwrap_or_default();
        Ok(ResponseFacts { model: answer.model.map(ModelName::from), usage, ..ResponseFacts::default() })
    }

    fn encode_request(
        &self,
        target: &Target<'_>,
        request: &EmbeddingRequest,
    ) -> Result<Encoded, RequestError> {
        let mut losses = Losses::new();
        let mut out = BytesMut::with_capacity(256);
        let mut body = Object::begin(&mut out);
        body.field("model", target.model.as_str());
        write_inputs(request, &mut body, &mut losses)?;
        body.optional("truncate", request.truncate);
        body.optional("dimensions", request.dimensions);
        if request.user.is_some() {
            losses.dropped("user", "the server knows no users");
        }
        request.lose_purposes("the server is not told what a vector is for", &mut losses);
        body.extra(request.extra.fields(&FORMAT));
        request.extra.lose_unless(&FORMAT, "", &mut losses);
        body.end();
        let mut encoded = Request::new(out.freeze());
        *encoded.method_mut() = Method::POST;
        *encoded.uri_mut() = self.0.clone();
        let json = HeaderValue::from_static("application/json");
        encoded.headers_mut().insert(header::CONTENT_TYPE, json.clone());
        encoded.headers_mut().insert(header::ACCEPT, json);
        Ok(Encoded { request: encoded, losses })
    }

    fn decode_response(
        &self,
        request: &EmbeddingRequest,
        response: Response<Bytes>,
    ) -> Result<EmbeddingResponse, ProviderError> {
        let answer = parse(response.body())?;
        let usage = answer.usage();
        let found = answer.embeddings.unwrap_or_default();
        expect_vectors(found.len(), request)?;
        let vectors = found.into_iter().map(|vector| vectors::read(vector.get(), request.encoding));
        let vectors = vectors.collect::<Result<_, _>>()?;
        // How long it took is the server's own affair, as with chats.
        let model = answer.model.map(ModelName::from);
        Ok(EmbeddingResponse { id: None, model, vectors, usage, extra: Extra::NONE })
    }
}

fn write_inputs(
    request: &EmbeddingRequest,
    body: &mut Object<'_>,
    losses: &mut Losses,
) -> Result<(), RequestError> {
    let mut list = body.array("input");
    for (index, input) in request.inputs.iter().enumerate() {
        let Some(text) = input.as_text() else {
            let message = "the server embeds texts, not tokens or media";
            return Err(RequestError::invalid_field(format!("inputs[{index}].content"), message));
        };
        if matches!(&input.content, EmbeddingContent::Parts(parts) if parts.len() > 1) {
            losses.approximated(format!("inputs[{index}].content"), "pieces of text are joined as lines");
        }
        input.extra.lose_unless(&FORMAT, &format!("inputs[{index}]"), losses);
        list.element(&text);
    }
    list.end();
    Ok(())
}

#[derive(Debug, Deserialize)]
struct Answer<'a> {
    model: Option<String>,
    #[serde(borrow)]
    embeddings: Option<Vec<&'a RawValue>>,
    prompt_eval_count: Option<u64>,
    error: Option<Value>,
}

impl Answer<'_> {
    fn usage(&self) -> Option<Usage> {
        self.prompt_eval_count.map(|tokens| Usage::new(tokens, 0))
    }
}

fn parse(body: &[u8]) -> Result<Answer<'_>, ProviderError> {
    let answer: Answer<'_> = serde_json::from_slice(body)
        .map_err(|error| ProviderError::protocol("the server's vectors cannot be read").with_source(error))?;
    match &answer.error {
        Some(told) => Err(error::in_band(told)),
        None if answer.embeddings.is_none() => {
            Err(ProviderError::protocol("the server's answer has no `embeddings`"))
        }
        None => Ok(answer),
    }
}

#[cfg(test)]
mod tests {
    use tollgate_model::{
        EmbeddingInput, ErrorKind, Vector,
        embedding::{EmbeddingTask, VectorEncoding},
    };

    use super::*;

    fn embed() -> Embed {
        Embed::new(&"http://127.0.0.1:11434".parse().unwrap())
    }

    fn request() -> EmbeddingRequest {
        let inputs = vec![EmbeddingInput::text("a"), EmbeddingInput::text("b")];
        EmbeddingRequest::new(ModelName::new("ollama/embeddinggemma"), inputs)
    }

    fn encoded(request: &EmbeddingRequest) -> Result<Encoded, RequestError> {
        let model = ModelName::new("embeddinggemma");
        embed().encode_request(&Target { model: &model, card: None }, request)
    }

    #[test]
    fn the_server_is_asked_in_its_own_words() {
        let mut request = request();
        (request.dimensions, request.truncate) = (Some(2), Some(false));
        request.user = Some("u".to_owned());
        request.inputs[1].task = Some(EmbeddingTask::Clustering);
        request.extra.insert(&FORMAT, "keep_alive", "5m".into());
        let encoded = encoded(&request).unwrap();
        assert_eq!(encoded.request.uri(), "http://127.0.0.1:11434/api/embed");
        assert_eq!(
            encoded.request.body(),
            r#"{"model":"embeddinggemma","input":["a","b"],"truncate":false,"dimensions":2,"keep_alive":"5m"}"#
        );
        let lost: Vec<&str> = encoded.losses.iter().map(|loss| loss.path.as_str()).collect();
        assert_eq!(lost, ["user", "inputs[1].task"]);
    }

    #[test]
    fn tokens_cannot_be_asked() {
        let mut request = request();
        request.inputs[1].content = EmbeddingContent::Tokens(vec![1, 2]);
        assert_eq!(encoded(&request).unwrap_err().param.as_deref(), Some("inputs[1].content"));
    }

    #[test]
    fn vectors_come_in_order_and_in_the_form_that_is_wanted() {
        let body = r#"{"model":"embeddinggemma","embeddings":[[1,0.25],[0.5,-1]],"prompt_eval_count":4,"total_duration":9}"#;
        let mut request = request();
        let decoded = |request: &EmbeddingRequest, body: &'static str| {
            embed().decode_response(request, Response::new(Bytes::from_static(body.as_bytes())))
        };
        let read = decoded(&request, body).unwrap();
        assert_eq!(read.vectors, [Vector::Decimals(vec![1.0, 0.25]), Vector::Decimals(vec![0.5, -1.0])]);
        assert_eq!(read.usage, Some(Usage::new(4, 0)));
        request.encoding = Some(VectorEncoding::Base64);
        assert_eq!(decoded(&request, body).unwrap().vectors[1], Vector::Floats(vec![0.5, -1.0]));
        for wrong in ["", "{}", r#"{"embeddings":[[1]]}"#, r#"{"embeddings":[[1],["x"]]}"#] {
            assert_eq!(decoded(&request, wrong).unwrap_err().kind(), ErrorKind::Protocol, "{wrong}");
        }
        let busy = decoded(&request, r#"{"error":"server busy, please try again"}"#).unwrap_err();
        assert_eq!(busy.kind(), ErrorKind::Overloaded);
    }
}
