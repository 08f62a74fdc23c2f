//! The calls that both are put through. Ids are chosen by the script wherever ARI lets it.

mod applications;
mod bridges;
mod channels;
mod machine;
mod media;
mod originates;
mod phones;

use super::script::Script;

pub(crate) fn all() -> Vec<Script> {
    vec![
        phones::phones_that_wait(),
        phones::phones_that_hang_up(),
        phones::phones_that_hold(),
        channels::commands(),
        originates::originates(),
        originates::sip_originates(),
        originates::create_and_dial(),
        media::playbacks(),
        media::recordings(),
        bridges::bridges(),
        media::media_in_bridges(),
        channels::leaving(),
        channels::moves(),
        channels::snoop_and_external_media(),
        applications::applications(),
        applications::user_events(),
        machine::machine(),
        machine::refusals(),
        machine::over_the_websocket(),
    ]
}
