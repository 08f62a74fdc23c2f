//! What Prometheus reads of a proxy: that the figures are those that happened, that nothing from outside makes more of them,
//! and that documentation and board speak of the metrics that there are.

mod hostile;
mod names;
mod run;
mod servers;
