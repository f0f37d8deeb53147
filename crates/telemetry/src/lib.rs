//! Call records, their store, and the bill.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`record`] | [`CallRecord`]: all that is known of a call when it is over |
//! | [`recorder`] | [`Recorder`]: takes records, writes them in batches from one thread |
//! | [`store`] | [`Store`]: reads them, also while another process writes |
//! | [`bill`] | [`Bill`]: sums by provider, model, key, team, user, tag, day |
//! | [`database`] | the file, its version and what can be wrong with it |
//!
//! Durability: [`Recorder::close`] writes everything, so nothing is lost on SIGTERM. What was gathered within the last
//! [`RecorderOptions::gather`] is lost on SIGKILL; the journal that mends this is not there yet.

pub mod bill;
mod content;
pub mod database;
pub mod record;
pub mod recorder;
mod repeats;
mod row;
mod segment;
pub mod store;

pub use bill::{Bill, BillQuery, BillRow, Dimension, Sums};
pub use database::{DATABASE_FILE, StoreError};
pub use record::{
    Attempt, CallCost, CallFailure, CallRecord, CallerRecord, CostLine, Outcome, UsageSource, new_call_id,
};
pub use recorder::{Recorder, RecorderOptions, RecorderStatus};
pub use store::{CallDetail, CallFilter, CallSummary, Store};
