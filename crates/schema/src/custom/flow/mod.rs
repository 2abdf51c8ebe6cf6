//! Flows as the `Flow` metadata type has them, as far as they run here: what Flow Builder writes of autolaunched flows. Names
//! and meanings are the metadata type's; numbers and dates stay text until they get a type.
#![allow(missing_docs, reason = "members and values are named and meant as in the metadata type")]

mod de;

use super::{DefError, MetaNode};
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($($name:ident { $($word:ident),+ $(,)? })+) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name { $($word),+ }
    )+};
}

macro_rules! parts {
    ($($name:ident { $($field:ident: $ty:ty),* $(,)? })+) => {$(
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name {
            $(#[serde(default, skip_serializing_if = "is_absent")] pub $field: $ty,)*
            #[serde(default, skip_serializing_if = "is_absent")]
            pub process_metadata_values: Vec<MetadataValue>,
        }
    )+};
}

/// Elements and resources, which have names. A struct's own members stand before those that all have.
macro_rules! nodes {
    ($($name:ident { $($field:ident: $ty:ty),* $(,)? })+) => {$(
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name {
            pub name: String,
            #[serde(default, skip_serializing_if = "is_absent")]
            pub label: Option<String>,
            #[serde(default, skip_serializing_if = "is_absent")]
            pub description: Option<String>,
            #[serde(default, skip_serializing_if = "is_absent")]
            pub location_x: Option<i32>,
            #[serde(default, skip_serializing_if = "is_absent")]
            pub location_y: Option<i32>,
            #[serde(default, skip_serializing_if = "is_absent")]
            pub element_subtype: Option<String>,
            $(#[serde(default, skip_serializing_if = "is_absent")] pub $field: $ty,)*
            #[serde(default, skip_serializing_if = "is_absent")]
            pub process_metadata_values: Vec<MetadataValue>,
        }
    )+};
}

trait Absent {
    fn absent(&self) -> bool;
}

impl<T> Absent for Option<T> {
    fn absent(&self) -> bool {
        self.is_none()
    }
}

impl<T> Absent for Vec<T> {
    fn absent(&self) -> bool {
        self.is_empty()
    }
}

impl Absent for bool {
    fn absent(&self) -> bool {
        !self
    }
}

impl Absent for String {
    fn absent(&self) -> bool {
        self.is_empty()
    }
}

fn is_absent(value: &impl Absent) -> bool {
    value.absent()
}

words! {
    Status { Active, Draft, Obsolete, InvalidDraft }
    RecordTrigger { Create, Update, CreateAndUpdate, Delete }
    Trigger { RecordBeforeSave, RecordAfterSave, RecordBeforeDelete }
    DataType { String, Number, Currency, Boolean, Date, DateTime, Picklist, Multipicklist, SObject, Time }
    IterationOrder { Asc, Desc }
    SortOrder { Asc, Desc }
    ProcessorType { SortCollectionProcessor, FilterCollectionProcessor }
    AssignOperator {
        Assign, Add, AddItem, AddAtStart, Subtract, AssignCount, RemoveAll, RemoveFirst, RemoveAfterFirst, RemoveBeforeFirst,
        RemovePosition, RemoveUncommon,
    }
    Comparison {
        EqualTo, NotEqualTo, GreaterThan, LessThan, GreaterThanOrEqualTo, LessThanOrEqualTo, StartsWith, EndsWith, Contains, IsNull,
        IsChanged, WasSet, WasVisited, In, NotIn, IsBlank, IsEmpty,
    }
}

/// What Flow Builder notes beside a member; it says nothing about how a flow runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataValue {
    pub name: String,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub value: Option<Given>,
}

/// A value, or the name of what has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Given {
    #[serde(default, skip_serializing_if = "is_absent")]
    pub string_value: Option<String>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub number_value: Option<String>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub boolean_value: Option<bool>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub date_value: Option<String>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub date_time_value: Option<String>,
    #[serde(default, skip_serializing_if = "is_absent")]
    pub element_reference: Option<String>,
}

parts! {
    Connector { target_reference: String, is_go_to: Option<bool> }
    AssignmentItem { assign_to_reference: String, operator: Option<AssignOperator>, value: Option<Given> }
    Condition { left_value_reference: String, operator: Option<Comparison>, right_value: Option<Given> }
    RecordFilter { field: String, operator: Option<Comparison>, value: Option<Given> }
    InputField { field: String, value: Option<Given> }
    InputValue { name: String, value: Option<Given> }
    OutputField { assign_to_reference: String, field: String }
    OutputValue { assign_to_reference: String, name: String }
    SortOption { sort_field: Option<String>, sort_order: Option<SortOrder>, does_put_empty_string_and_null_first: bool }
    ErrorMessage { error_message: String, field_selection: Option<String>, is_field_error: bool }
}

nodes! {
    Assignment { assignment_items: Vec<AssignmentItem>, connector: Option<Connector> }
    Rule {
        condition_logic: Option<String>, conditions: Vec<Condition>, connector: Option<Connector>,
        does_require_record_changed_to_meet_criteria: bool,
    }
    Decision { rules: Vec<Rule>, default_connector: Option<Connector>, default_connector_label: Option<String> }
    Loop {
        collection_reference: String, assign_next_value_to_reference: Option<String>, iteration_order: Option<IterationOrder>,
        next_value_connector: Option<Connector>, no_more_values_connector: Option<Connector>,
    }
    RecordLookup {
        object: String, filter_logic: Option<String>, filters: Vec<RecordFilter>, get_first_record_only: bool, limit: Option<Given>,
        assign_null_values_if_no_records_found: bool, output_reference: Option<String>, output_assignments: Vec<OutputField>,
        queried_fields: Vec<String>, sort_field: Option<String>, sort_order: Option<SortOrder>, store_output_automatically: bool,
        connector: Option<Connector>, fault_connector: Option<Connector>,
    }
    RecordCreate {
        object: Option<String>, input_assignments: Vec<InputField>, input_reference: Option<String>,
        assign_record_id_to_reference: Option<String>, store_output_automatically: bool, connector: Option<Connector>,
        fault_connector: Option<Connector>,
    }
    RecordUpdate {
        object: Option<String>, filter_logic: Option<String>, filters: Vec<RecordFilter>, input_assignments: Vec<InputField>,
        input_reference: Option<String>, connector: Option<Connector>, fault_connector: Option<Connector>,
    }
    RecordDelete {
        object: Option<String>, filter_logic: Option<String>, filters: Vec<RecordFilter>, input_reference: Option<String>,
        connector: Option<Connector>, fault_connector: Option<Connector>,
    }
    CustomError { custom_error_messages: Vec<ErrorMessage>, connector: Option<Connector> }
    Subflow {
        flow_name: String, input_assignments: Vec<InputValue>, output_assignments: Vec<OutputValue>, store_output_automatically: bool,
        connector: Option<Connector>,
    }
    CollectionProcessor {
        collection_processor_type: Option<ProcessorType>, collection_reference: Option<String>,
        assign_next_value_to_reference: Option<String>, condition_logic: Option<String>, conditions: Vec<Condition>,
        formula: Option<String>, limit: Option<String>, sort_options: Vec<SortOption>, connector: Option<Connector>,
    }
    Variable {
        data_type: Option<DataType>, is_collection: bool, is_input: bool, is_output: bool, object_type: Option<String>, scale: Option<i32>,
        value: Option<Given>,
    }
    Constant { data_type: Option<DataType>, value: Option<Given> }
    Formula { data_type: Option<DataType>, expression: String, scale: Option<i32> }
    TextTemplate { text: String, is_viewed_as_plain_text: bool }
}

parts! {
    Start {
        label: Option<String>, location_x: Option<i32>, location_y: Option<i32>, connector: Option<Connector>, object: Option<String>,
        record_trigger_type: Option<RecordTrigger>, trigger_type: Option<Trigger>, filter_logic: Option<String>,
        filters: Vec<RecordFilter>, filter_formula: Option<String>, does_require_record_changed_to_meet_criteria: bool,
    }
}

/// A flow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Flow {
    #[serde(skip_serializing_if = "is_absent")]
    pub api_version: Option<String>,
    #[serde(skip_serializing_if = "is_absent")]
    pub are_metrics_logged_to_data_cloud: Option<bool>,
    #[serde(skip_serializing_if = "is_absent")]
    pub assignments: Vec<Assignment>,
    #[serde(skip_serializing_if = "is_absent")]
    pub collection_processors: Vec<CollectionProcessor>,
    #[serde(skip_serializing_if = "is_absent")]
    pub constants: Vec<Constant>,
    #[serde(skip_serializing_if = "is_absent")]
    pub custom_errors: Vec<CustomError>,
    #[serde(skip_serializing_if = "is_absent")]
    pub decisions: Vec<Decision>,
    #[serde(skip_serializing_if = "is_absent")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "is_absent")]
    pub environments: Vec<String>,
    #[serde(skip_serializing_if = "is_absent")]
    pub formulas: Vec<Formula>,
    #[serde(skip_serializing_if = "is_absent")]
    pub interview_label: Option<String>,
    #[serde(skip_serializing_if = "is_absent")]
    pub is_additional_permission_required_to_run: Option<bool>,
    #[serde(skip_serializing_if = "is_absent")]
    pub is_template: Option<bool>,
    pub label: String,
    #[serde(skip_serializing_if = "is_absent")]
    pub loops: Vec<Loop>,
    #[serde(skip_serializing_if = "is_absent")]
    pub migrated_from_workflow_rule_name: Option<String>,
    #[serde(skip_serializing_if = "is_absent")]
    pub process_metadata_values: Vec<MetadataValue>,
    pub process_type: Option<String>,
    #[serde(skip_serializing_if = "is_absent")]
    pub record_creates: Vec<RecordCreate>,
    #[serde(skip_serializing_if = "is_absent")]
    pub record_deletes: Vec<RecordDelete>,
    #[serde(skip_serializing_if = "is_absent")]
    pub record_lookups: Vec<RecordLookup>,
    #[serde(skip_serializing_if = "is_absent")]
    pub record_updates: Vec<RecordUpdate>,
    #[serde(skip_serializing_if = "is_absent")]
    pub run_in_mode: Option<String>,
    #[serde(skip_serializing_if = "is_absent")]
    pub source_template: Option<String>,
    #[serde(skip_serializing_if = "is_absent")]
    pub start: Option<Start>,
    #[serde(skip_serializing_if = "is_absent")]
    pub start_element_reference: Option<String>,
    pub status: Option<Status>,
    #[serde(skip_serializing_if = "is_absent")]
    pub subflows: Vec<Subflow>,
    #[serde(skip_serializing_if = "is_absent")]
    pub text_templates: Vec<TextTemplate>,
    #[serde(skip_serializing_if = "is_absent")]
    pub time_zone_sid_key: Option<String>,
    #[serde(skip_serializing_if = "is_absent")]
    pub trigger_order: Option<i32>,
    #[serde(skip_serializing_if = "is_absent")]
    pub variables: Vec<Variable>,
}

impl Flow {
    /// Reads the metadata of a flow.
    ///
    /// # Errors
    /// What the type does not have here, which may be sound on the platform, is unsupported.
    pub fn from_meta(node: &MetaNode) -> Result<Self, DefError> {
        de::read(node)
    }

    /// Whether it is the version that runs.
    pub fn is_active(&self) -> bool {
        self.status == Some(Status::Active)
    }

    /// What starts it where that is a save or a delete of a record: the object, the saves, and when.
    pub fn trigger(&self) -> Option<(&str, RecordTrigger, Trigger)> {
        let start = self.start.as_ref()?;
        Some((start.object.as_deref()?, start.record_trigger_type?, start.trigger_type?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inside: &str) -> Result<Flow, DefError> {
        Flow::from_meta(&MetaNode::from_xml(format!("<Flow>\n{inside}</Flow>").as_bytes()).unwrap())
    }

    #[test]
    fn a_flow_is_read_and_shown_again() {
        let flow = read(
            "<apiVersion>62.0</apiVersion><label>A</label><assignments><name>B</name><locationX>1</locationX>\
             <assignmentItems><assignToReference>c</assignToReference><operator>Add</operator>\
             <value><numberValue>1.0</numberValue></value></assignmentItems></assignments><status>Active</status>",
        )
        .unwrap();
        assert!(flow.is_active() && flow.trigger().is_none());
        assert_eq!(flow.assignments[0].assignment_items[0].operator, Some(AssignOperator::Add));
        let shown = serde_json::to_value(&flow).unwrap();
        assert_eq!(shown["assignments"][0]["assignmentItems"][0]["value"]["numberValue"], "1.0");
        assert_eq!(serde_json::from_value::<Flow>(shown).unwrap(), flow);
    }

    #[test]
    fn what_is_not_here_is_unsupported() {
        let e = read("<label>A</label>\n<screens><name>B</name></screens>").unwrap_err();
        assert_eq!((e.unsupported, e.line, e.message.as_str()), (true, Some(3), "screens in flows is not supported by this org."));
        let e = read("<start><scheduledPaths><name>x</name></scheduledPaths></start>").unwrap_err();
        assert!(e.unsupported, "{e}");
        let e = read("<loops><name>A</name><iterationOrder>Sideways</iterationOrder></loops>").unwrap_err();
        assert!(e.unsupported, "{e}");
    }

    #[test]
    fn what_is_no_flow_is_refused() {
        for (text, message) in [
            ("<loops><iterationOrder>Asc</iterationOrder></loops>", "Required field is missing: name"),
            ("<label>A</label><label>B</label>", "Element label is duplicated at this location in type Flow"),
            ("<triggerOrder>many</triggerOrder>", "'many' is not a valid value for the type xsd:int"),
            ("<isTemplate>maybe</isTemplate>", "'maybe' is not a valid value for the type xsd:boolean"),
            ("<label><b>A</b></label>", "label must be a text"),
            ("<start>now</start>", "start must have members"),
        ] {
            let e = read(text).unwrap_err();
            assert_eq!((e.message.as_str(), e.unsupported), (message, false));
        }
    }

    /// Any bytes that are XML are a flow or refused.
    #[test]
    fn any_xml_is_answered() {
        let whole = "<Flow><label>A</label><decisions><name>B</name><rules><name>C</name><conditions><leftValueReference>d</leftValueReference>\
                     <operator>IsNull</operator><rightValue><booleanValue>true</booleanValue></rightValue></conditions></rules></decisions></Flow>";
        for at in 0..whole.len() {
            for text in ["<", ">", "/", "", "<x/>", "&amp;", "</rules>"] {
                let mut bytes = whole.as_bytes().to_vec();
                bytes.splice(at..=at, text.bytes());
                if let Ok(node) = MetaNode::from_xml(&bytes) {
                    let _ = Flow::from_meta(&node);
                }
            }
        }
    }
}
