//! The event stream: what plain clients of a broker hear of Asterisk, while it is there and while it is not.

mod added;
mod bad_names;
mod dialled_in;
mod examples;
mod gaps;
mod moves;
mod oracle;
mod outages;
mod readers;
mod real;
mod speed;
mod successors;
mod wazo;
mod writers;
