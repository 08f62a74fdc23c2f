//! Playbacks: one after the other on a channel or bridge, each of one or more media.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{World, application::Subject, recording::LiveRecording};

/// How Asterisk names the channel that plays to a bridge.
const ANNOUNCER: &str = "Announcer/ARI";

/// Something that waits its turn on a channel or bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Playback(String),
    Recording(String),
    /// Out of Stasis, once all that was asked for before is through.
    Continue {
        context: String,
        extension: String,
        priority: i64,
    },
    /// As `Continue`, but to another application.
    Move {
        application: String,
        args: Vec<String>,
    },
}

/// Where it plays or records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Channel(String),
    Bridge(String),
}

impl Place {
    pub(crate) fn uri(&self) -> String {
        match self {
            Self::Channel(id) => format!("channel:{id}"),
            Self::Bridge(id) => format!("bridge:{id}"),
        }
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        match self {
            Self::Channel(id) => Subject::Channel(id),
            Self::Bridge(id) => Subject::Bridge(id),
        }
    }
}

/// A playback.
pub(crate) struct Playback {
    pub(crate) place: Place,
    language: String,
    media: VecDeque<String>,
    pub(crate) state: &'static str,
    /// A timer is good for one run of one media: pausing and restarting begin another.
    run: u64,
    ends: Instant,
    left: Duration,
}

impl Playback {
    /// As it stands in events and answers.
    pub(crate) fn json(&self, id: &str) -> Value {
        let mut json = json!({
            "id": id,
            "media_uri": self.media.front().map(String::as_str).unwrap_or_default(),
            "target_uri": self.place.uri(),
            "language": self.language,
            "state": self.state,
        });
        if let Some(next) = self.media.get(1) {
            json["next_media_uri"] = next.clone().into();
        }
        json
    }
}

impl World {
    /// Queues a playback and returns it as it stands in the queue.
    pub(crate) fn play(&mut self, place: Place, id: &str, media: Vec<String>, language: &str) -> Value {
        let playback = Playback {
            place: place.clone(),
            language: language.to_owned(),
            media: media.into(),
            state: "queued",
            run: 0,
            ends: Instant::now(),
            left: Duration::ZERO,
        };
        let queued = playback.json(id);
        self.playbacks.insert(id.to_owned(), playback);
        if let Place::Bridge(bridge) = &place
            && self.bridges.get(bridge).is_some_and(|bridge| bridge.media.is_empty())
        {
            self.helper_joins(bridge, ANNOUNCER);
        }
        self.enqueue(&place, Media::Playback(id.to_owned()));
        queued
    }

    /// Puts something at the end of a queue, and starts it if the queue was empty.
    pub(crate) fn enqueue(&mut self, place: &Place, media: Media) {
        let Some(queue) = self.queue(place) else { return };
        queue.push_back(media);
        if queue.len() == 1 {
            self.start_next(place);
        }
    }

    fn queue(&mut self, place: &Place) -> Option<&mut VecDeque<Media>> {
        match place {
            Place::Channel(id) => self.channels.get_mut(id).map(|channel| &mut channel.media),
            Place::Bridge(id) => self.bridges.get_mut(id).map(|bridge| &mut bridge.media),
        }
    }

    /// Starts what is first in the queue.
    fn start_next(&mut self, place: &Place) {
        let Some(next) = self.queue(place).and_then(|queue| queue.front().cloned()) else { return };
        match (&next, place) {
            (Media::Playback(id), _) => self.start_media(id),
            (Media::Recording(name), _) => self.start_recording(name),
            (Media::Continue { context, extension, priority }, Place::Channel(channel)) => {
                self.drop_first(place);
                self.continue_in_dialplan(channel, context, extension, *priority);
            }
            (Media::Move { application, args }, Place::Channel(channel)) => {
                self.drop_first(place);
                self.move_to(channel, application, args);
                self.start_next(place);
            }
            (Media::Continue { .. } | Media::Move { .. }, Place::Bridge(_)) => self.drop_first(place),
        }
    }

    fn drop_first(&mut self, place: &Place) {
        if let Some(queue) = self.queue(place) {
            queue.pop_front();
        }
    }

    /// Takes something that ended out of its queue, and starts the next.
    pub(crate) fn dequeue(&mut self, place: &Place, media: &Media) {
        let Some(queue) = self.queue(place) else { return };
        let was_first = queue.front() == Some(media);
        queue.retain(|entry| entry != media);
        if was_first {
            self.start_next(place);
        }
    }

    fn playback_event(&mut self, id: &str, kind: &str) {
        let Some(playback) = self.playbacks.get(id) else { return };
        let place = playback.place.clone();
        let fields = json!({ "playback": playback.json(id) });
        self.emit(place.subject(), kind, fields);
    }

    fn start_media(&mut self, id: &str) {
        let duration = self.options.playback;
        let run = self.fresh_serial();
        let Some(playback) = self.playbacks.get_mut(id) else { return };
        playback.run = run;
        playback.ends = Instant::now() + duration;
        let name = playback.media.front().and_then(|media| media.strip_prefix("sound:")).map(str::to_owned);
        self.announce_start(id);
        if name.is_some_and(|name| self.options.missing_sounds.contains(&name)) {
            self.finish_playback(id, "failed");
            return;
        }
        self.media_timer(id, run, duration);
    }

    fn announce_start(&mut self, id: &str) {
        if let Some(playback) = self.playbacks.get_mut(id) {
            playback.state = "playing";
        }
        self.playback_event(id, "PlaybackStarted");
    }

    fn media_timer(&mut self, id: &str, run: u64, duration: Duration) {
        let id = id.to_owned();
        self.after(duration, move |world| {
            if world.playbacks.get(&id).is_some_and(|playback| playback.run == run) {
                world.media_ended(&id);
            }
        });
    }

    fn media_ended(&mut self, id: &str) {
        let Some(playback) = self.playbacks.get_mut(id) else { return };
        if playback.media.len() > 1 {
            playback.state = "continuing";
            self.playback_event(id, "PlaybackContinuing");
            if let Some(playback) = self.playbacks.get_mut(id) {
                playback.media.pop_front();
            }
            self.start_media(id);
        } else {
            self.finish_playback(id, "done");
        }
    }

    pub(crate) fn finish_playback(&mut self, id: &str, state: &'static str) {
        let Some(playback) = self.playbacks.get_mut(id) else { return };
        playback.state = state;
        playback.media.truncate(1);
        let place = playback.place.clone();
        self.playback_event(id, "PlaybackFinished");
        self.playbacks.remove(id);
        self.dequeue(&place, &Media::Playback(id.to_owned()));
        if let Place::Bridge(bridge) = &place
            && self.bridges.get(bridge).is_some_and(|bridge| bridge.media.is_empty())
        {
            self.helper_leaves(bridge, ANNOUNCER);
        }
    }

    pub(crate) fn pause_playback(&mut self, id: &str) {
        let run = self.fresh_serial();
        let Some(playback) = self.playbacks.get_mut(id) else { return };
        if playback.state == "playing" {
            playback.state = "paused";
            playback.run = run;
            playback.left = playback.ends.saturating_duration_since(Instant::now());
        }
    }

    pub(crate) fn unpause_playback(&mut self, id: &str) {
        let run = self.fresh_serial();
        let Some(playback) = self.playbacks.get_mut(id) else { return };
        if playback.state == "paused" {
            playback.state = "playing";
            playback.run = run;
            let left = playback.left;
            playback.ends = Instant::now() + left;
            self.playback_event(id, "PlaybackStarted");
            self.media_timer(id, run, left);
        }
    }

    /// Plays the current media from its beginning, without an event.
    pub(crate) fn restart_playback(&mut self, id: &str) {
        let duration = self.options.playback;
        let run = self.fresh_serial();
        let Some(playback) = self.playbacks.get_mut(id) else { return };
        playback.run = run;
        playback.ends = Instant::now() + duration;
        self.media_timer(id, run, duration);
    }

    /// A channel leaves Stasis: what it plays and records ends. What waits is begun, and fails.
    pub(crate) fn end_media(&mut self, channel: &str) {
        let Some(found) = self.channels.get_mut(channel) else { return };
        let queue = std::mem::take(&mut found.media);
        self.end_queue(queue);
    }

    /// As for a channel.
    pub(crate) fn end_bridge_media(&mut self, bridge: &str) {
        let Some(found) = self.bridges.get_mut(bridge) else { return };
        let queue = std::mem::take(&mut found.media);
        self.end_queue(queue);
    }

    fn end_queue(&mut self, queue: VecDeque<Media>) {
        for media in queue {
            match media {
                Media::Playback(id) => {
                    if self.playbacks.get(&id).is_some_and(|playback| playback.state == "queued") {
                        self.announce_start(&id);
                    }
                    self.finish_playback(&id, "failed");
                }
                Media::Recording(name) => {
                    let waits = |recording: &LiveRecording| recording.state == "queued";
                    if self.live_recordings.get(&name).is_some_and(waits) {
                        self.start_recording(&name);
                    }
                    self.finish_recording(&name, true);
                }
                Media::Continue { .. } | Media::Move { .. } => {}
            }
        }
    }
}
