//! What goes through the gate beside chat.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `embeddings` | vectors, between all formats |
//! | `token_count` | how many tokens a request would take |
//! | `passed` | OpenAI's other APIs: images, sound, moderation and the like, for providers that have them |
//! | `passthrough` | anything else, to one provider by name |

mod embeddings;
mod passed;
mod passthrough;
mod token_count;

use http::HeaderName;

/// Says where the numbers of tokens in an answer come from, if not from the provider.
const USAGE: HeaderName = HeaderName::from_static("x-tollgate-usage");
/// From the sizes of what was asked.
const ESTIMATED: &str = "estimated";
