//! Where the scenarios are played: at a vendor's simulator itself, and on each provider behind the gateway.

use serde_json::{Value, json};
use tollgate_simulators::{Simulators, Vendor};

pub(crate) const PROVIDER_KEY: &str = "sk-of-the-provider";
const GATEWAY_KEY: &str = "sk-of-the-gateway";

/// The models of one vendor, by what they are asked for.
struct Models {
    vendor: Vendor,
    usual: &'static str,
    /// Takes stop texts and says nothing but the answer.
    stopping: &'static str,
    vision: &'static str,
    reasoning: &'static str,
    /// Empty: it has none.
    embedding: &'static str,
    /// How the usual one is called where models are listed.
    listed: &'static str,
}

const MODELS: [Models; 6] = [
    Models {
        vendor: Vendor::OpenAi,
        usual: "gpt-4o",
        stopping: "gpt-4o",
        vision: "gpt-4o",
        reasoning: "gpt-5",
        embedding: "text-embedding-3-small",
        listed: "gpt-4o",
    },
    Models {
        vendor: Vendor::Anthropic,
        usual: "claude-sonnet-4-6",
        stopping: "claude-sonnet-4-6",
        vision: "claude-sonnet-4-6",
        reasoning: "claude-sonnet-4-6",
        embedding: "",
        listed: "claude-sonnet-4-6",
    },
    Models {
        vendor: Vendor::Gemini,
        usual: "gemini-3.5-flash",
        stopping: "gemini-3.5-flash",
        vision: "gemini-3.5-flash",
        reasoning: "gemini-3.5-flash",
        embedding: "gemini-embedding-001",
        listed: "gemini-3.5-flash",
    },
    Models {
        vendor: Vendor::Xai,
        usual: "grok-4.7",
        stopping: "grok-4.20-0309-non-reasoning",
        vision: "grok-4.7",
        reasoning: "grok-4.7",
        embedding: "",
        listed: "grok-4.7",
    },
    Models {
        vendor: Vendor::Ollama,
        usual: "llama3.2",
        stopping: "llama3.2",
        vision: "qwen3-vl:8b",
        reasoning: "qwen3:8b",
        embedding: "nomic-embed-text",
        listed: "llama3.2:latest",
    },
    // Names with a slash of their own, as such servers have them.
    Models {
        vendor: Vendor::Compatible,
        usual: "meta-llama/Llama-3.2-3B-Instruct",
        stopping: "meta-llama/Llama-3.2-3B-Instruct",
        vision: "meta-llama/Llama-3.2-3B-Instruct",
        reasoning: "Qwen/Qwen3-8B",
        embedding: "BAAI/bge-m3",
        listed: "meta-llama/Llama-3.2-3B-Instruct",
    },
];

/// One place to play at.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) vendor: Vendor,
    /// Whether there is no gateway in between.
    pub(crate) is_direct: bool,
    base_url: String,
    key: &'static str,
}

impl Target {
    /// The vendor's simulator itself.
    pub(crate) fn direct(vendor: Vendor, simulators: &Simulators) -> Self {
        // The scripts add what is behind host and port.
        let base_url = simulators.base_url(vendor).trim_end_matches("/v1").to_owned();
        Self { vendor, is_direct: true, base_url, key: PROVIDER_KEY }
    }

    /// All providers behind a gateway. None, while it has no door for the format.
    pub(crate) fn behind(gateway: &str, is_open: bool) -> Vec<Self> {
        let target = |models: &Models| Self {
            vendor: models.vendor,
            is_direct: false,
            base_url: gateway.to_owned(),
            key: GATEWAY_KEY,
        };
        if is_open { MODELS.iter().map(target).collect() } else { Vec::new() }
    }

    /// What the scripts call it.
    pub(crate) fn name(&self) -> String {
        format!("{}{}", self.vendor, if self.is_direct { "-direct" } else { "" })
    }

    /// As the scripts read it.
    fn json(&self) -> Value {
        let models = MODELS.iter().find(|models| models.vendor == self.vendor).unwrap();
        let name = |model: &str| match self.is_direct {
            true => model.to_owned(),
            false => format!("{}/{model}", self.vendor),
        };
        // What a vendor's SDK cannot notice by itself, the gateway tells it.
        let without = json!({"cut_stream": "not every SDK notices a stream that ends early"});
        json!({
            "name": self.name(), "base_url": self.base_url, "key": self.key,
            "models": {
                "usual": name(models.usual), "stopping": name(models.stopping), "vision": name(models.vision),
                "reasoning": name(models.reasoning), "embedding": name(models.embedding), "listed": name(models.listed),
                // One that the gateway does not know, and one that its provider does not.
                "missing": "no-such-model", "absent": name("no-such-model"),
            },
            "without": if self.is_direct { without } else { json!({}) },
        })
    }
}

pub(crate) fn to_json(targets: &[Target]) -> String {
    Value::from(targets.iter().map(Target::json).collect::<Vec<_>>()).to_string()
}

/// The simulated providers, and a key for the applications.
pub(crate) fn configuration(simulators: &Simulators) -> String {
    let providers = Vendor::SERVED.map(|vendor| {
        let base_url = simulators.base_url(vendor);
        let more = match vendor {
            Vendor::Ollama => String::new(),
            Vendor::Compatible => format!("kind = \"openai-compatible\"\napi_key = {PROVIDER_KEY:?}\n"),
            _ => format!("api_key = {PROVIDER_KEY:?}\n"),
        };
        format!("[providers.{vendor}]\nbase_url = {base_url:?}\n{more}")
    });
    format!("{}[[keys]]\nname = \"sdk-tests\"\nsecret = {GATEWAY_KEY:?}\n", providers.concat())
}
