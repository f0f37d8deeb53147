//! What is put is there for every later call, also after a restart, until its time is over.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use bytes::Bytes;
use tollgate_state::{State, StateKey};

const HOUR: Duration = Duration::from_secs(3600);

fn key(subject: &str) -> StateKey {
    StateKey::new("test", "owner", subject.as_bytes())
}

#[test]
fn a_value_is_there_at_once_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    let large = Bytes::from("long text ".repeat(100_000));
    assert!(state.put(key("a"), Bytes::from_static(b"one"), HOUR));
    assert!(state.put(key("b"), large.clone(), HOUR));
    assert_eq!(state.get(&key("a")).as_deref(), Some(&b"one"[..]));
    state.flush();
    assert_eq!(state.get(&key("a")).as_deref(), Some(&b"one"[..]), "from disk");
    assert!(state.put(key("a"), Bytes::from_static(b"two"), HOUR));
    drop(state);
    let state = State::open(folder.path()).unwrap();
    assert_eq!(state.get(&key("a")).as_deref(), Some(&b"two"[..]));
    assert_eq!(state.get(&key("b")), Some(large));
    assert_eq!(state.get(&StateKey::new("test", "another", b"a")), None, "nobody else's");
}

#[test]
fn what_is_forgotten_or_over_its_time_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    for state in [State::open(folder.path()).unwrap(), State::in_memory()] {
        state.put(key("a"), Bytes::from_static(b"one"), HOUR);
        state.flush();
        state.forget(key("a"));
        assert_eq!(state.get(&key("a")), None);
        state.flush();
        assert_eq!(state.get(&key("a")), None);
        state.put(key("c"), Bytes::from_static(b"brief"), Duration::ZERO);
        assert_eq!(state.get(&key("c")), None);
        state.flush();
        assert_eq!(state.get(&key("c")), None);
    }
}

#[test]
fn many_threads_see_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let state = &state;
            scope.spawn(move || {
                for round in 0..200 {
                    let subject = format!("{thread}/{}", round % 20);
                    let value = Bytes::from(format!("{subject}={round}"));
                    state.put(key(&subject), value.clone(), HOUR);
                    assert_eq!(state.get(&key(&subject)), Some(value));
                }
            });
        }
    });
    drop(state);
    let state = State::open(folder.path()).unwrap();
    for thread in 0..8 {
        let subject = format!("{thread}/19");
        assert_eq!(state.get(&key(&subject)), Some(Bytes::from(format!("{subject}=199"))));
    }
}

#[test]
fn a_file_that_is_no_database_is_told_and_left() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.sqlite3");
    std::fs::write(&file, "this is no database, but a text that is long enough to be looked at").unwrap();
    let error = State::open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("state.sqlite3"), "{error}");
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("this is no database"));
}
