//! Local servers: Ollama's native API and any OpenAI-compatible URL.
