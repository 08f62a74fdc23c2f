//! A manager interface that is quiet, and one that is gone.

use tokio::time::Instant;

use super::{
    super::super::limits::{AMI_PINGS_UNANSWERED, AMI_SILENCE},
    fake::{Fake, Told, play},
};

#[tokio::test(start_paused = true)]
async fn who_answers_pings_is_there_and_who_does_not_is_given_up() {
    let fake = Fake::start().await;
    play(&fake.ami(), async |client| {
        let mut session = fake.logged_in().await;
        assert_eq!(client.next().await, Told::Connected);
        for _ in 0..5 {
            let quiet = Instant::now();
            assert_eq!(session.action().await, ["Action: Ping"]);
            assert!(quiet.elapsed() >= AMI_SILENCE, "{:?}", quiet.elapsed());
            session.say("Response: Success\r\nPing: Pong\r\n\r\n").await;
        }
        let quiet = Instant::now();
        for _ in 0..AMI_PINGS_UNANSWERED {
            assert_eq!(session.action().await, ["Action: Ping"]);
        }
        assert!(session.action().await.is_empty(), "closed");
        assert!(quiet.elapsed() >= AMI_SILENCE * (AMI_PINGS_UNANSWERED + 1), "{:?}", quiet.elapsed());
        assert_eq!(client.next().await, Told::Lost);
        // The other side still has that connection; another one is made.
        let _session = fake.logged_in().await;
        assert_eq!(client.next().await, Told::Connected);
        client.stop.cancel();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_block_that_never_ends_is_silence() {
    let fake = Fake::start().await;
    play(&fake.ami(), async |client| {
        let mut session = fake.logged_in().await;
        assert_eq!(client.next().await, Told::Connected);
        let dripping = async {
            loop {
                session.say("Key: value\r\n").await;
                tokio::time::sleep(AMI_SILENCE / 10).await;
            }
        };
        tokio::select! {
            // Before the connection is found to be closed.
            biased;
            told = client.next() => assert_eq!(told, Told::Lost),
            () = dripping => {}
        }
        client.stop.cancel();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_a_login() {
    let fake = Fake::start().await;
    play(&fake.ami(), async |client| {
        let session = fake.accept().await.unwrap();
        let before = Instant::now();
        client.stop.cancel();
        drop(session);
        assert_eq!(before.elapsed().as_secs(), 0);
    })
    .await;
}
