//! Runs a stream's body, cut anywhere, through a provider's decoder, as the pipeline does.

use tollgate_model::{ChatEvent, ChatRequest, ProviderError};

use crate::{Frame, Framer, Provider};

/// What came of a stream.
#[derive(Debug)]
pub struct Replayed {
    /// The events, up to the end or the error.
    pub events: Vec<ChatEvent>,
    /// The error that ended it, if one did.
    pub error: Option<ProviderError>,
}

impl Replayed {
    /// Tells whether the answer came to its end.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self.events.last(), Some(ChatEvent::Finish))
    }
}

/// Decodes a stream that arrives in `chunks` and then ends.
pub fn stream<'a>(
    provider: &dyn Provider,
    request: &ChatRequest,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Replayed {
    let mut decoder = provider.stream_decoder(request);
    let mut framer = Framer::new(provider.framing());
    let mut events = Vec::new();
    let feed = || -> Result<(), ProviderError> {
        for chunk in chunks {
            framer.feed(chunk, |frame| decoder.decode(frame, &mut events))?;
        }
        framer.finish(|frame| decoder.decode(frame, &mut events))?;
        decoder.finish(&mut events)
    };
    let error = feed().err();
    Replayed { events, error }
}

/// Decodes a stream of these frames, each with an empty buffer for its events.
#[must_use]
pub fn frames(provider: &dyn Provider, request: &ChatRequest, frames: &[OwnedFrame]) -> Replayed {
    let mut decoder = provider.stream_decoder(request);
    let mut events = Vec::new();
    for frame in frames {
        let mut buffer = Vec::new();
        let result = decoder.decode(frame.borrow(), &mut buffer);
        events.append(&mut buffer);
        if let Err(error) = result {
            return Replayed { events, error: Some(error) };
        }
    }
    let mut buffer = Vec::new();
    let error = decoder.finish(&mut buffer).err();
    events.append(&mut buffer);
    Replayed { events, error }
}

/// A frame that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedFrame {
    /// The event's name, where the format has one.
    pub event: Option<Vec<u8>>,
    /// What it says.
    pub data: Vec<u8>,
}

impl OwnedFrame {
    /// Lends it to a decoder.
    #[must_use]
    pub fn borrow(&self) -> Frame<'_> {
        Frame { event: self.event.as_deref(), data: &self.data }
    }
}

/// Cuts a body into its frames.
///
/// # Errors
/// A frame that is too long.
pub fn cut(provider: &dyn Provider, body: &[u8]) -> Result<Vec<OwnedFrame>, ProviderError> {
    let mut frames = Vec::new();
    let mut keep = |frame: Frame<'_>| {
        frames.push(OwnedFrame { event: frame.event.map(<[u8]>::to_vec), data: frame.data.to_vec() });
        Ok(())
    };
    let mut framer = Framer::new(provider.framing());
    framer.feed(body, &mut keep)?;
    framer.finish(&mut keep)?;
    Ok(frames)
}
