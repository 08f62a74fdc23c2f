//! Good time: it goes on while the bus carries our own messages to us, and stands still otherwise.
//!
//! Leases, offers and lingering are measured in it. A bus that is away or half dead, and a process that was stopped,
//! look alike from here: our own [pulse](super::pulse) does not come back in time. What workers said meanwhile could not
//! be heard, so that the silence means nothing.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep};

use crate::limits::{PULSE, PULSE_LATE};

/// A clock of good time.
pub(crate) struct Clock {
    /// How long it stands still after a break, so that everybody is heard again first.
    grace: Duration,
    state: Mutex<State>,
}

struct State {
    /// Good time at the last beat.
    good: Duration,
    beat: Instant,
    /// Until when time stands still after a break.
    resumes: Instant,
}

impl Clock {
    /// A clock that begins now.
    pub(crate) fn new(grace: Duration) -> Self {
        let now = Instant::now();
        Self { grace, state: Mutex::new(State { good: Duration::ZERO, beat: now, resumes: now }) }
    }

    /// A message of our own has come back: the time since the last one was good, if that is not long ago.
    pub(crate) fn beat(&self) {
        let now = Instant::now();
        let mut state = self.state();
        match state.since_beat(now) {
            Some(good) => state.good += good,
            None => state.resumes = now + self.grace,
        }
        state.beat = now;
    }

    /// Good time up to the last beat: of what came after it is not known yet whether it was good.
    pub(crate) fn certain(&self) -> Duration {
        self.state().good
    }

    /// Good time, as if the present were good.
    pub(crate) fn now(&self) -> Duration {
        let state = self.state();
        state.good + state.since_beat(Instant::now()).unwrap_or_default()
    }

    /// Sleeps until it is so late in good time.
    pub(crate) async fn sleep_until(&self, deadline: Duration) {
        loop {
            let left = deadline.saturating_sub(self.now());
            if left.is_zero() {
                return;
            }
            sleep(left.saturating_add(self.standstill())).await;
        }
    }

    /// How long no message of our own has come back.
    pub(crate) fn silence(&self) -> Duration {
        self.state().beat.elapsed()
    }

    /// How long time stands still from now on, at least. Tens of thousands wait for it to go on: did they look more often, they
    /// would keep the processor from our pulse, and so time from going on.
    fn standstill(&self) -> Duration {
        let (state, now) = (self.state(), Instant::now());
        match state.since_beat(now) {
            Some(_) => state.resumes.saturating_duration_since(now),
            // The next beat is yet to come, and then the grace.
            None => self.grace.max(PULSE),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The good time since the last beat; `None` if the next one is late.
    fn since_beat(&self, now: Instant) -> Option<Duration> {
        let late = now.saturating_duration_since(self.beat) > PULSE_LATE;
        (!late).then(|| now.saturating_duration_since(self.beat.max(self.resumes)))
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::pin};

    use tokio::time::{advance, timeout};

    use super::*;

    const GRACE: Duration = Duration::from_secs(2);
    const STEP: Duration = Duration::from_millis(250);

    async fn beats(clock: &Clock, number: u32) {
        for _ in 0..number {
            advance(STEP).await;
            clock.beat();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn time_goes_on_while_the_pulse_does() {
        let clock = Clock::new(GRACE);
        beats(&clock, 8).await;
        assert_eq!(clock.certain(), 8 * STEP);
        advance(STEP / 2).await;
        assert_eq!((clock.certain(), clock.now()), (8 * STEP, 8 * STEP + STEP / 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_break_is_no_time_and_neither_is_the_grace_after_it() {
        let clock = Clock::new(GRACE);
        beats(&clock, 4).await;
        advance(Duration::from_secs(10)).await;
        assert_eq!(clock.now(), 4 * STEP);
        clock.beat();
        assert_eq!(clock.certain(), 4 * STEP);
        beats(&clock, 8).await;
        assert_eq!(clock.certain(), 4 * STEP, "the grace is over only now");
        beats(&clock, 3).await;
        assert_eq!(clock.certain(), 7 * STEP);
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleep_lasts_as_long_in_good_time() {
        let clock = std::sync::Arc::new(Clock::new(GRACE));
        let slept = std::sync::Arc::clone(&clock);
        let sleeper = tokio::spawn(async move { slept.sleep_until(8 * STEP).await });
        beats(&clock, 4).await;
        advance(Duration::from_secs(60)).await;
        clock.beat();
        beats(&clock, 8 + 3).await;
        assert!(!sleeper.is_finished());
        beats(&clock, 2).await;
        tokio::task::yield_now().await;
        sleeper.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_time_to_go_on_looks_seldom() {
        let clock = Clock::new(GRACE);
        beats(&clock, 4).await;
        advance(Duration::from_secs(10)).await;
        let (mut sleeping, mut looks) = (pin!(clock.sleep_until(5 * STEP)), 0);
        let looking = poll_fn(|cx| {
            looks += 1;
            sleeping.as_mut().poll(cx)
        });
        assert!(timeout(60 * GRACE, looking).await.is_err());
        assert!(looks <= 60, "{looks}");
    }
}
