//! Names of the description as Rust has them.

/// `deviceStates` as `device_states`, `sendDTMF` as `send_dtmf`.
pub(super) fn snake(name: &str) -> String {
    words(name).join("_").to_lowercase()
}

/// `deviceStates` as `DeviceStates`, `NOT_INUSE` as `NotInuse`, `Dialing Offhook` as `DialingOffhook`.
pub(super) fn pascal(name: &str) -> String {
    let capital = |word: String| {
        let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
        first.to_uppercase() + &rest.to_lowercase()
    };
    words(name).into_iter().map(capital).collect()
}

/// As a name of a field or method, where it may be a keyword.
pub(super) fn field(name: &str) -> String {
    const KEYWORDS: [&str; 16] = [
        "as", "async", "box", "const", "enum", "final", "fn", "for", "in", "loop", "match", "mod", "move",
        "ref", "type", "use",
    ];
    let name = snake(name);
    if KEYWORDS.contains(&name.as_str()) { format!("r#{name}") } else { name }
}

/// The words of a name: divided by what is no letter or digit, and where a capital follows a small letter.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for character in name.chars() {
        if !character.is_alphanumeric() || (before.is_lowercase() && character.is_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| character.is_alphanumeric()) {
            word.push(character);
        }
        before = character;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_rusts() {
        let names = ["deviceStates", "sendDTMF", "transfer_progress", "type", "Pre-ring", "*"];
        assert_eq!(
            names.map(field),
            ["device_states", "send_dtmf", "transfer_progress", "r#type", "pre_ring", ""]
        );
        let names = ["deviceStates", "NOT_INUSE", "Dialing Offhook", "ringStop", "élan", "*"];
        assert_eq!(names.map(pascal), ["DeviceStates", "NotInuse", "DialingOffhook", "RingStop", "Élan", ""]);
    }
}
