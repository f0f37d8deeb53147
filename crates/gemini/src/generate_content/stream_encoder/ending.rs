//! How a stream ends: what was held until the answer is complete.

use bytes::{BufMut, BytesMut};
use serde_json::Value;
use tollgate_provider::json_writer::Object;

use super::{ChunkEncoder, Form, HeldCitation};
use crate::generate_content::response::{self, Cited};

impl ChunkEncoder {
    /// Writes the last chunk: why the answers ended, and what was counted.
    pub(super) fn finish(&mut self, out: &mut BytesMut) {
        if self.tail.is_empty() {
            self.start(None, None, None);
        }
        let refused = response::is_refusal(Some(&self.extra));
        if self.choices.is_empty() && !refused {
            self.choice(0);
        }
        self.begin_element(out);
        let mut chunk = Object::begin(out);
        // A refused prompt has no candidates.
        if self.choices.iter().any(|choice| choice.parts > 0) || !refused {
            self.write_candidates(chunk.key("candidates"));
        } else {
            chunk.skip("candidates");
        }
        self.write_counts(&mut chunk);
        let identity: Value = serde_json::from_slice(&[b"{", &self.tail[1..]].concat()).unwrap_or_default();
        chunk.extra(identity.as_object()).extra(Some(&self.extra));
        chunk.end();
        self.end_element(out);
        if self.form == Form::JsonArray {
            out.put_slice(b"\n]\n");
        }
        self.over = true;
    }

    fn write_candidates(&mut self, out: &mut BytesMut) {
        out.put_u8(b'[');
        for (place, choice) in self.choices.iter().enumerate() {
            if place > 0 {
                out.put_u8(b',');
            }
            let mut object = Object::begin(out);
            object.key("content").put_slice(br#"{"parts":[{"text":""}],"role":"model"}"#);
            let path = |held: &HeldCitation| {
                format!("choices[{}].parts[{}].citations[{}]", choice.index, held.part, held.number)
            };
            let cited = choice.cited.iter();
            let cited =
                cited.map(|held| Cited { citation: &held.citation, span: held.span, place: path(held) });
            let cited: Vec<_> = cited.collect();
            let extra = response::of_candidate(Some(&self.extra), choice.index);
            response::end_candidate(
                object,
                choice.index,
                choice.reason.as_ref(),
                &cited,
                extra.as_ref(),
                &mut self.losses,
            );
        }
        out.put_u8(b']');
    }

    fn write_counts(&mut self, chunk: &mut Object<'_>) {
        let own = self.extra.get("usageMetadata").and_then(Value::as_object);
        let tier = response::tier(self.service_tier.as_deref(), &mut self.losses);
        if self.usage.is_none() && tier.is_none() && own.is_none() {
            return;
        }
        let counted = self.usage.unwrap_or_default();
        response::lose_usage(&counted, self.extra.contains_key("candidates"), &mut self.losses);
        response::write_usage(chunk.key("usageMetadata"), &counted, tier, own);
    }
}
