-- One row a call. The id is the UUID's sixteen bytes; version 7 sorts by time, so the table is in the order of time.
CREATE TABLE calls (
    id               BLOB PRIMARY KEY,
    started_at_us    INTEGER NOT NULL,
    key              TEXT,
    team             TEXT,
    user             TEXT,
    tags             TEXT,              -- JSON object
    front_door       TEXT,
    operation        TEXT NOT NULL,
    model_asked      TEXT NOT NULL,
    provider         TEXT,
    model            TEXT,
    response_model   TEXT,
    response_id      TEXT,
    streamed         INTEGER NOT NULL,
    relayed          INTEGER NOT NULL,
    attempts         TEXT NOT NULL,     -- JSON array
    outcome          TEXT NOT NULL,
    error_kind       TEXT,
    error_message    TEXT,
    http_status      INTEGER NOT NULL,
    finish_reason    TEXT,
    usage_source     TEXT NOT NULL,
    input_tokens     INTEGER,
    output_tokens    INTEGER,
    cache_read       INTEGER,
    cache_write      INTEGER,
    cache_write_long INTEGER,
    reasoning        INTEGER,
    usage            TEXT,              -- JSON, only where it says more than the columns
    cost_nanos       INTEGER,           -- null: not known
    unpriced         TEXT,              -- why
    cost_lines       TEXT,              -- JSON array
    price_valid_from TEXT,
    service_tier     TEXT,
    first_token_us   INTEGER,
    duration_us      INTEGER NOT NULL,
    losses           TEXT,              -- JSON array
    request_at       BLOB,              -- pieces of blocks: block, offset and length of each, as LEB128 numbers
    response_at      BLOB
) WITHOUT ROWID;

-- Prompts and answers, apart from the rows. Those of several calls of one key are compressed together; what a prompt
-- repeats of an earlier one of the same key, at most an hour old, is not written again.
CREATE TABLE content_blocks (
    id         INTEGER PRIMARY KEY,
    raw_length INTEGER NOT NULL,
    zstd       BLOB NOT NULL
);
