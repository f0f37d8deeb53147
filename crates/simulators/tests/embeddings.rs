//! Embeddings, counts and lists of models of every simulated vendor, read byte by byte.

#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod raw;

use base64::{Engine, engine::general_purpose::STANDARD};
use raw::{get, post, start};
use serde_json::{Value, json};
use tollgate_simulators::Vendor::{Anthropic, Compatible, Gemini, Ollama, OpenAi, Xai};

fn vector(value: &Value) -> Vec<f32> {
    serde_json::from_value(value.clone()).unwrap()
}

fn length(vector: &[f32]) -> f32 {
    vector.iter().map(|number| number * number).sum::<f32>().sqrt()
}

#[tokio::test]
async fn openai_embeds_as_numbers_and_as_base64() {
    let simulators = start().await;
    let ask = |body: Value| {
        let simulators = &simulators;
        async move { post(simulators, OpenAi, "/embeddings", &body).await.json() }
    };
    let model = "text-embedding-3-small";
    let numbers = ask(json!({"model": model, "input": ["one", "two"]})).await;
    assert_eq!((&numbers["object"], &numbers["model"]), (&json!("list"), &json!(model)));
    assert_eq!(
        (&numbers["data"][1]["index"], &numbers["data"][1]["object"]),
        (&json!(1), &json!("embedding"))
    );
    let one = vector(&numbers["data"][0]["embedding"]);
    assert!(one.len() == 1_536 && (length(&one) - 1.0).abs() < 1e-3);
    assert_eq!(numbers["usage"], json!({"prompt_tokens": 2, "total_tokens": 2}));
    let packed = ask(json!({"model": model, "input": "one", "encoding_format": "base64"})).await;
    let bytes = STANDARD.decode(packed["data"][0]["embedding"].as_str().unwrap()).unwrap();
    let read: Vec<f32> = bytes.chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
    assert_eq!(read, one, "the same text has the same vector in either form");
    let short = ask(json!({"model": model, "input": "one", "dimensions": 256})).await;
    let short = vector(&short["data"][0]["embedding"]);
    assert!(short.len() == 256 && (length(&short) - 1.0).abs() < 1e-3);
    let ratio = short[0] / one[0];
    assert!((short[9] / one[9] - ratio).abs() < 0.01, "fewer dimensions are the beginning of more");
    let tokens = ask(json!({"model": "text-embedding-ada-002", "input": [[1, 2, 3], [4, 5]]})).await;
    assert_eq!((tokens["data"].as_array().unwrap().len(), &tokens["usage"]["prompt_tokens"]), (2, &json!(5)));
    assert_eq!(tokens["model"], "text-embedding-ada-002-v2");
    let metered = simulators.meter();
    assert_eq!(
        (metered[0].usage.input, metered[0].usage.output, metered[0].path.as_str()),
        (2, 0, "/v1/embeddings")
    );

    for (body, param, code) in [
        (json!({"model": model}), "input", "missing_required_parameter"),
        (json!({"model": model, "input": ""}), "", ""),
        (json!({"model": model, "input": []}), "", ""),
        (json!({"model": model, "input": ["x", 1]}), "", ""),
        (json!({"model": model, "input": vec!["x"; 2_049]}), "input", "array_above_max_length"),
        (json!({"model": model, "input": "x", "dimensions": 1_537}), "dimensions", ""),
        (json!({"model": "text-embedding-ada-002", "input": "x", "dimensions": 8}), "dimensions", ""),
        (json!({"model": model, "input": "x", "encoding_format": "hex"}), "encoding_format", "invalid_value"),
    ] {
        let error = ask(body.clone()).await["error"].clone();
        let found = (error["param"].as_str().unwrap_or(""), error["code"].as_str().unwrap_or(""));
        assert_eq!(found, (param, code), "{body}: {error}");
    }
    let unknown = post(&simulators, OpenAi, "/embeddings", &json!({"model": "gpt-4o", "input": "x"})).await;
    assert_eq!((unknown.status, &unknown.json()["error"]["code"]), (404, &json!("model_not_found")));
}

#[tokio::test]
async fn gemini_embeds_one_and_many() {
    let simulators = start().await;
    let path = |model: &str, method: &str| format!("/v1beta/models/{model}:{method}");
    let content = |text: &str| json!({"parts": [{"text": text}]});
    let ask = |path: String, body: Value| {
        let simulators = &simulators;
        async move { post(simulators, Gemini, &path, &body).await }
    };
    let one =
        ask(path("gemini-embedding-001", "embedContent"), json!({"content": content("hello")})).await.json();
    let whole = vector(&one["embedding"]["values"]);
    assert!(whole.len() == 3_072 && one.get("usageMetadata").is_none());
    let request = |text: &str, dimensions: u64| json!({"model": "models/gemini-embedding-001", "content": content(text), "outputDimensionality": dimensions});
    let body = json!({"requests": [request("hello", 8), request("world", 16)]});
    let many = ask(path("gemini-embedding-001", "batchEmbedContents"), body).await.json();
    assert_eq!(vector(&many["embeddings"][0]["values"]), whole[..8], "a shorter one is cut off");
    assert_eq!(many["embeddings"][1]["values"].as_array().unwrap().len(), 16);
    let newer =
        ask(path("gemini-embedding-2", "embedContent"), json!({"content": content("hello")})).await.json();
    assert_eq!(newer["usageMetadata"]["promptTokenCount"], 2);
    let asked = json!({"content": content("hello"), "taskType": "CLUSTERING"});
    let asked = ask(path("gemini-embedding-001", "embedContent"), asked).await.json();
    assert_ne!(vector(&asked["embedding"]["values"]), whole, "a task is another point of view");
    assert_eq!(simulators.meter().len(), 4);

    let mismatch = json!({"requests": [{"model": "models/gemini-embedding-2", "content": content("x")}]});
    for (model, method, body, status) in [
        ("gemini-embedding-001", "batchEmbedContents", mismatch, 400),
        ("gemini-embedding-001", "batchEmbedContents", json!({}), 400),
        ("gemini-embedding-001", "embedContent", json!({"content": {"parts": []}}), 400),
        ("gemini-embedding-001", "embedContent", json!({"content": content("x"), "taskType": "POETRY"}), 400),
        ("gemini-2.5-flash", "embedContent", json!({"content": content("x")}), 404),
        ("gemini-embedding-001", "generateContent", json!({"contents": [content("x")]}), 404),
    ] {
        let answer = ask(path(model, method), body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
    }
}

#[tokio::test]
async fn ollama_and_the_local_server_embed() {
    let simulators = start().await;
    let body = json!({"model": "nomic-embed-text", "input": ["one", "two"], "dimensions": 64});
    let embedded = post(&simulators, Ollama, "/api/embed", &body).await.json();
    assert_eq!(embedded["embeddings"].as_array().unwrap().len(), 2);
    assert_eq!((vector(&embedded["embeddings"][0]).len(), &embedded["prompt_eval_count"]), (64, &json!(2)));
    for (body, status) in [
        (json!({"model": "llama3.2", "input": "x"}), 501),
        (json!({"model": "nothing", "input": "x"}), 404),
        (json!({"model": "nomic-embed-text", "input": 7}), 400),
        (json!({"model": "nomic-embed-text", "input": "x".repeat(9_000), "truncate": false}), 400),
        (json!({"model": "nomic-embed-text", "input": "x".repeat(9_000)}), 200),
    ] {
        assert_eq!(post(&simulators, Ollama, "/api/embed", &body).await.status, status);
    }
    let chat = json!({"model": "nomic-embed-text", "messages": [{"role": "user", "content": "x"}]});
    assert_eq!(post(&simulators, Ollama, "/api/chat", &chat).await.status, 400);

    let body = json!({"model": "BAAI/bge-m3", "input": "one", "encoding_format": "base64"});
    let embedded = post(&simulators, Compatible, "/embeddings", &body).await.json();
    assert_eq!(STANDARD.decode(embedded["data"][0]["embedding"].as_str().unwrap()).unwrap().len(), 4 * 1_024);
    assert_eq!(simulators.meter().iter().filter(|entry| entry.usage.input > 0).count(), 3);
}

#[tokio::test]
async fn what_is_counted_is_what_is_billed() {
    let simulators = start().await;
    let tools =
        json!([{"name": "f", "input_schema": {"type": "object", "properties": {"a": {"type": "string"}}}}]);
    let mut body = json!({
        "model": "claude-sonnet-4-6", "system": "Be brief.", "tools": tools, "thinking": {"type": "adaptive"},
        "messages": [{"role": "user", "content": "Tell me"}],
    });
    let counted = post(&simulators, Anthropic, "/v1/messages/count_tokens", &body).await.json();
    body["max_tokens"] = json!(50);
    let message = post(&simulators, Anthropic, "/v1/messages", &body).await.json();
    assert_eq!(counted, json!({"input_tokens": message["usage"]["input_tokens"]}));

    let generate = json!({
        "contents": [{"role": "user", "parts": [{"text": "Tell me"}]}],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
    });
    let path = |method: &str| format!("/v1beta/models/gemini-3.5-flash:{method}");
    let mut wrapped = generate.clone();
    wrapped["model"] = json!("models/gemini-3.5-flash");
    let wrapped = json!({"generateContentRequest": wrapped});
    let counted = post(&simulators, Gemini, &path("countTokens"), &wrapped).await.json();
    let answer = post(&simulators, Gemini, &path("generateContent"), &generate).await.json();
    assert_eq!(counted["totalTokens"], answer["usageMetadata"]["promptTokenCount"]);
    assert_eq!(simulators.meter().len(), 2, "counting is no call");
    for (path, body, status) in [
        (path("countTokens"), json!({}), 400),
        (
            path("countTokens"),
            json!({"contents": generate["contents"], "generateContentRequest": generate}),
            400,
        ),
        ("/v1beta/models/nothing:countTokens".to_owned(), generate, 404),
    ] {
        assert_eq!(post(&simulators, Gemini, &path, &body).await.status, status, "{body}");
    }
}

#[tokio::test]
async fn models_are_listed_in_each_vendors_format_and_page_by_page() {
    let simulators = start().await;
    let names = |list: &Value, field: &str| -> Vec<String> {
        list.as_array().unwrap().iter().map(|card| card[field].as_str().unwrap().to_owned()).collect()
    };
    for vendor in [OpenAi, Xai, Compatible] {
        let list = get(&simulators, vendor, "/models").await.json();
        assert_eq!(list["object"], "list");
        assert!(names(&list["data"], "owned_by").len() > 2);
    }
    let openai = get(&simulators, OpenAi, "/models").await.json();
    assert!(names(&openai["data"], "id").contains(&"text-embedding-3-large".to_owned()));
    assert_eq!(get(&simulators, OpenAi, "/models/gpt-5").await.json()["id"], "gpt-5");
    assert_eq!(get(&simulators, OpenAi, "/models/nothing").await.status, 404);

    let all = names(&get(&simulators, Anthropic, "/v1/models").await.json()["data"], "id");
    let first = get(&simulators, Anthropic, "/v1/models?limit=4").await.json();
    assert_eq!((&first["has_more"], &first["last_id"]), (&json!(true), &json!(all[3])));
    let path = format!("/v1/models?limit=100&after_id={}", all[3]);
    let rest = get(&simulators, Anthropic, &path).await.json();
    assert_eq!((&rest["has_more"], names(&rest["data"], "id")), (&json!(false), all[4..].to_vec()));
    let path = format!("/v1/models?limit=2&before_id={}", all[3]);
    let before = get(&simulators, Anthropic, &path).await.json();
    assert_eq!((&before["has_more"], names(&before["data"], "id")), (&json!(true), all[1..3].to_vec()));
    assert_eq!(get(&simulators, Anthropic, "/v1/models?after_id=nobody").await.status, 400);
    let card = get(&simulators, Anthropic, "/v1/models/claude-opus-5-5").await.json();
    assert_eq!(card["capabilities"]["thinking"]["types"]["disabled"]["supported"], false);

    let all = names(&get(&simulators, Gemini, "/v1beta/models").await.json()["models"], "name");
    let mut paged = Vec::new();
    let mut token = String::new();
    loop {
        let page = get(&simulators, Gemini, &format!("/v1beta/models?pageSize=3{token}")).await.json();
        paged.extend(names(&page["models"], "name"));
        let Some(next) = page["nextPageToken"].as_str() else { break };
        token = format!("&pageToken={next}");
    }
    assert_eq!(paged, all);
    assert_eq!(get(&simulators, Gemini, "/v1beta/models?pageToken=x").await.status, 400);
    let tags = get(&simulators, Ollama, "/api/tags").await.json();
    let digests: std::collections::HashSet<String> = names(&tags["models"], "digest").into_iter().collect();
    assert_eq!(digests.len(), tags["models"].as_array().unwrap().len());
}
