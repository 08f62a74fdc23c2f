//! Puts the same calls through the simulator and through a real Asterisk, and compares both ways: the status
//! and the keys and types of every answer, the keys and types of every event, and the order of events about
//! each object. Needs the testbed's Asterisk, and so root.

mod client;
mod likeness;

use likeness::{compare::compare, scripts, side::Side};

/// How often a script is run before a difference counts.
const TRIES: usize = 3;

/// How often an exemption is needed.
#[derive(Clone, Copy, PartialEq)]
enum When {
    /// In every run: the test fails when it excuses nothing.
    Always,
    /// Where a real Asterisk does now one thing, now the other.
    Sometimes,
}

/// Differences that are there for a reason. `*` stands for any text.
const EXEMPTIONS: &[(&str, When, &str)] = &[
    (
        "originate over SIP | subscribed to all: ChannelHangupRequest: only real has one with *",
        When::Always,
        "the phone that the real one dials is itself, so that the phone's own channel is seen as well",
    ),
    (
        "* | subscribed to all: DeviceStateChanged: only fake",
        When::Sometimes,
        "a real one tells devices' states on a thread of its own, at times after the test stopped listening",
    ),
    (
        "media in bridges | order of m*",
        When::Sometimes,
        "when two of Asterisk's own channels swap places in a bridge, its members are told once or twice",
    ),
    (
        "* | POST /channels/externalMedia*: only real has channelvars.STASISSTATUS: string",
        When::Sometimes,
        "the variable is there if the channel reached Stasis before the answer was written",
    ),
];

#[tokio::test]
async fn the_simulator_is_like_the_real_one() {
    let (real, fake) = (Side::real().await, Side::fake().await);
    let mut unexplained = Vec::new();
    let mut used = vec![false; EXEMPTIONS.len()];
    println!("{:<40} answers  events  orders    keys  excused", "script");
    for script in scripts::all() {
        let mut found = compare(script.name, &real.run(&script).await, &fake.run(&script).await);
        // A real one's threads race now and then: what differs must differ every time.
        for _ in 1..TRIES {
            let excused =
                |difference: &String| EXEMPTIONS.iter().any(|(pattern, ..)| fits(pattern, difference));
            if found.differences.iter().all(excused) {
                break;
            }
            let again = compare(script.name, &real.run(&script).await, &fake.run(&script).await);
            found.differences.retain(|difference| again.differences.contains(difference));
        }
        let mut excused = 0;
        for difference in found.differences {
            let exemption = EXEMPTIONS.iter().position(|(pattern, ..)| fits(pattern, &difference));
            match exemption {
                Some(at) => {
                    used[at] = true;
                    excused += 1;
                }
                None => unexplained.push(difference),
            }
        }
        println!(
            "{:<40} {:>7} {:>7} {:>7} {:>7} {:>8}",
            script.name, found.answers, found.events, found.orders, found.keys, excused
        );
    }
    for ((pattern, _, reason), used) in EXEMPTIONS.iter().zip(&used) {
        println!("{} {pattern}: {reason}", if *used { "excused" } else { "UNUSED " });
    }
    assert!(unexplained.is_empty(), "{} differences:\n{}", unexplained.len(), unexplained.join("\n"));
    let idle = EXEMPTIONS.iter().zip(&used).any(|((_, when, _), used)| *when == When::Always && !used);
    assert!(!idle, "an exemption excuses nothing any more: take it out");
}

/// Whether the parts between the stars stand in the text, in their order.
fn fits(pattern: &str, text: &str) -> bool {
    let mut rest = text;
    pattern.split('*').all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}
