//! Lays faults and pace upon an answer: which steps the body takes, and how it ends.

use std::collections::VecDeque;

use bytes::Bytes;
use http::{HeaderValue, Response, header};

use crate::{
    Fault,
    body::{Playback, Receipt, Step},
    dice::Dice,
    meter::{Ending, MeteredUsage},
    options::Pace,
    reply::{Chunk, Payload, Reply},
};

/// No JSON, no UTF-8, and no end of a string.
const GARBAGE: &[u8] = b"data: {\"id\": \x00\xff\xfe]}{{\n\n";

/// Makes the HTTP response.
pub(crate) fn respond(
    reply: Reply,
    faults: &[Fault],
    pace: Pace,
    dice: &mut Dice,
    mut receipt: Receipt,
) -> Response<Playback> {
    receipt.entry.status = reply.status.as_u16();
    receipt.entry.usage = MeteredUsage { output: 0, reasoning: 0, ..reply.usage };
    receipt.whole = reply.usage;
    // An error is delivered as it is.
    let faults = if reply.status.is_success() { faults } else { &[] };
    let lies_about_length =
        [Fault::NoEnd, Fault::Empty, Fault::Garbage].iter().any(|fault| faults.contains(fault));
    let mut announced = None;
    let mut steps = match reply.payload {
        Payload::Whole(bytes) => {
            announced = (!lies_about_length).then_some(bytes.len() as u64);
            document(bytes, reply.usage.output, faults)
        }
        Payload::Stream(chunks) => stream(chunks, faults, pace, dice),
    };
    let ending = disturb(&mut steps, faults, reply.error_event, receipt.entry.streamed);
    if steps.is_empty() {
        receipt.finish(ending);
    }
    let mut response = Response::new(Playback { steps, sleep: None, announced, ending, receipt });
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    headers.extend(reply.headers);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    response
}

/// A document goes out at once; one that is to break goes out in halves.
fn document(bytes: Bytes, tokens: u64, faults: &[Fault]) -> VecDeque<Step> {
    if faults.is_empty() {
        return VecDeque::from([Step::Send(bytes, tokens)]);
    }
    let half = bytes.len() / 2;
    VecDeque::from([Step::Send(bytes.slice(..half), tokens), Step::Send(bytes.slice(half..), 0)])
}

fn stream(chunks: Vec<Chunk>, faults: &[Fault], pace: Pace, dice: &mut Dice) -> VecDeque<Step> {
    let kept = chunks.into_iter().filter(|chunk| !(chunk.is_end && faults.contains(&Fault::NoEnd)));
    let mut steps = VecDeque::new();
    for chunk in kept {
        let gap = pace.gap(dice);
        if !gap.is_zero() && !steps.is_empty() {
            steps.push_back(Step::Wait(gap));
        }
        steps.push_back(Step::Send(chunk.bytes, chunk.tokens));
    }
    steps
}

/// Applies the first fault that concerns the body, in the middle of it.
fn disturb(
    steps: &mut VecDeque<Step>,
    faults: &[Fault],
    error_event: fn(u64) -> Bytes,
    streamed: bool,
) -> Ending {
    let half = steps.len().div_ceil(2);
    for fault in faults {
        match fault {
            Fault::Cut => {
                break_off(steps, half, Step::Flush);
                steps.push_back(Step::Break);
            }
            Fault::Stall => break_off(steps, half, Step::Stall),
            Fault::ErrorMid => {
                let sent = steps.iter().take(half).filter(|step| matches!(step, Step::Send(..))).count();
                break_off(steps, half, Step::Send(error_event(sent as u64), 0));
            }
            // The vendor has written it into the answer itself.
            Fault::Failed => {}
            // A stream has lost its end already; a document loses its second half.
            Fault::NoEnd => steps.truncate(if streamed { steps.len() } else { half }),
            Fault::Garbage => steps.insert(half, Step::Send(Bytes::from_static(GARBAGE), 0)),
            Fault::Empty => steps.clear(),
            Fault::Status(_) | Fault::StatusFirst(..) | Fault::Slow | Fault::Reset | Fault::Html => continue,
        }
        return Ending::Broken;
    }
    Ending::Completed
}

fn break_off(steps: &mut VecDeque<Step>, at: usize, last: Step) {
    steps.truncate(at);
    steps.push_back(last);
}
