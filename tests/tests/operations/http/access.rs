//! Who is answered, and what becomes of requests that cannot be.

use ari_tests::{
    brokers::Kind,
    operator::Operator,
    programs,
    programs::Running,
    proxies::{Ari, config_json},
    wait::{eventually, ok},
};
use reqwest::Method;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const TOKEN: &str = "a-token-of-32-characters-at-least";

/// A proxy without bus and Asterisk: the listener needs neither.
async fn alone(token: Option<&str>) -> (Running, Operator) {
    let nowhere = |scheme: &str| format!("{scheme}://127.0.0.1:9/ari");
    let ari = Ari {
        websocket_url: nowhere("ws"),
        rest_url: nowhere("http"),
        user: "ari".to_owned(),
        password: "the-password-of-ari".to_owned(),
    };
    let mut config = config_json(&ari, Kind::Nats, "nats://127.0.0.1:9", "pbx", &["hello"]);
    let operator = Operator::of(&mut config, token);
    let proxy = Running::proxy(programs!(), &config);
    eventually("the listener", async || TcpStream::connect(operator.address).await.is_ok()).await;
    (proxy, operator)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_but_health_wants_the_token() {
    let (proxy, operator) = alone(Some(TOKEN)).await;
    let stranger = operator.showing(None);
    for path in ["/healthz", "/readyz"] {
        assert_ne!(stranger.get(path).await.0, 401, "{path}");
    }
    for shown in
        [None, Some(""), Some("a"), Some("a-token-of-32-characters-at-leasT"), Some(&format!("{TOKEN}x"))]
    {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let request = operator.showing(shown).request(method.clone(), "/ari/amqp");
            let answer = ok(request.send().await);
            assert_eq!(answer.status(), 401, "{method} {shown:?}");
            assert_eq!(answer.headers()["www-authenticate"], "Bearer");
            let body: Value = ok(serde_json::from_slice(&ok(answer.bytes().await)));
            let said = body["message"].as_str().unwrap_or_default();
            assert!(said.contains("http.token") && !said.contains(TOKEN), "{said}");
        }
    }
    // What there is, what there is not, and what is asked for in another way.
    for (method, path) in [
        (Method::GET, "/metrics"),
        (Method::GET, "/dialogs"),
        (Method::GET, "/watch"),
        (Method::GET, "/log"),
        (Method::PUT, "/log"),
        (Method::POST, "/dialogs/x/commands"),
        (Method::DELETE, "/dialogs"),
        (Method::OPTIONS, "/log"),
        (Method::HEAD, "/metrics"),
        (Method::GET, "/"),
        (Method::GET, "/nothing"),
        (Method::GET, "/healthz/"),
        (Method::GET, "//metrics"),
        (Method::GET, "/healthz/..%2fmetrics"),
    ] {
        assert_eq!(stranger.ask(method.clone(), path).await.0, 401, "{method} {path}");
    }
    assert_eq!(operator.get("/nothing").await.0, 404);
    let (status, list) = operator.get("/ari/amqp").await;
    assert_eq!((status, &list[0]["application"]), (200, &"hello".into()));
    let output = proxy.output();
    assert!(!output.contains(TOKEN), "{output}");
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_web_page_is_answered() {
    let (proxy, operator) = alone(None).await;
    let list = || operator.request(Method::GET, "/ari/amqp");
    assert_eq!(operator.send(list()).await.0, 200);
    for (header, value, status) in [
        ("origin", "http://evil.example", 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-origin", 403),
        ("sec-fetch-site", "none", 200),
        ("host", "evil.example", 403),
        ("host", "evil.example:8090", 403),
        ("host", "localhost:8090", 200),
        ("host", "[::1]", 200),
    ] {
        assert_eq!(operator.send(list().header(header, value)).await.0, status, "{header}: {value}");
    }
    proxy.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_answered_is_told_so_and_harms_nobody() {
    let (proxy, operator) = alone(None).await;
    for (method, path, status) in [
        (Method::GET, "/", 404),
        (Method::GET, "/ari", 404),
        (Method::GET, "/healthz/", 404),
        (Method::GET, "/%2e%2e/etc/passwd", 404),
        (Method::POST, "/healthz", 405),
        (Method::PUT, "/ari/amqp", 405),
    ] {
        let (got, body) = operator.ask(method.clone(), path).await;
        assert_eq!(got, status, "{method} {path}");
        assert!(body["message"].is_string(), "{method} {path}: {body}");
    }
    let long = "x".repeat(20_000);
    for (bytes, statuses) in [
        ("\r\n\r\n\r\n".to_owned(), &["", "400"][..]),
        ("GARBAGE\r\n\r\n".to_owned(), &["400"]),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), &["400"]),
        ("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0".to_owned(), &["400"]),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), &["", "400"]),
        (format!("GET /{long} HTTP/1.1\r\nhost: localhost\r\n\r\n"), &["414", "431"]),
        (format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {long}\r\n\r\n"), &["431"]),
        (format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(500)), &["431"]),
        ("POST /ari/amqp HTTP/1.1\r\nhost: localhost\r\ncontent-length: x\r\n\r\n".to_owned(), &["400"]),
        ("GET /healthz HTTP/1.1\r\nhost: \u{1}\r\n\r\n".to_owned(), &["400", "403"]),
    ] {
        let mut stream = ok(TcpStream::connect(operator.address).await);
        ok(stream.write_all(bytes.as_bytes()).await);
        ok(stream.shutdown().await);
        let mut answer = Vec::new();
        // A reset behind the answer is none of our business.
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(statuses.contains(&status), "{:?}: {answer}", &bytes[..bytes.len().min(60)]);
    }
    assert_eq!(operator.get("/healthz").await.0, 200);
    assert!(!proxy.output().contains("panic"), "{}", proxy.output());
    proxy.stop().await;
}
