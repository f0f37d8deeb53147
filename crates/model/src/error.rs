//! Errors: what failed, whose fault it is, whether a retry helps, and what the client sees.

use std::{error::Error as StdError, fmt, time::Duration};

use http::StatusCode;
use serde::{Deserialize, Serialize};

/// What went wrong, coarsely enough to decide by. Its [`ErrorKind::as_str`] is the `error.type` label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request itself is wrong.
    InvalidRequest,
    /// Its body is larger than is taken.
    RequestTooLarge,
    /// The credential is missing, wrong or expired.
    Authentication,
    /// The credential is good, but may not do this.
    PermissionDenied,
    /// The model, or the thing asked for, is not there.
    ModelNotFound,
    /// The conversation does not fit into the model's context window.
    ContextLengthExceeded,
    /// A content policy refused the request.
    ContentFiltered,
    /// Too many requests or tokens for now.
    RateLimited,
    /// The account has no money or quota left; waiting does not help.
    QuotaExhausted,
    /// The provider is too busy.
    Overloaded,
    /// The provider failed, or cannot be reached.
    Unavailable,
    /// Nothing came in time.
    Timeout,
    /// An answer came that cannot be read.
    Protocol,
    /// An answer broke off before its end.
    Truncated,
    /// The client left.
    Cancelled,
    /// The gateway itself failed.
    Internal,
}

/// What another try can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// The same target may succeed after a while; another target too.
    Same,
    /// The same target will fail again; another may succeed.
    Other,
    /// Another target may succeed if its context window is larger.
    OtherWithLargerContext,
    /// No target will help: the fault is the caller's, or the caller is gone.
    Never,
}

impl ErrorKind {
    /// Returns the label for records and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::RequestTooLarge => "request_too_large",
            Self::Authentication => "authentication",
            Self::PermissionDenied => "permission_denied",
            Self::ModelNotFound => "model_not_found",
            Self::ContextLengthExceeded => "context_length_exceeded",
            Self::ContentFiltered => "content_filtered",
            Self::RateLimited => "rate_limited",
            Self::QuotaExhausted => "quota_exhausted",
            Self::Overloaded => "overloaded",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Truncated => "truncated",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }

    /// Says whether another try can help, as long as no byte has reached the client.
    #[must_use]
    pub const fn retry(self) -> Retry {
        match self {
            Self::RateLimited | Self::Overloaded | Self::Timeout | Self::Unavailable => Retry::Same,
            Self::Authentication
            | Self::PermissionDenied
            | Self::QuotaExhausted
            | Self::ModelNotFound
            | Self::Protocol
            | Self::Truncated => Retry::Other,
            Self::ContextLengthExceeded => Retry::OtherWithLargerContext,
            Self::InvalidRequest
            | Self::RequestTooLarge
            | Self::ContentFiltered
            | Self::Cancelled
            | Self::Internal => Retry::Never,
        }
    }

    /// Returns the status that a client is answered with when nothing more exact is known.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest | Self::ContextLengthExceeded | Self::ContentFiltered => {
                StatusCode::BAD_REQUEST
            }
            Self::RequestTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Authentication => StatusCode::UNAUTHORIZED,
            Self::PermissionDenied => StatusCode::FORBIDDEN,
            Self::ModelNotFound => StatusCode::NOT_FOUND,
            Self::RateLimited | Self::QuotaExhausted => StatusCode::TOO_MANY_REQUESTS,
            Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unavailable | Self::Protocol | Self::Truncated => StatusCode::BAD_GATEWAY,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            // Nobody reads it: the client is gone. Nginx's code, which logs know.
            Self::Cancelled => match StatusCode::from_u16(499) {
                Ok(status) => status,
                Err(_) => StatusCode::BAD_REQUEST,
            },
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The client's fault: a request that cannot be understood, or that the target cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RequestError {
    /// What is wrong.
    pub kind: ErrorKind,
    /// What to say to the client. Names fields, never repeats their values at length.
    pub message: String,
    /// The field at fault, as the client's format names it: `messages[2].content`.
    pub param: Option<String>,
}

impl RequestError {
    /// Makes an error of a kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), param: None }
    }

    /// Makes an [`ErrorKind::InvalidRequest`].
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidRequest, message)
    }

    /// Makes an [`ErrorKind::InvalidRequest`] that names the field.
    pub fn invalid_field(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::InvalidRequest, message: message.into(), param: Some(param.into()) }
    }
}

/// The provider's fault, or what the provider says is ours. One pointer wide.
#[derive(Debug, thiserror::Error)]
#[error("{}: {}", .0.kind, .0.message)]
pub struct ProviderError(Box<ProviderErrorFields>);

/// What a [`ProviderError`] holds.
#[derive(Debug)]
#[non_exhaustive]
pub struct ProviderErrorFields {
    /// What went wrong.
    pub kind: ErrorKind,
    /// The status of the answer, where one came.
    pub status: Option<StatusCode>,
    /// How long the provider asks to wait.
    pub retry_after: Option<Duration>,
    /// The provider's own words.
    pub message: String,
    /// The provider's own code for it: `insufficient_quota`, `overloaded_error`.
    pub code: Option<String>,
    /// The field that the provider says is at fault.
    pub param: Option<String>,
    /// What lies below.
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

impl ProviderError {
    /// Makes an error of a kind, in the provider's words.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(ProviderErrorFields {
            kind,
            status: None,
            retry_after: None,
            message: message.into(),
            code: None,
            param: None,
            source: None,
        }))
    }

    /// Makes a [`ErrorKind::Protocol`] error: an answer that cannot be read.
    pub fn protocol(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Protocol, message)
    }

    /// Makes a [`ErrorKind::Truncated`] error: an answer without its end.
    #[must_use]
    pub fn truncated() -> Self {
        Self::new(ErrorKind::Truncated, "the provider's answer broke off before its end")
    }

    /// Adds the status of the answer.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Adds how long to wait.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    /// Adds the provider's own code.
    #[must_use]
    pub fn with_code(mut self, code: Option<String>) -> Self {
        self.0.code = code;
        self
    }

    /// Adds the field at fault.
    #[must_use]
    pub fn with_param(mut self, param: Option<String>) -> Self {
        self.0.param = param;
        self
    }

    /// Adds what lies below.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Returns what went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }
}

impl std::ops::Deref for ProviderError {
    type Target = ProviderErrorFields;
    fn deref(&self) -> &ProviderErrorFields {
        &self.0
    }
}

/// What the client sees, whoever is at fault. Front doors write it in their own shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct CallError {
    /// What went wrong.
    pub kind: ErrorKind,
    /// The status to answer with, if the head has not been sent.
    pub status: StatusCode,
    /// What to say.
    pub message: String,
    /// A code that programs can read, where there is one.
    pub code: Option<String>,
    /// The field at fault.
    pub param: Option<String>,
    /// How long to wait before another try.
    pub retry_after: Option<Duration>,
}

impl CallError {
    /// Makes an error of a kind with its usual status.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            status: kind.status(),
            message: message.into(),
            code: None,
            param: None,
            retry_after: None,
        }
    }
}

impl From<RequestError> for CallError {
    fn from(error: RequestError) -> Self {
        Self { param: error.param, ..Self::new(error.kind, error.message) }
    }
}

impl From<&ProviderError> for CallError {
    /// Keeps the provider's status where it agrees in spirit with the kind: 4xx and 5xx stay what they are.
    fn from(error: &ProviderError) -> Self {
        let status = error.status.filter(|status| status.is_client_error() || status.is_server_error());
        Self {
            kind: error.kind,
            status: status.unwrap_or_else(|| error.kind.status()),
            message: error.message.clone(),
            code: error.code.clone(),
            param: error.param.clone(),
            retry_after: error.retry_after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_error_is_one_pointer_wide() {
        assert_eq!(size_of::<ProviderError>(), size_of::<usize>());
    }

    #[test]
    fn the_client_sees_the_providers_status() {
        let error =
            ProviderError::new(ErrorKind::Overloaded, "busy").with_status(StatusCode::from_u16(529).unwrap());
        assert_eq!(CallError::from(&error).status.as_u16(), 529);
        let broken = ProviderError::truncated().with_status(StatusCode::OK);
        assert_eq!(CallError::from(&broken).status, StatusCode::BAD_GATEWAY);
    }
}
