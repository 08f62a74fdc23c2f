//! The names of applications that are added while the proxy runs.

use ari_bus::protocol::Names;

/// The longest name, in bytes: for one that is longer Asterisk makes no context `stasis-…` and refuses the websocket.
const MAX_NAME: usize = 73;

/// Checks a name. It is stricter than the configuration is: it comes from a program, in a path, and goes into topics, queries and keys.
///
/// # Errors
/// Says what is wrong with it.
pub(crate) fn check_name(name: &str, names: &Names) -> Result<(), String> {
    if name.is_empty() {
        return Err("the application's name is missing: in the path, or as `applicationName`".to_owned());
    }
    if name.len() > MAX_NAME {
        return Err(format!("the application's name has {} bytes; Asterisk takes {MAX_NAME}", name.len()));
    }
    if let Some(bad) = name.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))) {
        return Err(format!("the application's name holds {bad:?}; letters, digits, - and _ are allowed"));
    }
    names.check_application(name).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_name_is_told_why() {
        let names = Names::new(String::new());
        for good in ["a", "hello-world_2", "A", &"x".repeat(MAX_NAME)] {
            assert_eq!(check_name(good, &names), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("", "is missing"),
            ("a b", "holds ' '"),
            ("a/b", "holds '/'"),
            ("a.b", "holds '.'"),
            ("..", "holds '.'"),
            ("a,b", "holds ','"),
            ("a\nb", "holds '\\n'"),
            ("a\0", "holds '\\0'"),
            ("grün", "holds 'ü'"),
            ("a*", "holds '*'"),
            ("a>", "holds '>'"),
            ("a:b", "holds ':'"),
            ("ari", "is kept"),
            (&"x".repeat(74), "has 74 bytes"),
            (&"x".repeat(1_000), "has 1000 bytes"),
        ] {
            let told = check_name(bad, &names);
            let is_told =
                told.as_ref().is_err_and(|told| told.contains(why) || (bad == "ari" && told.contains("ari")));
            assert!(is_told, "{bad:?}: {told:?}");
        }
    }
}
