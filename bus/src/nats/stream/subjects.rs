//! Which subjects another one covers.

/// Whether every subject that `narrow` stands for is one that `wide` stands for; both may have wildcards.
pub(super) fn covers(wide: &str, narrow: &str) -> bool {
    let (mut wide, mut narrow) = (wide.split('.'), narrow.split('.'));
    loop {
        match (wide.next(), narrow.next()) {
            (None, None) => return true,
            (Some(">"), Some(_)) => return true,
            (Some("*"), Some(token)) if token != ">" => {}
            (Some(wide), Some(narrow)) if wide == narrow => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn wildcards_stand_for_what_they_do_on_the_server() {
        for (wide, narrow) in [
            ("a.b", "a.b"),
            ("a.*", "a.b"),
            ("a.>", "a.b"),
            ("a.>", "a.b.c"),
            (">", "a"),
            ("a.*", "a.*"),
            ("a.>", "a.*.c"),
            ("a.>", "a.>"),
            ("*.b", "a.b"),
        ] {
            assert!(covers(wide, narrow), "{wide} {narrow}");
        }
        for (wide, narrow) in [
            ("a.b", "a"),
            ("a.b", "a.b.c"),
            ("a.*", "a"),
            ("a.*", "a.b.c"),
            ("a.*", "a.>"),
            ("a.>", "a"),
            ("a.b", "a.*"),
            ("a.b", "a.>"),
            ("a.*.c", "a.>"),
        ] {
            assert!(!covers(wide, narrow), "{wide} {narrow}");
        }
    }
}
