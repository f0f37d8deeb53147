//! `tollgate bill`: sum up recorded calls.

use std::path::Path;

use clap::Args;
use comfy_table::{Cell, CellAlignment};
use jiff::{Timestamp, tz::TimeZone};
use tollgate_telemetry::{Bill, BillQuery, CallFilter, Dimension, Store, Sums};

use crate::{
    configuration,
    output::{CommandError, Outcome, grouped, print, print_json, table},
    period,
};

/// What to sum up, and by what.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// By what, with commas between: provider, model, key, team, user, day, tag:NAME.
    #[arg(long, default_value = "provider,model", value_delimiter = ',')]
    by: Vec<String>,
    /// From here: a time (2026-11-23, 2026-11-23T08:00Z) or how long ago (30m, 24h, 7d).
    #[arg(long)]
    since: Option<String>,
    /// Before here, likewise.
    #[arg(long)]
    until: Option<String>,
    /// Only this provider.
    #[arg(long)]
    provider: Option<String>,
    /// Only this model.
    #[arg(long)]
    model: Option<String>,
    /// Only this key.
    #[arg(long)]
    key: Option<String>,
    /// Only this team.
    #[arg(long)]
    team: Option<String>,
    /// The time zone of days, such as Europe/Berlin. Default: this machine's.
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
}

pub(crate) fn run(config: Option<&Path>, arguments: &Arguments, json: bool) -> Outcome {
    let store = Store::new(&configuration::data_folder(config)?);
    let query = query(arguments)?;
    let bill = store.bill(&query).map_err(|error| CommandError::failed(&error))?;
    if json {
        return print_json(&bill);
    }
    show(&bill);
    Ok(())
}

fn query(arguments: &Arguments) -> Result<BillQuery, CommandError> {
    let now = Timestamp::now();
    let by = arguments.by.iter().map(|name| name.trim()).filter(|name| !name.is_empty());
    let group_by = by.map(Dimension::parse).collect::<Result<_, _>>();
    let time_zone = match &arguments.time_zone {
        None => TimeZone::system(),
        Some(name) => TimeZone::get(name).map_err(|error| CommandError::usage(error.to_string()))?,
    };
    let filter = CallFilter {
        since_us: period::moment(arguments.since.as_deref(), now)?,
        until_us: period::moment(arguments.until.as_deref(), now)?,
        provider: arguments.provider.clone(),
        model: arguments.model.clone(),
        key: arguments.key.clone(),
        team: arguments.team.clone(),
        ..CallFilter::default()
    };
    Ok(BillQuery {
        filter,
        group_by: group_by.map_err(|error| CommandError::usage(error.to_string()))?,
        time_zone,
    })
}

/// Prints a bill as a table, with what a reader must know about it below.
pub(crate) fn show(bill: &Bill) {
    if bill.total.calls == 0 {
        print("No calls.");
        return;
    }
    let mut header: Vec<String> = bill.group_by.iter().map(|name| name.to_uppercase()).collect();
    header
        .extend(["CALLS", "FAILED", "INPUT", "CACHED", "OUTPUT", "REASONING", "COST USD"].map(str::to_owned));
    let mut rows = table(&header.iter().map(String::as_str).collect::<Vec<_>>());
    for row in &bill.rows {
        let group = row.group.iter().map(|value| value.clone().unwrap_or_else(|| "-".to_owned()));
        rows.add_row(cells(group.collect(), &row.sums));
    }
    if !bill.group_by.is_empty() {
        let mut total = vec!["TOTAL".to_owned()];
        total.resize(bill.group_by.len(), String::new());
        rows.add_row(cells(total, &bill.total));
    }
    print(rows);
    for note in notes(&bill.total) {
        print(note);
    }
}

fn cells(group: Vec<String>, sums: &Sums) -> Vec<Cell> {
    let unpriced = if sums.unpriced_calls > 0 { " *" } else { "" };
    let numbers = [
        grouped(sums.calls),
        grouped(sums.failed_calls),
        grouped(sums.input_tokens),
        grouped(sums.cache_read_tokens),
        grouped(sums.output_tokens),
        grouped(sums.reasoning_tokens),
        format!("{}{unpriced}", sums.cost),
    ];
    let numbers = numbers.into_iter().map(|text| Cell::new(text).set_alignment(CellAlignment::Right));
    group.into_iter().map(Cell::new).chain(numbers).collect()
}

fn notes(total: &Sums) -> Vec<String> {
    let mut notes = Vec::new();
    if total.unpriced_calls > 0 {
        notes.push(format!(
            "* {} calls have no known price and are not in the sums.",
            grouped(total.unpriced_calls)
        ));
    }
    if total.estimated_calls > 0 {
        let (calls, cost) = (grouped(total.estimated_calls), total.estimated_cost);
        notes.push(format!("~ {calls} calls ({cost} USD) rest on tokens estimated from bytes, since the provider reported none."));
    }
    if total.unknown_usage_calls > 0 {
        notes.push(format!(
            "? {} calls consumed something that nobody knows.",
            grouped(total.unknown_usage_calls)
        ));
    }
    if total.cancelled_calls > 0 {
        notes.push(format!("{} calls were cancelled by their clients.", grouped(total.cancelled_calls)));
    }
    notes
}
