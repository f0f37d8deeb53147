//! From a plan to an answer: attempts in order, until one begins to answer or none can.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use bytes::Bytes;
use http::HeaderMap;
use tollgate_model::{CallError, ErrorKind, Losses, ModelName, RequestError};
use tollgate_router::{PlanError, Step, Target, after_failure};

use super::{
    attempt::{AttemptError, Refusal},
    errand::{Errand, Place},
    open_call::OpenCall,
};
use crate::{interrupt::interrupted, runtime::Runtime};

/// Why no attempt gave an answer.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: CallError,
    /// The provider's own words, for a client of its format.
    pub(crate) own_words: Option<Box<(HeaderMap, Bytes)>>,
    /// The target cannot be asked for this, or not without a loss that is not wanted; another may.
    elsewhere: bool,
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self { error, own_words: None, elsewhere: false }
    }
}

/// Tries the targets of the plan in order, unless it is interrupted. `call` notes each attempt.
pub(crate) async fn dispatch<E: Errand>(
    runtime: &Arc<Runtime>,
    errand: &E,
    call: &mut OpenCall,
) -> Result<E::Answer, Failure> {
    let mut interrupt = call.interrupt_watch();
    let result = {
        let mut trying = pin!(try_targets(runtime, errand, call));
        poll_fn(|cx| match trying.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending if interrupt.is_given(cx) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    };
    if let Some(result) = result {
        return result;
    }
    let error = interrupted();
    call.attempt_given_up(&error.message);
    Err(error.into())
}

async fn try_targets<E: Errand>(
    runtime: &Arc<Runtime>,
    errand: &E,
    call: &mut OpenCall,
) -> Result<E::Answer, Failure> {
    let plan = errand.targets(runtime)?;
    let mut targets = plan.iter().peekable();
    let mut latest = None;
    let mut attempts = 0;
    while let Some(target) = targets.next() {
        let Some(endpoint) = runtime.endpoint(&target.provider) else { continue };
        let place = Place { endpoint, target, card: runtime.card(target) };
        let failure = match try_target(errand, place, call).await {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        let larger = targets.peek().is_some_and(|next| window(runtime, next) > window(runtime, target));
        let step = match failure.elsewhere && targets.len() > 0 {
            // Refused for what this target cannot do; the next may be able to.
            true => Step::NextTarget,
            false => {
                attempts += 1;
                after_failure(failure.error.kind, attempts, targets.len(), larger)
            }
        };
        latest = Some(failure);
        if step == Step::GiveUp {
            break;
        }
    }
    Err(latest.unwrap_or_else(|| {
        CallError::new(ErrorKind::Internal, "the plan names no configured provider").into()
    }))
}

/// An unknown window counts as none: a call that was too long is moved only to where it is known to fit better.
fn window(runtime: &Runtime, target: &Target) -> u64 {
    runtime.card(target).and_then(|card| card.context_window).unwrap_or(0)
}

async fn try_target<E: Errand>(
    errand: &E,
    place: Place<'_>,
    call: &mut OpenCall,
) -> Result<E::Answer, Failure> {
    match errand.attempt(place, call).await {
        Ok(answer) => {
            call.attempt_answered();
            Ok(answer)
        }
        Err(AttemptError::Request(error)) => {
            call.attempt_failed(error.kind, None, &error.message);
            Err(CallError::from(error).into())
        }
        Err(AttemptError::Elsewhere(error)) => {
            call.attempt_failed(error.kind, None, &error.message);
            Err(Failure { elsewhere: true, ..CallError::from(error).into() })
        }
        Err(AttemptError::Lossy(losses)) => {
            let error = CallError::from(refuse_loss(&losses));
            call.attempt_failed(error.kind, None, &error.message);
            Err(Failure { elsewhere: true, ..error.into() })
        }
        Err(AttemptError::Provider(refusal)) => {
            let Refusal { error, own_words } = *refusal;
            call.attempt_failed(error.kind(), error.status, &error.message);
            let own_words = own_words.map(Box::new);
            Err(Failure { error: CallError::from(&error), own_words, elsewhere: false })
        }
    }
}

/// Finds the targets of a model.
pub(crate) fn planned(runtime: &Runtime, model: &ModelName) -> Result<Vec<Target>, Failure> {
    runtime.routes.plan(model).map_err(|error| unplanned(&error))
}

fn unplanned(error: &PlanError) -> Failure {
    let request = RequestError {
        param: Some("model".to_owned()),
        ..RequestError::new(ErrorKind::ModelNotFound, error.to_string())
    };
    let mut error = CallError::from(request);
    error.code = Some("model_not_found".to_owned());
    error.into()
}

fn refuse_loss(losses: &Losses) -> RequestError {
    let named: Vec<String> = losses.iter().map(ToString::to_string).collect();
    let param = losses.iter().next().map(|loss| loss.path.clone());
    let message = format!("strict: the target cannot express all of this request: {}", named.join("; "));
    RequestError { param, ..RequestError::invalid(message) }
}
