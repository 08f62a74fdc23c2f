//! From the parts of a handover to dialogs that go on.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64},
    },
    time::Duration,
};

use ari_bus::protocol::Names;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    super::{
        Context, Dialog, Mail,
        delivery::Delivery,
        life::{self, Beginning, Serving, Step, Waiting},
        offers::Offer,
        order::Order,
        owner::{Holding, Owner},
        parting::Parting,
        recorded::Recorded,
        registry::Handed,
        restart,
        terms::Terms,
    },
    form::{DialogForm, EventForm, JobForm, MailForm, Part, RecordedForm, Stage},
};
use crate::limits::{COMMAND_GAP, MAIL_PER_DIALOG};

/// A dialog of which everything is there.
#[derive(Debug)]
pub(super) struct Draft {
    form: Box<DialogForm>,
    events: Vec<EventForm>,
    recorded: Vec<RecordedForm>,
    jobs: Vec<JobForm>,
    mail: Vec<MailForm>,
}

impl Draft {
    /// Puts the parts together.
    ///
    /// # Errors
    /// They do not fit together.
    pub(super) fn read(parts: Vec<Part>) -> Result<Vec<Self>, String> {
        let mut drafts: Vec<Self> = Vec::new();
        for part in parts {
            let (root, part) = match part {
                Part::Dialog(form) => {
                    let (events, recorded, jobs, mail) = Default::default();
                    drafts.push(Self { form, events, recorded, jobs, mail });
                    continue;
                }
                Part::Event { ref root, .. }
                | Part::Recorded { ref root, .. }
                | Part::Job { ref root, .. } => (Some(root.clone()), part),
                Part::Mail(_) => (None, part),
            };
            // Each dialog's follow it.
            let draft = drafts.last_mut().filter(|draft| root.is_none_or(|root| root == draft.form.root));
            let draft = draft.ok_or("a part belongs to no dialog")?;
            match part {
                Part::Event { event, .. } => draft.events.push(event),
                Part::Recorded { entry, .. } => draft.recorded.push(entry),
                Part::Job { job, .. } => draft.jobs.push(job),
                Part::Mail(mail) => draft.mail.push(mail),
                Part::Dialog(_) => {}
            }
        }
        match drafts.iter().find(|draft| !Delivery::fits(&draft.form.delivery, draft.events.len())) {
            Some(draft) => Err(format!("the events of {} contradict each other", draft.form.root)),
            None => Ok(drafts),
        }
    }

    /// The topics of version 1 that the broker keeps for it.
    pub(super) fn topics(&self, names: &Names) -> Vec<String> {
        let mut topics = Vec::new();
        for term in self.form.terms.terms.iter().filter(|term| term.kept) {
            topics.push(names.commands(&term.dialog_id));
            if term.version_1 {
                topics.extend([names.events(&term.dialog_id), names.responses(&term.dialog_id)]);
            }
        }
        topics
    }
}

/// A dialog that is ready to live.
struct Ready {
    dialog: Arc<Dialog>,
    mail: mpsc::Receiver<Mail>,
    terms: Terms,
    stage: Stage,
    jobs: Vec<JobForm>,
    unread: Vec<MailForm>,
    owner: Option<Arc<Owner>>,
}

/// Makes the dialogs anew and lets them go on, with what was sent to them meanwhile and with the events that were held.
pub(super) fn adopt(context: &Arc<Context>, drafts: Vec<Draft>, mail: Vec<MailForm>) {
    let mut objects = Vec::new();
    let mut ready: HashMap<String, Ready> = HashMap::new();
    for Draft { form, events, recorded, jobs, mail: unread } in drafts {
        let DialogForm {
            root, application, channel, start, saved, valid, terms, owner, stage, delivery, ..
        } = *form;
        objects.push((root.clone(), form.objects));
        let delivery = Delivery::take_over(delivery, events, context.budget.clone());
        let owner = owner.map(|form| Arc::new(Owner::take_over(context, form)));
        let (mailbox, mail) = mpsc::channel(MAIL_PER_DIALOG);
        let guard = context.guard(&application);
        let dialog = Arc::new(Dialog {
            root: root.clone(),
            application,
            born: Instant::now(),
            first: OnceLock::new(),
            delivery,
            parting: Parting::default(),
            recorded: Mutex::new(Recorded::take_over(recorded, context.clock.now())),
            saved: Mutex::new(saved),
            owner: Mutex::new(owner.clone()),
            valid: AtomicU64::new(valid),
            mail: mailbox,
            channels: watch::Sender::new(0),
            guard,
            turns: OnceLock::new(),
            owned: AtomicBool::new(false),
        });
        if let (Some(channel), Some(start)) = (channel, start) {
            dialog.has_first(&channel, start.into());
        }
        let terms = Terms::take_over(terms);
        ready.insert(root, Ready { dialog, mail, terms, stage, jobs, unread, owner });
    }
    // From here on no event is routed before all of it is there.
    let mut settling = context.settling();
    for (root, objects) in objects {
        let before = |root: Option<String>| Some(Arc::clone(&ready.get(&root?)?.dialog));
        let handed = objects.into_iter().map(|form| Handed {
            object: form.object,
            presence: form.presence,
            found: form.found,
            before: before(form.before),
        });
        let handed = handed.collect();
        if let Some(Ready { dialog, terms, .. }) = ready.get(&root) {
            context.registry().take_over(dialog, handed);
            for (term, dialog_id) in terms.all().filter(|(term, _)| terms.is_open(*term)) {
                context.offers().add(dialog_id, Offer { dialog: Arc::clone(dialog), term });
            }
            context.dialogs().insert(root, Arc::clone(dialog));
        }
    }
    for mail in ready.values_mut().flat_map(|ready| std::mem::take(&mut ready.unread)).chain(mail) {
        let offer = context.offers().get(&mail.offer);
        if let Some(Offer { dialog, term }) = offer {
            // There is room for as many as there were.
            let _ = dialog.mail.try_send(Mail { term, version_1: mail.version_1, payload: mail.payload.0 });
        }
    }
    for ready in ready.into_values() {
        begin(context, ready);
    }
    restart::end(context, &mut settling);
}

fn begin(context: &Arc<Context>, Ready { dialog, mail, terms, stage, jobs, owner, .. }: Ready) {
    let now = context.clock.now();
    let waiting = jobs.into_iter().filter_map(|JobForm { by, unique_id, task, waited }| {
        let owner = match &owner {
            Some(owner) if owner.term == by.term => Arc::clone(owner),
            _ => Arc::new(Owner::take_over(context, by)),
        };
        let arrived = Instant::now().checked_sub(Duration::from_millis(waited)).unwrap_or_else(Instant::now);
        Some(Waiting { owner, unique_id, task: task.try_into().ok()?, arrived })
    });
    let waiting = waiting.collect();
    let step = match (stage, &owner) {
        (Stage::Owned { next, early }, Some(owner)) => {
            let early = early.into_iter().filter_map(|(number, wish)| Some((number, wish.try_into().ok()?)));
            let order = Order::take_over(next, early, now + COMMAND_GAP);
            let holding = Holding::new(Arc::clone(owner), &dialog);
            Step::Serve(Serving { holding, order, first: None, known: true })
        }
        (Stage::Offered { resumes: false }, _) => Step::Offer(None),
        (Stage::Owned { .. } | Stage::Offered { .. }, _) => Step::Offer(Some(now)),
    };
    let beginning = Beginning::HandedOver(terms, step, waiting);
    context.spawn(life::run(Arc::clone(context), dialog, mail, beginning));
}
