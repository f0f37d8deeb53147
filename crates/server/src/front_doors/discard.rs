//! What happens to the rest of a refused request.

use std::time::Duration;

use http::HeaderMap;
use http_body::Body as _;
use hyper::body::Incoming;
use tollgate_provider::collect::next_chunk;

/// How long what a refused client is still sending is read, and how much of it.
const MAX_DISCARD: Duration = Duration::from_secs(5);
/// Twice what is taken by default: an honest client is rarely wrong by more.
const MAX_DISCARD_BYTES: usize = 64 * 1024 * 1024;

/// Reads what is left of a request that has its answer already, within limits.
pub(super) async fn discard_rest(body: &mut Incoming, waits_for_leave: bool) {
    if !body.is_end_stream() && !waits_for_leave {
        let discarding = discard(body, MAX_DISCARD_BYTES);
        // Too slow, too large, broken off: then the client may miss the answer, and the connection ends.
        let _ = tokio::time::timeout(MAX_DISCARD, discarding).await;
    }
}

/// Whether the client sends its body only after it was told to.
pub(super) fn waits_for_leave(headers: &HeaderMap) -> bool {
    headers.contains_key(http::header::EXPECT)
}

/// Reads what a refused client is still sending, and keeps none of it. Many clients read no answer before they have sent
/// all; closing while they send resets the connection, and they see that instead of the answer.
async fn discard(body: &mut Incoming, mut left: usize) {
    while let Ok(Some(chunk)) = next_chunk(body).await {
        match left.checked_sub(chunk.len()) {
            Some(less) => left = less,
            None => return,
        }
    }
}
