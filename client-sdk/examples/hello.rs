//! Answers each call, plays a greeting to its end and hangs up.
//!
//! ```sh
//! cargo run -p ari-client --example hello
//! ```

use ari_client::{Call, Worker};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    Worker::from_env()
        .await?
        .default_application("hello")
        .run(|call: Call| async move {
            let channel = call.channel();
            channel.answer().await?;
            channel.play("sound:hello-world").await?.finished().await?;
            channel.hangup().await
        })
        .await?;
    Ok(())
}
