//! The typed ARI of the SDK, beside what a real Asterisk says of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use ari_client::{
    OperationInfo, Place,
    ari::{ASTERISK_VERSION, Event, OPERATIONS},
};
use ari_generator::{
    Description, Difference, FACTS, Facts, Model, Operation, Parameter, Source, Words, write,
};
use ari_testbed::{Asterisk, AsteriskOptions};
use ari_tests::wait::ok;
use tokio::sync::OnceCell;

/// Where the generated files are.
const SDK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../client-sdk/src/ari");

/// What the testbed's Asterisk says, asked once.
async fn description() -> &'static Description {
    static DESCRIPTION: OnceCell<Description> = OnceCell::const_new();
    let ask = || async {
        let asterisk = ok(Asterisk::start(AsteriskOptions::new()).await);
        let source = Source::Asterisk {
            url: asterisk.ari_url().trim_end_matches("/ari").to_owned(),
            user: asterisk.user().to_owned(),
            password: asterisk.password().to_owned(),
        };
        ok(source.describe().await)
    };
    DESCRIPTION.get_or_init(ask).await
}

/// Whether the SDK was written from this very version. With another only what is gone or of another type is a failure.
fn is_same(description: &Description) -> bool {
    description.version == ASTERISK_VERSION
}

/// The files that are checked in, by their paths in the folder.
fn checked_in() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![PathBuf::from(SDK)];
    while let Some(folder) = folders.pop() {
        for entry in ok(fs::read_dir(&folder)) {
            let path = ok(entry).path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let inside = ok(path.strip_prefix(SDK)).display().to_string();
                found.insert(inside, ok(fs::read_to_string(&path)));
            }
        }
    }
    found
}

#[tokio::test]
async fn the_sdk_is_what_the_generator_writes_from_this_asterisk() {
    let description = description().await;
    let checked_in = checked_in();
    let difference = Difference::between(&Facts::read(&checked_in[FACTS]), &description.facts());
    println!("Asterisk {}, the SDK is from {ASTERISK_VERSION}\n{difference}", description.version);
    assert!(difference.is_compatible(), "something is gone, or of another type");
    if !is_same(description) {
        return;
    }
    let written = ok(write(description, &ok(Words::ours()), false));
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&checked_in), names(&written));
    for (path, text) in &written {
        let differs = text.lines().zip(checked_in[path].lines()).find(|(new, old)| new != old);
        assert!(*text == checked_in[path], "{path} was not written by this generator: {differs:?}");
    }
}

#[tokio::test]
async fn the_sdk_has_every_operation_model_and_event_that_asterisk_describes() {
    let description = description().await;
    let names =
        |models: Vec<&Model>| models.into_iter().map(|model| model.name.clone()).collect::<BTreeSet<_>>();
    let described = names(description.models().collect());
    let described_events = names(description.events().collect());
    let own_events: BTreeSet<_> = Event::KINDS.iter().map(|kind| (*kind).to_owned()).collect();
    let own = own_models();

    println!(
        "{:<14} {:>10} {:>7} {:>10} {:>7} {:>10} {:>7}",
        "Asterisk", "operations", "SDK", "models", "SDK", "events", "SDK"
    );
    let row = |name: &str, counts: [usize; 6]| {
        let [a, b, c, d, e, f] = counts;
        println!("{name:<14} {a:>10} {b:>7} {c:>10} {d:>7} {e:>10} {f:>7}");
    };
    for resource in &description.resources {
        let operations = OPERATIONS.iter().filter(|operation| operation.resource == resource.name).count();
        let models = names(resource.models.iter().collect());
        let in_both = |one: &BTreeSet<String>, other: &BTreeSet<String>| one.intersection(other).count();
        row(
            &resource.name,
            [
                resource.operations.len(),
                operations,
                models.len(),
                in_both(&models, &own),
                in_both(&models, &described_events),
                in_both(&models, &own_events),
            ],
        );
    }
    let operations = description.operations().count();
    row(
        "all",
        [operations, OPERATIONS.len(), described.len(), own.len(), described_events.len(), own_events.len()],
    );

    assert!(own.is_subset(&described) && own_events.is_subset(&described_events));
    if is_same(description) {
        assert_eq!((operations, described.len(), described_events.len()), (109, 85, 45));
        assert_eq!(OPERATIONS.len(), operations);
        assert_eq!((own, own_events), (described, described_events));
    }
}

/// The models that the SDK has a type for.
fn own_models() -> BTreeSet<String> {
    let files =
        checked_in().into_iter().filter(|(path, _)| path.starts_with("model") || path.starts_with("event/"));
    let structures = files.flat_map(|(_, text)| {
        let names = text.lines().filter_map(|line| line.strip_prefix("pub struct ")?.strip_suffix(" {"));
        names.map(str::to_owned).collect::<Vec<_>>()
    });
    // What all events have in common is the enum of them.
    structures.chain(["Event".to_owned()]).collect()
}

#[tokio::test]
async fn every_operation_takes_what_asterisk_describes() {
    let description = description().await;
    for own in OPERATIONS {
        let found = description
            .operations()
            .find(|(resource, operation)| resource.name == own.resource && operation.name == own.name);
        let (_, described) = found.unwrap_or_else(|| panic!("there is no {} {}", own.resource, own.name));
        let is_known = |name: &str| own.parameters.iter().any(|parameter| parameter.name == name);
        // Another version may take more.
        let parameters = described.parameters.iter();
        let parameters = parameters.filter(|parameter| is_same(description) || is_known(&parameter.name));
        assert_eq!(told_by_sdk(own), told_by_asterisk(described, parameters));
    }
}

type Told = (String, String, bool, Vec<(String, Place, bool, bool, Vec<String>)>);

fn told_by_sdk(own: &OperationInfo) -> Told {
    let parameters = own.parameters.iter().map(|parameter| {
        let values = parameter.values.iter().map(|value| (*value).to_owned()).collect();
        (parameter.name.to_owned(), parameter.place, parameter.required, parameter.list, values)
    });
    (own.method.as_str().to_owned(), own.path.to_owned(), own.websocket, parameters.collect())
}

fn told_by_asterisk<'a>(described: &Operation, parameters: impl Iterator<Item = &'a Parameter>) -> Told {
    let parameters = parameters.map(|parameter| {
        let place = match parameter.place {
            ari_generator::Place::Path => Place::Path,
            ari_generator::Place::Query => Place::Query,
            ari_generator::Place::Body => Place::Body,
        };
        let values = parameter.values.clone();
        (parameter.name.clone(), place, parameter.required, parameter.list, values)
    });
    (described.method.clone(), described.path.clone(), described.websocket, parameters.collect())
}
