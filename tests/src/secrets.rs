//! Secrets, and every form in which one could get out.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// The shortest secret that is looked for: of a shorter one there is too little in the middle of its base64 to be found by.
const SHORTEST: usize = 8;

/// Every form of `secret` that is in `text`, each with the words around it.
///
/// # Panics
/// For a secret that is too short to be looked for.
#[must_use]
pub fn leaks(text: &str, secret: &str) -> Vec<String> {
    assert!(secret.len() >= SHORTEST, "{secret} is too short to be looked for");
    let found = forms(secret).into_iter().filter_map(|form| {
        let at = text.find(&form)?;
        let shown: String = text[..at].chars().rev().take(300).collect();
        Some(format!("{form:?} behind …{}", shown.chars().rev().collect::<String>()))
    });
    found.collect()
}

/// As it is, percent-encoded, escaped, as numbers, and in base64 wherever it begins in what is encoded.
fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let joined =
        |format: fn(&u8) -> String, between: &str| bytes.iter().map(format).collect::<Vec<_>>().join(between);
    let mut forms = vec![
        secret.to_owned(),
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        joined(|byte| format!("%{byte:02X}"), ""),
        joined(|byte| format!("%{byte:02x}"), ""),
        joined(|byte| byte.to_string(), ", "),
        joined(|byte| format!("{byte:02x}"), ""),
        secret.escape_debug().to_string(),
    ];
    for engine in [STANDARD, URL_SAFE] {
        for before in 0..3 {
            let encoded = engine.encode([&vec![0; before][..], bytes].concat());
            // Without the letters that hold bits of what stands before it, and those that hold bits of what stands behind it.
            let (from, to) = ((before * 8).div_ceil(6), (before + bytes.len()) * 8 / 6);
            forms.push(encoded[from..to].to_owned());
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_secret_is_found() {
        let secret = "s3cr3t/p@ss word";
        let basic = STANDARD.encode(format!("a user:{secret}"));
        for text in [
            secret,
            "s3cr3t%2Fp%40ss%20word",
            &secret.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>(),
            &format!("{:?}", secret.as_bytes()),
            &basic,
            &STANDARD.encode(format!("{secret}:behind")),
            &URL_SAFE.encode(format!("1{secret}2")),
        ] {
            assert!(!leaks(&format!("a line with {text} in it"), secret).is_empty(), "{text}");
        }
        assert!(leaks("a line with s3cr3t/p@ss in it, and YSB1c2Vy", secret).is_empty());
    }
}
