//! Getting a description: from a running Asterisk, or from a folder with the files that one serves.

use std::{fs, path::PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::{Description, Error, Result};

/// Where a description is.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Source {
    /// A running Asterisk.
    Asterisk {
        /// The root of its HTTP server, such as `http://127.0.0.1:8088`.
        url: String,
        /// An ARI user.
        user: String,
        /// The user's password.
        password: String,
    },
    /// A folder with `resources.json` and the files that it names.
    Folder {
        /// Which.
        path: PathBuf,
        /// The version of the Asterisk that they are of.
        version: String,
    },
}

/// `resources.json`.
#[derive(Deserialize)]
struct Listing {
    apis: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    path: String,
}

#[derive(Deserialize)]
struct Info {
    system: System,
}

#[derive(Deserialize)]
struct System {
    version: String,
}

impl Source {
    /// Reads all of it.
    ///
    /// # Errors
    /// When a part of it cannot be had, or is not as it should be.
    pub async fn describe(&self) -> Result<Description> {
        let version = match self {
            Self::Folder { version, .. } => version.clone(),
            Self::Asterisk { .. } => {
                let info: Info = parsed("asterisk/info", self.get("asterisk/info").await?)?;
                plain_version(&info.system.version)
            }
        };
        let listing: Listing = parsed("resources", self.get("api-docs/resources.json").await?)?;
        let mut files = Vec::new();
        for Listed { path } in listing.apis {
            let name = path.trim_start_matches("/api-docs/").trim_end_matches(".{format}").to_owned();
            let json = self.get(&format!("api-docs/{name}.json")).await?;
            files.push((name, json));
        }
        Description::read(&version, &files)
    }

    async fn get(&self, path: &str) -> Result<Value> {
        match self {
            Self::Asterisk { url, user, password } => {
                let url = format!("{}/ari/{path}", url.trim_end_matches('/'));
                let problem = |error: reqwest::Error| Error::Asterisk {
                    url: url.clone(),
                    problem: error.without_url().to_string(),
                };
                // A second call is refused, and changes nothing.
                let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
                let client = reqwest::Client::builder().no_proxy().build().map_err(problem)?;
                let answer = client.get(&url).basic_auth(user, Some(password)).send().await;
                let answer = answer.and_then(reqwest::Response::error_for_status).map_err(problem)?;
                answer.json().await.map_err(problem)
            }
            Self::Folder { path: folder, .. } => {
                let file = path.rsplit('/').next().unwrap_or(path);
                let path = folder.join(file);
                let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
                serde_json::from_str(&text).map_err(|error| Error::description(file, error))
            }
        }
    }
}

fn parsed<T: serde::de::DeserializeOwned>(what: &str, json: Value) -> Result<T> {
    serde_json::from_value(json).map_err(|error| Error::description(what, error))
}

/// A version without what a distribution adds to it.
#[must_use]
pub fn plain_version(text: &str) -> String {
    let end = text.find(|character: char| !character.is_ascii_digit() && character != '.');
    text[..end.unwrap_or(text.len())].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distributions_version_is_asterisks() {
        let versions = ["22.10.1~dfsg+~cs6.15", "22.10.1", "GIT-master", "23.0.0-rc1"].map(plain_version);
        assert_eq!(versions, ["22.10.1", "22.10.1", "", "23.0.0"]);
    }

    #[tokio::test]
    async fn a_folder_has_the_files_that_the_listing_names() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        put("resources.json", r#"{"apis":[{"path":"/api-docs/plants.{format}"}]}"#);
        let source = Source::Folder { path: folder.path().to_owned(), version: "1".to_owned() };
        assert!(matches!(source.describe().await, Err(Error::File { .. })));
        put("plants.json", r#"{"apis":[]}"#);
        let description = source.describe().await.unwrap();
        assert_eq!((description.version.as_str(), description.resources[0].name.as_str()), ("1", "plants"));
    }
}
