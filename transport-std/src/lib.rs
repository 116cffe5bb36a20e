//! transport-std
