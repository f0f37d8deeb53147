//! Answers that are made in the background: the call goes on whether or not anybody reads along.
//!
//! A run is an ordinary streamed call whose events are gathered here. Clients look at where it stands, read its events from
//! any place on, or call it off. What is gathered is forgotten some minutes after the end; the finished answer is kept as
//! any other.

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use dashmap::DashMap;
use http::{Response, header, request::Parts};
use http_body::Body as _;
use tokio::{
    sync::{oneshot, watch},
    task::AbortHandle,
};
use tollgate_model::{CallError, ErrorKind, ProviderError};
use tollgate_openai::background::{self, Standing};
use tollgate_provider::{Frame, Framer, Framing, FrontDoor};

use super::{
    Prepared,
    kept::{Kept, Shelf},
};
use crate::{AnswerBody, Gateway};

/// How long the events of a run can still be read after its end.
const READABLE_FOR: Duration = Duration::from_secs(300);
/// The most runs that are remembered at once.
const MAX_RUNS: usize = 1000;
/// The most that is gathered of one run.
const MAX_RUN_BYTES: usize = 64 * 1024 * 1024;

/// The runs of all callers.
#[derive(Debug)]
pub(crate) struct Runs {
    /// By owner and answer.
    known: DashMap<(Arc<str>, String), Arc<Run>>,
    /// How many have not ended.
    open: watch::Sender<usize>,
}

impl Default for Runs {
    fn default() -> Self {
        Self { known: DashMap::new(), open: watch::Sender::new(0) }
    }
}

impl Runs {
    pub(super) fn get(&self, owner: &Arc<str>, id: &str) -> Option<Arc<Run>> {
        self.known.get(&(owner.clone(), id.to_owned())).map(|run| run.clone())
    }

    /// Completes when no run is open.
    pub(crate) async fn ended(&self) {
        // The sender is ours, so that it cannot be gone.
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    /// Calls all of them off.
    pub(crate) fn abandon(&self) {
        for run in &self.known {
            run.abort();
        }
    }
}

/// Counts a run as open for as long as it lives.
struct Open(Arc<Gateway>);

impl Open {
    fn count(gateway: &Arc<Gateway>) -> Self {
        gateway.runs.open.send_modify(|open| *open += 1);
        Self(gateway.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.runs.open.send_modify(|open| *open -= 1);
    }
}

/// One answer that is made in the background.
#[derive(Debug, Default)]
pub(crate) struct Run {
    progress: Mutex<Progress>,
    abort: Mutex<Option<AbortHandle>>,
}

#[derive(Debug, Default)]
struct Progress {
    /// Whole events with their places in the stream, as clients are told them.
    events: Vec<(u64, Bytes)>,
    gathered_bytes: usize,
    /// The answer as it stands.
    response: Bytes,
    is_over: bool,
    /// Deleted: its end is not kept.
    is_forgotten: bool,
    waiting: Vec<Waker>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that holds it can panic half way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Run {
    /// The answer as it stands.
    pub(super) fn response(&self) -> Bytes {
        lock(&self.progress).response.clone()
    }

    fn abort(&self) {
        if let Some(abort) = lock(&self.abort).as_ref() {
            abort.abort();
        }
    }

    fn forget(&self) {
        lock(&self.progress).is_forgotten = true;
        self.end(None);
        self.abort();
    }

    /// Takes the next event. Returns the answer's id where the event tells it.
    fn take(&self, frame: Frame<'_>) -> Option<Standing> {
        let told = background::told_event(frame.data);
        let mut progress = lock(&self.progress);
        if progress.is_over {
            // Called off meanwhile.
            return None;
        }
        let place = told.sequence_number.or_else(|| Some(progress.events.last()?.0 + 1)).unwrap_or_default();
        let mut event = Vec::with_capacity(told.data.len() + 64);
        if let Some(name) = frame.event {
            event.extend_from_slice(b"event: ");
            event.extend_from_slice(name);
            event.push(b'\n');
        }
        event.extend_from_slice(b"data: ");
        event.extend_from_slice(&told.data);
        event.extend_from_slice(b"\n\n");
        progress.gathered_bytes += event.len();
        if progress.gathered_bytes <= MAX_RUN_BYTES {
            progress.events.push((place, event.into()));
        }
        let standing = told.response.map(|response| {
            progress.response = response.into();
            Standing::of(&progress.response)
        });
        progress.waiting.drain(..).for_each(Waker::wake);
        standing.flatten()
    }

    /// Ends it; what is not complete by then has failed. Returns the answer.
    fn end(&self, why: Option<(&str, &str)>) -> Bytes {
        let mut progress = lock(&self.progress);
        if Standing::of(&progress.response).is_some_and(|standing| !standing.is_over()) {
            progress.response = background::ended(&progress.response, why).into();
        }
        progress.is_over = true;
        progress.waiting.drain(..).for_each(Waker::wake);
        progress.response.clone()
    }
}

/// Reads a run's events from some place on.
#[derive(Debug)]
pub(crate) struct RunReader {
    run: Arc<Run>,
    next: usize,
}

impl RunReader {
    /// Reads what comes after the event `after`; without one, from the beginning.
    pub(super) fn new(run: Arc<Run>, after: Option<u64>) -> Self {
        let seen = |after| lock(&run.progress).events.partition_point(|(place, _)| *place <= after);
        let next = after.map_or(0, seen);
        Self { run, next }
    }

    pub(crate) fn poll_chunk(&mut self, cx: &Context<'_>) -> Poll<Option<Bytes>> {
        let mut progress = lock(&self.run.progress);
        if let Some((_, event)) = progress.events.get(self.next) {
            self.next += 1;
            return Poll::Ready(Some(event.clone()));
        }
        if progress.is_over || progress.gathered_bytes > MAX_RUN_BYTES {
            return Poll::Ready(None);
        }
        if !progress.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            progress.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl Gateway {
    /// Makes an answer in the background, and answers with how it stands when it has begun.
    pub(super) async fn serve_in_background(
        self: &Arc<Self>,
        door: &Arc<dyn FrontDoor>,
        head: Parts,
        mut prepared: Prepared,
        kept: Kept,
        shelf: Shelf,
    ) -> Response<AnswerBody> {
        let asked = match ordinary(&mut prepared, self.runs.known.len()) {
            Ok(asked) => asked,
            Err(error) => return self.refuse(&**door, &head.headers, error),
        };
        let (begun, begins) = oneshot::channel();
        let run = Arc::new(Run::default());
        let task = BackgroundTask {
            open: Open::count(self),
            run: run.clone(),
            shelf,
            kept,
            id: None,
            begun: Some(begun),
        };
        let task = tokio::spawn(task.work(door.clone(), head, prepared));
        *lock(&run.abort) = Some(task.abort_handle());
        match begins.await {
            Ok(Begun::Refused(response)) => response,
            Ok(Begun::Running) if asked.stream => stream(RunReader::new(run, None)),
            Ok(Begun::Running) => super::json_response(run.response()),
            Err(_) => {
                let error = CallError::new(ErrorKind::Internal, "the call ended before it began");
                door.encode_error(&error).map(AnswerBody::whole)
            }
        }
    }

    /// Ends a run whose answer nobody wants any more.
    pub(super) fn forget_run(&self, shelf: &Shelf, id: &str) {
        if let Some((_, run)) = self.runs.known.remove(&(shelf.owner().clone(), id.to_owned())) {
            run.forget();
        }
    }

    /// Calls a run off, and returns what there is of its answer.
    pub(super) fn call_off(&self, shelf: &Shelf, id: &str) -> Option<Bytes> {
        let run = self.runs.get(shelf.owner(), id)?;
        let response = run.end(None);
        run.abort();
        Some(response)
    }
}

/// Writes events as a stream.
pub(super) fn stream(reader: RunReader) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::run(reader));
    let events = header::HeaderValue::from_static("text/event-stream; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, events);
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-cache"));
    response
}

/// Makes ordinary streams of the bodies.
fn ordinary(prepared: &mut Prepared, runs: usize) -> Result<background::Foreground, CallError> {
    if runs >= MAX_RUNS {
        let message = "too many answers are being made in the background";
        return Err(CallError::new(ErrorKind::Overloaded, message));
    }
    let asked = background::foreground(&prepared.body)?;
    prepared.body = asked.body.clone().into();
    if let Some((_, body)) = &mut prepared.for_its_keeper {
        *body = background::foreground(body)?.body.into();
    }
    Ok(asked)
}

/// How a run began.
enum Begun {
    /// It did not: an error in the client's format.
    Refused(Response<AnswerBody>),
    Running,
}

/// The task that pulls a call to its end.
struct BackgroundTask {
    open: Open,
    run: Arc<Run>,
    shelf: Shelf,
    kept: Kept,
    /// Known from the first event on.
    id: Option<String>,
    begun: Option<oneshot::Sender<Begun>>,
}

impl BackgroundTask {
    async fn work(mut self, door: Arc<dyn FrontDoor>, head: Parts, prepared: Prepared) {
        let gateway = self.open.0.clone();
        let response = gateway.serve_prepared(&door, head, prepared).await;
        if !response.status().is_success() {
            self.begin(Begun::Refused(response));
            return;
        }
        let (mut body, mut framer) = (pin!(response.into_body()), Framer::new(Framing::Sse));
        while let Some(Ok(frame)) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
            let Ok(chunk) = frame.into_data() else { continue };
            let take = |frame: Frame<'_>| -> Result<(), ProviderError> {
                self.take(frame);
                Ok(())
            };
            if framer.feed(&chunk, take).is_err() {
                break;
            }
        }
    }

    fn begin(&mut self, begun: Begun) {
        if let Some(sender) = self.begun.take() {
            // A client that left is not told.
            let _ = sender.send(begun);
        }
    }

    fn take(&mut self, frame: Frame<'_>) {
        let Some(standing) = self.run.take(frame) else { return };
        if self.id.is_none() {
            self.id = Some(standing.id.clone());
            self.kept.response = self.run.response();
            // What is found of it after a restart.
            self.shelf.put(&standing.id, &self.kept);
            let key = (self.shelf.owner().clone(), standing.id);
            self.open.0.runs.known.insert(key, self.run.clone());
            self.begin(Begun::Running);
        }
    }

    /// Keeps the answer as it stands at the end, which can be one that nobody wanted to wait for.
    fn end(&mut self) {
        let Some(id) = self.id.take() else { return };
        let why = ("server_error", "The answer broke off before it was complete.");
        self.kept.response = self.run.end(Some(why));
        if lock(&self.run.progress).is_forgotten {
            return;
        }
        self.shelf.put(&id, &self.kept);
        let (gateway, key) = (self.open.0.clone(), (self.shelf.owner().clone(), id));
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            tokio::time::sleep(READABLE_FOR).await;
            gateway.runs.known.remove(&key);
        });
    }
}

impl Drop for BackgroundTask {
    /// Also when it is called off.
    fn drop(&mut self) {
        self.end();
    }
}
