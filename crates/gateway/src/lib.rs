//! The gateway as a library: from a client's bytes to a recorded answer.
