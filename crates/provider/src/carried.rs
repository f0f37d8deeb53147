//! What one vendor adds to a part so that it knows it again, carried through a client of another vendor's format.
//!
//! Reasoning comes with a proof of its issuer: a signature, an encrypted text, an item's id. Every format that has a field
//! for such a proof of its own can hold another vendor's in it, as one opaque text, since clients send it back unread. The
//! text names its issuer, so that a decoder gives the proof back to that issuer only.
//!
//! The text is standard base64 of a JSON object, because one of the formats takes base64 only. It begins with
//! [`PREFIX`], which no vendor's own proof is known to begin with.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use tollgate_model::{Content, Extra, Format, Part, Signature};

/// What every such text begins with: base64 of `{"tollgate":`.
pub const PREFIX: &str = "eyJ0b2xsZ2F0ZSI6";

/// The version that is written. A text of another one is left alone.
const VERSION: u8 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Carried {
    tollgate: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<Signature>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encrypted: Option<String>,
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    extra: Extra,
}

/// Packs what `part` carries of a vendor other than `own`'s. `None`: nothing.
#[must_use]
pub fn pack(part: &Part, own: &Format) -> Option<String> {
    let signature = part.signature.as_ref().filter(|signature| signature.issuer != *own);
    let extra = if part.extra.fields(own).is_none() { part.extra.clone() } else { Extra::NONE };
    // Encrypted reasoning is its signer's; unsigned, it is of the format whose fields stand beside it.
    let foreign = signature.is_some() || (part.signature.is_none() && part.extra.fields(own).is_none());
    let encrypted = match &part.content {
        Content::Reasoning(reasoning) if foreign => reasoning.encrypted.clone(),
        _ => None,
    };
    if signature.is_none() && encrypted.is_none() {
        return None;
    }
    let carried = Carried { tollgate: VERSION, signature: signature.cloned(), encrypted, extra };
    serde_json::to_vec(&carried).ok().map(|json| STANDARD.encode(json))
}

/// Gives a part back what [`pack`] made `text` of. Says whether it was such a text; if not, nothing changes.
pub fn unpack(text: &str, part: &mut Part) -> bool {
    if !text.starts_with(PREFIX) {
        return false;
    }
    let read = STANDARD.decode(text).ok().and_then(|json| serde_json::from_slice::<Carried>(&json).ok());
    let Some(carried) = read.filter(|carried| carried.tollgate == VERSION) else { return false };
    part.signature = carried.signature;
    if let (Content::Reasoning(reasoning), Some(encrypted)) = (&mut part.content, carried.encrypted) {
        reasoning.encrypted = Some(encrypted);
    }
    if !carried.extra.is_empty() {
        part.extra = carried.extra;
    }
    true
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};
    use tollgate_model::message::Reasoning;

    use super::*;

    fn thought() -> Part {
        let reasoning = Reasoning { text: "hm".into(), encrypted: Some("gAAA+/=".into()) };
        let mut part = Part::new(Content::Reasoning(reasoning));
        part.extra = Extra::new(Format::OPENAI_RESPONSES, Map::from_iter([("id".into(), json!("rs_1"))]));
        part.signature = Some(Signature { issuer: Format::OPENAI_RESPONSES, value: String::new() });
        part
    }

    #[test]
    fn a_foreign_proof_comes_back_whole() {
        let part = thought();
        let text = pack(&part, &Format::ANTHROPIC_MESSAGES).unwrap();
        assert!(text.starts_with(PREFIX));
        let mut back = Part::reasoning("hm");
        assert!(unpack(&text, &mut back));
        assert_eq!(back, part);
    }

    #[test]
    fn what_needs_no_carrying_is_not_packed() {
        assert_eq!(pack(&thought(), &Format::OPENAI_RESPONSES), None);
        assert_eq!(pack(&Part::reasoning("hm"), &Format::OPENAI_CHAT), None);
    }

    #[test]
    fn a_text_that_is_none_changes_nothing() {
        for text in ["", "EqQBCgIYAhIM", "eyJ0b2xsZ2F0ZSI6", "eyJ0b2xsZ2F0ZSI6Mn0=", "eyJ0b2xsZ2F0ZSI6!"] {
            let mut part = Part::reasoning("hm");
            assert!(!unpack(text, &mut part), "{text}");
            assert_eq!(part, Part::reasoning("hm"));
        }
    }
}
