//! Names that no application can have.

use ari_tests::{brokers::Setup, operator::Operator, programs, stage::Stage};
use reqwest::Method;

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_cannot_be_one_is_told_why_and_never_reaches_asterisk() {
    let stage = Stage::new(Setup::Nats, programs!()).await;
    let mut config = stage.config();
    let operator = Operator::of(&mut config, None);
    let proxy = stage.proxy_with(&config).await;
    let (long, over) = ("x".repeat(1_000), "x".repeat(74));
    for (path, why) in [
        ("/ari/amqp", "is missing"),
        ("/ari/amqp/", "is missing"),
        ("/ari/amqp?applicationName=", "is missing"),
        ("/ari/amqp/a%20b", "holds ' '"),
        ("/ari/amqp/a+b", "holds '+'"),
        ("/ari/amqp?applicationName=a+b", "holds ' '"),
        ("/ari/amqp/a/b", "holds '/'"),
        ("/ari/amqp/a%2Fb", "holds '/'"),
        ("/ari/amqp/a.b", "holds '.'"),
        ("/ari/amqp/a%2Cb", "holds ','"),
        ("/ari/amqp/a%00", "holds '\\0'"),
        ("/ari/amqp/a%0D%0AX-Y:%20z", "holds '\\r'"),
        ("/ari/amqp/%FF", "UTF-8"),
        ("/ari/amqp/gr%C3%BCn", "holds 'ü'"),
        ("/ari/amqp/%2A", "holds '*'"),
        (&format!("/ari/amqp/{long}"), "has 1000 bytes"),
        (&format!("/ari/amqp?applicationName={over}"), "has 74 bytes"),
        ("/ari/amqp/a?applicationName=b", "two different"),
        ("/ari/amqp/a?dialogs=perhaps", "`dialogs` must be"),
        ("/ari/amqp/a?dialog=true", "is no parameter"),
    ] {
        for method in [Method::POST, Method::DELETE] {
            let (status, body) = operator.ask(method.clone(), path).await;
            assert_eq!(status, 400, "{method} {path}: {body}");
            let said = body["message"].as_str().unwrap_or_default();
            assert!(said.contains(why), "{method} {path}: {said}");
        }
    }
    let large = operator.request(Method::POST, "/ari/amqp").body("x".repeat(70_000));
    assert_eq!(operator.send(large).await.0, 413);
    assert_eq!(stage.simulator.handshakes().len(), 1, "nothing was registered");
    assert_eq!(operator.get("/ari/amqp").await.1.as_array().map(Vec::len), Some(1));
    proxy.stop().await;
}
