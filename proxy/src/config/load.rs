//! Reading the configuration: each error is one line that names the file, the key and what is wrong.

use std::path::Path;

use figment::{
    Figment,
    error::Kind,
    providers::{Env, Format, Json},
};

use super::{Config, check::check};

/// What the environment's variables begin with: `ARI_PROXY_BUS_CONFIG__URL` is `bus_config.url`.
const ENVIRONMENT: &str = "ARI_PROXY_";

/// A configuration that cannot be used, in one line for whoever wrote it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// Reads the configuration from a file and the environment, and checks it.
///
/// # Errors
/// One line that names the key, the value's problem and where it comes from.
pub fn load(file: &Path) -> Result<Config, ConfigError> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| {
        ConfigError(format!("{shown}: {error}; copy config.json.example there or name a file with --config"))
    })?;
    // Read as text first: an error in the file's syntax is told with line and column, whatever the layer above does.
    if let Err(error) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text) {
        return Err(ConfigError(format!("{shown}: not a JSON object: {error}")));
    }
    let environment = environment();
    // Merged one by one as text: figment would take a password of digits for a number.
    let figment = environment.iter().fold(Figment::from(Json::string(&text)), |figment, (key, value)| {
        figment.merge((key.as_str(), value.as_str()))
    });
    let source = |key: &str| {
        let key = key.split('[').next().unwrap_or(key);
        if environment.iter().any(|(name, _)| name == key) {
            return format!("environment variable {ENVIRONMENT}{}", key.replace('.', "__").to_uppercase());
        }
        shown.to_string()
    };
    let config: Config = figment.extract().map_err(|error| {
        let (key, problem) = describe(&error);
        ConfigError(format!("{}: {key}: {problem}", source(&key)))
    })?;
    check(config).map_err(|bad| ConfigError(format!("{}: {}: {}", source(&bad.key), bad.key, bad.problem)))
}

/// The variables that are meant for us, as keys with dots and their values.
fn environment() -> Vec<(String, String)> {
    let variables = Env::prefixed(ENVIRONMENT).split("__").lowercase(true);
    variables.iter().map(|(key, value)| (key.as_str().to_lowercase(), value)).collect()
}

/// The key and the problem of an error of figment's; of several the first.
fn describe(error: &figment::Error) -> (String, String) {
    let path = error.path.join(".");
    // Figment names the field in the path for some kinds of error and not for others.
    let with = |name: &str| match path.as_str() {
        "" => name.to_owned(),
        path if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        path => format!("{path}.{name}"),
    };
    match &error.kind {
        Kind::MissingField(name) => (with(name), "is missing".to_owned()),
        Kind::UnknownField(name, known) => {
            (with(name), format!("is not a key of the configuration; known here: {}", known.join(", ")))
        }
        Kind::InvalidType(actual, expected) => (path, format!("is {actual}, expected {expected}")),
        kind => (path, kind.to_string().replace('\n', " ")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use secrecy::ExposeSecret;

    use super::*;

    const SEED: &str = r#"{
        "origin": "http://foo.com", "server_id": "bar", "applications": ["foo"],
        "websocket_url": "ws://localhost:8080/ari/events", "stasis_url": "http://localhost:8080/ari",
        "ws_user": "user", "ws_password": "secret", "message_bus": "RABBITMQ|NATS",
        "bus_config": {"url": "", "queue": ""}
    }"#;

    fn load_text(text: &str) -> Result<Config, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        load(file.path()).map_err(|error| error.to_string())
    }

    fn error_of(from: &str, to: &str) -> String {
        let text = SEED.replace("RABBITMQ|NATS", "NATS").replace(from, to);
        let error = load_text(&text).unwrap_err();
        assert_eq!(error.lines().count(), 1, "{error}");
        error
    }

    #[test]
    fn the_seeds_file_works_with_one_bus_chosen() {
        let config = load_text(&SEED.replace("RABBITMQ|NATS", "RABBITMQ")).unwrap();
        assert_eq!(config.applications, ["foo"]);
        assert_eq!(config.bus_config.url.expose_secret(), "amqp://guest:guest@127.0.0.1:5672/%2f");
        let config = load_text(&SEED.replace("RABBITMQ|NATS", "NATS")).unwrap();
        assert_eq!(config.bus_config.url.expose_secret(), "nats://127.0.0.1:4222");
    }

    #[test]
    fn every_error_names_its_key() {
        let sample = load_text(SEED).unwrap_err();
        assert!(sample.contains("message_bus: \"RABBITMQ|NATS\" is not one bus"), "{sample}");
        for (from, to, key) in [
            (r#""server_id": "bar","#, "", "server_id: is missing"),
            (r#""server_id": "bar""#, r#""server_id": "worker""#, "server_id: \"worker\""),
            (r#"["foo"]"#, r#"["a b"]"#, "applications[0]: \"a b\""),
            (r#"["foo"]"#, r#"["a","a"]"#, "applications[1]: \"a\""),
            (r#"["foo"]"#, "[]", "applications: names no"),
            (r#"["foo"]"#, "7", "applications: "),
            ("ws://localhost", "http://localhost", "websocket_url: must begin with ws://"),
            ("ws://localhost", "ws://a:b@localhost", "websocket_url: must hold no credentials"),
            ("http://localhost:8080/ari", "nonsense", "stasis_url: is not a URL"),
            (r#""queue": """#, r#""quue": """#, "bus_config.quue: is not a key"),
            (r#""origin""#, r#""oirgin""#, "oirgin: is not a key"),
            (r#"{"url": """#, r#"{"url": "amqp://x""#, "bus_config.url: must begin with nats://"),
            (
                r#""ws_password": "secret""#,
                r#""ws_password": 7"#,
                "ws_password: is unsigned int `7`, expected",
            ),
            (r#""queue": """#, r#""prefix": "a b""#, "bus_config.prefix: "),
            (
                r#""ws_user""#,
                r#""dialog": {"linger": "soon"}, "ws_user""#,
                "dialog.linger: \"soon\" is no duration",
            ),
        ] {
            let error = error_of(from, to);
            assert!(error.contains(key), "{error}\n  lacks {key}");
        }
        let syntax = load_text("{\n\"origin\": }").unwrap_err();
        assert!(syntax.contains("line 2 column"), "{syntax}");
        let missing = load(Path::new("no/such/config.json")).unwrap_err().to_string();
        assert!(
            missing.contains("no/such/config.json") && missing.contains("config.json.example"),
            "{missing}"
        );
    }

    #[test]
    fn no_error_shows_a_secret() {
        let error = error_of(r#"{"url": """#, r#"{"url": "amqp://me:hunter2@x""#);
        assert!(!error.contains("hunter2"), "{error}");
    }
}
