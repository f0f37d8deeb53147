//! A provider that does what a test tells it, byte by byte, and remembers what it was sent.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// The longest that anything here waits.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// What is done on a connection after a request was read.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Send(Vec<u8>),
    Pause(Duration),
    /// Until the test says [`Upstream::go`].
    WaitForGo,
    /// Until the other side closes the connection.
    WaitForHangup,
    /// Closes the connection at once; otherwise the next request is read from it.
    Close,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

#[derive(Default)]
struct Shared {
    received: Mutex<Vec<Received>>,
    released: Mutex<bool>,
    released_now: Condvar,
    hung_up: AtomicUsize,
}

pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

impl Upstream {
    /// Serves until the test ends. `script` says what follows the nth request.
    pub(crate) fn start(
        script: impl Fn(usize, &Received) -> Vec<Step> + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let of_thread = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, script) = (of_thread.clone(), script.clone());
                thread::spawn(move || serve(&stream, &shared, script));
            }
        });
        Self { address, shared }
    }

    /// Answers every request in the same way.
    pub(crate) fn always(steps: Vec<Step>) -> Self {
        Self::start(move |_, _| steps.clone())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// Lets all go on that wait for it.
    pub(crate) fn go(&self) {
        *self.shared.released.lock().unwrap() = true;
        self.shared.released_now.notify_all();
    }

    /// Tells whether so many connections were closed by the other side, waiting for it if need be.
    pub(crate) fn hung_up(&self, count: usize, within: Duration) -> bool {
        let until = Instant::now() + within;
        while self.shared.hung_up.load(Ordering::SeqCst) < count {
            if Instant::now() > until {
                return false;
            }
            thread::sleep(Duration::from_millis(10));
        }
        true
    }

    /// Waits until so many requests have come.
    pub(crate) fn wait_for_requests(&self, count: usize) {
        let until = Instant::now() + PATIENCE;
        while self.received().len() < count {
            assert!(Instant::now() < until, "{} of {count} requests came", self.received().len());
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn serve(mut stream: &TcpStream, shared: &Shared, script: impl Fn(usize, &Received) -> Vec<Step>) {
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE * 3)).unwrap();
    while let Some(request) = read_request(stream) {
        // A gateway that starts asks for the models in the background: no test scripts that, and none counts it.
        let steps = if request.head.starts_with("GET /v1/models ") {
            vec![json(404, "{}")]
        } else {
            let nth = {
                let mut received = shared.received.lock().unwrap();
                received.push(request.clone());
                received.len() - 1
            };
            script(nth, &request)
        };
        for step in steps {
            match step {
                // The other side may be gone: what a test asks for shows elsewhere.
                Step::Send(bytes) => drop(stream.write_all(&bytes).and_then(|()| stream.flush())),
                Step::Pause(time) => thread::sleep(time),
                Step::WaitForGo => {
                    let released = shared.released.lock().unwrap();
                    let waited = shared.released_now.wait_timeout_while(released, PATIENCE, |go| !*go);
                    assert!(!waited.unwrap().1.timed_out(), "the test never said go");
                }
                Step::WaitForHangup => {
                    if matches!(stream.read(&mut [0; 64]), Ok(0) | Err(_)) {
                        shared.hung_up.fetch_add(1, Ordering::SeqCst);
                    }
                    return;
                }
                Step::Close => return,
            }
        }
    }
}

fn read_request(mut stream: &TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 * 1024];
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = bytes.split_off(head_end);
    while body.len() < length {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => body.extend_from_slice(&buffer[..count]),
        }
    }
    Some(Received { head, body })
}

/// A header's value in a head as it arrived.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// A whole answer of JSON.
pub(crate) fn json(status: u16, body: &str) -> Step {
    with_headers(status, "content-type: application/json\r\n", body.as_bytes())
}

/// A whole answer with these further headers, each with its line end.
pub(crate) fn with_headers(status: u16, headers: &str, body: &[u8]) -> Step {
    let head = format!("HTTP/1.1 {status} Some Words\r\n{headers}content-length: {}\r\n\r\n", body.len());
    Step::Send([head.as_bytes(), body].concat())
}

/// The head of a stream, whose pieces follow as chunks.
pub(crate) fn stream_head() -> Step {
    Step::Send(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(),
    )
}

/// A piece of a stream.
pub(crate) fn chunk(bytes: impl AsRef<[u8]>) -> Step {
    let bytes = bytes.as_ref();
    let length = format!("{:x}\r\n", bytes.len());
    Step::Send([length.as_bytes(), bytes, b"\r\n"].concat())
}

/// The end of a stream's body.
pub(crate) fn end() -> Step {
    Step::Send(b"0\r\n\r\n".to_vec())
}
