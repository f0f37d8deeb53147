//! Reads a whole body into memory, up to a limit.

use std::{future::poll_fn, pin::Pin};

use bytes::{Bytes, BytesMut};
use http_body::Body;

/// Why a body could not be read as a whole.
#[derive(Debug, thiserror::Error)]
pub enum CollectError<E> {
    /// It is larger than is taken. What follows was not read.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The most bytes that are taken.
        limit: usize,
    },
    /// It broke off.
    #[error(transparent)]
    Broken(E),
}

/// A body in a single piece that is shorter is copied: as it came, it is a part of the buffer that it was read into,
/// and would keep all of that for as long as it lives.
const COPIED_BYTES: usize = 16 * 1024;

/// Reads a whole body. A large one that comes in a single piece is not copied.
///
/// # Errors
/// More than `limit` bytes, or the body's own error. A body that says beforehand that it is too large is not read at all.
pub async fn collect<B>(mut body: B, limit: usize) -> Result<Bytes, CollectError<B::Error>>
where
    B: Body<Data = Bytes> + Unpin,
{
    if body.size_hint().lower() > limit as u64 {
        return Err(CollectError::TooLarge { limit });
    }
    let Some(first) = next_chunk(&mut body).await.map_err(CollectError::Broken)? else {
        return Ok(Bytes::new());
    };
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(0);
    if body.is_end_stream() && first.len() <= limit {
        return Ok(if first.len() < COPIED_BYTES { Bytes::copy_from_slice(&first) } else { first });
    }
    let mut joined = BytesMut::with_capacity(first.len() + expected.min(limit));
    let mut next = Some(first);
    while let Some(chunk) = next {
        if joined.len() + chunk.len() > limit {
            return Err(CollectError::TooLarge { limit });
        }
        joined.extend_from_slice(&chunk);
        next = next_chunk(&mut body).await.map_err(CollectError::Broken)?;
    }
    Ok(joined.freeze())
}

/// Waits for the next piece that is not empty. `None` after the last.
///
/// # Errors
/// The body's own.
pub async fn next_chunk<B>(body: &mut B) -> Result<Option<Bytes>, B::Error>
where
    B: Body<Data = Bytes> + Unpin,
{
    loop {
        match poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
            None => return Ok(None),
            Some(Err(error)) => return Err(error),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(chunk) if !chunk.is_empty() => return Ok(Some(chunk)),
                Ok(_) | Err(_) => {}
            },
        }
    }
}
