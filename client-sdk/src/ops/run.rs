//! Carrying out the typed operations of [`ari`](crate::ari).

use std::time::Duration;

use ari_bus::protocol::ObjectKind;

use super::make;
use crate::{
    Call, CommandError, CommandErrorKind, Operation, OperationInfo, Parts, Response, Result, call::Id,
};

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
        O::answer(&Prepared::new(self, operation)?.send().await?)
    }
}

/// An operation with every id that it needs, about to be sent.
pub(crate) struct Prepared {
    call: Call,
    info: &'static OperationInfo,
    parts: Parts,
    made: Option<Made>,
    deadline: Option<Duration>,
}

impl Prepared {
    pub(super) fn new<O: Operation>(call: &Call, operation: O) -> Result<Self> {
        let info = O::INFO;
        let wrong = |problem: String| {
            let command = format!("{} {}", info.method.as_str(), info.path);
            CommandError::new(CommandErrorKind::BadRequest, &command, problem)
        };
        if info.websocket {
            return Err(wrong("the websocket of events is the proxy's".to_owned()));
        }
        let mut parts = operation.parts().map_err(|parameter| wrong(parameter.to_string()))?;
        let made = Made::by(call, info, &mut parts);
        Ok(Self { call: call.clone(), info, parts, made, deadline: None })
    }

    /// Waits this long for the answer, where something is said.
    pub(super) fn within(self, deadline: Option<Duration>) -> Self {
        Self { deadline, ..self }
    }

    pub(super) fn call(&self) -> &Call {
        &self.call
    }

    /// What it is called in errors.
    pub(super) fn command(&self) -> String {
        format!("{} {}", self.info.method.as_str(), self.parts.url())
    }

    /// A parameter of the path or the query.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.parts.text(name)
    }

    /// The id that what it makes for this call is to have.
    pub(super) fn id(&self) -> Option<&str> {
        self.made.as_ref().map(|made| made.id.as_str())
    }

    pub(super) async fn send(self) -> Result<Response> {
        let mut request = self.call.command(self.info.method, self.parts.url());
        if let Some(deadline) = self.deadline {
            request = request.timeout(deadline);
        }
        let (query, body) = self.parts.into_parameters(self.info.method);
        for (name, value) in query {
            request = request.query(name, value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        match self.made {
            Some(Made { kind, id, chosen }) => make(&self.call, kind, &id, request.making(chosen)).await,
            None => request.await,
        }
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
