//! Calls that nobody takes: no worker, only workers that decline, or one that comes too late. Each of the things that
//! `dialog.unanswered` can say is looked at from the outside: from Asterisk's side and from the phone's.

mod fake;
mod real;

use ari_tests::{
    desk::{Desk, Pool},
    on_both_buses,
};
use fake::*;
use real::*;
use serde_json::json;

on_both_buses!(
    a_caller_whom_nobody_takes_goes_on_in_the_dialplan,
    a_call_goes_on_where_it_is_told_to,
    a_label_that_is_not_there_is_no_call_that_is_gone,
    workers_that_decline_everything_leave_the_caller_hung_up_as_configured,
    a_call_is_moved_to_another_pool_and_never_back,
    a_move_to_nobody_is_followed_by_what_comes_then,
    a_move_without_an_answer_is_not_done_twice,
    a_move_that_was_never_heard_is_asked_for_again,
    a_move_whose_events_are_late_is_asked_for,
    a_caller_who_hangs_up_during_a_move_is_looked_for_once,
    a_leg_that_rings_when_nobody_takes_the_call_is_hung_up,
    a_leg_that_is_answered_while_it_is_hung_up_is_no_new_call,
    a_worker_that_comes_too_late_gets_no_stale_offer,
    a_phone_without_a_worker_is_back_in_the_dialplan,
    a_phone_goes_on_where_it_is_told_to,
    a_phone_is_hung_up_with_the_cause,
    a_phone_is_moved_to_another_pool,
    a_phone_that_cannot_be_moved_gets_what_comes_then,
    a_phone_that_every_worker_declines_is_not_forgotten,
    a_worker_that_comes_late_gets_the_next_phone,
);

/// Declines every offer of a pool, for ever; counts them.
async fn decline_all(desk: &Desk, pool: &mut Pool, declined: &mut u64) {
    loop {
        let offer = pool.offer().await;
        *declined += 1;
        desk.owned(&offer).send(&json!({"control": "decline", "term": offer["term"]})).await;
    }
}
