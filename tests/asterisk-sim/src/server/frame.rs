//! Websocket framing, server side. Written by hand because the simulator must be able to send frames that
//! no library would send, to write many ready-made frames at once, and to stop reading in the middle of one.

use bytes::{Buf, BufMut, BytesMut};

/// The kinds of frame.
pub(crate) mod opcode {
    pub(crate) const CONTINUATION: u8 = 0x0;
    pub(crate) const TEXT: u8 = 0x1;
    pub(crate) const BINARY: u8 = 0x2;
    pub(crate) const CLOSE: u8 = 0x8;
    pub(crate) const PING: u8 = 0x9;
    pub(crate) const PONG: u8 = 0xA;
}

/// A frame as it came from the client, unmasked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) last: bool,
    pub(crate) opcode: u8,
    pub(crate) payload: Vec<u8>,
}

/// Why a client's bytes are no websocket frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadFrame {
    NotMasked,
    TooLarge,
}

/// Appends one whole frame. A server does not mask.
pub(crate) fn encode(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.reserve(payload.len() + 10);
    out.put_u8(0x80 | opcode);
    match payload.len() {
        len @ 0..=125 => out.put_u8(len as u8),
        len @ 126..=0xFFFF => {
            out.put_u8(126);
            out.put_u16(len as u16);
        }
        len => {
            out.put_u8(127);
            out.put_u64(len as u64);
        }
    }
    out.extend_from_slice(payload);
}

/// Takes one frame off `buffer`, or `None` when it is not complete yet.
pub(crate) fn decode(buffer: &mut BytesMut, max: usize) -> Result<Option<Frame>, BadFrame> {
    let Some((&first, &second)) = buffer.first().zip(buffer.get(1)) else { return Ok(None) };
    if second & 0x80 == 0 {
        return Err(BadFrame::NotMasked);
    }
    let (length, at) = match second & 0x7F {
        126 => match buffer.get(2..4) {
            Some(bytes) => (u64::from(u16::from_be_bytes([bytes[0], bytes[1]])), 4),
            None => return Ok(None),
        },
        127 => match buffer.get(2..10).and_then(|bytes| bytes.try_into().ok()) {
            Some(bytes) => (u64::from_be_bytes(bytes), 10),
            None => return Ok(None),
        },
        short => (u64::from(short), 2),
    };
    if length > max as u64 {
        return Err(BadFrame::TooLarge);
    }
    let length = length as usize;
    if buffer.len() < at + 4 + length {
        return Ok(None);
    }
    buffer.advance(at);
    let mask = [buffer[0], buffer[1], buffer[2], buffer[3]];
    buffer.advance(4);
    let mut payload = buffer.split_to(length).to_vec();
    for (index, byte) in payload.iter_mut().enumerate() {
        *byte ^= mask[index % 4];
    }
    Ok(Some(Frame { last: first & 0x80 != 0, opcode: first & 0x0F, payload }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        encode(opcode, payload, &mut plain);
        let head = plain.len() - payload.len();
        let mask = [1, 2, 3, 4];
        let mut out = plain[..head].to_vec();
        out[1] |= 0x80;
        out.extend_from_slice(&mask);
        out.extend(payload.iter().enumerate().map(|(index, byte)| byte ^ mask[index % 4]));
        out
    }

    #[test]
    fn frames_of_every_length_come_back_however_they_are_cut() {
        for length in [0, 1, 125, 126, 127, 65_535] {
            let payload: Vec<u8> = (0..length).map(|index| index as u8).collect();
            let bytes = masked(opcode::TEXT, &payload);
            for cut in [0, 1, 2, 3, 5, 9, bytes.len() - 1] {
                let cut = cut.min(bytes.len() - 1);
                let mut buffer = BytesMut::from(&bytes[..cut]);
                assert_eq!(decode(&mut buffer, 65_535), Ok(None), "{length} cut at {cut}");
                buffer.extend_from_slice(&bytes[cut..]);
                let frame = decode(&mut buffer, 65_535).unwrap().unwrap();
                assert_eq!(frame, Frame { last: true, opcode: opcode::TEXT, payload: payload.clone() });
                assert!(buffer.is_empty());
            }
        }
    }

    #[test]
    fn a_frame_that_is_too_large_or_not_masked_is_refused_at_its_head() {
        let bytes = masked(opcode::TEXT, &[0; 65_536]);
        assert_eq!(decode(&mut BytesMut::from(&bytes[..14]), 65_535), Err(BadFrame::TooLarge));
        let mut plain = Vec::new();
        encode(opcode::PING, b"x", &mut plain);
        assert_eq!(decode(&mut BytesMut::from(&plain[..]), 65_535), Err(BadFrame::NotMasked));
    }
}
