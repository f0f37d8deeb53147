//! Models that a body repeats inside: on the untouched path they must not contradict the path of the URL.

use bytes::Bytes;
use serde_json::{Value, value::RawValue};
use tollgate_provider::json_spans;

/// Writes `name` over the model in each of the `requests`. What cannot be read stays as it is: the vendor says so.
pub(crate) fn in_requests(body: &Bytes, name: &str) -> Bytes {
    let Ok([Some(requests)]) = json_spans::find(body, ["requests"]) else { return body.clone() };
    let Ok(list) = serde_json::from_slice::<Vec<&RawValue>>(&body[requests.clone()]) else {
        return body.clone();
    };
    let renamed: Vec<String> = list.into_iter().map(|request| renamed(request.get(), name)).collect();
    json_spans::replace(body, &requests, format!("[{}]", renamed.join(",")).as_bytes()).into()
}

/// Writes `name` over the model in the object that stands under one of the `keys`.
pub(crate) fn in_object<const N: usize>(body: &Bytes, keys: [&str; N], name: &str) -> Bytes {
    let Ok(found) = json_spans::find(body, keys) else { return body.clone() };
    let Some(span) = found.into_iter().flatten().next() else { return body.clone() };
    let Ok(inner) = str::from_utf8(&body[span.clone()]) else { return body.clone() };
    json_spans::replace(body, &span, renamed(inner, name).as_bytes()).into()
}

fn renamed(object: &str, name: &str) -> String {
    match json_spans::find(object.as_bytes(), ["model"]) {
        Ok([Some(span)]) => {
            format!("{}{}{}", &object[..span.start], Value::from(name), &object[span.end..])
        }
        _ => object.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_renamed_where_they_are_repeated_and_nothing_else() {
        let body = Bytes::from_static(
            br#"{"x": 1, "requests": [{"model":"models/a", "content": {"model":"models/a"}},{"content":{}}]}"#,
        );
        assert_eq!(
            in_requests(&body, "models/b"),
            r#"{"x": 1, "requests": [{"model":"models/b", "content": {"model":"models/a"}},{"content":{}}]}"#
        );
        let body = Bytes::from_static(br#"{"generate_content_request": {"model":"models/a"}}"#);
        let keys = ["generateContentRequest", "generate_content_request"];
        assert_eq!(
            in_object(&body, keys, "models/b"),
            r#"{"generate_content_request": {"model":"models/b"}}"#
        );
        for odd in ["{}", "7", r#"{"requests":7}"#, r#"{"requests":[7]}"#] {
            let body = Bytes::copy_from_slice(odd.as_bytes());
            assert_eq!(in_requests(&body, "m"), odd);
        }
    }
}
