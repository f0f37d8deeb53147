//! How to reach providers, and how long to wait for them.

use std::{path::PathBuf, time::Duration};

/// A host that is up accepts within this, also from another continent.
pub const DEFAULT_CONNECT: Duration = Duration::from_secs(10);
/// Models that reason can be silent for many minutes before the head of an answer that is not streamed.
pub const DEFAULT_FIRST_BYTE: Duration = Duration::from_secs(600);
/// Streams send something at least every so often; some vendors ping every 15 s, reasoning is silent for longer.
pub const DEFAULT_IDLE: Duration = Duration::from_secs(120);
/// Below the vendors' own idle time-outs, so that we, not they, close first.
pub const DEFAULT_POOL_IDLE: Duration = Duration::from_secs(30);
/// More than one process of a gateway should need towards one vendor; further calls wait.
pub const DEFAULT_MAX_CONNECTIONS_PER_HOST: usize = 10_000;

/// How long to wait. Put another one into a request's extensions to change it for that request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection stands: names, addresses, proxy and TLS together.
    pub connect: Duration,
    /// From the request to the head of the answer.
    pub first_byte: Duration,
    /// Between two pieces of the answer.
    pub idle: Duration,
    /// For the whole exchange.
    pub total: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: DEFAULT_CONNECT, first_byte: DEFAULT_FIRST_BYTE, idle: DEFAULT_IDLE, total: None }
    }
}

/// How to reach providers.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whom to trust.
    pub roots: Roots,
    /// PEM files with further authorities to trust.
    pub extra_roots: Vec<PathBuf>,
    /// Whether HTTP/2 is offered. Off by default: one connection then carries many calls, and a stalled one stalls them all.
    pub http2: bool,
    /// The way out.
    pub proxy: Proxy,
    /// How long an idle connection is kept.
    pub pool_idle: Duration,
    /// The most connections to one host; further calls wait for one, within their connect time-out.
    pub max_connections_per_host: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            roots: Roots::Platform,
            extra_roots: Vec::new(),
            http2: false,
            proxy: Proxy::Environment,
            pool_idle: DEFAULT_POOL_IDLE,
            max_connections_per_host: DEFAULT_MAX_CONNECTIONS_PER_HOST,
        }
    }
}

/// Whom to trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Roots {
    /// The system's authorities.
    Platform,
    /// Mozilla's authorities, built in: for images without any.
    Bundled,
}

/// The way out. Loopback addresses are always reached directly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proxy {
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
    Environment,
    /// Directly.
    None,
    /// Through this one, whatever the environment says.
    Url(String),
}

/// Options that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportConfigError {
    /// No authority to trust was found.
    #[error(
        "no trusted certificate authorities: install the system's CA certificates, or use the bundled roots or an extra CA file"
    )]
    Roots(#[source] rustls::Error),
    /// An extra CA file that cannot be used.
    #[error("the extra CA file {} cannot be used: {reason}", .path.display())]
    ExtraRoots {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// TLS could not be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
}
