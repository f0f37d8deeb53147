//! A reasoning item → canonical: its pieces are one text.

use serde_json::{Value, value::RawValue};
use tollgate_model::{Content, Part, Signature, message::Reasoning};
use tollgate_provider::carried;

use super::{Read, finish};
use crate::responses::{
    notes::{self, FORMAT, PIECE_BREAK, PIECES, RAW},
    wire::{Item, List, ReasoningPiece, at_field},
};

/// Reads a reasoning item. What it holds for its issuer only is given its issuer's name: another format's, if the gateway
/// put that there, or else this one's.
pub(super) fn read(mut item: Item<'_>) -> serde_json::Result<Read> {
    let summary = pieces("summary", item.summary)?;
    let own = pieces("content", item.content)?;
    let raw = own.iter().any(|piece| !piece.is_empty());
    // The vendor writes an empty list of its own reasoning: it says nothing.
    item.content = None;
    item.summary = item.summary.filter(|_| raw && !summary.is_empty());
    let encrypted = item.encrypted_content.take();
    let shown = if raw { own } else { summary };
    let mut part = finish(Part::reasoning(shown.join(PIECE_BREAK)), item);
    note_pieces(&mut part, &shown);
    if raw {
        notes::mark(&mut part, RAW);
    }
    let Some(encrypted) = encrypted else { return Ok(Read::Said(vec![part])) };
    if carried::unpack(&encrypted, &mut part) {
        return Ok(Read::Said(vec![part]));
    }
    if shown.is_empty() && carried::unpack_beside(&encrypted, &mut []) {
        return Ok(Read::Proof(encrypted.into_owned()));
    }
    own_proof(&mut part, encrypted.into_owned());
    Ok(Read::Said(vec![part]))
}

/// Adds what only a vendor of this format can read.
fn own_proof(part: &mut Part, encrypted: String) {
    if let Content::Reasoning(Reasoning { encrypted: place, .. }) = &mut part.content {
        *place = Some(encrypted);
    }
    part.signature = Some(Signature { issuer: FORMAT, value: String::new() });
}

/// Remembers where the pieces end, unless there is one, or none.
pub(in crate::responses) fn note_pieces(part: &mut Part, pieces: &[String]) {
    let plain = pieces.is_empty() || (pieces.len() == 1 && !pieces[0].is_empty());
    if !plain {
        let lengths = pieces[..pieces.len() - 1].iter().map(|piece| Value::from(piece.len()));
        part.extra.insert(&FORMAT, PIECES, lengths.collect());
    }
}

fn pieces(field: &str, raw: Option<&RawValue>) -> serde_json::Result<Vec<String>> {
    let Some(raw) = raw else { return Ok(Vec::new()) };
    let list: List<ReasoningPiece<'_>> =
        serde_json::from_str(raw.get()).map_err(|error| at_field(field, &error))?;
    Ok(list.0.into_iter().map(|piece| piece.text.map(|text| text.into_owned()).unwrap_or_default()).collect())
}
