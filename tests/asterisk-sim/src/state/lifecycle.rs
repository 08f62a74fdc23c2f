//! What happens to a channel between its first and its last event: into Stasis, out of it, answered, moved,
//! hung up. The order of events is the order in which a real Asterisk was seen to send them.

use serde_json::json;

use super::{
    World,
    call::{CallEnd, CallWatch},
    channel::{Channel, Party},
};
use crate::options::MoveOrder;

/// Who hangs a channel up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Ari,
    Caller,
    Dialplan,
    /// The dial that made it failed: no hangup was requested.
    Failure,
}

/// A call that comes in from a phone.
pub(crate) struct Incoming {
    pub(crate) application: String,
    pub(crate) args: Vec<String>,
    pub(crate) caller: Party,
    pub(crate) dialled: String,
    pub(crate) endpoint: String,
    pub(crate) id: Option<String>,
}

impl World {
    /// A phone calls, and the dialplan runs `Stasis(application,args…)`.
    pub(crate) fn incoming(&mut self, call: Incoming, watch: CallWatch) -> String {
        let id = call.id.unwrap_or_else(|| self.fresh_channel_id());
        let name = format!("{}-{:08x}", call.endpoint, self.fresh_name_number());
        let channel = self.add_channel(id.clone(), name, "Ring");
        channel.caller = call.caller;
        channel.protocol_id = format!("{}@sim", uuid::Uuid::new_v4());
        channel.position.extension = call.dialled;
        channel.call = Some(watch);
        channel.runs_dialplan = true;
        self.channel_event(&id, "ChannelCreated", json!({}));
        self.set_variable(&id, "SIPDOMAIN", "127.0.0.1");
        self.run_stasis(&id, &call.application, &call.args);
        id
    }

    /// The dialplan reaches `Stasis()`. Without anybody there it fails at once and the dialplan goes on.
    pub(crate) fn run_stasis(&mut self, id: &str, application: &str, args: &[String]) {
        self.set_dialplan(id, "Stasis", &stasis_data(application, args));
        if self.enter_stasis(id, application, args) {
            return;
        }
        self.set_variable(id, "STASISSTATUS", "FAILED");
        if let Some(call) = self.channels.get(id).and_then(|channel| channel.call.clone()) {
            call.end(CallEnd::StasisFailed { application: application.to_owned() });
        }
        self.run_dialplan(id);
    }

    /// Puts a channel into an application; false when nobody has registered it.
    pub(crate) fn enter_stasis(&mut self, id: &str, application: &str, args: &[String]) -> bool {
        if let Some(channel) = self.channels.get_mut(id) {
            channel.position.application = "Stasis".into();
            channel.position.data = stasis_data(application, args);
        }
        self.set_variable(id, "STASISSTATUS", "");
        if !self.is_active(application) {
            return false;
        }
        self.start_stasis(id, application, args);
        true
    }

    fn start_stasis(&mut self, id: &str, application: &str, args: &[String]) {
        self.subscribe_channel(application, id);
        let Some(channel) = self.channels.get_mut(id) else { return };
        channel.stasis = Some(application.to_owned());
        channel.owes_status = true;
        if let Some(call) = &channel.call {
            call.entered(application);
        }
        let fields = json!({ "args": args, "channel": channel.json() });
        self.emit_to(application, "StasisStart", fields);
    }

    /// Takes a channel out of its application.
    pub(crate) fn leave_stasis(&mut self, id: &str) {
        self.end_media(id);
        self.leave_bridge(id);
        let Some(channel) = self.channels.get_mut(id) else { return };
        let Some(application) = channel.stasis.take() else { return };
        let fields = json!({ "channel": channel.json() });
        self.emit_to(&application, "StasisEnd", fields);
        self.unsubscribe_channel(&application, id);
    }

    /// Moves a channel to another application, which gets a StasisStart; when nobody has registered that,
    /// the old one keeps the channel and is told.
    pub(crate) fn move_to(&mut self, id: &str, application: &str, args: &[String]) {
        let Some(channel) = self.channels.get(id) else { return };
        let Some(old) = channel.stasis.clone() else { return };
        if !self.is_active(application) {
            let fields = json!({ "channel": channel.json(), "destination": application, "args": args });
            self.emit_to(&old, "ApplicationMoveFailed", fields);
            return;
        }
        self.moves += 1;
        let start_first = match self.options.move_order {
            MoveOrder::EndFirst => false,
            MoveOrder::StartFirst => true,
            MoveOrder::Alternating => self.moves.is_multiple_of(2),
        };
        if start_first {
            self.start_stasis(id, application, args);
        }
        let Some(channel) = self.channels.get(id) else { return };
        let fields = json!({ "channel": channel.json() });
        self.emit_to(&old, "StasisEnd", fields);
        self.unsubscribe_channel(&old, id);
        if !start_first {
            self.start_stasis(id, application, args);
        }
    }

    /// Out of Stasis and on in the dialplan.
    pub(crate) fn continue_in_dialplan(&mut self, id: &str, context: &str, extension: &str, priority: i64) {
        self.leave_stasis(id);
        let Some(channel) = self.channels.get_mut(id) else { return };
        let goes_elsewhere = !context.is_empty() || !extension.is_empty();
        if !context.is_empty() {
            channel.position.context = context.to_owned();
        }
        if !extension.is_empty() {
            channel.position.extension = extension.to_owned();
        }
        channel.position.priority = match priority {
            0 if goes_elsewhere => 1,
            0 => channel.position.priority + 1,
            priority => priority,
        };
        if let Some(call) = channel.call.clone() {
            call.end(CallEnd::Continued {
                context: context.to_owned(),
                extension: extension.to_owned(),
                priority,
            });
        }
        if !channel.dialled {
            self.tell_status(id);
        }
        if goes_elsewhere {
            // Every extension here answers, and waits.
            self.set_dialplan(id, "Answer", "");
            self.answer(id);
        }
        self.run_dialplan(id);
    }

    /// The dialplan has the channel: it waits a while, then hangs up.
    pub(crate) fn run_dialplan(&mut self, id: &str) {
        let stay = self.options.dialplan;
        self.set_dialplan(id, "Wait", &stay.as_secs().to_string());
        self.later_on(id, stay, |world, id| {
            if world.channels.get(id).is_some_and(|channel| channel.stasis.is_none()) {
                world.hang_up(id, 16, By::Dialplan);
            }
        });
    }

    fn tell_status(&mut self, id: &str) {
        if self.channels.get_mut(id).is_some_and(|channel| std::mem::take(&mut channel.owes_status)) {
            self.set_variable(id, "STASISSTATUS", "SUCCESS");
        }
    }

    /// The phone, or ARI, answers. The other half of a `Local/` pair, if it was being dialled, is answered by it.
    pub(crate) fn answer(&mut self, id: &str) {
        self.set_state(id, "Up");
        let peer = self.channels.get(id).and_then(|channel| channel.peer.clone());
        if let Some(peer) = peer
            && self.channels.get(&peer).is_some_and(|peer| peer.state != "Up")
        {
            self.dial_answered(&peer);
        }
    }

    /// Ends a channel, and the other half of a `Local/` pair with it.
    pub(crate) fn hang_up(&mut self, id: &str, cause: u16, by: By) {
        self.tell_quality(id);
        self.request_hangup(id, cause, by);
        let had_stasis = self.channels.get(id).is_some_and(|channel| channel.stasis.is_some());
        self.leave_stasis(id);
        self.tell_status(id);
        let Some(channel) = self.channels.get(id) else { return };
        if had_stasis && channel.runs_dialplan {
            // Behind Stasis() the dialplan finds the channel hung up, and says so once more.
            self.request_hangup(id, cause, By::Dialplan);
        }
        let Some(channel) = self.channels.get_mut(id) else { return };
        let end = match by {
            By::Ari => CallEnd::HungUpByAri { cause },
            By::Caller | By::Dialplan | By::Failure => CallEnd::HungUpByCaller,
        };
        if let Some(call) = channel.call.take() {
            call.end(end);
        }
        let peer = channel.peer.take();
        if let Some(peer) = &peer {
            if let Some(peer) = self.channels.get_mut(peer) {
                peer.peer = None;
            }
            self.channel_event(peer, "ChannelHangupRequest", json!({ "cause": cause }));
            self.destroy(id, cause);
            let in_stasis = self.channels.get(peer).is_some_and(|peer| peer.stasis.is_some());
            self.hang_up(peer, cause, if in_stasis { By::Failure } else { By::Dialplan });
        } else {
            self.destroy(id, cause);
        }
    }

    /// The media's figures, which a SIP channel has in variables when it ends.
    fn tell_quality(&mut self, id: &str) {
        let talked = |channel: &Channel| channel.technology() == "PJSIP" && channel.state == "Up";
        if !self.channels.get(id).is_some_and(talked) {
            return;
        }
        for part in ["", "JITTER", "LOSS", "RTT", "MES"] {
            self.set_variable(id, &format!("RTPAUDIOQOS{part}"), "simulated");
        }
    }

    fn request_hangup(&mut self, id: &str, cause: u16, by: By) {
        let fields = match by {
            // What ARI asks for is told as "replaced": the real cause follows in ChannelDestroyed.
            By::Ari => json!({ "cause": 32, "soft": true }),
            // A BYE brings no cause.
            By::Caller if cause == 0 => json!({}),
            By::Caller => json!({ "cause": cause }),
            By::Dialplan => json!({ "cause": 16, "soft": true }),
            By::Failure => return,
        };
        self.channel_event(id, "ChannelHangupRequest", fields);
    }

    fn destroy(&mut self, id: &str, cause: u16) {
        self.leave_bridge(id);
        let Some(channel) = self.channels.get_mut(id) else { return };
        let (application, data) = if channel.dialled { ("AppDial2", "(Outgoing Line)") } else { ("", "") };
        channel.position.application = application.into();
        channel.position.data = data.into();
        let mut fields = json!({ "cause": cause, "cause_txt": cause_text(cause) });
        if channel.dialled && channel.technology() == "PJSIP" && channel.state != "Up" {
            fields["tech_cause"] = if cause == 17 { 486 } else { 480 }.into();
        }
        self.channel_event(id, "ChannelDestroyed", fields);
        self.device_event(id, "NOT_INUSE");
        self.channels.remove(id);
        for application in self.applications.values_mut() {
            application.channels.remove(id);
        }
    }
}

fn stasis_data(application: &str, args: &[String]) -> String {
    std::iter::once(application).chain(args.iter().map(String::as_str)).collect::<Vec<_>>().join(",")
}

/// The causes that ARI clients meet, as `cause_txt` has them.
fn cause_text(cause: u16) -> &'static str {
    match cause {
        1 => "Unallocated (unassigned) number",
        16 => "Normal Clearing",
        17 => "User busy",
        18 => "No user responding",
        19 => "User alerting, no answer",
        21 => "Call Rejected",
        26 => "Answered elsewhere",
        27 => "Destination out of order",
        28 => "Invalid number format",
        31 => "Normal, unspecified",
        34 => "Circuit/channel congestion",
        38 => "Network out of order",
        58 => "Bearer capability not available",
        127 => "Interworking, unspecified",
        _ => "Unknown",
    }
}
