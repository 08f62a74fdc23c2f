//! What Prometheus reads: all metrics of all proxies of this process, in one of two forms.

use std::{fmt, fmt::Write as _, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text},
    metrics::{MetricType, exemplar::Exemplar},
    registry::{self, Registry},
};

use super::{Definition, Kind, Label, Metric, Metrics, PREFIX, Unit};

/// The label that tells the proxies of one process apart.
const SERVER_ID: &str = "server_id";

/// A form of what Prometheus reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// The older text format, which everything understands.
    Text,
}

impl Format {
    /// The form that a reader with this header `Accept` wants.
    #[must_use]
    pub fn accepted(accept: &str) -> Self {
        let is_open = |part: &str| {
            let mut parameters = part.split(';').map(str::trim);
            let kind = parameters.next().unwrap_or_default();
            let refused = parameters.any(|parameter| {
                parameter.strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()).is_some_and(|q| q <= 0.0)
            });
            kind.eq_ignore_ascii_case("application/openmetrics-text") && !refused
        };
        if accept.split(',').any(is_open) { Self::OpenMetrics } else { Self::Text }
    }

    /// Its `Content-Type`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// The metrics of all proxies of a process.
#[must_use]
pub fn expose(proxies: &[Arc<Metrics>], format: Format) -> String {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(Proxies(proxies.to_vec())));
    let mut open = String::new();
    // A text takes whatever is written to it.
    let _ = text::encode(&mut open, &registry);
    match format {
        Format::OpenMetrics => open,
        Format::Text => classic(&open),
    }
}

/// The same in the older format: it has no units and no end, and a counter is called there as its series is.
fn classic(open: &str) -> String {
    let mut classic = String::with_capacity(open.len());
    let mut help = None;
    for line in open.lines() {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some("HELP"), Some(name), text) => help = Some((name, text.unwrap_or_default())),
            (Some("#"), Some("TYPE"), Some(name), kind) => {
                let kind = kind.unwrap_or_default();
                let total = if kind == "counter" { "_total" } else { "" };
                if let Some((_, text)) = help.take().filter(|(of, _)| *of == name) {
                    let _ = writeln!(classic, "# HELP {name}{total} {text}");
                }
                let _ = writeln!(classic, "# TYPE {name}{total} {kind}");
            }
            (Some("#"), ..) => {}
            _ => {
                classic.push_str(line);
                classic.push('\n');
            }
        }
    }
    classic
}

/// The proxies of a process, each metric of all of them together.
#[derive(Debug)]
struct Proxies(Vec<Arc<Metrics>>);

impl Collector for Proxies {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for metric in Metric::ALL {
            let Definition { stem, kind, unit, help, .. } = metric.definition();
            let unit = unit.map(|unit| match unit {
                Unit::Seconds => registry::Unit::Seconds,
                Unit::Bytes => registry::Unit::Bytes,
            });
            let kind = match kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
                Kind::Histogram => MetricType::Histogram,
            };
            let mut encoder = encoder.encode_descriptor(stem, help.trim(), unit.as_ref(), kind)?;
            for metrics in &self.0 {
                metrics.encode(*metric, &mut encoder)?;
            }
        }
        Ok(())
    }
}

impl Metrics {
    /// The series of one metric.
    fn encode(&self, metric: Metric, encoder: &mut MetricEncoder<'_>) -> fmt::Result {
        let Definition { kind, labels, .. } = metric.definition();
        let sparse = labels.iter().any(|label| label.is_sparse());
        let family = self.family(metric);
        for values in family.combinations() {
            let value = |(label, place): (&Label, &usize)| (label.name(), self.value(*label, *place));
            let mut set = vec![(SERVER_ID, self.server_id.as_str())];
            set.extend(labels.iter().zip(&values).map(value));
            match kind {
                Kind::Counter | Kind::Gauge => {
                    let number = family.get(&values);
                    if sparse && number == 0 {
                        continue;
                    }
                    let mut encoder = encoder.encode_family(&set)?;
                    match kind {
                        Kind::Gauge => encoder.encode_gauge(&number)?,
                        _ => encoder.encode_counter(&number, NO_EXEMPLAR)?,
                    }
                }
                Kind::Histogram => {
                    let times = family.times(&values);
                    if sparse && times.count == 0 {
                        continue;
                    }
                    let mut encoder = encoder.encode_family(&set)?;
                    encoder.encode_histogram::<NoLabelSet>(times.sum, times.count, &times.buckets, None)?;
                }
            }
        }
        Ok(())
    }
}

const NO_EXEMPLAR: Option<&Exemplar<NoLabelSet, u64>> = None;
