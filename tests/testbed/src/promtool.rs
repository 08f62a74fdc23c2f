//! Prometheus' own judgement of what a program tells it.

use std::io::{self, Write as _};
use std::process::Stdio;

use crate::process::InRoot;
use crate::root::{Release, Root};
use crate::{Error, Result};

/// Lets `promtool check metrics` read a text as Prometheus would, and returns what it finds wrong: nothing, if all is well.
pub async fn check_metrics(text: String) -> Result<String> {
    let root = Root::shared(Release::default()).await?;
    let check = move || {
        let mut command = InRoot::new(["promtool", "check", "metrics"]).tool(root.path());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(text.as_bytes())?;
        }
        child.wait_with_output()
    };
    let output = tokio::task::spawn_blocking(check).await.map_err(io::Error::other).flatten();
    let output = output.map_err(Error::system("run promtool"))?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    Ok(if said.is_empty() && !output.status.success() { output.status.to_string() } else { said })
}
