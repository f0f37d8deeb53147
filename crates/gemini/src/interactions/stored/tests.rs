use super::*;

fn parsed(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

#[test]
fn the_state_is_found_without_reading_the_rest() {
    let body = br#"{"model":"m","input":[{"store":true}],"store":false,"previousInteractionId":"v1_1","background":true}"#;
    let state = StoredState::read(body).unwrap();
    assert_eq!((state.store, state.background, state.agent), (Some(false), true, false));
    assert_eq!(state.previous_interaction_id.as_deref(), Some("v1_1"));
    assert_eq!(
        StoredState::read(br#"{"store":null,"previous_interaction_id":null}"#).unwrap(),
        StoredState::default()
    );
    assert!(StoredState::read(br#"{"agent":"deep-research"}"#).unwrap().agent);
    for body in ["[]", r#"{"store":"yes"}"#, r#"{"previous_interaction_id":"a","previousInteractionId":"b"}"#]
    {
        assert!(StoredState::read(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn a_conversation_goes_on_where_it_was() {
    let earlier = [
        json!({"type": "user_input", "content": [{"type": "text", "text": "a"}]}),
        json!({"type": "model_output", "content": [{"type": "text", "text": "b"}]}),
    ];
    let own = |text: &str| json!({"type": "user_input", "content": [{"type": "text", "text": text}]});
    let result = json!({"type": "function_result", "call_id": "c", "result": "r"});
    for (input, steps) in [
        (json!("c"), vec![own("c")]),
        (json!({"type": "text", "text": "c"}), vec![own("c")]),
        (json!([{"type": "text", "text": "c"}]), vec![own("c")]),
        (json!([own("c")]), vec![own("c")]),
        (
            json!([result, {"type": "text", "text": "c"}, {"type": "text", "text": "d"}]),
            vec![
                result,
                json!({"type": "user_input", "content": [{"type": "text", "text": "c"}, {"type": "text", "text": "d"}]}),
            ],
        ),
        (Value::Null, vec![]),
    ] {
        let body =
            format!(r#"{{"x":1e400,"input":{input}, "previous_interaction_id" : "v1_1","model":"m"}}"#);
        let changed = String::from_utf8(continued(body.as_bytes(), &earlier).unwrap()).unwrap();
        assert!(changed.contains("1e400"), "{changed}");
        let changed = parsed(changed.replace("1e400", "1").as_bytes());
        assert!(changed["previous_interaction_id"].is_null());
        let expected: Vec<Value> = earlier.iter().chain(&steps).cloned().collect();
        assert_eq!(changed["input"], Value::from(expected), "{input}");
        assert_eq!(input_steps(body.as_bytes()).unwrap(), steps);
    }
    let bare = continued(br#"{"model":"m"}"#, &earlier).unwrap();
    assert_eq!(parsed(&bare)["input"], json!(earlier));
    assert!(continued(br#"{"input":7}"#, &[]).is_err());
}

#[test]
fn what_a_model_did_is_what_a_later_input_begins_with() {
    let call = json!({"type": "function_call", "id": "c", "name": "f", "arguments": {}});
    let newer = json!({"id": "v1_1", "steps": [{"type": "user_input", "content": []}, call]});
    assert_eq!(answered_steps(newer.to_string().as_bytes()).unwrap(), std::slice::from_ref(&call));
    let text = json!({"type": "text", "text": "b"});
    let older = json!({"id": "v1_1", "outputs": [{"type": "thought", "signature": "s"}, text, call]});
    let steps = answered_steps(older.to_string().as_bytes()).unwrap();
    assert_eq!(
        steps,
        [
            json!({"type": "thought", "signature": "s"}),
            json!({"type": "model_output", "content": [text]}),
            call
        ]
    );
    assert!(answered_steps(b"{}").unwrap().is_empty() && answered_steps(b"[").is_err());
}

#[test]
fn a_request_does_not_ask_others_to_keep() {
    let body = br#"{"model":"m","input":"i","store":true,"previous_interaction_id":"r","background":true}"#;
    let mut request = super::super::request::decode(body).unwrap();
    StoredState::take_from(&mut request);
    let left: Vec<_> = request.extra.fields(&FORMAT).unwrap().keys().collect();
    assert_eq!(left, ["background"]);
}

/// Frames of a stream: a thought, a text in two pieces, a call in two.
const STREAM: [&str; 14] = [
    r#"{"interaction":{"id":"v1_1","status":"in_progress","object":"interaction","model":"m"},"event_type":"interaction.created"}"#,
    r#"{"interaction_id":"v1_1","status":"in_progress","event_type":"interaction.status_update"}"#,
    r#"{"index":0,"step":{"type":"thought"},"event_type":"step.start"}"#,
    r#"{"index":0,"delta":{"type":"thought_signature","signature":"c2ln"},"event_type":"step.delta"}"#,
    r#"{"index":0,"event_type":"step.stop"}"#,
    r#"{"index":1,"step":{"type":"model_output"},"event_type":"step.start"}"#,
    r#"{"index":1,"delta":{"type":"text","text":"It "},"event_type":"step.delta"}"#,
    r#"{"index":1,"delta":{"type":"text","text":"rains."},"event_type":"step.delta"}"#,
    r#"{"index":1,"event_type":"step.stop"}"#,
    r#"{"index":2,"step":{"type":"function_call","id":"c1","name":"f","arguments":{}},"event_type":"step.start"}"#,
    r#"{"index":2,"delta":{"type":"arguments_delta","arguments":"{\"a\":"},"event_type":"step.delta"}"#,
    r#"{"index":2,"delta":{"type":"arguments_delta","arguments":"1}"},"event_type":"step.delta"}"#,
    r#"{"index":2,"event_type":"step.stop"}"#,
    r#"{"interaction":{"id":"v1_1","status":"requires_action","usage":{"total_input_tokens":3,"total_output_tokens":9},"created":"2026-11-23T10:00:00Z","object":"interaction","model":"m","invented":[1]},"event_type":"interaction.completed"}"#,
];

fn frame(data: &str) -> Frame<'_> {
    Frame { event: None, data: data.as_bytes() }
}

#[test]
fn a_stream_folds_to_the_interaction_that_it_tells() {
    let mut fold = Fold::default();
    let seen: Vec<Seen> = STREAM.iter().filter_map(|data| fold.take(frame(data))).collect();
    let [Seen::Begun(begun), Seen::Complete(complete)] = seen.as_slice() else { panic!("{seen:?}") };
    assert_eq!(parsed(begun)["status"], "in_progress");
    let complete = parsed(complete);
    let steps = json!([
        {"type": "thought", "signature": "c2ln"},
        {"type": "model_output", "content": [{"type": "text", "text": "It rains."}]},
        {"type": "function_call", "id": "c1", "name": "f", "arguments": {"a": 1}},
    ]);
    assert_eq!(complete["steps"], steps);
    assert_eq!((&complete["status"], &complete["invented"]), (&json!("requires_action"), &json!([1])));
    assert_eq!(fold.take(frame("[DONE]")), None);
}

#[test]
fn a_stream_that_breaks_off_folds_to_nothing() {
    let mut fold = Fold::default();
    let error = r#"{"error":{"message":"m","code":"unavailable"},"event_type":"error"}"#;
    assert!(matches!(fold.take(frame(STREAM[0])), Some(Seen::Begun(_))));
    assert_eq!(fold.take(frame(error)), None);
    assert_eq!(fold.take(frame(STREAM[13])), None, "nothing that comes after an error counts");
}

#[test]
fn a_kept_interaction_is_told_again_as_a_stream() {
    let mut fold = Fold::default();
    let Some(Seen::Complete(complete)) = STREAM.iter().filter_map(|data| fold.take(frame(data))).last()
    else {
        panic!("it is not complete")
    };
    let replayed = String::from_utf8(replayed(&complete).unwrap()).unwrap();
    let mut again = Fold::default();
    let data = replayed.lines().filter_map(|line| line.strip_prefix("data: "));
    let Some(Seen::Complete(twice)) = data.filter_map(|data| again.take(frame(data))).last() else {
        panic!("{replayed}")
    };
    let (once, twice) = (parsed(&complete), parsed(&twice));
    for field in ["id", "steps", "status", "model", "created", "invented"] {
        assert_eq!(once[field], twice[field], "{field}");
    }
    assert!(super::replayed(br#"{"id":"v1_1","status":"failed"}"#).is_err());
}

#[test]
fn an_interaction_is_shown_with_what_is_known_of_it() {
    let kept = br#"{"id":"v1_2","steps":[]}"#;
    let input = [json!({"type": "user_input"})];
    let shown = |previous, input| parsed(&shown(kept, previous, input).unwrap());
    assert_eq!(shown(None, None), parsed(kept));
    let all = shown(Some("v1_1"), Some(&input));
    assert_eq!((&all["previous_interaction_id"], &all["input"]), (&json!("v1_1"), &json!(input)));
    let told = br#"{"id":"v1_2","previous_interaction_id":"v1_0"}"#;
    assert_eq!(parsed(&super::shown(told, Some("v1_1"), None).unwrap())["previous_interaction_id"], "v1_0");
}
