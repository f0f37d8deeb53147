//! Keys never show: not in answers, not in what is logged at the most verbose level, not in what is kept.

use std::{fs, path::Path, process::Command};

use crate::{
    client::{Answer, chat, request},
    provider, provider_key, question, read,
    support::GatewayProcess,
    upstream::{Step, Upstream, chunk, end, header, json, stream_head},
};

const GATEWAY_KEY: &str = "sk-gate-canary-77c1e9";
const WRONG_KEY: &str = "sk-wrong-canary-41d0aa";

/// A provider that repeats the credential it was sent in every way that it can answer.
fn gossip(nth: usize, head: &str) -> Vec<Step> {
    let key = header(head, "authorization").or_else(|| header(head, "x-api-key")).unwrap();
    let key = key.trim_start_matches("Bearer ");
    let error = format!(
        r#"{{"error":{{"message":"Incorrect API key provided: {key}","type":"t","param":"{key}","code":"{key}"}}}}"#
    );
    let escaped = error.replace("sk-", r"\u0073k-");
    match nth {
        0 => vec![json(401, &error)],
        1 => vec![json(400, &error)],
        2 => vec![json(500, &error)],
        3 => vec![json(500, &format!("the key {key} is not good"))],
        4 => vec![stream_head(), chunk(format!("data: {error}\n\n")), end()],
        5 => vec![json(200, &error)],
        6 => vec![json(401, &escaped)],
        _ => vec![json(403, &format!(r#"{{"error":"{key}","code":"{key}"}}"#))],
    }
}

#[test]
fn no_key_shows_in_answers_logs_or_records() {
    let upstream = Upstream::start(|nth, request| gossip(nth % 8, &request.head));
    let providers =
        [provider("first", "openai", &upstream), provider("second", "anthropic", &upstream)].concat();
    let keys = format!("[[keys]]\nname = \"tests\"\nsecret = {GATEWAY_KEY:?}\n");
    let gateway = GatewayProcess::start_with(&format!("{providers}{keys}"), |command| {
        command.env("RUST_LOG", "trace");
    });
    let bearer = format!("Bearer {GATEWAY_KEY}");
    let key = [("authorization", bearer.as_str())];
    let wrong = format!("Bearer {WRONG_KEY}");
    let wrong = [("authorization", wrong.as_str())];
    let mut answers: Vec<Answer> = Vec::new();
    for model in ["first/m", "second/m"] {
        for nth in 0..8 {
            answers.push(chat(gateway.address, &key, question(model, nth == 4)));
        }
    }
    answers.push(chat(gateway.address, &wrong, question("first/m", false)));
    answers.push(request(gateway.address, "GET", "/v1/models", &wrong, b""));
    answers.push(request(gateway.address, "GET", "/v1/models", &key, b""));
    answers.push(request(gateway.address, "GET", &format!("/v1/models/{WRONG_KEY}-x"), &wrong, b""));
    assert_eq!(upstream.received().len(), 16, "each was asked");

    let secrets =
        [provider_key("first"), provider_key("second"), GATEWAY_KEY.to_owned(), WRONG_KEY.to_owned()];
    let clean = |what: &str, text: &str| {
        for secret in &secrets {
            let escaped = secret.replace("sk-", r"\u0073k-");
            assert!(!text.contains(secret.as_str()) && !text.contains(&escaped), "{what}: {text}");
        }
    };
    for (nth, answer) in answers.iter().enumerate() {
        clean(&format!("answer {nth}"), &answer.head);
        clean(&format!("answer {nth}"), answer.text());
    }
    let logs = gateway.logs();
    let (store, folder) = gateway.stop();
    let logs = fs::read_to_string(logs).unwrap();
    assert!(logs.contains("TRACE"), "it was asked to say all");
    clean("the log", &logs);
    let records = read(&store, &folder);
    assert_eq!(records.len(), 16);
    for call in &records {
        clean("a record", &format!("{call:?}"));
        clean("a request", &String::from_utf8_lossy(&call.request));
        clean("an answer", &String::from_utf8_lossy(&call.response));
    }
    for_each_file(&folder.path().join("data"), &|path| {
        clean(&path.display().to_string(), &String::from_utf8_lossy(&fs::read(path).unwrap()));
    });
}

#[test]
fn a_configuration_with_mistakes_is_refused_without_its_keys() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tollgate.toml");
    for (nth, wrong) in [
        "[providers.openai]\napi_ky = \"sk-canary\"\n",
        "[providers.openai]\napi_key = \"sk-canary\n",
        "[providers.openai]\napi_key = \"sk-canary\\n\"\n",
        "[providers.openai]\napi_key = [\"sk-canary\", 7]\n",
        "[providers.openai]\napi_key = { secret = \"sk-canary\" }\n",
        "[providers.openai]\napi_key = \"k\"\nbase_url = \"http://user:sk-canary@127.0.0.1:9/v1\"\n",
        "[providers.openai]\napi_key = \"k\"\nbase_url = \"http://user:sk-canary@[/v1\"\n",
        "[providers.openai]\napi_key = \"k\"\nbase_url = \"http://127.0.0.1:9/v1?key=sk-canary\"\n",
        "[[keys]]\nname = \"a\"\nsecret = \"sk-canary\"\n[[keys]]\nname = \"b\"\nsecret = \"sk-canary\"\n",
        "[[keys]]\nname = \"a\"\nsecrets = \"sk-canary\"\n",
    ]
    .into_iter()
    .enumerate()
    {
        fs::write(&file, wrong).unwrap();
        for command in ["check", "serve"] {
            let mut tollgate = Command::new(env!("CARGO_BIN_EXE_tollgate"));
            let said = tollgate.arg(command).arg("--config").arg(&file).output().unwrap();
            let text = [said.stdout, said.stderr].concat();
            let text = String::from_utf8_lossy(&text);
            assert!(!said.status.success() && text.contains("line "), "{nth} {command}: {text}");
            assert!(!text.contains("sk-canary"), "{nth} {command}: {text}");
        }
    }
}

fn for_each_file(folder: &Path, check: &dyn Fn(&Path)) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { for_each_file(&path, check) } else { check(&path) }
    }
}
