//! What there is of one dialog, in parts, for another process.

use std::sync::Arc;

use super::{
    super::{Context, Dialog, Mail, offers::uuid_of, terms::Terms},
    form::{Binary, BindingForm, DialogForm, JobForm, MailForm, Part, Stage},
};

/// Tells everything of a dialog that stands still.
pub(in super::super) fn hand_over(
    context: &Context,
    dialog: &Arc<Dialog>,
    terms: &Terms,
    stage: Stage,
    jobs: Vec<JobForm>,
    mail: &[Mail],
) -> Vec<Part> {
    let root = || dialog.root.clone();
    dialog.let_all_go(context);
    let (delivery, events) = dialog.delivery.hand_over();
    let last = dialog.owner().clone();
    let objects = context.registry().hand_over(dialog).into_iter().map(|handed| BindingForm {
        object: handed.object,
        presence: handed.presence,
        found: handed.found,
        before: handed.before.map(|before| before.root.clone()),
    });
    let form = DialogForm {
        root: root(),
        application: dialog.application.clone(),
        channel: dialog.channel().map(str::to_owned),
        start: dialog.start().map(|start| start.as_str().to_owned()),
        saved: dialog.saved().clone(),
        valid: dialog.valid.load(std::sync::atomic::Ordering::Relaxed),
        terms: terms.hand_over(),
        owner: last.map(|owner| owner.hand_over()),
        stage,
        delivery,
        objects: objects.collect(),
    };
    let events = events.into_iter().map(|event| Part::Event { root: root(), event });
    let recorded = dialog.recorded().hand_over();
    let recorded = recorded.into_iter().map(|entry| Part::Recorded { root: root(), entry });
    let jobs = jobs.into_iter().map(|job| Part::Job { root: root(), job });
    let mail = mail.iter().filter_map(|mail| {
        let offer = uuid_of(terms.dialog_id(mail.term)?).to_owned();
        let payload = Binary(mail.payload.clone());
        Some(Part::Mail(MailForm { offer, version_1: mail.version_1, payload }))
    });
    let parts = std::iter::once(Part::Dialog(Box::new(form)));
    parts.chain(events).chain(recorded).chain(jobs).chain(mail).collect()
}
