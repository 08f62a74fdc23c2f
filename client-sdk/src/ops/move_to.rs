//! Moving a channel to another application.

use serde_json::Value;

use super::{Channel, watch::Watch};
use crate::{CommandError, CommandErrorKind, Event, Method, Result, path};

impl Channel {
    /// Moves it to another application, with these arguments, and waits until it is there. From then on it is a new call, of the pool
    /// of that application: nothing of it comes here any more, and with its last channel this call ends.
    ///
    /// A channel that plays or records something is moved when that is over.
    ///
    /// # Errors
    /// See [`Channel`]. `Failed`, with Asterisk's reason, when the other application has no connection with Asterisk: then the channel stays
    /// here. `Gone` when it is hung up before it is there.
    pub async fn move_to<A: AsRef<str>>(
        &self,
        application: impl AsRef<str> + Send,
        args: impl IntoIterator<Item = A> + Send,
    ) -> Result {
        let args: Vec<String> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        let url = path(&["channels", self.id(), "move"]);
        let command = format!("POST {url}");
        // Asterisk takes them as one text.
        if let Some(arg) = args.iter().find(|arg| arg.contains(',')) {
            let text = format!("`args`: {arg:?} has a comma, which separates arguments");
            return Err(CommandError::new(CommandErrorKind::BadRequest, &command, text));
        }
        let watch = |kinds: &'static [&'static str]| {
            let wanted = self.id().to_owned();
            Watch::new(self.call().dialog().clone(), wanted.clone(), move |event| {
                kinds.contains(&event.kind()) && event.channel_id() == Some(&wanted)
            })
        };
        let told = watch(&["StasisEnd", "ApplicationMoveFailed", "ChannelDestroyed"]);
        let destroyed = watch(&["ChannelDestroyed"]);
        let mut request = self.call().command(Method::Post, url).query("app", application.as_ref());
        if !args.is_empty() {
            request = request.query("appArgs", args.join(","));
        }
        request.await?;
        let event = told.event(&command).await?;
        match event.kind() {
            "ApplicationMoveFailed" => Err(CommandError::new(
                CommandErrorKind::Failed,
                &command,
                failure(&event, application.as_ref()),
            )),
            // Of a channel that was hung up here more is told; of one that was hung up there nothing is.
            "StasisEnd" if self.is_there().await? || destroyed.event(&command).await.is_err() => Ok(()),
            _ => {
                let text = "the channel was hung up before it was moved";
                Err(CommandError::new(CommandErrorKind::Gone, &command, text))
            }
        }
    }

    /// Whether it lives: a StasisEnd may also be that of a channel that was hung up.
    async fn is_there(&self) -> Result<bool> {
        match self.call().command(Method::Get, path(&["channels", self.id()])).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == CommandErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// What an ApplicationMoveFailed says, for people.
fn failure(event: &Event, application: &str) -> String {
    let json = event.json();
    let destination = json["destination"].as_str().unwrap_or(application);
    let args = json["args"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let args = args.collect::<Vec<_>>().join(",");
    format!("Asterisk could not move it to {destination:?} ({args}): is that application connected?")
}
