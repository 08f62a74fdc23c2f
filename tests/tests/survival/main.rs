//! Calls survive: workers, proxies, brokers, Asterisk and the ways between them die, stand still, are cut, are overrun and are upgraded.

mod blips;
mod bursts;
mod dial_in;
mod drain;
mod faults;
mod gaps;
mod leftovers;
mod lost_events;
mod orphans;
mod outages;
mod ownership;
mod rest_over_websocket;
mod restart;
mod robust;
mod soak;
mod standby;
mod supervised;
mod the_oracle_can_fail;
mod undisturbed;
mod upgrade;
