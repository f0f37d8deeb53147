//! Where a provider lives, as operators write it.

use std::{borrow::Cow, fmt, str::FromStr};

use http::Uri;

/// An absolute `http` or `https` URL to which a format's paths are appended. Has no trailing slash, query or user info.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

/// A text that is no base URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a base URL: {0}")]
pub struct BaseUrlError(&'static str);

impl BaseUrl {
    /// Appends an absolute path, with its query if it has one.
    ///
    /// # Panics
    /// Never for paths of ASCII without spaces, which is what adapters build; [`path_segment`] makes such of any name.
    #[must_use]
    pub fn join(&self, path: &str) -> Uri {
        format!("{}{path}", self.0).parse().expect("a checked base URL and an escaped path make a URL")
    }

    /// Appends `path` unless the URL ends with it already.
    ///
    /// Operators write the URL that the vendor's SDK takes, with or without its version; either is understood.
    #[must_use]
    pub fn ensure_suffix(self, path: &str) -> Self {
        if self.0.ends_with(path) { self } else { Self(format!("{}{path}", self.0)) }
    }

    /// Takes `path` off the end, if it is there.
    #[must_use]
    pub fn without_suffix(self, path: &str) -> Self {
        match self.0.strip_suffix(path) {
            Some(rest) => Self(rest.trim_end_matches('/').to_owned()),
            None => self,
        }
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        let trimmed = text.trim_end_matches('/');
        let uri: Uri = trimmed.parse().map_err(|_| BaseUrlError("it cannot be read as a URL"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(BaseUrlError("it must begin with http:// or https://"));
        }
        let authority = uri.authority().ok_or(BaseUrlError("it names no host"))?;
        if authority.host().is_empty() {
            return Err(BaseUrlError("it names no host"));
        }
        if authority.as_str().contains('@') {
            return Err(BaseUrlError("credentials belong into `api_key`, not into the URL"));
        }
        if uri.query().is_some() || text.contains('#') {
            return Err(BaseUrlError("it must not have a query or fragment"));
        }
        Ok(Self(trimmed.to_owned()))
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Escapes a name so that it stays one segment of a path: a model called `../admin` goes nowhere.
#[must_use]
pub fn path_segment(name: &str) -> String {
    use fmt::Write as _;
    let mut escaped = String::with_capacity(name.len());
    let dots_only = name.bytes().all(|byte| byte == b'.');
    for byte in name.bytes() {
        if !dots_only
            && (byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'@' | b':'))
        {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    escaped
}

/// Undoes percent-encoding, once. What is no text then stays as it is: it is no name that is known.
#[must_use]
pub fn decoded_segment(text: &str) -> Cow<'_, str> {
    let digit =
        |byte: Option<&u8>| char::from(*byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(high << 4 | low);
                at += 3;
            }
            _ => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_may_be_written_or_left_out() {
        for text in ["https://api.openai.com/v1", "https://api.openai.com/v1/", "https://api.openai.com"] {
            let url = text.parse::<BaseUrl>().unwrap().ensure_suffix("/v1");
            assert_eq!(url.join("/models"), "https://api.openai.com/v1/models");
        }
        let url = "http://127.0.0.1:9/v1beta/".parse::<BaseUrl>().unwrap().without_suffix("/v1beta");
        assert_eq!(url.as_str(), "http://127.0.0.1:9");
    }

    #[test]
    fn what_is_no_base_url_says_why() {
        for text in
            ["", "api.openai.com", "ftp://x", "https://", "https://u:p@x", "https://x?y=1", "https://x/#a"]
        {
            assert!(text.parse::<BaseUrl>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_model_name_stays_one_segment() {
        assert_eq!(path_segment("gemini-2.5-flash"), "gemini-2.5-flash");
        assert_eq!(path_segment("../a?b#c d/é"), "..%2Fa%3Fb%23c%20d%2F%C3%A9");
        assert_eq!(path_segment(".."), "%2E%2E");
    }

    #[test]
    fn a_segment_is_decoded_once() {
        for name in ["gpt-6", "openai/gpt-6", "qwen3:8b", "%2F", "é ?"] {
            assert_eq!(decoded_segment(&path_segment(name)), name);
        }
        for same in ["gpt-6", "a%", "a%2", "a%zz", "%ff"] {
            assert_eq!(decoded_segment(same), same);
        }
    }
}
