//! What Prometheus is told of what was recorded.

use std::{hint::black_box, sync::Arc, time::Instant};

use super::*;

fn metrics() -> Arc<Metrics> {
    Arc::new(Metrics::new("pbx \"1\"\\", &["ivr".to_owned(), "desk".to_owned()]))
}

#[test]
fn what_was_recorded_is_told_with_its_labels() {
    let metrics = metrics();
    metrics.count_of(Metric::DialogsOpened, "ivr");
    metrics.event("desk", "StasisStart");
    metrics.event("nobody's", "Strange");
    metrics.answered(("POST", "/channels/17.1/answer?x=1"), Answered::Done, Duration::from_millis(3));
    metrics.lost(7, Lost::TooLarge);
    metrics.refused(409);
    let _active = metrics.dialog(DialogState::Offered);
    _active.is_now(DialogState::Active);
    let text = expose(&[Arc::clone(&metrics)], Format::Text);
    let server = r#"server_id="pbx \"1\"\\""#;
    for line in [
        format!(
            "# TYPE ari_proxy_dialogs_opened_total counter\nari_proxy_dialogs_opened_total{{{server},application=\"desk\"}} 0"
        ),
        format!("ari_proxy_dialogs_opened_total{{{server},application=\"ivr\"}} 1"),
        format!("ari_proxy_dialogs_opened_total{{{server},application=\"other\"}} 0"),
        format!("ari_proxy_events_received_total{{{server},application=\"desk\",type=\"StasisStart\"}} 1"),
        format!("ari_proxy_events_received_total{{{server},application=\"other\",type=\"other\"}} 1"),
        format!("ari_proxy_events_lost_total{{{server},reason=\"too_large\"}} 7"),
        format!("ari_proxy_commands_refused_total{{{server},status=\"409\"}} 1"),
        format!("ari_proxy_dialogs{{{server},state=\"active\"}} 1"),
        format!("ari_proxy_dialogs{{{server},state=\"offered\"}} 0"),
        format!(
            "ari_proxy_command_duration_seconds_count{{{server},operation=\"POST /channels/{{channelId}}/answer\",status=\"2xx\"}} 1"
        ),
        format!(
            "ari_proxy_command_duration_seconds_bucket{{le=\"0.005\",{server},operation=\"POST /channels/{{channelId}}/answer\",status=\"2xx\"}} 1"
        ),
    ] {
        assert!(text.contains(&line), "{line}\n{text}");
    }
    assert!(!text.contains("EOF") && !text.contains("# UNIT"), "{text}");
    drop(_active);
    assert_eq!(metrics.get(Metric::Dialogs), 0);
}

#[test]
fn openmetrics_ends_as_it_must_and_names_a_counter_without_its_ending() {
    let text = expose(&[metrics()], Format::OpenMetrics);
    assert!(text.ends_with("# EOF\n"));
    assert!(text.contains("# TYPE ari_proxy_offers counter\n"));
    assert!(text.contains("# UNIT ari_proxy_command_wait_seconds seconds\n"));
}

#[test]
fn each_metric_is_told_once_however_many_proxies_there_are() {
    let others = [metrics(), Arc::new(Metrics::new("pbx2", &[])), Arc::new(Metrics::new("pbx3", &[]))];
    let text = expose(&others, Format::Text);
    for metric in Metric::ALL {
        let head = format!("# TYPE {} ", metric.name());
        assert_eq!(text.matches(&head).count(), 1, "{head}");
        let help = format!("# HELP {} ", metric.name());
        assert_eq!(text.matches(&help).count(), 1, "{help}");
    }
    assert_eq!(text.matches("ari_proxy_noise_total{server_id=").count(), 3);
}

#[test]
fn the_form_is_the_one_that_the_reader_asks_for() {
    for accept in [
        "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
        "text/plain, Application/OpenMetrics-Text; version=1.0.0; q=0.5",
    ] {
        assert_eq!(Format::accepted(accept), Format::OpenMetrics, "{accept}");
    }
    for accept in
        ["", "*/*", "text/plain", "application/json", "application/openmetrics-text;q=0", "\u{e9};;,,"]
    {
        assert_eq!(Format::accepted(accept), Format::Text, "{accept}");
    }
}

#[test]
fn names_follow_the_conventions() {
    for metric in Metric::ALL {
        let Definition { stem, help, .. } = metric.definition();
        assert!(stem.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{stem}");
        assert!(
            !["_total", "_seconds", "_bytes", "_count", "_sum", "_bucket"]
                .iter()
                .any(|end| stem.ends_with(end)),
            "{stem}"
        );
        assert!(help.trim().ends_with('.'), "{help}");
    }
}

/// 10,000 types of events and as many operations, applications and statuses: not one series more than were made.
#[test]
fn hostile_texts_make_no_series() {
    let metrics = metrics();
    let lines = || expose(&[Arc::clone(&metrics)], Format::Text).lines().count();
    metrics.event("x", "x");
    metrics.answered(("BREW", "/"), Answered::Refused, Duration::ZERO);
    metrics.refused(1);
    let before = lines();
    for number in 0..10_000 {
        metrics.event(&format!("application{number}"), &format!("Type{number}"));
        metrics.answered(
            ("POST", &format!("/channels/1/x{number}?y={number}")),
            Answered::Refused,
            Duration::ZERO,
        );
        metrics.answered((&format!("M{number}"), "/channels"), Answered::Refused, Duration::ZERO);
        metrics.refused(1_000 + number);
    }
    assert_eq!(lines(), before);
    assert_eq!(metrics.get(Metric::EventsReceived), 10_001);
}

/// What it costs to record, printed.
#[test]
fn recording_costs_next_to_nothing() {
    const TIMES: u32 = 200_000;
    let metrics = metrics();
    let cost = |what: &str, record: &dyn Fn()| {
        let began = Instant::now();
        for _ in 0..TIMES {
            record();
        }
        println!("{what}: {:.0} ns", began.elapsed().as_nanos() as f64 / f64::from(TIMES));
    };
    cost("a counter", &|| metrics.count(black_box(Metric::Noise)));
    cost("an event by application and type", &|| {
        metrics.event(black_box("ivr"), black_box("ChannelDtmfReceived"))
    });
    cost("a time", &|| {
        metrics.observe(black_box(Metric::CommandWait), black_box(Duration::from_micros(300)))
    });
    cost("a command by operation and status", &|| {
        metrics.answered(
            black_box(("POST", "/channels/17.1/answer")),
            Answered::Done,
            Duration::from_micros(300),
        );
    });
    cost("a command that nobody knows", &|| {
        metrics.answered(black_box(("POST", "/sounds/x/y")), Answered::Done, Duration::from_micros(300));
    });
    cost("the state of a dialog, twice", &|| drop(metrics.dialog(black_box(DialogState::Offered))));
    let began = Instant::now();
    let text = expose(&[Arc::clone(&metrics)], Format::OpenMetrics);
    println!("to be read: {:?}, {} bytes", began.elapsed(), text.len());
    assert_eq!(metrics.get(Metric::Noise), u64::from(TIMES));
    assert_eq!(metrics.get(Metric::EventsReceived), u64::from(TIMES));
    assert_eq!(metrics.get(Metric::CommandDuration), 2 * u64::from(TIMES));
}
