//! The bill: what calls cost, summed up.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use rusqlite::{Row, params_from_iter};
use serde::{Serialize, Serializer};
use tollgate_model::NanoUsdSum;

use crate::{
    database::StoreError,
    store::{CallFilter, Store, condition},
};

/// By what calls are summed up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dimension {
    /// The provider that answered or was tried last.
    Provider,
    /// The model there.
    Model,
    /// The key's name.
    Key,
    /// The team.
    Team,
    /// The user.
    User,
    /// The value of one label.
    Tag(String),
    /// The day in the bill's time zone.
    Day,
}

impl Dimension {
    /// Returns its name: `provider`, `tag:feature` …
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Provider => "provider".to_owned(),
            Self::Model => "model".to_owned(),
            Self::Key => "key".to_owned(),
            Self::Team => "team".to_owned(),
            Self::User => "user".to_owned(),
            Self::Tag(name) => format!("tag:{name}"),
            Self::Day => "day".to_owned(),
        }
    }

    /// Reads such a name.
    ///
    /// # Errors
    /// A name that is none of them.
    pub fn parse(name: &str) -> Result<Self, StoreError> {
        Ok(match name {
            "provider" => Self::Provider,
            "model" => Self::Model,
            "key" => Self::Key,
            "team" => Self::Team,
            "user" => Self::User,
            "day" => Self::Day,
            _ => match name.strip_prefix("tag:").filter(|tag| !tag.is_empty()) {
                Some(tag) => Self::Tag(tag.to_owned()),
                None => {
                    let known = "provider, model, key, team, user, day or tag:NAME";
                    return Err(StoreError::Invalid(format!(
                        "\"{name}\" is not something to sum up by: {known}"
                    )));
                }
            },
        })
    }
}

/// What to sum up.
#[derive(Debug, Clone)]
pub struct BillQuery {
    /// Which calls. Its `limit` and `before` do not matter.
    pub filter: CallFilter,
    /// By what. Empty: one sum.
    pub group_by: Vec<Dimension>,
    /// In which days are told apart.
    pub time_zone: TimeZone,
}

/// What calls cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bill {
    /// The names of what it is summed up by.
    pub group_by: Vec<String>,
    /// A row for each combination, the dearest first; days in their order.
    pub rows: Vec<BillRow>,
    /// All together.
    pub total: Sums,
}

/// One combination.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BillRow {
    /// Its values, in the order of [`Bill::group_by`]. `None`: calls that have none.
    pub group: Vec<Option<String>>,
    /// Its sums.
    #[serde(flatten)]
    pub sums: Sums,
}

/// Sums over calls. Tokens that nobody knows count as none; [`Sums::unknown_usage_calls`] says how many calls that are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// Calls.
    pub calls: u64,
    /// Of these, failed.
    pub failed_calls: u64,
    /// Of these, cancelled by the client.
    pub cancelled_calls: u64,
    /// Input tokens, cached ones included.
    pub input_tokens: u64,
    /// Of these, read from a cache.
    pub cache_read_tokens: u64,
    /// Of these, written to a cache.
    pub cache_write_tokens: u64,
    /// Output tokens, reasoning included.
    pub output_tokens: u64,
    /// Of these, reasoning.
    pub reasoning_tokens: u64,
    /// The cost as far as it is known.
    #[serde(rename = "cost_usd", serialize_with = "as_text")]
    pub cost: NanoUsdSum,
    /// Calls whose price is not known: their cost is not in [`Sums::cost`].
    pub unpriced_calls: u64,
    /// Calls whose tokens were reckoned from bytes.
    pub estimated_calls: u64,
    /// The part of [`Sums::cost`] that rests on such.
    #[serde(rename = "estimated_cost_usd", serialize_with = "as_text")]
    pub estimated_cost: NanoUsdSum,
    /// Calls of which not even that is known.
    pub unknown_usage_calls: u64,
}

fn as_text<S: Serializer>(amount: &NanoUsdSum, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

impl Sums {
    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.failed_calls += other.failed_calls;
        self.cancelled_calls += other.cancelled_calls;
        self.input_tokens += other.input_tokens;
        self.cache_read_tokens += other.cache_read_tokens;
        self.cache_write_tokens += other.cache_write_tokens;
        self.output_tokens += other.output_tokens;
        self.reasoning_tokens += other.reasoning_tokens;
        self.cost = self.cost + other.cost;
        self.unpriced_calls += other.unpriced_calls;
        self.estimated_calls += other.estimated_calls;
        self.estimated_cost = self.estimated_cost + other.estimated_cost;
        self.unknown_usage_calls += other.unknown_usage_calls;
    }
}

/// SQLite's sums are of 64 bits and fail when they overflow: whole dollars and the rest are summed apart.
const NANOS_PER_USD: i128 = 1_000_000_000;
const SUMS: &str = "
    count(*), sum(outcome = 'failed'), sum(outcome = 'cancelled'),
    total(input_tokens), total(cache_read), total(coalesce(cache_write, 0) + coalesce(cache_write_long, 0)),
    total(output_tokens), total(reasoning),
    coalesce(sum(cost_nanos / 1000000000), 0), coalesce(sum(cost_nanos % 1000000000), 0),
    sum(cost_nanos IS NULL), sum(usage_source = 'estimated'),
    coalesce(sum(iif(usage_source = 'estimated', cost_nanos, 0) / 1000000000), 0),
    coalesce(sum(iif(usage_source = 'estimated', cost_nanos, 0) % 1000000000), 0),
    sum(usage_source = 'unknown' AND outcome != 'failed')";
/// Every time zone's days begin at a whole multiple of this.
const QUARTER_HOUR_US: i64 = 15 * 60 * 1_000_000;

impl Store {
    /// Sums calls up.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn bill(&self, query: &BillQuery) -> Result<Bill, StoreError> {
        let filter = CallFilter { before: None, ..query.filter.clone() };
        let (condition, values) = condition(&filter);
        let mut all_values = Vec::new();
        let mut columns = String::new();
        for dimension in &query.group_by {
            columns.push_str(&match dimension {
                Dimension::Provider => "provider".to_owned(),
                Dimension::Model => "coalesce(model, model_asked)".to_owned(),
                Dimension::Key => "key".to_owned(),
                Dimension::Team => "team".to_owned(),
                Dimension::User => "user".to_owned(),
                Dimension::Day => format!("CAST(started_at_us / {QUARTER_HOUR_US} AS TEXT)"),
                Dimension::Tag(name) => {
                    all_values.push(name.clone().into());
                    "(SELECT value FROM json_each(tags) WHERE json_each.key = ?)".to_owned()
                }
            });
            columns.push_str(", ");
        }
        all_values.extend(values);
        let group = if query.group_by.is_empty() {
            String::new()
        } else {
            let places: Vec<String> = (1..=query.group_by.len()).map(|place| place.to_string()).collect();
            format!("GROUP BY {}", places.join(", "))
        };
        let sql = format!("SELECT {columns}{SUMS} FROM calls WHERE {condition} {group}");
        let connection = self.open()?;
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query(params_from_iter(all_values))?;
        let mut groups: BTreeMap<Vec<Option<String>>, Sums> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let sums = sums(row, query.group_by.len())?;
            if sums.calls > 0 {
                groups.entry(group_of(row, query)?).or_default().add(&sums);
            }
        }
        Ok(bill(query, groups))
    }
}

fn bill(query: &BillQuery, groups: BTreeMap<Vec<Option<String>>, Sums>) -> Bill {
    let mut total = Sums::default();
    let mut rows: Vec<BillRow> = Vec::with_capacity(groups.len());
    for (group, sums) in groups {
        total.add(&sums);
        rows.push(BillRow { group, sums });
    }
    if !query.group_by.contains(&Dimension::Day) {
        rows.sort_by(|a, b| b.sums.cost.cmp(&a.sums.cost).then_with(|| a.group.cmp(&b.group)));
    }
    Bill { group_by: query.group_by.iter().map(Dimension::name).collect(), rows, total }
}

/// Reads the values of a row's group; quarters of an hour become days.
fn group_of(row: &Row<'_>, query: &BillQuery) -> Result<Vec<Option<String>>, StoreError> {
    let values = query.group_by.iter().enumerate().map(|(index, dimension)| {
        let value: Option<String> = row.get(index)?;
        if *dimension != Dimension::Day {
            return Ok(value);
        }
        let quarter: i64 = value.and_then(|text| text.parse().ok()).unwrap_or_default();
        let time = Timestamp::from_microsecond(quarter.saturating_mul(QUARTER_HOUR_US))
            .map_err(|error| StoreError::Invalid(error.to_string()))?;
        Ok(Some(time.to_zoned(query.time_zone.clone()).date().to_string()))
    });
    values.collect()
}

fn sums(row: &Row<'_>, first: usize) -> rusqlite::Result<Sums> {
    let count = |index: usize| {
        Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(first + index)?.unwrap_or(0).unsigned_abs())
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "exact up to 2^53 tokens, which is centuries"
    )]
    let tokens = |index: usize| Ok::<_, rusqlite::Error>(row.get::<_, f64>(first + index)? as u64);
    let money = |index: usize| {
        let dollars: i64 = row.get(first + index)?;
        let rest: i64 = row.get(first + index + 1)?;
        let nanos = i128::from(dollars) * NANOS_PER_USD + i128::from(rest);
        Ok::<_, rusqlite::Error>(NanoUsdSum::from_nanos(nanos))
    };
    Ok(Sums {
        calls: count(0)?,
        failed_calls: count(1)?,
        cancelled_calls: count(2)?,
        input_tokens: tokens(3)?,
        cache_read_tokens: tokens(4)?,
        cache_write_tokens: tokens(5)?,
        output_tokens: tokens(6)?,
        reasoning_tokens: tokens(7)?,
        cost: money(8)?,
        unpriced_calls: count(10)?,
        estimated_calls: count(11)?,
        estimated_cost: money(12)?,
        unknown_usage_calls: count(14)?,
    })
}
