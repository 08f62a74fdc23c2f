//! One of the two that are compared, real or fake, and what was seen of it while it was put through a script.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use ari_testbed::{Asterisk, AsteriskOptions, Scenario, Sipp, SippOptions};
use asterisk_sim::{Outcome, Simulator, SimulatorOptions, Step};
use serde_json::Value;
use tokio::sync::Mutex;

use super::{
    script::{Do, Phone, Script},
    shape::{Shape, shape},
};
use crate::client::Client;

/// How long an event may take on a machine that compiles beside the test. Only a difference costs it.
const PATIENCE: Duration = Duration::from_secs(4);

const CALLER: &str = include_str!("../../fixtures/caller.xml");

/// Media that a real Asterisk has, and the time they take there is more than enough to stop them.
const PLAYBACK: Duration = Duration::from_millis(1_500);

pub(crate) struct Side {
    which: Which,
    /// The socket of the application that follows everything, one for all scripts: a real one (22.10.1) was
    /// seen to lock up for good when such an application goes.
    all: Mutex<Option<Client>>,
}

enum Which {
    Real(Box<Asterisk>),
    Fake(Box<Simulator>),
}

/// What came of one request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) request: String,
    pub(crate) status: u16,
    pub(crate) shape: Shape,
}

/// What was seen during one script.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) answers: Vec<Answer>,
    /// The shapes that events had, by socket and type of event.
    pub(crate) events: BTreeMap<String, BTreeSet<Shape>>,
    /// The order of events about each object whose id the script chose.
    pub(crate) orders: BTreeMap<String, Vec<String>>,
    /// Events that were awaited in vain.
    pub(crate) missed: Vec<String>,
}

impl Side {
    fn new(which: Which) -> Self {
        Self { which, all: Mutex::new(None) }
    }

    pub(crate) async fn real() -> Self {
        let dialplan = "exten => busy,1,Busy(1)\n\
                        exten => never,1,Wait(60)\n\
                        exten => late,1,Wait(1)\n same => n,Answer()\n same => n,Wait(60)\n";
        let options = AsteriskOptions::new().application("hello").arguments("one,two").extensions(dialplan);
        Self::new(Which::Real(Box::new(
            Asterisk::start(options).await.unwrap_or_else(|error| panic!("{error}")),
        )))
    }

    pub(crate) async fn fake() -> Self {
        let stasis = Outcome::Stasis { application: "hello".into(), args: vec!["one".into(), "two".into()] };
        let mut outcomes = vec![
            ("Local/1000@*".into(), stasis),
            ("PJSIP/phone/sip:busy@*".into(), Outcome::Busy { after: Duration::ZERO }),
            ("PJSIP/phone/sip:never@*".into(), Outcome::Silence),
            ("PJSIP/phone/sip:park@*".into(), Outcome::Answer { after: Duration::ZERO }),
        ];
        let options = SimulatorOptions::default();
        outcomes.extend(options.outcomes.clone());
        let dialplan = Duration::from_secs(60);
        let options = SimulatorOptions { outcomes, playback: PLAYBACK, dialplan, ..options };
        Self::new(Which::Fake(Box::new(Simulator::start(options).await.unwrap())))
    }

    fn access(&self) -> (String, String, String, String) {
        match &self.which {
            Which::Real(real) => (
                real.websocket_url(),
                real.ari_url().to_owned(),
                real.user().to_owned(),
                real.password().to_owned(),
            ),
            Which::Fake(fake) => {
                (fake.websocket_url(), fake.ari_url(), fake.user().to_owned(), fake.password().to_owned())
            }
        }
    }

    /// What `{sip}` stands for.
    fn sip(&self) -> String {
        match &self.which {
            Which::Real(real) => real.sip_address().to_string(),
            Which::Fake(_) => "127.0.0.1:5060".into(),
        }
    }

    fn phone(&self, phone: Phone) -> Option<Sipp> {
        match &self.which {
            Which::Real(real) => {
                let scenario = match phone {
                    Phone::Waits => Scenario::Answered,
                    Phone::HangsUp => Scenario::HangsUp,
                    Phone::HoldsAndHangsUp => Scenario::Xml(CALLER.to_owned()),
                };
                Some(
                    Sipp::begin(real, &scenario, &SippOptions::new())
                        .unwrap_or_else(|error| panic!("{error}")),
                )
            }
            Which::Fake(fake) => {
                let half = Step::Wait(Duration::from_millis(500));
                let steps = match phone {
                    Phone::Waits => vec![],
                    Phone::HangsUp => vec![Step::WaitAnswered, half, Step::HangUp],
                    Phone::HoldsAndHangsUp => vec![
                        Step::WaitAnswered,
                        Step::Dtmf("5".into()),
                        half.clone(),
                        Step::Hold,
                        Step::Unhold,
                        half,
                        Step::HangUp,
                    ],
                };
                fake.call("hello").args(["one", "two"]).caller("phone", "phone").script(steps).place();
                None
            }
        }
    }

    /// Puts it through a script.
    pub(crate) async fn run(&self, script: &Script) -> Seen {
        Box::pin(self.run_script(script)).await
    }

    async fn run_script(&self, script: &Script) -> Seen {
        let mut run = Run::begin(self).await;
        for step in &script.steps {
            run.step(step).await;
        }
        run.finish(script).await
    }
}

/// A script under way.
struct Run<'a> {
    side: &'a Side,
    hello: Client,
    all: Client,
    /// Events of both sockets, in their order.
    came: [Vec<Value>; 2],
    phone_id: String,
    phones: Vec<Sipp>,
    seen: Seen,
}

impl<'a> Run<'a> {
    async fn begin(side: &'a Side) -> Self {
        let (websocket, rest, user, password) = side.access();
        let connect = async |application: &str, more: &str| {
            Client::connect_to(&websocket, &rest, &user, &password, application, more).await
        };
        let kept = side.all.lock().await.take();
        let all = match kept {
            Some(all) => all,
            None => connect("everything", "&subscribeAll=true").await,
        };
        Self {
            hello: connect("hello", "").await,
            all,
            side,
            came: [Vec::new(), Vec::new()],
            phone_id: String::new(),
            phones: Vec::new(),
            seen: Seen::default(),
        }
    }

    fn fill_in(&self, text: &str) -> String {
        text.replace("{phone}", &self.phone_id).replace("{sip}", &self.side.sip())
    }

    async fn step(&mut self, step: &Do) {
        match step {
            Do::Ask(method, path, body) => {
                let (status, answer) = self.hello.call(method, &self.fill_in(path), body.clone()).await;
                let request =
                    format!("{method} {path} {}", body.as_ref().map(Value::to_string).unwrap_or_default());
                self.seen.answers.push(Answer {
                    request: request.trim_end().into(),
                    status,
                    shape: shape(&answer),
                });
            }
            Do::Until(path) => {
                let until = Instant::now() + PATIENCE;
                while self.hello.get(path).await.0 != 200 {
                    if Instant::now() >= until {
                        self.seen.missed.push(format!("200 for {path}"));
                        return;
                    }
                }
            }
            Do::Send(text) => self.hello.send(text).await,
            Do::Await(kind, about) => self.wait(kind, about).await,
            Do::Phone(phone) => {
                let sipp = self.side.phone(*phone);
                self.phones.extend(sipp);
                self.wait("StasisStart", "PJSIP").await;
                let start = self.came[0].iter().rev().find(|event| event["type"] == "StasisStart");
                self.phone_id =
                    start.and_then(|event| event["channel"]["id"].as_str()).unwrap_or_default().to_owned();
            }
        }
    }

    /// Waits for an event on the application's socket whose text holds `about`.
    async fn wait(&mut self, kind: &str, about: &str) {
        let about = self.fill_in(about);
        let fits = |event: &Value| event["type"] == kind && event.to_string().contains(&about);
        let until = Instant::now() + PATIENCE;
        while !self.came[0].iter().any(fits) {
            let left = until.saturating_duration_since(Instant::now());
            match tokio::time::timeout(left, self.hello.next()).await {
                Ok(event) => self.came[0].push(event),
                Err(_) => {
                    self.seen.missed.push(format!("{kind} {about}"));
                    return;
                }
            }
        }
    }

    /// Takes away what would be in the way of the same script, or confuse the next.
    async fn clean_up(&self) {
        for (list, key) in [("/recordings/stored", "name"), ("/bridges", "id")] {
            let (_, found) = self.hello.get(list).await;
            for entry in found.as_array().into_iter().flatten() {
                let name = entry[key].as_str().unwrap_or_default();
                self.hello.delete(&format!("{list}/{name}")).await;
            }
        }
    }

    /// Waits until all is quiet: no channels, and then an event behind all others on both sockets.
    async fn finish(mut self, script: &Script) -> Seen {
        for sipp in std::mem::take(&mut self.phones) {
            sipp.finish().await.unwrap_or_else(|error| panic!("{error}"));
        }
        let until = Instant::now() + Duration::from_secs(15);
        loop {
            let (_, channels) = self.hello.get("/channels").await;
            if channels.as_array().is_some_and(Vec::is_empty) {
                break;
            }
            assert!(Instant::now() < until, "channels are left: {channels}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for (index, socket) in [&mut self.hello, &mut self.all].into_iter().enumerate() {
            let name = socket.application.clone();
            socket.post(&format!("/events/user/fence?application={name}")).await;
            loop {
                let event = socket.next().await;
                if event["eventname"] == "fence" {
                    break;
                }
                self.came[index].push(event);
            }
            for event in &self.came[index] {
                let kind = event["type"].as_str().unwrap_or("?");
                let place = ["", "subscribed to all: "][index];
                self.seen.events.entry(format!("{place}{kind}")).or_default().insert(shape(event));
            }
        }
        for event in &self.came[0] {
            let kind = event["type"].as_str().unwrap_or("?").to_owned();
            let at = |path: &str| event.pointer(path).and_then(Value::as_str);
            let about = ["/channel/id", "/peer/id", "/playback/id", "/recording/name", "/bridge/id"];
            let Some(id) = about.into_iter().find_map(at) else { continue };
            let id = if id == self.phone_id { "{phone}" } else { id };
            if script.chose(id) {
                self.seen.orders.entry(id.to_owned()).or_default().push(kind);
            }
        }
        self.clean_up().await;
        *self.side.all.lock().await = Some(self.all);
        self.seen
    }
}
