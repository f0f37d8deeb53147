//! Calls a proxy, checks every answer and tells how long they took.

use std::{
    io::{self, Write},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::BytesMut;
use clap::Parser;
use hdrhistogram::Histogram;
use tokio::{net::TcpStream, task::JoinSet, time};
use tollgate_benches::{
    answer,
    conversation::{Conversation, Freshness, Settings},
    http1::Connection,
    scenario::Measured,
    shape::Shape,
};

/// A closed loop of clients: each sends its next call when the last one is answered.
#[derive(Debug, Clone, Parser)]
struct Arguments {
    /// Whom to call.
    #[arg(long)]
    target: SocketAddr,
    /// The model to ask for: a provider and the shape of the answers, as in `openai/bench-a1000`.
    #[arg(long)]
    model: String,
    /// Clients, each with one connection and one conversation.
    #[arg(long, default_value_t = 16)]
    clients: usize,
    /// Calls in all.
    #[arg(long)]
    calls: usize,
    /// Bytes of each request's body.
    #[arg(long, default_value_t = 1_024)]
    body_bytes: usize,
    /// Every message is new in every call, not only the last one.
    #[arg(long)]
    fresh: bool,
    /// The gateway's key.
    #[arg(long, default_value = "bench")]
    key: String,
    /// Makes the texts of this run differ from those of others.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The first calls are spread over this time.
    #[arg(long, default_value_t = 0)]
    ramp_ms: u64,
    /// One answer may take no longer.
    #[arg(long, default_value_t = 30)]
    timeout_s: u64,
}

/// What all clients count together.
struct Totals {
    calls_left: AtomicUsize,
    answers: Mutex<Answers>,
}

struct Answers {
    whole: Histogram<u64>,
    first: Histogram<u64>,
    faults: u64,
    first_fault: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let shape: Shape = arguments.model.parse().map_err(io::Error::other)?;
    let totals = Arc::new(Totals {
        calls_left: AtomicUsize::new(arguments.calls),
        answers: Mutex::new(Answers { whole: histogram(), first: histogram(), faults: 0, first_fault: None }),
    });
    let mut clients = Vec::with_capacity(arguments.clients);
    for _ in 0..arguments.clients {
        clients.push(Connection::new(TcpStream::connect(arguments.target).await?)?);
        // The proxy must have a chance to accept, or its queue overflows.
        tokio::task::yield_now().await;
    }
    let start = Instant::now();
    let mut running = JoinSet::new();
    for (index, connection) in clients.into_iter().enumerate() {
        running.spawn(client(connection, index, shape, arguments.clone(), totals.clone()));
    }
    running.join_all().await;
    let seconds = start.elapsed().as_secs_f64();
    let measured = measured(&totals, seconds);
    writeln!(io::stdout(), "{}", serde_json::to_string(&measured)?)
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 600_000_000_000, 3).expect("these bounds are allowed")
}

fn measured(totals: &Totals, seconds: f64) -> Measured {
    let answers = totals.answers.lock().expect("no client panics while it holds the lock");
    let micros = |histogram: &Histogram<u64>, quantile| {
        Duration::from_nanos(histogram.value_at_quantile(quantile)).as_secs_f64() * 1e6
    };
    Measured {
        calls: answers.whole.len(),
        faults: answers.faults,
        first_fault: answers.first_fault.clone(),
        seconds,
        p50_us: micros(&answers.whole, 0.5),
        p99_us: micros(&answers.whole, 0.99),
        first_p50_us: micros(&answers.first, 0.5),
        first_p99_us: micros(&answers.first, 0.99),
    }
}

/// Calls until no calls are left, or until an answer is wrong: what follows on that connection would be noise.
async fn client(
    mut connection: Connection,
    index: usize,
    shape: Shape,
    arguments: Arguments,
    totals: Arc<Totals>,
) {
    let seed = arguments.seed.wrapping_mul(1_000_003).wrapping_add(index as u64);
    let settings = Settings {
        host: &arguments.target.to_string(),
        key: &arguments.key,
        model: &arguments.model,
        stream: shape.chunks.is_some(),
        body_bytes: arguments.body_bytes,
        freshness: if arguments.fresh { Freshness::Everything } else { Freshness::LastMessage },
    };
    let mut conversation = Conversation::new(&settings, seed);
    let mut body = BytesMut::new();
    let share = index as f64 / arguments.clients.max(1) as f64;
    time::sleep(Duration::from_millis(arguments.ramp_ms).mul_f64(share)).await;
    while take_one(&totals.calls_left) {
        let request = conversation.next_request();
        let start = Instant::now();
        let call = call(&mut connection, request, shape, &mut body);
        let result = time::timeout(Duration::from_secs(arguments.timeout_s), call).await;
        let whole = start.elapsed();
        let mut answers = totals.answers.lock().expect("no client panics while it holds the lock");
        match result.unwrap_or_else(|_| Err("no answer in time".to_owned())) {
            Ok(first) => {
                answers.whole.saturating_record(nanos(whole));
                answers.first.saturating_record(nanos(first - start));
            }
            Err(fault) => {
                answers.faults += 1;
                answers.first_fault.get_or_insert(fault);
                return;
            }
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn take_one(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

/// Makes one call, checks its answer and says when its body began.
async fn call(
    connection: &mut Connection,
    request: &[u8],
    shape: Shape,
    body: &mut BytesMut,
) -> Result<Instant, String> {
    let broke = |error: io::Error| error.to_string();
    connection.write(request).await.map_err(broke)?;
    let head = connection.read_head().await.map_err(broke)?.ok_or("closed without an answer")?;
    connection.body_begins().await.map_err(broke)?;
    let first = Instant::now();
    connection.read_body(head.length, body).await.map_err(broke)?;
    if head.status() != Some(200) {
        return Err(format!("{}: {}", head.line, String::from_utf8_lossy(&body[..body.len().min(300)])));
    }
    answer::fault(shape, body).map_or(Ok(first), Err)
}
