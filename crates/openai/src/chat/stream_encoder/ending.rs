//! How a stream ends: what was held until the answer is complete.

use bytes::{BufMut, BytesMut};
use serde_json::Value;
use tollgate_model::Loss;

use super::{ChunkEncoder, Cited};
use crate::chat::{
    citation, finish, usage,
    wire::{Array, value, write_raw},
};

impl ChunkEncoder {
    /// Writes the finish reasons, the usage if it is wanted, and the end.
    pub(super) fn finish(&mut self, out: &mut BytesMut) {
        for place in 0..self.choices.len() {
            self.cite(place, out);
            self.finish_choice(place, out);
        }
        if self.include_usage {
            self.write_usage(out);
        }
        write_raw(out, "data: [DONE]\n\n");
        self.over = true;
    }

    /// Writes what the texts of a choice are based on, in one delta, as the vendor does: its SDKs keep one such list.
    fn cite(&mut self, place: usize, out: &mut BytesMut) {
        let cited = std::mem::take(&mut self.choices[place].cited);
        if cited.is_empty() {
            return;
        }
        let mut annotations = BytesMut::new();
        let mut array = Array::begin(&mut annotations);
        let mut said = false;
        for Cited { part, number, span, citation } in &cited {
            let path = format!("choices[{}].parts[{part}].citations[{number}]", self.choices[place].index);
            said |= citation::write(&mut array, citation, *span, &path, &mut self.losses);
        }
        array.end();
        if said {
            self.begin(place, out);
            write_raw(out, r#"{"annotations":"#);
            out.extend_from_slice(&annotations);
            out.put_u8(b'}');
            self.end(out);
        }
    }

    /// Says why a choice ended, and what only this format says of it.
    fn finish_choice(&mut self, place: usize, out: &mut BytesMut) {
        let index = self.choices[place].index;
        let reason = self.choices[place].reason.take();
        let of_choice = self.extra.get("choices").and_then(Value::as_array);
        let of_choice = of_choice.into_iter().flatten().find(|fields| fields["index"] == index);
        let of_choice = of_choice.and_then(Value::as_object).cloned().unwrap_or_default();
        if reason.is_none() && of_choice.is_empty() {
            return;
        }
        let said = reason.as_ref().map(|it| finish::encode(it, self.choices[place].refused, self.legacy));
        self.begin(place, out);
        match of_choice.get("message") {
            Some(fields) => value(out, fields),
            None => write_raw(out, "{}"),
        }
        write_raw(out, r#","logprobs":null,"finish_reason":"#);
        value(out, &said.as_ref().map(|(word, _)| word));
        for (name, content) in &of_choice {
            if !matches!(name.as_str(), "index" | "message") {
                out.put_u8(b',');
                value(out, name);
                out.put_u8(b':');
                value(out, content);
            }
        }
        write_raw(out, "}]");
        self.write_extra(out);
        self.end_chunk(out);
        if let Some((_, Some((kind, why)))) = said {
            let path = format!("choices[{index}].finish_reason");
            self.losses.push(Loss { path, kind, why: why.to_owned() });
        }
    }

    /// Writes what was said of the whole answer, after `choices`.
    fn write_extra(&self, out: &mut BytesMut) {
        let tier = self.service_tier.as_ref().map(|tier| ("service_tier", Value::from(tier.as_str())));
        let fields = self.extra.iter().filter(|(name, _)| !matches!(name.as_str(), "choices" | "usage"));
        for (name, content) in tier
            .iter()
            .map(|(name, tier)| (*name, tier))
            .chain(fields.map(|(name, value)| (name.as_str(), value)))
        {
            out.put_u8(b',');
            value(out, name);
            out.put_u8(b':');
            value(out, content);
        }
    }

    fn write_usage(&mut self, out: &mut BytesMut) {
        if self.head.is_empty() {
            self.start(None, None, None);
        }
        out.extend_from_slice(&self.head);
        write_raw(out, "[]");
        self.write_extra(out);
        write_raw(out, ",\"usage\":");
        match &self.usage {
            Some(counted) => {
                usage::lose(counted, &mut self.losses);
                usage::write(out, counted, self.extra.get("usage").and_then(Value::as_object));
            }
            None => write_raw(out, "null"),
        }
        write_raw(out, "}\n\n");
    }
}
