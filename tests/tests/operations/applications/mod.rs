//! Applications that are added and removed while the proxy runs.

mod names;
mod real;
mod refused;
