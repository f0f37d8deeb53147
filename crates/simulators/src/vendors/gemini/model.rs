//! What the Gemini models accept, by name.

pub(super) fn is_known(model: &str) -> bool {
    model.starts_with("gemini-") || model.starts_with("gemma-")
}

/// Answers by interactions alone, as the price map says of it.
pub(super) fn is_interactions_only(model: &str) -> bool {
    model.starts_with("gemini-omni-")
}

/// The generation, `25` of `gemini-2.5-flash`; a name without a number is of the latest flash.
pub(super) fn generation(model: &str) -> u32 {
    let Some(rest) = model.strip_prefix("gemini-") else { return 20 };
    let number = rest.split('-').next().unwrap_or("");
    let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
    match (major.parse::<u32>(), minor.parse::<u32>()) {
        (Ok(major), Ok(minor)) => major * 10 + minor,
        _ => 38,
    }
}

/// Whether thinking is on without being asked for.
pub(super) fn thinks(model: &str) -> bool {
    let generation = generation(model);
    generation >= 25 && !(generation == 25 && model.contains("lite"))
}

/// A call of these must come back with the signature it came with.
pub(super) fn needs_signatures(model: &str) -> bool {
    generation(model) >= 30
}
