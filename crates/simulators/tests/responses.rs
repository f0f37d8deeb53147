//! The simulated Responses of OpenAI, read byte by byte.

#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod raw;

use raw::{Answer, credentials, exchange, get, post, start};
use serde_json::{Value, json};
use tollgate_simulators::{Simulators, Vendor::OpenAi};

const RESPONSES: &str = "/responses";

fn weather() -> Value {
    json!([{"type": "function", "name": "get_weather", "strict": true, "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": false}}])
}

async fn ask(simulators: &Simulators, body: Value) -> Answer {
    post(simulators, OpenAi, RESPONSES, &body).await
}

#[track_caller]
fn items<'a>(response: &'a Value, kind: &str) -> Vec<&'a Value> {
    response["output"].as_array().unwrap().iter().filter(|item| item["type"] == kind).collect()
}

fn text(response: &Value) -> String {
    items(response, "message").iter().map(|item| item["content"][0]["text"].as_str().unwrap()).collect()
}

/// Checks the numbers of the events and returns their types.
#[track_caller]
fn kinds(answer: &Answer, events: &[Value]) -> Vec<String> {
    for (at, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], at, "{event}");
    }
    let names: Vec<String> =
        answer.text().lines().filter_map(|line| line.strip_prefix("event: ")).map(str::to_owned).collect();
    let types: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(names, types, "the name of an event is its type");
    names
}

#[tokio::test]
async fn a_stream_has_its_events_in_order_and_ends_with_the_whole() {
    let simulators = start().await;
    let body =
        json!({"model": "gpt-5.5", "input": "Tell me", "stream": true, "reasoning": {"summary": "auto"}});
    let answer = ask(&simulators, body).await;
    assert_eq!(answer.header("content-type").as_deref(), Some("text/event-stream; charset=utf-8"));
    let events = answer.events();
    assert!(answer.is_whole && !answer.text().contains("[DONE]"));
    let mut kinds = kinds(&answer, &events);
    let deltas: Vec<&Value> =
        events.iter().filter(|event| event["type"].as_str().unwrap().ends_with(".delta")).collect();
    assert!(deltas.iter().all(|event| event["obfuscation"].is_string()));
    kinds.dedup();
    let summary = [
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.done",
    ];
    let mut expected = vec!["response.created", "response.in_progress", "response.output_item.added"];
    let last = &events.last().unwrap()["response"];
    let parts = last["output"][0]["summary"].as_array().unwrap().len();
    (0..parts).for_each(|_| expected.extend(summary));
    expected.extend([
        "response.output_item.done",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]);
    assert_eq!(kinds, expected);
    for (kind, whole) in [
        ("response.output_text.delta", text(last)),
        (
            "response.reasoning_summary_text.delta",
            last["output"][0]["summary"]
                .as_array()
                .unwrap()
                .iter()
                .map(|part| part["text"].as_str().unwrap())
                .collect(),
        ),
    ] {
        let joined: String = events
            .iter()
            .filter(|event| event["type"] == kind)
            .map(|event| event["delta"].as_str().unwrap())
            .collect();
        assert_eq!(joined, whole, "{kind}");
    }
    assert!(events[0]["response"]["usage"].is_null() && events[0]["response"]["output"] == json!([]));
    assert_eq!((&last["status"], &last["model"]), (&json!("completed"), &json!("gpt-5.5-2026-04-23")));
    assert_eq!(last["output"][1]["phase"], "final_answer");
    let usage = &last["usage"];
    let reasoning = usage["output_tokens_details"]["reasoning_tokens"].as_u64().unwrap();
    assert!(reasoning > 0);
    assert_eq!(
        usage["output_tokens"],
        reasoning + (text(last).len() as u64).div_ceil(4),
        "reasoning is inside"
    );
    let metered = &simulators.meter()[0];
    assert_eq!(
        (metered.usage.output, metered.usage.reasoning),
        (usage["output_tokens"].as_u64().unwrap(), reasoning)
    );
    assert_eq!(
        (metered.path.as_str(), metered.response_id.as_deref()),
        ("/v1/responses", last["id"].as_str())
    );
}

#[tokio::test]
async fn a_stream_and_a_whole_answer_say_the_same() {
    let simulators = start().await;
    let body = json!({"model": "gpt-4o", "input": "both", "tools": weather(), "stream_options": {"include_obfuscation": false}});
    let whole = ask(&simulators, body.clone()).await.json();
    let mut streamed = body;
    streamed["stream"] = json!(true);
    let answer = ask(&simulators, streamed).await;
    let events = answer.events();
    kinds(&answer, &events);
    assert!(!answer.text().contains("obfuscation"));
    let last = &events.last().unwrap()["response"];
    // Each is another call, with names of its own; bodies that differ draw other answers.
    assert_ne!(whole["id"], last["id"]);
    let calls = items(last, "function_call");
    assert!(calls.len() >= 2 && items(&whole, "function_call").len() >= 2);
    for (index, item) in last["output"].as_array().unwrap().iter().enumerate() {
        let of_item = |kind: &str| {
            let of_kind = events.iter().filter(move |event| event["type"] == kind);
            of_kind.filter(|event| event["output_index"] == index).collect::<Vec<_>>()
        };
        assert_eq!(&of_item("response.output_item.done")[0]["item"], item);
        if item["type"] == "function_call" {
            let joined: String = of_item("response.function_call_arguments.delta")
                .iter()
                .map(|event| event["delta"].as_str().unwrap())
                .collect();
            assert_eq!(joined, item["arguments"].as_str().unwrap());
            assert_eq!(of_item("response.function_call_arguments.done")[0]["item_id"], item["id"]);
            let added = &of_item("response.output_item.added")[0]["item"];
            assert_eq!((&added["arguments"], &added["call_id"]), (&json!(""), &item["call_id"]));
            assert!(serde_json::from_str::<Value>(&joined).unwrap()["city"].is_string());
        }
    }
    let ids: Vec<&Value> = calls.iter().map(|call| &call["call_id"]).collect();
    assert!(ids[0] != ids[1] && ids[0].as_str().unwrap().starts_with("call_"));
    assert!(calls[0]["id"].as_str().unwrap().starts_with("fc_"), "an item and its call have each their id");
}

#[tokio::test]
async fn tools_go_round_without_anything_kept() {
    let simulators = start().await;
    let question = json!({"role": "user", "content": "Weather in both Paris and Lima?"});
    let with =
        |input: Value| json!({"model": "gpt-6-sol", "store": false, "input": input, "tools": weather()});
    let first = ask(&simulators, with(json!([question]))).await.json();
    assert_eq!((&first["status"], &first["store"]), (&json!("completed"), &json!(false)));
    let mut input = vec![question];
    input.extend(first["output"].as_array().unwrap().iter().cloned());
    let unanswered = ask(&simulators, with(json!(input))).await;
    assert!(
        unanswered.status == 400
            && unanswered.text().contains("No tool output found for function call call_")
    );
    for call in items(&first, "function_call") {
        input.push(
            json!({"type": "function_call_output", "call_id": call["call_id"], "output": "18 degrees"}),
        );
    }
    let told = ask(&simulators, with(json!(input))).await.json();
    assert!(items(&told, "function_call").is_empty() && !text(&told).is_empty(), "{told}");

    // Without ids and states an item is the same.
    let mut bare = input.clone();
    for item in &mut bare {
        for field in ["id", "status", "phase"] {
            item.as_object_mut().unwrap().remove(field);
        }
    }
    assert_eq!(ask(&simulators, with(json!(bare))).await.status, 200);
    let mut stray = input.clone();
    stray.push(json!({"type": "function_call_output", "call_id": "call_other", "output": "?"}));
    let refused = ask(&simulators, with(json!(stray))).await;
    assert!(refused.text().contains("No tool call found for function call output with call_id call_other."));
    assert_eq!(refused.json()["error"]["param"], "input");
}

#[tokio::test]
async fn tools_that_take_any_text_go_round() {
    let simulators = start().await;
    let question = json!({"role": "user", "content": "Change the file"});
    let tools = json!([{"type": "custom", "name": "apply_patch", "description": "Takes a patch"}]);
    let with = |input: Value| json!({"model": "gpt-6-sol", "store": false, "input": input, "tools": tools});
    let mut body = with(json!([question]));
    body["stream"] = json!(true);
    body["tool_choice"] = json!({"type": "custom", "name": "apply_patch"});
    let answer = ask(&simulators, body).await;
    let events = answer.events();
    kinds(&answer, &events);
    let last = &events.last().unwrap()["response"];
    let call = items(last, "custom_tool_call")[0];
    assert!(call["id"].as_str().unwrap().starts_with("ctc_") && call.get("arguments").is_none());
    let joined: String = events
        .iter()
        .filter(|event| {
            event["type"] == "response.custom_tool_call_input.delta" && event["item_id"] == call["id"]
        })
        .map(|event| event["delta"].as_str().unwrap())
        .collect();
    assert_eq!((joined.as_str(), joined.is_empty()), (call["input"].as_str().unwrap(), false));
    let mut input = vec![question];
    input.extend(last["output"].as_array().unwrap().iter().cloned());
    assert_eq!(ask(&simulators, with(json!(input))).await.status, 400, "it wants its result");
    for call in items(last, "custom_tool_call") {
        input.push(json!({"type": "custom_tool_call_output", "call_id": call["call_id"], "output": "Done"}));
    }
    assert!(!text(&ask(&simulators, with(json!(input))).await.json()).is_empty());
}

#[tokio::test]
async fn reasoning_comes_back_as_it_went_out() {
    let simulators = start().await;
    let question = json!({"role": "user", "content": "Weather in Paris?"});
    let with = |input: &Value| json!({"model": "gpt-5", "store": false, "input": input, "tools": weather(), "tool_choice": "required"});
    let streamed = {
        let mut body = with(&json!([question]));
        body["stream"] = json!(true);
        ask(&simulators, body).await.events()
    };
    let first = &streamed.last().unwrap()["response"];
    let mut input = vec![question.clone()];
    input.extend(first["output"].as_array().unwrap().iter().cloned());
    for call in items(first, "function_call") {
        input.push(json!({"type": "function_call_output", "call_id": call["call_id"], "output": "18"}));
    }
    let input = json!(input);
    assert_eq!(input[1]["type"], "reasoning");
    assert!(input[1]["encrypted_content"].as_str().unwrap().starts_with("gAAAAA"));
    assert_eq!(ask(&simulators, with(&input)).await.status, 200);

    let refuse = |input: Value, words: &'static str, code: Value| {
        let (simulators, body) = (&simulators, with(&input));
        async move {
            let answer = ask(simulators, body).await;
            assert!(answer.status == 400 && answer.text().contains(words), "{}", answer.text());
            assert_eq!(answer.json()["error"]["code"], code);
        }
    };
    let sealed = json!("invalid_encrypted_content");
    let mut altered = input.clone();
    let content = input[1]["encrypted_content"].as_str().unwrap();
    altered[1]["encrypted_content"] = json!(content.replacen('A', "B", 2));
    refuse(altered, "could not be verified", sealed.clone()).await;
    let mut cut = input.clone();
    let added = streamed.iter().find(|event| event["type"] == "response.output_item.added").unwrap();
    cut[1]["encrypted_content"] = added["item"]["encrypted_content"].clone();
    refuse(cut, "could not be decrypted", sealed.clone()).await;
    let mut misplaced = input.clone();
    misplaced[1]["id"] = json!("rs_0123456789");
    refuse(misplaced, "did not match the target item id", sealed).await;
    let mut alone = input.clone();
    alone.as_array_mut().unwrap().truncate(2);
    refuse(alone, "without its required following item", Value::Null).await;
    let mut stripped = input.clone();
    stripped[1].as_object_mut().unwrap().remove("encrypted_content");
    let unknown = ask(&simulators, with(&stripped)).await;
    assert!(
        unknown.status == 404
            && unknown.text().contains("Items are not persisted when `store` is set to false")
    );
    // A history without the thought is one that another model made.
    let mut without = input.clone();
    without.as_array_mut().unwrap().remove(1);
    assert_eq!(ask(&simulators, with(&without)).await.status, 200);
}

#[tokio::test]
async fn what_is_kept_can_be_gone_on_from_read_listed_and_deleted() {
    let simulators = start().await;
    let rules = "Answer in Latin. ".repeat(30);
    let first = ask(
        &simulators,
        json!({"model": "gpt-5", "instructions": rules, "input": "Weather in Paris?", "tools": weather(), "tool_choice": "required", "metadata": {"case": "7"}}),
    )
    .await
    .json();
    assert_eq!((&first["store"], &first["metadata"]["case"]), (&json!(true), &json!("7")));
    let id = first["id"].as_str().unwrap();
    let outputs: Vec<Value> = items(&first, "function_call")
        .iter()
        .map(|call| json!({"type": "function_call_output", "call_id": call["call_id"], "output": "18"}))
        .collect();
    let body = json!({"model": "gpt-5", "previous_response_id": id, "input": outputs, "tools": weather()});
    let second = ask(&simulators, body.clone()).await.json();
    assert_eq!((&second["previous_response_id"], &second["instructions"]), (&json!(id), &Value::Null));
    let read = |response: &Value| response["usage"]["input_tokens"].as_u64().unwrap();
    assert!(read(&second) < read(&first), "the instructions are not carried over");
    let unanswered =
        ask(&simulators, json!({"model": "gpt-5", "previous_response_id": id, "input": "Well?"})).await;
    assert!(unanswered.status == 400 && unanswered.text().contains("No tool output found"));

    let path = format!("/responses/{id}");
    let mut again = first.clone();
    again["output"][0].as_object_mut().unwrap().remove("encrypted_content");
    assert_eq!(get(&simulators, OpenAi, &path).await.json(), again);
    let with = get(&simulators, OpenAi, &format!("{path}?include%5B%5D=reasoning.encrypted_content")).await;
    assert_eq!(with.json(), first);
    let listed = get(&simulators, OpenAi, &format!("{path}/input_items")).await.json();
    assert_eq!((&listed["object"], &listed["has_more"]), (&json!("list"), &json!(false)));
    assert_eq!(listed["data"][0]["content"], json!([{"type": "input_text", "text": "Weather in Paris?"}]));
    assert_eq!(listed["first_id"], listed["data"][0]["id"]);

    // By its name alone an item stands for itself, and what came of a thought needs that.
    let reference = |item: &Value| json!({"type": "item_reference", "id": item["id"]});
    let call = items(&first, "function_call")[0];
    let asked = json!({"role": "user", "content": "Weather in Paris?"});
    let mut input = json!([asked, reference(&first["output"][0]), reference(call)]);
    input.as_array_mut().unwrap().extend(items(&first, "function_call").into_iter().skip(1).cloned());
    input.as_array_mut().unwrap().extend(outputs.iter().cloned());
    let referred = ask(&simulators, json!({"model": "gpt-5", "input": input})).await;
    assert_eq!(referred.status, 200, "{}", referred.text());
    input.as_array_mut().unwrap().remove(1);
    let torn = ask(&simulators, json!({"model": "gpt-5", "input": input})).await;
    assert!(torn.status == 400 && torn.text().contains("without its required 'reasoning' item: 'rs_"));

    let delete =
        exchange(&simulators.base_url(OpenAi), "DELETE", &path, credentials(OpenAi), b"").await.unwrap();
    assert_eq!(delete.json(), json!({"id": id, "object": "response", "deleted": true}));
    assert_eq!(get(&simulators, OpenAi, &path).await.status, 404);
    let gone = ask(&simulators, body).await;
    assert_eq!((gone.status, &gone.json()["error"]["code"]), (400, &json!("previous_response_not_found")));
    assert_eq!(
        simulators.meter().iter().filter(|entry| entry.status == 200).count(),
        3,
        "reading is no call"
    );
}

#[tokio::test]
async fn a_long_list_of_items_comes_in_pages() {
    let simulators = start().await;
    let input: Vec<Value> =
        (0..5).map(|nth| json!({"role": "user", "content": format!("Part {nth}")})).collect();
    let made = ask(&simulators, json!({"model": "gpt-4o", "input": input})).await.json();
    let path = format!("/responses/{}/input_items?order=asc&limit=3", made["id"].as_str().unwrap());
    let first = get(&simulators, OpenAi, &path).await.json();
    assert_eq!((first["data"].as_array().unwrap().len(), &first["has_more"]), (3, &json!(true)));
    assert_eq!(first["data"][2]["content"][0]["text"], "Part 2");
    let rest =
        get(&simulators, OpenAi, &format!("{path}&after={}", first["last_id"].as_str().unwrap())).await;
    let rest = rest.json();
    assert_eq!((rest["data"].as_array().unwrap().len(), &rest["has_more"]), (2, &json!(false)));
    assert_eq!(rest["data"][0]["content"][0]["text"], "Part 3");
    let newest = get(&simulators, OpenAi, &path.replace("asc", "desc")).await.json();
    assert_eq!(newest["data"][0]["content"][0]["text"], "Part 4");
    assert_eq!(get(&simulators, OpenAi, &path.replace("limit=3", "limit=0")).await.status, 400);
}

#[tokio::test]
async fn work_in_the_background_is_looked_at_streamed_and_called_off() {
    let simulators = start().await;
    let body = json!({"model": "gpt-5", "input": "Tell me", "background": true});
    let queued = ask(&simulators, body.clone()).await.json();
    assert_eq!((&queued["status"], &queued["output"]), (&json!("queued"), &json!([])));
    let path = format!("/responses/{}", queued["id"].as_str().unwrap());
    assert_eq!(get(&simulators, OpenAi, &path).await.json()["status"], "in_progress");
    let done = get(&simulators, OpenAi, &path).await.json();
    assert!(done["status"] == "completed" && !text(&done).is_empty());
    let cancel = |path: String| {
        let base = simulators.base_url(OpenAi);
        async move { exchange(&base, "POST", &format!("{path}/cancel"), credentials(OpenAi), b"").await.unwrap() }
    };
    assert_eq!(cancel(path.clone()).await.json()["status"], "completed", "what is over stays as it is");

    let streamed = get(&simulators, OpenAi, &format!("{path}?stream=true")).await;
    let events = streamed.events();
    assert_eq!(kinds(&streamed, &events)[..2], ["response.created", "response.queued"]);
    let rest = get(&simulators, OpenAi, &format!("{path}?stream=true&starting_after=5")).await.events();
    assert_eq!(rest[..], events[6..]);

    let other = ask(&simulators, body).await.json();
    let path = format!("/responses/{}", other["id"].as_str().unwrap());
    assert_eq!(cancel(path.clone()).await.json()["status"], "cancelled");
    assert_eq!(cancel(path.clone()).await.json()["status"], "cancelled");
    assert_eq!(get(&simulators, OpenAi, &path).await.json()["status"], "cancelled");
    let waited = ask(&simulators, json!({"model": "gpt-5", "input": "Tell me"})).await.json();
    let path = format!("/responses/{}", waited["id"].as_str().unwrap());
    assert_eq!(cancel(path.clone()).await.status, 400);
    assert_eq!(get(&simulators, OpenAi, &format!("{path}?stream=true")).await.status, 400);
    assert_eq!(cancel("/responses/resp_none".to_owned()).await.status, 404);
}

#[tokio::test]
async fn structured_output_limits_and_chances_of_tokens() {
    let simulators = start().await;
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": false});
    let format =
        json!({"format": {"type": "json_schema", "name": "number", "strict": true, "schema": schema}});
    let answer =
        ask(&simulators, json!({"model": "gpt-4o", "input": "One number", "text": format})).await.json();
    assert!(serde_json::from_str::<Value>(&text(&answer)).unwrap()["n"].is_i64());
    assert_eq!(answer["text"]["format"]["name"], "number");

    let cut = ask(&simulators, json!({"model": "gpt-4o", "input": "Tell me", "max_output_tokens": 16}))
        .await
        .json();
    assert_eq!(cut["incomplete_details"], json!({"reason": "max_output_tokens"}));
    assert_eq!((&cut["status"], &cut["output"][0]["status"]), (&json!("incomplete"), &json!("incomplete")));
    assert_eq!((cut["usage"]["output_tokens"].as_u64(), &cut["completed_at"]), (Some(16), &Value::Null));
    let thought = ask(
        &simulators,
        json!({"model": "gpt-5", "input": "Tell me", "max_output_tokens": 16, "stream": true, "reasoning": {"effort": "high"}}),
    )
    .await
    .events();
    let last = thought.last().unwrap();
    assert_eq!(last["type"], "response.incomplete");
    assert!(items(&last["response"], "message").is_empty(), "the limit was spent on thinking");

    let body = json!({"model": "gpt-4o", "input": "Tell me", "include": ["message.output_text.logprobs"], "top_logprobs": 2, "stream": true});
    let events = ask(&simulators, body).await.events();
    let last = &events.last().unwrap()["response"];
    let chances = last["output"][0]["content"][0]["logprobs"].as_array().unwrap();
    let joined: String = chances.iter().map(|chance| chance["token"].as_str().unwrap()).collect();
    assert!(
        joined == text(last)
            && chances.iter().all(|chance| chance["top_logprobs"].as_array().unwrap().len() == 2)
    );
    let delta = events.iter().find(|event| event["type"] == "response.output_text.delta").unwrap();
    assert_eq!(delta["logprobs"][0]["token"], delta["delta"]);
}

#[tokio::test]
async fn tools_that_do_not_say_are_strict_where_they_can_be() {
    let simulators = start().await;
    let function = |parameters: Value| json!({"type": "function", "name": "f", "parameters": parameters});
    let open = function(
        json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["a"]}),
    );
    let made = ask(&simulators, json!({"model": "gpt-4o", "input": "x", "tools": [open]})).await.json();
    let tool = &made["tools"][0];
    assert_eq!((&tool["strict"], &tool["parameters"]["required"]), (&json!(true), &json!(["a", "b"])));
    assert_eq!(tool["parameters"]["additionalProperties"], false);
    let mut lax = open.clone();
    lax["strict"] = json!(false);
    let made = ask(&simulators, json!({"model": "gpt-4o", "input": "x", "tools": [lax]})).await.json();
    assert_eq!(
        (&made["tools"][0]["strict"], &made["tools"][0]["parameters"]),
        (&json!(false), &open["parameters"])
    );
}

#[tokio::test]
async fn a_long_prefix_is_cached_across_turns_and_written_where_writes_are_counted() {
    let simulators = start().await;
    let rules = "You are terse. ".repeat(400);
    let ask_with = |body: Value| {
        let mut body = body;
        body["instructions"] = json!(rules);
        body["model"] = json!("gpt-5.6-sol");
        body
    };
    let first = ask(&simulators, ask_with(json!({"input": "One?"}))).await.json();
    let details = |response: &Value| response["usage"]["input_tokens_details"].clone();
    assert_eq!(details(&first)["cached_tokens"], 0);
    let written = details(&first)["cache_write_tokens"].as_u64().unwrap();
    assert!(written >= 1024 && details(&first)["cache_write_tokens_details"]["ttl_30m_tokens"] == written);
    let body = json!({"input": "Two?", "previous_response_id": first["id"]});
    let second = ask(&simulators, ask_with(body)).await.json();
    assert!(details(&second)["cached_tokens"].as_u64().unwrap() >= 1024);
    // The same conversation, sent back by its client with the answer's items.
    let mut input = vec![json!({"role": "user", "content": "One?"})];
    input.extend(first["output"].as_array().unwrap().iter().cloned());
    input.push(json!({"role": "user", "content": "Two?"}));
    let third = ask(&simulators, ask_with(json!({"input": input}))).await.json();
    assert_eq!(
        details(&third)["cached_tokens"],
        third["usage"]["input_tokens"].as_u64().unwrap() / 128 * 128
    );
}
