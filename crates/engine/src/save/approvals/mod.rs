//! Approval processes: records are submitted, approved, rejected and recalled.
//!
//! What happens is kept in the platform's own objects: an instance for each submission, a node for each step that it comes to, a work
//! item for each approver who has not answered, a step for each answer. A record's history shows the last two together
//! (ProcessInstanceHistory). Which records are locked follows from the instances ([`lock`]).

mod approvers;
mod criteria;
pub(super) mod lock;
pub(super) mod reassign;
mod rows;
mod updates;

use super::derived::{Context, insert_as};
use super::write::update_row;
use crate::apex::{Session, roomy};
use crate::record::{self, Row};
use crate::{Failure, Identity};
use criteria::Asked;
use orglet_base::{ApiError, ErrorCode, Id, Value};
use orglet_schema::custom::part::{ApprovalProcessDef, IfCriteriaNotMet, Named, RejectBehavior, WhenMultipleApprovers};
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;
use rows::{History, Objects};
use std::sync::Arc;

pub(crate) use criteria::{check, compiled};

/// A record that is to be submitted.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The record.
    pub record: Id,
    /// Who submits it; without one the user of the request.
    pub submitter: Option<Id>,
    /// The process, by its name or id; without one the first that is for the record.
    pub process: Option<String>,
    /// The named process is taken whatever its entry criteria say.
    pub skip_entry_criteria: bool,
    /// Who is to approve, where the step leaves it to the submitter.
    pub next_approvers: Vec<Id>,
    /// What the submitter says.
    pub comments: Option<String>,
}

/// What is done with a work item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The approver agrees.
    Approve,
    /// The approver does not.
    Reject,
    /// The request is recalled.
    Remove,
}

impl Action {
    /// An action by the platform's word for it.
    pub fn parse(word: &str) -> Option<Self> {
        let is = |known: &str| word.eq_ignore_ascii_case(known);
        match () {
            () if is("Approve") => Some(Action::Approve),
            () if is("Reject") => Some(Action::Reject),
            () if is("Removed") => Some(Action::Remove),
            () => None,
        }
    }

    /// The status of the step that it makes.
    fn status(self) -> &'static str {
        match self {
            Action::Approve => "Approved",
            Action::Reject => "Rejected",
            Action::Remove => "Removed",
        }
    }
}

/// An answer to a request for approval.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The work item.
    pub workitem: Id,
    /// What is done with it.
    pub action: Action,
    /// Who is to approve next, where the next step leaves it to the approver.
    pub next_approvers: Vec<Id>,
    /// What the approver says.
    pub comments: Option<String>,
}

/// What became of a record.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Who is asked to approve now.
    pub actors: Vec<Id>,
    /// The record.
    pub record: Id,
    /// The ProcessInstance.
    pub instance: Id,
    /// Its status: `Pending`, `Approved`, `Rejected` or `Removed`.
    pub status: &'static str,
    /// The work items made.
    pub workitems: Vec<Id>,
}

/// Longest comment, in characters.
const MAX_COMMENT: usize = 4000;

/// Submits a record for approval.
///
/// # Errors
/// INVALID_CROSS_REFERENCE_KEY, ALREADY_IN_PROCESS, NO_APPLICABLE_PROCESS, what keeps the first step from being assigned, and what a
/// field update meets.
pub fn submit(identity: &Identity, it: &Submission) -> Result<Outcome, Failure> {
    commented(it.comments.as_deref())?;
    run(identity, &|tx, catalog, session| {
        let object = catalog.object_of(it.record).filter(|o| o.has_table() && identity.access.sees_object(o)).ok_or_else(no_record)?;
        let row = record::by_id_to_change(tx, &identity.org, object, it.record)?.filter(|row| !row.is_deleted(object));
        let row = row.ok_or_else(no_record)?;
        let submitter = submitter(tx, identity, it.submitter)?;
        let objects = Objects::of(catalog)?;
        let target = [("TargetObjectId", &Value::Id(it.record)), ("Status", &Value::from("Pending"))];
        if !record::find_with(tx, &identity.org, objects.instance, &target, 1)?.is_empty() {
            return Err(refuse(ErrorCode::AlreadyInProcess, "Cannot submit object already in process.", &[]));
        }
        let asked = Asked { identity, catalog, object, row: &row, user: submitter, now: identity.org.now().truncate_to_second() };
        let process = choose(tx, &asked, it)?;
        let instance = new_id(tx, identity, objects.instance)?;
        let mut flow = Flow { identity, catalog, objects, object, row, process: &process, instance, next: &it.next_approvers, session };
        flow.insert(
            tx,
            flow.objects.instance,
            instance,
            &[
                ("ProcessDefinitionId", process.id.map_or(Value::Null, Value::Id)),
                ("TargetObjectId", Value::Id(it.record)),
                ("Status", "Pending".into()),
                ("SubmittedById", Value::Id(submitter)),
            ],
        )?;
        let history =
            History { node: None, status: "Started", original: submitter, actor: submitter, comments: it.comments.as_deref(), since: None };
        flow.step(tx, &history)?;
        flow.act(tx, &process.initial_submission_actions)?;
        let before = approvers::before_first(tx, &flow, submitter)?;
        flow.walk(tx, 0, before)
    })
}

/// Answers a request for approval, or recalls it.
///
/// # Errors
/// INVALID_CROSS_REFERENCE_KEY where nothing waits under the id, INSUFFICIENT_ACCESS_OR_READONLY where it is for others, what keeps the
/// next step from being assigned, and what a field update meets.
pub fn decide(identity: &Identity, it: &Decision) -> Result<Outcome, Failure> {
    commented(it.comments.as_deref())?;
    run(identity, &|tx, catalog, session| {
        let objects = Objects::of(catalog)?;
        let org = &identity.org;
        let waits = catalog.object_of(it.workitem).filter(|o| o.name == objects.workitem.name).ok_or_else(no_record)?;
        let id_of = |object: &Object, row: &Row, field: &str| row.get(object, field).as_id().ok_or_else(no_record);
        // Two who answer at once both want the instance, and the first of them perhaps the item of the other: so the instance comes first,
        // and what is told of the item is what it is by then.
        let asked = record::by_id(tx, org, waits, it.workitem)?.ok_or_else(no_record)?;
        let instance = id_of(waits, &asked, "ProcessInstanceId")?;
        let known = record::by_id_to_change(tx, org, objects.instance, instance)?.ok_or_else(no_record)?;
        let item = record::by_id_to_change(tx, org, waits, it.workitem)?.filter(|row| !row.is_deleted(waits)).ok_or_else(no_record)?;
        let target = id_of(objects.instance, &known, "TargetObjectId")?;
        let object = catalog.object_of(target).filter(|o| o.has_table()).ok_or_else(no_record)?;
        let row = record::by_id_to_change(tx, org, object, target)?.filter(|row| !row.is_deleted(object)).ok_or_else(no_record)?;
        let defined = known.get(objects.instance, "ProcessDefinitionId").as_id();
        let processes = object.rules.iter().flat_map(|rules| &rules.approval_processes);
        let process = { processes }.find(|process| process.id == defined).ok_or_else(no_record)?.clone();
        let mut flow = Flow { identity, catalog, objects, object, row, process: &process, instance, next: &it.next_approvers, session };
        let (node, at) = flow.current(tx)?.ok_or_else(no_record)?;
        let actor = id_of(waits, &item, "ActorId")?;
        let original = id_of(waits, &item, "OriginalActorId")?;
        let submitted = known.get(flow.objects.instance, "SubmittedById").as_id();
        let may = match it.action {
            Action::Remove => process.allow_recall && submitted == Some(identity.user.id),
            _ => approvers::answers_for(tx, &flow, actor, process.approval_step[at].allow_delegate)?,
        };
        if !may && !lock::is_administrator(tx, org, catalog, identity)? {
            return Err(refuse(ErrorCode::InsufficientAccessOrReadonly, "insufficient access rights on object id", &[]));
        }
        let answer = Answer { action: it.action, comments: it.comments.as_deref(), item: it.workitem, original, node, at };
        flow.answer(tx, &answer)
    })
}

/// What is done in the transaction of an approval.
type Work<'a> = dyn Fn(&mut dyn Tx, &Catalog, &mut Session) -> Result<Outcome, Failure> + Sync + 'a;

/// Runs an approval in a transaction of its own. Field updates may run Apex and flows.
fn run(identity: &Identity, work: &Work<'_>) -> Result<Outcome, Failure> {
    let _place = identity.org.admit_save()?;
    identity.org.on_current(|catalog| {
        let within = || {
            let (outcome, session) = identity.org.transact_shared(|tx| {
                identity.org.still(tx, catalog)?;
                let mut session = Session::default();
                let outcome = work(tx, catalog, &mut session)?;
                Ok((outcome, session))
            })?;
            session.done(identity);
            Ok(outcome)
        };
        roomy(within)
    })
}

/// Who submits: administrators do so for others too.
fn submitter(tx: &mut dyn Tx, identity: &Identity, named: Option<Id>) -> Result<Id, Failure> {
    let own = identity.user.id;
    let Some(named) = named.filter(|named| *named != own) else { return Ok(own) };
    let catalog = identity.org.catalog();
    let users = catalog.object_of(named).filter(|o| o.name == "User").ok_or_else(no_record)?;
    let active = record::by_id(tx, &identity.org, users, named)?.is_some_and(|row| *row.get(users, "IsActive") == Value::Bool(true));
    if !active {
        return Err(no_record().into());
    }
    if !lock::is_administrator(tx, &identity.org, &catalog, identity)? {
        return Err(refuse(ErrorCode::InsufficientAccessOrReadonly, "insufficient access rights on object id", &[]));
    }
    Ok(named)
}

/// The process that a record is submitted to.
fn choose(tx: &mut dyn Tx, asked: &Asked<'_>, it: &Submission) -> Result<Arc<ApprovalProcessDef>, Failure> {
    let all = asked.object.rules.iter().flat_map(|rules| &rules.approval_processes);
    let active: Vec<&Arc<ApprovalProcessDef>> = all.filter(|process| process.active).collect();
    let wanted = it.process.as_deref();
    // A name of fifteen letters and digits looks like an id.
    let is_name = wanted.is_some_and(|name| active.iter().any(|process| process.full_name.eq_ignore_ascii_case(name)));
    let id = wanted.filter(|_| !is_name).and_then(|text| Id::parse(text).ok());
    if let Some(id) = id
        && !active.iter().any(|process| process.id == Some(id))
    {
        // An id of a process is one that no process has; a name is one that none bears.
        return Err(no_record().into());
    }
    let named = |process: &ApprovalProcessDef| match (wanted, id) {
        (None, _) => true,
        (_, Some(id)) => process.id == Some(id),
        (Some(name), None) => process.full_name.eq_ignore_ascii_case(name),
    };
    for process in active.into_iter().filter(|process| named(process)) {
        let skips = it.skip_entry_criteria && wanted.is_some();
        let is_for = skips || asked.holds(tx, process.entry_criteria.as_ref())?;
        if is_for && approvers::may_submit(tx, asked, process)? {
            return Ok(process.clone());
        }
    }
    Err(refuse(ErrorCode::NoApplicableProcess, "No applicable approval process was found.", &[]))
}

/// A submission on its way through the steps of its process.
struct Flow<'a> {
    identity: &'a Identity,
    catalog: &'a Catalog,
    objects: Objects<'a>,
    object: &'a Arc<Object>,
    /// The record as it is now.
    row: Row,
    process: &'a ApprovalProcessDef,
    instance: Id,
    /// Whom the request names to approve next.
    next: &'a [Id],
    session: &'a mut Session,
}

/// An answer to a work item.
struct Answer<'a> {
    action: Action,
    comments: Option<&'a str>,
    item: Id,
    original: Id,
    /// The node that waits, and the place of its step.
    node: Id,
    at: usize,
}

impl Flow<'_> {
    fn record(&self) -> Result<Id, Failure> {
        self.row.get(self.object, "Id").as_id().ok_or_else(|| no_record().into())
    }

    fn insert(&self, tx: &mut dyn Tx, object: &Object, id: Id, values: &[(&str, Value)]) -> Result<(), Failure> {
        let (identity, catalog) = (self.identity, self.catalog);
        let now = identity.org.now().truncate_to_second();
        insert_as(tx, &Context { org: &identity.org, catalog, identity, now, system: true }, &object.name, id, values)
    }

    fn change(&self, tx: &mut dyn Tx, object: &Object, id: Id, values: &[(&str, Value)]) -> Result<(), Failure> {
        let Some(old) = record::by_id_to_change(tx, &self.identity.org, object, id)? else { return Ok(()) };
        let mut row = old.clone();
        for (name, value) in values {
            row.set(object, name, value.clone());
        }
        for (name, value) in super::write::stamps(self.identity, self.identity.org.now().truncate_to_second()) {
            row.set(object, name, value);
        }
        update_row(tx, &self.identity.org, object, &old, &row)
    }

    /// Does what a list of actions says. Alerts are mail, which no org of this server delivers.
    fn act(&mut self, tx: &mut dyn Tx, actions: &[Named]) -> Result<(), Failure> {
        for action in actions.iter().filter(|action| action.kind == "FieldUpdate") {
            let name = action.name.as_deref().unwrap_or_default();
            let mut updates = self.object.rules.iter().flat_map(|rules| &rules.field_updates);
            let Some(update) = updates.find(|update| update.full_name.eq_ignore_ascii_case(name)) else { continue };
            self.row = updates::apply(tx, self, update)?;
        }
        Ok(())
    }

    /// Goes on from a step to the next one that is for the record. `before` is whom the field of users is looked up at.
    fn walk(&mut self, tx: &mut dyn Tx, from: usize, before: Option<Id>) -> Result<Outcome, Failure> {
        for (at, step) in self.process.approval_step.iter().enumerate().skip(from) {
            let (identity, catalog, object) = (self.identity, self.catalog, &**self.object);
            let now = identity.org.now().truncate_to_second();
            let asked = Asked { identity, catalog, object, row: &self.row, user: identity.user.id, now };
            if asked.holds(tx, step.entry_criteria.as_ref())? {
                let actors = approvers::of(tx, self, step, before)?;
                return self.assign(tx, at, actors);
            }
            match step.if_criteria_not_met.unwrap_or(IfCriteriaNotMet::ApproveRecord) {
                IfCriteriaNotMet::GotoNextStep => {}
                IfCriteriaNotMet::ApproveRecord => return self.end(tx, Action::Approve),
                IfCriteriaNotMet::RejectRecord => return self.end(tx, Action::Reject),
            }
        }
        self.end(tx, Action::Approve)
    }

    /// Asks approvers for a step.
    fn assign(&mut self, tx: &mut dyn Tx, at: usize, actors: Vec<Id>) -> Result<Outcome, Failure> {
        let step = &self.process.approval_step[at];
        let node = self.node_of(tx, &step.name)?;
        let id = new_id(tx, self.identity, self.objects.node)?;
        self.insert(
            tx,
            self.objects.node,
            id,
            &[
                ("ProcessInstanceId", Value::Id(self.instance)),
                ("ProcessNodeId", node.map_or(Value::Null, Value::Id)),
                ("NodeStatus", "Pending".into()),
                ("ProcessNodeName", step.label.as_str().into()),
            ],
        )?;
        let mut workitems = Vec::with_capacity(actors.len());
        for actor in &actors {
            workitems.push(self.workitem(tx, node, *actor)?);
        }
        Ok(Outcome { actors, record: self.record()?, instance: self.instance, status: "Pending", workitems })
    }

    /// Ends the process.
    fn end(&mut self, tx: &mut dyn Tx, action: Action) -> Result<Outcome, Failure> {
        let status = action.status();
        let since = self.created(tx, self.objects.instance, self.instance)?;
        let mut values = rows::elapsed(since, self.identity.org.now());
        values.push(("Status", status.into()));
        values.push(("LastActorId", Value::Id(self.identity.user.id)));
        values.push(("CompletedDate", Value::DateTime(self.identity.org.now().truncate_to_second())));
        self.change(tx, self.objects.instance, self.instance, &values)?;
        let process = self.process;
        self.act(
            tx,
            match action {
                Action::Approve => &process.final_approval_actions,
                Action::Reject => &process.final_rejection_actions,
                Action::Remove => &process.recall_actions,
            },
        )?;
        Ok(Outcome { actors: Vec::new(), record: self.record()?, instance: self.instance, status, workitems: Vec::new() })
    }

    fn answer(&mut self, tx: &mut dyn Tx, it: &Answer<'_>) -> Result<Outcome, Failure> {
        let node = self.process_node(tx, it.node)?;
        let since = self.created(tx, self.objects.workitem, it.item)?;
        let actor = self.identity.user.id;
        let status = it.action.status();
        self.take_workitems(tx, &[it.item])?;
        self.step(tx, &History { node, status, original: it.original, actor, comments: it.comments, since })?;
        let others = self.waiting(tx)?;
        let step = &self.process.approval_step[it.at];
        let goes_on = it.action == Action::Approve && step.when_multiple_approvers == WhenMultipleApprovers::Unanimous;
        if goes_on && !others.is_empty() {
            self.change(tx, self.objects.instance, self.instance, &[("LastActorId", Value::Id(actor))])?;
            let actors = others.iter().map(|(_, _, actor)| *actor).collect();
            return Ok(Outcome { actors, record: self.record()?, instance: self.instance, status: "Pending", workitems: Vec::new() });
        }
        // Those who were asked as well and have not answered.
        for (item, original, actor) in &others {
            let since = self.created(tx, self.objects.workitem, *item)?;
            let status = if it.action == Action::Remove { status } else { "NoResponse" };
            self.step(tx, &History { node, status, original: *original, actor: *actor, comments: None, since })?;
        }
        self.take_workitems(tx, &others.iter().map(|(item, ..)| *item).collect::<Vec<_>>())?;
        self.close_node(tx, it.node, status)?;
        match it.action {
            Action::Remove => self.end(tx, Action::Remove),
            Action::Approve => {
                self.act(tx, &step.approval_actions)?;
                self.change(tx, self.objects.instance, self.instance, &[("LastActorId", Value::Id(actor))])?;
                self.walk(tx, it.at + 1, Some(actor))
            }
            Action::Reject => {
                self.act(tx, &step.rejection_actions)?;
                let back = step.reject_behavior == Some(RejectBehavior::BackToPrevious);
                match if back { self.before(tx, it.at)? } else { None } {
                    Some((at, actors)) => {
                        self.change(tx, self.objects.instance, self.instance, &[("LastActorId", Value::Id(actor))])?;
                        self.assign(tx, at, actors)
                    }
                    None => self.end(tx, Action::Reject),
                }
            }
        }
    }
}

fn commented(comments: Option<&str>) -> Result<(), Failure> {
    match comments.filter(|text| text.chars().count() > MAX_COMMENT) {
        Some(text) => {
            let text = format!("Comments: data value too large: {text} (max length={MAX_COMMENT})");
            Err(refuse(ErrorCode::StringTooLong, text, &["Comments"]))
        }
        None => Ok(()),
    }
}

fn new_id(tx: &mut dyn Tx, identity: &Identity, object: &Object) -> Result<Id, Failure> {
    let Some(prefix) = object.key_prefix else { return Err(no_record().into()) };
    identity.org.new_id_within(tx, prefix)
}

/// INVALID_CROSS_REFERENCE_KEY.
fn no_record() -> ApiError {
    ApiError::new(ErrorCode::InvalidCrossReferenceKey, "invalid cross reference id").with_fields(Vec::<String>::new())
}

fn refuse(code: ErrorCode, text: impl Into<String>, fields: &[&str]) -> Failure {
    ApiError::new(code, text).with_fields(fields.iter().copied()).into()
}
