//! SIPp as a phone that does what a test tells it, when it tells it.

use ari_testbed::{Asterisk, Scenario, Sipp, SippOptions, SippReport};
use ari_tests::wait::{eventually, ok};
use serde_json::Value;

use super::{CALL, list};

/// The answer to any request.
macro_rules! confirms {
    () => {
        r#"
<send><![CDATA[

  SIP/2.0 200 OK
  [last_Via:]
  [last_From:]
  [last_To:]
  [last_Call-ID:]
  [last_CSeq:]
  Content-Length: 0

]]></send>
"#
    };
}

/// What Asterisk must be configured with for [`Phone::press`].
pub(crate) const BELL: (&str, &str) = ("pjsip_notify.conf", "[press]\nEvent => press\n");

/// A phone in a call.
pub(crate) struct Phone {
    sipp: Sipp,
    /// The user of its address, by which its channel is found.
    name: &'static str,
}

impl Phone {
    /// Calls a number. Once connected it speaks all the time, and presses one of these keys whenever it is told to; then
    /// it waits until it is hung up.
    pub(crate) fn calls(asterisk: &Asterisk, name: &'static str, number: &str, keys: &str) -> Self {
        let is_told = format!("<recv request=\"NOTIFY\" />{CONFIRMS}");
        let presses: String = keys.chars().map(|key| [&*is_told, &press(key)].concat()).collect();
        Self::dials(asterisk, name, number, &presses)
    }

    /// The same in a hurry: it presses all of these keys as soon as it is connected, and is not told to.
    pub(crate) fn hurries(asterisk: &Asterisk, name: &'static str, number: &str, keys: &str) -> Self {
        Self::dials(asterisk, name, number, &keys.chars().map(press).collect::<String>())
    }

    fn dials(asterisk: &Asterisk, name: &'static str, number: &str, presses: &str) -> Self {
        let xml = scenario(&[INVITES, SPEAKS, presses, IS_HUNG_UP].concat(), name);
        let options = SippOptions::new().number(number).timeout(CALL).file("voice.ulaw", voice());
        Self { sipp: ok(Sipp::begin(asterisk, &Scenario::Xml(xml), &options)), name }
    }

    /// Waits to be called so many times, and answers; it speaks until it is hung up.
    pub(crate) fn answers(asterisk: &Asterisk, name: &'static str, calls: u32) -> Self {
        let xml = scenario(&[IS_INVITED, SPEAKS, IS_HUNG_UP].concat(), name);
        let options = SippOptions::new().calls(calls).timeout(CALL).file("voice.ulaw", voice());
        Self { sipp: ok(Sipp::begin(asterisk, &Scenario::Xml(xml), &options)), name }
    }

    /// How Asterisk calls it.
    pub(crate) fn endpoint(&self) -> String {
        format!("PJSIP/phone/sip:{}@{}", self.name, self.sipp.address())
    }

    /// Makes it press its next key, once it is connected, and waits until Asterisk has that.
    pub(crate) async fn press(&self, asterisk: &Asterisk) {
        let mut name = Value::Null;
        eventually(&format!("{} connected", self.name), async || {
            let channel = self.channel(asterisk).await;
            name = channel["name"].clone();
            channel["state"] == "Up"
        })
        .await;
        let pressed = self.pressed();
        let name = name.as_str().unwrap_or_default();
        ok(asterisk.cli(&format!("pjsip send notify press channel {name}")).await);
        eventually(&format!("a key pressed by {}", self.name), async || self.pressed() > pressed).await;
    }

    /// How many keys Asterisk has confirmed.
    fn pressed(&self) -> usize {
        let messages = self.sipp.messages();
        let confirms = |message: &&str| {
            message.contains("received") && message.contains("SIP/2.0 200") && message.contains(" INFO\r\n")
        };
        messages.split("-----------").filter(confirms).count()
    }

    async fn channel(&self, asterisk: &Asterisk) -> Value {
        let mut found = None;
        eventually(&format!("a channel of {}", self.name), async || {
            let channels = list(asterisk, "/channels").await;
            let is_its = |channel: &Value| channel["caller"]["number"] == self.name;
            found = channels.into_iter().find(is_its);
            found.is_some()
        })
        .await;
        found.unwrap_or_default()
    }

    /// The id of its channel, as soon as there is one.
    pub(crate) async fn channel_id(&self, asterisk: &Asterisk) -> String {
        self.channel(asterisk).await["id"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits until all of its calls have ended, as they must.
    pub(crate) async fn finish(self, calls: u64) -> SippReport {
        let report = ok(self.sipp.finish().await);
        assert!(report.all_went_well(calls), "{}: {report:#?}", self.name);
        report
    }
}

/// One second of a tone, louder and softer by turns as speech is, in µ-law.
fn voice() -> Vec<u8> {
    // 500 Hz: eight samples low, eight high.
    (0..8_000)
        .map(|n| match (n / 1_000 % 2, n / 8 % 2) {
            (0, 0) => 0x10,
            (0, _) => 0x90,
            (_, 0) => 0x30,
            _ => 0xb0,
        })
        .collect()
}

fn scenario(body: &str, name: &str) -> String {
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<scenario name=\"phone\">\n";
    format!("{head}{}\n</scenario>\n", body.replace("NAME", name))
}

/// Presses a key.
fn press(key: char) -> String {
    format!("{}<recv response=\"200\" />", PRESSES.replace("KEY", &key.to_string()))
}

const INVITES: &str = r#"
<send retrans="500"><![CDATA[

  INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
  Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
  From: <sip:NAME@[local_ip]:[local_port]>;tag=[pid]SIPp[call_number]
  To: <sip:[service]@[remote_ip]:[remote_port]>
  Call-ID: [call_id]
  CSeq: [cseq] INVITE
  Contact: <sip:NAME@[local_ip]:[local_port]>
  Max-Forwards: 70
  Content-Type: application/sdp
  Content-Length: [len]

  v=0
  o=phone 1 1 IN IP[local_ip_type] [local_ip]
  s=-
  c=IN IP[media_ip_type] [media_ip]
  t=0 0
  m=audio [rtpstream_audio_port] RTP/AVP 0
  a=rtpmap:0 PCMU/8000

]]></send>
<recv response="100" optional="true" />
<recv response="180" optional="true" />
<recv response="183" optional="true" />
<recv response="200" />
<send><![CDATA[

  ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
  Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
  From: <sip:NAME@[local_ip]:[local_port]>;tag=[pid]SIPp[call_number]
  To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
  Call-ID: [call_id]
  CSeq: [cseq] ACK
  Max-Forwards: 70
  Content-Length: 0

]]></send>
"#;

const IS_INVITED: &str = r#"
<recv request="INVITE" />
<send><![CDATA[

  SIP/2.0 180 Ringing
  [last_Via:]
  [last_From:]
  [last_To:];tag=[pid]SIPp[call_number]
  [last_Call-ID:]
  [last_CSeq:]
  Contact: <sip:NAME@[local_ip]:[local_port]>
  Content-Length: 0

]]></send>
<send retrans="500"><![CDATA[

  SIP/2.0 200 OK
  [last_Via:]
  [last_From:]
  [last_To:];tag=[pid]SIPp[call_number]
  [last_Call-ID:]
  [last_CSeq:]
  Contact: <sip:NAME@[local_ip]:[local_port]>
  Content-Type: application/sdp
  Content-Length: [len]

  v=0
  o=phone 1 1 IN IP[local_ip_type] [local_ip]
  s=-
  c=IN IP[media_ip_type] [media_ip]
  t=0 0
  m=audio [rtpstream_audio_port] RTP/AVP 0
  a=rtpmap:0 PCMU/8000

]]></send>
<recv request="ACK" />
"#;

const SPEAKS: &str = r#"<nop><action><exec rtp_stream="$TESTBED_DATA/voice.ulaw,-1,0" /></action></nop>"#;

const PRESSES: &str = r#"
<send retrans="500"><![CDATA[

  INFO sip:[service]@[remote_ip]:[remote_port] SIP/2.0
  Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
  From: <sip:NAME@[local_ip]:[local_port]>;tag=[pid]SIPp[call_number]
  To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
  Call-ID: [call_id]
  CSeq: [cseq] INFO
  Max-Forwards: 70
  Content-Type: application/dtmf-relay
  Content-Length: [len]

  Signal=KEY
  Duration=100

]]></send>
"#;

/// Digits that others press in the same bridge come as INFO.
const IS_HUNG_UP: &str = concat!(
    r#"<label id="waits" /><recv request="INFO" optional="true" next="digit" /><recv request="BYE" next="ended" />
<label id="digit" />"#,
    confirms!(),
    r#"<nop next="waits" /><label id="ended" />"#,
    confirms!(),
);

const CONFIRMS: &str = confirms!();
