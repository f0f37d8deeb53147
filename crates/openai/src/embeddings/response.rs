//! The body of an answer, in both directions.

use bytes::{Bytes, BytesMut};
use http::Response;
use serde_json::value::RawValue;
use tollgate_model::{
    EmbeddingRequest, EmbeddingResponse, Extra, Losses, ModelName, ProviderError, ResponseId, Usage, Vector,
};
use tollgate_provider::{ResponseFacts, embedding::expect_vectors, json_writer::Object, vectors};

use super::FORMAT;
use crate::{
    error,
    wire::{List, Text, wire_object},
};

wire_object! {
    Body {
        object: Text<'a>,
        data: List<&'a RawValue>,
        model: Text<'a>,
        usage: Counters<'a>,
        id: Text<'a>,
        error: &'a RawValue,
    }
}

wire_object! {
    Counters {
        prompt_tokens: u64,
        total_tokens: u64,
    }
}

wire_object! {
    Embedding {
        object: Text<'a>,
        index: usize,
        embedding: &'a RawValue,
    }
}

fn parse(body: &[u8]) -> Result<Body<'_>, ProviderError> {
    let read: Body<'_> = serde_json::from_slice(body).map_err(|error| error::unreadable("vectors", error))?;
    if read.error.is_some() {
        return Err(error::in_band(body));
    }
    if read.data.is_none() {
        return Err(ProviderError::protocol("the provider's answer has no `data`"));
    }
    Ok(read)
}

/// Reads a complete answer.
pub(super) fn decode(
    request: &EmbeddingRequest,
    response: &Response<Bytes>,
) -> Result<EmbeddingResponse, ProviderError> {
    let body = parse(response.body())?;
    let items = body.data.map(|list| list.0).unwrap_or_default();
    expect_vectors(items.len(), request)?;
    let mut vectors: Vec<Option<Vector>> = vec![None; items.len()];
    for (place, item) in items.into_iter().enumerate() {
        let item: Embedding<'_> =
            serde_json::from_str(item.get()).map_err(|error| error::unreadable("vector", error))?;
        let missing = || ProviderError::protocol("the provider's answer lacks a vector");
        let vector = vectors::read(item.embedding.ok_or_else(missing)?.get(), request.encoding)?;
        let free = vectors.get_mut(item.index.unwrap_or(place)).filter(|free| free.is_none());
        *free.ok_or_else(|| ProviderError::protocol("the provider's vectors have wrong numbers"))? =
            Some(vector);
    }
    Ok(EmbeddingResponse {
        id: body.id.map(|id| ResponseId::new(&*id)),
        model: body.model.map(|model| ModelName::new(&*model)),
        vectors: vectors.into_iter().flatten().collect(),
        usage: body.usage.as_ref().and_then(usage),
        extra: Extra::new(FORMAT, body.rest.into_map()),
    })
}

/// Reads what the record needs.
pub(super) fn facts(body: &[u8]) -> Result<ResponseFacts, ProviderError> {
    let body = parse(body)?;
    Ok(ResponseFacts {
        id: body.id.map(|id| ResponseId::new(&*id)),
        model: body.model.map(|model| ModelName::new(&*model)),
        usage: body.usage.as_ref().and_then(usage).unwrap_or_default(),
        ..ResponseFacts::default()
    })
}

fn usage(counters: &Counters<'_>) -> Option<Usage> {
    counters.prompt_tokens.or(counters.total_tokens).map(|tokens| Usage::new(tokens, 0))
}

/// Writes a complete answer.
pub(super) fn encode(request: &EmbeddingRequest, response: &EmbeddingResponse) -> (Bytes, Losses) {
    let mut losses = Losses::new();
    let numbers: usize = response.vectors.iter().map(Vector::dimensions).sum();
    let mut out = BytesMut::with_capacity(256 + 12 * numbers);
    let mut body = Object::begin(&mut out);
    body.field("object", "list");
    let mut list = body.array("data");
    for (index, vector) in response.vectors.iter().enumerate() {
        let mut item = list.object();
        item.field("object", "embedding").field("index", &index);
        vectors::append(item.key("embedding"), vector, request.encoding);
        item.end();
    }
    list.end();
    body.field("model", response.model.as_ref().unwrap_or(&request.model));
    if let Some(tokens) = response.usage.and_then(|usage| usage.input_tokens) {
        let mut usage = body.object("usage");
        usage.field("prompt_tokens", &tokens).field("total_tokens", &tokens);
        usage.end();
    }
    body.optional("id", response.id.as_ref());
    body.extra(response.extra.fields(&FORMAT));
    response.extra.lose_unless(&FORMAT, "", &mut losses);
    body.end();
    (out.freeze(), losses)
}
