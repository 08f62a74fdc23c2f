//! `ari-generator`: writes `client-sdk/src/ari` from what an Asterisk says of its ARI.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use ari_generator::{Difference, FACTS, Facts, Source, Words, write};
use clap::Parser;

/// Writes the typed part of ari-client from the description that an Asterisk serves of its ARI.
///
/// It prints what was added, removed or retyped since it was written last.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The root of Asterisk's HTTP server, such as http://127.0.0.1:8088, or a folder with the files that it serves.
    #[arg(long, value_name = "URL|FOLDER")]
    from: String,
    /// An ARI user.
    #[arg(long, default_value = "ari")]
    user: String,
    /// The file that holds the user's password.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The version of the Asterisk, which a folder does not tell.
    #[arg(long, value_name = "VERSION")]
    asterisk_version: Option<String>,
    /// The folder to write into.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Writes neutral words for what the folder `words` has none for.
    #[arg(long)]
    allow_unknown: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ari-generator: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let description = source(&arguments)?.describe().await?;
    let files = write(&description, &Words::ours()?, arguments.allow_unknown)?;
    let out = &arguments.out;
    let before = fs::read_to_string(out.join(FACTS)).unwrap_or_default();
    print!("{}", Difference::between(&Facts::read(&before), &description.facts()));
    for (path, text) in &files {
        let path = out.join(path);
        let folder = path.parent().unwrap_or(out);
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    println!("Asterisk {}: {} files in {}", description.version, files.len(), out.display());
    Ok(())
}

fn source(arguments: &Arguments) -> anyhow::Result<Source> {
    if !arguments.from.starts_with("http") {
        let version = arguments.asterisk_version.clone();
        let version = version.context("a folder does not tell its version: --asterisk-version")?;
        return Ok(Source::Folder { path: PathBuf::from(&arguments.from), version });
    }
    let file = arguments.password_file.as_ref().context("an Asterisk wants a password: --password-file")?;
    let password = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let (url, user) = (arguments.from.clone(), arguments.user.clone());
    Ok(Source::Asterisk { url, user, password: password.trim_end().to_owned() })
}
