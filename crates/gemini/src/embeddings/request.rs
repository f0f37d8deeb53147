//! The body of a request, in both directions.

use bytes::{Bytes, BytesMut};
use serde_json::{Value, value::RawValue};
use tollgate_model::{
    Content, EmbeddingInput, EmbeddingRequest, Extra, Losses, ModelName, Part, RequestError,
    embedding::{EmbeddingContent, EmbeddingTask},
    message::MediaSource,
};
use tollgate_provider::{
    Target,
    json_writer::{Array, Object},
};

use super::{BATCH, ONE};
use crate::{
    generate_content::{read_embedded_part, resource},
    read::{Integer, List, RawList, Text, Word, invalid, object},
};

/// The most requests of one batch: with more, the vendor answers 400.
/// Source: the vendor's own error, as users quote it (read 2026-11-24).
const MAX_BATCH: usize = 100;

/// The tasks, in the order of their numbers.
const TASKS: [&str; 9] = [
    "TASK_TYPE_UNSPECIFIED",
    "RETRIEVAL_QUERY",
    "RETRIEVAL_DOCUMENT",
    "SEMANTIC_SIMILARITY",
    "CLASSIFICATION",
    "CLUSTERING",
    "QUESTION_ANSWERING",
    "FACT_VERIFICATION",
    "CODE_RETRIEVAL_QUERY",
];

object! {
    /// The body of `embedContent`, and an element of a batch.
    EmbedContentRequest {
        // Stands in the path as well, which counts.
        "model" => model: &'a RawValue,
        "content" => content: &'a RawValue,
        "taskType" => task_type: Word<'a>,
        "title" => title: Text<'a>,
        "outputDimensionality" => output_dimensionality: Integer,
    }
}

object! {
    BatchEmbedContentsRequest {
        "model" => model: &'a RawValue,
        "requests" => requests: List<EmbedContentRequest<'a>>,
    }
}

object! {
    ContentBody {
        "role" => role: Text<'a>,
        "parts" => parts: RawList<'a>,
    }
}

/// Reads the body of `embedContent`.
pub(super) fn decode_one(model: ModelName, body: &[u8]) -> Result<EmbeddingRequest, RequestError> {
    let body: EmbedContentRequest<'_> = serde_json::from_slice(body).map_err(|error| invalid("", &error))?;
    let dimensions = dimensions(&body, "")?;
    let mut request = EmbeddingRequest::new(model, vec![input(body, "")?]);
    request.dimensions = dimensions;
    Ok(request)
}

/// Reads the body of `batchEmbedContents`.
pub(super) fn decode_batch(model: ModelName, body: &[u8]) -> Result<EmbeddingRequest, RequestError> {
    let body: BatchEmbedContentsRequest<'_> =
        serde_json::from_slice(body).map_err(|error| invalid("", &error))?;
    let requests = body.requests.map(|list| list.0).unwrap_or_default();
    if requests.is_empty() {
        return Err(RequestError::invalid_field("requests", "`requests` is missing or empty"));
    }
    let mut request = EmbeddingRequest::new(model, Vec::with_capacity(requests.len()));
    for (index, one) in requests.into_iter().enumerate() {
        let path = format!("requests[{index}].");
        let dimensions = dimensions(&one, &path)?;
        if index > 0 && dimensions != request.dimensions {
            let message = "another provider gives all vectors of a call the same length";
            return Err(RequestError::invalid_field(format!("{path}outputDimensionality"), message));
        }
        request.dimensions = dimensions;
        request.inputs.push(input(one, &path)?);
    }
    let rest = body.rest.parse().map_err(|error| invalid("", &error))?;
    request.extra = Extra::new(BATCH, rest);
    Ok(request)
}

/// More than there are are none, says the protocol; so are none at all.
fn dimensions(body: &EmbedContentRequest<'_>, path: &str) -> Result<Option<u64>, RequestError> {
    match body.output_dimensionality {
        None | Some(Integer(0)) => Ok(None),
        Some(Integer(number)) => u64::try_from(number).map(Some).map_err(|_| {
            let message = "`outputDimensionality` must not be negative";
            RequestError::invalid_field(format!("{path}outputDimensionality"), message)
        }),
    }
}

fn input(body: EmbedContentRequest<'_>, path: &str) -> Result<EmbeddingInput, RequestError> {
    let at = |name: &str| format!("{path}{name}");
    let missing = || RequestError::invalid_field(at("content"), "`content` is missing");
    let mut input = EmbeddingInput::new(content(body.content.ok_or_else(missing)?, &at("content"))?);
    input.task = body.task_type.and_then(|word| task(&word.among(&TASKS)));
    input.title = body.title.map(Text::into_owned);
    input.extra = Extra::new(ONE, body.rest.parse().map_err(|error| invalid(path, &error))?);
    Ok(input)
}

/// Reads a content: a turn, or a text alone. Who speaks does not matter.
fn content(raw: &RawValue, path: &str) -> Result<EmbeddingContent, RequestError> {
    let error = |error| invalid(path, &error);
    if raw.get().starts_with('"') {
        return serde_json::from_str(raw.get()).map(EmbeddingContent::Text).map_err(error);
    }
    let body: ContentBody<'_> = serde_json::from_str(raw.get()).map_err(error)?;
    let parts = body.parts.unwrap_or_default().0.into_iter().enumerate();
    let parts = parts.map(|(index, raw)| {
        read_embedded_part(raw).map_err(|error| invalid(&format!("{path}.parts[{index}]"), &error))
    });
    let mut parts: Vec<Part> = parts.collect::<Result<_, _>>()?;
    match parts.as_mut_slice() {
        [] => Err(RequestError::invalid_field(format!("{path}.parts"), "there is nothing to embed")),
        [Part { content: Content::Text(text), extra, .. }] if extra.is_empty() => {
            Ok(EmbeddingContent::Text(std::mem::take(&mut text.text)))
        }
        _ => Ok(EmbeddingContent::Parts(parts)),
    }
}

fn task(word: &str) -> Option<EmbeddingTask> {
    Some(match word {
        "TASK_TYPE_UNSPECIFIED" => return None,
        "RETRIEVAL_QUERY" => EmbeddingTask::RetrievalQuery,
        "RETRIEVAL_DOCUMENT" => EmbeddingTask::RetrievalDocument,
        "SEMANTIC_SIMILARITY" => EmbeddingTask::SemanticSimilarity,
        "CLASSIFICATION" => EmbeddingTask::Classification,
        "CLUSTERING" => EmbeddingTask::Clustering,
        "QUESTION_ANSWERING" => EmbeddingTask::QuestionAnswering,
        "FACT_VERIFICATION" => EmbeddingTask::FactVerification,
        "CODE_RETRIEVAL_QUERY" => EmbeddingTask::CodeRetrievalQuery,
        other => EmbeddingTask::Other(other.to_owned()),
    })
}

fn task_word(task: &EmbeddingTask) -> Option<&str> {
    Some(match task {
        EmbeddingTask::RetrievalQuery => "RETRIEVAL_QUERY",
        EmbeddingTask::RetrievalDocument => "RETRIEVAL_DOCUMENT",
        EmbeddingTask::SemanticSimilarity => "SEMANTIC_SIMILARITY",
        EmbeddingTask::Classification => "CLASSIFICATION",
        EmbeddingTask::Clustering => "CLUSTERING",
        EmbeddingTask::QuestionAnswering => "QUESTION_ANSWERING",
        EmbeddingTask::FactVerification => "FACT_VERIFICATION",
        EmbeddingTask::CodeRetrievalQuery => "CODE_RETRIEVAL_QUERY",
        EmbeddingTask::Other(word) => word,
        _ => return None,
    })
}

/// Writes the body of `batchEmbedContents`, and names what it cannot say.
///
/// # Errors
/// Tokens, media that the vendor cannot be sent, and more inputs than it takes at once.
pub(super) fn encode(
    target: &Target<'_>,
    request: &EmbeddingRequest,
) -> Result<(Bytes, Losses), RequestError> {
    if request.inputs.len() > MAX_BATCH {
        let message =
            format!("the provider embeds at most {MAX_BATCH} inputs in one call; send fewer at a time");
        return Err(RequestError::invalid_field("input", message));
    }
    let mut losses = Losses::new();
    if request.user.is_some() {
        losses.dropped("user", "the provider takes no user's id here");
    }
    if request.truncate.is_some() {
        losses.dropped("truncate", "the provider decides what becomes of inputs that are too long");
    }
    request.extra.lose_unless(&BATCH, "", &mut losses);
    let (collection, id) = resource(target.model);
    let name = format!("{collection}/{id}");
    let mut out = BytesMut::with_capacity(256);
    let mut body = Object::begin(&mut out);
    let mut list = body.array("requests");
    for (index, input) in request.inputs.iter().enumerate() {
        let mut element = list.object();
        element.field("model", &name);
        write_input(input, index, &mut element, &mut losses)?;
        element.optional("outputDimensionality", request.dimensions);
        element.extra(input.extra.fields(&ONE));
        input.extra.lose_unless(&ONE, &format!("inputs[{index}]"), &mut losses);
        element.end();
    }
    list.end();
    body.extra(request.extra.fields(&BATCH));
    body.end();
    Ok((out.freeze(), losses))
}

fn write_input(
    input: &EmbeddingInput,
    index: usize,
    element: &mut Object<'_>,
    losses: &mut Losses,
) -> Result<(), RequestError> {
    let place = format!("inputs[{index}].content");
    let mut content = element.object("content");
    let mut parts = content.array("parts");
    match &input.content {
        EmbeddingContent::Text(text) => write_text(text, &mut parts),
        EmbeddingContent::Parts(several) => {
            for part in several {
                write_part(part, &place, &mut parts)?;
            }
        }
        _ => {
            let message = "the provider embeds texts, not another model's tokens";
            return Err(RequestError::invalid_field(place, message));
        }
    }
    parts.end();
    content.end();
    match input.task.as_ref().map(task_word) {
        Some(None) => losses.dropped(format!("inputs[{index}].task"), "the provider has no word for it"),
        word => {
            element.optional("taskType", word.flatten());
        }
    }
    element.optional("title", input.title.as_deref());
    Ok(())
}

fn write_text(text: &str, parts: &mut Array<'_>) {
    let mut part = parts.object();
    part.field("text", text);
    part.end();
}

fn write_part(part: &Part, place: &str, parts: &mut Array<'_>) -> Result<(), RequestError> {
    let source = match &part.content {
        Content::Text(text) => {
            write_text(&text.text, parts);
            return Ok(());
        }
        Content::Image(image) => &image.source,
        Content::Audio(audio) => &audio.source,
        Content::Document(document) => &document.source,
        _ => return Err(RequestError::invalid_field(place, "the provider cannot embed this")),
    };
    let (field, media_type, name, value) = match source {
        MediaSource::Base64 { media_type, data } => ("inlineData", Some(media_type), "data", data),
        MediaSource::Url { url, media_type } => ("fileData", media_type.as_ref(), "fileUri", url),
        MediaSource::File { id, .. } => ("fileData", None, "fileUri", id),
        MediaSource::Text { text } => {
            write_text(text, parts);
            return Ok(());
        }
    };
    let mut written = parts.object();
    let mut data = written.object(field);
    data.optional("mimeType", media_type.map(|kind| Value::from(kind.as_str()))).field(name, value);
    data.end();
    written.end();
    Ok(())
}
