//! The language of the manager interface: blocks of lines, each with a key and a value, with an empty line behind them.

use bytes::BytesMut;
use tokio_util::codec::{AnyDelimiterCodec, Decoder as _};

use super::super::limits::{AMI_BLOCK, AMI_FIELDS, AMI_LINE};

/// Finds the blocks in what comes. What is over a bound is passed over and never kept.
#[derive(Debug)]
pub(super) struct Blocks {
    lines: AnyDelimiterCodec,
    block: Block,
    /// Bytes of keys and values in it.
    size: usize,
}

/// One block.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// Keys and values in their order. Of one that is too large only the first is certain to be there, if it was short.
    pub(super) fields: Vec<(String, String)>,
    /// What there was too much of.
    pub(super) excess: Option<Excess>,
}

/// What there was too much of in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Excess {
    #[error("a line of it is longer than {AMI_LINE} bytes")]
    Line,
    #[error("it has more than {AMI_FIELDS} fields")]
    Fields,
    #[error("it is larger than {AMI_BLOCK} bytes")]
    Size,
}

impl Block {
    /// Whether it answers an action.
    pub(super) fn is_response(&self) -> bool {
        self.fields.first().is_some_and(|(key, _)| key == "Response")
    }
}

impl Blocks {
    pub(super) fn new() -> Self {
        let lines = AnyDelimiterCodec::new_with_max_length(b"\n".to_vec(), Vec::new(), AMI_LINE);
        Self { lines, block: Block::default(), size: 0 }
    }

    /// Takes the next line for itself: the greeting is no block. None until it has come.
    pub(super) fn line(&mut self, bytes: &mut BytesMut) -> Option<Result<String, Excess>> {
        match self.lines.decode(bytes) {
            Ok(line) => line.map(|line| Ok(text(&line))),
            Err(_) => Some(Err(Excess::Line)),
        }
    }

    /// Takes the next block; none until the whole of it has come.
    pub(super) fn next(&mut self, bytes: &mut BytesMut) -> Option<Block> {
        loop {
            match self.lines.decode(bytes) {
                Ok(None) => return None,
                Ok(Some(line)) => match line.strip_suffix(b"\r").unwrap_or(&line) {
                    [] if self.block == Block::default() => {}
                    [] => {
                        self.size = 0;
                        return Some(std::mem::take(&mut self.block));
                    }
                    line => self.add(line),
                },
                // The rest of that line is passed over as it comes.
                Err(_) => self.give_up(Excess::Line),
            }
        }
    }

    fn add(&mut self, line: &[u8]) {
        if self.block.excess.is_some() {
            return;
        }
        let fields = &mut self.block.fields;
        match colon(line) {
            Some(colon) => {
                let value = &line[colon + 1..];
                let (key, value) = (text(&line[..colon]), text(value.strip_prefix(b" ").unwrap_or(value)));
                self.size += key.len() + value.len();
                fields.push((key, value));
            }
            None => {
                let more = text(line);
                self.size += more.len();
                match fields.last_mut() {
                    // A value with a line break in it.
                    Some((_, value)) => value.extend(["\n", &more]),
                    None => fields.push((more, String::new())),
                }
            }
        }
        if fields.len() > AMI_FIELDS {
            self.give_up(Excess::Fields);
        } else if self.size > AMI_BLOCK {
            self.give_up(Excess::Size);
        }
    }

    /// The block is too large: what will be said of it is what it is and why.
    fn give_up(&mut self, excess: Excess) {
        self.block.fields.truncate(1);
        self.block.excess.get_or_insert(excess);
    }
}

/// Where a key ends. The name of a channel, which some keys hold in parentheses, may have a colon itself.
fn colon(line: &[u8]) -> Option<usize> {
    let first = line.iter().position(|byte| *byte == b':')?;
    let Some(open) = line[..first].iter().position(|byte| *byte == b'(') else { return Some(first) };
    let close = line[open..].iter().position(|byte| matches!(byte, b')' | b' ')).map(|close| open + close);
    Some(close.filter(|close| line[*close..].starts_with(b"):")).map_or(first, |close| close + 1))
}

/// Bytes that are not UTF-8 become U+FFFD.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All blocks of a text that comes in pieces of this size.
    fn blocks(text: &[u8], piece: usize) -> Vec<Block> {
        let (mut blocks, mut bytes, mut found) = (Blocks::new(), BytesMut::new(), Vec::new());
        for piece in text.chunks(piece) {
            bytes.extend_from_slice(piece);
            found.extend(std::iter::from_fn(|| blocks.next(&mut bytes)));
        }
        found
    }

    fn fields(text: &[u8]) -> Vec<(String, String)> {
        let mut found = blocks(text, 7);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].excess, None);
        found.remove(0).fields
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn values_are_whole_and_keys_may_come_again() {
        let text = b"Event: X\r\nA: one: two  \r\nA:  \r\nB:\r\nUrl:http://h: 1\r\nA: three\r\n\r\n";
        let expected = [
            ("Event", "X"),
            ("A", "one: two  "),
            ("A", " "),
            ("B", ""),
            ("Url", "http://h: 1"),
            ("A", "three"),
        ];
        assert_eq!(fields(text), pairs(&expected));
    }

    #[test]
    fn a_key_may_hold_the_name_of_a_channel() {
        let text = b"Event: X\nChanVariable(SIP/10.0.0.1:5060-00000001): A=b:c\nF(a: b): c\nG(: )\nH(x:y\n\n";
        let expected = [
            ("Event", "X"),
            ("ChanVariable(SIP/10.0.0.1:5060-00000001)", "A=b:c"),
            ("F(a", "b): c"),
            ("G(", ")"),
            ("H(x", "y"),
        ];
        assert_eq!(fields(text), pairs(&expected));
    }

    #[test]
    fn either_line_end_will_do_and_empty_lines_between_blocks_count_for_nothing() {
        let found = blocks(b"\r\n\nA: 1\nB: 2\n\n\r\n\r\nC: 3\r\n\nD: half", 3);
        let found: Vec<_> = found.into_iter().map(|block| block.fields).collect();
        assert_eq!(found, [pairs(&[("A", "1"), ("B", "2")]), pairs(&[("C", "3")])]);
    }

    #[test]
    fn what_is_odd_is_kept_in_a_stated_way() {
        assert_eq!(fields(b"Event: \xff\xfe\xc3\n\n"), pairs(&[("Event", "\u{fffd}\u{fffd}\u{fffd}")]));
        assert_eq!(fields(b"A: 1\nno colon\n again\n\n"), pairs(&[("A", "1\nno colon\n again")]));
        assert_eq!(fields(b"nothing\nA: \0\r1\n\n"), pairs(&[("nothing", ""), ("A", "\0\r1")]));
    }

    #[test]
    fn what_is_too_large_is_told_and_what_follows_is_read() {
        let mib = "x".repeat(1 << 20);
        let small = "k: v\n".repeat(AMI_FIELDS);
        let lines = format!("k: {}\n", "x".repeat(AMI_LINE / 2)).repeat(2 * AMI_BLOCK / AMI_LINE + 1);
        let text = format!(
            "Event: A\nV: {mib}\nW: 1\n\nEvent: B\n{small}\nEvent: C\n{lines}\n{mib}\n\nEvent: D\n\n"
        );
        for piece in [1_000, 1 << 22] {
            let found: Vec<_> =
                blocks(text.as_bytes(), piece).into_iter().map(|b| (b.fields, b.excess)).collect();
            let expected = [
                (pairs(&[("Event", "A")]), Some(Excess::Line)),
                (pairs(&[("Event", "B")]), Some(Excess::Fields)),
                (pairs(&[("Event", "C")]), Some(Excess::Size)),
                (vec![], Some(Excess::Line)),
                (pairs(&[("Event", "D")]), None),
            ];
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_is_passed_over_is_not_kept() {
        let (mut blocks, mut bytes) = (Blocks::new(), BytesMut::new());
        for _ in 0..1_000 {
            bytes.extend_from_slice(&[b'x'; 10_000]);
            assert_eq!(blocks.next(&mut bytes), None);
            assert!(bytes.len() <= AMI_LINE, "{}", bytes.len());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_pieces_make_no_difference(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"A:( )\r\n\n\n".to_vec())], 0..300),
            piece in 1_usize..50,
        ) {
            prop_assert_eq!(blocks(&bytes, piece), blocks(&bytes, bytes.len().max(1)));
        }

        #[test]
        fn what_asterisk_writes_is_what_is_read(
            written in prop::collection::vec(("[A-Za-z0-9]{1,8}", "[^\\r\\n]{0,20}"), 1..20),
        ) {
            let text: String = written.iter().map(|(key, value)| format!("{key}: {value}\r\n")).collect();
            prop_assert_eq!(fields(format!("{text}\r\n").as_bytes()), written);
        }
    }
}
