//! Asks local servers which models they have.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use tollgate_model::{ModelName, ProviderError};
use tollgate_provider::{BaseUrl, Transport, collect::collect};
use tollgate_transport::Timeouts;

/// A local server answers at once or is not there.
pub const DISCOVERY_TIMEOUT: Duration = Duration::from_secs(2);
/// Some thousand models.
const MAX_LIST_BYTES: usize = 4 * 1024 * 1024;

/// Asks an Ollama server for the models it has pulled.
///
/// # Errors
/// It does not answer, or not as Ollama does.
pub async fn ollama_models(
    transport: &Arc<dyn Transport>,
    base_url: &BaseUrl,
) -> Result<Vec<ModelName>, ProviderError> {
    let mut request = tollgate_local::ollama::models_request(base_url);
    let timeouts =
        Timeouts { connect: DISCOVERY_TIMEOUT, total: Some(DISCOVERY_TIMEOUT), ..Timeouts::default() };
    request.extensions_mut().insert(timeouts);
    let response = transport.send(request).await?;
    if response.status() != StatusCode::OK {
        return Err(
            ProviderError::protocol("the server does not list its models").with_status(response.status())
        );
    }
    let body = collect(response.into_body(), MAX_LIST_BYTES).await;
    let body = body.map_err(|error| ProviderError::protocol(error.to_string()))?;
    tollgate_local::ollama::decode_models(&body)
}
