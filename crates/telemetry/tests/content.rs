//! Prompts and answers come back byte for byte, and what conversations repeat is written once.

use bytes::Bytes;
use tollgate_model::{CallId, KeyId, ModelName};
use tollgate_telemetry::{CallRecord, DATABASE_FILE, Recorder, RecorderOptions, Store, new_call_id};

/// Words that compress badly, so that the size of the file tells what was written.
fn words(seed: u64, count: u64) -> String {
    (0..count)
        .map(|index| format!("{:016x} ", (seed << 32 | index).wrapping_mul(0x9E37_79B9_7F4A_7C15)))
        .collect()
}

fn turn(key: &str, conversation: u64, turn: u64) -> CallRecord {
    let messages: Vec<_> = (0..=turn)
        .map(|turn| format!("{{\"content\":\"{}\"}}", words(conversation * 1_000 + turn, 60)))
        .collect();
    let request =
        format!("{{\"messages\":[{}],\"tools\":\"{}\",\"n\":{turn}}}", messages.join(","), words(7, 200));
    CallRecord {
        caller: tollgate_telemetry::CallerRecord { key: Some(KeyId::new(key)), ..Default::default() },
        request: Bytes::from(request),
        response: vec![Bytes::from(words(conversation * 1_000 + turn + 500, 5))],
        ..CallRecord::new(new_call_id(), 1_790_000_000_000_000, ModelName::new("m"))
    }
}

#[test]
fn conversations_come_back_and_their_history_is_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::open(folder.path(), RecorderOptions::default()).unwrap();
    let mut written: Vec<(CallId, Bytes, Bytes)> = Vec::new();
    let mut total = 0;
    // More turns than a text may have pieces, of several conversations that take turns, of two keys.
    for number in 0..80 {
        for conversation in 0..4 {
            let record = turn(["a", "b"][usize::try_from(conversation % 2).unwrap()], conversation, number);
            total += record.request.len();
            written.push((record.id.clone(), record.request.clone(), record.response[0].clone()));
            recorder.record(Box::new(record));
        }
        // Some in batches of their own, some together.
        if number % 3 == 0 {
            recorder.flush();
        }
    }
    recorder.close().unwrap();
    let store = Store::new(folder.path());
    for (id, request, response) in &written {
        let call = store.call(id).unwrap().unwrap();
        assert!(call.request == **request, "the request of {id}");
        assert!(call.response == **response, "the response of {id}");
    }
    let size = std::fs::metadata(folder.path().join(DATABASE_FILE)).unwrap().len();
    assert!(size < total as u64 / 8, "{size} bytes for {total}");
}

#[test]
fn large_and_empty_texts_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::open(folder.path(), RecorderOptions::default()).unwrap();
    let large = Bytes::from(words(1, 500_000));
    let texts =
        [Bytes::new(), large.clone(), large.slice(..large.len() / 2), Bytes::from_static(b"x"), large];
    let records = texts.map(|request| CallRecord { request, ..turn("a", 1, 1) });
    for record in &records {
        recorder.record(Box::new(record.clone()));
    }
    recorder.close().unwrap();
    for record in &records {
        let call = Store::new(folder.path()).call(&record.id).unwrap().unwrap();
        assert!(call.request == *record.request && call.response == *record.response[0]);
    }
}
