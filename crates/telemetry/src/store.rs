//! Reads records: lists of calls, and one call with all that is known of it.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter, types::Value as SqlValue};
use serde::Serialize;
use serde_json::Value;
use tollgate_model::{CallId, Usage};

use crate::{
    content,
    database::{StoreError, open_for_reading},
    record::{Outcome, UsageSource},
    row::{id_bytes, id_text},
    segment,
};

/// The records in a data folder. Opens the file for each question and closes it again.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

/// Which calls to list. What is not said does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// From here, in Unix microseconds.
    pub since_us: Option<i64>,
    /// Before here, in Unix microseconds.
    pub until_us: Option<i64>,
    /// The provider that answered or was tried last.
    pub provider: Option<String>,
    /// The model that was asked there, or that the client asked for.
    pub model: Option<String>,
    /// The key's name.
    pub key: Option<String>,
    /// The team.
    pub team: Option<String>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Older than this call: for the next page.
    pub before: Option<CallId>,
    /// The most calls. 0 is all.
    pub limit: usize,
}

/// A call in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallSummary {
    /// Its id.
    pub id: CallId,
    /// When it came, in Unix microseconds.
    pub started_at_us: i64,
    /// The key's name.
    pub key: Option<String>,
    /// The team.
    pub team: Option<String>,
    /// The user.
    pub user: Option<String>,
    /// The model, as the client asked for it.
    pub model_asked: String,
    /// The provider that answered or was tried last.
    pub provider: Option<String>,
    /// The model there.
    pub model: Option<String>,
    /// Whether the client asked for a stream.
    pub streamed: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// What went wrong.
    pub error_kind: Option<String>,
    /// The status that the client saw.
    pub http_status: u16,
    /// How the usage is known.
    pub usage_source: UsageSource,
    /// What was consumed.
    pub usage: Usage,
    /// In nano-dollars. `None`: not known.
    pub cost_nanos: Option<i64>,
    /// Until the first content.
    pub first_token_us: Option<i64>,
    /// Until the end.
    pub duration_us: i64,
}

/// All that is known of a call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallDetail {
    /// What a list shows.
    #[serde(flatten)]
    pub summary: CallSummary,
    /// Labels.
    pub tags: Value,
    /// The format the client spoke.
    pub front_door: Option<String>,
    /// What was done.
    pub operation: String,
    /// The model that the answer names.
    pub response_model: Option<String>,
    /// The provider's id for the answer.
    pub response_id: Option<String>,
    /// Whether the bytes passed untouched.
    pub relayed: bool,
    /// Every try, in order.
    pub attempts: Value,
    /// What went wrong, in words.
    pub error_message: Option<String>,
    /// Why the answer ended.
    pub finish_reason: Option<String>,
    /// Why there is no price.
    pub unpriced: Option<String>,
    /// What the cost is made of.
    pub cost_lines: Value,
    /// The first day of the price that was used.
    pub price_valid_from: Option<String>,
    /// The class of service that was used.
    pub service_tier: Option<String>,
    /// What could not be expressed.
    pub losses: Value,
    /// The client's body.
    #[serde(skip)]
    pub request: Vec<u8>,
    /// The answer's body.
    #[serde(skip)]
    pub response: Vec<u8>,
}

const SUMMARY_COLUMNS: &str = "id, started_at_us, key, team, user, model_asked, provider, model, streamed, outcome, \
    error_kind, http_status, usage_source, input_tokens, output_tokens, cache_read, cache_write, cache_write_long, \
    reasoning, usage, cost_nanos, first_token_us, duration_us";

impl Store {
    /// Reads the records in `folder`. Nothing is opened yet.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    pub(crate) fn open(&self) -> Result<Connection, StoreError> {
        open_for_reading(&self.folder)
    }

    /// Lists calls, the newest first.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn calls(&self, filter: &CallFilter) -> Result<Vec<CallSummary>, StoreError> {
        let (condition, mut values) = condition(filter);
        let limit = if filter.limit == 0 { -1 } else { i64::try_from(filter.limit).unwrap_or(i64::MAX) };
        values.push(SqlValue::from(limit));
        let sql = format!("SELECT {SUMMARY_COLUMNS} FROM calls WHERE {condition} ORDER BY id DESC LIMIT ?");
        let connection = self.open()?;
        let mut statement = connection.prepare(&sql)?;
        let rows = statement.query_map(params_from_iter(values), summary)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns one call, by its whole id.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn call(&self, id: &CallId) -> Result<Option<CallDetail>, StoreError> {
        let connection = self.open()?;
        let sql = format!(
            "SELECT {SUMMARY_COLUMNS}, tags, front_door, operation, response_model, response_id, relayed, attempts, \
             error_message, finish_reason, unpriced, cost_lines, price_valid_from, service_tier, losses, \
             request_at, response_at FROM calls WHERE id = ?"
        );
        let found =
            connection.query_row(&sql, [id_bytes(id)], |row| Ok((detail(row)?, places(row)?))).optional()?;
        let Some((mut call, places)) = found else { return Ok(None) };
        let text = |place: Option<Vec<u8>>| {
            let segments = segment::decode(&place.unwrap_or_default()).map_err(StoreError::Content)?;
            content::read(&connection, &segments)
        };
        let [request, response] = places;
        call.request = text(request)?;
        call.response = text(response)?;
        Ok(Some(call))
    }
}

/// Writes the filter as a condition with its values.
pub(crate) fn condition(filter: &CallFilter) -> (String, Vec<SqlValue>) {
    let mut parts = vec!["1".to_owned()];
    let mut values = Vec::new();
    let mut add = |part: &str, value: Option<SqlValue>| {
        if let Some(value) = value {
            parts.push(part.to_owned());
            values.push(value);
        }
    };
    add("started_at_us >= ?", filter.since_us.map(SqlValue::from));
    add("started_at_us < ?", filter.until_us.map(SqlValue::from));
    add("provider = ?", filter.provider.clone().map(SqlValue::from));
    add("? IN (model, model_asked)", filter.model.clone().map(SqlValue::from));
    add("key = ?", filter.key.clone().map(SqlValue::from));
    add("team = ?", filter.team.clone().map(SqlValue::from));
    add("outcome = ?", filter.outcome.map(|outcome| SqlValue::from(outcome.as_str().to_owned())));
    add("id < ?", filter.before.as_ref().map(|id| SqlValue::from(id_bytes(id))));
    (parts.join(" AND "), values)
}

fn summary(row: &Row<'_>) -> rusqlite::Result<CallSummary> {
    Ok(CallSummary {
        id: id_text(row.get_ref("id")?.as_blob()?),
        started_at_us: row.get("started_at_us")?,
        key: row.get("key")?,
        team: row.get("team")?,
        user: row.get("user")?,
        model_asked: row.get("model_asked")?,
        provider: row.get("provider")?,
        model: row.get("model")?,
        streamed: row.get("streamed")?,
        outcome: Outcome::parse(row.get_ref("outcome")?.as_str()?).unwrap_or(Outcome::Failed),
        error_kind: row.get("error_kind")?,
        http_status: row.get("http_status")?,
        usage_source: UsageSource::parse(row.get_ref("usage_source")?.as_str()?),
        usage: usage(row)?,
        cost_nanos: row.get("cost_nanos")?,
        first_token_us: row.get("first_token_us")?,
        duration_us: row.get("duration_us")?,
    })
}

fn usage(row: &Row<'_>) -> rusqlite::Result<Usage> {
    if let Some(text) = row.get::<_, Option<String>>("usage")?
        && let Ok(usage) = serde_json::from_str(&text)
    {
        return Ok(usage);
    }
    let count =
        |column: &str| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(i64::unsigned_abs));
    let mut usage = Usage {
        input_tokens: count("input_tokens")?,
        output_tokens: count("output_tokens")?,
        ..Usage::default()
    };
    usage.input.cache_read = count("cache_read")?;
    usage.input.cache_write = count("cache_write")?;
    usage.input.cache_write_long = count("cache_write_long")?;
    usage.output.reasoning = count("reasoning")?;
    Ok(usage)
}

fn detail(row: &Row<'_>) -> rusqlite::Result<CallDetail> {
    let json = |column: &str| {
        let text: Option<String> = row.get(column)?;
        Ok::<_, rusqlite::Error>(
            text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null),
        )
    };
    Ok(CallDetail {
        summary: summary(row)?,
        tags: json("tags")?,
        front_door: row.get("front_door")?,
        operation: row.get("operation")?,
        response_model: row.get("response_model")?,
        response_id: row.get("response_id")?,
        relayed: row.get("relayed")?,
        attempts: json("attempts")?,
        error_message: row.get("error_message")?,
        finish_reason: row.get("finish_reason")?,
        unpriced: row.get("unpriced")?,
        cost_lines: json("cost_lines")?,
        price_valid_from: row.get("price_valid_from")?,
        service_tier: row.get("service_tier")?,
        losses: json("losses")?,
        request: Vec::new(),
        response: Vec::new(),
    })
}

/// Where a call's texts are: the request's pieces, the response's.
fn places(row: &Row<'_>) -> rusqlite::Result<[Option<Vec<u8>>; 2]> {
    Ok([row.get("request_at")?, row.get("response_at")?])
}
