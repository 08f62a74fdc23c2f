//! Routes as data: which extension goes to which handler, by the names under which the program registered them.

use std::{
    collections::BTreeMap,
    fmt,
    marker::PhantomData,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};

use super::{Decline, Router};
use crate::Handler;

/// What a [`Router`] does, as a configuration file says it. Every field may be left out, others are errors; so is what stands
/// there twice.
///
/// ```json
/// {
///   "extensions": { "100": "front_desk", "+15551234567": "sales", "_1NXXNXXXXXX": "outbound" },
///   "arguments": { "voicemail": "voicemail", "queue,sales": "sales" },
///   "decline": { "_1900NXXXXXX": "premium rate" },
///   "applications": { "conference": { "fallback": "conference" } },
///   "fallback": "operator"
/// }
/// ```
///
/// `extensions` has exact ones and, with an underscore, [patterns](Router::pattern); `decline` the same, with the reason for which
/// they are left to others in place of a handler. `arguments` are separated by commas, as in the dialplan. `applications` has
/// routes of their own.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Routes {
    #[serde(deserialize_with = "without_doubles")]
    extensions: BTreeMap<String, String>,
    #[serde(deserialize_with = "without_doubles")]
    arguments: BTreeMap<String, String>,
    #[serde(deserialize_with = "without_doubles")]
    decline: BTreeMap<String, String>,
    #[serde(deserialize_with = "without_doubles")]
    applications: BTreeMap<String, Routes>,
    fallback: Option<String>,
    /// Where they were read.
    #[serde(skip)]
    file: PathBuf,
}

/// The handlers of a program, by the names that [`Routes`] have for them.
#[derive(Clone, Default)]
#[must_use = "handlers are given to Router::from_routes"]
pub struct Handlers(BTreeMap<String, Arc<dyn Handler>>);

/// Routes that cannot be used.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoutesError {
    /// The file cannot be read, or is not the JSON of [`Routes`].
    #[error("{}: {problem}", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// What is wrong; with line and column where it is not the JSON that it should be.
        problem: String,
    },
    /// One entry cannot be used.
    #[error("{}{entry}: {problem}", in_file(file))]
    Entry {
        /// Where it stands; empty for routes that were not [read](Routes::read) from a file of their own.
        file: PathBuf,
        /// Which, such as `extensions "_1NXX"`.
        entry: String,
        /// What is wrong with it, and what to do.
        problem: String,
    },
}

impl Routes {
    /// Reads them from a JSON file.
    ///
    /// # Errors
    /// [`RoutesError::File`] when it cannot be read, or is not the JSON that it should be.
    pub fn read(file: impl AsRef<Path>) -> Result<Self, RoutesError> {
        let file = file.as_ref().to_owned();
        let text = std::fs::read_to_string(&file).map_err(|error| error.to_string());
        let routes = text.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
        match routes {
            Ok(routes) => Ok(Self { file, ..routes }),
            Err(problem) => Err(RoutesError::File { file, problem }),
        }
    }
}

impl Handlers {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one; of two of the same name the last stands.
    pub fn with(mut self, name: impl Into<String>, handler: impl Handler) -> Self {
        self.0.insert(name.into(), Arc::new(handler));
        self
    }

    fn find(&self, name: &str) -> Result<Arc<dyn Handler>, String> {
        self.0.get(name).cloned().ok_or_else(|| {
            let names = self.0.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            format!("there is no handler {name:?}; this program has: {names}")
        })
    }
}

impl Router {
    /// Makes a router of routes and the handlers that they name. More can be added to it.
    ///
    /// # Errors
    /// [`RoutesError::Entry`] for an entry that cannot be used: its handler is not there, its pattern is none, or another
    /// entry is for the same.
    pub fn from_routes(routes: &Routes, handlers: &Handlers) -> Result<Self, RoutesError> {
        Self::from_part(routes, handlers).map_err(|(entry, problem)| RoutesError::Entry {
            file: routes.file.clone(),
            entry,
            problem,
        })
    }

    /// The error has the entry and what is wrong with it.
    fn from_part(routes: &Routes, handlers: &Handlers) -> Result<Self, (String, String)> {
        let mut router = Self::new();
        for (extension, name) in &routes.extensions {
            let added = handlers.find(name).and_then(|handler| router.add_extension(extension, handler));
            added.map_err(|problem| (format!("extensions {extension:?}"), problem))?;
        }
        for (extension, reason) in &routes.decline {
            let added = router.add_extension(extension, Arc::new(Decline::because(reason)));
            added.map_err(|problem| (format!("decline {extension:?}"), problem))?;
        }
        for (arguments, name) in &routes.arguments {
            let handler =
                handlers.find(name).map_err(|problem| (format!("arguments {arguments:?}"), problem))?;
            router.add_arguments(arguments.split(',').map(str::to_owned).collect(), handler);
        }
        for (name, part) in &routes.applications {
            let part = Self::from_part(part, handlers)
                .map_err(|(entry, problem)| (format!("applications {name:?}, {entry}"), problem))?;
            router = router.application(name, part);
        }
        if let Some(name) = &routes.fallback {
            router.fallback = Some(handlers.find(name).map_err(|problem| ("fallback".to_owned(), problem))?);
        }
        Ok(router)
    }

    fn add_extension(&mut self, extension: &str, handler: Arc<dyn Handler>) -> Result<(), String> {
        let is_new = if extension.starts_with('_') {
            self.extensions.add_pattern(extension, handler).map_err(|error| error.to_string())?
        } else {
            self.extensions.add_exact(extension, handler)
        };
        if is_new {
            Ok(())
        } else {
            Err("another entry is for the same extensions: remove one of them".to_owned())
        }
    }
}

/// Of two entries with the same key JSON's reader would keep one, and nobody would know which.
fn without_doubles<'de, V: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<String, V>, D::Error> {
    struct Entries<V>(PhantomData<V>);

    impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
        type Value = BTreeMap<String, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = BTreeMap::new();
            while let Some(key) = map.next_key::<String>()? {
                if entries.contains_key(&key) {
                    return Err(A::Error::custom(format!("{key:?} is there twice: remove one of them")));
                }
                entries.insert(key, map.next_value()?);
            }
            Ok(entries)
        }
    }

    from.deserialize_map(Entries(PhantomData))
}

fn in_file(file: &Path) -> String {
    if file.as_os_str().is_empty() { String::new() } else { format!("{}: ", file.display()) }
}

impl fmt::Debug for RoutesError {
    /// The text for people: a `main` that returns an error prints it with this.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Call;

    async fn nothing(_: Call) -> crate::Result {
        Ok(())
    }

    fn router(json: &str) -> Result<Router, RoutesError> {
        let handlers = Handlers::new().with("desk", nothing).with("sales", nothing);
        Router::from_routes(&serde_json::from_str(json).unwrap(), &handlers)
    }

    #[test]
    fn an_entry_that_cannot_be_used_is_named() {
        assert!(router("{}").is_ok());
        for (json, entry) in [
            (r#"{"extensions":{"100":"dsk"}}"#, r#"extensions "100""#),
            (r#"{"extensions":{"_1[":"desk"}}"#, r#"extensions "_1[""#),
            (r#"{"extensions":{"_N":"desk","_[2-9]":"sales"}}"#, r#"extensions "_[2-9]""#),
            (r#"{"extensions":{"55-5":"desk","555":"sales"}}"#, r#"extensions "555""#),
            (r#"{"extensions":{"555":"desk"},"decline":{"555":"no"}}"#, r#"decline "555""#),
            (r#"{"arguments":{"a,b":"dsk"}}"#, r#"arguments "a,b""#),
            (r#"{"applications":{"a":{"fallback":"dsk"}}}"#, r#"applications "a", fallback"#),
            (r#"{"fallback":"dsk"}"#, "fallback"),
        ] {
            match router(json).unwrap_err() {
                RoutesError::Entry { entry: named, problem, .. } => {
                    assert_eq!(named, entry, "{problem}");
                    assert!(!problem.contains("dsk") || problem.contains("desk, sales"), "{problem}");
                }
                other => panic!("{other}"),
            }
        }
    }

    #[test]
    fn what_is_not_known_or_there_twice_is_an_error() {
        for json in [
            r#"{"extnsions":{}}"#,
            r#"{"extensions":{"1":"a","1":"b"}}"#,
            r#"{"applications":{"a":{"x":1}}}"#,
            r#"{"extensions":[]}"#,
            r#"{"fallback":1}"#,
            "null",
        ] {
            assert!(serde_json::from_str::<Routes>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn errors_name_the_file() {
        let error = Routes::read("nowhere.json").unwrap_err();
        assert!(error.to_string().starts_with("nowhere.json: "), "{error}");
        let routes =
            Routes { fallback: Some("dsk".to_owned()), file: "routes.json".into(), ..Routes::default() };
        let error = Router::from_routes(&routes, &Handlers::new().with("desk", nothing)).unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"routes.json: fallback: there is no handler "dsk"; this program has: desk"#
        );
    }
}
