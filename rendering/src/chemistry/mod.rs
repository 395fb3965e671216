//! Chemistry.
