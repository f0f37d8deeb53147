//! Simulated providers on loopback that speak the real wire formats.
