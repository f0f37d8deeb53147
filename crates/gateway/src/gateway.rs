//! The gateway: one state that calls see, and one recorder that remembers them.

use std::{fmt, path::Path, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use http::HeaderMap;
use tollgate_catalog::Catalog;
use tollgate_model::{CallError, ErrorKind};
use tollgate_policy::{Caller, Key, KeyRing};
use tollgate_router::Target;
use tollgate_state::{State, StateError};
use tollgate_telemetry::{Recorder, RecorderOptions, StoreError};

use crate::{
    call,
    continuity::Continuity,
    endpoint::Endpoint,
    interrupt::Interrupt,
    responses::{Runs, Shelf},
    runtime::Runtime,
};

/// An LLM gateway. Cheap to share; every method may be called from many tasks at once.
///
/// # Cancel safety
/// Dropping any future or body of a call cancels that call at the provider and closes its record.
pub struct Gateway {
    runtime: ArcSwap<Runtime>,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) capture_content: bool,
    pub(crate) interrupt: Arc<Interrupt>,
    state: Arc<State>,
    pub(crate) runs: Runs,
}

impl Gateway {
    /// Starts to put a gateway together.
    #[must_use]
    pub fn builder() -> GatewayBuilder {
        GatewayBuilder::default()
    }

    /// Returns the state that a call beginning now sees.
    #[must_use]
    pub fn runtime(&self) -> Arc<Runtime> {
        self.runtime.load_full()
    }

    /// Puts another state in place. Calls that have begun keep the one they saw.
    pub fn replace_runtime(&self, runtime: Runtime) {
        self.runtime.store(Arc::new(runtime));
    }

    /// Says whether the headers carry a key that may call.
    ///
    /// # Errors
    /// They do not.
    pub fn authenticate(&self, headers: &HeaderMap) -> Result<(), CallError> {
        call::identify(&self.runtime(), headers).map(|_| ())
    }

    /// Returns what keeps the gateway from taking calls, if anything does.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.recorder.is_full().then(|| "records cannot be written fast enough".to_owned())
    }

    /// Says whether a call may begin: one that could not be recorded may not.
    ///
    /// # Errors
    /// [`Gateway::trouble`], for the client.
    pub(crate) fn admit(&self) -> Result<(), CallError> {
        let Some(trouble) = self.trouble() else { return Ok(()) };
        let mut error = CallError::new(ErrorKind::Overloaded, format!("no calls are taken now: {trouble}"));
        error.retry_after = Some(Duration::from_secs(5));
        Err(error)
    }

    /// Ends every open call with an error in its client's format, a stream with its error event, and hangs up on the
    /// providers. So does every call that begins later and is not answered at once. Meant for a shutdown that cannot wait
    /// any longer; the bodies still have to be pulled to their end.
    pub fn interrupt(&self) {
        self.interrupt.give();
    }

    /// What is remembered of a caller's conversations. A key's callers share them: one application, many processes.
    pub(crate) fn continuity(&self, caller: &Caller) -> Continuity {
        Continuity::new(self.state.clone(), owner(caller))
    }

    /// The answers that are kept for a caller.
    pub(crate) fn shelf(&self, caller: &Caller) -> Shelf {
        Shelf::new(self.state.clone(), owner(caller))
    }

    /// Waits until every record that is closed is written. Call it after the last call.
    pub fn close(&self) -> Result<(), StoreError> {
        self.state.flush();
        self.recorder.close()
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("runtime", &self.runtime.load()).finish_non_exhaustive()
    }
}

/// Whose memory it is.
fn owner(caller: &Caller) -> Arc<str> {
    caller.key.as_ref().map_or("", |key| key.as_str()).into()
}

/// What keeps a gateway from starting.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The records cannot be opened.
    #[error(transparent)]
    Records(#[from] StoreError),
    /// What is remembered between calls cannot be opened.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Puts a gateway together, piece by piece.
#[derive(Debug)]
pub struct GatewayBuilder {
    endpoints: Vec<Arc<Endpoint>>,
    names: Vec<(String, Vec<Target>)>,
    catalog: Option<Catalog>,
    keys: Option<Vec<Key>>,
    capture_content: bool,
    recording: RecorderOptions,
}

impl Default for GatewayBuilder {
    fn default() -> Self {
        Self {
            endpoints: Vec::new(),
            names: Vec::new(),
            catalog: None,
            keys: None,
            capture_content: true,
            recording: RecorderOptions::default(),
        }
    }
}

impl GatewayBuilder {
    /// Adds an endpoint, under its provider's name.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoints.push(Arc::new(endpoint));
        self
    }

    /// Adds a name that calls may ask for, with its targets, the preferred first.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>, targets: Vec<Target>) -> Self {
        self.names.push((name.into(), targets));
        self
    }

    /// Uses another catalogue than the built-in one.
    #[must_use]
    pub fn catalog(mut self, catalog: Catalog) -> Self {
        self.catalog = Some(catalog);
        self
    }

    /// Asks for one of these keys. Without this, nobody is asked.
    #[must_use]
    pub fn keys(mut self, keys: Vec<Key>) -> Self {
        self.keys = Some(keys);
        self
    }

    /// Sets whether prompts and answers are kept with the records. They are, unless this says no.
    #[must_use]
    pub const fn capture_content(mut self, capture: bool) -> Self {
        self.capture_content = capture;
        self
    }

    /// Sets how records are written.
    #[must_use]
    pub const fn recording(mut self, options: RecorderOptions) -> Self {
        self.recording = options;
        self
    }

    /// Opens the store in `data` and starts.
    ///
    /// # Errors
    /// The store cannot be opened.
    pub fn open(self, data: &Path) -> Result<Gateway, OpenError> {
        let recorder = Arc::new(Recorder::open(data, self.recording)?);
        // Where prompts and answers are not kept, neither is what they are remembered by.
        let state = if self.capture_content { State::open(data)? } else { State::in_memory() };
        let keys = self.keys.map_or_else(KeyRing::open, KeyRing::new);
        let catalog = self.catalog.unwrap_or_else(Catalog::builtin);
        let runtime =
            Runtime::new(self.endpoints, self.names, std::collections::HashMap::new(), catalog, keys);
        Ok(Gateway {
            runtime: ArcSwap::from_pointee(runtime),
            recorder,
            capture_content: self.capture_content,
            interrupt: Arc::default(),
            state: Arc::new(state),
            runs: Runs::default(),
        })
    }
}
