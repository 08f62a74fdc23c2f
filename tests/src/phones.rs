//! Calls in a real Asterisk, made without any phone, and the numbered events on them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::interval};
use tokio_util::sync::CancellationToken;

use crate::{brokers::prepare_process, proxies::Ari, wait::ok};

/// The other side of calls: what Asterisk is told directly, with nothing of ours in between. A cheap handle.
#[derive(Clone)]
pub struct Phones {
    ari: Arc<Ari>,
    http: reqwest::Client,
}

/// Events that are being sent.
pub struct Talk {
    lanes: Vec<JoinHandle<Vec<(String, u64)>>>,
    stop: CancellationToken,
}

impl Talk {
    /// Stops it, and says how many events each channel had.
    ///
    /// # Panics
    /// When a channel went meanwhile.
    pub async fn stop(self) -> BTreeMap<String, u64> {
        self.stop.cancel();
        let mut sent = BTreeMap::new();
        for lane in self.lanes {
            sent.extend(ok(lane.await));
        }
        sent
    }
}

/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(5);

/// How many events are under way at once.
const LANES: usize = 8;

impl Phones {
    /// To this Asterisk.
    #[must_use]
    pub fn to(ari: Ari) -> Self {
        prepare_process();
        // Asterisk closes idle connections after 15 s: ours go before, or a request meets that.
        let http = ok(reqwest::Client::builder().pool_idle_timeout(IDLE).build());
        Self { ari: Arc::new(ari), http }
    }

    /// Places a call under this id: one end dials the application's number, the other waits for an hour.
    ///
    /// # Panics
    /// When Asterisk does not take it.
    pub async fn call(&self, id: &str) {
        let query = "endpoint=Local/park@default&context=default&extension=1000&priority=1";
        let (status, body) = self.post(&format!("/channels?{query}&channelId={id}"), &json!({})).await;
        assert_eq!(status, 200, "{body}");
    }

    /// Hangs up, if it has not ended.
    pub async fn hang_up(&self, id: &str) {
        let url = format!("{}/channels/{id}", self.ari.rest_url);
        let status = ok(self.authorized(self.http.delete(url)).send().await).status();
        assert!(status == 204 || status == 404, "{status}");
    }

    /// Moves a channel to another application.
    ///
    /// # Panics
    /// When Asterisk does not do it.
    pub async fn move_to(&self, id: &str, application: &str) {
        let (status, body) = self.post(&format!("/channels/{id}/move?app={application}"), &json!({})).await;
        assert_eq!(status, 204, "{body}");
    }

    /// Sets a variable of a channel, of which Asterisk tells everybody.
    ///
    /// # Panics
    /// When Asterisk does not do it.
    pub async fn set(&self, id: &str, variable: &str, value: &str) {
        let path = format!("/channels/{id}/variable?variable={variable}&value={value}");
        let (status, body) = self.post(&path, &json!({})).await;
        assert_eq!(status, 204, "{body}");
    }

    /// The ids of all channels.
    pub async fn channels(&self) -> Vec<String> {
        let answer =
            ok(self.authorized(self.http.get(format!("{}/channels", self.ari.rest_url))).send().await);
        let channels: Vec<Value> = ok(serde_json::from_slice(&ok(answer.bytes().await)));
        channels.iter().filter_map(|channel| channel["id"].as_str().map(str::to_owned)).collect()
    }

    /// Makes Asterisk send an event with this number on a channel to an application; false if one of them is not there.
    ///
    /// # Panics
    /// When Asterisk does not answer.
    pub async fn event(&self, application: &str, channel: &str, n: u64) -> bool {
        let Some(sent) = self.try_event(application, channel, n).await else { panic!("Asterisk has gone") };
        sent
    }

    /// The same; none if Asterisk does not answer.
    pub async fn try_event(&self, application: &str, channel: &str, n: u64) -> Option<bool> {
        let path = format!("/events/user/load?application={application}&source=channel:{channel}");
        let answer =
            self.authorized(self.post_to(&path, &json!({"variables": {"n": n.to_string()}}))).send().await;
        answer.ok().map(|answer| answer.status() == 204)
    }

    /// Sends events on these channels in turn, numbered for each from 1, so many a second in all, until it is stopped.
    #[must_use]
    pub fn talk(&self, application: &str, channels: &[String], rate: f64) -> Talk {
        let stop = CancellationToken::new();
        // One after the other, they would wait for each other's answers.
        let lanes = channels.chunks(channels.len().div_ceil(LANES).max(1)).map(|channels| {
            let (phones, application, channels) = (self.clone(), application.to_owned(), channels.to_vec());
            let pause = Duration::from_secs_f64(f64::from(u32::try_from(LANES).unwrap_or(u32::MAX)) / rate);
            let stopped = stop.clone();
            tokio::spawn(async move {
                let mut ticks = interval(pause);
                for n in 1.. {
                    for channel in &channels {
                        ticks.tick().await;
                        assert!(phones.event(&application, channel, n).await, "{channel} has gone");
                    }
                    if stopped.is_cancelled() {
                        return channels.into_iter().map(|channel| (channel, n)).collect();
                    }
                }
                Vec::new()
            })
        });
        Talk { lanes: lanes.collect(), stop }
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, String) {
        let answer = ok(self.authorized(self.post_to(path, body)).send().await);
        (answer.status().as_u16(), ok(answer.text().await))
    }

    fn post_to(&self, path: &str, body: &Value) -> reqwest::RequestBuilder {
        let request = self.http.post(format!("{}{path}", self.ari.rest_url));
        request.header("content-type", "application/json").body(body.to_string())
    }

    fn authorized(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        request.basic_auth(&self.ari.user, Some(&self.ari.password))
    }
}
