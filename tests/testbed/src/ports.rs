//! Free ports on 127.0.0.1.
//!
//! Taken from below the range which the kernel gives to outgoing connections: a port from inside that
//! range may be lent to a stranger's connection while its server is down for a restart; a client which
//! retries such a port even connects to itself now and then.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::{Mutex, PoisonError};

use crate::{Error, Result};

/// Below are the well-known and many registered ports.
const FIRST: u16 = 10_000;

/// Linux's own default, if it does not tell where its range begins.
const EPHEMERAL: u16 = 32_768;

/// The port tried next. It starts anywhere, so that processes which run at once seldom meet, and goes on
/// from port to port, so that a port is not given out twice in this process before all others were.
static NEXT: Mutex<Option<u16>> = Mutex::new(None);

/// A TCP port on 127.0.0.1 that is free now and stays so, as far as the system's own choice goes: for what a server of
/// a test listens on besides its own ports.
pub fn free_tcp_port() -> Result<u16> {
    tcp()
}

/// A free TCP port.
pub(crate) fn tcp() -> Result<u16> {
    block(1, |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
}

/// A free UDP port.
pub(crate) fn udp() -> Result<u16> {
    block(1, udp_is_free)
}

/// The first of so many free UDP ports in a row, an even one: media begins there, its RTCP one above.
pub(crate) fn media(length: u16) -> Result<u16> {
    Ok(block(length + 1, udp_is_free)?.next_multiple_of(2))
}

fn udp_is_free(port: u16) -> bool {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn block(length: u16, free: impl Fn(u16) -> bool) -> Result<u16> {
    let last = last();
    let mut next = NEXT.lock().unwrap_or_else(PoisonError::into_inner);
    let mut first = next.unwrap_or_else(|| rand::random_range(FIRST..=last));
    for _ in FIRST..=last {
        if last - first < length {
            first = FIRST;
        }
        match (first..first + length).rev().find(|&port| !free(port)) {
            None => {
                *next = Some(first + length);
                return Ok(first);
            }
            Some(taken) => first = taken + 1,
        }
    }
    Err(Error::NoPort { first: FIRST, last })
}

/// The last port before the kernel's own range.
fn last() -> u16 {
    let begin = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .ok()
        .and_then(|range| range.split_whitespace().next()?.parse().ok())
        .unwrap_or(EPHEMERAL);
    // A machine whose range begins lower has no better place: any port then, as far as it is free.
    if begin > FIRST + 1000 { begin - 1 } else { u16::MAX - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_different_ports_that_can_be_bound() {
        let ports = [tcp().unwrap(), tcp().unwrap(), udp().unwrap()];
        assert!(ports[0] != ports[1] && ports[1] != ports[2]);
        TcpListener::bind((Ipv4Addr::LOCALHOST, ports[0])).unwrap();
    }

    #[test]
    fn passes_over_a_port_that_is_taken() {
        let first = tcp().unwrap();
        let held = UdpSocket::bind((Ipv4Addr::LOCALHOST, first + 3)).unwrap();
        let begin = media(20).unwrap();
        assert_eq!(begin % 2, 0);
        assert!(!(begin..begin + 20).contains(&held.local_addr().unwrap().port()));
    }
}
