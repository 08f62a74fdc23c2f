//! Who we are to a NATS server: what is shown when it asks, and what to do when it refuses that.

use std::sync::Arc;

use async_nats::{Auth, AuthError};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use nkeys::{KeyPair, KeyPairType};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{BusError, BusErrorKind, security};

/// What is shown to a server.
#[derive(Clone)]
pub(super) enum Login {
    Nothing,
    Password {
        user: String,
        password: SecretString,
    },
    Token(SecretString),
    /// The server makes up something, which the key signs.
    Nkey(Arc<KeyPair>),
    /// The same, with what an account says of the key.
    Jwt {
        jwt: SecretString,
        key: Arc<KeyPair>,
        expires: Option<OffsetDateTime>,
    },
}

impl Login {
    /// What is configured beside the URL; nothing where the URL alone says.
    pub(super) fn configured(login: &security::Login) -> Result<Self, BusError> {
        Ok(match login {
            security::Login::InUrl => Self::Nothing,
            security::Login::Password { user, password } => {
                Self::Password { user: user.clone(), password: password.clone() }
            }
            security::Login::Token(token) => Self::Token(token.clone()),
            security::Login::Nkey(seed) => {
                Self::Nkey(Arc::new(user_key("login.nkey", seed.expose_secret())?))
            }
            security::Login::Credentials(text) => Self::of_credentials(text.expose_secret())?,
            security::Login::Certificate => {
                let text = "login.external: is RabbitMQ's; a NATS that maps certificates to users needs tls.cert and tls.key alone";
                return Err(invalid(text));
            }
        })
    }

    fn of_credentials(text: &str) -> Result<Self, BusError> {
        let parts =
            "login.credentials: this is no credentials file: it must hold a USER JWT and a USER NKEY SEED";
        let jwt = block(text, "USER JWT").ok_or_else(|| invalid(parts))?;
        let seed = block(text, "USER NKEY SEED").ok_or_else(|| invalid(parts))?;
        let key = Arc::new(user_key("login.credentials", seed)?);
        let expires =
            expiry(jwt).ok_or_else(|| invalid("login.credentials: the JWT in it cannot be read"))?;
        Ok(Self::Jwt { jwt: jwt.into(), key, expires: expires.0 })
    }

    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    /// The answer to a server that made up `nonce`.
    pub(super) fn answer(&self, nonce: &[u8]) -> Result<Auth, AuthError> {
        let mut auth = Auth::new();
        match self {
            Self::Nothing => {}
            Self::Password { user, password } => {
                auth.username = Some(user.clone());
                auth.password = Some(password.expose_secret().to_owned());
            }
            Self::Token(token) => auth.token = Some(token.expose_secret().to_owned()),
            Self::Nkey(key) => {
                auth.nkey = Some(key.public_key());
                auth.signature = Some(key.sign(nonce).map_err(AuthError::new)?);
            }
            Self::Jwt { jwt, key, .. } => {
                auth.jwt = Some(jwt.expose_secret().to_owned());
                auth.signature = Some(key.sign(nonce).map_err(AuthError::new)?);
            }
        }
        Ok(auth)
    }

    /// What to do when the server refuses it.
    pub(super) fn refused(&self) -> String {
        match self {
            Self::Nothing => {
                "it wants a login: put user and password, token, nkey or credentials into login, or a user and password into the URL"
                    .to_owned()
            }
            Self::Password { user, .. } => {
                format!("it refuses the user {user:?} with this password: compare both with its configuration")
            }
            Self::Token(_) => "it refuses this token: compare it with its configuration".to_owned(),
            Self::Nkey(key) => {
                format!("it refuses this nkey: let it have a user with the nkey {}", key.public_key())
            }
            Self::Jwt { key, expires, .. } => match expires.filter(|expires| *expires <= OffsetDateTime::now_utc()) {
                Some(expires) => {
                    let when = expires.format(&Rfc3339).unwrap_or_default();
                    format!("these credentials have expired, at {when}: make new ones, and start this process anew")
                }
                None => format!(
                    "it refuses these credentials: the user {} is revoked, or of an account that this server does not know",
                    key.public_key()
                ),
            },
        }
    }
}

/// The key pair of a user's seed.
fn user_key(name: &str, seed: &str) -> Result<KeyPair, BusError> {
    // The library's error does not hold the seed; still no word of it is repeated.
    match KeyPair::from_seed(seed.trim()) {
        Ok(pair) if pair.key_pair_type() == KeyPairType::User => Ok(pair),
        _ => Err(invalid(&format!("{name}: this is no seed of a user's nkey; one begins with SU"))),
    }
}

/// What stands between the lines that begin and end a part of a credentials file.
fn block<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let is_mark =
        |line: &str, word: &str| line.starts_with("---") && line.contains(word) && line.contains(name);
    let mut lines = text.lines().map(str::trim).skip_while(|line| !is_mark(line, "BEGIN")).skip(1);
    let content = lines.find(|line| !line.is_empty())?;
    let closed = lines.any(|line| is_mark(line, "END"));
    (closed && !content.starts_with("---")).then_some(content)
}

/// When a JWT expires.
struct Expires(Option<OffsetDateTime>);

fn expiry(jwt: &str) -> Option<Expires> {
    #[derive(Deserialize)]
    struct Claims {
        #[serde(default)]
        exp: i64,
    }
    let claims = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?;
    let Claims { exp } = serde_json::from_slice(&claims).ok()?;
    let at = OffsetDateTime::from_unix_timestamp(exp).ok()?;
    // Absent, or 0, is never.
    Some(Expires((exp != 0).then_some(at)))
}

fn invalid(text: &str) -> BusError {
    BusError::new(BusErrorKind::Invalid, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(claims: &str, seed: &str) -> String {
        let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let jwt = format!("{}.{}.{}", part("{}"), part(claims), part("signature"));
        format!(
            "-----BEGIN NATS USER JWT-----\r\n{jwt}\r\n------END NATS USER JWT------\r\n\r\n*** IMPORTANT ***\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        )
    }

    fn configured(login: &security::Login) -> Result<Login, String> {
        Login::configured(login).map_err(|error| error.to_string())
    }

    #[test]
    fn credentials_are_read_and_their_expiry_is_told() {
        let seed = KeyPair::new_user().seed().unwrap();
        let read =
            |claims| configured(&security::Login::Credentials(credentials(claims, &seed).into())).unwrap();
        for (claims, told) in [
            ("{}", "is revoked"),
            (r#"{"exp": 0}"#, "is revoked"),
            (r#"{"exp": 4000000000}"#, "is revoked"),
            (r#"{"exp": 1000000000}"#, "have expired, at 2001-09-09T01:46:40Z"),
        ] {
            let login = read(claims);
            assert!(login.refused().contains(told), "{claims}: {}", login.refused());
            let auth = login.answer(b"nonce").unwrap();
            assert!(auth.jwt.is_some() && auth.signature.is_some() && auth.nkey.is_none());
        }
    }

    #[test]
    fn what_is_no_key_is_told_without_it() {
        let account = KeyPair::new_account().seed().unwrap();
        let user = KeyPair::new_user().seed().unwrap();
        for login in [
            security::Login::Nkey("s3cret".into()),
            security::Login::Nkey(account.clone().into()),
            security::Login::Credentials("s3cret".into()),
            security::Login::Credentials(credentials("s3cret", &user).into()),
            security::Login::Credentials(credentials("{}", "s3cret").into()),
            security::Login::Credentials(credentials("{}", &user).replace("END NATS", "s3cret").into()),
        ] {
            let error = configured(&login).map(|_| ()).unwrap_err();
            assert!(error.starts_with("login."), "{error}");
            assert!(
                !error.contains("s3cret") && !error.contains(&account) && !error.contains(&user),
                "{error}"
            );
        }
    }

    #[test]
    fn a_key_signs_what_the_server_made_up() {
        let pair = KeyPair::new_user();
        let login = configured(&security::Login::Nkey(format!("{}\n", pair.seed().unwrap()).into())).unwrap();
        let auth = login.answer(b"nonce").unwrap();
        assert_eq!(auth.nkey, Some(pair.public_key()));
        pair.verify(b"nonce", &auth.signature.unwrap()).unwrap();
    }
}
