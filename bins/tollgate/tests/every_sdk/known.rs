//! What is known to fail, each entry with what is wrong in the gateway. An entry goes when its bug is gone.

use tollgate_simulators::Vendor;

use crate::clients::Client;

/// One bug and where it shows.
#[derive(Debug)]
pub(crate) struct Known {
    /// What the clients' names begin with.
    clients: &'static [&'static str],
    /// Empty: all.
    vendors: &'static [Vendor],
    scenarios: &'static [&'static str],
    /// What the failure says: another failure at the same place is not known.
    pub(crate) says: &'static str,
    pub(crate) reason: &'static str,
}

const CHAT: [&str; 2] = ["openai chat", "ai-sdk openai-compatible"];
const MESSAGES: [&str; 2] = ["anthropic", "ai-sdk anthropic"];
const CONTENT: [&str; 2] = ["google-genai", "ai-sdk google"];
const NEVER_REACHED: &str = "it never reached the provider";
const NOTHING_THERE: &str = "there is nothing at";

pub(crate) static KNOWN: [Known; 9] = [
    Known {
        clients: &MESSAGES,
        vendors: &[Vendor::Xai],
        scenarios: &["tool_loop", "reasoning", "reasoning_stream", "reasoning_back"],
        says: "does not support reasoning effort minimal",
        reason: "a thinking budget of 1024 becomes the effort `minimal`, which xAI does not know: its least is `low`",
    },
    Known {
        clients: &CHAT,
        vendors: &[Vendor::Anthropic],
        scenarios: &["tool_loop", "reasoning_back"],
        says: NEVER_REACHED,
        reason: "a client that sends `reasoning_content` back loses the signature: unsigned reasoning is taken for a proof, \
                 so the kept one is not put back, and then it is dropped",
    },
    Known {
        clients: &CHAT,
        vendors: &[Vendor::Gemini],
        scenarios: &["reasoning_back"],
        says: NEVER_REACHED,
        reason: "the same, of the signature on Gemini's text",
    },
    Known {
        clients: &MESSAGES,
        vendors: &[Vendor::Gemini],
        scenarios: &["reasoning_back"],
        says: NEVER_REACHED,
        reason: "beside a thought that the client does carry, only calls get their signatures back, not texts",
    },
    Known {
        clients: &CONTENT,
        vendors: &[Vendor::Ollama],
        scenarios: &["text", "stream"],
        says: "the answer has an id",
        reason: "Gemini's door leaves `responseId` out where the provider gave none; the other doors make one",
    },
    Known {
        clients: &["anthropic", "google-genai"],
        vendors: &[],
        scenarios: &["count_tokens"],
        says: NOTHING_THERE,
        reason: "no door counts tokens yet",
    },
    Known {
        clients: &["openai responses"],
        vendors: &[],
        scenarios: &["count_tokens"],
        says: "405",
        reason: "no door counts tokens yet: `/v1/responses/input_tokens` is taken for an answer's id",
    },
    Known {
        clients: &["openai", "anthropic", "google-genai"],
        vendors: &[Vendor::Compatible],
        scenarios: &["models"],
        says: "the model is listed",
        reason: "servers like vLLM are not asked for their models, as Ollama is",
    },
    Known {
        clients: &["openai chat", "ai-sdk", "google-genai"],
        vendors: &[],
        scenarios: &["embeddings"],
        says: NOTHING_THERE,
        reason: "no door embeds yet",
    },
];

impl Known {
    /// Whether this is listed for a place.
    pub(crate) fn lists(&self, client: &Client, vendor: Vendor, scenario: &str) -> bool {
        self.clients.iter().any(|start| client.name.starts_with(start))
            && (self.vendors.is_empty() || self.vendors.contains(&vendor))
            && self.scenarios.contains(&scenario)
    }
}
