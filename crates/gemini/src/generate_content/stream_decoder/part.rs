//! What a part bears, and the shapes that its content takes.

use std::borrow::Cow;

use serde_json::{Map, Value, value::RawValue};
use tollgate_model::{
    Content, Delta, Extra, Signature,
    message::{Audio, Document, Image, MediaSource},
    response::TokenLogprob,
};

use crate::generate_content::{
    FORMAT,
    wire::response::{Blob, FunctionCall, LogprobsCandidate, LogprobsResult, Rest, Text},
};

pub(in crate::generate_content) fn attributes(
    signature: Option<Text<'_>>,
    extra: Extra,
) -> impl Iterator<Item = Delta> {
    let signature = signature.filter(|signature| !signature.0.is_empty());
    let signature = signature.map(|signature| Signature { issuer: FORMAT, value: signature.0.into_owned() });
    let extra = (!extra.is_empty()).then_some(extra);
    signature.map(Delta::Signature).into_iter().chain(extra.map(Delta::Extra))
}

pub(in crate::generate_content) fn part_extra(
    thought: Option<bool>,
    rest: &Rest<'_>,
) -> serde_json::Result<Map<String, Value>> {
    let mut extra = rest.parse()?;
    if thought == Some(true) {
        extra.insert("thought".to_owned(), Value::Bool(true));
    }
    Ok(extra)
}

pub(in crate::generate_content) fn media(media_type: String, data: String) -> Content {
    let picture = media_type.starts_with("image/");
    let sound = media_type.starts_with("audio/");
    let source = MediaSource::Base64 { media_type, data };
    if picture {
        Content::Image(Image { source, detail: None })
    } else if sound {
        Content::Audio(Audio { source, transcript: None, id: None, expires_at: None })
    } else {
        Content::Document(Document { source, filename: None, context: None, citations: None })
    }
}

pub(in crate::generate_content) fn blob_value(blob: Blob<'_>) -> serde_json::Result<Map<String, Value>> {
    let mut value = blob.rest.parse()?;
    let fields = [("mimeType", blob.mime_type), ("data", blob.data)];
    for (name, text) in fields.into_iter().filter_map(|(name, text)| Some((name, text?))) {
        value.insert(name.to_owned(), Value::from(text.0.into_owned()));
    }
    Ok(value)
}

pub(in crate::generate_content) fn call_value(
    call: FunctionCall<'_>,
) -> serde_json::Result<Map<String, Value>> {
    let mut value = call.rest.parse()?;
    let fields = [("id", call.id), ("name", call.name)];
    for (name, text) in fields.into_iter().filter_map(|(name, text)| Some((name, text?))) {
        value.insert(name.to_owned(), Value::from(text.0.into_owned()));
    }
    if let Some(args) = call.args {
        value.insert("args".to_owned(), serde_json::from_str(args.get())?);
    }
    Ok(value)
}

/// Takes out the white space between tokens: a complete answer is indented, and so are its arguments.
pub(in crate::generate_content) fn compact(raw: &RawValue) -> Cow<'_, str> {
    let text = raw.get();
    if !text.contains(['\n', '\r', '\t', ' ']) {
        return Cow::Borrowed(text);
    }
    let mut compact = String::with_capacity(text.len());
    let (mut quoted, mut escaped) = (false, false);
    for char in text.chars() {
        if quoted || !matches!(char, ' ' | '\n' | '\r' | '\t') {
            compact.push(char);
        }
        quoted ^= char == '"' && !escaped;
        escaped = quoted && char == '\\' && !escaped;
    }
    Cow::Owned(compact)
}

pub(in crate::generate_content) fn logprobs(result: LogprobsResult<'_>) -> Vec<TokenLogprob> {
    let mut top = result.top_candidates.unwrap_or_default().into_iter();
    let chosen = result.chosen_candidates.unwrap_or_default().into_iter();
    chosen
        .map(|chosen| {
            let beside = top.next().and_then(|top| top.candidates).unwrap_or_default();
            let mut token = logprob(chosen);
            token.top = beside.into_iter().map(logprob).collect();
            token
        })
        .collect()
}

fn logprob(candidate: LogprobsCandidate<'_>) -> TokenLogprob {
    TokenLogprob {
        token: candidate.token.map(|token| token.0.into_owned()).unwrap_or_default(),
        logprob: candidate.log_probability.unwrap_or(0.0),
        bytes: None,
        top: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_lose_their_indentation_and_nothing_else() {
        let compacted = |text: &str| compact(serde_json::from_str(text).unwrap()).into_owned();
        assert_eq!(
            compacted("{\n  \"a\": [1, 2],\n  \"b\": \"x \\\" \\\\ y\" }"),
            r#"{"a":[1,2],"b":"x \" \\ y"}"#
        );
        assert_eq!(compacted("{}"), "{}");
    }
}
