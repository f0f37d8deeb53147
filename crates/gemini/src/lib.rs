//! Gemini's wire format: generateContent.
