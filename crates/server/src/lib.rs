//! The HTTP surface: front doors, admin API, health.
