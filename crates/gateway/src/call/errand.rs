//! What is tried at one target after another: a chat, or anything else that goes through the gate.

use std::future::Future;

use tollgate_catalog::Model;
use tollgate_router::Target;

use super::{attempt::AttemptError, dispatch::Failure, open_call::OpenCall};
use crate::{endpoint::Endpoint, runtime::Runtime};

/// A target, and where it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) target: &'a Target,
    /// What the catalogue knows of its model.
    pub(crate) card: Option<&'a Model>,
}

/// One thing that is tried at one target after another, until one begins to answer.
pub(crate) trait Errand: Sync {
    /// How it begins to be answered.
    type Answer: Send;

    /// Where it can go, the best first.
    fn targets(&self, runtime: &Runtime) -> Result<Vec<Target>, Failure>;

    /// Asks one target. Notes in `call` that it does, and what that target cannot be told.
    fn attempt(
        &self,
        place: Place<'_>,
        call: &mut OpenCall,
    ) -> impl Future<Output = Result<Self::Answer, AttemptError>> + Send;
}
