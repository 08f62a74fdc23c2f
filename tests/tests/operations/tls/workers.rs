//! A worker in a process of its own, with what the environment tells it: let in, or refused with one line, and no secret in what it wrote.

use std::path::Path;

use ari_testbed::{Nats, Program};
use ari_tests::{
    certificates::Folder,
    programs,
    secrets::leaks,
    wait::{DEADLINE, eventually, ok},
};

const PASSWORD: &str = "p@ss/w0rd: of,worker %41";
const WRONG: &str = "wr0ng-s3cr3t/word";

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_secures_a_worker() {
    let folder = Folder::furnished();
    folder.write("right", &format!("{PASSWORD}\n"));
    folder.write("wrong", WRONG);
    let configuration = format!(
        "tls {{ cert_file: \"{}\", key_file: \"{}\", ca_file: \"{}\", verify: true, timeout: 30 }}\nauthorization {{ user: worker, password: \"{PASSWORD}\" }}",
        folder.inside("server.pem"),
        folder.inside("server.key"),
        folder.inside("ca.pem"),
    );
    let server = Nats::start_with(&configuration).await.unwrap_or_else(|error| panic!("{error}"));
    let start = |certificate: &str, password: &str| {
        let variables = [
            ("RUST_LOG", "trace".to_owned()),
            ("ARI_WORKER_NAME", "worker".to_owned()),
            ("ARI_WORKER_APPLICATIONS", "hello".to_owned()),
            ("ARI_WORKER_CONNECT_SECONDS", "3".to_owned()),
            ("ARI_WORKER_BUS_URL", format!("tls://localhost:{}", server.port())),
            ("ARI_WORKER_BUS_TLS_CA", folder.outside("ca.pem")),
            ("ARI_WORKER_BUS_TLS_CERT", folder.outside(&format!("{certificate}.pem"))),
            ("ARI_WORKER_BUS_TLS_KEY", folder.outside(&format!("{certificate}.key"))),
            ("ARI_WORKER_BUS_USER", "worker".to_owned()),
            ("ARI_WORKER_BUS_PASSWORD_FILE", folder.outside(password)),
        ];
        let diary = folder.outside("diary");
        ok(Program::start("a worker", Path::new(programs!().worker), &["holds", &diary], &variables))
    };
    let check = |worker: &Program| {
        for secret in [PASSWORD, WRONG] {
            let leaks = leaks(&worker.output(), secret);
            assert!(leaks.is_empty(), "{leaks:#?}");
        }
    };

    let worker = start("client", "right");
    eventually("the worker in the pool", async || {
        ok(server.subscriptions().await).iter().any(|subject| subject == "hello")
    })
    .await;
    ok(worker.terminate());
    assert!(ok(worker.ended(DEADLINE).await).success());
    check(&worker);

    for (certificate, password, told) in [
        ("client", "wrong", "it refuses the user \"worker\" with this password"),
        ("stranger", "right", "the client certificate in tls.cert"),
        ("client", "gone", "ARI_WORKER_BUS_PASSWORD_FILE"),
    ] {
        let worker = start(certificate, password);
        assert!(!ok(worker.ended(DEADLINE).await).success());
        let output = worker.output();
        let last = output.lines().last().unwrap_or_default();
        assert!(last.starts_with("test-worker: ") && last.contains(told), "{last}");
        println!("{last}");
        check(&worker);
    }
}
