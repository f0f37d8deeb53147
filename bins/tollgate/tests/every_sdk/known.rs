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

const NOTHING_THERE: &str = "there is nothing at";

pub(crate) static KNOWN: [Known; 3] = [
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
