//! What a part bears, and the shapes that its content takes.

use serde_json::{Map, Value};
use tollgate_model::{Delta, Extra, Signature, response::TokenLogprob};

use crate::{
    generate_content::{
        FORMAT,
        wire::response::{Blob, FunctionCall, LogprobsCandidate, LogprobsResult},
    },
    read::{Rest, Text},
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
