//! What of ARI has a label of its own: the types of its events, the routes of its operations. Everything else is counted as
//! `other`, so that nobody can make more time series by sending odd texts.

use std::{collections::HashMap, sync::LazyLock};

use matchit::Router;

/// The types of events, sorted.
pub const EVENT_TYPES: [&str; 45] = [
    "ApplicationMoveFailed",
    "ApplicationRegistered",
    "ApplicationReplaced",
    "ApplicationUnregistered",
    "BridgeAttendedTransfer",
    "BridgeBlindTransfer",
    "BridgeCreated",
    "BridgeDestroyed",
    "BridgeMerged",
    "BridgeVideoSourceChanged",
    "CallBroadcast",
    "CallClaimed",
    "ChannelCallerId",
    "ChannelConnectedLine",
    "ChannelCreated",
    "ChannelDestroyed",
    "ChannelDialplan",
    "ChannelDtmfReceived",
    "ChannelEnteredBridge",
    "ChannelHangupRequest",
    "ChannelHold",
    "ChannelLeftBridge",
    "ChannelStateChange",
    "ChannelTalkingFinished",
    "ChannelTalkingStarted",
    "ChannelToneDetected",
    "ChannelTransfer",
    "ChannelUnhold",
    "ChannelUserevent",
    "ChannelVarset",
    "ContactStatusChange",
    "DeviceStateChanged",
    "Dial",
    "EndpointStateChange",
    "PeerStatusChange",
    "PlaybackContinuing",
    "PlaybackFinished",
    "PlaybackStarted",
    "RESTResponse",
    "RecordingFailed",
    "RecordingFinished",
    "RecordingStarted",
    "StasisEnd",
    "StasisStart",
    "TextMessageReceived",
];

/// The operations: method and route.
pub const OPERATIONS: [&str; 109] = [
    "GET /applications",
    "GET /applications/{applicationName}",
    "PUT /applications/{applicationName}/eventFilter",
    "POST /applications/{applicationName}/subscription",
    "DELETE /applications/{applicationName}/subscription",
    "GET /asterisk/config/dynamic/{configClass}/{objectType}/{id}",
    "PUT /asterisk/config/dynamic/{configClass}/{objectType}/{id}",
    "DELETE /asterisk/config/dynamic/{configClass}/{objectType}/{id}",
    "GET /asterisk/info",
    "GET /asterisk/logging",
    "POST /asterisk/logging/{logChannelName}",
    "DELETE /asterisk/logging/{logChannelName}",
    "PUT /asterisk/logging/{logChannelName}/rotate",
    "GET /asterisk/modules",
    "GET /asterisk/modules/{moduleName}",
    "POST /asterisk/modules/{moduleName}",
    "PUT /asterisk/modules/{moduleName}",
    "DELETE /asterisk/modules/{moduleName}",
    "GET /asterisk/ping",
    "GET /asterisk/variable",
    "POST /asterisk/variable",
    "GET /bridges",
    "POST /bridges",
    "GET /bridges/{bridgeId}",
    "POST /bridges/{bridgeId}",
    "DELETE /bridges/{bridgeId}",
    "POST /bridges/{bridgeId}/addChannel",
    "POST /bridges/{bridgeId}/moh",
    "DELETE /bridges/{bridgeId}/moh",
    "POST /bridges/{bridgeId}/play",
    "POST /bridges/{bridgeId}/play/{playbackId}",
    "POST /bridges/{bridgeId}/record",
    "POST /bridges/{bridgeId}/removeChannel",
    "GET /bridges/{bridgeId}/variable",
    "POST /bridges/{bridgeId}/variable",
    "GET /bridges/{bridgeId}/variables",
    "POST /bridges/{bridgeId}/variables",
    "DELETE /bridges/{bridgeId}/videoSource",
    "POST /bridges/{bridgeId}/videoSource/{channelId}",
    "GET /channels",
    "POST /channels",
    "POST /channels/create",
    "POST /channels/externalMedia",
    "GET /channels/{channelId}",
    "POST /channels/{channelId}",
    "DELETE /channels/{channelId}",
    "POST /channels/{channelId}/answer",
    "POST /channels/{channelId}/continue",
    "POST /channels/{channelId}/dial",
    "POST /channels/{channelId}/dtmf",
    "POST /channels/{channelId}/hold",
    "DELETE /channels/{channelId}/hold",
    "POST /channels/{channelId}/moh",
    "DELETE /channels/{channelId}/moh",
    "POST /channels/{channelId}/move",
    "POST /channels/{channelId}/mute",
    "DELETE /channels/{channelId}/mute",
    "POST /channels/{channelId}/play",
    "POST /channels/{channelId}/play/{playbackId}",
    "POST /channels/{channelId}/progress",
    "POST /channels/{channelId}/record",
    "POST /channels/{channelId}/redirect",
    "POST /channels/{channelId}/ring",
    "DELETE /channels/{channelId}/ring",
    "GET /channels/{channelId}/rtp_statistics",
    "POST /channels/{channelId}/silence",
    "DELETE /channels/{channelId}/silence",
    "POST /channels/{channelId}/snoop",
    "POST /channels/{channelId}/snoop/{snoopId}",
    "POST /channels/{channelId}/transfer_progress",
    "GET /channels/{channelId}/variable",
    "POST /channels/{channelId}/variable",
    "GET /channels/{channelId}/variables",
    "POST /channels/{channelId}/variables",
    "GET /deviceStates",
    "GET /deviceStates/{deviceName}",
    "PUT /deviceStates/{deviceName}",
    "DELETE /deviceStates/{deviceName}",
    "GET /endpoints",
    "POST /endpoints/refer",
    "PUT /endpoints/sendMessage",
    "GET /endpoints/{tech}",
    "GET /endpoints/{tech}/{resource}",
    "POST /endpoints/{tech}/{resource}/refer",
    "PUT /endpoints/{tech}/{resource}/sendMessage",
    "GET /events",
    "POST /events/claim",
    "POST /events/user/{eventName}",
    "GET /mailboxes",
    "GET /mailboxes/{mailboxName}",
    "PUT /mailboxes/{mailboxName}",
    "DELETE /mailboxes/{mailboxName}",
    "GET /playbacks/{playbackId}",
    "DELETE /playbacks/{playbackId}",
    "POST /playbacks/{playbackId}/control",
    "GET /recordings/live/{recordingName}",
    "DELETE /recordings/live/{recordingName}",
    "POST /recordings/live/{recordingName}/mute",
    "DELETE /recordings/live/{recordingName}/mute",
    "POST /recordings/live/{recordingName}/pause",
    "DELETE /recordings/live/{recordingName}/pause",
    "POST /recordings/live/{recordingName}/stop",
    "GET /recordings/stored",
    "GET /recordings/stored/{recordingName}",
    "DELETE /recordings/stored/{recordingName}",
    "POST /recordings/stored/{recordingName}/copy",
    "GET /recordings/stored/{recordingName}/file",
    "GET /sounds",
    "GET /sounds/{soundId}",
];

/// The place of an event's type among [`EVENT_TYPES`]; one behind the last for any other.
pub(super) fn event_type(kind: &str) -> usize {
    EVENT_TYPES.binary_search(&kind).unwrap_or(EVENT_TYPES.len())
}

/// The routes of each method, with the places of their operations.
static ROUTES: LazyLock<HashMap<&str, Router<usize>>> = LazyLock::new(|| {
    let mut routes: HashMap<&str, Router<usize>> = HashMap::new();
    for (place, operation) in OPERATIONS.iter().enumerate() {
        if let Some((method, route)) = operation.split_once(' ') {
            // Two of one name cannot be: a test asks for each.
            let _ = routes.entry(method).or_default().insert(route, place);
        }
    }
    routes
});

/// The place of a request's operation among [`OPERATIONS`]; one behind the last for any other. A segment that is written in an odd
/// way is no route's.
pub(super) fn operation(method: &str, url: &str) -> usize {
    let path = url.split('?').next().unwrap_or_default();
    let found = ROUTES.get(method).and_then(|routes| routes.at(path).ok());
    // An empty segment is no id, though the router takes one for it.
    let found = found.filter(|found| found.params.iter().all(|(_, value)| !value.is_empty()));
    found.map_or(OPERATIONS.len(), |found| *found.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_finds_itself_and_no_other() {
        for (index, text) in OPERATIONS.iter().enumerate() {
            let (method, route) = text.split_once(' ').unwrap();
            let path = route.replace('{', "x").replace('}', "");
            assert_eq!(operation(method, &path), index, "{text}");
            assert_eq!(operation(method, &format!("{path}?a=/b")), index, "{text}");
        }
    }

    #[test]
    fn whatever_else_is_other() {
        for url in [
            "",
            "/",
            "//",
            "/channels/",
            "/channels//answer",
            "/nothing",
            "/%63hannels",
            "/channels/1/answer/2",
            "x",
        ] {
            assert_eq!(operation("POST", url), OPERATIONS.len(), "{url:?}");
        }
        assert_eq!(operation("BREW", "/channels"), OPERATIONS.len());
        assert_eq!(operation("", "/channels"), OPERATIONS.len());
        for kind in ["", "stasisstart", "StasisStart ", "ProxyGap", "\u{0}"] {
            assert_eq!(event_type(kind), EVENT_TYPES.len());
        }
    }

    #[test]
    fn the_types_are_sorted_as_their_search_needs_it() {
        assert!(EVENT_TYPES.is_sorted());
        assert!(EVENT_TYPES.iter().enumerate().all(|(index, kind)| event_type(kind) == index));
    }
}
