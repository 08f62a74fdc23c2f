//! Every operation of ARI is a method of a handle, or it is said here why not.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::{hand_over, proxy::Dialog, soon};
use ari_bus::memory::MemoryBus;
use ari_client::{
    Call, OperationInfo, Place, Result,
    ari::{OPERATIONS, PlaybackOperation, SettableDeviceState},
};
use futures_util::{FutureExt as _, future::BoxFuture};
use serde_json::Value;

/// A way to an operation: a method of a handle of this call.
type Way = fn(Call) -> BoxFuture<'static, Result>;

macro_rules! ways {
    ($($name:literal: |$call:ident| $way:expr,)*) => {
        [$(($name, (|$call: Call| async move { $way.await.map(drop) }.boxed()) as Way)),*]
    };
}

/// Those without a method, and why.
const WITHOUT: [(&str, &str); 7] = [
    ("bridges.createWithId", "`Call::create_bridge` takes an id too"),
    ("bridges.playWithId", "`Bridge::play` takes an id too"),
    ("channels.externalMedia", "`Call::run` carries it out: there is no object that it is done with"),
    ("channels.originateWithId", "`Call::originate` chooses the id and tells it"),
    ("channels.playWithId", "`Channel::play` takes an id too"),
    ("channels.snoopChannelWithId", "`Channel::snoop` takes an id too"),
    ("events.eventWebsocket", "it is the proxy's"),
];

fn ways() -> impl IntoIterator<Item = (&'static str, Way)> {
    ways! {
        "applications.list": |call| call.asterisk().applications(),
        "applications.get": |call| call.application_by_name("a").snapshot(),
        "applications.subscribe": |call| call.application_by_name("a").subscribe(["channel:1"]),
        "applications.unsubscribe": |call| call.application_by_name("a").unsubscribe(["channel:1"]),
        "applications.filter": |call| call.application_by_name("a").filter(serde_json::json!({})),
        "asterisk.getObject": |call| call.asterisk().config("res_pjsip", "auth", "a").snapshot(),
        "asterisk.updateObject": |call| call.asterisk().config("res_pjsip", "auth", "a").update([("b", "c")]),
        "asterisk.deleteObject": |call| call.asterisk().config("res_pjsip", "auth", "a").delete(),
        "asterisk.getInfo": |call| call.asterisk().info(),
        "asterisk.ping": |call| call.asterisk().ping(),
        "asterisk.listModules": |call| call.asterisk().modules(),
        "asterisk.getModule": |call| call.asterisk().module("m").snapshot(),
        "asterisk.loadModule": |call| call.asterisk().module("m").load(),
        "asterisk.unloadModule": |call| call.asterisk().module("m").unload(),
        "asterisk.reloadModule": |call| call.asterisk().module("m").reload(),
        "asterisk.listLogChannels": |call| call.asterisk().log_channels(),
        "asterisk.addLog": |call| call.asterisk().log_channel("l").add("notice"),
        "asterisk.deleteLog": |call| call.asterisk().log_channel("l").delete(),
        "asterisk.rotateLog": |call| call.asterisk().log_channel("l").rotate(),
        "asterisk.getGlobalVar": |call| call.asterisk().get_variable("V"),
        "asterisk.setGlobalVar": |call| call.asterisk().set_variable("V", "1"),
        "bridges.list": |call| call.asterisk().bridges(),
        "bridges.create": |call| call.create_bridge("mixing"),
        "bridges.get": |call| call.bridge_by_id("b").snapshot(),
        "bridges.destroy": |call| call.bridge_by_id("b").destroy(),
        "bridges.getBridgeVar": |call| call.bridge_by_id("b").get_variable("V"),
        "bridges.setBridgeVar": |call| call.bridge_by_id("b").set_variable("V", "1"),
        "bridges.getBridgeVars": |call| call.bridge_by_id("b").get_variables(["V", "W"]),
        "bridges.setBridgeVars": |call| call.bridge_by_id("b").set_variables([("V", "1")]),
        "bridges.addChannel": |call| call.bridge_by_id("b").add_channel(&call.channel()),
        "bridges.removeChannel": |call| call.bridge_by_id("b").remove_channel(&call.channel()),
        "bridges.setVideoSource": |call| call.bridge_by_id("b").set_video_source(&call.channel()),
        "bridges.clearVideoSource": |call| call.bridge_by_id("b").clear_video_source(),
        "bridges.startMoh": |call| call.bridge_by_id("b").start_moh(),
        "bridges.stopMoh": |call| call.bridge_by_id("b").stop_moh(),
        "bridges.play": |call| call.bridge_by_id("b").play("sound:a"),
        "bridges.record": |call| call.bridge_by_id("b").record("r"),
        "channels.list": |call| call.asterisk().channels(),
        "channels.originate": |call| call.originate("PJSIP/bob"),
        "channels.create": |call| call.create_channel("PJSIP/bob"),
        "channels.get": |call| call.channel().snapshot(),
        "channels.hangup": |call| call.channel().hangup(),
        "channels.continueInDialplan": |call| call.channel().continue_in_dialplan(),
        "channels.move": |call| call.channel().move_to("other", ["a"]),
        "channels.redirect": |call| call.channel().redirect("PJSIP/bob"),
        "channels.answer": |call| call.channel().answer(),
        "channels.ring": |call| call.channel().ring(),
        "channels.ringStop": |call| call.channel().ring_stop(),
        "channels.progress": |call| call.channel().progress(),
        "channels.sendDTMF": |call| call.channel().send_dtmf("1"),
        "channels.mute": |call| call.channel().mute(),
        "channels.unmute": |call| call.channel().unmute(),
        "channels.hold": |call| call.channel().hold(),
        "channels.unhold": |call| call.channel().unhold(),
        "channels.startMoh": |call| call.channel().start_moh(),
        "channels.stopMoh": |call| call.channel().stop_moh(),
        "channels.startSilence": |call| call.channel().start_silence(),
        "channels.stopSilence": |call| call.channel().stop_silence(),
        "channels.play": |call| call.channel().play("sound:a"),
        "channels.record": |call| call.channel().record("r"),
        "channels.getChannelVar": |call| call.channel().get_variable("V"),
        "channels.setChannelVar": |call| call.channel().set_variable("V", "1"),
        "channels.getChannelVars": |call| call.channel().get_variables(["V", "W"]),
        "channels.setChannelVars": |call| call.channel().set_variables([("V", "1")]),
        "channels.snoopChannel": |call| call.channel().snoop(),
        "channels.dial": |call| call.channel().dial(),
        "channels.rtpstatistics": |call| call.channel().rtp_statistics(),
        "channels.transfer_progress": |call| call.channel().transfer_progress("channel_progress"),
        "deviceStates.list": |call| call.asterisk().device_states(),
        "deviceStates.get": |call| call.device_state("Stasis:x").state(),
        "deviceStates.update": |call| call.device_state("Stasis:x").set(SettableDeviceState::Busy),
        "deviceStates.delete": |call| call.device_state("Stasis:x").delete(),
        "endpoints.list": |call| call.asterisk().endpoints(),
        "endpoints.sendMessage": |call| call.asterisk().send_message("pjsip:bob", "sip:alice"),
        "endpoints.refer": |call| call.asterisk().refer("pjsip:bob", "sip:alice", "sip:carol"),
        "endpoints.listByTech": |call| call.asterisk().endpoints_of("PJSIP"),
        "endpoints.get": |call| call.endpoint("PJSIP", "bob").state(),
        "endpoints.sendMessageToEndpoint": |call| call.endpoint("PJSIP", "bob").send_message("sip:alice"),
        "endpoints.referToEndpoint": |call| call.endpoint("PJSIP", "bob").refer("sip:alice", "sip:carol"),
        "events.userEvent": |call| call.application_by_name("a").user_event("e"),
        "events.claimChannel": |call| call.channel().claim(),
        "mailboxes.list": |call| call.asterisk().mailboxes(),
        "mailboxes.get": |call| call.mailbox("100@default").snapshot(),
        "mailboxes.update": |call| call.mailbox("100@default").set(1, 2),
        "mailboxes.delete": |call| call.mailbox("100@default").delete(),
        "playbacks.get": |call| call.playback_by_id("p").snapshot(),
        "playbacks.stop": |call| call.playback_by_id("p").stop(),
        "playbacks.control": |call| call.playback_by_id("p").control(PlaybackOperation::Restart),
        "recordings.listStored": |call| call.asterisk().stored_recordings(),
        "recordings.getStored": |call| call.stored_recording("r").snapshot(),
        "recordings.deleteStored": |call| call.stored_recording("r").delete(),
        "recordings.getStoredFile": |call| call.stored_recording("r").file(),
        "recordings.copyStored": |call| call.stored_recording("r").copy_to("s"),
        "recordings.getLive": |call| call.live_recording("r").snapshot(),
        "recordings.cancel": |call| call.live_recording("r").discard(),
        "recordings.stop": |call| call.live_recording("r").stop(),
        "recordings.pause": |call| call.live_recording("r").pause(),
        "recordings.unpause": |call| call.live_recording("r").unpause(),
        "recordings.mute": |call| call.live_recording("r").mute(),
        "recordings.unmute": |call| call.live_recording("r").unmute(),
        "sounds.list": |call| call.asterisk().sounds(),
        "sounds.get": |call| call.asterisk().sound("hello-world"),
    }
}

fn name(info: &OperationInfo) -> String {
    format!("{}.{}", info.resource, info.name)
}

#[test]
fn every_operation_has_a_method_or_a_reason() {
    let known: BTreeSet<String> = OPERATIONS.iter().map(|info| name(info)).collect();
    let reached: Vec<&str> = ways().into_iter().map(|(name, _)| name).collect();
    let reasoned: Vec<&str> = WITHOUT.iter().map(|(name, _)| *name).collect();
    let listed: BTreeSet<String> = reached.iter().chain(&reasoned).map(|name| (*name).to_owned()).collect();
    let missing: Vec<_> = known.difference(&listed).collect();
    assert!(missing.is_empty(), "no handle has a method for {missing:?}");
    let gone: Vec<_> = listed.difference(&known).collect();
    assert!(gone.is_empty(), "there are no such operations: {gone:?}");
    assert_eq!(reached.len() + reasoned.len(), listed.len(), "one is listed twice");
}

/// The operation that a request is: of those that it fits, the one with the fewest parameters in its path.
fn operation_of(method: &str, path: &str) -> Option<&'static OperationInfo> {
    let parameters = |info: &OperationInfo| info.path.matches('{').count();
    let fits = |info: &OperationInfo| {
        let (wanted, given): (Vec<_>, Vec<_>) = (info.path.split('/').collect(), path.split('/').collect());
        let segment = |(wanted, given): (&&str, &&str)| wanted == given || wanted.starts_with('{');
        info.method.as_str() == method
            && wanted.len() == given.len()
            && wanted.iter().zip(&given).all(segment)
    };
    OPERATIONS.iter().copied().filter(|info| fits(info)).min_by_key(|info| parameters(info))
}

#[tokio::test]
async fn each_method_sends_the_operation_that_it_is_said_to() {
    let bus = MemoryBus::new();
    let (worker, mut calls) = hand_over(&bus, |worker| worker);
    let mut proxy = Dialog::accepted(&bus, "17.1").await;
    let call = soon(calls.recv()).await.unwrap();
    for (wanted, way) in ways() {
        let under_way = tokio::spawn(way(call.clone()));
        let command = proxy.next_command().await;
        // That it fails ends it at once, whatever it would wait for.
        proxy.answer(&command.unique_id, 500, br#"{"message":"no"}"#).await;
        let error = soon(under_way).await.unwrap().unwrap_err();
        assert_eq!(error.status(), Some(500), "{wanted}: {error}");

        let (path, query) = command.url.split_once('?').unwrap_or((&*command.url, ""));
        let info = operation_of(&command.method, path).unwrap();
        assert_eq!(name(info), wanted, "{} {path}", command.method);
        let query: BTreeMap<&str, &str> =
            query.split('&').filter_map(|parameter| parameter.split_once('=')).collect();
        let body: Value = command.body.map_or(Value::Null, |body| serde_json::from_str(&body).unwrap());
        let given = |name: &str| query.contains_key(name) || body.get(name).is_some();
        for parameter in info.parameters.iter().filter(|at| at.required && at.place != Place::Path) {
            assert!(given(parameter.name), "{wanted} says nothing of {}", parameter.name);
        }
    }
    proxy.end().await;
    worker.stopped().await;
}
