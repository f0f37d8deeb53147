//! What a provider adapter implements.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`chat`] | [`Provider`] and [`StreamDecoder`]: canonical request → their HTTP, their HTTP → canonical events |
//! | [`relay`] | [`Relay`]: the untouched path, for a client that speaks the provider's own format |
//! | [`front_door`] | [`FrontDoor`] and [`StreamEncoder`]: the mirror image, for clients |
//! | [`embedding`] | [`EmbeddingProvider`] and [`EmbeddingFrontDoor`] |
//! | [`token_counter`] | [`TokenCounter`] and [`TokenCountFrontDoor`] |
//! | [`vectors`] | vectors on the wire: decimals and base64 |
//! | [`carried`] | one vendor's proof in another format's field |
//! | [`framing`] | [`Framer`]: cuts a stream into frames, wherever the network cut it |
//! | [`json_spans`] | finds top-level fields of a JSON body without parsing the rest |
//! | [`json_writer`] | writes JSON, long texts fast |
//! | [`credentials`] | [`Authorizer`] and [`Secret`] |
//! | [`transport`] | [`Transport`]: moves one HTTP exchange; an in-process model implements it too |
//! | [`mod@collect`] | reads a whole body, up to a limit |
//! | [`base_url`] | [`BaseUrl`], what operators write, with or without a version |
//! | [`retry_after`] | reads how long a provider asks to wait |
//! | [`error_text`] | what of a foreign error's text may be passed on |
//! | [`conformance`] | the suite and the golden cases that every adapter passes |
//!
//! Everything but [`Transport`] and [`Authorizer`] is pure: no socket, no clock, no task.

pub mod base_url;
pub mod carried;
pub mod chat;
pub mod collect;
pub mod conformance;
pub mod credentials;
pub mod embedding;
pub mod error_text;
pub mod framing;
pub mod front_door;
pub mod json_spans;
pub mod json_writer;
pub mod relay;
pub mod retry_after;
pub mod token_counter;
pub mod transport;
pub mod vectors;

pub use base_url::BaseUrl;
pub use chat::{Encoded, Provider, StreamDecoder, Target};
pub use credentials::{Authorizer, HeaderCredential, Secret};
pub use embedding::{EmbeddingFrontDoor, EmbeddingProvider};
pub use framing::{Frame, Framer, Framing};
pub use front_door::{EncodedResponse, FrontDoor, RequestFacts, StreamEncoder};
pub use relay::{Relay, ResponseFacts, StreamReader};
pub use token_counter::{TokenCountFrontDoor, TokenCounter};
pub use transport::{Body, Transport, TransportError};
