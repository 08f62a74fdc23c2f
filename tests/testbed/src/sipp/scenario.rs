//! What the phone does, and what it insists on seeing.

/// What SIPp does in each call, and what must come from Asterisk for the call to be a success.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Scenario {
    /// Is answered, stays for the duration of the options and hangs up; Asterisk confirms. SIPp's own
    /// `uac`.
    HangsUp,
    /// Is answered and waits for Asterisk to hang up. DTMF that comes before is confirmed.
    Answered,
    /// Is answered, then receives in this order: one or more DTMF digits (INFO), hold (re-INVITE,
    /// `sendonly` or `inactive`), the end of the hold (re-INVITE, `sendrecv`), hangup.
    HoldAndDtmf,
    /// Calls and hangs up (CANCEL) while it is not answered yet, as soon as it hears of the call's
    /// progress; `duration` of the options later.
    GivesUp,
    /// A scenario of the test's own, in SIPp's XML.
    Xml(String),
}

impl Scenario {
    /// Its XML, or `None` for the one that SIPp has.
    pub(super) fn xml(&self) -> Option<&str> {
        match self {
            Scenario::HangsUp => None,
            Scenario::Answered => Some(include_str!("answered.xml")),
            Scenario::HoldAndDtmf => Some(include_str!("hold_and_dtmf.xml")),
            Scenario::GivesUp => Some(include_str!("gives_up.xml")),
            Scenario::Xml(text) => Some(text),
        }
    }
}
