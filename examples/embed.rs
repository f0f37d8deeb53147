//! Puts a gateway into a program of your own: two providers, a name with a fallback, a recorded call.
//!
//! Run it with `cargo run -p tollgate-examples --example embed`. It talks to simulated providers; give it the vendors' base
//! URLs and keys, and it talks to those.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{error::Error, sync::Arc};

use tollgate::{CallOptions, Endpoint, Gateway};
use tollgate_model::{ChatRequest, Message, ModelName, ProviderName};
use tollgate_provider::{Secret, Transport};
use tollgate_router::Target;
use tollgate_simulators::{Options, Simulators, Vendor};
use tollgate_telemetry::{CallFilter, Store};
use tollgate_transport::HttpTransport;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let simulators = Simulators::start(Options::default()).await?;
    let transport: Arc<dyn Transport> = Arc::new(HttpTransport::new(tollgate_transport::Options::default())?);
    let key = Secret::new("a-key".to_owned());

    let openai = tollgate_openai::ChatProvider::new(
        ProviderName::new("openai"),
        simulators.base_url(Vendor::OpenAi).parse()?,
    );
    let anthropic = tollgate_anthropic::MessagesProvider::new(
        ProviderName::new("anthropic"),
        simulators.base_url(Vendor::Anthropic).parse()?,
    );
    let data = tempfile::tempdir()?;
    let gateway = Gateway::builder()
        .endpoint(
            Endpoint::new(Arc::new(openai), transport.clone())
                .with_authorizer(Arc::new(tollgate_openai::credential(&key)?)),
        )
        .endpoint(
            Endpoint::new(Arc::new(anthropic), transport)
                .with_authorizer(Arc::new(tollgate_anthropic::credential(&key)?)),
        )
        .name("smart", vec![Target::new("anthropic", "claude-sonnet-5-5"), Target::new("openai", "gpt-4.1")])
        .open(data.path())?;

    let question = vec![Message::system("Answer in one sentence."), Message::user("What is a gateway for?")];
    let request = ChatRequest::new(ModelName::new("smart"), question).with_max_output_tokens(200);
    let answer = gateway.chat(request, CallOptions::default()).await?;
    for part in &answer.choices[0].parts {
        println!("{}", part.as_text().unwrap_or_default());
    }

    gateway.close()?;
    for call in Store::new(data.path()).calls(&CallFilter::default())? {
        println!(
            "recorded: {} tokens in, {} out, {} nano-dollars",
            call.usage.input_tokens.unwrap_or(0),
            call.usage.output_tokens.unwrap_or(0),
            call.cost_nanos.unwrap_or(0),
        );
    }
    simulators.stop().await;
    Ok(())
}
