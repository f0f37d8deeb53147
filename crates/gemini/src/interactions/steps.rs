//! Steps, in both directions: of requests and of answers.

mod read;
mod write;

use tollgate_model::{Part, Signature};

use super::FORMAT;
use crate::{read::Text, signature};

pub(super) use self::{
    read::read,
    write::{ModelSteps, is_output},
};

/// Whose step it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaker {
    User,
    Model,
    Tool,
}

/// A step, read.
#[derive(Debug)]
pub(super) struct ReadStep {
    pub(super) speaker: Speaker,
    pub(super) parts: Vec<Part>,
}

/// Which way steps go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// From the client to the vendor: what was carried along is unpacked, and only what is the vendor's own goes on.
    Request,
    /// From the vendor to the client: what other vendors need back is carried along.
    Answer,
}

impl Direction {
    const fn speaker(self) -> Speaker {
        match self {
            Self::Request => Speaker::User,
            Self::Answer => Speaker::Model,
        }
    }

    /// Gives a part its signature.
    fn sign(self, part: &mut Part, signature: Option<&Text<'_>>) {
        match (self, signature) {
            (_, None) => {}
            (Self::Request, Some(text)) => {
                signature::read(&text.0, &FORMAT, part);
            }
            (Self::Answer, Some(text)) if text.0.is_empty() => {}
            (Self::Answer, Some(text)) => {
                part.signature = Some(Signature { issuer: FORMAT, value: text.0.to_string() });
            }
        }
    }
}
