//! A worker in a process of its own: `ARI_WORKER_…` as the SDK reads them, `test-worker HANDLER DIARY`.

use std::{path::Path, process::ExitCode};

use anyhow::{Context as _, bail};
use ari_client::{Call, Worker};
use ari_tests::{
    brokers::prepare_process,
    handlers::{Diary, Handler},
};

#[tokio::main]
async fn main() -> ExitCode {
    prepare_process();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("test-worker: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [handler, diary] = &arguments[..] else { bail!("not HANDLER DIARY: {arguments:?}") };
    let Some(handler) = Handler::named(handler) else { bail!("there is no handler {handler}") };
    let name = std::env::var("ARI_WORKER_NAME").context("ARI_WORKER_NAME")?;
    let diary = Diary::open(Path::new(diary), &name)?;
    let serve = move |call: Call| handler.serve(call, diary.clone());
    Worker::from_env().await?.run(serve).await?;
    Ok(())
}
