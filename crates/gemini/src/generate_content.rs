//! `generateContent` and `streamGenerateContent`, in both directions.

mod count_tokens;
mod finish;
mod front_door;
mod grounding;
mod models;
mod notes;
mod path;
mod provider;
mod relay;
mod request;
mod response;
mod schema;
mod stream_decoder;
mod stream_encoder;
mod usage;
mod wire;

use tollgate_model::Format;

pub use count_tokens::CountTokensFrontDoor;
pub use front_door::GenerateContentFrontDoor;
pub(crate) use front_door::facts;
pub use models::{ListedModel, encode_model_list};
pub use path::ModelPath;
pub use provider::GenerateContentProvider;
pub(crate) use provider::resource;
pub(crate) use relay::{renamed, take_headers};
pub(crate) use request::{asked, read_embedded_part};

const FORMAT: Format = Format::GEMINI_GENERATE_CONTENT;
