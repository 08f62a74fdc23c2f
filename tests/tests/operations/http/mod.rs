//! The proxy's own HTTP listener: what it says of the proxy, whom it answers, and that nobody takes more than there is.

mod access;
mod health;
mod slow;
