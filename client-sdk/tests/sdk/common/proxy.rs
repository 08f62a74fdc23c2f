//! A version-2 proxy that does what a test tells it.

use std::{borrow::Cow, time::Duration};

use ari_bus::{
    Bus, Reach, Subscription, Topics,
    memory::MemoryBus,
    protocol::{
        Accept, Ack, Answer, AppStart, Attach, Bodies, Command, Control, Decline, Event, EventBody, Incoming,
        Names, Object, ObjectKind, Release, Resend, Save, encode_answer, parse_incoming,
    },
};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{of_channel, soon, stasis_start};

/// A dialog as the proxy has it.
pub struct Dialog {
    bus: MemoryBus,
    incoming: Subscription,
    pub offer: AppStart,
    pub channel: String,
    /// Once it was accepted.
    pub accept: Accept,
    pub seq: u64,
}

/// What a worker published.
#[derive(Debug)]
pub enum From {
    Command(Command<'static>),
    Accept(Accept),
    Decline(Decline),
    Ack(Ack),
    Resend(Resend),
    Save(Save),
    Release(Release),
}

impl Dialog {
    /// Makes a dialog for a channel and offers it to the pool, waiting until there is one.
    pub async fn offer(bus: &MemoryBus, channel: &str) -> Self {
        let dialog = Self::new(bus, channel).await;
        dialog.offer_again().await;
        dialog
    }

    /// Makes a dialog that is not offered yet.
    pub async fn new(bus: &MemoryBus, channel: &str) -> Self {
        Self::of(bus, "sim", channel).await
    }

    /// Makes one of another proxy.
    pub async fn of(bus: &MemoryBus, server_id: &str, channel: &str) -> Self {
        let names = Names::default();
        let id = Names::dialog_id(server_id);
        let commands = format!("{}{}", names.proxy_inbox(server_id, "1"), id);
        let incoming = bus.subscribe(Topics::One(commands.clone())).await.unwrap();
        let offer = AppStart {
            application: "hello".to_owned(),
            dialog_id: id.clone(),
            server_id: server_id.to_owned(),
            protocol: Some(2),
            root: Some(id),
            term: Some(1),
            commands: Some(commands),
            start: Some(stasis_start(channel).to_string()),
            ..AppStart::default()
        };
        let (channel, accept) = (channel.to_owned(), Accept::default());
        Self { bus: bus.clone(), incoming, offer, channel, accept, seq: 0 }
    }

    /// The dialog as another process has it to which a worker brought it: in the next term, with topics of its own.
    pub async fn attached(&self, incarnation: &str, attach: &Attach) -> Self {
        let id = Names::dialog_id(&self.offer.server_id);
        let commands = format!("{}{}", Names::default().proxy_inbox(&self.offer.server_id, incarnation), id);
        let offer = AppStart {
            dialog_id: id,
            term: attach.term.map(|term| term + 1),
            commands: Some(commands.clone()),
            ..self.offer.clone()
        };
        let incoming = self.bus.subscribe(Topics::One(commands)).await.unwrap();
        let (events, responses) = (attach.events.clone(), attach.responses.clone());
        let accept = Accept { events, responses, ..self.accept.clone() };
        Self { bus: self.bus.clone(), incoming, offer, channel: self.channel.clone(), accept, seq: 0 }
    }

    /// The first event after that.
    pub async fn gap(&mut self) {
        self.event(json!({ "type": "ProxyGap", "reason": "the proxy was restarted" })).await;
    }

    /// Offers it until there is a pool.
    pub async fn offer_again(&self) {
        self.offer_to(&self.offer.application).await;
    }

    /// Offers it on a topic until somebody reads that.
    pub async fn offer_to(&self, topic: &str) {
        let payload = Bytes::from(serde_json::to_vec(&self.offer).unwrap());
        while self.bus.offer(topic, payload.clone(), Duration::ZERO).await.unwrap() == Reach::Nobody {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Offers it and takes the accept; the StasisStart follows.
    pub async fn accepted(bus: &MemoryBus, channel: &str) -> Self {
        let mut dialog = Self::offer(bus, channel).await;
        dialog.start().await;
        dialog
    }

    /// Takes the accept; the StasisStart follows.
    pub async fn start(&mut self) {
        self.accept = self.next_accept().await;
        let start = stasis_start(&self.channel);
        self.event(start).await;
    }

    /// Makes every further message to this dialog reach it and end in an error that does not tell.
    pub async fn make_unsure(&mut self) -> Subscription {
        /// More than another reader of the same topic holds.
        const FILLING: usize = 65_536;
        let topic = self.offer.commands.clone().unwrap();
        let full = self.bus.subscribe(Topics::One(topic.clone())).await.unwrap();
        self.bus.publish_all(&topic, vec![Bytes::new(); FILLING]).await.unwrap();
        for _ in 0..FILLING {
            soon(self.incoming.next()).await.unwrap();
        }
        full
    }

    /// Takes an accept that is sent again, and confirms it.
    pub async fn renewed(&mut self) {
        let again = self.next_accept().await;
        assert_eq!((&again.events, &again.responses), (&self.accept.events, &self.accept.responses));
        self.answer(&again.unique_id.unwrap(), 204, b"").await;
    }

    pub async fn next(&mut self) -> From {
        let message = soon(self.incoming.next()).await.expect("the bus was closed");
        match parse_incoming(&message.payload) {
            Incoming::Command(command) => From::Command(owned(command)),
            Incoming::Control(Control::Accept(accept)) => From::Accept(accept),
            Incoming::Control(Control::Decline(decline)) => From::Decline(decline),
            Incoming::Control(Control::Ack(ack)) => From::Ack(ack),
            Incoming::Control(Control::Resend(resend)) => From::Resend(resend),
            Incoming::Control(Control::Save(save)) => From::Save(save),
            Incoming::Control(Control::Release(release)) => From::Release(release),
            other => panic!("{other:?}"),
        }
    }

    pub async fn next_accept(&mut self) -> Accept {
        match self.next().await {
            From::Accept(accept) => accept,
            other => panic!("{other:?} is no accept"),
        }
    }

    pub async fn next_command(&mut self) -> Command<'static> {
        match self.next().await {
            From::Command(command) => command,
            other => panic!("{other:?} is no command"),
        }
    }

    pub async fn next_save(&mut self) -> Save {
        match self.next().await {
            From::Save(save) => save,
            other => panic!("{other:?} is no save"),
        }
    }

    /// Takes a save, answers it, and returns its state and what it acknowledges.
    pub async fn saved(&mut self, step: u64) -> (Value, Option<u64>) {
        let save = self.next_save().await;
        self.answer(save.unique_id.as_deref().unwrap(), 204, b"").await;
        let mut context: Value = serde_json::from_str(&save.context).unwrap();
        assert_eq!((&context["step"], save.term), (&json!(step), self.offer.term.unwrap()));
        (context["state"].take(), save.ack)
    }

    /// Takes a release and confirms it.
    pub async fn released(&mut self) {
        match self.next().await {
            From::Release(release) => self.answer(&release.unique_id.unwrap(), 204, b"").await,
            other => panic!("{other:?} is no release"),
        }
    }

    /// Takes the question for events that are missing, from this one on, and answers it.
    pub async fn asked_for(&mut self, from: u64, status: u16) {
        match self.next().await {
            From::Resend(resend) => {
                assert_eq!((resend.from, Some(resend.term)), (from, self.offer.term));
                self.answer(&resend.unique_id.unwrap(), status, b"").await;
            }
            other => panic!("{other:?} is no resend"),
        }
    }

    /// Takes the acknowledgement of everything up to this event.
    pub async fn acknowledged(&mut self, seq: u64) {
        match self.next().await {
            From::Ack(ack) => assert_eq!((ack.seq, Some(ack.term)), (seq, self.offer.term)),
            other => panic!("{other:?} is no ack"),
        }
    }

    /// Offers a dialog that another worker had: in the next term, with what that one saved.
    pub async fn resume(&mut self, context: Option<Value>) {
        let id = Names::dialog_id("sim");
        let commands = format!("{}{}", Names::default().proxy_inbox("sim", "1"), id);
        self.incoming = self.bus.subscribe(Topics::One(commands.clone())).await.unwrap();
        self.offer.commands = Some(commands);
        self.offer.dialog_id = id;
        self.offer.term = self.offer.term.map(|term| term + 1);
        self.offer.resume = true;
        self.offer.context = context.map(|context| context.to_string());
        self.offer.objects.insert(0, Object { kind: ObjectKind::Channel, id: self.channel.clone() });
        self.seq = 0;
        self.offer_again().await;
        self.accept = self.next_accept().await;
    }

    /// Takes a command of which it is known what it is, and answers it.
    pub async fn expect(&mut self, method: &str, url: &str, status: u16) -> Value {
        let command = self.next_command().await;
        assert_eq!((command.method.as_ref(), command.url.as_ref()), (method, url));
        self.answer(&command.unique_id, status, b"").await;
        command.body.map_or(Value::Null, |body| serde_json::from_str(&body).unwrap())
    }

    pub async fn answer(&self, unique_id: &str, status: u16, body: &[u8]) {
        self.answer_in(unique_id, status, body, self.bus.largest_message()).await;
    }

    /// Answers in parts, where messages of `largest` bytes do not carry it whole.
    pub async fn answer_in(&self, unique_id: &str, status: u16, body: &[u8], largest: usize) {
        let answer = Answer { status, body: Bytes::copy_from_slice(body) };
        let messages = encode_answer(unique_id, &answer, Bodies::String, largest, true).unwrap();
        self.bus.publish_all(&self.accept.responses, messages).await.unwrap();
    }

    /// Sends the next event.
    pub async fn event(&mut self, body: Value) {
        self.seq += 1;
        self.event_as(body, Some(self.seq), self.offer.term.unwrap()).await;
    }

    pub async fn event_as(&self, body: Value, seq: Option<u64>, term: u64) {
        self.publish_event(self.envelope(&body, seq, term)).await;
    }

    /// An event as it is published.
    pub fn envelope(&self, body: &Value, seq: Option<u64>, term: u64) -> Bytes {
        let (kind, text) = (body["type"].as_str().unwrap(), body.to_string());
        let mut event = Event::new("sim", kind, EventBody::String(&text));
        event.dialog_id = Some(Cow::Borrowed(&self.offer.dialog_id));
        (event.term, event.seq) = (Some(term), seq);
        serde_json::to_vec(&event).unwrap().into()
    }

    pub async fn publish_event(&self, payload: impl Into<Bytes>) {
        self.bus.publish(&self.accept.events, payload.into()).await.unwrap();
    }

    pub async fn publish_answer(&self, payload: impl Into<Bytes>) {
        self.bus.publish(&self.accept.responses, payload.into()).await.unwrap();
    }

    /// The events of a hangup, and the end.
    pub async fn end(&mut self) {
        let channel = self.channel.clone();
        self.event(of_channel("StasisEnd", &channel)).await;
        self.event(of_channel("ChannelDestroyed", &channel)).await;
        self.event(json!({ "type": "ProxyEnded" })).await;
    }

    pub async fn gone(&self) {
        self.event_as(json!({ "type": "ProxyGone" }), None, self.offer.term.unwrap()).await;
    }

    pub async fn gone_to(&self, accept: &Accept) {
        let mut event = Event::new("sim", "ProxyGone", EventBody::String("{}"));
        event.term = Some(accept.term);
        self.bus.publish(&accept.events, serde_json::to_vec(&event).unwrap().into()).await.unwrap();
    }
}

fn owned(command: Command<'_>) -> Command<'static> {
    Command {
        unique_id: command.unique_id.into_owned().into(),
        url: command.url.into_owned().into(),
        method: command.method.into_owned().into(),
        body: command.body.map(|body| body.into_owned().into()),
        cmd_seq: command.cmd_seq,
    }
}
