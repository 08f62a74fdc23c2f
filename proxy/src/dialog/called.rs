//! Legs: channels that were being called for a dialog when it ended. Whoever answers now would find nobody.

use reqwest::Method;
use serde::Deserialize;
use tokio::time::sleep;
use tracing::{debug, warn};

use super::{
    Context, Dialog,
    unanswered::{as_configured, try_steps},
};
use crate::{
    asterisk::request::Request,
    config::{Cause, Step},
    limits::{ASTERISK_TOLD, GIVE_BACK},
};

/// Hangs a leg up, if it is one still: that it was not heard to enter does not say that it has not, after a gap or a restart.
pub(super) async fn let_go(context: &Context, dialog: &Dialog, channel: &str) {
    let question = Request::own(Method::GET, &["channels", channel]);
    let Some(answer) = context.rest.ask(&question, GIVE_BACK, &context.abandon).await else {
        return warn!(dialog = %dialog.root, ?channel, "Asterisk does not tell whether a leg of the call that ended still rings");
    };
    if answer.status == 404 {
        debug!(dialog = %dialog.root, ?channel, "the leg to be hung up is gone already");
    } else if is_called(&answer.body) {
        try_steps(context, dialog, channel, &[Step::Hangup(Cause::Normal)]).await;
    } else {
        // What is not in Stasis either stays where it is.
        return as_configured(context, dialog, channel).await;
    }
    // If it was answered just before, the StasisStart has been read by then, and was no new call.
    sleep(ASTERISK_TOLD).await;
}

/// Whether a channel, as Asterisk has it, is being called and runs nothing yet.
fn is_called(channel: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Channel {
        state: String,
        #[serde(default)]
        dialplan: Dialplan,
    }
    #[derive(Default, Deserialize)]
    struct Dialplan {
        app_name: Option<String>,
    }
    let Ok(Channel { state, dialplan }) = serde_json::from_slice(channel) else { return false };
    match dialplan.app_name {
        // What Asterisk writes there until somebody answers.
        Some(name) => name.is_empty() || name == "AppDial2",
        // Before 16.3 it did not tell.
        None => state != "Up",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asterisk_tells_whether_a_channel_is_being_called() {
        for (channel, called) in [
            (r#"{"state":"Ringing","dialplan":{"app_name":"AppDial2","app_data":"(Outgoing Line)"}}"#, true),
            (r#"{"state":"Up","dialplan":{"app_name":"AppDial2","app_data":"(Outgoing Line)"}}"#, true),
            (r#"{"state":"Down","dialplan":{"app_name":"","app_data":""}}"#, true),
            (r#"{"state":"Ringing","dialplan":{"context":"default"}}"#, true),
            (r#"{"state":"Up","dialplan":{"context":"default"}}"#, false),
            (r#"{"state":"Up","dialplan":{"app_name":"Stasis","app_data":"hello"}}"#, false),
            (r#"{"state":"Ring","dialplan":{"app_name":"Wait","app_data":"60"}}"#, false),
            ("[]", false),
        ] {
            assert_eq!(is_called(channel.as_bytes()), called, "{channel}");
        }
    }
}
