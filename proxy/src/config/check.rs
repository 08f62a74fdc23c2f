//! What a configuration must fulfil beyond its form. Each problem names its key.

use std::collections::HashSet;

use ari_bus::{
    protocol::{check_application, check_server_id, check_topic},
    security::{BadFile, Login},
};
use reqwest::{Method, header::HeaderValue};
use secrecy::ExposeSecret;
use tokio_tungstenite::tungstenite::http::Uri;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};
use url::Url;

use super::{
    Config, HttpConfig, MessageBus, RestWay, WebsocketListen, secret::warn_if_exposed, security::security,
    stream, values::without_url,
};
use crate::asterisk::{
    dial_in::tls::{BadTls, server_config},
    sizes::check_line,
    websocket::handshake,
};

/// A value that cannot be used.
pub(super) struct Problem {
    pub(super) key: String,
    pub(super) problem: String,
}

pub(super) fn problem(key: impl Into<String>, problem: impl Into<String>) -> Problem {
    Problem { key: key.into(), problem: problem.into() }
}

/// The port of each bus, and the user and password unless others are configured, where its own documentation has them.
fn local_url(bus: MessageBus, has_login: bool) -> &'static str {
    match bus {
        MessageBus::Nats => "nats://127.0.0.1:4222",
        MessageBus::Rabbitmq if has_login => "amqp://127.0.0.1:5672/%2f",
        MessageBus::Rabbitmq => "amqp://guest:guest@127.0.0.1:5672/%2f",
    }
}

/// Checks a configuration and fills in what depends on other values.
pub(super) fn check(mut config: Config) -> Result<Config, Problem> {
    match &config.websocket_listen {
        Some(listen) => check_listen(&config, listen)?,
        None => check_dialled(&mut config)?,
    }
    if config.applications.is_empty() {
        return Err(problem("applications", "names no application"));
    }
    for (index, name) in config.applications.iter().enumerate() {
        let key = || format!("applications[{index}]");
        check_application(name).map_err(|error| problem(key(), without_url(name, error.to_string())))?;
        if config.applications[..index].contains(name) {
            return Err(problem(key(), format!("{name:?} stands there twice")));
        }
    }
    check_moves(&config)?;
    check_policy(&config)?;
    if config.websocket_listen.is_none() {
        check_handshake(&config)?;
    }
    config.http.as_ref().map_or(Ok(()), HttpConfig::check)?;
    if config.state_dir.as_ref().is_some_and(|folder| !folder.is_dir()) {
        return Err(problem("state_dir", "is no folder that is there and may be looked into"));
    }
    config.log = check_log(&config.log)?;
    let prefix = &config.bus_config.prefix;
    if prefix.len() > MAX_PREFIX || check_topic(&format!("{prefix}x")).is_err() {
        return Err(problem(
            "bus_config.prefix",
            "is longer than 40 bytes or not a topic's beginning, such as acme.",
        ));
    }
    let names = config.names();
    for name in &config.applications {
        names.check_application(name).map_err(|error| {
            problem("bus_config.prefix", format!("makes a topic that cannot be used: {error}"))
        })?;
    }
    let security = security(&config.bus_config.tls, &config.bus_config.login, "bus_config")?;
    config.bus_config.url = match config.bus_config.url.expose_secret().trim() {
        "" => local_url(config.message_bus, !matches!(security.login, Login::InUrl)).into(),
        url => url.into(),
    };
    check_bus_url(&config)?;
    stream::check(&mut config)?;
    check_asterisk_tls(&config)?;
    warn_of_keys(&mut config);
    Ok(config)
}

/// The files of TLS with Asterisk can be used, and have a use.
fn check_asterisk_tls(config: &Config) -> Result<(), Problem> {
    let files = config.asterisk.tls.files("asterisk.tls")?;
    if files.is_default() {
        return Ok(());
    }
    if !config.asterisk_has_tls() {
        return Err(problem(
            "asterisk.tls",
            "has no use where neither wss:// nor https:// leads to Asterisk",
        ));
    }
    let unusable = |BadFile { key, problem: text }| problem(format!("asterisk.tls.{key}"), text);
    files.client_config().map(drop).map_err(unusable)
}

/// Private keys that everybody can read.
fn warn_of_keys(config: &mut Config) {
    let listen = config.websocket_listen.as_ref().and_then(|listen| listen.tls.as_ref());
    for (key, file) in [
        ("bus_config.tls.key", config.bus_config.tls.key()),
        ("asterisk.tls.key", config.asterisk.tls.key()),
        ("websocket_listen.tls.key", listen.map(|tls| tls.key.as_path())),
    ] {
        if let Some(file) = file {
            warn_if_exposed(key, file, &mut config.warnings);
        }
    }
}

/// What an Asterisk that we dial needs.
fn check_dialled(config: &mut Config) -> Result<(), Problem> {
    for (key, value) in [
        ("server_id", config.server_id.as_str()),
        ("websocket_url", &config.websocket_url),
        ("stasis_url", &config.stasis_url),
        ("ws_user", &config.ws_user),
        ("ws_password", config.ws_password.expose_secret()),
    ] {
        if value.is_empty() {
            return Err(problem(key, "is missing"));
        }
    }
    check_server_id(&config.server_id)
        .map_err(|error| problem("server_id", without_url(&config.server_id, error.to_string())))?;
    let websocket = check_url("websocket_url", &config.websocket_url, &["ws", "wss"])?;
    if websocket.fragment().is_some() {
        return Err(problem("websocket_url", "must not hold a #: what we add would come after it"));
    }
    let rest = check_url("stasis_url", &config.stasis_url, &["http", "https"])?;
    if rest.query().is_some() || rest.fragment().is_some() {
        return Err(problem("stasis_url", "must end with the path, such as http://localhost:8088/ari"));
    }
    // As they were understood: without the spaces around them, for example, which others would take for a part of them.
    (config.websocket_url, config.stasis_url) = (websocket.into(), rest.into());
    if config.ws_user.is_empty() || config.ws_user.contains(':') {
        return Err(problem("ws_user", "is empty or holds a colon"));
    }
    HeaderValue::from_str(&config.origin).map_err(|_| problem("origin", "is not a header's value"))?;
    Ok(())
}

/// What Asterisks that dial in need, and what has no meaning then.
fn check_listen(config: &Config, listen: &WebsocketListen) -> Result<(), Problem> {
    let away = "must not stand beside websocket_listen: ";
    for (key, value, why) in [
        ("server_id", config.server_id.as_str(), "each Asterisk has its own in websocket_listen.asterisks"),
        ("websocket_url", &config.websocket_url, "Asterisk connects to us"),
        ("stasis_url", &config.stasis_url, "commands go over the websocket with which Asterisk dials in"),
        ("ws_user", &config.ws_user, "who may come stands in websocket_listen.asterisks"),
        (
            "ws_password",
            config.ws_password.expose_secret(),
            "each Asterisk has its own in websocket_listen.asterisks",
        ),
    ] {
        if !value.is_empty() {
            return Err(problem(key, format!("{away}{why}")));
        }
    }
    if config.asterisk.rest == Some(RestWay::Http) {
        return Err(problem(
            "asterisk.rest",
            "must be websocket, or absent, as Asterisk dials in (websocket_listen)",
        ));
    }
    if listen.asterisks.is_empty() {
        return Err(problem("websocket_listen.asterisks", "names nobody who may come"));
    }
    let has_authority = listen.tls.as_ref().is_some_and(|tls| tls.client_ca.is_some());
    for (index, asterisk) in listen.asterisks.iter().enumerate() {
        let key = |key: &str| format!("websocket_listen.asterisks[{index}].{key}");
        let name = &asterisk.server_id;
        let bad = |text: String| problem(key("server_id"), without_url(name, text));
        check_server_id(name).map_err(|error| bad(error.to_string()))?;
        if name.contains(':') || name.contains(char::is_control) {
            return Err(bad(format!("{name:?} holds what no user name can, a colon or a control character")));
        }
        if listen.asterisks[..index].iter().any(|other| other.server_id == *name) {
            return Err(bad(format!("{name:?} stands there twice")));
        }
        match &asterisk.password {
            Some(password) if password.expose_secret().is_empty() => {
                return Err(problem(key("password"), "is empty"));
            }
            None if !has_authority => {
                let text =
                    "is missing; only with websocket_listen.tls.client_ca a certificate can take its place";
                return Err(problem(key("password"), text));
            }
            _ => {}
        }
    }
    if let Some(tls) = &listen.tls {
        server_config(tls)
            .map_err(|BadTls { key, problem: text }| problem(format!("websocket_listen.tls.{key}"), text))?;
    }
    Ok(())
}

/// Rules for an application that is none of ours would be rules for nobody.
fn check_policy(config: &Config) -> Result<(), Problem> {
    let strange = config.policy.applications.keys().find(|name| !config.applications.contains(name));
    strange.map_or(Ok(()), |name| {
        let key = format!("policy.applications.{name}");
        Err(problem(key, "is no application of this proxy: those are in applications"))
    })
}

/// The longest prefix, in bytes: with it a topic stays below RabbitMQ's 255.
const MAX_PREFIX: usize = 40;

/// What is logged, without spaces around its directives: tracing-subscriber takes those for a part of a name.
fn check_log(text: &str) -> Result<String, Problem> {
    let directives: Vec<_> = text.split(',').map(str::trim).filter(|one| !one.is_empty()).collect();
    // A word alone would be taken for a module: a level with a typing error would silence everything else.
    let known =
        |one: &&str| one.contains(['=', '[']) || one.contains("::") || one.parse::<LevelFilter>().is_ok();
    let log = directives.join(",");
    if directives.is_empty() || !directives.iter().all(known) || EnvFilter::builder().parse(&log).is_err() {
        let allowed =
            "a level (off, error, warn, info, debug, trace) nor directives such as info,ari_proxy=debug";
        return Err(problem("log", without_url(text, format!("{text:?} is neither {allowed}"))));
    }
    Ok(log)
}

/// A call that nobody takes must not be moved to where nobody takes it.
fn check_moves(config: &Config) -> Result<(), Problem> {
    let mut seen = HashSet::new();
    for (key, application) in config.dialog.unanswered.moves() {
        if config.applications == [application] {
            let text =
                format!("{application:?} is this proxy's only application: nobody took the call there");
            return Err(problem(key, text));
        }
        if !seen.insert(application) {
            return Err(problem(
                key,
                format!("{application:?} stands there twice: the call was there already"),
            ));
        }
    }
    Ok(())
}

fn check_url(key: &str, text: &str, schemes: &[&str]) -> Result<Url, Problem> {
    let url = Url::parse(text).map_err(|error| problem(key, format!("is not a URL: {error}")))?;
    if !schemes.contains(&url.scheme()) {
        return Err(problem(key, format!("must begin with {}://", schemes.join(":// or "))));
    }
    let secret = !url.username().is_empty() || url.password().is_some();
    if secret || url.query_pairs().any(|(name, _)| name == "api_key") {
        return Err(problem(key, "must hold no credentials: they belong into ws_user and ws_password"));
    }
    url.as_str().parse::<Uri>().map_err(|error| problem(key, format!("cannot be used: {error}")))?;
    Ok(url)
}

/// The websocket's request can be made, and Asterisk reads the whole of it.
fn check_handshake(config: &Config) -> Result<(), Problem> {
    let request = handshake(config, &config.applications)
        .map_err(|error| problem("websocket_url", format!("cannot be used: {error}")))?;
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    check_line(&Method::GET, target).map_err(|refused| {
        problem("applications", format!("are too many for one websocket: {}", refused.message))
    })
}

/// The URL must be one of this bus; what else it may hold only the bus itself knows.
fn check_bus_url(config: &Config) -> Result<(), Problem> {
    let (name, schemes): (_, &[&str]) = match config.message_bus {
        MessageBus::Nats => ("NATS", &["nats", "tls"]),
        MessageBus::Rabbitmq => ("RABBITMQ", &["amqp", "amqps"]),
    };
    // The URL itself may hold a password: it is not shown.
    let scheme = config.bus_config.url.expose_secret().split_once("://").map(|(scheme, _)| scheme);
    if scheme.is_some_and(|scheme| schemes.iter().any(|known| known.eq_ignore_ascii_case(scheme))) {
        return Ok(());
    }
    let text = format!("must begin with {}:// as message_bus is {name}", schemes.join(":// or "));
    Err(problem("bus_config.url", text))
}
