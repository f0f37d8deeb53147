//! Asks servers which models they have, where the catalogue cannot know.

use std::time::Duration;

use http::StatusCode;
use tollgate_model::{ErrorKind, ModelName, ProviderError};
use tollgate_provider::{BaseUrl, collect::collect};
use tollgate_transport::Timeouts;

use crate::{endpoint::Endpoint, registry::ModelListing};

/// A local server answers at once or is not there.
pub const DISCOVERY_TIMEOUT: Duration = Duration::from_secs(2);
/// Some thousand models.
const MAX_LIST_BYTES: usize = 4 * 1024 * 1024;

/// Asks the server behind `endpoint`, which is at `base_url`, for the models it has.
///
/// # Errors
/// It does not answer, or not as servers of its kind do.
pub async fn models(
    endpoint: &Endpoint,
    listing: &ModelListing,
    base_url: &BaseUrl,
) -> Result<Vec<ModelName>, ProviderError> {
    let mut request = (listing.request)(base_url);
    endpoint.authorize(&mut request).await.map_err(|error| {
        ProviderError::new(ErrorKind::Authentication, error.to_string()).with_source(error)
    })?;
    let timeouts =
        Timeouts { connect: DISCOVERY_TIMEOUT, total: Some(DISCOVERY_TIMEOUT), ..Timeouts::default() };
    request.extensions_mut().insert(timeouts);
    let response = endpoint.transport.send(request).await?;
    if response.status() != StatusCode::OK {
        return Err(
            ProviderError::protocol("the server does not list its models").with_status(response.status())
        );
    }
    let body = collect(response.into_body(), MAX_LIST_BYTES).await;
    let body = body.map_err(|error| ProviderError::protocol(error.to_string()))?;
    (listing.decode)(&body)
}
