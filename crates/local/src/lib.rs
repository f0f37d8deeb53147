//! Local servers: Ollama's native API and any OpenAI-compatible URL.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`ollama`] | Ollama's own `/api/chat`, and which models it has pulled |
//! | [`compatible`] | llama.cpp's server, vLLM and whatever else copies Chat Completions, and which models it serves |

pub mod compatible;
pub mod ollama;
