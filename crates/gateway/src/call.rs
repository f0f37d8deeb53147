//! The life of a call, from a client's bytes to a recorded answer.
//!
//! ```text
//! inquiry → dispatch ( attempt* ) → answer → relayed_stream | encoded_stream | whole
//!    └────────────── open_call: notes everything, closes the record on every exit ──────┘
//! ```

mod accounting;
mod answer;
mod answer_body;
mod attempt;
mod dispatch;
mod encoded_stream;
mod errand;
mod event_reader;
mod facts;
mod headers;
mod inquiry;
mod job;
mod open_call;
mod options;
mod passed_body;
mod redaction;
mod relayed_stream;
mod serve;
mod stream;
mod whole_events;

pub use answer_body::{AnswerBody, Cut};
pub(crate) use dispatch::{Failure, planned};
pub(crate) use errand::Place;
pub(crate) use inquiry::Inquiry;
pub(crate) use job::{Asked, Billing, Done, Job, Question, Reading, encoding};
pub use options::CallOptions;
pub(crate) use serve::identify;
pub use stream::ChatStream;
