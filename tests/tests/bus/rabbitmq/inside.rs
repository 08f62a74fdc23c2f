//! The broker's own processes: which there are, what they still have to do, and how one of them ends or gets stuck.

use ari_testbed::RabbitMq;
use serde_json::Value;

use super::until;

/// The client connections, each by the name of its process.
pub(crate) async fn connections(broker: &RabbitMq) -> Vec<String> {
    processes(broker, "rabbit_networking:connections()").await
}

/// The channels of all connections.
pub(crate) async fn channels(broker: &RabbitMq) -> Vec<String> {
    processes(broker, "rabbit_channel:list()").await
}

/// The channels that have consumers.
pub(crate) async fn consuming(broker: &RabbitMq) -> Vec<String> {
    let consumers = "rabbit_channel:info(Pid, [consumer_count])";
    let list = format!("[Pid || Pid <- rabbit_channel:list(), [{{_, N}}] <- [{consumers}], N > 0]");
    processes(broker, &list).await
}

/// How many messages of a queue wait to be delivered, and how many to be acknowledged.
pub(crate) async fn waiting(broker: &RabbitMq, queue: &str) -> (u64, u64) {
    let question = format!(
        "begin {{ok, Q}} = rabbit_amqqueue:lookup({{resource, <<\"/\">>, queue, <<\"{queue}\">>}}), \
         [V || {{_, V}} <- rabbit_amqqueue:info(Q, [messages_ready, messages_unacknowledged])] end"
    );
    let answer = broker.json(&question).await.unwrap();
    (answer[0].as_u64().unwrap(), answer[1].as_u64().unwrap())
}

/// Closes the connection of this name from the broker's side.
pub(crate) async fn close_connection(broker: &RabbitMq, name: &str) {
    let properties = "element(2, hd(rabbit_reader:info(Pid, [client_properties])))";
    let named = format!("lists:member({{<<\"connection_name\">>, longstr, <<\"{name}\">>}}, {properties})");
    let pids = format!("[Pid || Pid <- rabbit_networking:connections(), {named}]");
    let close = format!("length([rabbit_networking:close_connection(Pid, \"testbed\") || Pid <- {pids}])");
    assert_eq!(broker.json(&close).await.unwrap(), 1, "connections of the name {name}");
}

/// Whether the broker has given to its sockets all that it had for clients: where it closes a connection itself, what
/// its processes still have for that is lost.
pub(crate) async fn has_written_all(broker: &RabbitMq) -> bool {
    let question = "lists:sum([L || P <- processes(), {message_queue_len, L} <- [process_info(P, message_queue_len)]]) + \
         lists:sum([N || P <- erlang:ports(), {name, \"tcp_inet\"} <- [erlang:port_info(P, name)], \
                    {ok, [{send_pend, N}]} <- [inet:getstat(P, [send_pend])]])";
    broker.json(question).await.unwrap() == 0
}

async fn processes(broker: &RabbitMq, list: &str) -> Vec<String> {
    let question = format!("lists:sort([list_to_binary(pid_to_list(Pid)) || Pid <- {list}])");
    let answer = broker.json(&question).await.unwrap();
    let name = |name: &Value| name.as_str().unwrap().to_owned();
    answer.as_array().unwrap().iter().map(name).collect()
}

/// A channel that does not work on what it is sent: what a cluster with a dead node, or a slow disk, makes of one.
pub(crate) struct Stuck<'a> {
    broker: &'a RabbitMq,
    channel: String,
}

impl<'a> Stuck<'a> {
    pub(crate) async fn channel(broker: &'a RabbitMq, channel: &str) -> Self {
        let stuck = Self { broker, channel: channel.to_owned() };
        stuck.tell("sys:suspend").await;
        stuck
    }

    /// It works on what waits for it.
    pub(crate) async fn resume(&self) {
        self.tell("sys:resume").await;
    }

    /// Waits until the broker has closed it.
    pub(crate) async fn gone(&self) {
        let question = format!("is_process_alive(list_to_pid(\"{}\"))", self.channel);
        until("the channel is gone", async || self.broker.json(&question).await.unwrap() == false).await;
    }

    async fn tell(&self, what: &str) {
        let order = format!("{what}(list_to_pid(\"{}\")), true", self.channel);
        self.broker.json(&order).await.unwrap();
    }
}

/// The channel that came to be meanwhile.
pub(crate) async fn new_channel(broker: &RabbitMq, before: &[String]) -> String {
    let mut new = channels(broker).await;
    new.retain(|channel| !before.contains(channel));
    assert_eq!(new.len(), 1, "{new:?}");
    new.remove(0)
}
