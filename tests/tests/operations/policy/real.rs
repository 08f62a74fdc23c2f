//! How a real Asterisk reads what is oddly spelled: the facts that the policy stands on.

use ari_testbed::AsteriskOptions;
use ari_tests::{
    brokers::{Broker, Kind},
    desk::{Desk, Owned},
    proxies::everything_allowed,
    wait::ok,
    worlds::Real,
};
use serde_json::{Value, json};

/// What is sent behind `?variable=V`, and what `V` is then; it was `old` before.
const READ: [(&str, &str, &str); 19] = [
    // Of two the last counts, in the query and in the body.
    ("&value=1&value=2", "", "2"),
    ("", r#"{"value":"1","value":"2"}"#, "2"),
    // A field of the body wins, whatever its type.
    ("&value=query", r#"{"value":"body"}"#, "body"),
    ("&value=query", r#"{"value":null}"#, ""),
    ("&value=query", r#"{"value":7}"#, ""),
    ("&value=query", r#"{"value":["a"]}"#, ""),
    ("&value=query", "{}", "query"),
    // Names are as they are.
    ("&VALUE=query", "", ""),
    ("&value=query", r#"{"Value":"body"}"#, "query"),
    ("&+value=query", "", ""),
    ("&value=query", r#"{"value ":"body"}"#, "query"),
    ("&value[]=query", "", ""),
    // But encoded in any way.
    ("&v%61lue=query", "", "query"),
    ("", r#"{"val\u0075e":"body"}"#, "body"),
    // Only `&` parts.
    ("&value=a;value=b", "", "a;value=b"),
    ("&value=a%26value=b", "", "a&value=b"),
    ("?value=a&value=b", "", "old"),
    ("&value=a+b%2Bc", "", "a b+c"),
    ("&value=a?value=b", "", "a?value=b"),
];

pub(crate) async fn odd_spellings_are_read_by_asterisk_as_we_take_them(kind: Kind) {
    for rest in ["http", "websocket"] {
        let world = Real::with(Broker::shared(kind).await, AsteriskOptions::new(), |config| {
            config["policy"] = everything_allowed();
            config["asterisk"]["rest"] = rest.into();
        })
        .await;
        let desk = Desk::open(world.broker.connect("a desk").await).await;
        let mut pool = desk.join(&world.application).await;
        let path = format!("/channels/own?endpoint=Local/park@default&app={}", world.application);
        assert_eq!(ok(world.asterisk.ari("POST", &path).await).0, 200);
        let dialog = desk.accept(&pool.offer().await).await;
        dialog.event("StasisStart").await;
        let place = "/channels/own/variable?variable=V";
        for (query, body, value) in READ {
            assert_eq!(dialog.command("POST", &format!("{place}&value=old"), Value::Null).await.0, 204);
            let (status, text) = dialog.command("POST", &format!("{place}{query}"), json!(body)).await;
            println!("{rest} {query} {body}: {status} {text}");
            assert_eq!(variable(&dialog, "V").await, value, "{rest}: {query} {body}: {status} {text}");
        }
        // Each segment of a path is decoded by itself, and is told from another by its capitals.
        for (path, status) in [
            ("/%63hannels/%6Fwn", 200),
            ("/Channels/own", 404),
            ("/channels%2Fown", 404),
            ("/channels/own;x", 404),
            ("/+channels/own", 404),
        ] {
            let (answered, text) = dialog.command("GET", path, Value::Null).await;
            assert_eq!(answered, status, "{rest}: {path}: {text}");
        }
        assert_eq!(dialog.command("DELETE", "/channels/own", Value::Null).await.0, 204);
        world.proxy.stop().await;
    }
}

/// What a variable of the channel is; empty where it is not there.
async fn variable(dialog: &Owned<'_>, name: &str) -> String {
    let (status, text) =
        dialog.command("GET", &format!("/channels/own/variable?variable={name}"), Value::Null).await;
    assert!([200, 404].contains(&status), "{text}");
    ok(serde_json::from_str::<Value>(&text))["value"].as_str().unwrap_or_default().to_owned()
}

pub(crate) async fn a_function_reaches_beyond_the_call_only_where_it_may(kind: Kind) {
    for (policy, refused) in [(everything_allowed(), false), (json!({}), true)] {
        let world = Real::with(Broker::shared(kind).await, AsteriskOptions::new(), |config| {
            config["policy"] = policy;
        })
        .await;
        let desk = Desk::open(world.broker.connect("a desk").await).await;
        let opened = desk.open_dialog(&world.application).await;
        let global = async || {
            let (_, answer) = ok(world.asterisk.ari("GET", "/asterisk/variable?variable=REACHED").await);
            answer["value"].as_str().unwrap_or_default().to_owned()
        };
        // In every form that Asterisk takes.
        for variables in [json!({"GLOBAL(REACHED)": "1"}), json!({"GLOBAL(REACHED)": {"value": "1"}})] {
            let leg = json!({
                "endpoint": "Local/park@default", "app": world.application, "variables": variables,
            });
            let (status, text) = opened.owned.command("POST", "/channels", leg).await;
            assert_eq!(status, if refused { 403 } else { 200 }, "{text}");
            assert_eq!(global().await, if refused { "" } else { "1" }, "{variables}");
        }
        world.proxy.stop().await;
    }
}
