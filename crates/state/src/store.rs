//! Values by key, for a while.

use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use dashmap::DashMap;
use rusqlite::{Connection, OptionalExtension};

use crate::{StateKey, writer::Writer};

/// The file within the data folder.
pub const STATE_FILE: &str = "state.sqlite3";
/// The most bytes of values that are in memory, whether they wait for the disk or have none. Beyond, new ones are not
/// remembered: a gateway that forgets serves on, one without memory does not.
const MAX_MEMORY_BYTES: u64 = 256 * 1024 * 1024;
/// The largest value that is remembered.
const MAX_VALUE_BYTES: usize = 64 * 1024 * 1024;

/// What keeps the memory from working.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The data folder cannot be used.
    #[error("cannot use the data folder {}", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The file is no database of ours, or is damaged.
    #[error("{} cannot be read; move it away to start with an empty one", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// SQLite's reason.
        #[source]
        source: rusqlite::Error,
    },
    /// The thread that writes cannot be started.
    #[error("the thread that writes state cannot be started")]
    Thread(#[source] io::Error),
}

/// Remembers values for a while. May be used from many threads at once.
#[derive(Debug)]
pub struct State {
    shared: Arc<Shared>,
    /// `None`: nothing is written down.
    disk: Option<Disk>,
}

#[derive(Debug)]
struct Disk {
    reader: Mutex<Connection>,
    writer: Writer,
}

/// What the writer's thread sees as well.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Values that are not on disk yet, or that have no disk. `value: None` is one that was forgotten.
    pub(crate) recent: DashMap<StateKey, Recent>,
    /// What may be on disk.
    pub(crate) written: Mutex<HashSet<u64>>,
    pub(crate) memory_bytes: AtomicU64,
}

/// A value in memory.
#[derive(Debug, Clone)]
pub(crate) struct Recent {
    pub(crate) value: Option<Bytes>,
    pub(crate) expires_at_unix: i64,
}

impl Recent {
    pub(crate) fn bytes(&self) -> u64 {
        self.value.as_ref().map_or(0, |value| value.len() as u64)
    }
}

impl State {
    /// Remembers in memory only: a restart forgets.
    #[must_use]
    pub fn in_memory() -> Self {
        Self { shared: Arc::default(), disk: None }
    }

    /// Remembers in `folder`, over restarts.
    ///
    /// # Errors
    /// The folder or its file cannot be used.
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        std::fs::create_dir_all(folder)
            .map_err(|source| StateError::Folder { path: folder.to_owned(), source })?;
        let path = folder.join(STATE_FILE);
        let damaged = |source| StateError::Damaged { path: path.clone(), source };
        let connection = open(&path).map_err(damaged)?;
        let shared = Arc::<Shared>::default();
        *shared.written.lock().unwrap_or_else(PoisonError::into_inner) =
            known(&connection).map_err(damaged)?;
        let reader = open(&path).map_err(damaged)?;
        let writer = Writer::start(connection, shared.clone()).map_err(StateError::Thread)?;
        Ok(Self { shared, disk: Some(Disk { reader: Mutex::new(reader), writer }) })
    }

    /// Remembers a value for `keep`. Returns whether it is remembered: not if it is too large, or memory is full.
    pub fn put(&self, key: StateKey, value: Bytes, keep: Duration) -> bool {
        let full = self.shared.memory_bytes.load(Ordering::Relaxed) > MAX_MEMORY_BYTES;
        if full || value.len() > MAX_VALUE_BYTES {
            self.forget_expired();
            return false;
        }
        let keep = i64::try_from(keep.as_secs()).unwrap_or(i64::MAX);
        self.set(key, Recent { value: Some(value), expires_at_unix: now_unix().saturating_add(keep) });
        true
    }

    /// Forgets a value.
    pub fn forget(&self, key: StateKey) {
        self.set(key, Recent { value: None, expires_at_unix: i64::MAX });
    }

    fn set(&self, key: StateKey, recent: Recent) {
        self.shared.memory_bytes.fetch_add(recent.bytes(), Ordering::Relaxed);
        if let Some(before) = self.shared.recent.insert(key, recent) {
            self.shared.memory_bytes.fetch_sub(before.bytes(), Ordering::Relaxed);
        }
        if let Some(disk) = &self.disk {
            disk.writer.write(key);
        }
    }

    /// Returns a value that is remembered.
    #[must_use]
    pub fn get(&self, key: &StateKey) -> Option<Bytes> {
        let now = now_unix();
        if let Some(recent) = self.shared.recent.get(key) {
            return recent.value.clone().filter(|_| recent.expires_at_unix > now);
        }
        let disk = self.disk.as_ref()?;
        let written = self.shared.written.lock().unwrap_or_else(PoisonError::into_inner);
        if !written.contains(&key.short()) {
            return None;
        }
        drop(written);
        let reader = disk.reader.lock().unwrap_or_else(PoisonError::into_inner);
        match read(&reader, key, now) {
            Ok(value) => value,
            Err(error) => {
                tracing::error!(%error, "remembered state cannot be read");
                None
            }
        }
    }

    /// Tells whether nothing is remembered: then nothing need be looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shared.recent.is_empty()
            && self.shared.written.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Waits until all that was put is on disk.
    pub fn flush(&self) {
        if let Some(disk) = &self.disk {
            disk.writer.flush();
        }
    }

    /// Without a disk nobody else makes room.
    fn forget_expired(&self) {
        if self.disk.is_some() {
            return;
        }
        let now = now_unix();
        self.shared.recent.retain(|_, recent| {
            let keep = recent.expires_at_unix > now && recent.value.is_some();
            if !keep {
                self.shared.memory_bytes.fetch_sub(recent.bytes(), Ordering::Relaxed);
            }
            keep
        });
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;
         CREATE TABLE IF NOT EXISTS state (
             key BLOB PRIMARY KEY, expires_at INTEGER NOT NULL, value BLOB NOT NULL
         ) WITHOUT ROWID;
         CREATE INDEX IF NOT EXISTS state_by_expiry ON state (expires_at);",
    )?;
    Ok(connection)
}

fn known(connection: &Connection) -> rusqlite::Result<HashSet<u64>> {
    let mut statement = connection.prepare("SELECT key FROM state WHERE expires_at > ?1")?;
    let keys = statement.query_map([now_unix()], |row| row.get::<_, Vec<u8>>(0))?;
    let mut known = HashSet::new();
    for key in keys {
        known.extend(StateKey::from_bytes(&key?).map(|key| key.short()));
    }
    Ok(known)
}

fn read(connection: &Connection, key: &StateKey, now_unix: i64) -> rusqlite::Result<Option<Bytes>> {
    let mut statement =
        connection.prepare_cached("SELECT value FROM state WHERE key = ?1 AND expires_at > ?2")?;
    let packed: Option<Vec<u8>> =
        statement.query_row((key.as_bytes().as_slice(), now_unix), |row| row.get(0)).optional()?;
    // What cannot be unpacked is as good as forgotten.
    Ok(packed.and_then(|packed| zstd::bulk::decompress(&packed, MAX_VALUE_BYTES).ok()).map(Bytes::from))
}

pub(crate) fn now_unix() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}
