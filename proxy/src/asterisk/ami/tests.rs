//! The client against small manager interfaces of our own.
