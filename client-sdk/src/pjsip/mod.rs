//! Phones and trunks declared in Rust: PJSIP's endpoints and what belongs to them, pushed into Asterisk while it runs.
//!
//! A [`Config`] is a set of objects, with a name. Applying it makes what is missing, changes what is not as it is declared, removes
//! what the set had and has no more, and leaves everything else alone; the [`Report`] says what was done.
//!
//! ```no_run
//! # async fn example(dialer: ari_client::Dialer) -> Result<(), Box<dyn std::error::Error>> {
//! use ari_client::pjsip::{Config, Endpoint};
//!
//! let phone = |id: &str, password: &str| {
//!     Endpoint::new(id).application("office").allow(["g722", "ulaw"]).password(password).max_contacts(1)
//! };
//! let office = Config::new("office").endpoint(phone("alice", "secret")).endpoint(phone("bob", "hidden"));
//! let session = dialer.open("office").await?;
//! println!("{}", office.apply(&session).await?);
//! # Ok(())
//! # }
//! ```
//!
//! Each Asterisk has its own configuration: apply the set with a session of each
//! ([`Opening::on`](crate::Opening::on)). Apply a set from one place at a time.
//!
//! # What Asterisk needs
//!
//! The proxy's policy keeps workers away from Asterisk itself unless it is told otherwise: let those of this application use
//! `* /asterisk/config/dynamic/**` (`policy.applications.NAME.allow`).
//!
//! By default Asterisk keeps these objects in `pjsip.conf` alone, where ARI cannot write (it answers 403). `sorcery.conf` names a
//! second place for each kind that is declared, and for `aor` always:
//!
//! ```text
//! [res_pjsip]
//! endpoint = config,pjsip.conf,criteria=type=endpoint
//! endpoint = astdb,ps_endpoints
//! aor = config,pjsip.conf,criteria=type=aor
//! aor = astdb,ps_aors
//! auth = config,pjsip.conf,criteria=type=auth
//! auth = astdb,ps_auths
//! transport = config,pjsip.conf,criteria=type=transport
//! transport = astdb,ps_transports
//!
//! [res_pjsip_endpoint_identifier_ip]
//! identify = config,pjsip.conf,criteria=type=identify
//! identify = astdb,ps_identifies
//! ```
//!
//! With `astdb` the objects outlive a restart of Asterisk (one that is killed forgets the last second), with `memory` they do not. `astdb` keeps one value of an attribute that has
//! several: with more than one [`contact`](Aor::contact) or [`address`](Identify::address) take `memory`. One kind of place for
//! all: the set's own list is an `aor`.
//!
//! # What is removed
//!
//! Only what the set itself has made, and all of it. ARI has no list of objects, so the set keeps one in Asterisk, in an AOR
//! `ari-client.<set>` that nobody can register with; it is written before anything is made, and again when all is done, so that it
//! never lacks an object, whenever a worker dies. And each object says whose it is. What is in the list and not this set's is left alone;
//! what is declared, there, and not this set's, is an [error](Error::Taken) before anything is done. A worker remembers nothing: another
//! one goes on with the same set.
//!
//! # What is compared
//!
//! What is declared, and nothing else: Asterisk shows every attribute, most of them with defaults, and in other words than they were written in.
//! Attributes that it does not show, such as `set_var`, are changed when they are declared differently. What is not declared any more, and
//! what may stand several times, it cannot change, nor anything of an endpoint with `set_var`: such an object is removed and made anew, and missing for a moment, once Asterisk
//! has taken the new values. That is told as a change of its attributes.
//!
//! Asterisk shows passwords to every user of ARI. This crate shows them to nobody: not in `Debug`, not in a report or an error.
//!
//! # Transports
//!
//! A transport can be made while Asterisk runs, and works at once. It cannot be moved or closed: a change is taken and not
//! carried out unless `allow_reload` was set (the report has it as [differing](Report::differing)), and one that is removed is no longer known, but
//! goes on listening until Asterisk is started again, where the same id brings it back as it was, and another one at its address is refused.

mod declare;
mod error;
mod manifest;
mod mark;
mod object;
mod plan;
mod report;
mod shown;
mod store;

use std::collections::BTreeSet;

pub use declare::{Aor, Auth, Endpoint, Identify, Transport};
pub use error::Error;
pub use object::{Kind, Name};
pub use report::{Change, Report};

use crate::Session;
use manifest::Manifest;
use mark::{Mark, is_of};
use object::Object;
use plan::{Step, is_as_declared, step};
use shown::Shown;
use store::Store;

/// A set of objects as they are to be.
#[derive(Debug, Clone)]
#[must_use = "it is declared, and not there before it is applied"]
pub struct Config {
    set: String,
    objects: Vec<Object>,
}

impl Config {
    /// An empty set. By its name what it has is found again: two sets of one name are one.
    pub fn new(set: impl Into<String>) -> Self {
        Self { set: set.into(), objects: Vec::new() }
    }

    /// Declares an endpoint, with the auth and the AOR that it brings.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.objects.extend(endpoint.parts);
        self.object(endpoint.object)
    }

    /// Declares an AOR, for endpoints that name it by [`set("aors", …)`](Endpoint::set).
    pub fn aor(self, aor: Aor) -> Self {
        self.object(aor.object)
    }

    /// Declares an auth, for endpoints that name it by `set("auth", …)` or `set("outbound_auth", …)`.
    pub fn auth(self, auth: Auth) -> Self {
        self.object(auth.object)
    }

    /// Declares a transport.
    pub fn transport(self, transport: Transport) -> Self {
        self.object(transport.object)
    }

    /// Declares which addresses an endpoint's requests come from.
    pub fn identify(self, identify: Identify) -> Self {
        self.object(identify.object)
    }

    fn object(mut self, object: Object) -> Self {
        self.objects.push(object);
        self
    }

    /// Makes Asterisk's configuration what is declared here, and says what that took. An empty set removes everything that it had.
    ///
    /// # Errors
    /// [`Error::Declaration`] and [`Error::Taken`] before anything is done. [`Error::Command`] when Asterisk refuses an object, or
    /// cannot be reached: what comes before it is done, the rest is not.
    pub async fn apply(&self, session: &Session) -> Result<Report, Error> {
        let declared = self.in_order()?;
        let names: BTreeSet<Name> = declared.iter().map(|object| object.name.clone()).collect();
        let store = Store(session);
        let mut manifest = Manifest::read(&store, &self.set).await?;
        let mut work = Vec::with_capacity(declared.len());
        for object in declared {
            let shown = store.get(&object.name).await?;
            if shown.as_ref().is_some_and(|shown| !is_of(shown, &self.set)) {
                return Err(Error::Taken { name: object.name.clone(), set: self.set.clone() });
            }
            work.push((object, shown));
        }
        manifest.add(&store, &names).await?;
        let mut report = Report { set: self.set.clone(), ..Report::default() };
        for (object, shown) in work {
            self.settle(&store, object, shown, &mut report).await?;
        }
        for gone in manifest.names().iter().rev().filter(|name| !names.contains(name)) {
            if store.get(gone).await?.is_some_and(|shown| is_of(&shown, &self.set)) {
                store.delete(gone).await?;
                report.removed.push(gone.clone());
            }
        }
        manifest.keep(&store, names).await?;
        Ok(report)
    }

    /// The objects in the order in which they are made.
    fn in_order(&self) -> Result<Vec<&Object>, Error> {
        let mut objects: Vec<&Object> = self.objects.iter().collect();
        objects.sort_by(|one, other| one.name.cmp(&other.name));
        let refuse =
            |object: &Object, problem: String| Err(Error::Declaration { name: object.name.clone(), problem });
        for (index, object) in objects.iter().enumerate() {
            if let Err(problem) = object.check() {
                return refuse(object, problem);
            }
            if objects.get(index + 1).is_some_and(|next| next.name == object.name) {
                return refuse(object, "it is declared twice".to_owned());
            }
        }
        Ok(objects)
    }

    /// Makes an object what is declared.
    async fn settle(
        &self,
        store: &Store<'_>,
        object: &Object,
        before: Option<Shown>,
        report: &mut Report,
    ) -> Result<(), Error> {
        let name = &object.name;
        let Some(before) = before else {
            let after = store.put(name, &self.fields(object, |_| true)).await?;
            report.created.push(name.clone());
            note_differing(object, &after, report);
            return Ok(());
        };
        let changed = match step(object, &before) {
            Step::Nothing => Vec::new(),
            Step::Change(attributes) => {
                let fields = self.fields(object, |name| attributes.contains(&name));
                let after = match store.change(name, &fields).await? {
                    Some(after) => after,
                    None => self.make_anew(store, object).await?,
                };
                note_differing(object, &after, report);
                // Other words for what it was already are no change.
                attributes.into_iter().filter(|name| before.get(name) != after.get(name)).collect()
            }
            Step::Replace(attributes) => {
                // First on the old one, without the mark: what Asterisk refuses must not cost the object.
                store.change(name, &values(object, |_| true)).await?;
                let after = self.make_anew(store, object).await?;
                note_differing(object, &after, report);
                attributes
            }
        };
        if changed.is_empty() {
            report.unchanged.push(name.clone());
        } else {
            let attributes = changed.into_iter().map(str::to_owned).collect();
            report.changed.push(Change { name: name.clone(), attributes });
        }
        Ok(())
    }

    async fn make_anew(&self, store: &Store<'_>, object: &Object) -> Result<Shown, Error> {
        store.delete(&object.name).await?;
        store.put(&object.name, &self.fields(object, |_| true)).await
    }

    /// Some of an object's attributes as they are sent, and whose it is.
    fn fields(&self, object: &Object, wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
        let mut fields = values(object, wanted);
        fields.extend(Mark::of(object).fields(&self.set));
        fields
    }
}

/// Some of an object's attributes as they are sent.
fn values(object: &Object, wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let wanted = object.attributes().iter().filter(|attribute| wanted(&attribute.name));
    let values = wanted
        .flat_map(|attribute| attribute.values.iter().map(|value| (attribute.name.clone(), value.clone())));
    values.collect()
}

fn note_differing(object: &Object, shown: &Shown, report: &mut Report) {
    let differs = |name: &str, values: &[String]| {
        shown.get(name).is_some_and(|shown| !is_as_declared(object, name, values, shown))
    };
    let differing =
        object.attributes().iter().filter(|attribute| differs(&attribute.name, &attribute.values));
    let attributes: Vec<String> = differing.map(|attribute| attribute.name.clone()).collect();
    if !attributes.is_empty() {
        report.differing.push(Change { name: object.name.clone(), attributes });
    }
}
