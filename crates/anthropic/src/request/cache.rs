//! Cache hints → breakpoints, within the format's limits.
//!
//! Source: <https://docs.claude.com/en/docs/build-with-claude/prompt-caching> (read 2026-11-23).

use serde_json::Value;
use tollgate_model::{ChatRequest, Extra, Losses, message::CacheHint};

use super::{FORMAT, without};
use crate::wire::{Block, CacheControl, Place, Tool, Turn};

/// The most breakpoints of one request, the automatic one included.
const MAX_BREAKPOINTS: usize = 4;

const HOUR: &str = "1h";

/// Turns a hint into a breakpoint. `extra` is of the value that holds it: what only this format knows of the breakpoint
/// stands there, under the field's name.
pub(super) fn control(hint: Option<CacheHint>, extra: &Extra, place: Place) -> Option<CacheControl<'_>> {
    let ttl = match hint? {
        CacheHint::Standard => None,
        CacheHint::FiveMinutes => Some("5m"),
        CacheHint::OneHour => Some(HOUR),
    };
    let fields = extra.field(&FORMAT, "cache_control").and_then(Value::as_object);
    Some(CacheControl { ttl, extra: without(fields, &["type", "ttl"]), place })
}

/// Brings the breakpoints within the limits and returns the automatic one.
///
/// Of too many, the last are kept: they cover the longest prefixes.
pub(super) fn place<'a>(
    request: &'a ChatRequest,
    tools: &mut [Tool<'a>],
    system: &mut [Block<'a>],
    turns: &mut [Turn<'a>],
    losses: &mut Losses,
) -> Option<CacheControl<'a>> {
    let mut automatic = control(request.cache.automatic, &request.extra, Place::Request);
    let mut fixed = usize::from(automatic.is_some());
    let mut controls = Vec::new();
    for tool in tools {
        match tool {
            Tool::Function { cache_control, .. } => controls.push(cache_control),
            Tool::Opaque(tool) => fixed += count_inside(tool),
        }
    }
    let blocks = system.iter_mut().chain(turns.iter_mut().flat_map(|turn| turn.content.iter_mut()));
    for block in blocks {
        collect(block, &mut controls, &mut fixed);
    }
    controls.retain(|control| control.is_some());
    let surplus = (controls.len() + fixed).saturating_sub(MAX_BREAKPOINTS).min(controls.len());
    for control in controls.drain(..surplus) {
        if let Some(control) = control.take() {
            losses.dropped(format!("{}.cache", control.place), "the format takes four cache breakpoints");
        }
    }
    if let Some(automatic) = &mut automatic {
        shorten(controls.into_iter().flatten().chain([automatic]), losses);
    } else {
        shorten(controls.into_iter().flatten(), losses);
    }
    automatic
}

fn collect<'b, 'a>(
    block: &'b mut Block<'a>,
    controls: &mut Vec<&'b mut Option<CacheControl<'a>>>,
    fixed: &mut usize,
) {
    match block {
        Block::ToolResult { content, cache_control, .. } => {
            for block in content {
                collect(block, controls, fixed);
            }
            controls.push(cache_control);
        }
        Block::Text { cache_control, .. }
        | Block::Image { cache_control, .. }
        | Block::Document { cache_control, .. }
        | Block::ToolUse { cache_control, .. } => controls.push(cache_control),
        Block::Opaque(block) => *fixed += count_inside(block),
        Block::Thinking { .. } | Block::RedactedThinking { .. } => {}
    }
}

fn count_inside(block: &Value) -> usize {
    usize::from(block.get("cache_control").is_some_and(|control| !control.is_null()))
}

/// An hour after five minutes is refused: it becomes five minutes.
fn shorten<'b, 'a: 'b>(controls: impl Iterator<Item = &'b mut CacheControl<'a>>, losses: &mut Losses) {
    let mut short = false;
    for control in controls {
        if control.ttl != Some(HOUR) {
            short = true;
        } else if short {
            control.ttl = None;
            losses.approximated(
                format!("{}.cache", control.place),
                "an hour cannot follow a breakpoint of five minutes",
            );
        }
    }
}
