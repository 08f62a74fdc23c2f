//! What whoever runs a proxy has to do with: its command line, HTTP, metrics, TLS, policy, applications and the event stream.

mod applications;
mod cli;
mod event_stream;
mod http;
mod metrics;
mod policy;
mod tls;
