//! What every bus must hold, whatever is behind it: one list of tests, run against memory, a real NATS and a real
//! RabbitMQ. They show up as `memory::…`, `nats::…` and `rabbitmq::…`.
//!
//! No test asserts how long something takes; each waits for a condition, under a deadline that only a hang reaches.
//! Outages that last longer than anybody's patience are ignored but by `tests/run --long`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should say so and end")]

mod brokers;
mod claims;
mod closing;
mod failover_nats;
mod foreign_nats;
mod foreign_rabbitmq;
mod leaving;
mod logins;
mod messages;
mod offers;
mod outages;
mod pools;
mod support;
mod tls;
mod topics;

/// Makes one test of each named function, for one bus.
macro_rules! stamp {
    ($bus:ident, $broker:ty, $($(#[$attribute:meta])? $area:ident :: $test:ident,)*) => {
        mod $bus {
            $(
                $(#[$attribute])?
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$area::$test::<$broker>().await;
                }
            )*
        }
    };
}

/// The tests for every bus, and those that only some can fail.
macro_rules! contract {
    ($bus:ident, $broker:ty, $($more:tt)*) => {
        stamp! {
            $bus, $broker,
            messages::one_sender_s_messages_keep_their_order,
            messages::eight_senders_do_not_disturb_each_other,
            messages::payloads_arrive_as_they_were,
            messages::the_largest_payload_arrives_and_a_larger_one_is_refused,
            messages::a_topic_that_nobody_reads_is_no_error,
            messages::topics_that_no_bus_carries_are_refused,
            messages::a_reader_that_does_not_read_disturbs_no_other,
            pools::each_message_goes_to_one_member,
            pools::a_member_that_leaves_loses_nothing,
            pools::a_pool_and_a_plain_reader_do_not_share,
            topics::an_inbox_gets_what_begins_with_its_name,
            topics::an_inbox_behind_a_prefix_gets_whole_topics,
            topics::a_prefix_gets_its_declared_topics,
            topics::declaring_and_deleting_can_be_repeated,
            topics::what_is_published_early_is_kept_or_not_as_declared,
            offers::an_offer_to_nobody_is_known_to_reach_nobody,
            offers::an_offer_reaches_somebody_and_arrives_once,
            offers::an_offer_after_the_reader_left_reaches_nobody,
            offers::an_offer_after_the_reader_died_reaches_nobody,
            offers::many_offers_at_once_are_told_apart,
            offers::an_offer_that_is_too_large_is_refused,
            claims::a_name_has_one_holder_until_that_is_gone,
            claims::what_one_process_leaves_another_gets,
            leaving::a_dropped_subscription_is_unsubscribed,
            leaving::leaving_returns_what_had_arrived_and_no_more_comes,
            leaving::leaving_while_the_broker_is_away_does_not_hang,
            closing::closing_ends_subscriptions_and_operations,
            closing::closing_sends_what_was_published,
            closing::closing_while_the_broker_is_away_does_not_hang,
            outages::a_stopped_broker_comes_back,
            outages::a_killed_broker_comes_back,
            #[ignore = "takes minutes: tests/run --long"]
            outages::a_broker_that_is_away_for_long_comes_back,
            outages::what_failed_in_an_outage_is_not_sent_later,
            $($more)*
        }
    };
}

contract!(memory, crate::contract::brokers::Memory,);
contract!(
    nats,
    crate::contract::brokers::RealNats,
    outages::a_broker_that_comes_late_is_found,
    outages::a_paused_broker_costs_no_more_than_the_deadline,
    outages::what_timed_out_before_a_crash_is_not_sent_later,
    logins::a_refused_login_is_told_and_does_not_spin,
    logins::a_password_of_any_letters_logs_in,
);
contract!(
    rabbitmq,
    crate::contract::brokers::RealRabbitMq,
    outages::a_broker_that_comes_late_is_found,
    outages::a_paused_broker_costs_no_more_than_the_deadline,
    outages::what_timed_out_before_a_crash_is_not_sent_later,
    logins::a_refused_login_is_told_and_does_not_spin,
    logins::a_password_of_any_letters_logs_in,
    pools::what_a_dead_member_had_not_taken_comes_to_another,
    offers::an_offer_that_nobody_takes_expires,
);
