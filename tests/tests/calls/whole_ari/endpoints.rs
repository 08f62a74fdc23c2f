//! Endpoints, with a phone that has registered.

use ari_client::{
    Result,
    ari::{EndpointState, endpoints},
};

use super::bench::Bench;

pub(crate) async fn all(bench: &Bench) -> Result {
    let phone = bench.run(endpoints::Get::new("PJSIP", "phone")).await?;
    assert_eq!(phone.state, Some(EndpointState::Online));
    assert!(bench.run(endpoints::List::new()).await?.contains(&phone));
    assert_eq!(bench.run(endpoints::ListByTech::new("PJSIP")).await?, [phone]);
    let (to, from, target) = ("pjsip:phone", "sip:worker@127.0.0.1", "sip:1000@127.0.0.1");
    bench.run(endpoints::SendMessage::new(to, from).body("to a URI")).await?;
    bench.run(endpoints::SendMessageToEndpoint::new("PJSIP", "phone", from).body("to an endpoint")).await?;
    bench.run(endpoints::Refer::new(to, from, target)).await?;
    bench.run(endpoints::ReferToEndpoint::new("PJSIP", "phone", from, target)).await?;
    bench.hang_up().await
}
