//! What the Gemini models accept, by name.

/// The words of which names are made, beside numbers.
const WORDS: [&str; 36] = [
    "argon",
    "audio",
    "banana",
    "carbon",
    "computer",
    "customtools",
    "dialog",
    "embedding",
    "er",
    "exp",
    "extended",
    "flash",
    "generation",
    "hydrogen",
    "image",
    "it",
    "latest",
    "lite",
    "live",
    "nano",
    "native",
    "neon",
    "omni",
    "preview",
    "pro",
    "robotics",
    "streaming",
    "thinking",
    "transcribe",
    "translate",
    "tts",
    "ultra",
    "use",
    "vision",
    "think",
    "deep",
];

/// Families rather than a list; a word that no name has is a slip.
pub(super) fn is_known(model: &str) -> bool {
    if model.starts_with("gemma-") {
        return true;
    }
    let is_word =
        |word: &str| WORDS.contains(&word) || word.starts_with(|first: char| first.is_ascii_digit());
    model.strip_prefix("gemini-").is_some_and(|rest| rest.split('-').all(is_word))
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
