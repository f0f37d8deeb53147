//! The body of a request, in both directions.

use bytes::{Bytes, BytesMut};
use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    EmbeddingInput, EmbeddingRequest, Extra, Losses, ModelName, RequestError,
    embedding::{EmbeddingContent, EmbeddingTask, VectorEncoding},
};
use tollgate_provider::{Target, json_writer::Object};

use super::{EmbeddingQuirks, FORMAT};
use crate::wire::{Text, field_error, wire_object};

wire_object! {
    Body {
        model: Text<'a>,
        input: &'a RawValue,
        encoding_format: Text<'a>,
        dimensions: u64,
        user: Text<'a>,
        input_type: Text<'a>,
    }
}

/// Reads a whole request.
pub(super) fn decode(body: &[u8]) -> Result<EmbeddingRequest, RequestError> {
    let body: Body<'_> = serde_json::from_slice(body).map_err(|error| {
        let (place, what) = field_error(&error);
        match place {
            Some(place) => {
                let message = format!("`{place}` cannot be read: {what}");
                RequestError::invalid_field(place, message)
            }
            None => RequestError::invalid(format!("the body cannot be read: {what}")),
        }
    })?;
    let missing = |name: &str| RequestError::invalid_field(name, format!("`{name}` is missing"));
    let model = body.model.filter(|model| !model.is_empty()).ok_or_else(|| missing("model"))?;
    let mut extra = body.rest.into_map();
    let task = body.input_type.and_then(|word| task(&word, &mut extra));
    let mut inputs = inputs(body.input.ok_or_else(|| missing("input"))?)?;
    for input in &mut inputs {
        input.task.clone_from(&task);
    }
    let mut request = EmbeddingRequest::new(ModelName::new(&*model), inputs);
    request.dimensions = body.dimensions;
    request.encoding = match body.encoding_format.as_deref() {
        None => None,
        Some("float") => Some(VectorEncoding::Float),
        Some("base64") => Some(VectorEncoding::Base64),
        Some(_) => {
            let message = "`encoding_format` must be `float` or `base64`";
            return Err(RequestError::invalid_field("encoding_format", message));
        }
    };
    request.user = body.user.map(Text::into_owned);
    request.extra = Extra::new(FORMAT, extra);
    Ok(request)
}

/// A text, texts, the tokens of one input, or the tokens of several.
fn inputs(raw: &RawValue) -> Result<Vec<EmbeddingInput>, RequestError> {
    let wrong = || {
        let message = "`input` must be a text, or an array of texts, of tokens, or of arrays of tokens";
        RequestError::invalid_field("input", message)
    };
    if raw.get().starts_with('"') {
        let text: String = serde_json::from_str(raw.get()).map_err(|_| wrong())?;
        return Ok(vec![EmbeddingInput::text(text)]);
    }
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| wrong())?;
    let Some(first) = items.first() else {
        return Err(RequestError::invalid_field("input", "`input` must not be empty"));
    };
    if !first.get().starts_with(['"', '[']) {
        let tokens: Vec<u64> = serde_json::from_str(raw.get()).map_err(|_| wrong())?;
        return Ok(vec![EmbeddingInput::new(EmbeddingContent::Tokens(tokens))]);
    }
    let contents = items.into_iter().map(|item| match item.get().starts_with('"') {
        true => serde_json::from_str(item.get()).map(EmbeddingContent::Text),
        false => serde_json::from_str(item.get()).map(EmbeddingContent::Tokens),
    });
    contents.map(|content| content.map(EmbeddingInput::new).map_err(|_| wrong())).collect()
}

/// Reads the field by which several vendors tell questions from documents. An unknown word stays a field of this format.
fn task(word: &str, extra: &mut Map<String, Value>) -> Option<EmbeddingTask> {
    match word {
        "query" | "search_query" => Some(EmbeddingTask::RetrievalQuery),
        "document" | "passage" | "search_document" => Some(EmbeddingTask::RetrievalDocument),
        "classification" => Some(EmbeddingTask::Classification),
        "clustering" => Some(EmbeddingTask::Clustering),
        _ => {
            extra.insert("input_type".to_owned(), Value::from(word));
            None
        }
    }
}

/// Writes the body, and names what it cannot say.
///
/// # Errors
/// Inputs that are not text or tokens, and a length of vectors that the server does not take.
pub(super) fn encode(
    quirks: EmbeddingQuirks,
    target: &Target<'_>,
    request: &EmbeddingRequest,
) -> Result<(Bytes, Losses), RequestError> {
    if request.dimensions.is_some() && !quirks.dimensions {
        let message = "the length of the model's vectors cannot be chosen";
        return Err(RequestError::invalid_field("dimensions", message));
    }
    let mut losses = Losses::new();
    let mut out = BytesMut::with_capacity(256);
    let mut body = Object::begin(&mut out);
    body.field("model", target.model.as_str());
    write_inputs(quirks, request, &mut body, &mut losses)?;
    body.optional("encoding_format", request.encoding.map(word));
    body.optional("dimensions", request.dimensions);
    body.optional("user", request.user.as_deref());
    body.optional("input_type", input_type(quirks, request, &mut losses));
    if request.truncate.is_some() {
        losses.dropped("truncate", "the format cannot say what becomes of inputs that are too long");
    }
    body.extra(request.extra.fields(&FORMAT));
    request.extra.lose_unless(&FORMAT, "", &mut losses);
    body.end();
    Ok((out.freeze(), losses))
}

const fn word(encoding: VectorEncoding) -> &'static str {
    match encoding {
        VectorEncoding::Float => "float",
        VectorEncoding::Base64 => "base64",
    }
}

fn write_inputs(
    quirks: EmbeddingQuirks,
    request: &EmbeddingRequest,
    body: &mut Object<'_>,
    losses: &mut Losses,
) -> Result<(), RequestError> {
    for (index, input) in request.inputs.iter().enumerate() {
        input.extra.lose_unless(&FORMAT, &format!("inputs[{index}]"), losses);
        if let (EmbeddingContent::Parts(parts), Some(_)) = (&input.content, input.as_text())
            && parts.len() > 1
        {
            losses.approximated(format!("inputs[{index}].content"), "pieces of text are joined as lines");
        }
    }
    let tokens = |input: &EmbeddingInput| matches!(input.content, EmbeddingContent::Tokens(_));
    if !quirks.tokens && request.inputs.iter().any(tokens) {
        return Err(RequestError::invalid_field("input", "the provider takes texts, not tokens"));
    }
    if let [one] = request.inputs.as_slice() {
        match &one.content {
            EmbeddingContent::Tokens(tokens) => body.field("input", tokens),
            _ => body.field("input", &text_of(one, 0)?),
        };
        return Ok(());
    }
    let mut list = body.array("input");
    for (index, input) in request.inputs.iter().enumerate() {
        match &input.content {
            EmbeddingContent::Tokens(tokens) => list.element(tokens),
            _ => list.element(&text_of(input, index)?),
        }
    }
    list.end();
    Ok(())
}

fn text_of(input: &EmbeddingInput, index: usize) -> Result<std::borrow::Cow<'_, str>, RequestError> {
    input.as_text().ok_or_else(|| {
        let message = "the provider embeds text only";
        RequestError::invalid_field(format!("inputs[{index}].content"), message)
    })
}

/// One word for all inputs, where there is one.
fn input_type(
    quirks: EmbeddingQuirks,
    request: &EmbeddingRequest,
    losses: &mut Losses,
) -> Option<&'static str> {
    let first = request.inputs.first().and_then(|input| input.task.as_ref());
    let same = request.inputs.iter().all(|input| input.task.as_ref() == first);
    let word = match first {
        Some(EmbeddingTask::RetrievalQuery) => Some("query"),
        Some(EmbeddingTask::RetrievalDocument) => Some("document"),
        _ => None,
    };
    let word = word.filter(|_| quirks.input_type && same);
    for (index, input) in request.inputs.iter().enumerate() {
        if input.task.is_some() && word.is_none() {
            losses.dropped(format!("inputs[{index}].task"), "the format cannot say what a vector is for");
        }
        if input.title.is_some() {
            losses.dropped(format!("inputs[{index}].title"), "inputs have no titles");
        }
    }
    word
}
