//! The builders with which objects are declared.

use std::{net::SocketAddr, time::Duration};

use super::object::{Kind, Object};

/// What every builder has.
macro_rules! set {
    () => {
        /// Sets any other attribute, by the name that `pjsip.conf` has for it. Of one that may stand there several times, this is
        /// the only value.
        pub fn set(mut self, attribute: impl Into<String>, value: impl Into<String>) -> Self {
            self.object.set(attribute, value);
            self
        }
    };
}

/// Where SIP is spoken. Read [what Asterisk does not do](super#transports) with those that are made while it runs.
#[derive(Debug, Clone)]
#[must_use = "it is declared by Config::transport"]
pub struct Transport {
    pub(super) object: Object,
}

impl Transport {
    /// Over UDP, on this address. A port of 0 is 5060 for Asterisk.
    pub fn udp(id: impl Into<String>, bind: impl Into<SocketAddr>) -> Self {
        Self::new(id, "udp", bind.into())
    }

    /// Over TCP.
    pub fn tcp(id: impl Into<String>, bind: impl Into<SocketAddr>) -> Self {
        Self::new(id, "tcp", bind.into())
    }

    fn new(id: impl Into<String>, protocol: &str, bind: SocketAddr) -> Self {
        let mut object = Object::new(Kind::Transport, id);
        object.set("protocol", protocol);
        object.set("bind", bind.to_string());
        Self { object }
    }

    set!();
}

/// How somebody proves who they are.
#[derive(Debug, Clone)]
#[must_use = "it is declared by Config::auth or Endpoint::auth"]
pub struct Auth {
    pub(super) object: Object,
}

impl Auth {
    /// A user name and a password.
    pub fn password(id: impl Into<String>, username: impl Into<String>, password: impl Into<String>) -> Self {
        let mut object = Object::new(Kind::Auth, id);
        object.set("auth_type", "userpass");
        object.set("username", username);
        object.set("password", password);
        Self { object }
    }

    set!();
}

/// Where somebody is reached.
#[derive(Debug, Clone)]
#[must_use = "it is declared by Config::aor or Endpoint::aor"]
pub struct Aor {
    pub(super) object: Object,
}

impl Aor {
    /// Where nobody is reached yet: nobody may register, and there is no contact.
    pub fn new(id: impl Into<String>) -> Self {
        Self { object: Object::new(Kind::Aor, id) }
    }

    /// How many phones may register.
    pub fn max_contacts(self, most: u32) -> Self {
        self.set("max_contacts", most.to_string())
    }

    /// A phone that needs not register, such as `sip:alice@192.0.2.1:5060`. There may be several.
    pub fn contact(mut self, uri: impl Into<String>) -> Self {
        self.object.add("contact", uri);
        self
    }

    /// Asks every contact this often whether it is there, in whole seconds.
    pub fn qualify_every(self, interval: Duration) -> Self {
        self.set("qualify_frequency", interval.as_secs().to_string())
    }

    set!();
}

/// A phone or a trunk, together with its [`Auth`] and its [`Aor`] where those are its own.
#[derive(Debug, Clone)]
#[must_use = "it is declared by Config::endpoint"]
pub struct Endpoint {
    pub(super) object: Object,
    pub(super) parts: Vec<Object>,
}

impl Endpoint {
    /// An endpoint with Asterisk's defaults, which lack [codecs](Self::allow). A phone that shows this id as its user (`From: <sip:alice@…>`) is this endpoint.
    pub fn new(id: impl Into<String>) -> Self {
        Self { object: Object::new(Kind::Endpoint, id), parts: Vec::new() }
    }

    /// The context of the dialplan that its calls enter. Asterisk makes one for every application that is connected, so that calls
    /// enter that without any dialplan: [`application`](Self::application).
    pub fn context(self, context: impl Into<String>) -> Self {
        self.set("context", context)
    }

    /// Its calls enter this application, with no dialplan between: what was dialled is [`Call::dialed`](crate::Call::dialed).
    pub fn application(self, application: &str) -> Self {
        self.context(format!("stasis-{application}"))
    }

    /// Its codecs, the best first: these and no others. There must be one: an endpoint without any Asterisk makes, and then can neither
    /// read nor change.
    pub fn allow<Codec: Into<String>>(self, codecs: impl IntoIterator<Item = Codec>) -> Self {
        let codecs: Vec<String> = codecs.into_iter().map(Into::into).collect();
        self.set("allow", codecs.join(","))
    }

    /// The transport that it is called through.
    pub fn transport(self, id: impl Into<String>) -> Self {
        self.set("transport", id)
    }

    /// Who it is for whom it calls: `"Name" <number>`.
    pub fn caller_id(self, caller: impl Into<String>) -> Self {
        self.set("callerid", caller)
    }

    /// It proves who it is with this password and its id as the user name.
    pub fn password(self, password: impl Into<String>) -> Self {
        let id = self.object.name.id.clone();
        self.auth(Auth::password(id.clone(), id, password))
    }

    /// How it proves who it is.
    pub fn auth(mut self, auth: Auth) -> Self {
        self.object.set("auth", auth.object.name.id.clone());
        self.part(auth.object)
    }

    /// Where it is reached. A phone registers under the id of this.
    pub fn aor(mut self, aor: Aor) -> Self {
        self.object.set("aors", aor.object.name.id.clone());
        self.part(aor.object)
    }

    /// How many phones may register under its id.
    pub fn max_contacts(self, most: u32) -> Self {
        let id = self.object.name.id.clone();
        self.aor(Aor::new(id).max_contacts(most))
    }

    /// One of each kind.
    fn part(mut self, part: Object) -> Self {
        self.parts.retain(|other| other.name.kind != part.name.kind);
        self.parts.push(part);
        self
    }

    set!();
}

/// Which addresses an endpoint's requests come from, where they do not tell.
#[derive(Debug, Clone)]
#[must_use = "it is declared by Config::identify"]
pub struct Identify {
    pub(super) object: Object,
}

impl Identify {
    /// Of this endpoint.
    pub fn new(id: impl Into<String>, endpoint: impl Into<String>) -> Self {
        let mut object = Object::new(Kind::Identify, id);
        object.set("endpoint", endpoint);
        Self { object }
    }

    /// Another address or network, such as `192.0.2.0/24`. A name is looked up once, and counts as its addresses from then on.
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.object.add("match", address);
        self
    }

    set!();
}
