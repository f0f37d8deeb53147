//! OpenAI's wire formats, in both directions: Chat Completions.
