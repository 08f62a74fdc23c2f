//! Reading the configuration: each error is one line that names the file, the key and what is wrong.

use std::{collections::HashSet, io::ErrorKind, path::Path};

use ari_bus::BusError;
use figment::{
    Figment,
    error::{Actual, Kind},
    providers::{Env, Format, Json, Serialized},
    value::Dict,
};

use super::{Config, check::check, secret, values::without_url};
use crate::fields::Fields;

/// What the environment's variables begin with: `ARI_PROXY_BUS_CONFIG__URL` is `bus_config.url`.
const ENVIRONMENT: &str = "ARI_PROXY_";

/// A configuration that cannot be used, in one line for whoever wrote it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// Keys, values and paths may hold anything: what would break the line or the terminal is escaped.
    fn new(text: &str) -> Self {
        let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        let shown = |line: String, c: char| match c {
            c if breaks(c) => line + &c.escape_default().to_string(),
            c => line + c.encode_utf8(&mut [0; 4]),
        };
        Self(text.chars().fold(String::new(), shown))
    }

    /// Names where the value of a key comes from: a variable of the environment or the file.
    fn at(file: &Path, key: &str, problem: &str) -> Self {
        let plain = key.split('[').next().unwrap_or(key);
        let below = format!("{plain}.");
        let variable = environment().into_iter().find(|(name, _)| name == plain || name.starts_with(&below));
        let source = variable.map_or_else(
            || file.display().to_string(),
            |(name, _)| {
                format!("environment variable {ENVIRONMENT}{}", name.replace('.', "__").to_uppercase())
            },
        );
        Self::new(&format!("{source}: {key}: {problem}"))
    }
}

/// The bus could not be made from a configuration that [`load`] had read from `file`: only its own code knows all
/// that its URL may hold, and its keys and credentials.
#[must_use]
pub fn refused_by_bus(file: &Path, error: &BusError) -> ConfigError {
    let text = error.to_string();
    match text.split_once(": ").filter(|(key, _)| key.starts_with("login") || key.starts_with("tls")) {
        Some((key, problem)) => ConfigError::at(file, &format!("bus_config.{key}"), problem),
        None => ConfigError::at(file, "bus_config.url", &text),
    }
}

/// Reads the configuration from a file and the environment, and checks it.
///
/// # Errors
/// One line that names the key, the value's problem and where it comes from.
pub fn load(file: &Path) -> Result<Config, ConfigError> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::NotFound => "; copy config.json.example there or name a file with --config",
            _ => "",
        };
        ConfigError::new(&format!("{}: {error}{hint}", file.display()))
    })?;
    // Read as text first: an error in the file's syntax is told with line and column, whatever the layer above does.
    if let Err(error) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text) {
        // An error that is not one of syntax repeats the value.
        let syntax = if error.is_data() { String::new() } else { format!(": {error}") };
        return Err(ConfigError::new(&format!("{}: not a JSON object{syntax}", file.display())));
    }
    if let Some(key) = twice(&text) {
        return Err(ConfigError::new(&format!("{}: {key}: stands there twice", file.display())));
    }
    // Merged one by one as text: figment would take a password of digits for a number.
    let mut figment = Figment::from(Json::string(&text));
    for (key, value) in environment() {
        // Figment would put what stands below a key in the place of a value that stands there already.
        for (parent, _) in key.match_indices('.').map(|(at, _)| key.split_at(at)) {
            if let Ok(value) = figment.find_value(parent)
                && value.as_dict().is_none()
            {
                let problem =
                    format!("is {} already, this variable wants an object", type_of(&value.to_actual()));
                return Err(ConfigError::at(file, parent, &problem));
            }
        }
        figment = figment.merge((key.as_str(), value.as_str()));
    }
    let mistaken = |error: figment::Error| {
        let (key, problem) = describe(&error);
        ConfigError::at(file, &key, &problem)
    };
    let (mut values, mut warnings) = (figment.extract::<Dict>().map_err(mistaken)?, Vec::new());
    secret::from_files(&mut values, &mut warnings)
        .map_err(|bad| ConfigError::at(file, &bad.key, &bad.problem))?;
    let config: Config = Figment::from(Serialized::globals(values)).extract().map_err(mistaken)?;
    check(Config { warnings, ..config }).map_err(|bad| ConfigError::at(file, &bad.key, &bad.problem))
}

/// The first key that stands twice in its object: JSON's readers take the last of them without a word.
fn twice(object: &str) -> Option<String> {
    let fields = Fields::read(object.as_bytes())?;
    let mut seen = HashSet::new();
    fields.iter().find_map(|(key, value)| match seen.insert(key) {
        true => twice(value).map(|below| format!("{key}.{below}")),
        false => Some(key.to_owned()),
    })
}

/// The variables that are meant for us, as keys with dots and their values.
fn environment() -> Vec<(String, String)> {
    let variables = Env::prefixed(ENVIRONMENT).split("__").lowercase(true);
    variables.iter().map(|(key, value)| (key.as_str().to_lowercase(), value)).collect()
}

/// The key and the problem of an error of figment's; of several the first. A value is shown only where it could not be
/// a secret: see values.rs.
fn describe(error: &figment::Error) -> (String, String) {
    // As in `asterisks[0].password`.
    let path = error.path.iter().fold(String::new(), |path, part| match part.parse::<usize>() {
        _ if path.is_empty() => part.clone(),
        Ok(index) => format!("{path}[{index}]"),
        Err(_) => format!("{path}.{part}"),
    });
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
        Kind::InvalidType(actual, expected) => {
            let expected = if expected.starts_with("struct ") { "an object" } else { expected };
            (path, format!("is {}, expected {expected}", type_of(actual)))
        }
        Kind::InvalidValue(actual, expected) => {
            (path, format!("is {} that cannot be used, expected {expected}", type_of(actual)))
        }
        // A word in the place of one of ours.
        Kind::UnknownVariant(word, known) => {
            let allowed = known.join(", ");
            (path, without_url(word, format!("{word:?} is none of {allowed}")))
        }
        // Our own texts.
        Kind::Message(text) => (path, text.clone()),
        _ => (path, "has a value that cannot be used".to_owned()),
    }
}

/// What a value is, in the words of JSON.
fn type_of(actual: &Actual) -> &'static str {
    match actual {
        Actual::Bool(_) => "a boolean",
        Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_) => "a number",
        Actual::Char(_) | Actual::Str(_) | Actual::Bytes(_) => "a string",
        Actual::Unit | Actual::Option => "null",
        Actual::Seq => "a list",
        Actual::Map => "an object",
        _ => "a value of another type",
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

    /// As a variable of the environment has it.
    #[test]
    fn a_switch_may_be_a_text() {
        let text = SEED.replace("RABBITMQ|NATS", "NATS");
        for (value, marks) in [(r#""false""#, false), (r#""true""#, true), ("false", false)] {
            let switch = format!(r#""asterisk": {{"mark_channels": {value}}}, "server_id""#);
            let config = load_text(&text.replace(r#""server_id""#, &switch)).unwrap();
            assert_eq!(config.asterisk.mark_channels, marks, "{value}");
        }
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
        let names = |count| {
            format!("{:?}", (0..count).map(|n| format!("{n:02}{}", "x-".repeat(45))).collect::<Vec<_>>())
        };
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
            (r#""secret""#, "83749211", "ws_password: is a number, expected a string"),
            (r#""secret""#, "null", "ws_password: is null, expected a string"),
            (r#""secret""#, "{\"a\": 1}", "ws_password: is an object, expected a string"),
            (r#"{"url": "", "queue": ""}"#, r#""nats://x""#, "bus_config: is a string, expected an object"),
            (r#"{"url": """#, r#"{"url": "", "url": "nats://a""#, "bus_config.url: stands there twice"),
            (r#""ws_user""#, r#""ws_user": "a", "ws_user""#, "ws_user: stands there twice"),
            (r#"["foo"]"#, &names(60), "applications: are too many for one websocket: "),
            (r#"{"url": """#, r#"{"url": [7]"#, "bus_config.url: is a list, expected a string"),
            ("/ari/events", "/ari/events#x", "websocket_url: must not hold a #"),
            ("/ari/events", "/ari/events?a=b#", "websocket_url: must not hold a #"),
            (r#""origin""#, r#""a\nb": 1, "origin""#, "a\\nb: is not a key"),
            (r#"["foo"]"#, r#"["amq.foo"]"#, "applications[0]: \"amq.foo\" begins with"),
            (
                r#""ws_user""#,
                r#""policy": {"applications": {"ivr": {}}}, "ws_user""#,
                "policy.applications.ivr: is no application",
            ),
            (
                r#""ws_user""#,
                r#""policy": {"default": {"endpoints": []}}, "ws_user""#,
                "policy.default.endpoints: is not a key",
            ),
            (
                r#""ws_user""#,
                r#""policy": {"default": {"allow": ["asterisk"]}}, "ws_user""#,
                "policy.default.allow: \"asterisk\" is no method and path",
            ),
            (
                r#""ws_user""#,
                r#""policy": {"default": {"endpoint": [""]}}, "ws_user""#,
                "policy.default.endpoint: \"\" is an empty pattern",
            ),
            (
                r#""ws_user""#,
                r#""policy": {"default": {"endpoint": 7}}, "ws_user""#,
                "policy.default.endpoint: ",
            ),
            (
                r#""ws_user""#,
                r#""policy": {"default": {"scope": "all"}}, "ws_user""#,
                "policy.default.scope: \"all\" is none of any, dialog",
            ),
            (
                r#""ws_user""#,
                r#""policy": {"applications": {"foo": {"commands_per_second": 0}}}, "ws_user""#,
                "policy.applications.foo.commands_per_second: is no whole number between 1 and",
            ),
            (
                r#""ws_user""#,
                r#""policy": {"default": {"max_body": 50000}}, "ws_user""#,
                "policy.default.max_body: is no whole number between 0 and 40960",
            ),
            (r#""ws_user""#, r#""log": "loud", "ws_user""#, "log: \"loud\" is neither a level (off, "),
            (r#""ws_user""#, r#""log": "info,loud", "ws_user""#, "log: \"info,loud\" is neither"),
            (r#""ws_user""#, r#""log": "foo=bar=baz", "ws_user""#, "log: \"foo=bar=baz\" is neither"),
            (r#""ws_user""#, r#""log": "a\nb", "ws_user""#, "log: \"a\\nb\" is neither"),
            (r#""ws_user""#, r#""log": " , ", "ws_user""#, "log: \" , \" is neither"),
            (r#""queue": """#, r#""prefix": "ari.""#, "bus_config.prefix: makes a topic that"),
            (r#""queue": """#, r#""prefix": "amq.""#, "bus_config.prefix: makes a topic that"),
            (r#""queue": """#, r#""prefix": "$""#, "bus_config.prefix: makes a topic that"),
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
        const BUS: &str = r#"{"url": "", "queue": ""}"#;
        for (from, to) in [
            (r#"{"url": """#, r#"{"url": "amqp://me:83749211@x""#),
            (r#"{"url": """#, r#"{"url": 83749211"#),
            (BUS, r#""nats://me:83749211@host""#),
            (BUS, "83749211"),
            (BUS, r#"["83749211"]"#),
            (r#""secret""#, "83749211"),
            (r#""secret""#, "-83749211"),
            (r#""secret""#, "83749211.5"),
            (r#""secret""#, "83749211837492118374921183749211"),
            (r#""secret""#, "[83749211]"),
            (r#""secret""#, r#"{"83749211": "83749211"}"#),
            (r#""NATS""#, r#""nats://me:83749211@host""#),
            (r#""NATS""#, "83749211"),
            (
                r#""server_id": "bar""#,
                &format!(r#""server_id": "nats://me:83749211@host{}""#, "x".repeat(100)),
            ),
            (r#"["foo"]"#, r#"["nats://me:83749211@host"]"#),
            (r#""ws_user""#, r#""log": "nats://me:83749211@host", "ws_user""#),
            (r#""ws_user""#, r#""stop_timeout": "nats://me:83749211@host", "ws_user""#),
        ] {
            let error = error_of(from, to);
            assert!(!error.contains("83749211"), "{to}: {error}");
        }
        let whole = load_text(r#""nats://me:83749211@host""#).unwrap_err();
        assert!(whole.ends_with(": not a JSON object"), "{whole}");
    }

    #[test]
    fn asterisks_urls_are_kept_as_they_were_understood() {
        for (websocket, rest, understood) in [
            ("ws://localhost/ari/events\\r", "http://localhost/ari ", "localhost"),
            (" WS://LOCALHOST/ari/events ", "HTTP://LOCALHOST:80/ari\\n", "localhost"),
            ("ws:localhost/ari/events", "http:localhost/ari", "localhost"),
            ("ws://b\u{fc}ro/ari/events", "http://b\u{fc}ro/ari", "xn--bro-hoa"),
        ] {
            let text = SEED.replace("RABBITMQ|NATS", "NATS");
            let text = text.replace("ws://localhost:8080/ari/events", websocket);
            let config = load_text(&text.replace("http://localhost:8080/ari", rest)).unwrap();
            assert_eq!(config.websocket_url, format!("ws://{understood}/ari/events"), "{websocket:?}");
            assert_eq!(config.stasis_url, format!("http://{understood}/ari"), "{rest:?}");
        }
    }

    #[test]
    fn a_bus_may_have_several_servers_and_a_password_a_comma() {
        for (bus, url) in
            [("NATS", "nats://a:1,b:2"), ("NATS", "tls://a:1, nats://b"), ("RABBITMQ", "amqp://u:a,b@c")]
        {
            let text =
                SEED.replace("RABBITMQ|NATS", bus).replace(r#"{"url": """#, &format!("{{\"url\": \"{url}\""));
            assert_eq!(load_text(&text).unwrap().bus_config.url.expose_secret(), url);
        }
    }

    #[test]
    fn what_can_be_logged_is_taken() {
        for (log, taken) in [
            ("debug", "debug"),
            ("OFF", "OFF"),
            ("info, ari_proxy=debug", "info,ari_proxy=debug"),
            ("ari_proxy::dialog", "ari_proxy::dialog"),
            ("warn,[call]=trace", "warn,[call]=trace"),
        ] {
            let text = SEED.replace("RABBITMQ|NATS", "NATS");
            let text = text.replace(r#""ws_user""#, &format!(r#""log": "{log}", "ws_user""#));
            assert_eq!(load_text(&text).unwrap().log, taken);
        }
    }

    const LISTEN: &str = r#"{
        "applications": ["foo"], "message_bus": "NATS",
        "websocket_listen": {"address": "0.0.0.0:8089", "asterisks": [{"server_id": "pbx-1", "password": "secret"}]}
    }"#;

    #[test]
    fn the_http_listener_is_off_loopback_or_behind_a_token() {
        let seed = SEED.replace("RABBITMQ|NATS", "NATS");
        let with = |http: &str| load_text(&seed.replacen('{', &format!("{{\"http\": {http}, "), 1));
        assert!(load_text(&seed).unwrap().http.is_none());
        assert_eq!(with("{}").unwrap().http.unwrap().listen.to_string(), "127.0.0.1:8090");
        assert!(with(r#"{"listen": "[::1]:80"}"#).is_ok());
        assert!(with(r#"{"listen": "0.0.0.0:80", "token": "0123456789abcdef"}"#).is_ok());
        for (http, problem) in [
            (r#"{"listen": "0.0.0.0:80"}"#, "http.token: is missing: http.listen is no loopback"),
            (r#"{"token": ""}"#, "http.token: must have 16 to 1000 characters"),
            (r#"{"token": "secret"}"#, "http.token: must have 16 to 1000 characters"),
            (r#"{"token": "secret 0123456789"}"#, "http.token: holds a space"),
            (r#"{"listen": "8090"}"#, "http.listen: \"8090\" is no address"),
            (r#"{"adress": "127.0.0.1:80"}"#, "http.adress: is not a key"),
            ("true", "http: is a boolean, expected an object"),
        ] {
            let error = with(http).unwrap_err();
            assert!(error.contains(problem), "{error}\n  lacks {problem}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn asterisk_may_dial_in() {
        let config = load_text(LISTEN).unwrap();
        let listen = config.websocket_listen.unwrap();
        assert_eq!((listen.address.port(), &*listen.asterisks[0].server_id), (8089, "pbx-1"));
        let with =
            |rest: &str| load_text(&LISTEN.replace(r#""message_bus""#, &format!("{rest}, \"message_bus\"")));
        assert!(with(r#""asterisk": {"rest": "websocket"}"#).is_ok());
    }

    #[test]
    fn what_contradicts_it_or_lacks_is_named() {
        let asterisks = r#"[{"server_id": "pbx-1", "password": "secret"}]"#;
        let tls = |tls: &str| format!(r#""address": "0.0.0.0:8089", "tls": {tls}"#);
        let message_bus = r#""message_bus""#;
        for (from, to, key) in [
            (
                message_bus,
                r#""server_id": "a", "message_bus""#,
                "server_id: must not stand beside websocket_listen",
            ),
            (
                message_bus,
                r#""websocket_url": "ws://x", "message_bus""#,
                "websocket_url: must not stand beside",
            ),
            (message_bus, r#""stasis_url": "http://x", "message_bus""#, "stasis_url: must not stand beside"),
            (message_bus, r#""ws_user": "x", "message_bus""#, "ws_user: must not stand beside"),
            (message_bus, r#""ws_password": "secret", "message_bus""#, "ws_password: must not stand beside"),
            (
                message_bus,
                r#""asterisk": {"rest": "http"}, "message_bus""#,
                "asterisk.rest: must be websocket",
            ),
            (message_bus, r#""asterisk": {"rest": "ws"}, "message_bus""#, "asterisk.rest: \"ws\" is none of"),
            ("0.0.0.0:8089", "8089", "websocket_listen.address: \"8089\" is no address"),
            (r#""address": "0.0.0.0:8089","#, "", "websocket_listen.address: is missing"),
            (asterisks, "[]", "websocket_listen.asterisks: names nobody"),
            ("pbx-1", "worker", "websocket_listen.asterisks[0].server_id: \"worker\""),
            ("pbx-1", "a:b", "websocket_listen.asterisks[0].server_id: \"a:b\" holds"),
            ("pbx-1", "", "websocket_listen.asterisks[0].server_id: "),
            (
                r#"}]"#,
                r#"}, {"server_id": "pbx-1", "password": "secret"}]"#,
                "websocket_listen.asterisks[1].server_id: \"pbx-1\" stands",
            ),
            (r#", "password": "secret""#, "", "websocket_listen.asterisks[0].password: is missing"),
            (
                r#""password": "secret""#,
                r#""password": """#,
                "websocket_listen.asterisks[0].password: is empty",
            ),
            (
                r#""password": "secret""#,
                r#""pasword": "secret""#,
                "websocket_listen.asterisks[0].pasword: is not a key",
            ),
            (
                r#""password": "secret""#,
                r#""password": 1"#,
                "websocket_listen.asterisks[0].password: is a number",
            ),
            (
                r#""address": "0.0.0.0:8089""#,
                &tls(r#"{"certificate": "no/such", "key": "k"}"#),
                "websocket_listen.tls.certificate: cannot read no/such",
            ),
            (
                r#""address": "0.0.0.0:8089""#,
                &tls(r#"{"key": "k"}"#),
                "websocket_listen.tls.certificate: is missing",
            ),
        ] {
            let error = load_text(&LISTEN.replacen(from, to, 1)).unwrap_err();
            assert_eq!(error.lines().count(), 1, "{error}");
            assert!(error.contains(key), "{error}\n  lacks {key}");
            assert!(!error.contains("secret"), "{error}");
        }
        for key in ["websocket_url", "stasis_url", "ws_user", "ws_password"] {
            let mut without: serde_json::Value =
                serde_json::from_str(&SEED.replace("RABBITMQ|NATS", "NATS")).unwrap();
            without.as_object_mut().unwrap().remove(key);
            let error = load_text(&without.to_string()).unwrap_err();
            assert!(error.ends_with(&format!(": {key}: is missing")), "{error}");
        }
    }
}
