//! Parameters of a request: from the query, a form, or a JSON body, where a JSON field wins.

use serde_json::Value;

use crate::limits;

/// The parameters of one request.
#[derive(Debug, Default)]
pub(crate) struct Params {
    pairs: Vec<(String, String)>,
    json: Option<Value>,
}

/// The body is not what its type says.
#[derive(Debug)]
pub(crate) struct BadBody;

impl Params {
    pub(crate) fn from_query(query: &str) -> Self {
        Self { pairs: pairs(query), json: None }
    }

    /// Query and body together.
    pub(crate) fn new(query: &str, content_type: &str, body: &[u8]) -> Result<Self, BadBody> {
        let mut params = Self::from_query(query);
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("application/json") && !body.is_empty() {
            params.json = Some(serde_json::from_slice(body).map_err(|_| BadBody)?);
        } else if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            params.pairs.extend(pairs(&String::from_utf8_lossy(body)));
        }
        Ok(params)
    }

    fn field(&self, name: &str) -> Option<&Value> {
        self.json.as_ref().and_then(|json| json.get(name))
    }

    /// The last of its name, as in Asterisk.
    fn pair(&self, name: &str) -> Option<&str> {
        self.pairs.iter().rfind(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The JSON body, if there is one.
    pub(crate) fn json(&self) -> Option<&Value> {
        self.json.as_ref()
    }

    /// A text; a JSON field that is no string counts as absent.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.field(name) {
            Some(value) => value.as_str().map(str::to_owned),
            None => self.pair(name).map(str::to_owned),
        }
    }

    /// A text that says something.
    pub(crate) fn filled(&self, name: &str) -> Option<String> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// A number. In JSON it must be a number: `"30"` is 0.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        match self.field(name) {
            Some(value) => Some(value.as_i64().unwrap_or(0)),
            None => self.pair(name).map(|text| text.trim().parse().unwrap_or(0)),
        }
    }

    /// A yes or no. In JSON only `true` is yes; in a query so are `yes`, `1` and others.
    pub(crate) fn flag(&self, name: &str) -> bool {
        match self.field(name) {
            Some(value) => value.as_bool().unwrap_or(false),
            None => self.pair(name).is_some_and(|text| {
                ["yes", "true", "y", "t", "1", "on"].iter().any(|yes| text.eq_ignore_ascii_case(yes))
            }),
        }
    }

    /// A list: with commas in a query, an array or one string in JSON.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let mut list: Vec<String> = match self.field(name) {
            Some(Value::Array(values)) => {
                values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
            }
            Some(value) => value.as_str().map(str::to_owned).into_iter().collect(),
            None => {
                self.pair(name).map(|text| text.split(',').map(str::to_owned).collect()).unwrap_or_default()
            }
        };
        list.retain(|entry| !entry.is_empty());
        list.truncate(limits::MAX_LIST);
        list
    }

    /// The `variables` beside the other parameters: only a JSON body has them.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let Some(Value::Object(fields)) = self.field("variables") else { return Vec::new() };
        fields.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
    }
}

fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// Undoes percent-encoding as Asterisk does. A plus becomes a space: in a path, too, which no standard says. What is no
/// whole escape may be one all the same ([`escape`]), and a NUL ends the text.
pub(crate) fn decode(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let plain = if *first == b'+' { b' ' } else { *first };
        let (byte, after) = escape(rest).unwrap_or((plain, after));
        if byte == 0 {
            break;
        }
        decoded.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The byte of a `%` and two more characters, and what comes after them. Asterisk reads those two with C's
/// `sscanf("%2x")`: one hex digit is enough, with anything behind it or a sign before it, and both are used up.
fn escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let (code, after) = text.strip_prefix(b"%")?.split_at_checked(2)?;
    let (sign, digits) = code.split_at(usize::from(matches!(code[0], b'+' | b'-')));
    let mut digits = digits.iter().map_while(|digit| char::from(*digit).to_digit(16));
    let first = digits.next()?;
    let value = digits.next().map_or(first, |second| first * 16 + second);
    let byte = u8::try_from(value).ok()?;
    Some((if sign == b"-" { byte.wrapping_neg() } else { byte }, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_json_field_wins_over_the_query() {
        let params = Params::new("a=1&b=2+3", "application/json; charset=utf-8", br#"{"a":"x"}"#).unwrap();
        assert_eq!(params.text("a").as_deref(), Some("x"));
        assert_eq!(params.text("b").as_deref(), Some("2 3"));
        assert!(Params::new("", "application/json", b"{\"a").is_err());
    }

    #[test]
    fn the_last_of_a_name_counts() {
        assert_eq!(Params::from_query("a=1&a=2").text("a").as_deref(), Some("2"));
        assert_eq!(Params::from_query("a=1&a=").filled("a"), None);
        let json = |body: &str| Params::new("a=query", "application/json", body.as_bytes()).unwrap();
        assert_eq!(json(r#"{"a":"1","a":"2"}"#).text("a").as_deref(), Some("2"));
        assert_eq!(json(r#"{"a":"1","a":null}"#).text("a"), None, "the query does not help");
    }

    #[test]
    fn json_numbers_and_flags_must_be_literal() {
        let params =
            Params::new("", "application/json", br#"{"n":"30","m":30,"f":"true","g":true}"#).unwrap();
        assert_eq!((params.number("n"), params.number("m")), (Some(0), Some(30)));
        assert_eq!((params.flag("f"), params.flag("g")), (false, true));
        assert!(Params::from_query("f=yes").flag("f") && !Params::from_query("f=no").flag("f"));
    }

    #[test]
    fn a_list_has_commas_in_a_query_and_is_an_array_in_json() {
        assert_eq!(Params::from_query("media=a,b").list("media"), ["a", "b"]);
        let params = Params::new("", "application/json", br#"{"media":["a","b"]}"#).unwrap();
        assert_eq!(params.list("media"), ["a", "b"]);
        let form = Params::new("", "application/x-www-form-urlencoded", b"media=a%2Cb").unwrap();
        assert_eq!(form.list("media"), ["a", "b"]);
    }

    #[test]
    fn escapes_are_read_as_leniently_as_asterisk_reads_them() {
        for (text, decoded) in [
            ("%41b", "Ab"),
            ("a%2Fb+c", "a/b c"),
            ("%C3%A9", "é"),
            // One digit is enough, whatever comes after it.
            ("a%dgb", "a\rb"),
            ("a%+ab", "a\nb"),
            // A NUL ends the text.
            ("move%0g", "move"),
            ("move%+0x", "move"),
            ("move%00x", "move"),
            // No digit, or less than two characters: no escape.
            ("%zz", "%zz"),
            ("%g1", "%g1"),
            ("50%", "50%"),
            ("50%2", "50%2"),
        ] {
            assert_eq!(decode(text), decoded, "{text}");
        }
        assert_eq!(Params::from_query("app%00=x&n%0g=1").text("app").as_deref(), Some("x"));
    }
}
