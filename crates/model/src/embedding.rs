//! Embeddings: what is asked, and the vectors that come.

use serde::{Deserialize, Serialize};

use crate::{Extra, Losses, ModelName, Part, ResponseId, Usage};

/// One request for vectors, in no vendor's terms.
///
/// `None` is 'not said': the provider's default holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingRequest {
    /// The model, as the client asked for it.
    pub model: ModelName,
    /// What is embedded. Each input gets one vector.
    pub inputs: Vec<EmbeddingInput>,
    /// How many numbers a vector shall have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<u64>,
    /// How the client wants its vectors written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<VectorEncoding>,
    /// Whether an input that is too long is cut, or refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncate: Option<bool>,
    /// The end user, as a stable opaque id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Fields that only one format has.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

/// One input, and what its vector is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingInput {
    /// What is embedded.
    pub content: EmbeddingContent,
    /// What the vector is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<EmbeddingTask>,
    /// The title of a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Fields that only one format has.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

/// What is embedded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
#[non_exhaustive]
pub enum EmbeddingContent {
    /// A text.
    Text(String),
    /// Tokens of the model's own alphabet, which mean nothing to another model.
    Tokens(Vec<u64>),
    /// Several pieces, or a picture, a sound, a file: one vector for all of them.
    Parts(Vec<Part>),
}

/// What a vector is for. Some models turn a question and the text that answers it into the same direction only if they
/// are told which is which.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EmbeddingTask {
    /// A search for documents.
    RetrievalQuery,
    /// A document that is searched.
    RetrievalDocument,
    /// To tell how alike texts are.
    SemanticSimilarity,
    /// To sort texts into known classes.
    Classification,
    /// To find groups.
    Clustering,
    /// A question that documents answer.
    QuestionAnswering,
    /// A claim that documents support or refute.
    FactVerification,
    /// A search for code, in words.
    CodeRetrievalQuery,
    /// Another word of one vendor.
    Other(String),
}

/// How vectors are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VectorEncoding {
    /// As decimal numbers.
    Float,
    /// As base64 of 32-bit floats, lowest byte first.
    Base64,
}

impl EmbeddingRequest {
    /// Asks for a vector of each input.
    #[must_use]
    pub const fn new(model: ModelName, inputs: Vec<EmbeddingInput>) -> Self {
        Self {
            model,
            inputs,
            dimensions: None,
            encoding: None,
            truncate: None,
            user: None,
            extra: Extra::NONE,
        }
    }

    /// Names what each input says of its purpose as lost, for a format that has no place for it.
    pub fn lose_purposes(&self, why: &str, losses: &mut Losses) {
        for (index, input) in self.inputs.iter().enumerate() {
            if input.task.is_some() {
                losses.dropped(format!("inputs[{index}].task"), why);
            }
            if input.title.is_some() {
                losses.dropped(format!("inputs[{index}].title"), why);
            }
        }
    }
}

impl EmbeddingInput {
    /// Makes an input of nothing but its content.
    #[must_use]
    pub const fn new(content: EmbeddingContent) -> Self {
        Self { content, task: None, title: None, extra: Extra::NONE }
    }

    /// Makes an input of one text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(EmbeddingContent::Text(text.into()))
    }

    /// Returns the input as one text: its own, or its pieces of text as lines. `None`: it is not text alone.
    #[must_use]
    pub fn as_text(&self) -> Option<std::borrow::Cow<'_, str>> {
        match &self.content {
            EmbeddingContent::Text(text) => Some(text.into()),
            EmbeddingContent::Tokens(_) => None,
            EmbeddingContent::Parts(parts) => {
                let texts: Option<Vec<&str>> = parts.iter().map(Part::as_text).collect();
                Some(texts?.join("\n").into())
            }
        }
    }
}

/// The vectors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EmbeddingResponse {
    /// The provider's id.
    pub id: Option<ResponseId>,
    /// The model that answered.
    pub model: Option<ModelName>,
    /// One vector for each input, in the order of the inputs.
    pub vectors: Vec<Vector>,
    /// What was consumed. `None` where the provider says nothing.
    pub usage: Option<Usage>,
    /// Fields that only one format has.
    pub extra: Extra,
}

/// One vector, in the precision in which it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "numbers", rename_all = "snake_case")]
pub enum Vector {
    /// Read as decimal numbers. Kept in double precision, so that they are written again as they were said.
    Decimals(Vec<f64>),
    /// 32-bit floats, bit for bit.
    Floats(Vec<f32>),
}

impl Vector {
    /// Returns how many numbers there are.
    #[must_use]
    pub const fn dimensions(&self) -> usize {
        match self {
            Self::Decimals(numbers) => numbers.len(),
            Self::Floats(numbers) => numbers.len(),
        }
    }
}
