//! Sampling and stop texts: what the model takes of them.

use tollgate_model::{ChatRequest, Losses};
use tollgate_provider::Target;

/// The least `top_p` that is taken while the model thinks.
const MIN_TOP_P_THINKING: f64 = 0.95;

/// What is sent.
#[derive(Debug, Default)]
pub(super) struct Sampled<'a> {
    pub(super) temperature: Option<f64>,
    pub(super) top_p: Option<f64>,
    pub(super) top_k: Option<u64>,
    pub(super) stop_sequences: Vec<&'a str>,
}

pub(super) fn plan<'a>(
    target: &Target<'_>,
    request: &'a ChatRequest,
    thinks: bool,
    losses: &mut Losses,
) -> Sampled<'a> {
    let refused = target.card.and_then(|card| card.rules.sampling) == Some(false);
    let mut sampled =
        Sampled { stop_sequences: stop_sequences(target, request, losses), ..Sampled::default() };
    drop_penalties(request, losses);
    let asked = &request.sampling;
    if refused {
        // The default of the format says what leaving it out says: nothing is lost then.
        if asked.temperature.is_some_and(|temperature| temperature != 1.0) {
            losses.dropped("sampling.temperature", "the model refuses it");
        }
        if asked.top_p.is_some_and(|top_p| top_p != 1.0) {
            losses.dropped("sampling.top_p", "the model refuses it");
        }
        if asked.top_k.is_some() {
            losses.dropped("sampling.top_k", "the model refuses it");
        }
        return sampled;
    }
    sampled.temperature = temperature(asked.temperature, thinks, losses);
    sampled.top_p = top_p(asked.top_p, sampled.temperature.is_some(), thinks, losses);
    sampled.top_k = asked.top_k.filter(|_| {
        if thinks {
            losses.dropped("sampling.top_k", "it is refused while the model thinks");
        }
        !thinks
    });
    sampled
}

fn temperature(asked: Option<f64>, thinks: bool, losses: &mut Losses) -> Option<f64> {
    let asked = asked?;
    if thinks && asked != 1.0 {
        losses.dropped("sampling.temperature", "it is refused while the model thinks");
        return None;
    }
    let taken = asked.clamp(0.0, 1.0);
    if taken != asked {
        losses.approximated("sampling.temperature", "the format takes 0 to 1");
    }
    Some(taken)
}

/// Current models refuse `top_p` beside `temperature`; the latter is what most clients mean.
fn top_p(asked: Option<f64>, beside: bool, thinks: bool, losses: &mut Losses) -> Option<f64> {
    let asked = asked?;
    let why = if beside {
        "it is refused beside a temperature"
    } else if thinks && asked < MIN_TOP_P_THINKING {
        "less than 0.95 is refused while the model thinks"
    } else {
        return Some(asked);
    };
    if asked != 1.0 {
        losses.dropped("sampling.top_p", why);
    }
    None
}

fn drop_penalties(request: &ChatRequest, losses: &mut Losses) {
    const NONE: &str = "the format has no such setting";
    let asked = &request.sampling;
    if asked.presence_penalty.is_some_and(|penalty| penalty != 0.0) {
        losses.dropped("sampling.presence_penalty", NONE);
    }
    if asked.frequency_penalty.is_some_and(|penalty| penalty != 0.0) {
        losses.dropped("sampling.frequency_penalty", NONE);
    }
    if asked.seed.is_some() {
        losses.dropped("sampling.seed", NONE);
    }
    if !asked.logit_bias.is_empty() {
        losses.dropped("sampling.logit_bias", NONE);
    }
}

fn stop_sequences<'a>(target: &Target<'_>, request: &'a ChatRequest, losses: &mut Losses) -> Vec<&'a str> {
    if !request.stop.is_empty() && target.card.and_then(|card| card.rules.stop) == Some(false) {
        losses.dropped("stop", "the model refuses it");
        return Vec::new();
    }
    let mut taken = Vec::with_capacity(request.stop.len());
    for (index, stop) in request.stop.iter().enumerate() {
        if stop.trim().is_empty() {
            losses.dropped(format!("stop[{index}]"), "a blank stop text is refused");
        } else {
            taken.push(stop.as_str());
        }
    }
    taken
}
