//! Moves bytes to providers: pools, TLS, timeouts, proxies, over hyper.
