//! What moves bytes. Implemented over hyper by `tollgate-transport`, in memory by tests and in-process models.

use std::{error::Error as StdError, fmt, pin::Pin};

use async_trait::async_trait;
use bytes::Bytes;
use tollgate_model::{ErrorKind, ProviderError};

/// The body of a response: pulled, never pushed. Dropping it cancels the exchange at once.
pub type Body = Pin<Box<dyn http_body::Body<Data = Bytes, Error = TransportError> + Send>>;

/// Moves one HTTP exchange.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends the request and waits for the head of the answer. A non-2xx status is a response, not an error.
    ///
    /// Dropping the future cancels the exchange.
    ///
    /// # Errors
    /// Nothing that could be read came back. [`TransportError::sent`] says whether the request may have arrived.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Body>, TransportError>;
}

/// What kept an exchange from completing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The name does not resolve.
    Dns,
    /// No connection could be made.
    Connect,
    /// The other side could not be verified, or speaks no TLS that we accept.
    Tls,
    /// No connection in time.
    ConnectTimeout,
    /// No head of an answer in time.
    FirstByteTimeout,
    /// Silence in the middle of an answer.
    IdleTimeout,
    /// The whole exchange took too long.
    TotalTimeout,
    /// The connection closed before the answer was complete.
    Closed,
    /// The answer is no HTTP, or larger than is taken.
    Protocol,
}

impl TransportErrorKind {
    /// Returns the label for records and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::ConnectTimeout => "connect_timeout",
            Self::FirstByteTimeout => "first_byte_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::TotalTimeout => "total_timeout",
            Self::Closed => "closed",
            Self::Protocol => "protocol",
        }
    }
}

/// Why an exchange did not complete.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.describe())]
pub struct TransportError {
    /// What happened.
    pub kind: TransportErrorKind,
    /// Whether any byte of the request was written: if not, a second try cannot be billed twice.
    pub sent: bool,
    /// The error below.
    #[source]
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

impl TransportError {
    /// Makes an error.
    #[must_use]
    pub const fn new(kind: TransportErrorKind, sent: bool) -> Self {
        Self { kind, sent, source: None }
    }

    /// Adds what lies below.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    const fn describe(&self) -> &'static str {
        match self.kind {
            TransportErrorKind::Dns => "the provider's name does not resolve",
            TransportErrorKind::Connect => "the provider cannot be reached",
            TransportErrorKind::Tls => "no secure connection to the provider could be made",
            TransportErrorKind::ConnectTimeout => "the provider did not accept a connection in time",
            TransportErrorKind::FirstByteTimeout => "the provider did not begin to answer in time",
            TransportErrorKind::IdleTimeout => "the provider fell silent in the middle of its answer",
            TransportErrorKind::TotalTimeout => "the provider did not complete its answer in time",
            TransportErrorKind::Closed => "the provider closed the connection before its answer was complete",
            TransportErrorKind::Protocol => "the provider's answer is no proper HTTP",
        }
    }
}

impl From<TransportError> for ProviderError {
    /// Folds the network's failure into the kinds that the router decides by.
    fn from(error: TransportError) -> Self {
        let kind = match error.kind {
            TransportErrorKind::ConnectTimeout
            | TransportErrorKind::FirstByteTimeout
            | TransportErrorKind::IdleTimeout
            | TransportErrorKind::TotalTimeout => ErrorKind::Timeout,
            TransportErrorKind::Protocol => ErrorKind::Protocol,
            TransportErrorKind::Dns
            | TransportErrorKind::Connect
            | TransportErrorKind::Tls
            | TransportErrorKind::Closed => ErrorKind::Unavailable,
        };
        Self::new(kind, error.to_string()).with_code(Some(error.kind.as_str().to_owned())).with_source(error)
    }
}
