//! A client on a bare socket: what it sends and what it gets are bytes.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
};

use serde_json::Value;

use crate::upstream::{PATIENCE, header};

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Whether the body came to its end, as HTTP sees it.
    pub(crate) complete: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The message of an error, after a look at its shape.
    #[track_caller]
    pub(crate) fn error(&self) -> Value {
        let error = self.json()["error"].take();
        let fields: Vec<&String> = error.as_object().expect("an object `error`").keys().collect();
        assert!(
            ["message", "type", "param", "code"].iter().all(|name| fields.contains(&&(*name).to_owned()))
        );
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
        error
    }
}

/// An answer that is being read.
pub(crate) struct Open {
    stream: TcpStream,
    raw: Vec<u8>,
    head_end: usize,
    pub(crate) status: u16,
    pub(crate) head: String,
}

/// Sends a chat request of this body.
pub(crate) fn chat(gateway: SocketAddr, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Answer {
    open_chat(gateway, headers, body).read_to_end()
}

/// Sends a chat request and returns when the head of the answer is there.
pub(crate) fn open_chat(gateway: SocketAddr, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Open {
    Open::begin(send(gateway, "POST", "/v1/chat/completions", headers, body.as_ref()))
}

pub(crate) fn request(
    gateway: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    Open::begin(send(gateway, method, path, headers, body)).read_to_end()
}

/// Sends a request. The answer is not waited for.
pub(crate) fn send(
    gateway: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> TcpStream {
    let mut stream = TcpStream::connect(gateway).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("content-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    stream
}

impl Open {
    pub(crate) fn begin(stream: TcpStream) -> Self {
        let mut open = Self { stream, raw: Vec::new(), head_end: 0, status: 0, head: String::new() };
        while open.head_end == 0 {
            assert!(open.read_more(), "no answer came: {:?}", String::from_utf8_lossy(&open.raw));
            open.head_end =
                open.raw.windows(4).position(|window| window == b"\r\n\r\n").map_or(0, |at| at + 4);
        }
        open.head = String::from_utf8(open.raw[..open.head_end].to_vec()).unwrap();
        open.status = open.head.split(' ').nth(1).unwrap().parse().unwrap();
        open
    }

    /// Reads until these bytes have come.
    #[track_caller]
    pub(crate) fn read_until(&mut self, wanted: &str) {
        while !self.body().0.windows(wanted.len()).any(|window| window == wanted.as_bytes()) {
            assert!(self.read_more(), "it ended before {wanted:?}: {:?}", String::from_utf8_lossy(&self.raw));
        }
    }

    pub(crate) fn read_to_end(mut self) -> Answer {
        while !self.body().1 && self.read_more() {}
        let (body, complete) = self.body();
        Answer { status: self.status, head: self.head, body, complete }
    }

    /// Closes the connection, whatever is still to come.
    pub(crate) fn leave(self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    fn read_more(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) | Err(_) => false,
            Ok(count) => {
                self.raw.extend_from_slice(&buffer[..count]);
                true
            }
        }
    }

    /// The body as far as it has come, and whether that is all.
    fn body(&self) -> (Vec<u8>, bool) {
        let raw = &self.raw[self.head_end..];
        if let Some(length) = header(&self.head, "content-length") {
            return (raw.to_vec(), raw.len() == length.parse::<usize>().unwrap());
        }
        assert_eq!(header(&self.head, "transfer-encoding"), Some("chunked"), "{}", self.head);
        dechunk(raw)
    }
}

fn dechunk(mut raw: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(line) = raw.windows(2).position(|window| window == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&raw[..line]).unwrap(), 16).unwrap();
        if length == 0 {
            return (body, true);
        }
        let piece = &raw[line + 2..];
        if piece.len() < length + 2 {
            body.extend_from_slice(&piece[..piece.len().min(length)]);
            break;
        }
        body.extend_from_slice(&piece[..length]);
        raw = &piece[length + 2..];
    }
    (body, false)
}
