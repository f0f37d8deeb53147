//! Anything that a provider has and the gateway knows nothing of: authenticated, sent there by name, recorded.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, Request, Response, Uri, header, request::Parts};
use tollgate_model::{CallError, ErrorKind, Losses, ModelName, ProviderName, RequestError};
use tollgate_provider::{BaseUrl, FrontDoor, Provider, Relay, RequestFacts, ResponseFacts};
use tollgate_router::Target;

use crate::{
    AnswerBody, Gateway,
    call::{Asked, Billing, Failure, Job, Place, Question, Reading},
    runtime::Runtime,
};

/// Headers that stay here: those of one connection, the client's credentials and those of its own network, and what would
/// make the answer unreadable.
const KEPT_BACK: [HeaderName; 22] = [
    header::HOST,
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::EXPECT,
    header::CONTENT_LENGTH,
    header::ACCEPT_ENCODING,
    header::AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("x-goog-api-key"),
    HeaderName::from_static("api-key"),
    header::COOKIE,
    header::FORWARDED,
    header::VIA,
    HeaderName::from_static("openai-organization"),
    HeaderName::from_static("openai-project"),
];

#[derive(Debug)]
struct Passthrough {
    provider: ProviderName,
    method: Method,
    /// What follows the provider's name in the path, with the query.
    path_and_query: String,
    headers: HeaderMap,
    body: Bytes,
    model: ModelName,
}

impl Gateway {
    /// Passes a request on to `provider`, at `path` below its base URL, whatever it is. Errors of the gateway's own are
    /// written in the format of `door`.
    pub async fn serve_passthrough(
        &self,
        door: &Arc<dyn FrontDoor>,
        provider: &str,
        path: &str,
        head: Parts,
        body: Bytes,
    ) -> Response<AnswerBody> {
        let read = || {
            let path_and_query = with_query(checked(path)?, &head.uri);
            let model = RequestFacts::in_body(&body).map_or_else(|_| ModelName::new(""), |facts| facts.model);
            Ok(Box::new(Passthrough {
                provider: ProviderName::new(provider),
                method: head.method.clone(),
                path_and_query,
                headers: head.headers.clone(),
                body: body.clone(),
                model,
            }) as Box<dyn Job>)
        };
        self.serve_job(door, &head.headers, read).await
    }
}

/// A path that stays below the base URL.
fn checked(path: &str) -> Result<&str, RequestError> {
    let climbs = path.split('/').any(|segment| {
        let plain = segment.replace("%2e", ".").replace("%2E", ".");
        plain == ".." || plain == "."
    });
    let hides = path.contains('\\') || path.to_ascii_lowercase().contains("%2f..") || path.contains("//");
    if climbs || hides || path.is_empty() {
        return Err(RequestError::invalid("the path below the provider's name must be plain, without `..`"));
    }
    Ok(path)
}

/// Puts the query back, without the key that stood in it.
fn with_query(path: &str, uri: &Uri) -> String {
    let pairs = uri.query().unwrap_or_default().split('&');
    let kept: Vec<_> = pairs.filter(|pair| !pair.is_empty() && !pair.starts_with("key=")).collect();
    match kept.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{}", kept.join("&")),
    }
}

impl Job for Passthrough {
    fn operation(&self) -> &'static str {
        "passthrough"
    }

    fn model(&self) -> &ModelName {
        &self.model
    }

    fn billing(&self) -> Billing {
        Billing::Reported
    }

    fn recorded_body(&self) -> Option<&Bytes> {
        let kind = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        kind.is_some_and(|kind| kind.starts_with("application/json")).then_some(&self.body)
    }

    fn input_bytes(&self) -> u64 {
        self.body.len() as u64
    }

    fn targets(&self, runtime: &Runtime) -> Result<Vec<Target>, Failure> {
        if runtime.endpoint(&self.provider).is_some() {
            return Ok(vec![Target { provider: self.provider.clone(), model: self.model.clone() }]);
        }
        let message = format!("there is no provider `{}` here", self.provider);
        Err(CallError::new(ErrorKind::ModelNotFound, message).into())
    }

    fn ask<'a>(&'a self, place: Place<'a>) -> Option<Result<Asked<'a>, RequestError>> {
        let base_url = place.endpoint.base_url()?;
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = match joined(base_url, &self.path_and_query).parse() {
            Ok(uri) => uri,
            Err(_) => return Some(Err(RequestError::invalid("the path cannot be sent to the provider"))),
        };
        for (name, value) in &self.headers {
            let ours = name.as_str().starts_with("x-tollgate-") || name.as_str().starts_with("x-forwarded-");
            if !ours && !KEPT_BACK.contains(name) {
                request.headers_mut().append(name.clone(), value.clone());
            }
        }
        let known = spoken_at(place, &self.path_and_query);
        let reading = Reading::Passed {
            facts: Box::new(move |body| {
                Ok(known.and_then(|relay| relay.response_facts(body).ok()).unwrap_or_else(|| unknown(body)))
            }),
            reader: known.map(|relay| relay.stream_reader()),
        };
        let provider = known_provider(place, &self.path_and_query).unwrap_or_else(|| place.endpoint.first());
        Some(Ok(Asked::Wire(Box::new(Question { provider, request, losses: Losses::new(), reading }))))
    }
}

/// What an answer of an API that nobody here knows may still say of itself.
fn unknown(body: &[u8]) -> ResponseFacts {
    tollgate_openai::passed_facts(body).unwrap_or_default()
}

/// The base URL with the path behind it. A version that both of them have stands there once.
fn joined(base_url: &BaseUrl, path: &str) -> String {
    let base = base_url.as_str();
    let version = base.rsplit('/').next().filter(|last| last.starts_with('v') && !base.ends_with("//"));
    let doubled = version.and_then(|version| path.strip_prefix('/')?.strip_prefix(version));
    match doubled.filter(|rest| rest.starts_with('/')) {
        Some(rest) => format!("{base}{rest}"),
        None => format!("{base}{path}"),
    }
}

/// The adapter whose format is spoken at a path.
fn known_provider<'a>(place: Place<'a>, path: &str) -> Option<&'a dyn Provider> {
    let path = path.split('?').next().unwrap_or_default();
    place.endpoint.adapters().find(|provider| {
        let ending = match provider.format().as_str() {
            "openai.chat" => "/chat/completions",
            "openai.responses" => "/responses",
            "anthropic.messages" => "/messages",
            "gemini.generate_content" => {
                return path.ends_with(":generateContent") || path.ends_with(":streamGenerateContent");
            }
            "gemini.interactions" => "/interactions",
            "ollama.chat" => "/api/chat",
            _ => return false,
        };
        path.ends_with(ending)
    })
}

fn spoken_at<'a>(place: Place<'a>, path: &str) -> Option<&'a dyn Relay> {
    known_provider(place, path)?.relay()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_stands_once() {
        for (base, path, whole) in [
            ("https://h/v1", "/v1/files", "https://h/v1/files"),
            ("https://h/v1", "/files", "https://h/v1/files"),
            ("https://h", "/v1beta/files", "https://h/v1beta/files"),
            ("https://h/v1beta", "/v1beta/files", "https://h/v1beta/files"),
            ("https://h/v1", "/v10/files", "https://h/v1/v10/files"),
            ("https://h/llm", "/llm/files", "https://h/llm/llm/files"),
        ] {
            assert_eq!(joined(&base.parse().unwrap(), path), whole);
        }
    }

    #[test]
    fn a_path_stays_below() {
        for path in
            ["/../x", "/a/../b", "/a/%2e%2e/b", "/a/%2E./b", "/./a", "//evil/x", "/a\\b", "/a%2F../b", ""]
        {
            assert!(checked(path).is_err(), "{path}");
        }
        for path in ["/v1/files", "/v1/files/a..b", "/v1/files/%2Fx", "/v1/models/a:b"] {
            assert!(checked(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn the_key_is_left_out_of_the_query() {
        let uri: Uri = "/x?a=1&key=secret&b=2".parse().unwrap();
        assert_eq!(with_query("/f", &uri), "/f?a=1&b=2");
        assert_eq!(with_query("/f", &"/x?key=secret".parse().unwrap()), "/f");
    }
}
