//! A handler whose every step can be told apart: for each numbered event it sends one command that carries the number, then
//! saves that it is through with it.

use ari_client::{Call, CommandErrorKind, Method, path};

use super::{
    Handler, PANIC, SIGN, STEP, What,
    diary::Page,
    keeping::{self, State},
};
use crate::oracle::{is_last, number};

/// Serves a call up to the event that is marked as its last, then hangs up.
pub(super) async fn serve(handler: Handler, call: &Call, page: &Page) -> ari_client::Result {
    let ended = walk(handler, call, page).await;
    let why = match &ended {
        Ok(why) => (*why).to_owned(),
        Err(error) => format!("{:?}: {error}", error.kind()),
    };
    page.write(What::Ended { why });
    ended.map(drop)
}

async fn walk(handler: Handler, call: &Call, page: &Page) -> ari_client::Result<&'static str> {
    let resumed = keeping::resumed(call);
    page.write(What::Began { resumed: resumed.map(|state| state.next) });
    let mut state = resumed.unwrap_or(State { next: 1 });
    sign(call, page, 0).await?;
    let mut events = call.events();
    while let Some(event) = events.next().await {
        if event.kind() == "ProxyGap" {
            page.write(What::Gap { body: event.body().to_owned() });
        }
        let Some(n) = number(event.json()) else { continue };
        page.write(What::Handed { n });
        if n < state.next {
            // Handed again, which the judge sees; a program would pass it over.
            continue;
        }
        assert!(!(n == 3 && handler == Handler::Panics && call.args() == [PANIC]), "as the test wants it");
        if handler == Handler::Signs {
            sign(call, page, n).await?;
        }
        step(call, page, n).await?;
        if is_last(event.json()) {
            // Not saved before: whoever comes after a crash here must find the event that tells it to hang up.
            call.channel().hangup().await?;
            return Ok("as planned");
        }
        state.next = n + 1;
        if handler != Handler::Unsaved {
            match keeping::save(call, state).await {
                Ok(()) => page.write(What::Acked { n }),
                // The next save stands for this one too.
                Err(error) if is_of_the_moment(error.kind()) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok("no more events")
}

async fn step(call: &Call, page: &Page, n: u64) -> ari_client::Result {
    if !set(call, STEP, n.to_string()).await? {
        page.write(What::Unknown { n });
    }
    Ok(())
}

async fn sign(call: &Call, page: &Page, n: u64) -> ari_client::Result {
    set(call, SIGN, format!("{n}.{}.{}", page.worker(), page.term)).await.map(drop)
}

/// Sets a variable in Asterisk; false if nobody knows whether it was set: it is not tried again, or it might be set twice.
async fn set(call: &Call, variable: &str, value: String) -> ari_client::Result<bool> {
    let url = path(&["channels", call.channel().id(), "variable"]);
    let sent = call.command(Method::Post, url).query("variable", variable).query("value", value).await;
    match sent {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == CommandErrorKind::Timeout => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the call goes on all the same.
fn is_of_the_moment(kind: CommandErrorKind) -> bool {
    matches!(kind, CommandErrorKind::Timeout | CommandErrorKind::Unavailable)
}
