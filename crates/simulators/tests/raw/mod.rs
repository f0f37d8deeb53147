//! A bare HTTP/1.1 client: what it reads is what was on the wire, broken ends included.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

use std::time::Duration;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tollgate_simulators::{Options, Simulators, Vendor};

const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Whether the body came to the end that HTTP announced.
    pub(crate) is_whole: bool,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let wanted = format!("{name}: ");
        self.head.lines().find_map(|line| Some(line.strip_prefix(wanted.as_str())?.trim().to_owned()))
    }

    /// The JSON of all `data:` lines but `[DONE]`.
    #[track_caller]
    pub(crate) fn events(&self) -> Vec<Value> {
        let text = self.text();
        let data =
            text.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
        data.map(|data| serde_json::from_str(data).unwrap()).collect()
    }

    /// The JSON of all lines.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The credentials that each vendor's own SDK sends.
pub(crate) const fn credentials(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::OpenAi | Vendor::Xai | Vendor::Compatible => "authorization: Bearer key\r\n",
        Vendor::Anthropic => "x-api-key: key\r\nanthropic-version: 2023-06-01\r\n",
        Vendor::Gemini => "x-goog-api-key: key\r\n",
        Vendor::Ollama => "",
    }
}

/// Where calls go, behind the base URL.
pub(crate) fn call_path(vendor: Vendor, model: &str, streamed: bool) -> String {
    match (vendor, streamed) {
        (Vendor::OpenAi | Vendor::Xai | Vendor::Compatible, _) => "/chat/completions".to_owned(),
        (Vendor::Anthropic, _) => "/v1/messages".to_owned(),
        (Vendor::Gemini, true) => format!("/v1beta/models/{model}:streamGenerateContent?alt=sse"),
        (Vendor::Gemini, false) => format!("/v1beta/models/{model}:generateContent"),
        (Vendor::Ollama, _) => "/api/chat".to_owned(),
    }
}

/// A short question in the vendor's words.
pub(crate) fn question(vendor: Vendor, model: &str, streamed: bool) -> Value {
    let messages = serde_json::json!([{"role": "user", "content": "What is a gateway?"}]);
    match vendor {
        Vendor::Gemini => {
            serde_json::json!({"contents": [{"role": "user", "parts": [{"text": "What is a gateway?"}]}]})
        }
        Vendor::Anthropic => {
            serde_json::json!({"model": model, "max_tokens": 1024, "messages": messages, "stream": streamed})
        }
        _ => serde_json::json!({"model": model, "messages": messages, "stream": streamed}),
    }
}

pub(crate) const fn usual_model(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::OpenAi => "gpt-4o",
        Vendor::Anthropic => "claude-sonnet-4-6",
        Vendor::Gemini => "gemini-3.5-flash",
        Vendor::Xai => "grok-4.7",
        Vendor::Ollama => "llama3.2",
        Vendor::Compatible => "meta-llama/Llama-3.2-3B-Instruct",
    }
}

pub(crate) async fn start() -> Simulators {
    Simulators::start(Options { seed: 7, ..Options::default() }).await.unwrap()
}

/// Posts JSON with the vendor's credentials.
pub(crate) async fn post(simulators: &Simulators, vendor: Vendor, path: &str, body: &Value) -> Answer {
    exchange(&simulators.base_url(vendor), "POST", path, credentials(vendor), body.to_string().as_bytes())
        .await
        .unwrap()
}

pub(crate) async fn get(simulators: &Simulators, vendor: Vendor, path: &str) -> Answer {
    exchange(&simulators.base_url(vendor), "GET", path, credentials(vendor), b"").await.unwrap()
}

/// Asks the usual question.
pub(crate) async fn ask(
    simulators: &Simulators,
    vendor: Vendor,
    model: &str,
    streamed: bool,
) -> std::io::Result<Answer> {
    let body = question(vendor, model, streamed).to_string();
    let path = call_path(vendor, model, streamed);
    exchange(&simulators.base_url(vendor), "POST", &path, credentials(vendor), body.as_bytes()).await
}

pub(crate) async fn exchange(
    base: &str,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> std::io::Result<Answer> {
    let (host, prefix) = base.strip_prefix("http://").unwrap().split_once('/').map_or_else(
        || (base.strip_prefix("http://").unwrap(), String::new()),
        |(host, prefix)| (host, format!("/{prefix}")),
    );
    let mut stream = TcpStream::connect(host).await?;
    let kind = if headers.contains("content-type:") { "" } else { "content-type: application/json\r\n" };
    let head = format!(
        "{method} {prefix}{path} HTTP/1.1\r\nhost: {host}\r\n{kind}{headers}content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    let mut raw = Vec::new();
    // A stalled body is read as far as it came.
    let stalls = path.contains("--stall") || body.windows(7).any(|word| word == b"--stall");
    let patience = if stalls { Duration::from_millis(300) } else { PATIENCE };
    let read = timeout(patience, stream.read_to_end(&mut raw)).await;
    if let Ok(Err(error)) = read
        && raw.is_empty()
    {
        return Err(error);
    }
    let Some(end) = raw.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    };
    let head = String::from_utf8(raw[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let rest = &raw[end + 4..];
    let (body, is_whole) = if head.to_lowercase().contains("transfer-encoding: chunked") {
        unchunk(rest)
    } else {
        let announced = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map(|len| len.parse::<usize>().unwrap());
        (rest.to_vec(), announced.is_none_or(|announced| announced == rest.len()))
    };
    Ok(Answer { status, head, body, is_whole })
}

fn unchunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(line) = rest.windows(2).position(|window| window == b"\r\n") else { return (body, false) };
        let Ok(len) = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16) else {
            return (body, false);
        };
        if len == 0 {
            return (body, true);
        }
        let from = line + 2;
        if rest.len() < from + len + 2 {
            body.extend_from_slice(&rest[from..]);
            return (body, false);
        }
        body.extend_from_slice(&rest[from..from + len]);
        rest = &rest[from + len + 2..];
    }
}
