//! What the fake Asterisk knows: channels, bridges, media, applications, and the things that happen later.
//! One lock guards it all; nothing in here waits.

pub(crate) mod application;
pub(crate) mod bridge;
pub(crate) mod call;
pub(crate) mod channel;
pub(crate) mod dial;
pub(crate) mod lifecycle;
pub(crate) mod playback;
pub(crate) mod recording;
pub(crate) mod snoop;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use time::{OffsetDateTime, macros::format_description};
use tokio::sync::Notify;

use crate::options::SimulatorOptions;
use application::Application;
use bridge::Bridge;
use channel::Channel;
use playback::Playback;
use recording::{LiveRecording, StoredRecording};

/// Something that happens later.
type Action = Box<dyn FnOnce(&mut World) + Send>;

/// The state of one run: a restart begins with a new one.
pub(crate) struct World {
    pub(crate) options: Arc<SimulatorOptions>,
    pub(crate) started: String,
    pub(crate) channels: BTreeMap<String, Channel>,
    pub(crate) bridges: BTreeMap<String, Bridge>,
    pub(crate) playbacks: HashMap<String, Playback>,
    pub(crate) live_recordings: HashMap<String, LiveRecording>,
    pub(crate) stored_recordings: BTreeMap<String, StoredRecording>,
    pub(crate) applications: BTreeMap<String, Application>,
    pub(crate) variables: HashMap<String, String>,
    pub(crate) device_states: BTreeMap<String, String>,
    /// Endpoint outcomes set while running; they go before those in the options.
    pub(crate) outcomes: Vec<(String, crate::Outcome)>,
    pub(crate) moves: u64,
    boot: i64,
    next_channel: u64,
    next_name: u64,
    next_serial: u64,
    timers: BinaryHeap<Reverse<Timer>>,
    timer_added: Arc<Notify>,
}

impl World {
    pub(crate) fn new(options: Arc<SimulatorOptions>) -> Self {
        Self {
            started: now(),
            boot: OffsetDateTime::now_utc().unix_timestamp(),
            channels: BTreeMap::new(),
            bridges: BTreeMap::new(),
            playbacks: HashMap::new(),
            live_recordings: HashMap::new(),
            stored_recordings: BTreeMap::new(),
            applications: BTreeMap::new(),
            variables: HashMap::new(),
            device_states: BTreeMap::new(),
            outcomes: Vec::new(),
            moves: 0,
            next_channel: 0,
            next_name: 0,
            next_serial: 0,
            timers: BinaryHeap::new(),
            timer_added: Arc::new(Notify::new()),
            options,
        }
    }

    /// A channel id as Asterisk makes them: the second it began to run, and a count.
    pub(crate) fn fresh_channel_id(&mut self) -> String {
        let number = self.next_channel;
        self.next_channel += 1;
        format!("{}.{number}", self.boot)
    }

    /// The hexadecimal number at the end of a channel's name.
    pub(crate) fn fresh_name_number(&mut self) -> u64 {
        self.next_name += 1;
        self.next_name - 1
    }

    /// Tells apart two objects that had the same id one after the other: a client may reuse its ids, and
    /// a timer must not hit the second.
    pub(crate) fn fresh_serial(&mut self) -> u64 {
        self.next_serial += 1;
        self.next_serial
    }

    /// Lets `action` happen after `delay`, unless the simulator stops before.
    pub(crate) fn after(&mut self, delay: Duration, action: impl FnOnce(&mut World) + Send + 'static) {
        let serial = self.fresh_serial();
        self.timers.push(Reverse(Timer { at: Instant::now() + delay, serial, action: Box::new(action) }));
        self.timer_added.notify_one();
    }

    /// Runs what is due; tells when the next is.
    pub(crate) fn run_timers(&mut self) -> Option<Instant> {
        loop {
            let next = self.timers.peek()?.0.at;
            if next > Instant::now() {
                return Some(next);
            }
            if let Some(Reverse(timer)) = self.timers.pop() {
                (timer.action)(self);
            }
        }
    }

    pub(crate) fn timer_added(&self) -> Arc<Notify> {
        Arc::clone(&self.timer_added)
    }

    /// The simulator stops: every call that is still there ends with it.
    pub(crate) fn end_all_calls(&mut self) {
        for channel in std::mem::take(&mut self.channels).into_values() {
            if let Some(call) = channel.call {
                call.end(call::CallEnd::AsteriskGone);
            }
        }
    }
}

/// Due actions, earliest first, in the order they were asked for.
struct Timer {
    at: Instant,
    serial: u64,
    action: Action,
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.serial) == (other.at, other.serial)
    }
}

impl Eq for Timer {}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timer {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.serial).cmp(&(other.at, other.serial))
    }
}

/// The time as Asterisk writes it: not RFC 3339, the offset has no colon.
pub(crate) fn now() -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]+0000");
    OffsetDateTime::now_utc().format(format).unwrap_or_default()
}
