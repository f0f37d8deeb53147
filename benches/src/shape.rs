//! What the upstream shall answer, written into the model's name, so that it survives every proxy and translation.

use std::{fmt, str::FromStr, time::Duration};

/// The shape of one answer: `bench-a1000` whole, `bench-a1000-c100-g5` in 100 chunks, 5 ms apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Bytes of text.
    pub answer_bytes: usize,
    /// Chunks of a stream; `None`: one whole answer.
    pub chunks: Option<usize>,
    /// Time between two chunks. None: all of them in one write.
    pub gap: Duration,
}

/// What every such model's name begins with, after the provider's.
const PREFIX: &str = "bench-a";

impl Shape {
    /// An answer in one piece.
    #[must_use]
    pub const fn whole(answer_bytes: usize) -> Self {
        Self { answer_bytes, chunks: None, gap: Duration::ZERO }
    }

    /// A stream.
    #[must_use]
    pub const fn stream(answer_bytes: usize, chunks: usize, gap: Duration) -> Self {
        Self { answer_bytes, chunks: Some(chunks), gap }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.answer_bytes)?;
        match self.chunks {
            None => Ok(()),
            Some(chunks) => write!(f, "-c{chunks}-g{}", self.gap.as_millis()),
        }
    }
}

/// A model's name that names no shape.
#[derive(Debug, PartialEq, Eq)]
pub struct NoShape;

impl fmt::Display for NoShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the model must be {PREFIX}BYTES or {PREFIX}BYTES-cCHUNKS-gMILLISECONDS")
    }
}

impl std::error::Error for NoShape {}

impl FromStr for Shape {
    type Err = NoShape;

    /// Reads a model's name, with or without the provider's in front.
    fn from_str(model: &str) -> Result<Self, NoShape> {
        let name = model.rsplit('/').next().unwrap_or(model);
        let mut fields = name.strip_prefix(PREFIX).ok_or(NoShape)?.split('-');
        let number = |text: Option<&str>, prefix| {
            text.and_then(|text| text.strip_prefix(prefix)).and_then(|text| text.parse().ok()).ok_or(NoShape)
        };
        let answer_bytes = number(fields.next(), "")?;
        let Some(chunks) = fields.next() else { return Ok(Self::whole(answer_bytes)) };
        let chunks = number(Some(chunks), "c")?;
        let gap = u64::try_from(number(fields.next(), "g")?).map_err(|_| NoShape)?;
        Ok(Self::stream(answer_bytes, chunks, Duration::from_millis(gap)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_survives_its_name() {
        for shape in [Shape::whole(7), Shape::stream(1_000, 100, Duration::from_millis(5))] {
            assert_eq!(format!("openai/{shape}").parse(), Ok(shape));
        }
        for wrong in ["", "gpt-6.1-sol", "bench-a", "bench-a1-c", "bench-a1-c2", "bench-a1-c2-g"] {
            assert_eq!(wrong.parse::<Shape>(), Err(NoShape), "{wrong}");
        }
    }
}
