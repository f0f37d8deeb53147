//! Gemini's wire formats, in both directions: `generateContent` with `streamGenerateContent`, embeddings, counts of tokens,
//! and Interactions.
//!
//! Sources: <https://ai.google.dev/api/generate-content>, <https://ai.google.dev/gemini-api/docs/thought-signatures>,
//! <https://ai.google.dev/gemini-api/docs/function-calling>, <https://ai.google.dev/gemini-api/docs/interactions>, the
//! `v1beta` protocol files of <https://github.com/googleapis/googleapis> and the types of the vendor's Python SDK 3.4.0 (read
//! 2026-11-23).
//!
//! | module | what it holds |
//! | --- | --- |
//! | `generate_content` | [`GenerateContentProvider`] and [`GenerateContentFrontDoor`], token counts and model lists |
//! | `embeddings` | `embedContent` and `batchEmbedContents`: [`EmbedContentFrontDoor`] |
//! | `interactions` | [`InteractionsProvider`] and [`InteractionsFrontDoor`] |
//! | `error`, `client_error` | non-2xx answers and in-stream errors, read and told |
//! | `read` | how the vendor's objects are read: names in two spellings, lists of one, errors with their place |
//! | `signature` | a format's own signatures, and other vendors' proofs carried in their place |
//! | `names` | what encoding renames and emulates, and decoding undoes |
//! | `levels`, `limits`, `media`, `base64`, `time` | what both formats ask, take and write alike |
//! | `vendor` | the vendor's name, address and credential |
//!
//! # Surprises
//! - The model stands in the path, not in the body. A stream needs `?alt=sse`, else a JSON array comes.
//! - A stream has no last frame: its end is the body's, and it is whole if any frame gave a `finishReason`. Every frame
//!   may repeat the reason and the usage, which is a running total.
//! - `finishReason` is `STOP` for function calls too; they come whole, often without an id.
//! - `candidatesTokenCount` lacks the thoughts, `promptTokenCount` lacks the prompts of server-side tools. Counters of
//!   zero are left out.
//! - A refused prompt is a 200 without candidates.
//! - A thought signature goes back on the very part that bore it. A signed piece of a stream is therefore a part of its
//!   own, also an empty one. Models that think by level refuse a current turn whose steps do not each begin with a
//!   signed call; the vendor documents a placeholder for calls that another model made.
//! - Tool names have 64 characters at most; a result is found by its function's name, and must be an object.
//! - Clients of the vendor's SDKs keep a streamed answer in its pieces, and send the pieces back, each as a turn. A carried
//!   proof says how long the text is that it is about, so that this text can be put together again.
//! - The SDKs leave a streamed answer out of their chats if a chunk of it holds no part.
//! - Interactions keep the conversation unless `store` is false. Their thoughts are steps with a signature; a call has its
//!   own. Arguments come after an empty object, at times under the number of the thought before the call.
//!
//! ```
//! use tollgate_gemini::{DEFAULT_BASE_URL, GenerateContentProvider, NAME};
//! use tollgate_model::{ChatRequest, Message, ModelName, ProviderName};
//! use tollgate_provider::{Provider, Target};
//!
//! let provider = GenerateContentProvider::new(ProviderName::new(NAME), DEFAULT_BASE_URL.parse().unwrap());
//! let model = ModelName::new("gemini-3.8-flash");
//! let request = ChatRequest::new(model.clone(), vec![Message::user("hello")]).streamed();
//! let encoded = provider.encode_request(&Target { model: &model, card: None }, &request).unwrap();
//! assert_eq!(encoded.request.uri().path(), "/v1beta/models/gemini-3.8-flash:streamGenerateContent");
//! assert_eq!(encoded.request.body(), r#"{"contents":[{"role":"user","parts":[{"text":"hello"}]}]}"#);
//! assert!(encoded.losses.is_empty());
//! ```

mod base64;
mod client_error;
mod embeddings;
mod error;
mod generate_content;
mod interactions;
mod levels;
mod limits;
mod media;
mod names;
mod read;
mod signature;
mod time;
mod vendor;

pub use embeddings::EmbedContentFrontDoor;
pub use error::{decode_error, decode_error_frame};
pub use generate_content::{
    CountTokensFrontDoor, GenerateContentFrontDoor, GenerateContentProvider, ListedModel, ModelPath,
    encode_model_list,
};
pub use interactions::{InteractionsFrontDoor, InteractionsProvider};
pub use vendor::{API_KEY_ENV, DEFAULT_BASE_URL, NAME, credential};
