//! Settings that the vendor's formats share, brought within its limits.

use tollgate_model::{ChatRequest, Losses};
use tollgate_provider::Target;

/// The most stop texts that are taken.
const MAX_STOP_SEQUENCES: usize = 5;

/// The most output tokens, brought to what the model can write.
pub(crate) fn max_output_tokens(
    target: &Target<'_>,
    request: &ChatRequest,
    losses: &mut Losses,
) -> Option<u64> {
    let asked = request.max_output_tokens?;
    let maximum = target.card.and_then(|card| card.max_output_tokens).filter(|maximum| asked > *maximum);
    if let Some(maximum) = maximum {
        losses.approximated("max_output_tokens", format!("the model's maximum is {maximum}"));
    }
    Some(maximum.unwrap_or(asked))
}

/// The stop texts that are taken.
pub(crate) fn stop_sequences<'a>(
    target: &Target<'_>,
    request: &'a ChatRequest,
    losses: &mut Losses,
) -> Vec<&'a str> {
    if !request.stop.is_empty() && target.card.and_then(|card| card.rules.stop) == Some(false) {
        losses.dropped("stop", "the model refuses it");
        return Vec::new();
    }
    let mut taken = Vec::with_capacity(request.stop.len());
    for (index, stop) in request.stop.iter().enumerate() {
        if stop.is_empty() {
            losses.dropped(format!("stop[{index}]"), "an empty stop text is refused");
        } else if taken.len() == MAX_STOP_SEQUENCES {
            losses.dropped(format!("stop[{index}]"), "the format takes five stop texts");
        } else {
            taken.push(stop.as_str());
        }
    }
    taken
}

/// The seed: the vendor's have 32 bits.
pub(crate) fn seed(request: &ChatRequest, losses: &mut Losses) -> Option<i32> {
    let asked = request.sampling.seed?;
    let fitting = i32::try_from(asked).ok();
    if fitting.is_none() {
        losses.approximated("sampling.seed", "a seed has 32 bits: the lower 31 are sent");
    }
    fitting.or_else(|| i32::try_from(asked & i64::from(i32::MAX)).ok())
}
