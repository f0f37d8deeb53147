//! What of a foreign error's text may reach a client or a record: short, readable, no page of a proxy.

/// The longest text that is taken over. Vendors' own texts are shorter; what proxies send in between is not.
pub const MAX_ERROR_TEXT_BYTES: usize = 1000;

/// Takes over a text for people. `None`: it is empty, a page, or JSON that nobody understood; then the adapter says so
/// in its own words. One that is too long is cut between two characters.
#[must_use]
pub fn readable(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || text.starts_with(['<', '{', '[']) || text.contains('\0') || holds_page(text) {
        return None;
    }
    if text.len() <= MAX_ERROR_TEXT_BYTES {
        return Some(text.to_owned());
    }
    let mut end = MAX_ERROR_TEXT_BYTES;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Some(format!("{}…", &text[..end]))
}

fn holds_page(text: &str) -> bool {
    let bytes = text.as_bytes();
    let begins =
        |at: usize, tag: &[u8]| bytes.get(at..at + tag.len()).is_some_and(|it| it.eq_ignore_ascii_case(tag));
    memchr::memchr_iter(b'<', bytes)
        .any(|at| [&b"<html"[..], b"<!doctype", b"<body"].iter().any(|tag| begins(at, tag)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_over_unless_it_is_a_page() {
        assert_eq!(readable(" rate limit: 5 < 6 \n").as_deref(), Some("rate limit: 5 < 6"));
        for text in [
            "",
            " \r\n",
            "<html>",
            "{\"error\":",
            "[1]",
            "a\0b",
            "bad gateway: <!DOCTYPE HTML><p>",
            "x <BoDy>",
        ] {
            assert_eq!(readable(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let cut = readable(&"é".repeat(900)).unwrap();
        assert!(cut.len() <= MAX_ERROR_TEXT_BYTES + '…'.len_utf8() && cut.ends_with("é…"));
    }
}
