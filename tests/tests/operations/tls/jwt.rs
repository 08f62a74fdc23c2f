//! Accounts and users of a NATS that trusts an operator, as `nsc` makes them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use nkeys::KeyPair;
use serde_json::{Value, json};

/// Never expires.
pub(crate) const NEVER: i64 = 0;
/// Expired on 2001-09-09T01:46:40Z.
pub(crate) const EXPIRED: i64 = 1_000_000_000;

/// An account, and the operator that vouches for it.
pub(crate) struct Account {
    operator: KeyPair,
    account: KeyPair,
}

/// A user of it.
pub(crate) struct User {
    pub(crate) seed: String,
    pub(crate) jwt: String,
    /// The text of its credentials file.
    pub(crate) credentials: String,
}

impl Account {
    pub(crate) fn new() -> Self {
        Self { operator: KeyPair::new_operator(), account: KeyPair::new_account() }
    }

    /// What a server needs to know them.
    pub(crate) fn configuration(&self) -> String {
        let operator = json!({ "type": "operator", "version": 2 });
        let operator = signed(&self.operator, &self.operator.public_key(), NEVER, &operator);
        let limits = json!({
            "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1, "leaf": -1,
        });
        let account = json!({ "type": "account", "version": 2, "limits": limits });
        let name = self.account.public_key();
        let account = signed(&self.operator, &name, NEVER, &account);
        format!("operator: {operator}\nresolver: MEMORY\nresolver_preload: {{ {name}: {account} }}")
    }

    /// A user of the account, until then.
    pub(crate) fn user(&self, expires: i64) -> User {
        let user = KeyPair::new_user();
        let claims = json!({ "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1 });
        let (jwt, seed) = (signed(&self.account, &user.public_key(), expires, &claims), user.seed().unwrap());
        let credentials = format!(
            "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        );
        User { seed, jwt, credentials }
    }
}

fn signed(issuer: &KeyPair, subject: &str, expires: i64, claims: &Value) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let header = part(&json!({ "typ": "JWT", "alg": "ed25519-nkey" }));
    let mut body = json!({
        "jti": subject, "iat": 999_999_999, "iss": issuer.public_key(), "name": "test", "sub": subject, "nats": claims,
    });
    if expires != NEVER {
        body["exp"] = expires.into();
    }
    let text = format!("{header}.{}", part(&body));
    let signature = URL_SAFE_NO_PAD.encode(issuer.sign(text.as_bytes()).unwrap());
    format!("{text}.{signature}")
}
