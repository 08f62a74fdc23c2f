//! How rules are written: patterns of texts (`PJSIP/+31*@trunk`) and of commands (`GET /asterisk/info`).

use std::{fmt, str::FromStr};

use reqwest::Method;

/// The longest pattern, in characters.
const MAX_PATTERN: usize = 500;

/// A pattern of texts. `*` stands for any run of letters, digits and `+-._*#`, and so for a number or a name but never for what
/// parts an endpoint (`/`, `@`, `&`, `;`, a space); `?` for one such character; `**` for anything. A `\` takes away the meaning
/// of the character behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextPattern {
    written: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    This(char),
    One,
    Run,
    Anything,
}

impl Part {
    /// Whether it may take any number of characters.
    fn repeats(self) -> bool {
        matches!(self, Self::Run | Self::Anything)
    }

    fn takes(self, c: char) -> bool {
        match self {
            Self::This(this) => this == c,
            Self::One | Self::Run => c.is_ascii_alphanumeric() || "+-._*#".contains(c),
            Self::Anything => true,
        }
    }
}

/// A pattern that cannot be read: why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadPattern(String);

impl FromStr for TextPattern {
    type Err = BadPattern;

    fn from_str(written: &str) -> Result<Self, BadPattern> {
        let bad = |problem: &str| Err(BadPattern(format!("{written:?} {problem}")));
        if written.is_empty() {
            return bad("is an empty pattern; ** fits everything, and a list without patterns nothing");
        }
        if written.chars().count() > MAX_PATTERN || written.contains(char::is_control) {
            return bad("is too long for a pattern, or holds a control character");
        }
        let mut parts = Vec::new();
        let mut chars = written.chars().peekable();
        while let Some(c) = chars.next() {
            parts.push(match c {
                '\\' => match chars.next() {
                    Some(next) => Part::This(next),
                    None => return bad("ends with a \\, which needs a character behind it"),
                },
                '?' => Part::One,
                '*' if chars.next_if_eq(&'*').is_some() => Part::Anything,
                '*' => Part::Run,
                c => Part::This(c),
            });
        }
        Ok(Self { written: written.to_owned(), parts })
    }
}

impl TextPattern {
    /// This text and no other.
    fn exactly(text: &str) -> Self {
        Self { written: text.to_owned(), parts: text.chars().map(Part::This).collect() }
    }

    /// Whether the whole text fits. Asterisk tells capitals apart in some places and not in others: an allowance does.
    pub(super) fn fits(&self, text: &str) -> bool {
        self.fits_by(text, |part, c| part.takes(c))
    }

    /// The same, whatever its capitals: a refusal must not be got round with them.
    fn fits_any_case(&self, text: &str) -> bool {
        self.fits_by(text, |part, c| match part {
            Part::This(this) => this.to_lowercase().eq(c.to_lowercase()),
            part => part.takes(c),
        })
    }

    fn fits_by(&self, text: &str, takes: impl Fn(Part, char) -> bool) -> bool {
        // All places in the pattern where a reader may be, so that no text makes it slow.
        let mut at = vec![false; self.parts.len() + 1];
        at[0] = true;
        self.pass_over(&mut at);
        for c in text.chars() {
            let mut next = vec![false; at.len()];
            for (index, part) in self.parts.iter().enumerate().filter(|(index, _)| at[*index]) {
                if takes(*part, c) {
                    next[if part.repeats() { index } else { index + 1 }] = true;
                }
            }
            self.pass_over(&mut next);
            at = next;
        }
        at.last().is_some_and(|end| *end)
    }

    /// What may take any number of characters may take none.
    fn pass_over(&self, at: &mut [bool]) {
        for (index, part) in self.parts.iter().enumerate() {
            if at[index] && part.repeats() {
                at[index + 1] = true;
            }
        }
    }
}

/// A pattern of commands: a method, or `*`, and a path. In the path `*` alone stands for any one segment, `**` at the end for any
/// number of them; within a segment they are those of [`TextPattern`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandPattern {
    written: String,
    method: Option<Method>,
    segments: Vec<TextPattern>,
    /// Whether any number of segments may follow.
    open: bool,
}

impl FromStr for CommandPattern {
    type Err = BadPattern;

    fn from_str(written: &str) -> Result<Self, BadPattern> {
        let bad =
            |problem: &str| BadPattern(format!("{written:?} {problem}, such as \"GET /asterisk/info\""));
        let (method, path) =
            written.split_once(' ').ok_or_else(|| bad("is no method and path with a space between"))?;
        let method = match method {
            "*" => None,
            "GET" => Some(Method::GET),
            "POST" => Some(Method::POST),
            "PUT" => Some(Method::PUT),
            "DELETE" => Some(Method::DELETE),
            _ => return Err(bad("begins with none of GET, POST, PUT, DELETE, *")),
        };
        let path = path.strip_prefix('/').ok_or_else(|| bad("has no path that begins with a slash"))?;
        let mut segments: Vec<&str> = path.split('/').collect();
        let open = segments.pop_if(|last| *last == "**").is_some();
        if segments.iter().any(|segment| segment.is_empty()) {
            return Err(bad("has an empty segment in its path; a path is one"));
        }
        let segments = segments.into_iter().map(|segment| match segment {
            "*" => "**".parse(),
            segment => segment.parse(),
        });
        Ok(Self { written: written.to_owned(), method, segments: segments.collect::<Result<_, _>>()?, open })
    }
}

impl CommandPattern {
    /// This method on this path, and what is below it if `open`.
    pub(super) fn exactly(method: Option<Method>, segments: &[&str], open: bool) -> Self {
        let segments = segments.iter().map(|segment| TextPattern::exactly(segment)).collect();
        Self { written: String::new(), method, segments, open }
    }

    /// Whether it allows a command.
    pub(super) fn allows(&self, method: &Method, path: &[String]) -> bool {
        self.fits_by(method, path, TextPattern::fits)
    }

    /// Whether it refuses a command.
    pub(super) fn refuses(&self, method: &Method, path: &[String]) -> bool {
        self.fits_by(method, path, TextPattern::fits_any_case)
    }

    fn fits_by(&self, method: &Method, path: &[String], fits: fn(&TextPattern, &str) -> bool) -> bool {
        let length = self.segments.len();
        self.method.as_ref().is_none_or(|own| own == method)
            && (path.len() == length || (self.open && path.len() > length))
            && self.segments.iter().zip(path).all(|(pattern, segment)| fits(pattern, segment))
    }
}

impl fmt::Display for TextPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl fmt::Display for CommandPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fits(pattern: &str, text: &str) -> bool {
        pattern.parse::<TextPattern>().unwrap().fits(text)
    }

    #[test]
    fn a_star_is_a_number_or_a_name_and_nothing_more() {
        for text in ["PJSIP/+31201234567@trunk", "PJSIP/+31@trunk", "PJSIP/+31*21#@trunk"] {
            assert!(fits("PJSIP/+31*@trunk", text), "{text}");
        }
        for text in [
            "PJSIP/+49301234567@trunk",
            "pjsip/+31201234567@trunk",
            "PJSIP/+3120@trunk2",
            " PJSIP/+3120@trunk",
            "PJSIP/+3120@trunk ",
            "PJSIP/+31/sip:+49900@evil;x@trunk",
            "PJSIP/+31@other&PJSIP/1@trunk",
            "PJSIP/+31 900@trunk",
            "PJSIP/+31\u{ff11}@trunk",
            "PJSIP/+31@evil@trunk",
            "",
        ] {
            assert!(!fits("PJSIP/+31*@trunk", text), "{text}");
        }
    }

    #[test]
    fn the_other_signs() {
        assert!(fits("+31?0*", "+3120123") && !fits("+31?0*", "+310123") && !fits("a?", "a/"));
        assert!(
            fits("**", "") && fits("**", "any thing/@") && fits("a**b", "a/x/b") && !fits("a**b", "a/x/bc")
        );
        assert!(fits(r"\*72", "*72") && !fits(r"\*72", "172") && fits(r"a\\b", r"a\b"));
        assert!(fits("ab", "ab") && !fits("ab", "abc") && !fits("ab", "a"));
        for bad in ["", "a\\", "a\nb", &"x".repeat(MAX_PATTERN + 1)] {
            assert!(bad.parse::<TextPattern>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn commands() {
        let path = |text: &str| text.split('/').skip(1).map(str::to_owned).collect::<Vec<_>>();
        let allows = |pattern: &str, method: &Method, text: &str| {
            pattern.parse::<CommandPattern>().unwrap().allows(method, &path(text))
        };
        for (pattern, text, fits) in [
            ("GET /asterisk/info", "/asterisk/info", true),
            ("GET /asterisk/info", "/asterisk/info/x", false),
            ("GET /asterisk/info", "/Asterisk/info", false),
            ("POST /asterisk/info", "/asterisk/info", false),
            ("* /channels/**", "/channels", true),
            ("* /channels/**", "/channels/1/play/2", true),
            ("* /channels/**", "/channelsx", false),
            ("* /**", "/anything/at/all", true),
            ("GET /channels/*", "/channels/PJSIP@a b", true),
            ("GET /channels/*", "/channels", false),
            ("GET /recordings/stored/voicemail-*", "/recordings/stored/voicemail-12", true),
            ("GET /recordings/stored/voicemail-*", "/recordings/stored/other", false),
        ] {
            assert_eq!(allows(pattern, &Method::GET, text), fits, "{pattern} {text}");
        }
        let refuses: CommandPattern = "DELETE /recordings/**".parse().unwrap();
        assert!(refuses.refuses(&Method::DELETE, &path("/Recordings/stored/x")));
        for bad in ["", "GET", "GET asterisk", "get /x", "HEAD /x", "GET /", "GET /a//b", "GET  /a", "/a"] {
            assert!(bad.parse::<CommandPattern>().is_err(), "{bad:?}");
        }
    }

    /// The same by trying every way, which is plain and slow.
    fn reference(parts: &[Part], text: &[char]) -> bool {
        match (parts, text) {
            ([], text) => text.is_empty(),
            ([part, rest @ ..], text) if part.repeats() => {
                reference(rest, text)
                    || text.first().is_some_and(|c| part.takes(*c) && reference(parts, &text[1..]))
            }
            ([part, rest @ ..], [c, text @ ..]) => part.takes(*c) && reference(rest, text),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn a_text_fits_as_in_the_plain_way(pattern in r"[ab/*?\\]{1,7}", text in "[abc/*]{0,8}") {
            if let Ok(pattern) = pattern.parse::<TextPattern>() {
                let chars: Vec<char> = text.chars().collect();
                prop_assert_eq!(pattern.fits(&text), reference(&pattern.parts, &chars));
            }
        }

        #[test]
        fn a_text_fits_itself(text in "[^*?\\\\\\p{Cc}]{1,30}") {
            prop_assert!(fits(&text, &text));
        }
    }
}
