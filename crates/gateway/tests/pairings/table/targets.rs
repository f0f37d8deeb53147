//! The columns: who is asked, and for which model.

use tollgate_catalog::{Catalog, Model};
use tollgate_model::{ChatRequest, Format, Losses, ModelName, ProviderName, RequestError};
use tollgate_provider::{Provider, RequestFacts, Target, carried};

use crate::formats::{Pair, all};

/// Who is asked.
pub(crate) struct Column {
    /// As the table calls it.
    pub(crate) title: &'static str,
    pub(crate) provider: Box<dyn Provider>,
    /// Whose proofs it takes.
    pub(crate) issuer: Format,
    /// Reads what is sent there. `None`: no client speaks it.
    pub(crate) reader: Option<Pair>,
    /// A current model of the vendor. `None`: the catalogue knows none.
    pub(crate) card: Option<Model>,
}

/// All columns.
pub(crate) fn columns() -> Vec<Column> {
    let name = || ProviderName::new("any");
    let url = |url: &str| url.parse().unwrap();
    let openai = || url("http://127.0.0.1/v1");
    let bare = || url("http://127.0.0.1");
    let column = |title, provider: Box<dyn Provider>, card| {
        let reader = all().into_iter().find(|pair| pair.format() == provider.format());
        Column { title, issuer: provider.format().clone(), reader, card, provider }
    };
    let mut xai = column(
        "xAI responses",
        Box::new(tollgate_xai::responses_provider(name(), openai())),
        card("xai", "grok-4.7"),
    );
    xai.issuer = tollgate_xai::REASONING_ISSUER;
    vec![
        column(
            "OpenAI chat",
            Box::new(tollgate_openai::ChatProvider::new(name(), openai())),
            card("openai", "gpt-6.1-sol"),
        ),
        column(
            "OpenAI responses",
            Box::new(tollgate_openai::ResponsesProvider::new(name(), openai())),
            card("openai", "gpt-6.1-sol"),
        ),
        column(
            "Anthropic",
            Box::new(tollgate_anthropic::MessagesProvider::new(name(), bare())),
            card("anthropic", "claude-opus-5-5"),
        ),
        column(
            "Gemini",
            Box::new(tollgate_gemini::GenerateContentProvider::new(name(), bare())),
            card("gemini", "gemini-4-argon"),
        ),
        column(
            "Interactions",
            Box::new(tollgate_gemini::InteractionsProvider::new(name(), bare())),
            card("gemini", "gemini-4-argon"),
        ),
        column("xAI chat", Box::new(tollgate_xai::provider(name(), openai())), card("xai", "grok-4.7")),
        xai,
        column("Ollama", Box::new(tollgate_local::ollama::ChatProvider::new(name(), bare())), None),
        column("compatible", Box::new(tollgate_local::compatible::provider(name(), openai())), None),
    ]
}

fn card(provider: &str, model: &str) -> Option<Model> {
    let card = Catalog::builtin().find(provider, model).cloned();
    assert!(card.is_some(), "the catalogue no longer has {provider}/{model}: take a newer one");
    card
}

impl Column {
    /// Writes a request, as it is sent.
    pub(crate) fn write(
        &self,
        card: Option<&Model>,
        request: &ChatRequest,
    ) -> Result<(Vec<u8>, Losses), RequestError> {
        let any = ModelName::new("m");
        let model = card.map_or(&any, |card| &card.id);
        let encoded = self.provider.encode_request(&Target { model, card }, request)?;
        Ok((encoded.request.body().to_vec(), encoded.losses))
    }

    /// Passes a client's own bytes on. `None`: they are translated.
    pub(crate) fn relayed(&self, client: &Pair, body: &[u8]) -> Option<Vec<u8>> {
        let same = client.format() == self.provider.format() && !carried::is_in(body);
        let relay = self.provider.relay().filter(|_| same)?;
        let facts: RequestFacts = client.facts(body);
        let sent = relay.request(
            &ModelName::new("m"),
            &facts,
            &http::HeaderMap::new(),
            &bytes::Bytes::copy_from_slice(body),
        );
        Some(sent.body().to_vec())
    }
}
