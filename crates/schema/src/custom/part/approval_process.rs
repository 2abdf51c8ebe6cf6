//! Approval processes: who has to agree to a record, step by step, and what becomes of it meanwhile.

use super::super::reader::Members;
use super::super::{DefError, MetaNode, name};
use super::criteria::Criteria;
use super::matching_rule::words;
use super::{FieldUpdateDef, Kind, ObjectRules, Part, PartDef, qualified};
use crate::field::Field;
use crate::object::Object;
use orglet_base::{ErrorCode, Id};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// Longest label of a process, in characters.
const MAX_LABEL: usize = 40;
/// Longest developer name of a process or a step, in characters.
const MAX_NAME: usize = 80;
/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 1000;
/// Most steps of a process.
const MAX_STEPS: usize = 30;
/// Most approvers of a step.
const MAX_APPROVERS: usize = 25;
/// Most entries of any other list.
const MAX_ENTRIES: usize = 100;

words! {
    /// Who may change a record that waits for approval.
    RecordEditability { AdminOnly, AdminOrCurrentApprover }
}
words! {
    /// Whether one approver decides, or all have to agree.
    WhenMultipleApprovers { FirstResponse, Unanimous }
}
words! {
    /// What becomes of a record that a step is not for.
    IfCriteriaNotMet { ApproveRecord, RejectRecord, GotoNextStep }
}
words! {
    /// What becomes of a record that is rejected.
    RejectBehavior { RejectRequest, BackToPrevious }
}

/// What somebody is named by: a kind, and a name where the kind has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The kind: `user`, `queue`, `owner` … or of actions `FieldUpdate`, `Alert`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A step. Members are named and meant as in the metadata type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct ApprovalStep {
    pub name: String,
    pub label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub allow_delegate: bool,
    pub approval_actions: Vec<Named>,
    pub approvers: Vec<Named>,
    pub when_multiple_approvers: WhenMultipleApprovers,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_criteria: Option<Criteria>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_criteria_not_met: Option<IfCriteriaNotMet>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reject_behavior: Option<RejectBehavior>,
    pub rejection_actions: Vec<Named>,
}

/// Whom a step is for that names a field of users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct NextAutomatedApprover {
    pub use_approver_field_of_record_owner: bool,
    pub user_hierarchy_field: String,
}

/// The definition of an approval process. Members are named and meant as in the `ApprovalProcess` metadata type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "members are named and meant as in the metadata type")]
pub struct ApprovalProcessDef {
    /// The object whose records it is for.
    pub object: String,
    /// Its developer name.
    pub full_name: String,
    pub active: bool,
    pub allow_recall: bool,
    pub allowed_submitters: Vec<Named>,
    pub approval_page_fields: Vec<String>,
    pub approval_step: Vec<ApprovalStep>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_template: Option<String>,
    pub enable_mobile_device_access: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_criteria: Option<Criteria>,
    pub final_approval_actions: Vec<Named>,
    pub final_approval_record_lock: bool,
    pub final_rejection_actions: Vec<Named>,
    pub final_rejection_record_lock: bool,
    pub initial_submission_actions: Vec<Named>,
    pub label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_automated_approver: Option<NextAutomatedApprover>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process_order: Option<u32>,
    pub recall_actions: Vec<Named>,
    pub record_editability: RecordEditability,
    pub show_approval_history: bool,
    /// The id that the org gave it, which is that of its ProcessDefinition.
    #[serde(skip)]
    pub id: Option<Id>,
}

impl ApprovalProcessDef {
    /// What stands in `ProcessDefinition.LockType`.
    pub fn lock_type(&self) -> &'static str {
        match self.record_editability {
            RecordEditability::AdminOnly => "Admin",
            RecordEditability::AdminOrCurrentApprover => "Workitem",
        }
    }

    /// All lists of actions.
    fn actions(&self) -> impl Iterator<Item = &Named> {
        let own = [&self.final_approval_actions, &self.final_rejection_actions, &self.initial_submission_actions, &self.recall_actions];
        let steps = self.approval_step.iter().flat_map(|step| [&step.approval_actions, &step.rejection_actions]);
        own.into_iter().chain(steps).flatten()
    }

    /// All criteria, the process's own first.
    pub fn criteria(&self) -> impl Iterator<Item = &Criteria> {
        self.entry_criteria.iter().chain(self.approval_step.iter().filter_map(|step| step.entry_criteria.as_ref()))
    }
}

impl Part for ApprovalProcessDef {
    const KIND: Kind = Kind {
        name: "ApprovalProcess",
        label: "Approval Process",
        what: "approval process",
        prefix: "04a",
        ending: "approvalProcess",
        member: None,
        columns: Vec::new,
    };
    const TOOLING: bool = false;

    fn from_meta(object: &str, full_name: &str, node: &MetaNode) -> Result<Self, DefError> {
        let m = Members::new(node, "ApprovalProcess");
        m.only(&[&[
            "fullName",
            "active",
            "allowRecall",
            "allowedSubmitters",
            "approvalPageFields",
            "approvalStep",
            "description",
            "emailTemplate",
            "enableMobileDeviceAccess",
            "entryCriteria",
            "finalApprovalActions",
            "finalApprovalRecordLock",
            "finalRejectionActions",
            "finalRejectionRecordLock",
            "initialSubmissionActions",
            "label",
            "nextAutomatedApprover",
            "postTemplate",
            "processOrder",
            "recallActions",
            "recordEditability",
            "showApprovalHistory",
        ]])?;
        if !name::is_name_of(full_name, MAX_NAME) {
            return Err(name::bad_name("Unique Name", full_name));
        }
        if m.word("postTemplate")?.is_some() {
            return Err(m.place("postTemplate", DefError::unsupported("Approval requests in Chatter are")));
        }
        let editability = m.choice("recordEditability", "RecordEditabilityType", RecordEditability::parse)?;
        let def = Self {
            object: object.to_owned(),
            full_name: full_name.to_owned(),
            active: m.flag("active")?.ok_or_else(|| m.missing("active"))?,
            allow_recall: m.flag("allowRecall")?.unwrap_or(false),
            allowed_submitters: submitters(node)?,
            approval_page_fields: page_fields(&m)?,
            approval_step: steps(&m)?,
            description: m.text("description")?,
            email_template: m.word("emailTemplate")?,
            enable_mobile_device_access: m.flag("enableMobileDeviceAccess")?.unwrap_or(false),
            entry_criteria: criteria(&m, "ApprovalEntryCriteria")?,
            final_approval_actions: actions(&m, "finalApprovalActions")?,
            final_approval_record_lock: m.flag("finalApprovalRecordLock")?.unwrap_or(false),
            final_rejection_actions: actions(&m, "finalRejectionActions")?,
            final_rejection_record_lock: m.flag("finalRejectionRecordLock")?.unwrap_or(false),
            initial_submission_actions: actions(&m, "initialSubmissionActions")?,
            label: m.text("label")?.ok_or_else(|| m.missing("label"))?,
            next_automated_approver: m.one("nextAutomatedApprover")?.map(next_approver).transpose()?.flatten(),
            process_order: m.int("processOrder")?,
            recall_actions: actions(&m, "recallActions")?,
            record_editability: editability.ok_or_else(|| m.missing("recordEditability"))?,
            show_approval_history: m.flag("showApprovalHistory")?.unwrap_or(false),
            id: None,
        };
        bounded(&m, "label", "Process Name", Some(&def.label), MAX_LABEL)?;
        bounded(&m, "description", "Description", def.description.as_deref(), MAX_DESCRIPTION)?;
        if def.allowed_submitters.is_empty() {
            return Err(m.missing("allowedSubmitters"));
        }
        if def.active && def.approval_step.is_empty() {
            return Err(m.place("active", DefError::integrity("An approval process without steps cannot be active")));
        }
        let by_field = def.approval_step.iter().flat_map(|step| &step.approvers).any(|who| who.kind == "userHierarchyField");
        if by_field && def.next_automated_approver.is_none() {
            return Err(m.missing("nextAutomatedApprover"));
        }
        Ok(def)
    }

    fn to_metadata(&self) -> Value {
        let steps: Vec<Value> = self.approval_step.iter().map(ApprovalStep::to_metadata).collect();
        let next = self.next_automated_approver.as_ref().map(|next| {
            let field = if next.user_hierarchy_field == "ManagerId" { "Manager" } else { &next.user_hierarchy_field };
            json!({"useApproverFieldOfRecordOwner": next.use_approver_field_of_record_owner, "userHierarchyField": field})
        });
        let submitters: Vec<Value> = self.allowed_submitters.iter().map(|who| json!({"submitter": who.name, "type": who.kind})).collect();
        let page_fields = (!self.approval_page_fields.is_empty()).then(|| json!({"field": self.approval_page_fields}));
        json!({"active": self.active, "allowRecall": self.allow_recall, "allowedSubmitters": submitters,
            "approvalPageFields": page_fields, "approvalStep": steps, "description": self.description,
            "emailTemplate": self.email_template, "enableMobileDeviceAccess": self.enable_mobile_device_access,
            "entryCriteria": self.entry_criteria.as_ref().map(Criteria::to_metadata),
            "finalApprovalActions": shown(&self.final_approval_actions), "finalApprovalRecordLock": self.final_approval_record_lock,
            "finalRejectionActions": shown(&self.final_rejection_actions), "finalRejectionRecordLock": self.final_rejection_record_lock,
            "initialSubmissionActions": shown(&self.initial_submission_actions), "label": self.label, "nextAutomatedApprover": next,
            "postTemplate": null, "processOrder": self.process_order, "recallActions": shown(&self.recall_actions),
            "recordEditability": self.record_editability, "showApprovalHistory": self.show_approval_history})
    }

    fn column(&self, _: &str) -> Value {
        Value::Null
    }

    fn stored(&mut self, id: Id, _kept: bool) {
        self.id = Some(id);
    }

    fn place(&self, object: &Object, rules: &mut ObjectRules) -> Result<(), DefError> {
        if object.child("ProcessInstances").is_none() {
            return Err(DefError::integrity(format!("Records of {} cannot be submitted for approval", object.name)).on("FullName"));
        }
        let no_field = |name: &str, member: &str| DefError::integrity(format!("Field {name} does not exist. Check spelling.")).on(member);
        if let Some(field) = self.approval_page_fields.iter().find(|field| page_field(object, field).is_none()) {
            return Err(no_field(field, "approvalPageFields"));
        }
        self.criteria().try_for_each(|criteria| criteria.check(object))?;
        let approvers = self.approval_step.iter().flat_map(|step| &step.approvers).filter(|who| who.kind == "relatedUserField");
        for name in approvers.filter_map(|who| who.name.as_deref()) {
            let field = related_user_field(object, name).ok_or_else(|| no_field(name, "approver"))?;
            let of_users = |to: &String| to == "User" || to == "Group";
            if !object.field(field).is_some_and(|f| f.reference_to.iter().any(of_users)) {
                return Err(DefError::integrity(format!("The field {name} does not name a user or a queue")).on("approver"));
            }
        }
        rules.approval_processes.push(Arc::new(self.clone()));
        // Those without a place come last, in order of creation.
        rules.approval_processes.sort_by_key(|process| process.process_order.unwrap_or(u32::MAX));
        Ok(())
    }

    fn refers_to(&self, object: &str, field: &str) -> bool {
        let own = self.object.eq_ignore_ascii_case(object);
        let is_it = |name: &str| name.eq_ignore_ascii_case(field);
        let related = |who: &Named| who.kind == "relatedUserField" && who.name.as_deref().is_some_and(is_it);
        let by_user = |next: &NextAutomatedApprover| object == "User" && is_it(&next.user_hierarchy_field);
        let shown = || self.approval_page_fields.iter().any(|name| is_it(name));
        let asked = || self.approval_step.iter().flat_map(|step| &step.approvers).any(related);
        own && (shown() || asked())
            || self.next_automated_approver.as_ref().is_some_and(by_user)
            || self.criteria().any(|criteria| criteria.refers_to(object, field))
    }

    fn needs(&self) -> Vec<String> {
        let updates = self.actions().filter(|action| action.kind == "FieldUpdate").filter_map(|action| action.name.as_deref());
        updates.map(|name| qualified(&FieldUpdateDef::KIND, &self.object, name)).collect()
    }

    fn check(&self, parts: &[PartDef]) -> Result<(), DefError> {
        for action in self.actions().filter(|action| action.kind == "FieldUpdate") {
            let name = action.name.as_deref().unwrap_or_default();
            let there = parts.iter().any(|part| match part {
                PartDef::FieldUpdate(def) => def.object.eq_ignore_ascii_case(&self.object) && def.full_name.eq_ignore_ascii_case(name),
                _ => false,
            });
            if !there {
                let message = format!("In field: action - no WorkflowFieldUpdate named {}.{name} found", self.object);
                return Err(DefError::new(ErrorCode::InvalidCrossReferenceKey, message).on("action"));
            }
        }
        Ok(())
    }
}

impl ApprovalStep {
    fn to_metadata(&self) -> Value {
        let approver = json!({"approver": self.approvers, "whenMultipleApprovers": self.when_multiple_approvers});
        json!({"allowDelegate": self.allow_delegate, "approvalActions": shown(&self.approval_actions), "assignedApprover": approver,
            "description": self.description, "entryCriteria": self.entry_criteria.as_ref().map(Criteria::to_metadata),
            "ifCriteriaNotMet": self.if_criteria_not_met, "label": self.label, "name": self.name,
            "rejectBehavior": self.reject_behavior.map(|kind| json!({"type": kind})),
            "rejectionActions": shown(&self.rejection_actions)})
    }
}

fn shown(actions: &[Named]) -> Value {
    if actions.is_empty() { Value::Null } else { json!({"action": actions}) }
}

/// The field of a record that an approver of the kind `relatedUserField` is in: named as it is, or as the relationship that the
/// platform's own fields have (`Owner`).
pub fn related_user_field<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    let field = object.field(name).or_else(|| object.parent_field(name))?;
    Some(&field.name)
}

/// The field that an entry of a page means, which names references by their relationships (`Owner`).
pub fn page_field<'a>(object: &'a Object, name: &str) -> Option<&'a Field> {
    object.field(name).or_else(|| object.parent_field(name))
}

fn bounded(m: &Members<'_>, member: &str, label: &str, text: Option<&str>, most: usize) -> Result<(), DefError> {
    match text.filter(|text| text.chars().count() > most) {
        Some(text) => {
            let message = format!("{label}: data value too large: {text} (max length={most})");
            Err(m.place(member, DefError::new(ErrorCode::StringTooLong, message)))
        }
        None => Ok(()),
    }
}

fn few(m: &Members<'_>, member: &str, count: usize, most: usize) -> Result<(), DefError> {
    if count <= most {
        return Ok(());
    }
    Err(m.place(member, DefError::integrity(format!("There can be at most {most} {member}"))))
}

fn criteria(m: &Members<'_>, type_name: &'static str) -> Result<Option<Criteria>, DefError> {
    Ok(m.one("entryCriteria")?.map(|node| Criteria::read(node, type_name)).transpose()?.flatten())
}

fn named(node: &MetaNode, type_name: &'static str) -> Result<Named, DefError> {
    let m = Members::new(node, type_name);
    m.only(&[&["name", "type"]])?;
    Ok(Named { kind: m.word("type")?.ok_or_else(|| m.missing("type"))?, name: m.word("name")? })
}

/// Who may submit. Portals and partners are not here, so that nobody is one of theirs.
fn submitters(node: &MetaNode) -> Result<Vec<Named>, DefError> {
    const NAMED: &[&str] =
        &["group", "role", "roleSubordinates", "roleSubordinatesInternal", "user", "portalRole", "portalRoleSubordinates"];
    const OTHERS: &[&str] = &["owner", "creator", "allInternalUsers", "customerPortalUser", "partnerUser"];
    let mut found = Vec::new();
    for child in node.all("allowedSubmitters").filter(|child| !child.is_null()) {
        // The metadata type calls it a submitter where it is read and none where it is written.
        let m = Members::new(child, "ApprovalSubmitter");
        m.only(&[&["submitter", "type"]])?;
        let name = m.word("submitter")?;
        let known = |word: &str| (NAMED.contains(&word) || OTHERS.contains(&word)).then(|| word.to_owned());
        let kind = m.choice("type", "ProcessSubmitterType", known)?.ok_or_else(|| m.missing("type"))?;
        if name.is_none() && NAMED.contains(&kind.as_str()) {
            return Err(m.missing("submitter"));
        }
        found.push(Named { kind, name });
    }
    few(&Members::new(node, "ApprovalProcess"), "allowedSubmitters", found.len(), MAX_ENTRIES)?;
    Ok(found)
}

fn page_fields(m: &Members<'_>) -> Result<Vec<String>, DefError> {
    let Some(node) = m.one("approvalPageFields")? else { return Ok(Vec::new()) };
    Members::new(node, "ApprovalPageField").only(&[&["field"]])?;
    let fields: Vec<String> = node.all("field").filter_map(|field| Some(field.text.as_deref()?.trim().to_owned())).collect();
    few(m, "approvalPageFields", fields.len(), MAX_ENTRIES)?;
    Ok(fields)
}

/// What is done on the way. Mail is nowhere delivered, so that alerts are taken; of the rest there are field updates.
fn actions(m: &Members<'_>, member: &'static str) -> Result<Vec<Named>, DefError> {
    let Some(node) = m.one(member)? else { return Ok(Vec::new()) };
    Members::new(node, "ApprovalAction").only(&[&["action"]])?;
    let mut found = Vec::new();
    for child in node.all("action") {
        let m = Members::new(child, "WorkflowActionReference");
        let action = named(child, "WorkflowActionReference")?;
        if action.name.is_none() {
            return Err(m.missing("name"));
        }
        match action.kind.as_str() {
            "FieldUpdate" | "Alert" => found.push(action),
            "FlowAction" | "KnowledgePublish" | "OutboundMessage" | "Send" | "Task" => {
                let what = format!("Approval actions of the type {} are", action.kind);
                return Err(m.place("type", DefError::unsupported(what)));
            }
            other => {
                let message = format!("'{other}' is not a valid value for the enum 'WorkflowActionType'");
                return Err(m.place("type", DefError::new(ErrorCode::InvalidField, message).malformed()));
            }
        }
    }
    few(m, member, found.len(), MAX_ENTRIES)?;
    Ok(found)
}

fn next_approver(node: &MetaNode) -> Result<Option<NextAutomatedApprover>, DefError> {
    let m = Members::new(node, "NextAutomatedApprover");
    m.only(&[&["useApproverFieldOfRecordOwner", "userHierarchyField"]])?;
    let use_approver_field_of_record_owner = m.flag("useApproverFieldOfRecordOwner")?.unwrap_or(false);
    let Some(field) = m.word("userHierarchyField")? else { return Ok(None) };
    // The platform's own is called by its relationship.
    let user_hierarchy_field = if field.eq_ignore_ascii_case("Manager") { "ManagerId".to_owned() } else { field };
    Ok(Some(NextAutomatedApprover { use_approver_field_of_record_owner, user_hierarchy_field }))
}

fn steps(m: &Members<'_>) -> Result<Vec<ApprovalStep>, DefError> {
    let mut steps: Vec<ApprovalStep> = Vec::new();
    for node in m.node.all("approvalStep") {
        let step = step(node, steps.is_empty())?;
        if steps.iter().any(|other| other.name.eq_ignore_ascii_case(&step.name)) {
            let message = format!("There is already an approval step named {}.", step.name);
            return Err(DefError::new(ErrorCode::DuplicateDeveloperName, message).on("approvalStep").at(node));
        }
        steps.push(step);
    }
    few(m, "approvalStep", steps.len(), MAX_STEPS)?;
    Ok(steps)
}

fn step(node: &MetaNode, first: bool) -> Result<ApprovalStep, DefError> {
    let m = Members::new(node, "ApprovalStep");
    m.only(&[&[
        "allowDelegate",
        "approvalActions",
        "assignedApprover",
        "description",
        "entryCriteria",
        "ifCriteriaNotMet",
        "label",
        "name",
        "rejectBehavior",
        "rejectionActions",
    ]])?;
    let step_name = m.word("name")?.ok_or_else(|| m.missing("name"))?;
    if !name::is_name_of(&step_name, MAX_NAME) {
        return Err(m.place("name", name::bad_name("Unique Name", &step_name)));
    }
    let (approvers, when) = approvers(&m)?;
    let reject_behavior = match m.one("rejectBehavior")? {
        Some(node) => {
            let m = Members::new(node, "ApprovalStepRejectBehavior");
            m.only(&[&["type"]])?;
            m.choice("type", "StepRejectBehaviorType", RejectBehavior::parse)?
        }
        None => None,
    };
    if first && reject_behavior == Some(RejectBehavior::BackToPrevious) {
        return Err(m.place("rejectBehavior", DefError::integrity("The first step has none that a request could go back to")));
    }
    let step = ApprovalStep {
        name: step_name,
        label: m.text("label")?.ok_or_else(|| m.missing("label"))?,
        description: m.text("description")?,
        allow_delegate: m.flag("allowDelegate")?.unwrap_or(false),
        approval_actions: actions(&m, "approvalActions")?,
        approvers,
        when_multiple_approvers: when,
        entry_criteria: criteria(&m, "ApprovalEntryCriteria")?,
        if_criteria_not_met: m.choice("ifCriteriaNotMet", "StepCriteriaNotMetType", IfCriteriaNotMet::parse)?,
        reject_behavior,
        rejection_actions: actions(&m, "rejectionActions")?,
    };
    bounded(&m, "label", "Name", Some(&step.label), MAX_NAME)?;
    bounded(&m, "description", "Description", step.description.as_deref(), MAX_DESCRIPTION)?;
    Ok(step)
}

fn approvers(m: &Members<'_>) -> Result<(Vec<Named>, WhenMultipleApprovers), DefError> {
    const KINDS: &[(&str, bool)] =
        &[("adhoc", false), ("user", true), ("userHierarchyField", false), ("relatedUserField", true), ("queue", true)];
    let node = m.one("assignedApprover")?.ok_or_else(|| m.missing("assignedApprover"))?;
    let assigned = Members::new(node, "ApprovalStepApprover");
    assigned.only(&[&["approver", "whenMultipleApprovers"]])?;
    let mut found = Vec::new();
    for child in node.all("approver") {
        let who = Members::new(child, "Approver");
        let approver = named(child, "Approver")?;
        let Some((_, with_name)) = KINDS.iter().find(|(kind, _)| *kind == approver.kind) else {
            let message = format!("'{}' is not a valid value for the enum 'NextOwnerType'", approver.kind);
            return Err(who.place("type", DefError::new(ErrorCode::InvalidField, message).malformed()));
        };
        if *with_name && approver.name.is_none() {
            return Err(who.missing("name"));
        }
        found.push(approver);
    }
    if found.is_empty() {
        return Err(assigned.missing("approver"));
    }
    few(m, "approver", found.len(), MAX_APPROVERS)?;
    if found.len() > 1 && found.iter().any(|who| who.kind == "adhoc" || who.kind == "userHierarchyField") {
        let message = "Several approvers can be users, queues and fields that name users alone";
        return Err(assigned.place("approver", DefError::integrity(message)));
    }
    let when = assigned.choice("whenMultipleApprovers", "RoutingType", WhenMultipleApprovers::parse)?;
    Ok((found, when.unwrap_or(WhenMultipleApprovers::FirstResponse)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Metadata of any shape and any text is read or refused, and what is read is kept as it is.
    #[test]
    fn any_metadata_is_read_or_refused() {
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = |most: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % most
        };
        let words =
            ["", "owner", "user", "adhoc", "queue", "FieldUpdate", "Alert", "1 AND (2 OR 3)", "equals", "Account.Name", "x.y.z", "ä\u{0}"];
        for _ in 0..5_000 {
            let mut word = || json!(words[next(words.len())]);
            let item = json!({"field": word(), "operation": word(), "value": word()});
            let criteria = json!({"booleanFilter": word(), "criteriaItems": [item], "formula": word()});
            let actions = json!({"action": [{"name": word(), "type": word()}]});
            let step = json!({"name": word(), "label": word(), "entryCriteria": criteria, "approvalActions": actions,
                "assignedApprover": {"approver": [{"type": word(), "name": word()}, {"type": word()}]}, "rejectBehavior": {"type": word()}});
            let meta = json!({"active": true, "label": word(), "recordEditability": "AdminOnly", "approvalStep": [step],
                "allowedSubmitters": [{"type": word(), "submitter": word()}], "entryCriteria": criteria, "recallActions": actions,
                "approvalPageFields": {"field": [word(), word()]}, "nextAutomatedApprover": {"userHierarchyField": word()}});
            let name = words[next(words.len())];
            if let Ok(def) = ApprovalProcessDef::from_meta("Account", name, &MetaNode::from_json(&meta)) {
                let kept: ApprovalProcessDef = serde_json::from_str(&serde_json::to_string(&def).unwrap()).unwrap();
                assert_eq!(kept, def);
            }
            let update = json!({"field": name, "name": name, "operation": "Literal", "literalValue": name});
            let _ = FieldUpdateDef::from_meta("Account", name, &MetaNode::from_json(&update));
        }
    }

    #[test]
    fn what_was_read_is_shown_so_that_it_reads_the_same() {
        let meta = json!({"active": true, "label": "Review", "recordEditability": "AdminOrCurrentApprover", "allowRecall": true,
            "allowedSubmitters": [{"type": "owner"}, {"type": "role", "submitter": "CEO"}], "processOrder": 2,
            "approvalPageFields": {"field": ["Name", "Owner"]}, "description": "d",
            "approvalStep": [{"name": "One", "label": "One", "allowDelegate": true,
                "assignedApprover": {"approver": [{"type": "user", "name": "a@b.c"}, {"type": "queue", "name": "Q"}],
                    "whenMultipleApprovers": "Unanimous"},
                "entryCriteria": {"criteriaItems": [{"field": "Account.Name", "operation": "equals", "value": "x"}]},
                "ifCriteriaNotMet": "RejectRecord"},
                {"name": "Two", "label": "Two", "assignedApprover": {"approver": [{"type": "userHierarchyField"}]},
                "rejectBehavior": {"type": "BackToPrevious"}}],
            "nextAutomatedApprover": {"userHierarchyField": "Manager", "useApproverFieldOfRecordOwner": true},
            "finalApprovalActions": {"action": [{"name": "A", "type": "Alert"}]}, "finalApprovalRecordLock": true});
        let read = |meta: &Value| ApprovalProcessDef::from_meta("Account", "Review", &MetaNode::from_json(meta)).unwrap();
        let def = read(&meta);
        assert_eq!(def.next_automated_approver.as_ref().unwrap().user_hierarchy_field, "ManagerId");
        assert_eq!(read(&def.to_metadata()), def);
    }
}
