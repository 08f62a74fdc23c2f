//! Dialling out: originate, create and dial. What the far end does is an [`Outcome`].

use std::time::Duration;

use serde_json::json;

use super::{World, channel::Party, lifecycle::By};
use crate::options::{Outcome, fits};

/// What becomes of an originated channel once it is answered.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    Application {
        name: String,
        args: Vec<String>,
    },
    Extension {
        context: String,
        extension: String,
        priority: i64,
    },
    /// Made by `create`: it is in Stasis from the beginning.
    AlreadyInStasis,
}

/// A dial that has been asked for.
#[derive(Clone, Debug)]
pub(crate) struct Dialling {
    /// The endpoint, as `PJSIP/bob`.
    pub(crate) endpoint: String,
    pub(crate) target: Target,
    pub(crate) under_way: bool,
}

impl Dialling {
    /// The dial string in all Dial events but the first: after create and dial, Asterisk has forgotten it.
    fn still_named(&self) -> String {
        match self.target {
            Target::AlreadyInStasis => String::new(),
            _ => dial_string(&self.endpoint),
        }
    }
}

/// An originate or a create.
pub(crate) struct Originate {
    pub(crate) endpoint: String,
    pub(crate) id: Option<String>,
    pub(crate) other_id: Option<String>,
    pub(crate) caller: Option<Party>,
    pub(crate) variables: Vec<(String, String)>,
    /// Who is subscribed to the channels from the beginning.
    pub(crate) application: Option<String>,
    pub(crate) target: Target,
}

/// Why nothing was dialled.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DialError {
    IdTaken,
    Unknown,
}

/// The pause after which a dialplan that answered goes on: Asterisk waits for media that long.
const AFTER_ANSWER: Duration = Duration::from_millis(500);

impl World {
    fn outcome(&self, endpoint: &str) -> Outcome {
        self.outcomes
            .iter()
            .chain(&self.options.outcomes)
            .find(|(pattern, _)| fits(pattern, endpoint))
            .map_or_else(|| self.options.default_outcome.clone(), |(_, outcome)| outcome.clone())
    }

    /// Makes the channel, or the two of a `Local/` pair, of an originate or create; nothing is dialled yet.
    pub(crate) fn make_outgoing(&mut self, ask: Originate) -> Result<String, DialError> {
        let taken = |id: &Option<String>| id.as_ref().is_some_and(|id| self.channels.contains_key(id));
        if taken(&ask.id) || taken(&ask.other_id) {
            return Err(DialError::IdTaken);
        }
        if self.outcome(&ask.endpoint) == Outcome::Unknown {
            // Asterisk blames the id, if it was given one.
            return Err(if ask.id.is_some() { DialError::IdTaken } else { DialError::Unknown });
        }
        let id = ask.id.unwrap_or_else(|| self.fresh_channel_id());
        let other = ask
            .other_id
            .unwrap_or_else(|| if id.contains('.') { self.fresh_channel_id() } else { format!("{id};2") });
        let number = self.fresh_name_number();
        let local = ask.endpoint.strip_prefix("Local/").map(str::to_owned);
        let created = matches!(ask.target, Target::AlreadyInStasis);
        let name = match &local {
            Some(_) => format!("{}-{number:08x};1", ask.endpoint),
            None => {
                // An endpoint may be followed by an address: PJSIP/bob/sip:bob@host.
                let shown: Vec<&str> = ask.endpoint.splitn(3, '/').take(2).collect();
                format!("{}-{number:08x}", shown.join("/"))
            }
        };
        let channel = self.add_channel(id.clone(), name, "Down");
        channel.dialling =
            Some(Dialling { endpoint: ask.endpoint.clone(), target: ask.target, under_way: false });
        if !created {
            channel.dialled = true;
            channel.position.application = "AppDial2".into();
            channel.position.data = "(Outgoing Line)".into();
        }
        let mut made = vec![id.clone()];
        if let Some(local) = &local {
            channel.peer = Some(other.clone());
            let peer = self.add_channel(other.clone(), format!("{}-{number:08x};2", ask.endpoint), "Ring");
            peer.peer = Some(id.clone());
            peer.runs_dialplan = true;
            made.push(other);
            let (extension, context) = local.split_once('@').unwrap_or((local, "default"));
            for id in &made {
                let Some(channel) = self.channels.get_mut(id) else { continue };
                channel.position.extension = extension.to_owned();
                channel.position.context = context.to_owned();
            }
        }
        for id in &made {
            let Some(channel) = self.channels.get_mut(id) else { continue };
            if let Some(caller) = &ask.caller {
                channel.caller = caller.clone();
                channel.connected = caller.clone();
            }
            self.channel_event(id, "ChannelCreated", json!({}));
            // Of the first channel's beginnings the application learns nothing: it is subscribed too late.
            // The other half of a pair it follows after an originate, not after a create.
            let peer = made.get(1) == Some(id);
            if peer
                && !created
                && let Some(application) = &ask.application
            {
                self.subscribe_channel(application, id);
            }
            if !created && !peer {
                self.set_dialplan(id, "AppDial2", "(Outgoing Line)");
            }
            if ask.caller.is_some() {
                let presentation = json!({
                    "caller_presentation": 0,
                    "caller_presentation_txt": "Presentation Allowed, Not Screened",
                });
                self.channel_event(id, "ChannelCallerId", presentation);
                self.channel_event(id, "ChannelConnectedLine", json!({}));
            }
        }
        if let Some(application) = &ask.application {
            self.subscribe_channel(application, &id);
        }
        for (name, value) in &ask.variables {
            // A dialled channel hands its variables on to the leg that runs the dialplan.
            let on = made.get(1).filter(|_| !created).unwrap_or(&id).clone();
            self.set_variable(&on, name, value);
        }
        Ok(id)
    }

    /// Dials what a channel was made for.
    pub(crate) fn start_dial(&mut self, id: &str, timeout: Option<Duration>) {
        let Some(channel) = self.channels.get_mut(id) else { return };
        let peer = channel.peer.clone();
        let Some(dialling) = &mut channel.dialling else { return };
        dialling.under_way = true;
        let dialling = dialling.clone();
        let dialled = dial_string(&dialling.endpoint);
        self.dial_event(id, "", &dialled);
        let dialled = dialling.still_named();
        match (self.outcome(&dialling.endpoint), peer) {
            (Outcome::Answer { after }, Some(peer)) => {
                if !after.is_zero() {
                    self.set_dialplan(&peer, "Wait", &after.as_secs().to_string());
                }
                self.later_on(&peer, after, |world, peer| {
                    world.set_dialplan(peer, "Answer", "");
                    world.answer(peer);
                    world.later_on(peer, AFTER_ANSWER, |world, peer| {
                        if let Some(channel) = world.channels.get_mut(peer) {
                            channel.position.priority += 1;
                        }
                        world.set_dialplan(peer, "Wait", "60");
                    });
                });
            }
            (Outcome::Answer { after }, None) => {
                if !after.is_zero() {
                    self.ring(id, &dialled);
                }
                self.later_on(id, after, |world, id| world.dial_answered(id));
            }
            (Outcome::Busy { after }, peer) => {
                if let Some(peer) = &peer {
                    self.set_dialplan(peer, "Busy", "1");
                }
                self.later_on(id, after, move |world, id| {
                    match peer {
                        Some(peer) => world.set_state(&peer, "Busy"),
                        None => {
                            let fields = json!({ "cause": 17, "tech_cause": 486 });
                            world.channel_event(id, "ChannelHangupRequest", fields);
                        }
                    }
                    world.dial_event(id, "BUSY", &dialled);
                    world.hang_up(id, 17, By::Failure);
                });
            }
            (Outcome::NoAnswer | Outcome::Silence, Some(peer)) => self.set_dialplan(&peer, "Wait", "60"),
            (Outcome::NoAnswer, None) => self.ring(id, &dialled),
            (Outcome::Stasis { application, args }, Some(peer)) => {
                self.run_stasis(&peer, &application, &args);
            }
            (Outcome::Stasis { .. } | Outcome::Unknown | Outcome::Silence, _) => {}
        }
        if let Some(timeout) = timeout {
            self.later_on(id, timeout, |world, id| {
                if world.channels.get(id).is_some_and(|channel| channel.dialling.is_some()) {
                    world.hang_up(id, 19, By::Failure);
                }
            });
        }
    }

    fn ring(&mut self, id: &str, dialled: &str) {
        self.set_state(id, "Ringing");
        self.dial_event(id, "RINGING", dialled);
    }

    /// The far end of a dial answers.
    pub(crate) fn dial_answered(&mut self, id: &str) {
        let Some(channel) = self.channels.get_mut(id) else { return };
        let Some(dialling) = channel.dialling.take() else { return };
        self.set_state(id, "Up");
        self.dial_event(id, "ANSWER", &dialling.still_named());
        match dialling.target {
            Target::AlreadyInStasis => {}
            Target::Application { name, args } => {
                if !self.enter_stasis(id, &name, &args) {
                    self.hang_up(id, 16, By::Failure);
                }
            }
            Target::Extension { context, extension, priority } => {
                if let Some(channel) = self.channels.get_mut(id) {
                    channel.position.context = context;
                    channel.position.extension = extension;
                    channel.position.priority = priority;
                }
                self.run_dialplan(id);
            }
        }
    }
}

/// `bob` of `PJSIP/bob`: what the Dial event calls the dial string.
fn dial_string(endpoint: &str) -> String {
    endpoint.split_once('/').map_or(endpoint, |(_, rest)| rest).to_owned()
}
