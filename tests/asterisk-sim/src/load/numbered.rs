//! The numbered events themselves, as frames of the websocket.

use std::{fmt::Write, ops::RangeInclusive};

use serde_json::{Value, json};

use super::{LoadEvent, LoadPlan};
use crate::{
    server::{frame, frame::opcode},
    state::{World, now},
};

/// These numbered events of a call in one buffer, the one with the number `last` marked. Only the number differs, so that
/// the rest is written once.
pub(super) fn numbered(
    world: &World,
    channel_id: &str,
    plan: &LoadPlan,
    numbers: RangeInclusive<u64>,
    last: Option<u64>,
) -> Vec<u8> {
    let channel = world.channels.get(channel_id).map(|channel| channel.json()).unwrap_or_default();
    let mut head = json!({
        "timestamp": now(),
        "asterisk_id": world.options.asterisk_id,
        "application": plan.application,
        "channel": channel,
    });
    let filler = if plan.filler > 0 { filler(plan.filler) } else { String::new() };
    let (before, after, end) = match plan.event {
        LoadEvent::Userevent => {
            head["type"] = "ChannelUserevent".into();
            head["eventname"] = "load".into();
            (
                r#","userevent":{"eventname":"load""#.to_owned() + &filler + r#","n":"#,
                "}}",
                r#","last":true}}"#,
            )
        }
        LoadEvent::Varset => {
            head["type"] = "ChannelVarset".into();
            head["variable"] = "LOAD".into();
            (filler + r#","value":""#, "\"}", " last\"}")
        }
    };
    let mut text = Value::to_string(&head);
    text.pop();
    text.push_str(&before);
    let fixed = text.len();
    let mut frames = Vec::new();
    for number in numbers {
        text.truncate(fixed);
        // Writing to a String cannot fail.
        let _ = write!(text, "{number}{}", if last == Some(number) { end } else { after });
        frame::encode(opcode::TEXT, text.as_bytes(), &mut frames);
    }
    frames
}

fn filler(bytes: usize) -> String {
    format!(r#","filler":"{}""#, "x".repeat(bytes))
}
