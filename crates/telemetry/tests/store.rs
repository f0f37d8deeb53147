//! Records written and read back, on real files.

use std::{thread, time::Duration};

use bytes::Bytes;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use tollgate_catalog::{Catalog, Date, PriceContext};
use tollgate_model::{ErrorKind, FinishReason, Format, KeyId, Losses, ModelName, NanoUsdSum, Usage};
use tollgate_telemetry::{
    Attempt, BillQuery, CallCost, CallFailure, CallFilter, CallRecord, CallerRecord, DATABASE_FILE,
    Dimension, Outcome, Recorder, RecorderOptions, Store, StoreError, UsageSource, new_call_id,
};

fn record(model: &str) -> CallRecord {
    CallRecord::new(new_call_id(), 1_790_000_000_000_000, ModelName::new(model))
}

fn full_record() -> CallRecord {
    let mut usage = Usage::new(1_000, 200);
    usage.input.cache_read = Some(400);
    usage.input.image = Some(7);
    usage.output.reasoning = Some(50);
    let context = PriceContext::new(Date::from_unix_seconds(1_790_000_000));
    let cost = Catalog::builtin().price("openai", "gpt-4o", &usage, &context).expect("it has a price");
    let mut losses = Losses::new();
    losses.dropped("sampling.seed", "no such field");
    let failed = CallFailure { kind: ErrorKind::Overloaded, message: "busy".to_owned() };
    CallRecord {
        caller: CallerRecord {
            key: Some(KeyId::new("k1")),
            team: Some("search".into()),
            user: Some("u".into()),
            tags: vec![("feature".to_owned(), "it's \"quoted\"".to_owned())],
        },
        front_door: Some(Format::OPENAI_CHAT),
        provider: Some("openai".into()),
        model: Some("gpt-4o".into()),
        response_model: Some("gpt-4o-2024-08-06".into()),
        response_id: Some("chatcmpl-1".into()),
        streamed: true,
        relayed: true,
        attempts: vec![
            Attempt {
                provider: "edge".into(),
                model: "m".into(),
                started_after_us: 10,
                duration_us: 20,
                status: Some(529),
                error: Some(failed.clone()),
            },
            Attempt {
                provider: "openai".into(),
                model: "gpt-4o".into(),
                started_after_us: 40,
                duration_us: 5,
                status: Some(200),
                error: None,
            },
        ],
        outcome: Outcome::Failed,
        error: Some(failed),
        http_status: 200,
        finish_reason: Some(FinishReason::Length),
        usage,
        usage_source: UsageSource::Reported,
        cost: CallCost::Priced(Box::new(cost)),
        service_tier: Some("default".to_owned()),
        time_to_first_token_us: Some(1234),
        duration_us: 9999,
        losses,
        request: Bytes::from_static(b"{\"model\":\"gpt-4o\"}"),
        response: vec![
            Bytes::from_static(b"data: 1\n\n"),
            Bytes::new(),
            Bytes::from_static(b"data: [DONE]\n\n"),
        ],
        ..record("smart")
    }
}

fn write(folder: &std::path::Path, records: Vec<CallRecord>) {
    let recorder = Recorder::open(folder, RecorderOptions::default()).expect("a store can be opened");
    for record in records {
        recorder.record(Box::new(record));
    }
    recorder.close().expect("records can be written");
}

#[test]
fn a_record_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let written = full_record();
    write(folder.path(), vec![written.clone(), record("other")]);
    let call = Store::new(folder.path()).call(&written.id).unwrap().unwrap();
    assert_eq!(call.request, &*written.request);
    assert_eq!(call.response, b"data: 1\n\ndata: [DONE]\n\n");
    assert_eq!(call.summary.usage, written.usage);
    assert_eq!(call.summary.cost_nanos, written.cost.total().map(tollgate_model::NanoUsd::nanos));
    assert_eq!(
        call.summary.cost_nanos,
        Some(4_000_000),
        "600 x 2.50 + 400 x 1.25 + 200 x 10, for a million each"
    );
    assert_eq!(call.summary.outcome, Outcome::Failed);
    assert_eq!(call.summary.first_token_us, Some(1234));
    assert_eq!(call.tags["feature"], "it's \"quoted\"");
    assert_eq!(call.attempts[0]["error"]["kind"], "overloaded");
    assert_eq!(call.losses[0]["path"], "sampling.seed");
    assert_eq!(call.cost_lines[0]["class"], "input");
    assert_eq!(
        (call.finish_reason.as_deref(), call.response_model.as_deref()),
        (Some("length"), Some("gpt-4o-2024-08-06"))
    );
    assert!(Store::new(folder.path()).call(&"none".into()).unwrap().is_none());
}

#[test]
fn closing_under_load_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::open(folder.path(), RecorderOptions::default()).expect("a store can be opened");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..2_500 {
                    recorder.record(Box::new(CallRecord {
                        request: Bytes::from_static(b"prompt"),
                        ..record("m")
                    }));
                }
            });
        }
    });
    recorder.close().expect("records can be written");
    assert_eq!(recorder.status().backlog_bytes, 0);
    assert_eq!(Store::new(folder.path()).calls(&CallFilter::default()).unwrap().len(), 10_000);
}

#[test]
fn calls_are_read_while_others_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::open(folder.path(), RecorderOptions::default()).expect("a store can be opened");
    let store = Store::new(folder.path());
    for count in 1..=5 {
        recorder.record(Box::new(record("m")));
        recorder.flush();
        assert_eq!(store.calls(&CallFilter::default()).unwrap().len(), count);
    }
}

#[test]
fn a_locked_database_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::open(folder.path(), RecorderOptions::default()).expect("a store can be opened");
    let other = rusqlite::Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    recorder.record(Box::new(record("m")));
    thread::sleep(Duration::from_millis(300));
    assert!(recorder.status().backlog_bytes > 0);
    other.execute_batch("COMMIT").unwrap();
    recorder.flush();
    assert_eq!((recorder.status().written, recorder.status().backlog_bytes), (1, 0));
}

#[test]
fn a_missing_or_damaged_database_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Store::new(folder.path()).calls(&CallFilter::default()).unwrap_err();
    assert!(matches!(missing, StoreError::Missing { .. }));
    std::fs::write(
        folder.path().join(DATABASE_FILE),
        b"this is no database, and long enough to be looked at",
    )
    .unwrap();
    let damaged = Store::new(folder.path()).calls(&CallFilter::default()).unwrap_err();
    assert!(matches!(damaged, StoreError::Damaged { .. }), "{damaged:?}");
    assert!(Recorder::open(folder.path(), RecorderOptions::default()).is_err());
}

#[test]
fn filters_narrow_the_list_and_pages_follow_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut records: Vec<CallRecord> =
        (0..10).map(|index| record(if index % 2 == 0 { "even" } else { "odd" })).collect();
    records[3].outcome = Outcome::Completed;
    write(folder.path(), records);
    let store = Store::new(folder.path());
    let count = |filter: &CallFilter| store.calls(filter).unwrap().len();
    assert_eq!(count(&CallFilter { model: Some("odd".to_owned()), ..CallFilter::default() }), 5);
    assert_eq!(count(&CallFilter { outcome: Some(Outcome::Completed), ..CallFilter::default() }), 1);
    assert_eq!(
        count(&CallFilter { key: Some("'; DROP TABLE calls; --".to_owned()), ..CallFilter::default() }),
        0
    );
    let first = store.calls(&CallFilter { limit: 4, ..CallFilter::default() }).unwrap();
    let rest =
        store.calls(&CallFilter { before: Some(first[3].id.clone()), ..CallFilter::default() }).unwrap();
    assert_eq!((first.len(), rest.len()), (4, 6));
    assert!(first[3].id.as_str() > rest[0].id.as_str());
}

#[test]
fn days_are_told_apart_in_the_bills_time_zone() {
    let folder = tempfile::tempdir().unwrap();
    let midnight_utc = 1_790_035_200_000_000; // 2026-09-22T00:00Z
    let at = |us| CallRecord { started_at_us: us, ..record("m") };
    write(folder.path(), vec![at(midnight_utc - 1), at(midnight_utc), at(midnight_utc + 3_600_000_000 * 23)]);
    let days = |zone: TimeZone| {
        let query =
            BillQuery { filter: CallFilter::default(), group_by: vec![Dimension::Day], time_zone: zone };
        let rows = Store::new(folder.path()).bill(&query).unwrap().rows;
        rows.into_iter().map(|row| (row.group[0].clone().unwrap(), row.sums.calls)).collect::<Vec<_>>()
    };
    assert_eq!(days(TimeZone::UTC), [("2026-09-21".to_owned(), 1), ("2026-09-22".to_owned(), 2)]);
    let kathmandu = TimeZone::fixed(jiff::tz::Offset::from_seconds(5 * 3600 + 45 * 60).unwrap());
    assert_eq!(days(kathmandu), [("2026-09-22".to_owned(), 2), ("2026-09-23".to_owned(), 1)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn the_bill_is_the_sum_of_its_calls(
        calls in prop::collection::vec((0..3_usize, 0..2_usize, any::<u32>(), prop::option::of(0..i64::MAX / 2)), 0..40),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let providers = ["openai", "anthropic", "gemini"];
        let context = PriceContext::new(Date::from_unix_seconds(1_790_000_000));
        let base = Catalog::builtin().price("openai", "gpt-4o", &Usage::new(1, 1), &context).unwrap();
        let records: Vec<CallRecord> = calls.iter().map(|&(provider, tag, tokens, nanos)| {
            let mut record = record("m");
            record.provider = Some(providers[provider].into());
            record.caller.tags = vec![("env".to_owned(), ["a", "b"][tag].to_owned())];
            record.usage = Usage::new(tokens.into(), 1);
            record.cost = match nanos {
                Some(nanos) => {
                    let mut cost = base.clone();
                    cost.total = tollgate_model::NanoUsd::from_nanos(nanos);
                    CallCost::Priced(Box::new(cost))
                }
                None => CallCost::Unpriced(Catalog::builtin().price("nobody", "m", &record.usage, &context).unwrap_err()),
            };
            record
        }).collect();
        write(folder.path(), records);
        let group_by = vec![Dimension::Provider, Dimension::Tag("env".to_owned())];
        let query = BillQuery { filter: CallFilter::default(), group_by, time_zone: TimeZone::UTC };
        let bill = Store::new(folder.path()).bill(&query).unwrap();
        let sum: i128 = calls.iter().filter_map(|call| call.3).map(i128::from).sum();
        prop_assert_eq!(bill.total.cost, NanoUsdSum::from_nanos(sum));
        prop_assert_eq!(bill.total.calls, calls.len() as u64);
        prop_assert_eq!(bill.total.unpriced_calls, calls.iter().filter(|call| call.3.is_none()).count() as u64);
        for row in &bill.rows {
            let mine = || calls.iter().filter(|call| {
                row.group == [Some(providers[call.0].to_owned()), Some(["a", "b"][call.1].to_owned())]
            });
            prop_assert_eq!(row.sums.calls, mine().count() as u64);
            prop_assert_eq!(row.sums.input_tokens, mine().map(|call| u64::from(call.2)).sum::<u64>());
            prop_assert_eq!(row.sums.cost.nanos(), mine().filter_map(|call| call.3).map(i128::from).sum::<i128>());
        }
    }
}
