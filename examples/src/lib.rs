//! The examples are beside this folder: see `embed.rs` and `custom_provider.rs`.
