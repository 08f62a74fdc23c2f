//! A version-1 proxy that does what a test tells it.
