//! What one vendor adds to a part so that it knows it again, carried through a client of another vendor's format.
//!
//! Reasoning comes with a proof of its issuer: a signature, an encrypted text, an item's id. Every format that has a field
//! for such a proof of its own can hold another vendor's in it, as one opaque text, since clients send it back unread. The
//! text names its issuer, so that a decoder gives the proof back to that issuer only.
//!
//! A part that is no reasoning can have a proof too (Gemini's on calls), and most formats have no field for it there. Its
//! proof then travels beside it, in a reasoning part of its own that says nothing else: [`pack_beside`].
//!
//! The text is standard base64 of a JSON object, because one of the formats takes base64 only. It begins with
//! [`PREFIX`], which no vendor's own proof is known to begin with.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use tollgate_model::{Content, Extra, Format, Part, Signature, ToolCallId};

/// What every such text begins with: base64 of `{"tollgate":`.
pub const PREFIX: &str = "eyJ0b2xsZ2F0ZSI6";

/// What stands in the field of a part that another vendor made and did not sign: `{"tollgate":1}`. A field left empty would
/// look like the client's own vendor's, and be refused by it.
pub const UNSIGNED: &str = "eyJ0b2xsZ2F0ZSI6MX0=";

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
    /// It belongs to another part than the one it stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    beside: Option<Neighbour>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Neighbour {
    /// The tool call it is of; otherwise it is of the part before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    call: Option<ToolCallId>,
}

impl Carried {
    fn written(&self) -> Option<String> {
        serde_json::to_vec(self).ok().map(|json| STANDARD.encode(json))
    }

    fn read(text: &str) -> Option<Self> {
        let json = text.starts_with(PREFIX).then(|| STANDARD.decode(text).ok())??;
        serde_json::from_slice(&json).ok().filter(|carried: &Self| carried.tollgate == VERSION)
    }
}

/// Tells whether a client's body holds such a text. Only this gateway can read it: the body must not go to a vendor as it
/// is.
#[must_use]
pub fn is_in(body: &[u8]) -> bool {
    memchr::memmem::find(body, PREFIX.as_bytes()).is_some()
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
    Carried { tollgate: VERSION, signature: signature.cloned(), encrypted, extra, beside: None }.written()
}

/// Gives a part back what [`pack`] made `text` of. Says whether it was such a text; if not, nothing changes.
pub fn unpack(text: &str, part: &mut Part) -> bool {
    let Some(carried) = Carried::read(text).filter(|carried| carried.beside.is_none()) else { return false };
    part.signature = carried.signature;
    if let (Content::Reasoning(reasoning), Some(encrypted)) = (&mut part.content, carried.encrypted) {
        reasoning.encrypted = Some(encrypted);
    }
    if !carried.extra.is_empty() {
        part.extra = carried.extra;
    }
    true
}

/// Packs the signature of a part that is no reasoning, where that is another vendor's than `own`'s. `None`: nothing.
#[must_use]
pub fn pack_beside(part: &Part, own: &Format) -> Option<String> {
    if matches!(part.content, Content::Reasoning(_)) {
        return None;
    }
    let signature = part.signature.as_ref().filter(|signature| signature.issuer != *own)?.clone();
    let call = if let Content::ToolCall(call) = &part.content { Some(call.id.clone()) } else { None };
    let beside = Some(Neighbour { call });
    let (signature, extra) = (Some(signature), Extra::NONE);
    Carried { tollgate: VERSION, signature, encrypted: None, extra, beside }.written()
}

/// Gives one of `parts` back what [`pack_beside`] made `text` of. Says whether it was such a text, even if the part it
/// belongs to is gone.
pub fn unpack_beside(text: &str, parts: &mut [Part]) -> bool {
    let Some(Carried { signature, beside: Some(of), .. }) = Carried::read(text) else { return false };
    let is_it = |part: &&mut Part| match (&of.call, &part.content) {
        (Some(id), Content::ToolCall(call)) => call.id == *id,
        (Some(_), _) => false,
        (None, content) => !matches!(content, Content::Reasoning(_)),
    };
    if let Some(part) = parts.iter_mut().rev().find(is_it) {
        part.signature = signature;
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
    fn what_nobody_signed_is_marked_and_comes_back_unsigned() {
        let mut part = Part::reasoning("hm");
        assert!(unpack(UNSIGNED, &mut part));
        assert_eq!(part, Part::reasoning("hm"));
        assert!(is_in(format!(r#"{{"signature":"{UNSIGNED}"}}"#).as_bytes()));
        let packed = pack(&thought(), &Format::ANTHROPIC_MESSAGES).unwrap();
        assert!(is_in(packed.as_bytes()) && !is_in(br#"{"signature":"EqQBCgIYAhIM"}"#));
    }

    #[test]
    fn what_needs_no_carrying_is_not_packed() {
        assert_eq!(pack(&thought(), &Format::OPENAI_RESPONSES), None);
        assert_eq!(pack(&Part::reasoning("hm"), &Format::OPENAI_CHAT), None);
    }

    #[test]
    fn a_proof_beside_its_part_finds_it_again() {
        let signed = |part: Part| {
            part.with_signature(Signature { issuer: Format::GEMINI_GENERATE_CONTENT, value: "sig".into() })
        };
        let parts = [signed(Part::tool_call("c1", "f", "{}")), Part::tool_call("c2", "f", "{}")];
        let said = [Part::text("a"), signed(Part::text("b"))];
        for (parts, of) in [(&parts, 0), (&said, 1)] {
            let text = pack_beside(&parts[of], &Format::OPENAI_RESPONSES).unwrap();
            assert!(is_in(format!("[\"{text}\"]").as_bytes()));
            let mut back = parts.clone();
            back[of].signature = None;
            assert!(!unpack(&text, &mut back[0]) && unpack_beside(&text, &mut back));
            assert_eq!(back, *parts);
            assert!(unpack_beside(&text, &mut []), "its part is gone");
        }
        assert_eq!(pack_beside(&parts[0], &Format::GEMINI_GENERATE_CONTENT), None);
        assert!(!unpack_beside(&pack(&thought(), &Format::OPENAI_CHAT).unwrap(), &mut []));
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
