//! OpenAI's APIs beside chat, for the providers that have them: bodies and answers pass but for the model's name.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Response};
use tollgate_model::{ErrorKind, Losses, ModelName, ProviderName, RequestError};
use tollgate_openai::{PassedApi, PassedApis, PassedRequest, PassedStreamReader, passed_facts};
use tollgate_provider::FrontDoor;
use tollgate_router::Target;

use crate::{
    AnswerBody, Gateway,
    call::{Asked, Billing, Failure, Job, Place, Question, Reading, planned},
    runtime::Runtime,
};

#[derive(Debug)]
struct PassedJob {
    api: PassedApi,
    asked: PassedRequest,
    headers: HeaderMap,
}

impl Gateway {
    /// Answers one request for one of OpenAI's APIs beside chat, whose errors are written in the format of `door`.
    pub async fn serve_passed(
        &self,
        door: &Arc<dyn FrontDoor>,
        api: PassedApi,
        headers: HeaderMap,
        body: Bytes,
    ) -> Response<AnswerBody> {
        let asking = headers.clone();
        self.serve_job(door, &asking, move || {
            let asked = PassedRequest::read(api, &headers, body)?;
            Ok(Box::new(PassedJob { api, asked, headers }))
        })
        .await
    }
}

impl Job for PassedJob {
    fn operation(&self) -> &'static str {
        self.api.operation()
    }

    fn model(&self) -> &ModelName {
        self.asked.model()
    }

    fn stream(&self) -> bool {
        self.asked.stream()
    }

    fn billing(&self) -> Billing {
        match self.api {
            PassedApi::Completions => Billing::Tokens,
            _ => Billing::Reported,
        }
    }

    fn recorded_body(&self) -> Option<&Bytes> {
        self.asked.is_json().then(|| self.asked.body())
    }

    fn input_bytes(&self) -> u64 {
        self.asked.body().len() as u64
    }

    /// The catalogue lists few of these models: a bare name that nobody is known to serve goes to the one provider that has
    /// the API.
    fn targets(&self, runtime: &Runtime) -> Result<Vec<Target>, Failure> {
        let model = self.model();
        let failure = match planned(runtime, model) {
            Ok(targets) => return Ok(targets),
            Err(failure) => failure,
        };
        if model.as_str().contains('/') {
            return Err(failure);
        }
        let mut having: Vec<_> = self.having(runtime, true).collect();
        if having.is_empty() {
            having.extend(self.having(runtime, false));
        }
        match having.as_slice() {
            [only] => Ok(vec![Target { provider: (*only).clone(), model: model.clone() }]),
            [] => Err(no_provider(self.operation())),
            several => Err(ambiguous(model, several)),
        }
    }

    fn ask<'a>(&'a self, place: Place<'a>) -> Option<Result<Asked<'a>, RequestError>> {
        let apis = place.endpoint.passed_apis()?;
        let request = apis.request(self.api, &place.target.model, &self.asked, &self.headers)?;
        let reading = Reading::Passed {
            facts: Box::new(passed_facts),
            reader: Some(Box::<PassedStreamReader>::default()),
        };
        let provider = place.endpoint.first();
        Some(Ok(Asked::Wire(Box::new(Question { provider, request, losses: Losses::new(), reading }))))
    }
}

impl PassedJob {
    /// The providers that have the API: for certain, or perhaps.
    fn having<'r>(&self, runtime: &'r Runtime, certain: bool) -> impl Iterator<Item = &'r ProviderName> {
        let has = move |apis: &PassedApis| apis.is_certain() == certain && apis.has(self.api);
        let endpoints = runtime.endpoints().filter(move |endpoint| endpoint.passed_apis().is_some_and(has));
        endpoints.map(|endpoint| endpoint.name())
    }
}

fn no_provider(operation: &str) -> Failure {
    let message = format!("no provider that is configured here has an API for `{operation}`");
    unroutable(message)
}

fn ambiguous(model: &ModelName, several: &[&ProviderName]) -> Failure {
    let choices: Vec<_> = several.iter().map(|provider| format!("{provider}/{model}")).collect();
    unroutable(format!("several providers may serve `{model}`; ask for one of: {}", choices.join(", ")))
}

fn unroutable(message: String) -> Failure {
    let error = RequestError {
        param: Some("model".to_owned()),
        ..RequestError::new(ErrorKind::ModelNotFound, message)
    };
    tollgate_model::CallError::from(error).into()
}
