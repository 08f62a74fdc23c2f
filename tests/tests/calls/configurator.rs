//! Phones that are declared in Rust, in the real Asterisk.

use std::{future::poll_fn, pin::pin, task::Poll};

use ari_client::{
    Call, CommandErrorKind, Dialer, Method, Session, Worker, path,
    pjsip::{Aor, Config, Endpoint, Error, Identify, Kind as Object, Report, Transport},
};
use ari_testbed::AsteriskOptions;
use ari_tests::{
    brokers::{Broker, Kind},
    on_both_buses,
    phones::Phones,
    proxies::{Ari, everything_allowed},
    wait::{eventually, ok, soon},
    worlds::{Real, until_registered},
};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

on_both_buses!(
    what_is_declared_is_there_and_nothing_else,
    what_a_set_did_not_make_it_does_not_touch,
    what_asterisk_refuses_is_named,
    a_set_outlives_its_worker_and_asterisk,
    what_was_cut_short_anywhere_is_found_again,
    what_has_several_values_has_these_and_no_others,
    a_transport_is_made_while_asterisk_runs,
    a_session_serves_commands_without_a_call,
    a_call_configures_asterisk_too,
);

/// Where ARI may write, besides `pjsip.conf`.
fn writable(place: &str) -> AsteriskOptions {
    let mut text = "[res_pjsip]\n".to_owned();
    for kind in ["endpoint", "aor", "auth", "transport"] {
        text += &format!("{kind} = config,pjsip.conf,criteria=type={kind}\n{kind} = {place}\n");
    }
    text += "[res_pjsip_endpoint_identifier_ip]\n";
    text += &format!("identify = config,pjsip.conf,criteria=type=identify\nidentify = {place}\n");
    AsteriskOptions::new().configuration("sorcery.conf", &text)
}

/// A worker that configures an Asterisk: without a call, and in every call that it gets.
struct Desk {
    world: Real<'static>,
    dialer: Dialer,
    stop: CancellationToken,
    worker: JoinHandle<()>,
}

impl Desk {
    async fn new(kind: Kind, options: AsteriskOptions) -> Self {
        let open = |config: &mut Value| config["policy"] = everything_allowed();
        let world = Real::with(Broker::shared(kind).await, options, open).await;
        let (dialer, stop, worker) = work(&world).await;
        Self { world, dialer, stop, worker }
    }

    async fn session(&self) -> Session {
        ok(self.dialer.open(&self.world.application).on(&self.world.application).await)
    }

    /// The attribute of an object, as Asterisk shows it to others; `None` if there is no such object.
    async fn shown(&self, kind: &str, id: &str, attribute: &str) -> Option<Vec<String>> {
        let path = path(&["asterisk", "config", "dynamic", "res_pjsip", kind, id]);
        let (status, body) = ok(self.world.asterisk.ari("GET", &path).await);
        let fields = body.as_array().filter(|_| status == 200)?;
        let values = fields.iter().filter(|field| field["attribute"] == attribute);
        Some(values.filter_map(|field| field["value"].as_str().map(str::to_owned)).collect())
    }

    async fn stop_worker(&mut self) {
        self.stop.cancel();
        ok(soon("the worker's end", &mut self.worker).await);
    }

    async fn end(mut self) {
        self.stop_worker().await;
        self.world.proxy.stop().await;
    }
}

async fn work(world: &Real<'static>) -> (Dialer, CancellationToken, JoinHandle<()>) {
    let stop = CancellationToken::new();
    let worker = ok(Worker::connect(world.broker.url()).await).application(&world.application);
    let (dialer, worker) = (worker.dialer(), worker.shutdown(stop.clone()));
    let handler = |call: Call| async move {
        let phones = Config::new("by a call").endpoint(phone("carol"));
        assert_eq!(ok(phones.apply(&Session::from(call.clone())).await).created.len(), 3);
        call.channel().hangup().await
    };
    (dialer, stop, tokio::spawn(async move { ok(worker.run(handler).await) }))
}

fn phone(id: &str) -> Endpoint {
    Endpoint::new(id)
        .application("office")
        .allow(["ulaw", "gsm"])
        .password("s3cret")
        .max_contacts(1)
        .set("direct_media", "no")
        .caller_id(format!("\"{id}\" <100>"))
}

fn one(value: &str) -> Option<Vec<String>> {
    Some(vec![value.to_owned()])
}

fn names<'a>(names: impl IntoIterator<Item = &'a ari_client::pjsip::Name>) -> Vec<String> {
    names.into_iter().map(ToString::to_string).collect()
}

fn changes(report: &Report) -> Vec<String> {
    report.changed.iter().map(ToString::to_string).collect()
}

async fn what_is_declared_is_there_and_nothing_else(kind: Kind) {
    let desk = Desk::new(kind, writable("astdb,ps")).await;
    let session = desk.session().await;
    let both = Config::new("office").endpoint(phone("alice")).endpoint(phone("bob/ü 2"));
    let report = ok(both.apply(&session).await);
    assert_eq!(
        names(&report.created),
        ["auth alice", "auth bob/ü 2", "aor alice", "aor bob/ü 2", "endpoint alice", "endpoint bob/ü 2"]
    );
    assert!(report.changed.is_empty() && report.differing.is_empty(), "{report}");
    for (attribute, value) in [
        ("context", "stasis-office"),
        ("allow", "(ulaw|gsm)"),
        ("auth", "bob/ü 2"),
        ("direct_media", "false"),
        ("dtmf_mode", "rfc4733"),
    ] {
        assert_eq!(desk.shown("endpoint", "bob/ü 2", attribute).await, one(value), "{attribute}");
    }
    assert_eq!(desk.shown("auth", "alice", "password").await, one("s3cret"));
    let told = format!("{report} {report:?} {both:?} {session:?}");
    assert!(!told.contains("s3cret"), "{told}");

    let again = ok(both.apply(&session).await);
    assert!(again.is_unchanged() && again.unchanged.len() == 6 && again.differing.is_empty(), "{again}");

    // One attribute is another one; one is not declared any more, and has its default again.
    let alice = phone("alice").allow(["alaw"]).password("other");
    let bob = Endpoint::new("bob/ü 2")
        .application("office")
        .allow(["ulaw", "gsm"])
        .password("s3cret")
        .max_contacts(1)
        .caller_id("\"bob/ü 2\" <100>");
    let changed = ok(Config::new("office").endpoint(alice.clone()).endpoint(bob).apply(&session).await);
    assert_eq!(
        changes(&changed),
        ["auth alice (password)", "endpoint alice (allow)", "endpoint bob/ü 2 (direct_media)"]
    );
    assert_eq!(desk.shown("endpoint", "alice", "allow").await, one("(alaw)"));
    assert_eq!(desk.shown("endpoint", "bob/ü 2", "direct_media").await, one("true"));

    // It goes back to its default.
    let bare = Config::new("bare").endpoint(Endpoint::new("carol").allow(["ulaw"]).context("somewhere"));
    ok(bare.apply(&session).await);
    let bare = Config::new("bare").endpoint(Endpoint::new("carol").allow(["ulaw"]));
    assert_eq!(changes(&ok(bare.apply(&session).await)), ["endpoint carol (context)"]);
    assert_eq!(desk.shown("endpoint", "carol", "context").await, one("default"));

    let removed = ok(Config::new("office").endpoint(alice).apply(&session).await);
    assert_eq!(names(&removed.removed), ["endpoint bob/ü 2", "aor bob/ü 2", "auth bob/ü 2"]);
    assert!(removed.changed.is_empty() && removed.unchanged.len() == 3, "{removed}");
    assert_eq!(desk.shown("endpoint", "bob/ü 2", "context").await, None);

    let nothing = ok(Config::new("office").apply(&session).await);
    assert_eq!(names(&nothing.removed), ["endpoint alice", "aor alice", "auth alice"]);
    assert_eq!(desk.shown("aor", "ari-client.office", "max_contacts").await, None);
    assert!(ok(Config::new("office").apply(&session).await).is_unchanged());
    drop(session);
    desk.end().await;
}

async fn what_a_set_did_not_make_it_does_not_touch(kind: Kind) {
    let desk = Desk::new(kind, writable("memory")).await;
    let session = desk.session().await;
    let taken = |error: Error| match error {
        Error::Taken { name, .. } => name.to_string(),
        other => panic!("{other}"),
    };
    // In pjsip.conf, which the testbed wrote.
    let config =
        Config::new("office").endpoint(phone("alice")).endpoint(Endpoint::new("phone").allow(["ulaw"]));
    assert_eq!(config.apply(&session).await.map_err(taken), Err("endpoint phone".to_owned()));
    assert_eq!(desk.shown("endpoint", "alice", "context").await, None);
    // Another set's.
    ok(Config::new("office").endpoint(phone("alice")).apply(&session).await);
    let other = Config::new("workshop").endpoint(phone("carol")).aor(Aor::new("alice"));
    assert_eq!(other.apply(&session).await.map_err(taken), Err("aor alice".to_owned()));
    assert!(ok(Config::new("workshop").apply(&session).await).is_unchanged());
    // It was this set's, and then somebody made another one by hand.
    let path = "/asterisk/config/dynamic/res_pjsip/aor/alice";
    ok(session.command(Method::Delete, path).await);
    let fields = json!({ "fields": [{ "attribute": "max_contacts", "value": "7" }] });
    ok(session.command(Method::Put, path).json(fields).await);
    let removed = ok(Config::new("office").apply(&session).await);
    assert_eq!(names(&removed.removed), ["endpoint alice", "auth alice"]);
    assert_eq!(desk.shown("aor", "alice", "max_contacts").await, one("7"));
    drop(session);
    desk.end().await;
}

async fn what_asterisk_refuses_is_named(kind: Kind) {
    let desk = Desk::new(kind, writable("memory")).await;
    let session = desk.session().await;
    let good = Config::new("office").endpoint(phone("alice"));
    ok(good.apply(&session).await);
    let bad = Config::new("office").endpoint(phone("alice").set("dtmf_mode", "loud"));
    let Err(Error::Command { name, attributes, source }) = bad.apply(&session).await else {
        panic!("it was taken")
    };
    assert_eq!(
        (name.kind, name.id.as_str(), attributes),
        (Object::Endpoint, "alice", vec!["dtmf_mode".into()])
    );
    assert_eq!(source.kind(), CommandErrorKind::BadRequest);
    assert!(source.message().contains("validation"), "{source}");
    // Nor does it cost an object that has to be made anew.
    let bad =
        Endpoint::new("alice").allow(["ulaw"]).password("s3cret").max_contacts(1).set("dtmf_mode", "loud");
    let refused = Config::new("office").endpoint(bad).apply(&session).await;
    assert!(matches!(refused, Err(Error::Command { .. })), "{refused:?}");
    // It is as it was, and the next one is taken.
    assert!(ok(good.apply(&session).await).is_unchanged());
    // A new one is not there, and the list knows what may be.
    let bad = Config::new("office").endpoint(phone("bob").set("no_such_attribute", "1"));
    let Err(error) = bad.apply(&session).await else { panic!("it was taken") };
    let text = error.to_string();
    assert!(text.starts_with("endpoint bob (") && text.contains("no_such_attribute): PUT "), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
    assert_eq!(desk.shown("endpoint", "bob", "context").await, None);
    let removed = ok(Config::new("office").apply(&session).await);
    assert_eq!(removed.removed.len(), 5, "{removed}");
    // What Asterisk understands differently is told.
    let odd = ok(Config::new("office")
        .endpoint(Endpoint::new("odd").allow(["ulaw"]).set("ice_support", "maybe"))
        .apply(&session)
        .await);
    assert_eq!(odd.differing.len(), 1, "{odd}");
    assert_eq!(odd.differing[0].attributes, ["ice_support"]);
    let twice = Config::new("office").aor(Aor::new("alice")).endpoint(phone("alice"));
    assert!(matches!(twice.apply(&session).await, Err(Error::Declaration { .. })));
    drop(session);
    desk.end().await;
}

async fn a_set_outlives_its_worker_and_asterisk(kind: Kind) {
    let mut desk = Desk::new(kind, writable("astdb,ps")).await;
    // Many, so that the list has several parts.
    let phones = |count: usize| {
        let ids = (0..count).map(|number| format!("phone-{number}-{}", "x".repeat(300)));
        ids.fold(Config::new("many"), |config, id| config.aor(Aor::new(id).max_contacts(1)))
    };
    let session = desk.session().await;
    assert_eq!(ok(phones(60).apply(&session).await).created.len(), 60);
    drop(session);
    desk.stop_worker().await;
    // In good order: one that is killed loses what it wrote to astdb in the last second.
    ok(desk.world.asterisk.restart().await);
    until_registered(&desk.world.asterisk, &desk.world.application).await;
    (desk.dialer, desk.stop, desk.worker) = work(&desk.world).await;
    let mut session = None;
    eventually("a session with the new Asterisk", async || {
        session = desk.dialer.open(&desk.world.application).await.ok();
        session.is_some()
    })
    .await;
    let Some(session) = session else { panic!("it was not opened") };
    let report = ok(phones(60).apply(&session).await);
    assert_eq!((report.is_unchanged(), report.unchanged.len()), (true, 60));
    let report = ok(phones(20).apply(&session).await);
    assert_eq!((report.removed.len(), report.unchanged.len()), (40, 20));
    assert!(ok(phones(20).apply(&session).await).is_unchanged());
    assert_eq!(ok(phones(0).apply(&session).await).removed.len(), 20);
    drop(session);
    desk.end().await;
}

/// Runs a future until it has been woken so often, and then drops it.
async fn cut_short<Work: Future>(work: Work, mut after: usize) -> Option<Work::Output> {
    let mut work = pin!(work);
    poll_fn(|context| {
        if after == 0 {
            return Poll::Ready(None);
        }
        after -= 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}

async fn what_was_cut_short_anywhere_is_found_again(kind: Kind) {
    let desk = Desk::new(kind, writable("memory")).await;
    let session = desk.session().await;
    let (some, none) = (Config::new("office").endpoint(phone("alice")), Config::new("office"));
    let nothing_is_left = async |cuts: usize| {
        ok(none.apply(&session).await);
        for (kind, id) in
            [("endpoint", "alice"), ("aor", "alice"), ("auth", "alice"), ("aor", "ari-client.office")]
        {
            assert_eq!(desk.shown(kind, id, "context").await, None, "{kind} {id} after {cuts}");
        }
    };
    let mut cuts = 0;
    loop {
        cuts += 1;
        let made = cut_short(some.apply(&session), cuts).await;
        nothing_is_left(cuts).await;
        assert_eq!(ok(some.apply(&session).await).created.len(), 3);
        let unmade = cut_short(none.apply(&session), cuts).await;
        nothing_is_left(cuts).await;
        if made.is_some() && unmade.is_some() {
            break;
        }
    }
    assert!(cuts > 5, "it was never cut short");
    drop(session);
    desk.end().await;
}

async fn what_has_several_values_has_these_and_no_others(kind: Kind) {
    let desk = Desk::new(kind, writable("memory")).await;
    let session = desk.session().await;
    let config = |contacts: &[&str], variable: &str| {
        let aor = contacts.iter().fold(Aor::new("alice"), |aor, contact| aor.contact(*contact));
        let alice = Endpoint::new("alice").allow(["ulaw"]).aor(aor).set("set_var", variable);
        let identify = Identify::new("alice", "alice").address("192.0.2.1").address("198.51.100.0/24");
        Config::new("office").endpoint(alice).identify(identify)
    };
    let first = config(&["sip:a@127.0.0.1:9", "sip:b@127.0.0.1:9"], "COLOUR=red");
    assert_eq!(ok(first.apply(&session).await).created.len(), 3);
    let again = ok(first.apply(&session).await);
    assert!(again.is_unchanged() && again.differing.is_empty(), "{again}");
    let second = config(&["sip:b@127.0.0.1:9"], "COLOUR=red");
    assert_eq!(changes(&ok(second.apply(&session).await)), ["aor alice (contact)"]);
    assert_eq!(desk.shown("aor", "alice", "contact").await, one("sip:b@127.0.0.1:9"));
    // What Asterisk does not show.
    let third = config(&["sip:b@127.0.0.1:9"], "COLOUR=blue");
    assert_eq!(changes(&ok(third.apply(&session).await)), ["endpoint alice (set_var)"]);
    assert!(ok(third.apply(&session).await).is_unchanged());
    // Nothing is left that is declared.
    ok(Config::new("room").aor(Aor::new("room").max_contacts(2)).apply(&session).await);
    let empty = Config::new("room").aor(Aor::new("room"));
    assert_eq!(changes(&ok(empty.apply(&session).await)), ["aor room (max_contacts)"]);
    assert_eq!(desk.shown("aor", "room", "max_contacts").await, one("0"));
    // And what it cannot change.
    let alice = Endpoint::new("alice").allow(["alaw"]).set("set_var", "COLOUR=blue");
    let fourth = Config::new("office").endpoint(alice);
    let report = ok(fourth.apply(&session).await);
    assert_eq!(
        (changes(&report), report.removed.len()),
        (vec!["endpoint alice (allow, aors)".to_owned()], 2)
    );
    let alice = Endpoint::new("alice").allow(["ulaw"]).set("set_var", "COLOUR=blue");
    let fifth = Config::new("office").endpoint(alice);
    assert_eq!(changes(&ok(fifth.apply(&session).await)), ["endpoint alice (allow)"]);
    assert!(ok(fifth.apply(&session).await).is_unchanged());
    drop(session);
    desk.end().await;
}

async fn a_transport_is_made_while_asterisk_runs(kind: Kind) {
    let desk = Desk::new(kind, writable("memory")).await;
    let session = desk.session().await;
    let free = || ok(ok(std::net::UdpSocket::bind("127.0.0.1:0")).local_addr());
    let (first, second) = (free(), free());
    let on = |address| Config::new("office").transport(Transport::udp("more", address));
    assert_eq!(names(&ok(on(first).apply(&session).await).created), ["transport more"]);
    // It has the address now.
    assert!(std::net::UdpSocket::bind(first).is_err());
    assert!(ok(on(first).apply(&session).await).is_unchanged());
    // It stays there, which is told.
    let moved = ok(on(second).apply(&session).await);
    assert!(moved.is_unchanged(), "{moved}");
    assert_eq!(moved.differing[0].to_string(), "transport more (bind)");
    assert_eq!(names(&ok(Config::new("office").apply(&session).await).removed), ["transport more"]);
    drop(session);
    desk.end().await;
}

async fn a_session_serves_commands_without_a_call(kind: Kind) {
    let desk = Desk::new(kind, AsteriskOptions::new()).await;
    let session = desk.session().await;
    assert_eq!(
        (session.server_id(), session.application()),
        (desk.world.application.as_str(), desk.world.application.as_str())
    );
    let info: Value = ok(ok(session.command(Method::Get, "/asterisk/info").await).json());
    assert!(info["system"]["version"].is_string(), "{info}");
    // Without a place where ARI may write.
    let refused = Config::new("office").endpoint(phone("alice")).apply(&session).await;
    let Err(Error::Command { source, .. }) = refused else { panic!("it was taken") };
    assert_eq!(source.kind(), CommandErrorKind::Forbidden);
    let nowhere = desk.dialer.open("nobodys").on(&desk.world.application).await.map(drop);
    assert_eq!(nowhere.map_err(|error| error.kind()), Err(CommandErrorKind::NotFound));
    // A worker that is to stop does not wait for one that is not used any more.
    drop(session);
    desk.end().await;
}

async fn a_call_configures_asterisk_too(kind: Kind) {
    let desk = Desk::new(kind, writable("memory")).await;
    Phones::to(Ari::from(&desk.world.asterisk)).call("caller").await;
    eventually("the phone that a call declares", async || {
        desk.shown("endpoint", "carol", "context").await == one("stasis-office")
    })
    .await;
    let no_channels = async || ok(desk.world.asterisk.channels().await) == 0;
    eventually("the end of the call", no_channels).await;
    // Nobody needs the call for what it has made.
    let session = desk.session().await;
    assert_eq!(ok(Config::new("by a call").apply(&session).await).removed.len(), 3);
    drop(session);
    desk.end().await;
}
