//! Conversations that go on.
