//! The rows that approval processes keep.

use super::{Flow, no_record};
use crate::record;
use crate::save::take_platform_rows;
use crate::{Failure, Identity};
use orglet_base::{DateTime, Id, Value};
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;
use rust_decimal::Decimal;

/// The objects that they are of.
#[derive(Clone, Copy)]
pub(super) struct Objects<'a> {
    pub(super) instance: &'a Object,
    pub(super) node: &'a Object,
    pub(super) step: &'a Object,
    pub(super) workitem: &'a Object,
    history: &'a Object,
    definition_node: &'a Object,
}

impl<'a> Objects<'a> {
    pub(super) fn of(catalog: &'a Catalog) -> Result<Self, Failure> {
        let object = |name: &str| catalog.object(name).map(|o| &**o).ok_or_else(no_record);
        Ok(Self {
            instance: object("ProcessInstance")?,
            node: object("ProcessInstanceNode")?,
            step: object("ProcessInstanceStep")?,
            workitem: object("ProcessInstanceWorkitem")?,
            history: object("ProcessInstanceHistory")?,
            definition_node: object("ProcessNode")?,
        })
    }
}

/// An answer that is written down.
pub(super) struct History<'a> {
    /// The ProcessNode of the step that it is for.
    pub(super) node: Option<Id>,
    pub(super) status: &'static str,
    pub(super) original: Id,
    pub(super) actor: Id,
    pub(super) comments: Option<&'a str>,
    /// Since when it was waited for.
    pub(super) since: Option<DateTime>,
}

/// The three figures of how long something took.
pub(super) fn elapsed(since: Option<DateTime>, now: DateTime) -> Vec<(&'static str, Value)> {
    let Some(since) = since else { return Vec::new() };
    let millis = Decimal::from((now.0 - since.0).max(0));
    let in_units = |name, unit: i64, digits| (name, Value::Decimal((millis / Decimal::from(unit)).round_dp(digits)));
    vec![
        in_units("ElapsedTimeInDays", 86_400_000, 3),
        in_units("ElapsedTimeInHours", 3_600_000, 2),
        in_units("ElapsedTimeInMinutes", 60_000, 0),
    ]
}

fn new_id(tx: &mut dyn Tx, identity: &Identity, object: &Object) -> Result<Id, Failure> {
    super::new_id(tx, identity, object)
}

impl Flow<'_> {
    /// When a row was made.
    pub(super) fn created(&self, tx: &mut dyn Tx, object: &Object, id: Id) -> Result<Option<DateTime>, Failure> {
        let row = record::by_id(tx, &self.identity.org, object, id)?;
        Ok(row.and_then(|row| if let Value::DateTime(at) = row.get(object, "CreatedDate") { Some(*at) } else { None }))
    }

    /// Writes down an answer.
    pub(super) fn step(&self, tx: &mut dyn Tx, it: &History<'_>) -> Result<(), Failure> {
        let id = new_id(tx, self.identity, self.objects.step)?;
        let comments = it.comments.filter(|text| !text.is_empty()).map_or(Value::Null, Value::from);
        let node = it.node.map_or(Value::Null, Value::Id);
        let mut values = elapsed(Some(it.since.unwrap_or(self.identity.org.now())), self.identity.org.now());
        values.extend([
            ("ProcessInstanceId", Value::Id(self.instance)),
            ("StepStatus", it.status.into()),
            ("OriginalActorId", Value::Id(it.original)),
            ("ActorId", Value::Id(it.actor)),
            ("Comments", comments),
        ]);
        let mut shown = values.clone();
        values.push(("StepNodeId", node.clone()));
        self.insert(tx, self.objects.step, id, &values)?;
        shown.extend([
            ("ProcessNodeId", node),
            ("IsPending", false.into()),
            ("RemindersSent", Value::Int(0)),
            ("TargetObjectId", Value::Id(self.record()?)),
        ]);
        self.insert(tx, self.objects.history, id, &shown)
    }

    /// Asks somebody.
    pub(super) fn workitem(&self, tx: &mut dyn Tx, node: Option<Id>, actor: Id) -> Result<Id, Failure> {
        let id = new_id(tx, self.identity, self.objects.workitem)?;
        let mut values =
            vec![("ProcessInstanceId", Value::Id(self.instance)), ("OriginalActorId", Value::Id(actor)), ("ActorId", Value::Id(actor))];
        self.insert(tx, self.objects.workitem, id, &values)?;
        values.extend([
            ("ProcessNodeId", node.map_or(Value::Null, Value::Id)),
            ("StepStatus", "Pending".into()),
            ("IsPending", true.into()),
            ("RemindersSent", Value::Int(0)),
            ("TargetObjectId", Value::Id(self.record()?)),
        ]);
        self.insert(tx, self.objects.history, id, &values)?;
        Ok(id)
    }

    /// Takes work items away that are answered.
    pub(super) fn take_workitems(&self, tx: &mut dyn Tx, ids: &[Id]) -> Result<(), Failure> {
        if ids.is_empty() {
            return Ok(());
        }
        take_platform_rows(tx, &self.identity.org, self.objects.workitem, ids)?;
        take_platform_rows(tx, &self.identity.org, self.objects.history, ids)
    }

    /// The work items that are not answered: id, whom they were made for, whose they are.
    pub(super) fn waiting(&self, tx: &mut dyn Tx) -> Result<Vec<(Id, Id, Id)>, Failure> {
        let object = self.objects.workitem;
        let ids = record::find_with(tx, &self.identity.org, object, &[("ProcessInstanceId", &Value::Id(self.instance))], usize::MAX)?;
        let rows = record::some(tx, &self.identity.org, object, &ids, &["Id", "OriginalActorId", "ActorId"])?;
        let id = |row: &record::Row, name: &str| row.get(object, name).as_id();
        Ok(rows.iter().filter_map(|row| Some((id(row, "Id")?, id(row, "OriginalActorId")?, id(row, "ActorId")?))).collect())
    }

    /// The ProcessNode of a step of the process.
    pub(super) fn node_of(&self, tx: &mut dyn Tx, step: &str) -> Result<Option<Id>, Failure> {
        let Some(process) = self.process.id else { return Ok(None) };
        let equal = [("ProcessDefinitionId", &Value::Id(process)), ("DeveloperName", &Value::from(step))];
        Ok(record::find_with(tx, &self.identity.org, self.objects.definition_node, &equal, 1)?.pop())
    }

    /// The ProcessNode that a node of the instance is for.
    pub(super) fn process_node(&self, tx: &mut dyn Tx, node: Id) -> Result<Option<Id>, Failure> {
        let row = record::by_id(tx, &self.identity.org, self.objects.node, node)?;
        Ok(row.and_then(|row| row.get(self.objects.node, "ProcessNodeId").as_id()))
    }

    /// The place of the step that a ProcessNode stands for.
    fn place(&self, tx: &mut dyn Tx, node: Id) -> Result<Option<usize>, Failure> {
        let object = self.objects.definition_node;
        let Some(row) = record::by_id(tx, &self.identity.org, object, node)? else { return Ok(None) };
        let name = row.get(object, "DeveloperName").as_text().unwrap_or_default();
        Ok(self.process.approval_step.iter().position(|step| step.name.eq_ignore_ascii_case(name)))
    }

    /// The node that waits for answers, and the place of its step.
    pub(super) fn current(&self, tx: &mut dyn Tx) -> Result<Option<(Id, usize)>, Failure> {
        let equal = [("ProcessInstanceId", &Value::Id(self.instance)), ("NodeStatus", &Value::from("Pending"))];
        let Some(node) = record::find_with(tx, &self.identity.org, self.objects.node, &equal, 1)?.pop() else { return Ok(None) };
        let Some(of) = self.process_node(tx, node)? else { return Ok(None) };
        Ok(self.place(tx, of)?.map(|at| (node, at)))
    }

    pub(super) fn close_node(&self, tx: &mut dyn Tx, node: Id, status: &str) -> Result<(), Failure> {
        let now = self.identity.org.now();
        let mut values = elapsed(self.created(tx, self.objects.node, node)?, now);
        values.extend([
            ("NodeStatus", status.into()),
            ("LastActorId", Value::Id(self.identity.user.id)),
            ("CompletedDate", Value::DateTime(now.truncate_to_second())),
        ]);
        self.change(tx, self.objects.node, node, &values)
    }

    /// The step that a record came from: the last one before a place that was approved, and who was asked then.
    pub(super) fn before(&self, tx: &mut dyn Tx, at: usize) -> Result<Option<(usize, Vec<Id>)>, Failure> {
        let org = &self.identity.org;
        let equal = [("ProcessInstanceId", &Value::Id(self.instance)), ("NodeStatus", &Value::from("Approved"))];
        let ids = record::find_with(tx, org, self.objects.node, &equal, usize::MAX)?;
        let nodes = record::some(tx, org, self.objects.node, &ids, &["ProcessNodeId"])?;
        let mut found: Option<(usize, Id)> = None;
        for node in nodes.iter().filter_map(|row| row.get(self.objects.node, "ProcessNodeId").as_id()) {
            if let Some(place) = self.place(tx, node)?.filter(|place| *place < at && found.is_none_or(|(last, _)| *place > last)) {
                found = Some((place, node));
            }
        }
        let Some((place, node)) = found else { return Ok(None) };
        let steps = self.objects.step;
        let equal = [("ProcessInstanceId", &Value::Id(self.instance)), ("StepNodeId", &Value::Id(node))];
        let ids = record::find_with(tx, org, steps, &equal, usize::MAX)?;
        let mut actors = Vec::new();
        for row in record::some(tx, org, steps, &ids, &["OriginalActorId"])? {
            let actor = row.get(steps, "OriginalActorId").as_id();
            actors.extend(actor.filter(|actor| !actors.contains(actor)));
        }
        Ok((!actors.is_empty()).then_some((place, actors)))
    }
}
