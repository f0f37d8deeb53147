//! Finds the credential that a request carries.

use http::{HeaderMap, header};

/// A request whose credential cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// Two headers carry different ones: taking either would let a proxy and the gateway disagree.
    #[error("the request carries two different credentials")]
    Conflict,
    /// A header that holds no readable credential.
    #[error("the credential cannot be read")]
    Unreadable,
}

/// Returns the credential of a request: `Authorization: Bearer`, `x-api-key` or `x-goog-api-key`, as each SDK sends it.
///
/// # Errors
/// Two credentials that differ, or one that cannot be read. The same one twice is fine.
pub fn presented(headers: &HeaderMap) -> Result<Option<&str>, CredentialError> {
    let mut found = None;
    for name in ["authorization", "x-api-key", "x-goog-api-key"] {
        for value in headers.get_all(name) {
            let text = value.to_str().map_err(|_| CredentialError::Unreadable)?;
            let secret = if name == header::AUTHORIZATION.as_str() { bearer(text)? } else { text.trim() };
            match found {
                None => found = Some(secret),
                Some(known) if known == secret => {}
                Some(_) => return Err(CredentialError::Conflict),
            }
        }
    }
    Ok(found)
}

fn bearer(text: &str) -> Result<&str, CredentialError> {
    let (scheme, secret) = text.trim().split_once(' ').ok_or(CredentialError::Unreadable)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(secret.trim()) } else { Err(CredentialError::Unreadable) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn each_sdk_is_understood() {
        assert_eq!(presented(&headers(&[])), Ok(None));
        assert_eq!(presented(&headers(&[("authorization", "Bearer a")])), Ok(Some("a")));
        assert_eq!(presented(&headers(&[("x-api-key", "a")])), Ok(Some("a")));
        assert_eq!(presented(&headers(&[("x-goog-api-key", "a")])), Ok(Some("a")));
        assert_eq!(presented(&headers(&[("x-api-key", "a"), ("authorization", "bearer a")])), Ok(Some("a")));
    }

    #[test]
    fn two_credentials_are_none() {
        let mixed = headers(&[("x-api-key", "a"), ("authorization", "Bearer b")]);
        assert_eq!(presented(&mixed), Err(CredentialError::Conflict));
        let twice = headers(&[("authorization", "Bearer a"), ("authorization", "Bearer b")]);
        assert_eq!(presented(&twice), Err(CredentialError::Conflict));
        assert_eq!(presented(&headers(&[("authorization", "Basic eA==")])), Err(CredentialError::Unreadable));
    }
}
