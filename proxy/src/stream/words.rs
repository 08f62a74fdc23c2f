//! The words of the stream: what a preset means, what the configuration puts in its place, and the headers of a message.

use ari_bus::{
    BusOptions,
    protocol::Names,
    stream::{Exchange, ExchangeKind, SinkOptions, StreamOptions},
};

use super::{BadTemplate, Origin, Template, buffer::Item};
use crate::config::{Config, Preset, StreamConfig};

/// What a preset says.
#[derive(Debug)]
struct Says {
    application: &'static str,
    channel: &'static str,
    ami: &'static str,
    lower_case: bool,
    exchange: &'static str,
    kind: ExchangeKind,
}

impl Preset {
    fn says(self) -> Says {
        match self {
            Self::Plain => Says {
                application: "stasis.app.{application}",
                channel: "stasis.channel.{channel}",
                ami: "stasis.ami.{event}",
                lower_case: false,
                exchange: "stasis",
                kind: ExchangeKind::Topic,
            },
            // What Wazo's modules really send, and not what they say that they do.
            Self::Wazo => Says {
                application: "stasis.app.{application}",
                channel: "stasis.channel.{event}",
                ami: "ami.{event}",
                lower_case: true,
                exchange: "wazo-headers",
                kind: ExchangeKind::Headers,
            },
        }
    }
}

/// The templates of the keys.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    application: Template,
    channel: Template,
    ami: Template,
    lower_case: bool,
}

impl Words {
    /// What the preset says, and in its place what is configured.
    ///
    /// # Errors
    /// Names the key of the configuration, and what is wrong with its template.
    pub(crate) fn of(config: &StreamConfig) -> Result<Self, (&'static str, BadTemplate)> {
        let says = config.preset.says();
        let read = |key, own: &Option<String>, preset: &str, origin| {
            Template::read(own.as_deref().unwrap_or(preset), origin).map_err(|bad| (key, bad))
        };
        let keys = &config.keys;
        Ok(Self {
            application: read("application", &keys.application, says.application, Origin::Application)?,
            channel: read("channel", &keys.channel, says.channel, Origin::Channel)?,
            ami: read("ami", &keys.ami, says.ami, Origin::Ami)?,
            lower_case: says.lower_case,
        })
    }

    /// NATS has one space of names for everything: checks that no key can be a topic of dialogs, or one that the server keeps.
    ///
    /// # Errors
    /// Names the key of the configuration, and what is wrong with its template.
    pub(crate) fn check_subjects(&self, names: &Names) -> Result<(), (&'static str, BadTemplate)> {
        let templates = [("application", &self.application), ("channel", &self.channel), ("ami", &self.ami)];
        templates
            .into_iter()
            .try_for_each(|(key, template)| template.check_subject(names).map_err(|bad| (key, bad)))
    }

    pub(super) fn template(&self, origin: Origin) -> &Template {
        match origin {
            Origin::Application => &self.application,
            Origin::Channel => &self.channel,
            Origin::Ami => &self.ami,
        }
    }

    pub(super) fn lower_case(&self) -> bool {
        self.lower_case
    }
}

/// How the sink is opened for a stream.
pub(crate) fn options(config: &Config, stream: &StreamConfig, words: &Words) -> SinkOptions {
    let says = stream.preset.says();
    let exchange = Exchange {
        name: stream.exchange.clone().unwrap_or_else(|| says.exchange.to_owned()),
        kind: stream.exchange_type.map_or(says.kind, ExchangeKind::from),
        declare: stream.declare_exchange,
    };
    let jetstream = stream.jetstream.as_ref().map(|jetstream| StreamOptions {
        name: jetstream.name.clone(),
        subjects: subjects(config, words),
        max_bytes: jetstream.max_bytes,
        max_age: Some(jetstream.max_age),
        replicas: jetstream.replicas,
        ..StreamOptions::default()
    });
    let client_name = format!("ari-proxy {} (event stream)", config.server_id);
    let connection = BusOptions { client_name, security: config.bus_security(), ..BusOptions::default() };
    SinkOptions { connection, exchange, jetstream }
}

/// What a JetStream has to carry: all that the templates can make.
fn subjects(config: &Config, words: &Words) -> Vec<String> {
    let prefix = &config.bus_config.prefix;
    let templates = [&words.application, &words.channel, &words.ami];
    let mut subjects = templates.map(|template| format!("{prefix}{}", template.pattern())).to_vec();
    subjects.sort_unstable();
    subjects.dedup();
    subjects
}

/// The headers of an event's message.
pub(super) fn headers(item: &Item) -> Vec<(&'static str, String)> {
    let category = match item.origin {
        Origin::Application | Origin::Channel => "stasis",
        Origin::Ami => "ami",
    };
    let mut headers = vec![("name", item.name.to_string()), ("category", category.to_owned())];
    if item.origin == Origin::Application {
        headers.push(("application_name", item.of.to_string()));
    }
    headers
}
