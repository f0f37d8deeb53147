//! What OpenAI's models accept, by the family that a name begins with.
//!
//! Source: the price map's flags of efforts and endpoints, the model pages, and recorded answers (read 2026-11-23).

/// A model by its name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Model<'a>(pub(crate) &'a str);

impl<'a> Model<'a> {
    /// Whether it writes texts. Families rather than a list: dated and fine-tuned names are known too.
    pub(crate) fn is_known(self) -> bool {
        let others = ["-image", "-tts", "-transcribe", "-instruct", "-realtime"];
        self.is_any_of(&["gpt-", "chatgpt-", "chat-latest", "o1", "o3", "o4", "ft:gpt-"])
            && !others.iter().any(|other| self.0.contains(other))
    }

    fn is_any_of(self, families: &[&str]) -> bool {
        families.iter().any(|family| self.0.starts_with(family))
    }

    pub(crate) fn is_o_series(self) -> bool {
        self.0.starts_with('o')
    }

    pub(crate) fn reasons(self) -> bool {
        let chats_only = self.0.contains("chat") || self.0.contains("search");
        (self.is_o_series() || self.is_any_of(&["gpt-5", "gpt-6", "gpt-daybreak"])) && !chats_only
    }

    fn is_pro(self) -> bool {
        self.0.contains("-pro")
    }

    /// Answers on `/v1/responses` alone.
    pub(crate) fn is_responses_only(self) -> bool {
        let research = self.0.contains("deep-research") || self.0.contains("computer-use");
        self.is_pro() || self.0.contains("codex") || self.0.starts_with("gpt-daybreak") || research
    }

    /// The tokens that a model reads at once, as the price map has them.
    pub(crate) fn window(self) -> u64 {
        match self.0 {
            name if name.starts_with("gpt-4.1") => 1_047_576,
            name if name.starts_with("gpt-5.4-mini") || name.starts_with("gpt-5.4-nano") => 272_000,
            _ if self.is_any_of(&["gpt-5.4", "gpt-5.5"]) => 1_050_000,
            _ if self.is_any_of(&["gpt-5.6", "gpt-6"]) => 922_000,
            _ if self.is_any_of(&["gpt-5"]) => 272_000,
            _ if self.is_o_series() => 200_000,
            _ => 128_000,
        }
    }

    /// Hears. The others take texts and pictures alone, in Chat Completions.
    pub(crate) fn takes_audio(self) -> bool {
        self.0.contains("audio")
    }

    /// Serves at the tier that is cheap and slow.
    pub(crate) fn has_flex(self) -> bool {
        !self.is_any_of(&["gpt-3", "gpt-4", "o1", "chatgpt"])
    }

    /// Calls function tools only without reasoning on `/v1/chat/completions`.
    pub(crate) fn refuses_tools_while_reasoning(self) -> bool {
        self.is_any_of(&["gpt-5.4", "gpt-5.5", "gpt-5.6", "gpt-6"])
    }

    /// Takes no stop strings. The document says so of `o3` and `o4-mini`; `o3-mini` is recorded to take them.
    pub(crate) fn refuses_stop(self) -> bool {
        self.is_any_of(&["o3", "o4-mini"]) && !self.0.starts_with("o3-mini")
    }

    /// The efforts that a model knows; none of a model that does not reason.
    pub(crate) fn efforts(self) -> &'static [&'static str] {
        match self.0 {
            _ if !self.reasons() => &[],
            _ if self.is_o_series() => &["low", "medium", "high"],
            name if name.starts_with("gpt-5.5-pro") => &["medium", "high", "xhigh"],
            name if name.starts_with("gpt-5.4-pro") => &["low", "medium", "high", "xhigh"],
            name if name.starts_with("gpt-5.2-pro") => &["minimal", "low", "medium", "high", "xhigh"],
            name if name.starts_with("gpt-5.1") => &["none", "low", "medium", "high"],
            name if name.starts_with("gpt-5.") => &["none", "low", "medium", "high", "xhigh"],
            name if name.starts_with("gpt-5") => &["minimal", "low", "medium", "high"],
            _ if self.is_any_of(&["gpt-6-astra", "gpt-6-rosalind", "gpt-6.1-sol"]) => {
                &["low", "medium", "high", "xhigh", "max"]
            }
            _ => &["none", "low", "medium", "high", "xhigh", "max"],
        }
    }

    fn default_effort(self) -> &'static str {
        let none = self.is_any_of(&["gpt-5.1", "gpt-5.2", "gpt-5.3", "gpt-5.4"]) && !self.is_responses_only();
        if none { "none" } else { "medium" }
    }

    /// The effort that a request is answered with; `none` on a model that does not reason.
    pub(crate) fn effort(self, asked: Option<&'a str>) -> &'a str {
        if self.reasons() { asked.unwrap_or_else(|| self.default_effort()) } else { "none" }
    }

    /// Says of a message whether it is a comment on the way or the answer.
    pub(crate) fn names_phases(self) -> bool {
        self.is_any_of(&["gpt-5.4", "gpt-5.5", "gpt-5.6", "gpt-6"])
    }

    /// Counts, and bills, what it writes to its cache.
    pub(crate) fn counts_cache_writes(self) -> bool {
        self.is_any_of(&["gpt-5.6", "gpt-6"])
    }

    /// A model without a date answers under its dated name, as OpenAI's older ones do.
    pub(crate) fn dated(self) -> &'a str {
        match self.0 {
            "gpt-4o" => "gpt-4o-2024-08-06",
            "gpt-4o-mini" => "gpt-4o-mini-2024-07-18",
            "gpt-4.1" => "gpt-4.1-2025-04-14",
            "gpt-4.1-mini" => "gpt-4.1-mini-2025-04-14",
            "gpt-5" => "gpt-5-2025-08-07",
            "gpt-5-mini" => "gpt-5-mini-2025-08-07",
            "gpt-5-nano" => "gpt-5-nano-2025-08-07",
            "gpt-5.4" => "gpt-5.4-2026-03-05",
            "gpt-5.5" => "gpt-5.5-2026-04-23",
            "o3" => "o3-2025-04-16",
            name => name,
        }
    }
}

/// Roughly how many tokens to think at an effort.
pub(crate) fn thought(effort: &str) -> Option<u64> {
    match effort {
        "none" => None,
        "minimal" => Some(16),
        "low" => Some(32),
        _ => Some(64),
    }
}

/// The tier that an answer names for the one that was asked for.
pub(crate) fn tier(asked: Option<&str>) -> &str {
    match asked {
        None | Some("auto" | "default" | "standard") => "default",
        Some("fast") => "priority",
        Some(tier) => tier,
    }
}
