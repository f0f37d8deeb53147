//! Moves bytes to providers.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`http`] | [`HttpTransport`], the way over the network |
//! | [`options`] | [`Options`] and [`Timeouts`] |
//! | `connect` | from a URL to a connection: names, addresses, proxies, TLS |
//! | `pool` | idle connections, by host |
//! | `exchange` | one request and its answer over one connection |
//! | `tls` | whom to trust |

mod connect;
mod exchange;
pub mod http;
pub mod options;
mod pool;
mod tls;

pub use http::HttpTransport;
pub use options::{Options, Proxy, Roots, Timeouts, TransportConfigError};
