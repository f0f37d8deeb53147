//! Opens the database and brings it up to date.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

/// The file within the data folder.
pub const DATABASE_FILE: &str = "tollgate.sqlite3";
/// Below this, a race between checkpoint and commit can corrupt a database in WAL mode.
const MIN_SQLITE: i32 = 3_051_003;
/// How long a lock of another process is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

mod migrations {
    refinery::embed_migrations!("migrations");
}

/// What keeps the store from working.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The data folder cannot be made or used.
    #[error("cannot use the data folder {}", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// There is no database yet.
    #[error("there are no records at {}; has a gateway run with this data folder?", .path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file is no database of ours, or is damaged.
    #[error("the records at {} cannot be read; if the file is damaged, move it away and start again, or repair a copy with sqlite3's .recover", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// SQLite's reason.
        #[source]
        source: rusqlite::Error,
    },
    /// The file is of another version of Tollgate.
    #[error("the records at {} cannot be brought up to date", .path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: Box<refinery::Error>,
    },
    /// A query failed.
    #[error("the records cannot be queried")]
    Query(#[from] rusqlite::Error),
    /// A stored text cannot be unpacked.
    #[error("a stored text cannot be unpacked")]
    Content(#[source] io::Error),
    /// A time zone or day that is not one.
    #[error("{0}")]
    Invalid(String),
    /// The writer could not write all before it ended.
    #[error("{lost} records could not be written: {reason}")]
    Lost {
        /// How many.
        lost: usize,
        /// Why.
        reason: String,
    },
}

/// Opens the database for writing; makes it if it is not there.
pub(crate) fn open_for_writing(folder: &Path) -> Result<Connection, StoreError> {
    let folder_error = |source| StoreError::Folder { path: folder.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(folder_error)?;
    let path = folder.join(DATABASE_FILE);
    let damaged = |source| StoreError::Damaged { path: path.clone(), source };
    check_version()?;
    let mut connection = Connection::open(&path).map_err(damaged)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(damaged)?;
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; \
             PRAGMA wal_autocheckpoint = 4000;",
        )
        .map_err(damaged)?;
    migrations::migrations::runner()
        .run(&mut connection)
        .map_err(|source| StoreError::Migration { path: path.clone(), source: Box::new(source) })?;
    Ok(connection)
}

/// Opens the database for reading. Open it, ask, and drop it: a reader that stays keeps the write-ahead log from shrinking.
pub(crate) fn open_for_reading(folder: &Path) -> Result<Connection, StoreError> {
    let path = folder.join(DATABASE_FILE);
    if !path.exists() {
        return Err(StoreError::Missing { path });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let damaged = |source| StoreError::Damaged { path: path.clone(), source };
    let connection = Connection::open_with_flags(&path, flags).map_err(damaged)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(damaged)?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(damaged)?;
    Ok(connection)
}

fn check_version() -> Result<(), StoreError> {
    if rusqlite::version_number() >= MIN_SQLITE {
        return Ok(());
    }
    Err(StoreError::Invalid(format!(
        "SQLite {} can corrupt its log; 3.51.3 or newer is needed",
        rusqlite::version()
    )))
}
