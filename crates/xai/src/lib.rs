//! xAI: OpenAI's format and what differs.
