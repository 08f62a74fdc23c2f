//! Waiting for what comes of calling somebody: an answer, or why there is none.

use std::{fmt, time::Duration};

use super::{Channel, Originate, watch::Watch};
use crate::{Call, Event, Result};

/// What came of calling somebody.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Outcome {
    /// It was answered, and the channel is in the call's application.
    Answered(Channel),
    /// The callee is busy.
    Busy,
    /// Nobody answered in time.
    NoAnswer,
    /// The callee does not want the call.
    Rejected,
    /// There is no such callee, or no way to reach one: the number is wrong, the phone is not registered.
    Unreachable,
    /// The network, or Asterisk, has no room for the call now.
    Congestion,
    /// It was hung up from this side before anybody answered.
    Cancelled,
    /// Something else, with the cause that Asterisk names (Q.850).
    Failed {
        /// The number of the cause, such as 38.
        cause: u64,
        /// Its name, such as `Network out of order`.
        text: String,
    },
}

/// Somebody being called. The phone rings or is about to; [`outcome`](Self::outcome) tells what comes of it.
///
/// Dropping it hangs nothing up: [`Channel::hangup`] does.
pub struct Dialing {
    call: Call,
    channel: Channel,
    command: String,
    settled: Watch,
    /// The last word of its `Dial` events.
    status: Watch,
}

impl Originate {
    /// Starts the calling, and yields what is known of it while the phone rings.
    ///
    /// # Errors
    /// Those of any command: `BadRequest` for an endpoint that cannot be. That there is no such endpoint Asterisk may say here, as
    /// `Internal`, or later, as [`Outcome::Unreachable`].
    pub async fn dial(self) -> Result<Dialing> {
        let (call, id) = (self.by.clone(), self.id().to_owned());
        // Before the command: an answer can be here before the answer to that.
        let watch = |what: fn(&Event, &str) -> bool| {
            let wanted = id.clone();
            Watch::new(call.dialog().clone(), id.clone(), move |event| what(event, &wanted))
        };
        let (settled, status) = (watch(settles), watch(is_last_word));
        let channel = self.await?;
        Ok(Dialing { call, channel, command: "POST /channels".to_owned(), settled, status })
    }

    /// Starts the calling and waits for what comes of it.
    ///
    /// ```no_run
    /// # async fn example(call: ari_client::Call) -> ari_client::Result {
    /// use std::time::Duration;
    /// use ari_client::Outcome;
    ///
    /// match call.originate("PJSIP/alice").ring_for(Duration::from_secs(20)).answered().await? {
    ///     Outcome::Answered(alice) => alice.play("sound:hello-world").await?.finished().await?,
    ///     Outcome::Busy | Outcome::NoAnswer => println!("later, then"),
    ///     other => println!("no way: {other:?}"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`dial`](Self::dial) and [`Dialing::outcome`].
    pub async fn answered(self) -> Result<Outcome> {
        self.dial().await?.outcome().await
    }
}

impl Dialing {
    /// The channel that is called. It enters the call's application once it is answered; before, it can be hung up and little else.
    #[must_use]
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// The call on whose behalf this is.
    #[must_use]
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// Waits for what comes of it: as long as the phone may ring. Asked again, it says the same.
    ///
    /// # Errors
    /// `Gone` when the call ends before that is known.
    pub async fn outcome(&self) -> Result<Outcome> {
        let event = self.settled.event(&self.command).await?;
        if event.kind() == "StasisStart" {
            return Ok(Outcome::Answered(self.channel.clone()));
        }
        let said = self.status.seen();
        let said = said.as_ref().and_then(|event| event.text("/dialstatus")).and_then(of_status);
        Ok(of_cause(&event, said))
    }

    /// The same, for so long at most; `None` when that has passed and it still rings.
    ///
    /// # Errors
    /// Those of [`outcome`](Self::outcome).
    pub async fn outcome_within(&self, longest: Duration) -> Result<Option<Outcome>> {
        tokio::time::timeout(longest, self.outcome()).await.map_or(Ok(None), |outcome| outcome.map(Some))
    }
}

impl fmt::Debug for Dialing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialing").field("channel", &self.channel.id()).finish_non_exhaustive()
    }
}

/// Whether an event settles what comes of calling a channel: once it is in the application it can be controlled.
fn settles(event: &Event, channel: &str) -> bool {
    matches!(event.kind(), "StasisStart" | "ChannelDestroyed") && event.channel_id() == Some(channel)
}

/// Whether an event is a channel's last `Dial`, which says it more coarsely and knows more of timeouts.
fn is_last_word(event: &Event, channel: &str) -> bool {
    event.kind() == "Dial"
        && event.text("/peer/id") == Some(channel)
        && event.text("/dialstatus").and_then(of_status).is_some()
}

/// What the last word of `Dial` events means (Asterisk's `DIALSTATUS`).
fn of_status(status: &str) -> Option<Outcome> {
    Some(match status {
        "BUSY" => Outcome::Busy,
        "NOANSWER" => Outcome::NoAnswer,
        "CANCEL" => Outcome::Cancelled,
        "CONGESTION" => Outcome::Congestion,
        "CHANUNAVAIL" => Outcome::Unreachable,
        _ => return None,
    })
}

/// What the cause of a ChannelDestroyed means (Q.850), or the last `Dial` where that does not tell.
fn of_cause(event: &Event, said: Option<Outcome>) -> Outcome {
    let json = event.json();
    let cause = json["cause"].as_u64().unwrap_or_default();
    match cause {
        1..=3 | 20 | 22 | 27 | 28 => Outcome::Unreachable,
        17 => Outcome::Busy,
        18 | 19 => Outcome::NoAnswer,
        // So ends in Asterisk 16 what has rung for its time.
        0 if event.text("/channel/state") == Some("Ringing") => Outcome::NoAnswer,
        21 => Outcome::Rejected,
        34 | 42 | 44 => Outcome::Congestion,
        cause => said.unwrap_or_else(|| match cause {
            16 => Outcome::Cancelled,
            _ => Outcome::Failed { cause, text: json["cause_txt"].as_str().unwrap_or_default().to_owned() },
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, body: &str) -> Event {
        Event::new(kind, None, "", false, body.to_owned())
    }

    #[test]
    fn only_the_callee_s_own_events_settle_it() {
        let settles = |kind: &str, body: &str| settles(&event(kind, body), "leg");
        assert!(settles("StasisStart", r#"{"channel":{"id":"leg"}}"#));
        assert!(settles("ChannelDestroyed", r#"{"channel":{"id":"leg"},"cause":17}"#));
        assert!(!settles("StasisStart", r#"{"channel":{"id":"other"}}"#));
        let is_last = |body: &str| is_last_word(&event("Dial", body), "leg");
        for (status, last) in [("", false), ("RINGING", false), ("ANSWER", false), ("BUSY", true)] {
            let body = format!(r#"{{"dialstatus":"{status}","peer":{{"id":"leg"}}}}"#);
            assert_eq!(is_last(&body), last, "{status}");
        }
        assert!(!is_last(r#"{"dialstatus":"BUSY","peer":{"id":"x"},"caller":{"id":"leg"}}"#));
    }

    #[test]
    fn a_cause_that_tells_nothing_leaves_it_to_the_last_dial() {
        let of = |cause: u64, said| {
            let body = format!(r#"{{"cause":{cause},"cause_txt":"t"}}"#);
            of_cause(&event("ChannelDestroyed", &body), said)
        };
        assert!(matches!(of(17, None), Outcome::Busy));
        assert!(matches!(of(21, Some(Outcome::NoAnswer)), Outcome::Rejected));
        assert!(matches!(of(16, Some(Outcome::NoAnswer)), Outcome::NoAnswer));
        assert!(matches!(of(16, None), Outcome::Cancelled));
        assert!(matches!(of(38, None), Outcome::Failed { cause: 38, text } if text == "t"));
        let rang = event("ChannelDestroyed", r#"{"cause":0,"channel":{"state":"Ringing"}}"#);
        assert!(matches!(of_cause(&rang, None), Outcome::NoAnswer));
        let nothing = event("ChannelDestroyed", "");
        assert!(matches!(of_cause(&nothing, None), Outcome::Failed { cause: 0, .. }));
    }
}
