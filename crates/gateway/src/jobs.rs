//! What goes through the gate beside chat.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `passed` | OpenAI's other APIs: images, sound, moderation and the like, for providers that have them |
//! | `passthrough` | anything else, to one provider by name |

mod passed;
mod passthrough;
