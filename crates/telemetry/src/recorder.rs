//! Writes records: callers hand them over at once, one thread writes them in batches.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior};

use crate::{
    content::ContentWriter,
    database::{StoreError, open_for_writing},
    record::CallRecord,
    row,
};

/// How records are written.
#[derive(Debug, Clone, Copy)]
pub struct RecorderOptions {
    /// How long a batch is gathered. What is in memory for so long is lost if the process is killed.
    pub gather: Duration,
    /// The most records of a batch.
    pub batch_records: usize,
    /// How much may wait to be written before [`Recorder::is_full`].
    pub max_backlog_bytes: usize,
    /// How long [`Recorder::close`] tries to write what is left.
    pub close_timeout: Duration,
}

impl Default for RecorderOptions {
    fn default() -> Self {
        Self {
            gather: Duration::from_millis(20),
            batch_records: 500,
            max_backlog_bytes: 256 * 1024 * 1024,
            close_timeout: Duration::from_secs(10),
        }
    }
}

/// What is known of the writer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecorderStatus {
    /// Records written.
    pub written: u64,
    /// Bytes that wait.
    pub backlog_bytes: usize,
    /// Why the last try failed. `None`: it did not.
    pub last_error: Option<String>,
}

enum Message {
    Record(Box<CallRecord>),
    /// Answer when all before this is written.
    Flush(Sender<()>),
    /// Write all before this, then end.
    Close,
}

#[derive(Debug, Default)]
struct Shared {
    backlog_bytes: AtomicUsize,
    status: Mutex<(u64, Option<String>)>,
}

/// Takes records and sees to it that they are written.
///
/// [`Recorder::record`] neither waits nor fails, since it is called when a call ends in whatever way. The queue is bounded
/// from the other side: whoever accepts a call asks [`Recorder::is_full`] first.
#[derive(Debug)]
pub struct Recorder {
    sender: Sender<Message>,
    shared: Arc<Shared>,
    max_backlog_bytes: usize,
    writer: Mutex<Option<JoinHandle<Result<(), StoreError>>>>,
}

impl Recorder {
    /// Opens the store in `folder` and starts the writer.
    ///
    /// # Errors
    /// The store cannot be opened.
    pub fn open(folder: &Path, options: RecorderOptions) -> Result<Self, StoreError> {
        let connection = open_for_writing(folder)?;
        let (sender, receiver) = mpsc::channel();
        let shared = Arc::<Shared>::default();
        let content = ContentWriter::new().map_err(StoreError::Content)?;
        let writer = Writer { connection, content, receiver, shared: shared.clone(), options };
        let thread = thread::Builder::new().name("tollgate-recorder".to_owned()).spawn(move || writer.run());
        let thread = thread.map_err(|source| StoreError::Folder { path: folder.to_owned(), source })?;
        let writer = Mutex::new(Some(thread));
        Ok(Self { sender, shared, max_backlog_bytes: options.max_backlog_bytes, writer })
    }

    /// Hands a record over.
    pub fn record(&self, record: Box<CallRecord>) {
        self.shared.backlog_bytes.fetch_add(record.weight(), Ordering::Relaxed);
        // The writer ends only at `close`, after which no call is accepted any more.
        if self.sender.send(Message::Record(record)).is_err() {
            tracing::error!("a record came after the recorder was closed and is lost");
        }
    }

    /// Tells whether so much waits that no further call should be accepted.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.shared.backlog_bytes.load(Ordering::Relaxed) >= self.max_backlog_bytes
    }

    /// Returns what is known of the writer.
    #[must_use]
    pub fn status(&self) -> RecorderStatus {
        let (written, last_error) = self.shared.status.lock().unwrap_or_else(PoisonError::into_inner).clone();
        RecorderStatus {
            written,
            backlog_bytes: self.shared.backlog_bytes.load(Ordering::Relaxed),
            last_error,
        }
    }

    /// Waits until everything that was handed over before is written. Blocks the thread.
    pub fn flush(&self) {
        let (sender, receiver) = mpsc::channel();
        if self.sender.send(Message::Flush(sender)).is_ok() {
            let _ = receiver.recv();
        }
    }

    /// Writes everything that was handed over and ends. Blocks the thread. A second time does nothing.
    ///
    /// # Errors
    /// Some records could not be written in time; the error says how many and why.
    pub fn close(&self) -> Result<(), StoreError> {
        let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Ok(());
        };
        let _ = self.sender.send(Message::Close);
        writer.join().unwrap_or_else(|_| {
            Err(StoreError::Lost {
                lost: 0,
                reason: "the writer panicked; the last records may be missing".to_owned(),
            })
        })
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(%error, "records were lost");
        }
    }
}

/// The writer's thread.
struct Writer {
    connection: Connection,
    content: ContentWriter,
    receiver: Receiver<Message>,
    shared: Arc<Shared>,
    options: RecorderOptions,
}

/// What was gathered.
#[derive(Default)]
struct Batch {
    #[expect(clippy::vec_box, reason = "a record is large; the box it came in moves on without a copy")]
    records: Vec<Box<CallRecord>>,
    flushes: Vec<Sender<()>>,
    close: bool,
}

impl Batch {
    /// Returns whether more may be gathered.
    fn take(&mut self, message: Message) -> bool {
        match message {
            Message::Record(record) => self.records.push(record),
            Message::Flush(done) => self.flushes.push(done),
            Message::Close => self.close = true,
        }
        !self.close && self.flushes.is_empty()
    }
}

impl Writer {
    fn run(mut self) -> Result<(), StoreError> {
        loop {
            let mut batch = self.gather();
            let result = self.write_until_done(&mut batch);
            for done in batch.flushes.drain(..) {
                let _ = done.send(());
            }
            result?;
            if batch.close {
                // Leaves a database of one file, for whoever copies it.
                let _ = self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA optimize;");
                return Ok(());
            }
        }
    }

    /// Waits for a first message, then for more. Sleeping instead of waiting for each spares every call a wake-up.
    fn gather(&self) -> Batch {
        let mut batch = Batch::default();
        let Ok(first) = self.receiver.recv() else { return Batch { close: true, ..batch } };
        if !batch.take(first) {
            return batch;
        }
        let until = Instant::now() + self.options.gather;
        while batch.records.len() < self.options.batch_records {
            match self.receiver.try_recv() {
                Ok(message) => {
                    if !batch.take(message) {
                        break;
                    }
                }
                Err(mpsc::TryRecvError::Empty) if Instant::now() < until => {
                    thread::sleep(until.saturating_duration_since(Instant::now()));
                }
                Err(_) => break,
            }
        }
        batch
    }

    /// Writes a batch, again and again while the store does not take it. Gives up only when closing.
    fn write_until_done(&mut self, batch: &mut Batch) -> Result<(), StoreError> {
        let mut wait = Duration::from_millis(100);
        let mut deadline = batch.close.then(|| Instant::now() + self.options.close_timeout);
        while !batch.records.is_empty() {
            let Err(error) = self.write(&batch.records) else {
                self.settle(&batch.records);
                batch.records.clear();
                break;
            };
            self.content.forget();
            let reason = error.to_string();
            tracing::error!(%reason, waiting = batch.records.len(), "records could not be written; trying again");
            self.set_status(0, Some(reason.clone()));
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(StoreError::Lost { lost: batch.records.len(), reason });
            }
            // While waiting, more is taken in, so that a close is seen. Memory is bounded by whoever accepts calls.
            match self.receiver.recv_timeout(wait) {
                Ok(message) => {
                    batch.take(message);
                }
                Err(RecvTimeoutError::Timeout) => wait = (wait * 2).min(Duration::from_secs(5)),
                Err(RecvTimeoutError::Disconnected) => batch.close = true,
            }
            if batch.close && deadline.is_none() {
                deadline = Some(Instant::now() + self.options.close_timeout);
                wait = Duration::from_millis(100);
            }
        }
        Ok(())
    }

    /// Writes a batch in one transaction.
    fn write(&mut self, records: &[Box<CallRecord>]) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let places = self.content.write(&transaction, records)?;
        let mut statement = transaction.prepare_cached(row::INSERT)?;
        for (record, place) in records.iter().zip(&places) {
            row::insert(&mut statement, record, place.as_ref())?;
        }
        drop(statement);
        transaction.commit()?;
        Ok(())
    }

    fn settle(&self, records: &[Box<CallRecord>]) {
        let bytes = records.iter().map(|record| record.weight()).sum();
        self.shared.backlog_bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.set_status(records.len() as u64, None);
    }

    fn set_status(&self, written: u64, error: Option<String>) {
        let mut status = self.shared.status.lock().unwrap_or_else(PoisonError::into_inner);
        status.0 += written;
        status.1 = error;
    }
}
