//! Vectors on the wire: decimal numbers, or base64 of 32-bit floats, lowest byte first.
//!
//! ```
//! use tollgate_model::embedding::{Vector, VectorEncoding};
//! use tollgate_provider::vectors;
//!
//! // A provider gives decimals, the client wants base64.
//! let read = vectors::read("[1, -0.5]", Some(VectorEncoding::Base64)).unwrap();
//! assert_eq!(vectors::base64(&read), "AACAPwAAAL8=");
//! // The other way round.
//! let read = vectors::read(r#""AACAPwAAAL8=""#, None).unwrap();
//! assert_eq!(read, Vector::Floats(vec![1.0, -0.5]));
//! ```

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::BufMut;
use tollgate_model::{
    ProviderError,
    embedding::{Vector, VectorEncoding},
};

use crate::json_writer;

/// Writes padding, and reads with or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads a vector out of its JSON: an array of numbers, or a text in base64.
///
/// `wanted` is how the client wants it written. For base64, decimals are rounded once, straight to 32 bits.
///
/// # Errors
/// It is neither, or a number is not finite.
pub fn read(json: &str, wanted: Option<VectorEncoding>) -> Result<Vector, ProviderError> {
    let unreadable =
        |source| ProviderError::protocol("a vector of the provider cannot be read").with_source(source);
    let vector = if json.starts_with('"') {
        let text: String = serde_json::from_str(json).map_err(unreadable)?;
        Vector::Floats(from_base64(&text)?)
    } else if wanted == Some(VectorEncoding::Base64) {
        Vector::Floats(serde_json::from_str(json).map_err(unreadable)?)
    } else {
        Vector::Decimals(serde_json::from_str(json).map_err(unreadable)?)
    };
    let finite = match &vector {
        Vector::Decimals(numbers) => numbers.iter().all(|number| number.is_finite()),
        Vector::Floats(numbers) => numbers.iter().all(|number| number.is_finite()),
    };
    if finite { Ok(vector) } else { Err(ProviderError::protocol("a vector of the provider holds no number")) }
}

fn from_base64(text: &str) -> Result<Vec<f32>, ProviderError> {
    let wrong = |what: &str| ProviderError::protocol(format!("a vector of the provider {what}"));
    let bytes = BASE64.decode(text).map_err(|error| wrong("is no base64").with_source(error))?;
    let (floats, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(wrong("is not made of 32-bit floats"));
    }
    Ok(floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

/// Writes a vector as base64.
#[must_use]
pub fn base64(vector: &Vector) -> String {
    let bytes: Vec<u8> = match vector {
        Vector::Floats(numbers) => numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
        Vector::Decimals(numbers) => {
            numbers.iter().flat_map(|number| rounded(*number).to_le_bytes()).collect()
        }
    };
    BASE64.encode(bytes)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the format has 32 bits, and a cast rounds to the nearest"
)]
const fn rounded(number: f64) -> f32 {
    number as f32
}

/// Appends a vector as an array of numbers: each in as few digits as tell it from its neighbours.
pub fn append_numbers<B: BufMut>(out: &mut B, vector: &Vector) {
    let written = match vector {
        Vector::Decimals(numbers) => json_writer::append(out, numbers),
        Vector::Floats(numbers) => json_writer::append(out, numbers),
    };
    written.expect("numbers are always JSON");
}

/// Appends a vector as the client wants it.
pub fn append<B: BufMut>(out: &mut B, vector: &Vector, wanted: Option<VectorEncoding>) {
    match wanted {
        Some(VectorEncoding::Base64) => {
            json_writer::append(out, &base64(vector)).expect("a text is always JSON");
        }
        Some(VectorEncoding::Float) | None => append_numbers(out, vector),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(vector: &Vector, wanted: Option<VectorEncoding>) -> String {
        let mut out = Vec::new();
        append(&mut out, vector, wanted);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn decimals_are_written_as_they_were_said() {
        let said = "[0.009180067,-0.014831542918573,-0.0,1e-7,3.0]";
        assert_eq!(written(&read(said, None).unwrap(), None), said);
    }

    #[test]
    fn what_is_no_vector_is_an_error() {
        for wrong in
            ["", "{}", "7", "null", r#"["1"]"#, "[null]", "[1,", r#""AAA""#, r#""%%%%""#, r#""AACAfw==""#]
        {
            assert!(read(wrong, None).is_err(), "{wrong}");
        }
        assert!(read("[1e300]", Some(VectorEncoding::Base64)).is_err());
    }

    #[test]
    fn a_decimal_is_rounded_once() {
        // Just above the middle between 1 and its neighbour; a detour by double precision lands on the middle, and then on 1.
        let said = "[1.00000005960464477540]";
        let Vector::Floats(straight) = read(said, Some(VectorEncoding::Base64)).unwrap() else { panic!() };
        let exact: f32 = "1.00000005960464477540".parse().unwrap();
        assert_eq!(straight[0].to_bits(), exact.to_bits());
    }

    proptest! {
        #[test]
        fn floats_survive_base64_and_decimals_bit_for_bit(
            floats in prop::collection::vec(any::<f32>().prop_filter("finite", |float| float.is_finite()), 0..50)
        ) {
            let vector = Vector::Floats(floats);
            for first in [VectorEncoding::Float, VectorEncoding::Base64] {
                let text = written(&vector, Some(first));
                prop_assert_eq!(&read(&text, Some(VectorEncoding::Base64)).unwrap(), &vector);
            }
            let decimals = read(&written(&vector, None), None).unwrap();
            prop_assert_eq!(base64(&decimals), base64(&vector));
        }
    }
}
