//! The SDKs, each with the script that plays it.

use tollgate_simulators::Vendor;

/// One SDK as it speaks one format.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) name: &'static str,
    /// Two short words for the head of a column.
    pub(crate) head: [&'static str; 2],
    pub(crate) script: &'static str,
    /// Which of its formats an SDK of several speaks.
    pub(crate) door: &'static str,
    /// Whose format it is.
    pub(crate) own: Vendor,
    /// Whether the gateway takes the format. If not, only the vendor itself is spoken to.
    pub(crate) is_open: bool,
}

const fn client(
    name: &'static str,
    head: [&'static str; 2],
    script: &'static str,
    door: &'static str,
    own: Vendor,
) -> Client {
    Client { name, head, script, door, own, is_open: true }
}

/// `/v1/responses` of the gateway.
const RESPONSES_IS_OPEN: bool = true;

/// All of them, in the order of the table.
pub(crate) static CLIENTS: [Client; 14] = [
    client("openai chat, Python", ["chat", "py"], "every/openai_chat.py", "", Vendor::OpenAi),
    client("openai chat, Node", ["chat", "js"], "every/openai_chat.mjs", "", Vendor::OpenAi),
    Client {
        is_open: RESPONSES_IS_OPEN,
        ..client("openai responses, Python", ["resp", "py"], "every/openai_responses.py", "", Vendor::OpenAi)
    },
    Client {
        is_open: RESPONSES_IS_OPEN,
        ..client("openai responses, Node", ["resp", "js"], "every/openai_responses.mjs", "", Vendor::OpenAi)
    },
    client("anthropic, Python", ["anthr", "py"], "every/anthropic_messages.py", "", Vendor::Anthropic),
    client("anthropic, Node", ["anthr", "js"], "every/anthropic_messages.mjs", "", Vendor::Anthropic),
    client("google-genai, Python", ["genai", "py"], "every/gemini_content.py", "", Vendor::Gemini),
    client("google-genai, Node", ["genai", "js"], "every/gemini_content.mjs", "", Vendor::Gemini),
    client(
        "google-genai interactions, Python",
        ["inter", "py"],
        "every/gemini_interactions.py",
        "",
        Vendor::Gemini,
    ),
    client(
        "google-genai interactions, Node",
        ["inter", "js"],
        "every/gemini_interactions.mjs",
        "",
        Vendor::Gemini,
    ),
    client("ai-sdk openai-compatible", ["ai-sdk", "chat"], "every/ai_sdk.mjs", "chat", Vendor::OpenAi),
    Client {
        is_open: RESPONSES_IS_OPEN,
        ..client("ai-sdk openai", ["ai-sdk", "resp"], "every/ai_sdk.mjs", "responses", Vendor::OpenAi)
    },
    client("ai-sdk anthropic", ["ai-sdk", "anthr"], "every/ai_sdk.mjs", "messages", Vendor::Anthropic),
    client("ai-sdk google", ["ai-sdk", "genai"], "every/ai_sdk.mjs", "content", Vendor::Gemini),
];
