//! Recordings: live while they run, stored from their start, as a file is.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    World,
    playback::{Media, Place},
};

/// How Asterisk names the channel that records a bridge.
pub(crate) const RECORDER: &str = "Recorder/ARI";

/// A recording that runs.
pub(crate) struct LiveRecording {
    pub(crate) format: String,
    pub(crate) state: &'static str,
    pub(crate) place: Place,
    pub(crate) max_duration: Option<Duration>,
    started: Instant,
    serial: u64,
    cause: Option<&'static str>,
}

impl LiveRecording {
    /// As it stands in events and answers.
    pub(crate) fn json(&self, name: &str) -> Value {
        let mut json = json!({
            "name": name,
            "format": self.format,
            "state": self.state,
            "target_uri": self.place.uri(),
        });
        if self.state == "done" {
            json["duration"] = self.started.elapsed().as_secs().into();
        }
        if let Some(cause) = self.cause {
            json["cause"] = cause.into();
        }
        json
    }
}

/// A recording's file.
#[derive(Clone)]
pub(crate) struct StoredRecording {
    pub(crate) format: String,
    pub(crate) data: Bytes,
}

impl StoredRecording {
    pub(crate) fn json(&self, name: &str) -> Value {
        json!({ "name": name, "format": self.format })
    }
}

impl World {
    /// Begins a recording, or queues it behind what the channel plays; returns it as it stands in the queue.
    pub(crate) fn record(
        &mut self,
        place: Place,
        name: &str,
        format: &str,
        max_duration: Option<Duration>,
    ) -> Value {
        let serial = self.fresh_serial();
        let recording = LiveRecording {
            format: format.to_owned(),
            state: "queued",
            place: place.clone(),
            max_duration,
            started: Instant::now(),
            serial,
            cause: None,
        };
        let queued = recording.json(name);
        self.live_recordings.insert(name.to_owned(), recording);
        if let Place::Bridge(bridge) = &place {
            self.helper_joins(bridge, RECORDER);
        }
        match &place {
            // A bridge is recorded by a channel of its own, whatever is being played to it.
            Place::Bridge(_) => self.start_recording(name),
            Place::Channel(_) => self.enqueue(&place, Media::Recording(name.to_owned())),
        }
        queued
    }

    fn recording_event(&mut self, name: &str, kind: &str) {
        let Some(recording) = self.live_recordings.get(name) else { return };
        let place = recording.place.clone();
        let fields = json!({ "recording": recording.json(name) });
        self.emit(place.subject(), kind, fields);
    }

    pub(crate) fn start_recording(&mut self, name: &str) {
        let Some(recording) = self.live_recordings.get_mut(name) else { return };
        let bridged = match &recording.place {
            Place::Channel(id) => self.channels.get(id).is_some_and(|channel| channel.bridge.is_some()),
            Place::Bridge(_) => false,
        };
        if bridged {
            recording.state = "failed";
            recording.cause = Some("Cannot record channel while in bridge");
            self.recording_event(name, "RecordingFailed");
            self.forget_recording(name);
            return;
        }
        recording.state = "recording";
        recording.started = Instant::now();
        let (limit, serial) = (recording.max_duration, recording.serial);
        let stored = StoredRecording { format: recording.format.clone(), data: silence() };
        self.stored_recordings.insert(name.to_owned(), stored);
        self.recording_event(name, "RecordingStarted");
        if let Some(limit) = limit {
            let name = name.to_owned();
            self.after(limit, move |world| {
                if world.live_recordings.get(&name).is_some_and(|recording| recording.serial == serial) {
                    world.finish_recording(&name, true);
                }
            });
        }
    }

    /// Ends a recording, to keep it or not.
    pub(crate) fn finish_recording(&mut self, name: &str, keep: bool) {
        let Some(recording) = self.live_recordings.get_mut(name) else { return };
        recording.state = "done";
        if !keep {
            self.stored_recordings.remove(name);
        }
        self.recording_event(name, "RecordingFinished");
        self.forget_recording(name);
    }

    fn forget_recording(&mut self, name: &str) {
        if let Some(recording) = self.live_recordings.remove(name) {
            if let Place::Bridge(bridge) = &recording.place {
                self.helper_leaves(bridge, RECORDER);
            }
            self.dequeue(&recording.place, &Media::Recording(name.to_owned()));
        }
    }
}

/// A WAV file of some silence: 8 kHz, 16 bit, one channel.
fn silence() -> Bytes {
    const SAMPLES: [u8; 320] = [0; 320];
    let mut file = Vec::with_capacity(44 + SAMPLES.len());
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + SAMPLES.len() as u32).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    for word in [16_u32, 0x0001_0001, 8_000, 16_000, 0x0010_0002] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    file.extend_from_slice(b"data");
    file.extend_from_slice(&(SAMPLES.len() as u32).to_le_bytes());
    file.extend_from_slice(&SAMPLES);
    file.into()
}
