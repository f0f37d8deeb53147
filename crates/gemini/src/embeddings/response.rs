//! The body of an answer, in both directions.

use bytes::{Bytes, BytesMut};
use http::Response;
use serde_json::value::RawValue;
use tollgate_model::{
    EmbeddingRequest, EmbeddingResponse, Extra, Format, Losses, ProviderError, Usage, Vector,
};
use tollgate_provider::{
    ResponseFacts,
    embedding::expect_vectors,
    json_writer::{Array, Object},
    vectors,
};

use super::{BATCH, ONE};
use crate::{
    error,
    read::{Integer, List, Word, object},
};

object! {
    /// The answer to either question.
    Answer {
        "embedding" => embedding: ContentEmbedding<'a>,
        "embeddings" => embeddings: List<ContentEmbedding<'a>>,
        "usageMetadata" => usage_metadata: UsageMetadata<'a>,
        "error" => error: &'a RawValue,
    }
}

object! {
    ContentEmbedding {
        "values" => values: &'a RawValue,
    }
}

object! {
    UsageMetadata {
        "promptTokenCount" => prompt_token_count: Integer,
        "promptTokenDetails" => prompt_token_details: List<ModalityCount<'a>>,
    }
}

object! {
    ModalityCount {
        "modality" => modality: Word<'a>,
        "tokenCount" => token_count: Integer,
    }
}

fn parse(body: &[u8]) -> Result<Answer<'_>, ProviderError> {
    let answer: Answer<'_> =
        serde_json::from_slice(body).map_err(|error| error::unreadable("vectors", error))?;
    if answer.error.is_some() {
        return Err(error::decode_error_frame(body));
    }
    if answer.embedding.is_none() && answer.embeddings.is_none() {
        return Err(ProviderError::protocol("the provider's answer holds no vectors"));
    }
    Ok(answer)
}

/// Reads a complete answer to `batchEmbedContents`.
pub(super) fn decode(
    request: &EmbeddingRequest,
    response: &Response<Bytes>,
) -> Result<EmbeddingResponse, ProviderError> {
    let answer = parse(response.body())?;
    let usage = usage(answer.usage_metadata.as_ref());
    let found = answer.embeddings.map_or_else(|| answer.embedding.into_iter().collect(), |list| list.0);
    expect_vectors(found.len(), request)?;
    let missing = || ProviderError::protocol("a vector of the provider holds no values");
    let vectors = found
        .into_iter()
        .map(|found| vectors::read(found.values.ok_or_else(missing)?.get(), request.encoding));
    let vectors = vectors.collect::<Result<_, _>>()?;
    let extra = answer.rest.parse().map_err(|error| error::unreadable("answer", error))?;
    Ok(EmbeddingResponse { id: None, model: None, vectors, usage, extra: Extra::new(BATCH, extra) })
}

/// Reads what the record needs of an answer to a client of the format `door`.
pub(super) fn facts(door: &Format, body: &[u8]) -> Result<ResponseFacts, ProviderError> {
    let answer = parse(body)?;
    let other = if *door == ONE { answer.embedding.is_none() } else { answer.embeddings.is_none() };
    if other {
        return Err(ProviderError::protocol("the provider's answer is one to another question"));
    }
    let usage = usage(answer.usage_metadata.as_ref()).unwrap_or_default();
    Ok(ResponseFacts { usage, ..ResponseFacts::default() })
}

fn usage(counted: Option<&UsageMetadata<'_>>) -> Option<Usage> {
    let counted = counted?;
    let whole = |number: Integer| u64::try_from(number.0).ok();
    let mut usage = Usage::new(whole(counted.prompt_token_count?)?, 0);
    for detail in counted.prompt_token_details.iter().flat_map(|list| &list.0) {
        let tokens = detail.token_count.and_then(whole);
        match detail.modality.as_ref().map(|word| word.among(&[])).as_deref() {
            Some("IMAGE") => usage.input.image = tokens,
            Some("AUDIO") => usage.input.audio = tokens,
            _ => {}
        }
    }
    Some(usage)
}

/// Writes a complete answer. It has no place for the provider's id and model, as it has none for the vendor's own.
pub(super) fn encode(door: &Format, response: &EmbeddingResponse) -> (Bytes, Losses) {
    let mut losses = Losses::new();
    let numbers: usize = response.vectors.iter().map(Vector::dimensions).sum();
    let mut out = BytesMut::with_capacity(64 + 12 * numbers);
    let mut body = Object::begin(&mut out);
    match response.vectors.first().filter(|_| *door == ONE) {
        Some(vector) => write(body.object("embedding"), vector),
        None => {
            let mut list: Array<'_> = body.array("embeddings");
            for vector in &response.vectors {
                write(list.object(), vector);
            }
            list.end();
        }
    }
    if let Some(usage) = response.usage {
        let mut counted = body.object("usageMetadata");
        counted.optional("promptTokenCount", usage.input_tokens);
        counted.end();
    }
    body.extra(response.extra.fields(&BATCH));
    response.extra.lose_unless(&BATCH, "", &mut losses);
    body.end();
    (out.freeze(), losses)
}

fn write(mut object: Object<'_>, vector: &Vector) {
    vectors::append_numbers(object.key("values"), vector);
    object.end();
}
