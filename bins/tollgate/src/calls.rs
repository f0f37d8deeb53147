//! `tollgate calls`: look at recorded calls.

use std::path::Path;

use clap::{Args, Subcommand};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use tollgate_model::{CallId, NanoUsd};
use tollgate_telemetry::{CallDetail, CallFilter, CallSummary, Outcome, Store, UsageSource};

use crate::{
    configuration,
    output::{CommandError, Outcome as Result, grouped, print, print_json, table},
    period,
};

/// What to look at.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List calls, the newest first.
    List(ListArguments),
    /// Show one call with all that is known of it.
    Show {
        /// The call's id, or a beginning of it that only one of the newest 10,000 calls has.
        id: String,
    },
}

/// Which calls to list.
#[derive(Debug, Args)]
struct ListArguments {
    /// From here: a time (2026-11-23, 2026-11-23T08:00Z) or how long ago (30m, 24h, 7d).
    #[arg(long)]
    since: Option<String>,
    /// Before here, likewise.
    #[arg(long)]
    until: Option<String>,
    /// The provider that answered or was tried last.
    #[arg(long)]
    provider: Option<String>,
    /// The model, as it was asked for or as the provider names it.
    #[arg(long)]
    model: Option<String>,
    /// The key's name.
    #[arg(long)]
    key: Option<String>,
    /// The team.
    #[arg(long)]
    team: Option<String>,
    /// How it ended: completed, failed or cancelled.
    #[arg(long)]
    outcome: Option<String>,
    /// Older than this call: for the next page.
    #[arg(long, value_name = "ID")]
    before: Option<String>,
    /// The most calls; 0 is all.
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

pub(crate) fn run(config: Option<&Path>, arguments: &Arguments, json: bool) -> Result {
    let store = Store::new(&configuration::data_folder(config)?);
    match &arguments.command {
        Command::List(arguments) => list(&store, arguments, json),
        Command::Show { id } => show(&store, id, json),
    }
}

fn list(store: &Store, arguments: &ListArguments, json: bool) -> Result {
    let now = Timestamp::now();
    let outcome = arguments.outcome.as_deref().map(|word| {
        Outcome::parse(word)
            .ok_or_else(|| CommandError::usage(format!("--outcome {word}: completed, failed or cancelled")))
    });
    let filter = CallFilter {
        since_us: period::moment(arguments.since.as_deref(), now)?,
        until_us: period::moment(arguments.until.as_deref(), now)?,
        provider: arguments.provider.clone(),
        model: arguments.model.clone(),
        key: arguments.key.clone(),
        team: arguments.team.clone(),
        outcome: outcome.transpose()?,
        before: arguments.before.as_deref().map(CallId::from),
        limit: arguments.limit,
    };
    let calls = store.calls(&filter).map_err(|error| CommandError::failed(&error))?;
    if json {
        return print_json(&calls);
    }
    if calls.is_empty() {
        print("No calls.");
        return Ok(());
    }
    let mut rows =
        table(&["CALL", "TIME", "KEY", "MODEL", "OUTCOME", "INPUT", "OUTPUT", "COST USD", "TIME MS"]);
    for call in &calls {
        rows.add_row(row(call));
    }
    print(rows);
    Ok(())
}

fn row(call: &CallSummary) -> Vec<String> {
    let outcome = match &call.error_kind {
        Some(kind) => format!("{}: {kind}", call.outcome.as_str()),
        None => call.outcome.as_str().to_owned(),
    };
    vec![
        call.id.to_string(),
        clock(call.started_at_us),
        call.key.clone().unwrap_or_else(|| "-".to_owned()),
        served(call),
        outcome,
        tokens(call.usage.input_tokens, call.usage_source),
        tokens(call.usage.output_tokens, call.usage_source),
        cost(call.cost_nanos),
        (call.duration_us / 1000).to_string(),
    ]
}

/// `provider/model`, or what was asked for where nobody was.
fn served(call: &CallSummary) -> String {
    match (&call.provider, &call.model) {
        (Some(provider), Some(model)) => format!("{provider}/{model}"),
        _ => call.model_asked.clone(),
    }
}

/// A `~` stands before what was estimated.
fn tokens(count: Option<u64>, source: UsageSource) -> String {
    match (count, source) {
        (None, _) | (_, UsageSource::Unknown) => "-".to_owned(),
        (Some(count), UsageSource::Estimated) => format!("~{}", grouped(count)),
        (Some(count), UsageSource::Reported) => grouped(count),
    }
}

fn cost(nanos: Option<i64>) -> String {
    nanos.map_or_else(|| "unpriced".to_owned(), |nanos| NanoUsd::from_nanos(nanos).to_string())
}

fn clock(micros: i64) -> String {
    let time = Timestamp::from_microsecond(micros).unwrap_or_default();
    time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn show(store: &Store, id: &str, json: bool) -> Result {
    let id = complete(store, id)?;
    let call = store.call(&id).map_err(|error| CommandError::failed(&error))?;
    let call = call.ok_or_else(|| CommandError::failed_because(format!("there is no call {id}")))?;
    if json {
        let mut value = serde_json::to_value(&call).map_err(|error| CommandError::failed(&error))?;
        value["request"] = content(&call.request);
        value["response"] = content(&call.response);
        return print_json(&value);
    }
    describe(&call);
    Ok(())
}

/// Finds the call that an abbreviated id means.
fn complete(store: &Store, id: &str) -> std::result::Result<CallId, CommandError> {
    const NEWEST: usize = 10_000;
    if id.len() >= 36 {
        return Ok(CallId::from(id));
    }
    let newest = store.calls(&CallFilter { limit: NEWEST, ..CallFilter::default() });
    let newest = newest.map_err(|error| CommandError::failed(&error))?;
    let mut matching = newest.iter().filter(|call| call.id.as_str().starts_with(id));
    match (matching.next(), matching.next()) {
        (Some(call), None) => Ok(call.id.clone()),
        (Some(_), Some(_)) => {
            Err(CommandError::usage(format!("several calls begin with {id}; write more of it")))
        }
        (None, _) => Err(CommandError::failed_because(format!("no call begins with {id}"))),
    }
}

/// JSON where it is JSON, text where it is text.
fn content(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

fn describe(call: &CallDetail) {
    let summary = &call.summary;
    let mut rows = table(&["CALL", summary.id.as_str()]);
    let mut line = |name: &str, value: String| {
        rows.add_row(vec![name.to_owned(), value]);
    };
    line("time", clock(summary.started_at_us));
    line("key", or_dash(summary.key.as_deref()));
    line("team", or_dash(summary.team.as_deref()));
    line("user", or_dash(summary.user.as_deref()));
    line("tags", text(&call.tags));
    line("asked for", summary.model_asked.clone());
    line("answered by", served(summary));
    line("response model", or_dash(call.response_model.as_deref()));
    line(
        "front door",
        format!(
            "{}{}",
            or_dash(call.front_door.as_deref()),
            if call.relayed { ", untouched" } else { ", translated" }
        ),
    );
    line("streamed", summary.streamed.to_string());
    line("outcome", outcome(call));
    line("finish reason", or_dash(call.finish_reason.as_deref()));
    line("usage", format!("{} ({})", usage(summary), summary.usage_source.as_str()));
    line(
        "cost USD",
        match &call.unpriced {
            Some(why) => format!("unpriced: {why}"),
            None => cost(summary.cost_nanos),
        },
    );
    line("service tier", or_dash(call.service_tier.as_deref()));
    line("first token", summary.first_token_us.map_or_else(|| "-".to_owned(), millis));
    line("duration", millis(summary.duration_us));
    line("lost", losses(&call.losses));
    print(rows);
    describe_cost(call);
    describe_attempts(call);
    print("\nREQUEST");
    print(pretty(&call.request));
    print("\nRESPONSE");
    print(pretty(&call.response));
}

fn outcome(call: &CallDetail) -> String {
    let mut text = format!("{}, status {}", call.summary.outcome.as_str(), call.summary.http_status);
    if let Some(kind) = &call.summary.error_kind {
        text.push_str(&format!(", {kind}: {}", call.error_message.as_deref().unwrap_or_default()));
    }
    text
}

fn usage(summary: &CallSummary) -> String {
    let Ok(Value::Object(fields)) = serde_json::to_value(summary.usage) else { return "-".to_owned() };
    let mut parts = Vec::new();
    for (name, value) in fields {
        match value {
            Value::Object(inner) => {
                parts.extend(inner.iter().map(|(inner, value)| format!("{inner} {value}")));
            }
            value => parts.push(format!("{} {value}", name.trim_end_matches("_tokens"))),
        }
    }
    if parts.is_empty() { "-".to_owned() } else { parts.join(", ") }
}

fn describe_cost(call: &CallDetail) {
    let Some(lines) = call.cost_lines.as_array().filter(|lines| !lines.is_empty()) else { return };
    let mut rows = table(&["COST", "QUANTITY", "RATE USD", "AMOUNT USD"]);
    for line in lines {
        let quantity = line["quantity"].as_u64().map(grouped).unwrap_or_default();
        rows.add_row(vec![
            text(&line["class"]),
            quantity,
            text(&line["rate_usd"]),
            text(&line["amount_usd"]),
        ]);
    }
    print(format_args!("\n{rows}\nat the prices valid from {}", or_dash(call.price_valid_from.as_deref())));
}

fn describe_attempts(call: &CallDetail) {
    let Some(attempts) = call.attempts.as_array().filter(|attempts| !attempts.is_empty()) else { return };
    let mut rows = table(&["ATTEMPT", "AFTER", "TOOK", "STATUS", "RESULT"]);
    for attempt in attempts {
        let time = |name: &str| attempt[name].as_i64().map(millis).unwrap_or_default();
        let result = match &attempt["error"] {
            Value::Null => "answered".to_owned(),
            error => format!("{}: {}", text(&error["kind"]), text(&error["message"])),
        };
        rows.add_row(vec![
            format!("{}/{}", text(&attempt["provider"]), text(&attempt["model"])),
            time("started_after_us"),
            time("duration_us"),
            text(&attempt["status"]),
            result,
        ]);
    }
    print(format_args!("\n{rows}"));
}

fn losses(losses: &Value) -> String {
    let Some(losses) = losses.as_array().filter(|losses| !losses.is_empty()) else {
        return "nothing".to_owned();
    };
    let lines = losses
        .iter()
        .map(|loss| format!("{} {}: {}", text(&loss["path"]), text(&loss["kind"]), text(&loss["why"])));
    lines.collect::<Vec<_>>().join("\n")
}

/// A text without its quotes; nothing as a dash.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn or_dash(value: Option<&str>) -> String {
    text(&json!(value))
}

fn millis(micros: i64) -> String {
    format!("{}.{:03} ms", micros / 1000, micros % 1000)
}

fn pretty(body: &[u8]) -> String {
    if body.is_empty() {
        return "(not captured)".to_owned();
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => serde_json::to_string_pretty(&value).unwrap_or_default(),
        // Control characters would steer the terminal.
        Err(_) => String::from_utf8_lossy(body)
            .replace(|c: char| c.is_control() && c != '\n' && c != '\t', "\u{fffd}"),
    }
}
