//! What the tests of the whole system share: buses, proxies, and workers that are written by hand, against the text of
//! the protocol and not against our own types.

pub mod brokers;
pub mod certificates;
pub mod crew;
pub mod desk;
pub mod dialled_in;
pub mod fault_proxy;
pub mod figures;
pub mod go_worker;
pub mod handlers;
pub mod listeners;
pub mod one_test;
pub mod operator;
pub mod oracle;
pub mod phones;
pub mod process;
pub mod programs;
pub mod proxies;
pub mod python;
pub mod secrets;
pub mod seed;
pub mod series;
pub mod stage;
pub mod tap;
pub mod tls_gate;
pub mod wait;
pub mod whole_call;
pub mod witness;
pub mod worlds;
