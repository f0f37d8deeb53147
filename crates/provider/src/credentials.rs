//! Credentials: secrets that do not show, and what puts them on a request.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue};

/// A value that never shows in `Debug`, logs or errors.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value. Every call of this is a place to look at.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Adds credentials to an encoded request: a header, an OAuth token, a signature.
///
/// May do I/O, such as renewing a token; called once an attempt, right before sending.
#[async_trait]
pub trait Authorizer: fmt::Debug + Send + Sync + 'static {
    /// Adds the credential.
    ///
    /// # Errors
    /// No credential could be had.
    async fn authorize(&self, request: &mut http::Request<Bytes>) -> Result<(), AuthError>;
}

/// No credential could be had.
#[derive(Debug, Clone, thiserror::Error)]
#[error("no credential for the provider: {reason}")]
pub struct AuthError {
    /// Why. Holds no secret.
    pub reason: String,
    /// The error below.
    #[source]
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// A credential that is a header and never changes: `authorization: Bearer …`, `x-api-key: …`.
#[derive(Debug, Clone)]
pub struct HeaderCredential {
    name: HeaderName,
    value: HeaderValue,
}

impl HeaderCredential {
    /// Puts `prefix` and the secret into the header `name`.
    ///
    /// # Errors
    /// The secret holds characters that a header cannot.
    pub fn new(name: HeaderName, prefix: &str, secret: &Secret<String>) -> Result<Self, AuthError> {
        let text = format!("{prefix}{}", secret.expose());
        let mut value = HeaderValue::from_str(&text).map_err(|_| AuthError {
            reason: "the key holds characters that a header cannot".to_owned(),
            source: None,
        })?;
        value.set_sensitive(true);
        Ok(Self { name, value })
    }
}

#[async_trait]
impl Authorizer for HeaderCredential {
    async fn authorize(&self, request: &mut http::Request<Bytes>) -> Result<(), AuthError> {
        request.headers_mut().insert(self.name.clone(), self.value.clone());
        Ok(())
    }
}

/// For providers that want none.
#[derive(Debug, Clone, Copy)]
pub struct NoCredential;

#[async_trait]
impl Authorizer for NoCredential {
    async fn authorize(&self, _request: &mut http::Request<Bytes>) -> Result<(), AuthError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show() {
        let secret = Secret::new("sk-live-1".to_owned());
        let header = HeaderCredential::new(http::header::AUTHORIZATION, "Bearer ", &secret).unwrap();
        assert!(!format!("{secret:?} {header:?}").contains("sk-live"));
    }
}
