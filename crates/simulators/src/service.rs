//! From a request to an answer: authenticate, find the faults, let the vendor answer, lay faults and pace upon it.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header, request::Parts};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::Value;

use crate::{
    Fault, Vendor,
    body::{Playback, Receipt},
    dice::{Dice, HEX, hash_bytes, stir},
    exchange::Exchange,
    fault::split_model,
    form,
    meter::{Ending, Metered, MeteredUsage},
    options::Pace,
    performance,
    reply::{Payload, Reply},
    state::{Received, Shared},
    vendors,
};

/// More than any vendor takes.
const MAX_BODY: usize = 128 << 20;

/// Answers one request. An error means: break the connection, with a reset where `reset` was set.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    vendor: Vendor,
    reset: Arc<AtomicBool>,
    request: Request<Incoming>,
) -> io::Result<Response<Playback>> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await.map_err(io::Error::other)?.to_bytes();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let hash = hash_bytes(hash_bytes(stir(shared.options.seed, vendor as u64), path.as_bytes()), &body);
    shared.keep(Received {
        vendor,
        method: parts.method.clone(),
        path: path.to_owned(),
        headers: parts.headers.clone(),
        body: body.clone(),
    });
    let mut receipt = receipt(&shared, vendor, parts.uri.path());
    let prepared = prepare(&shared, vendor, &parts, &body, hash, &mut receipt);
    if prepared.faults.contains(&Fault::Reset) {
        receipt.finish(Ending::Broken);
        reset.store(true, Ordering::Relaxed);
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    let Prepared { reply, faults } = prepared;
    let pace = if faults.contains(&Fault::Slow) { Pace::SLOW } else { shared.options.pace };
    let mut dice = Dice::new(stir(hash, 0x9ACE));
    receipt.entry.streamed = reply.is_stream();
    receipt.entry.response_id.clone_from(&reply.response_id);
    wait_for_first(&reply, pace, &mut dice).await;
    Ok(performance::respond(reply, &faults, pace, &mut dice, receipt))
}

fn receipt(shared: &Arc<Shared>, vendor: Vendor, path: &str) -> Receipt {
    let entry = Metered {
        vendor,
        path: path.to_owned(),
        model: String::new(),
        request_id: Dice::new(shared.next()).id(32, HEX),
        response_id: None,
        status: 0,
        streamed: false,
        usage: MeteredUsage::default(),
        ending: Ending::Aborted,
        chunks: 0,
    };
    let counts = vendors::is_call(vendor, path);
    Receipt { shared: Arc::clone(shared), entry, whole: MeteredUsage::default(), counts }
}

/// What is to be answered, and what is to go wrong with it.
struct Prepared {
    reply: Reply,
    faults: Vec<Fault>,
}

fn prepare(
    shared: &Shared,
    vendor: Vendor,
    parts: &Parts,
    body: &Bytes,
    hash: u64,
    receipt: &mut Receipt,
) -> Prepared {
    let read = read(parts, body);
    let is_readable = read.is_some();
    let json = read.unwrap_or(Value::Null);
    let named = vendors::model(vendor, parts.uri.path(), &json);
    let (model, mut faults) = split_model(&named);
    let counted = !shared.options.faults.is_empty()
        || faults.iter().any(|fault| matches!(fault, Fault::StatusFirst(..)));
    let nth = if receipt.counts && counted { shared.comings(hash) } else { 0 };
    if receipt.counts {
        faults.extend(shared.options.faults.draw(hash, nth));
    }
    if !vendors::can_fail_by_status(vendor, parts.uri.path()) {
        // Of two faults in the middle of a body the first decides.
        faults.iter_mut().filter(|fault| **fault == Fault::Failed).for_each(|fault| *fault = Fault::ErrorMid);
    }
    receipt.entry.model.clone_from(&named);
    let exchange = Exchange {
        vendor,
        method: &parts.method,
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or(""),
        headers: &parts.headers,
        body: &json,
        model,
        seed: shared.options.seed,
        hash,
        cache: shared.cache(vendor),
        memory: shared.memory(vendor),
        fails: faults.contains(&Fault::Failed),
        request_id: &receipt.entry.request_id,
        now: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
    };
    let reply = answer(&exchange, is_readable, shared.options.key.as_deref(), &faults, nth);
    let reply = vendors::with_headers(&exchange, reply);
    Prepared { reply, faults }
}

/// The body as JSON: a form becomes an object of its fields.
fn read(parts: &Parts, body: &Bytes) -> Option<Value> {
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    if kind.starts_with("multipart/form-data") {
        return form::read(kind, body);
    }
    if body.is_empty() { Some(Value::Null) } else { serde_json::from_slice(body).ok() }
}

fn answer(
    exchange: &Exchange<'_>,
    is_readable: bool,
    key: Option<&str>,
    faults: &[Fault],
    nth: u32,
) -> Reply {
    let status = faults.iter().find_map(|fault| match fault {
        Fault::Status(status) => Some(*status),
        Fault::StatusFirst(status, times) if nth < *times => Some(*status),
        _ => None,
    });
    if let Some(refused) = vendors::authorize(exchange, key) {
        return refused;
    }
    if !is_readable {
        return vendors::unreadable(exchange);
    }
    if let Some(status) = status {
        return vendors::failure(exchange, status);
    }
    if faults.contains(&Fault::Html) {
        return bad_gateway();
    }
    let reply = vendors::answer(exchange);
    let is_document = matches!(reply.payload, Payload::Whole(_)) && reply.status.is_success();
    if is_document && faults.contains(&Fault::ErrorMid) { vendors::failure(exchange, 500) } else { reply }
}

/// What a proxy in front of a vendor says when it finds nobody behind.
fn bad_gateway() -> Reply {
    let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n\
                <hr><center>cloud</center>\r\n</body>\r\n</html>\r\n";
    let mut html = Reply::json(StatusCode::BAD_GATEWAY, &Value::Null);
    html.content_type = "text/html";
    html.payload = Payload::Whole(Bytes::from_static(page.as_bytes()));
    html
}

async fn wait_for_first(reply: &Reply, pace: Pace, dice: &mut Dice) {
    let mut wait = pace.first(dice);
    if let (Payload::Whole(_), Pace::Realistic { gap, .. }) = (&reply.payload, pace) {
        // A long answer takes its time too, but no test waits for minutes.
        wait += gap * u32::try_from(reply.usage.output.min(200)).unwrap_or(0);
    }
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
}
