//! What the Claude models accept, by name.
//!
//! Source: the price map's capability flags and the pages on new models (read 2026-11-23).

use serde_json::{Value, json};

pub(super) const LISTED: [&str; 9] = [
    "claude-fable-5-1",
    "claude-mythos-5-1",
    "claude-opus-5-5",
    "claude-sonnet-5-5",
    "claude-haiku-5-5",
    "claude-opus-5",
    "claude-opus-4-8",
    "claude-sonnet-4-6",
    "claude-haiku-4-5-20251001",
];

pub(super) fn is_known(model: &str) -> bool {
    model.starts_with("claude-")
}

/// A model's family and version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model<'a> {
    family: &'a str,
    version: (u32, u32),
}

impl<'a> Model<'a> {
    /// Reads `claude-opus-5-5`, `claude-haiku-4-5-20251001`, `claude-sonnet-5`; an older order counts as version 3.
    pub(super) fn named(name: &'a str) -> Self {
        let mut words = name.strip_prefix("claude-").unwrap_or(name).split('-');
        let family = words.next().unwrap_or("");
        if family.starts_with('3') {
            return Self {
                family: words.find(|word| word.parse::<u32>().is_err()).unwrap_or(""),
                version: (3, 0),
            };
        }
        let number = |word: &str| word.parse().ok().filter(|number| *number < 100);
        let Some(major) = words.next().and_then(number) else { return Self { family, version: (3, 0) } };
        Self { family, version: (major, words.next().and_then(number).unwrap_or(0)) }
    }

    fn is_at_least(self, major: u32, minor: u32) -> bool {
        self.version >= (major, minor)
    }

    fn is_story_family(self) -> bool {
        matches!(self.family, "fable" | "mythos")
    }

    /// The tokens that a model reads at once.
    pub(super) fn window(self) -> u64 {
        if self.is_at_least(4, 6) { 1_000_000 } else { 200_000 }
    }

    pub(super) fn max_output(self) -> u64 {
        if self.is_at_least(4, 6) { 128_000 } else { 64_000 }
    }

    /// A conversation may end with a turn of the assistant's.
    pub(super) fn takes_prefill(self) -> bool {
        !self.is_at_least(4, 6)
    }

    /// `temperature`, `top_p` and `top_k` may differ from the default.
    pub(super) fn takes_sampling(self) -> bool {
        let first_without = if self.family == "opus" { (4, 7) } else { (5, 0) };
        self.version < first_without
    }

    /// Temperature and top_p exclude each other.
    pub(super) fn takes_one_sampling_only(self) -> bool {
        self.is_at_least(4, 5)
    }

    pub(super) fn thinks_always(self) -> bool {
        let big = matches!(self.family, "opus" | "sonnet") && self.version == (5, 5);
        big || self.is_story_family()
    }

    /// `thinking: enabled` with a budget.
    pub(super) fn takes_budget(self) -> bool {
        !self.is_at_least(4, 7)
    }

    pub(super) fn thinks_adaptively(self) -> bool {
        self.is_at_least(4, 6)
    }

    /// Thinking may be switched off at efforts of `high` or below only.
    pub(super) fn needs_low_effort_to_stop_thinking(self) -> bool {
        self.family == "opus" && self.version == (5, 0)
    }

    /// Thoughts come empty unless they are asked for.
    pub(super) fn hides_thoughts(self) -> bool {
        self.thinks_always()
    }

    /// Seals are good on the model that made them alone.
    pub(super) fn seals_bind_to_model(self) -> bool {
        matches!((self.family, self.version), ("opus", (5, 5)) | ("fable" | "mythos", (5, 1)))
    }

    /// Seals are good in the conversation alone that they were made in.
    pub(super) fn seals_bind_to_conversation(self) -> bool {
        self.seals_bind_to_model()
    }

    pub(super) fn takes_forced_choice(self) -> bool {
        let refuses =
            matches!((self.family, self.version), ("opus" | "sonnet", (5, 5)) | ("fable" | "mythos", (5, 1)));
        !refuses
    }

    /// `system` messages may stand between the others.
    pub(super) fn takes_system_messages(self) -> bool {
        self.is_at_least(5, 0) || (self.family == "opus" && self.version == (4, 8))
    }

    /// Prefixes of fewer tokens are not cached.
    pub(super) fn min_cached(self) -> u64 {
        match (self.family, self.version) {
            ("opus", (4, 8)) | ("sonnet", (4, _) | (5, 0)) => 1_024,
            ("opus", (4, 7)) => 2_048,
            (_, (..=4, _)) => 4_096,
            _ => 512,
        }
    }

    /// The model as lists show it.
    pub(super) fn card(self, id: &str) -> Value {
        let can = |supported: bool| json!({"supported": supported});
        let adapts = self.thinks_adaptively();
        json!({
            "type": "model", "id": id, "display_name": id.replace("claude-", "Claude ").replace('-', " "),
            "created_at": "2026-09-01T00:00:00Z", "lifecycle": "active", "line": self.family,
            "deprecated_at": null, "retires_at": null,
            "max_tokens": self.max_output(), "max_input_tokens": self.window(),
            "capabilities": {
                "batch": can(true), "citations": can(true), "code_execution": can(true), "image_input": can(true),
                "pdf_input": can(true), "structured_outputs": can(self.is_at_least(4, 5)),
                "context_management": {"supported": true},
                "effort": {
                    "supported": adapts, "low": can(adapts), "medium": can(adapts), "high": can(adapts),
                    "xhigh": can(self.is_at_least(4, 7)), "max": can(adapts),
                },
                "server_tools": {"supported": true, "code_execution": can(true), "web_search": can(true)},
                "thinking": {"supported": true, "types": {
                    "adaptive": can(adapts), "between_tools": can(adapts),
                    "disabled": can(!self.thinks_always()), "enabled": can(self.takes_budget()),
                }},
            },
        })
    }
}
