//! Carrying out the typed operations of [`ari`](crate::ari).

use ari_bus::protocol::ObjectKind;

use super::make;
use crate::{Call, CommandError, CommandErrorKind, Operation, OperationInfo, Parts, Result, call::Id};

impl Call {
    /// Carries out an operation of [`ari`](crate::ari).
    ///
    /// ```no_run
    /// # async fn example(call: ari_client::Call) -> ari_client::Result {
    /// use ari_client::ari::channels::Play;
    /// let playback = call.run(Play::new(&call.channel(), ["sound:hello-world"]).lang("en")).await?;
    /// println!("{} is {}", playback.id, playback.state);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Where it makes an object and leaves the id open, one is chosen: the same when a [resumed](Self::resumed) handler repeats
    /// it.
    ///
    /// # Errors
    /// Those of any command. `BadRequest` without a status, naming the parameter, for a value that no request can carry, and for
    /// the websocket of events.
    pub async fn run<O: Operation>(&self, operation: O) -> Result<O::Answer> {
        let info = O::INFO;
        let wrong = |problem: String| {
            let command = format!("{} {}", info.method.as_str(), info.path);
            CommandError::new(CommandErrorKind::BadRequest, &command, problem)
        };
        if info.websocket {
            return Err(wrong("the websocket of events is the proxy's".to_owned()));
        }
        let mut parts = operation.parts().map_err(|parameter| wrong(parameter.to_string()))?;
        let made = Made::by(self, info, &mut parts);
        let mut request = self.command(info.method, parts.url());
        let (query, body) = parts.into_parameters();
        for (name, value) in query {
            request = request.query(name, value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = match made {
            Some(Made { kind, id, chosen }) => make(self, kind, &id, request.making(chosen)).await?,
            None => request.await?,
        };
        O::answer(&response)
    }
}

/// The object that an operation makes for the call.
struct Made {
    kind: ObjectKind,
    id: String,
    /// Where the operation left it open.
    chosen: Option<Id>,
}

impl Made {
    fn by(call: &Call, info: &OperationInfo, parts: &mut Parts) -> Option<Self> {
        let makes = info.makes?;
        // A channel that enters another application, or the dialplan, is not this call's.
        if makes.kind == ObjectKind::Channel && parts.text("app") != Some(call.application()) {
            return None;
        }
        if let Some(id) = parts.text(makes.parameter) {
            return Some(Self { kind: makes.kind, id: id.to_owned(), chosen: None });
        }
        let chosen = call.dialog().ids.object(name(makes.kind), &parts.content());
        let id = chosen.as_str().to_owned();
        parts.query(makes.parameter, Some(id.as_str()));
        Some(Self { kind: makes.kind, id, chosen: Some(chosen) })
    }
}

fn name(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Channel => "channel",
        ObjectKind::Bridge => "bridge",
        ObjectKind::Playback => "playback",
        ObjectKind::Recording => "recording",
    }
}
