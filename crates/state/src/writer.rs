//! Writes values down, many in one transaction, behind the calls' backs.

use std::{
    io,
    sync::{
        Arc, PoisonError,
        atomic::Ordering,
        mpsc::{self, Receiver, Sender},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use crate::{
    StateKey,
    store::{Recent, Shared, now_unix},
};

/// How often what is over its time is deleted.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// The most values of one transaction.
const MAX_BATCH: usize = 256;
const ZSTD_LEVEL: i32 = 1;

/// The thread, and the way to it. Dropping it writes all that waits.
#[derive(Debug)]
pub(crate) struct Writer {
    /// Gone when the thread shall end.
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

enum Order {
    /// Write the recent value of this key.
    Write(StateKey),
    /// Say when all before is written.
    Flush(Sender<()>),
}

impl Writer {
    pub(crate) fn start(connection: Connection, shared: Arc<Shared>) -> io::Result<Self> {
        let (orders, inbox) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("tollgate-state".to_owned())
            .spawn(move || run(connection, &shared, &inbox))?;
        Ok(Self { orders: Some(orders), thread: Some(thread) })
    }

    pub(crate) fn write(&self, key: StateKey) {
        self.order(Order::Write(key));
    }

    pub(crate) fn flush(&self) {
        let (done, wait) = mpsc::channel();
        self.order(Order::Flush(done));
        // An error is a thread that is gone: then nothing is to be waited for.
        let _ = wait.recv();
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            // Values stay in memory if the thread is gone.
            let _ = orders.send(order);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(mut connection: Connection, shared: &Shared, inbox: &Receiver<Order>) {
    let mut swept = Instant::now();
    loop {
        let first = match inbox.recv_timeout(SWEEP_EVERY) {
            Ok(order) => Some(order),
            Err(mpsc::RecvTimeoutError::Timeout) => None,
            Err(mpsc::RecvTimeoutError::Disconnected) => return,
        };
        let mut keys = Vec::new();
        let mut waiting = Vec::new();
        for order in first.into_iter().chain(inbox.try_iter().take(MAX_BATCH)) {
            match order {
                Order::Write(key) => keys.push(key),
                Order::Flush(done) => waiting.push(done),
            }
        }
        if let Err(error) = write(&mut connection, shared, &keys) {
            tracing::error!(%error, count = keys.len(), "state cannot be written; it stays in memory");
        }
        for done in waiting {
            // Nobody may be waiting any more.
            let _ = done.send(());
        }
        if swept.elapsed() > SWEEP_EVERY {
            swept = Instant::now();
            if let Err(error) = connection.execute("DELETE FROM state WHERE expires_at <= ?1", [now_unix()]) {
                tracing::warn!(%error, "expired state cannot be deleted");
            }
        }
    }
}

fn write(connection: &mut Connection, shared: &Shared, keys: &[StateKey]) -> rusqlite::Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    let mut written = Vec::with_capacity(keys.len());
    {
        let mut insert = transaction
            .prepare_cached("INSERT OR REPLACE INTO state (key, expires_at, value) VALUES (?1, ?2, ?3)")?;
        let mut delete = transaction.prepare_cached("DELETE FROM state WHERE key = ?1")?;
        for key in keys {
            // The same key twice: the first round has taken it.
            let Some(recent) = shared.recent.get(key).map(|recent| recent.clone()) else { continue };
            let id = key.as_bytes().as_slice();
            match &recent.value {
                Some(value) => {
                    let packed = zstd::bulk::compress(value, ZSTD_LEVEL).unwrap_or_default();
                    insert.execute((id, recent.expires_at_unix, packed))?;
                }
                None => {
                    delete.execute([id])?;
                }
            }
            written.push((*key, recent));
        }
    }
    transaction.commit()?;
    for (key, recent) in written {
        settle(shared, key, &recent);
    }
    Ok(())
}

/// What is on disk need not be in memory, unless it has changed since.
fn settle(shared: &Shared, key: StateKey, written: &Recent) {
    if written.value.is_some() {
        shared.written.lock().unwrap_or_else(PoisonError::into_inner).insert(key.short());
    }
    let same = |recent: &Recent| {
        recent.expires_at_unix == written.expires_at_unix
            && recent.value.as_ref().map(|value| (value.as_ptr(), value.len()))
                == written.value.as_ref().map(|value| (value.as_ptr(), value.len()))
    };
    if let Some((_, gone)) = shared.recent.remove_if(&key, |_, recent| same(recent)) {
        shared.memory_bytes.fetch_sub(gone.bytes(), Ordering::Relaxed);
    }
}
