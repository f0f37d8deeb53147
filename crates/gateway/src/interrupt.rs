//! Tells all open calls at once that nobody waits for them any longer.

use std::{
    collections::HashMap,
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Waker},
};

use http::StatusCode;
use tollgate_model::{CallError, ErrorKind};

/// A word to all who watch. Given once, and for good.
#[derive(Debug, Default)]
pub(crate) struct Interrupt {
    given: AtomicBool,
    waiting: Mutex<Waiting>,
}

/// The tasks to wake, each at its place.
#[derive(Debug, Default)]
struct Waiting {
    next_place: u64,
    wakers: HashMap<u64, Waker>,
}

impl Interrupt {
    /// Gives the word, and wakes everybody who watches.
    pub(crate) fn give(&self) {
        let mut waiting = self.waiting();
        self.given.store(true, Ordering::Release);
        let wakers = mem::take(&mut waiting.wakers);
        drop(waiting);
        wakers.into_values().for_each(Waker::wake);
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One watcher. Its task is registered once and not with every look, which an answer takes for each of its pieces.
#[derive(Debug)]
pub(crate) struct InterruptWatch {
    interrupt: Arc<Interrupt>,
    registered: Option<(u64, Waker)>,
}

impl InterruptWatch {
    pub(crate) const fn new(interrupt: Arc<Interrupt>) -> Self {
        Self { interrupt, registered: None }
    }

    /// Makes another watcher of the same word.
    pub(crate) fn another(&self) -> Self {
        Self::new(self.interrupt.clone())
    }

    /// Tells whether the word was given. If not, the task is woken when it is.
    pub(crate) fn is_given(&mut self, cx: &Context<'_>) -> bool {
        if self.interrupt.given.load(Ordering::Acquire) {
            return true;
        }
        match &self.registered {
            Some((_, waker)) if waker.will_wake(cx.waker()) => false,
            _ => self.register(cx.waker().clone()),
        }
    }

    /// Tells whether the word was given in the meantime.
    fn register(&mut self, waker: Waker) -> bool {
        let mut waiting = self.interrupt.waiting();
        if self.interrupt.given.load(Ordering::Acquire) {
            return true;
        }
        let place = self.registered.take().map_or(waiting.next_place, |(place, _)| place);
        waiting.next_place = waiting.next_place.max(place + 1);
        waiting.wakers.insert(place, waker.clone());
        drop(waiting);
        self.registered = Some((place, waker));
        false
    }
}

impl Drop for InterruptWatch {
    fn drop(&mut self) {
        if let Some((place, _)) = self.registered.take() {
            self.interrupt.waiting().wakers.remove(&place);
        }
    }
}

/// What a client is told whose call was interrupted. Another gateway may answer it, so an SDK may try again.
pub(crate) fn interrupted() -> CallError {
    let mut error =
        CallError::new(ErrorKind::Unavailable, "the gateway is shutting down and could not wait any longer");
    error.status = StatusCode::SERVICE_UNAVAILABLE;
    error
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicUsize, task::Wake};

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn whoever_watches_is_woken_once_and_sees_it() {
        let interrupt = Arc::new(Interrupt::default());
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let cx = Context::from_waker(&waker);
        let mut watches = [(); 3].map(|()| InterruptWatch::new(interrupt.clone()));
        for watch in &mut watches {
            assert!(!watch.is_given(&cx));
            assert!(!watch.is_given(&cx));
        }
        interrupt.give();
        assert_eq!(count.0.load(Ordering::Relaxed), 3);
        assert!(watches.iter_mut().all(|watch| watch.is_given(&cx)));
        assert!(watches[0].another().is_given(&cx), "also whoever comes later");
    }

    #[test]
    fn the_task_that_looked_last_is_woken_and_one_that_left_is_not() {
        let interrupt = Arc::new(Interrupt::default());
        let counts: [Arc<Count>; 3] = Default::default();
        let wakers = counts.clone().map(Waker::from);
        let look =
            |watch: &mut InterruptWatch, nth: usize| watch.is_given(&Context::from_waker(&wakers[nth]));
        let (mut moved, mut gone) =
            (InterruptWatch::new(interrupt.clone()), InterruptWatch::new(interrupt.clone()));
        assert!(!look(&mut moved, 0) && !look(&mut gone, 1) && !look(&mut moved, 2));
        drop(gone);
        assert_eq!(interrupt.waiting().wakers.len(), 1);
        interrupt.give();
        assert_eq!(counts.map(|count| count.0.load(Ordering::Relaxed)), [0, 0, 1]);
    }
}
