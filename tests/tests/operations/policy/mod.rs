//! What workers may do: a worker that tries everything else reaches nothing.

mod escapes;
mod limits;
mod real;
mod scope;
mod world;

use ari_tests::on_both_buses;
use escapes::*;
use limits::*;
use real::*;
use scope::*;

on_both_buses!(
    no_escape_reaches_asterisk,
    a_version_1_worker_escapes_as_little,
    a_worker_that_opened_a_dialog_escapes_as_little,
    each_application_has_its_own_rules,
    a_worker_touches_its_own_objects_alone,
    a_new_object_must_be_new,
    too_much_is_too_much,
    calls_are_counted_for_the_whole_application,
    odd_spellings_are_read_by_asterisk_as_we_take_them,
    a_function_reaches_beyond_the_call_only_where_it_may,
);
