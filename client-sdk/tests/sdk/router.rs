//! Which call goes to which handler, and which to nobody here.

use crate::common::{
    Running,
    proxy::{Dialog, From},
    proxy1, soon, stasis_start,
};
use ari_bus::memory::MemoryBus;
use ari_client::{Call, CommandError, Decline, Handler, Handlers, OnFailure, Router, Routes};
use serde_json::{Value, json};
use tokio::sync::mpsc;

type Taken = (&'static str, String);

/// A handler that tells which call it has, and is through.
fn telling(name: &'static str, taken: &mpsc::UnboundedSender<Taken>) -> impl Handler + use<> {
    let taken = taken.clone();
    move |call: Call| {
        taken.send((name, call.dialed().to_owned())).unwrap();
        async { Ok::<_, CommandError>(()) }
    }
}

/// The StasisStart of a call to an extension.
fn dialed(extension: &str, args: &[&str]) -> Value {
    let mut start = stasis_start("17.1");
    start["args"] = json!(args);
    start["channel"]["dialplan"]["exten"] = json!(extension);
    start
}

/// Offers a call that begins so.
async fn offer(bus: &MemoryBus, application: &str, start: &Value) -> Dialog {
    let mut proxy = Dialog::new(bus, "17.1").await;
    proxy.offer.application = application.to_owned();
    proxy.offer.start = Some(start.to_string());
    proxy.offer_again().await;
    proxy
}

/// Offers a call, lets it be accepted, and ends it.
async fn whole(bus: &MemoryBus, application: &str, start: Value) {
    let mut proxy = offer(bus, application, &start).await;
    proxy.accept = proxy.next_accept().await;
    proxy.event(start).await;
    proxy.end().await;
}

/// Why a call is declined.
async fn declined(bus: &MemoryBus, application: &str, start: Value) -> String {
    match offer(bus, application, &start).await.next().await {
        From::Decline(decline) => decline.reason.unwrap(),
        other => panic!("{other:?} is no decline"),
    }
}

#[tokio::test(start_paused = true)]
async fn each_call_goes_to_the_most_specific_handler() {
    let bus = MemoryBus::new();
    let (sender, mut taken) = mpsc::unbounded_channel();
    let to = |name| telling(name, &sender);
    let router = Router::new()
        .fallback(to("operator"))
        .pattern("_1NXXNXXXXXX", to("outbound"))
        .unwrap()
        .pattern("_1800NXXXXXX", to("toll free"))
        .unwrap()
        .extension("100", to("desk"))
        .extension("+1-555-123-4567", to("sales"))
        .arguments(["voicemail"], to("voicemail"))
        .arguments(["voicemail", "sales"], to("voicemail of sales"))
        .application("other", Router::new().pattern("_X.", to("other")).unwrap().fallback(to("rest")));
    let worker = Running::serve(&bus, |worker| worker.application("other"), router);
    for (application, extension, args, handler) in [
        ("hello", "100", &[][..], "desk"),
        ("hello", "+15551234567", &["x"], "sales"),
        ("hello", "12125551234", &[], "outbound"),
        ("hello", "18005551234", &[], "toll free"),
        ("hello", "1", &[], "operator"),
        ("hello", "100", &["voicemail"], "voicemail"),
        ("hello", "", &["voicemail", "support"], "voicemail"),
        ("hello", "100", &["voicemail", "sales", "7"], "voicemail of sales"),
        ("other", "100", &["voicemail"], "other"),
        ("other", "s", &[], "rest"),
    ] {
        whole(&bus, application, dialed(extension, args)).await;
        assert_eq!(soon(taken.recv()).await.unwrap(), (handler, extension.to_owned()));
    }
    worker.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_for_this_worker_is_declined_before_it_is_accepted() {
    let bus = MemoryBus::new();
    let (sender, mut taken) = mpsc::unbounded_channel();
    let router = Router::new()
        .extension("100", telling("desk", &sender))
        .pattern("_9X.", telling("outbound", &sender))
        .unwrap()
        .pattern("_900.", Decline::because("premium rate"))
        .unwrap()
        .application("other", Router::new().decline(|offer| (!offer.is_resumed()).then_some("closed")))
        .decline(|offer| offer.caller().number.is_empty().then_some("anonymous"))
        .decline(|offer| {
            assert_ne!(offer.dialed(), "99", "as the test wants it");
            None::<String>
        });
    let worker = Running::serve(&bus, |worker| worker.application("other"), router);
    let mut anonymous = dialed("100", &[]);
    anonymous["channel"]["caller"]["number"] = json!("");
    assert_eq!(declined(&bus, "hello", anonymous).await, "anonymous");
    assert_eq!(declined(&bus, "hello", dialed("200", &[])).await, r#"no route for "200" in "hello""#);
    assert_eq!(declined(&bus, "hello", dialed("90012", &[])).await, "premium rate");
    assert_eq!(declined(&bus, "other", dialed("100", &[])).await, "closed");
    // A rule that panics is no end of the worker.
    assert_eq!(declined(&bus, "hello", dialed("99", &[])).await, "failed");
    whole(&bus, "hello", dialed("100", &[])).await;
    whole(&bus, "hello", dialed("901", &[])).await;
    assert_eq!(soon(taken.recv()).await.unwrap().0, "desk");
    assert_eq!(soon(taken.recv()).await.unwrap().0, "outbound");
    worker.stopped().await;
    assert!(taken.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_call_of_which_nothing_was_known_goes_on_in_the_dialplan() {
    let bus = MemoryBus::new();
    let (sender, mut taken) = mpsc::unbounded_channel();
    let router = Router::new().extension("100", telling("desk", &sender));
    let worker = Running::serve(&bus, |worker| worker.on_failure(OnFailure::HangUp), router);

    let mut large = Dialog::new(&bus, "17.1").await;
    large.offer.start = None;
    large.offer_again().await;
    large.accept = large.next_accept().await;
    large.event(dialed("200", &[])).await;
    large.expect("POST", "/channels/17.1/continue", 204).await;
    large.end().await;

    let mut old = proxy1::Dialog::taken(&bus).await;
    old.event(dialed("200", &[])).await;
    assert_eq!(old.next_command().await["url"], "/channels/17.1/continue");
    old.answer("", 204, "").await;
    worker.stopped().await;
    assert!(taken.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn routes_are_data_too() {
    let bus = MemoryBus::new();
    let (sender, mut taken) = mpsc::unbounded_channel();
    let to = |name| telling(name, &sender);
    let routes = Routes::read(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/routes.json")).unwrap();
    let handlers =
        Handlers::new().with("greet", to("greet")).with("echo", to("echo")).with("reject", to("reject"));
    let worker = Running::serve(&bus, |worker| worker, Router::from_routes(&routes, &handlers).unwrap());
    for (extension, args, handler) in [
        ("100", &[][..], "greet"),
        ("12125551234", &[], "echo"),
        ("100", &["echo"], "echo"),
        ("7", &[], "reject"),
    ] {
        whole(&bus, "hello", dialed(extension, args)).await;
        assert_eq!(soon(taken.recv()).await.unwrap(), (handler, extension.to_owned()));
    }
    assert_eq!(declined(&bus, "hello", dialed("19005551234", &[])).await, "premium rate");
    worker.stopped().await;
}
