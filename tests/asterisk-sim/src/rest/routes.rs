//! What is simulated: every path with its methods. Anything else is a 404, as an unknown path is.

const ROUTES: &[(&str, &str)] = &[
    ("applications", "GET"),
    ("applications/*", "GET"),
    ("applications/*/subscription", "POST,DELETE"),
    ("applications/*/eventFilter", "PUT"),
    ("asterisk/info", "GET"),
    ("asterisk/ping", "GET"),
    ("asterisk/variable", "GET,POST"),
    ("bridges", "GET,POST"),
    ("bridges/*", "GET,POST,DELETE"),
    ("bridges/*/addChannel", "POST"),
    ("bridges/*/removeChannel", "POST"),
    ("bridges/*/videoSource", "DELETE"),
    ("bridges/*/videoSource/*", "POST"),
    ("bridges/*/variable", "GET,POST"),
    ("bridges/*/moh", "POST,DELETE"),
    ("bridges/*/play", "POST"),
    ("bridges/*/play/*", "POST"),
    ("bridges/*/record", "POST"),
    ("channels", "GET,POST"),
    ("channels/create", "POST"),
    ("channels/externalMedia", "POST"),
    ("channels/*", "GET,POST,DELETE"),
    ("channels/*/continue", "POST"),
    ("channels/*/move", "POST"),
    ("channels/*/redirect", "POST"),
    ("channels/*/answer", "POST"),
    ("channels/*/ring", "POST,DELETE"),
    ("channels/*/progress", "POST"),
    ("channels/*/dtmf", "POST"),
    ("channels/*/mute", "POST,DELETE"),
    ("channels/*/hold", "POST,DELETE"),
    ("channels/*/moh", "POST,DELETE"),
    ("channels/*/silence", "POST,DELETE"),
    ("channels/*/play", "POST"),
    ("channels/*/play/*", "POST"),
    ("channels/*/record", "POST"),
    ("channels/*/variable", "GET,POST"),
    ("channels/*/snoop", "POST"),
    ("channels/*/snoop/*", "POST"),
    ("channels/*/dial", "POST"),
    ("deviceStates", "GET"),
    ("deviceStates/*", "GET,PUT,DELETE"),
    ("endpoints", "GET"),
    ("endpoints/*", "GET"),
    ("endpoints/*/*", "GET"),
    ("events/user/*", "POST"),
    ("playbacks", ""),
    ("playbacks/*", "GET,DELETE"),
    ("playbacks/*/control", "POST"),
    ("recordings/live", ""),
    ("recordings/live/*", "GET,DELETE"),
    ("recordings/live/*/stop", "POST"),
    ("recordings/live/*/pause", "POST,DELETE"),
    ("recordings/live/*/mute", "POST,DELETE"),
    ("recordings/stored", "GET"),
    ("recordings/stored/*", "GET,DELETE"),
    ("recordings/stored/*/file", "GET"),
    ("recordings/stored/*/copy", "POST"),
    ("sounds", "GET"),
    ("sounds/*", "GET"),
];

/// The methods of a path, or `None` for an unknown one.
pub(crate) fn methods(parts: &[&str]) -> Option<&'static str> {
    ROUTES.iter().find(|(pattern, _)| fits(pattern, parts)).map(|(_, methods)| *methods)
}

fn fits(pattern: &str, parts: &[&str]) -> bool {
    let mut wanted = pattern.split('/');
    parts.iter().all(|part| wanted.next().is_some_and(|wanted| wanted == "*" || wanted == *part))
        && wanted.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::methods;

    #[test]
    fn a_path_has_its_methods_and_a_fixed_name_goes_before_an_id() {
        assert_eq!(methods(&["channels"]), Some("GET,POST"));
        assert_eq!(methods(&["channels", "create"]), Some("POST"));
        assert_eq!(methods(&["channels", "17.1"]), Some("GET,POST,DELETE"));
        assert_eq!(methods(&["channels", "17.1", "nope"]), None);
        assert_eq!(methods(&["mailboxes"]), None);
        assert_eq!(methods(&["recordings", "live"]), Some(""));
    }
}
