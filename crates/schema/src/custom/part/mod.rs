//! Metadata of an object beside its fields: validation rules and the like. Each kind is a file of its own here: what the
//! platform calls it, how its definition is read and shown, and what becomes of it in the catalog.
//!
//! A new kind is a file with a type that is a [`Part`], and a line in [`PartDef`]; an org keeps it, projects and the
//! Tooling API define it, and it hangs on its object as a member of [`ObjectRules`].

mod approval_process;
mod business_process;
mod criteria;
mod duplicate_rule;
mod field_update;
mod flow;
mod list_columns;
mod list_view;
mod logic;
mod matching_rule;
mod record_type;
pub mod standard_rules;
mod transaction_policy;
mod validation_rule;

pub use approval_process::{
    ApprovalProcessDef, ApprovalStep, IfCriteriaNotMet, Named, NextAutomatedApprover, RecordEditability, RejectBehavior,
    WhenMultipleApprovers, page_field, related_user_field,
};
pub use business_process::BusinessProcessDef;
pub use criteria::{Criteria, CriteriaItem, CriteriaPlace};
pub use duplicate_rule::{
    DupeAction, DupeOperation, DupeSecurity, DuplicateRuleDef, DuplicateRuleFilter, DuplicateRuleFilterItem, DuplicateRuleMatchRule,
};
pub use field_update::{FieldUpdateDef, FieldUpdateOperation};
pub use flow::FlowDef;
pub use list_view::{ListViewDef, ListViewFilterDef};
pub use matching_rule::{BlankValueBehavior, MatchingMethod, MatchingRule, MatchingRuleDef, MatchingRuleItem, RuleStatus};
pub use record_type::{Choice, ChosenValue, MASTER, PicklistChoice, RecordType, RecordTypeDef, offered};
pub use transaction_policy::TransactionPolicyDef;
pub use validation_rule::ValidationRuleDef;

use super::{DefError, MetaNode};
use crate::field::Field;
use crate::object::Object;
use crate::standard::list_views::ListView;
use business_process::BusinessProcess;
use orglet_base::Id;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// What the platform calls a kind of metadata.
#[derive(Debug)]
pub struct Kind {
    /// The metadata type, which is also the name of the Tooling object and of a file's root element: `ValidationRule`.
    pub name: &'static str,
    /// Label of the Tooling object: `Validation Rule`.
    pub label: &'static str,
    /// In messages: `validation rule`.
    pub what: &'static str,
    /// Key prefix of its ids: `03d`.
    pub prefix: &'static str,
    /// What its files end in, without `-meta.xml`: `validationRule`.
    pub ending: &'static str,
    /// The member of a CustomObject that holds it in metadata format: `validationRules`. A kind without one has files
    /// named `Object.Name`.
    pub member: Option<&'static str>,
    /// Fields that the Tooling object has beside `Id`, `FullName`, `Metadata`, the object's and the audit fields.
    pub columns: fn() -> Vec<Field>,
}

/// The definition of something of a kind, as an org stores it.
pub trait Part: Clone + Serialize + DeserializeOwned {
    /// Its kind.
    const KIND: Kind;
    /// Where a file holds all of an object's, and is named after it alone: its root element, and the member that holds one.
    const LISTED: Option<(&'static str, &'static str)> = None;
    /// Whether it is the org's, and belongs to no object: its object is the empty name.
    const OF_ORG: bool = false;
    /// Whether the Tooling API has it. What it has not is defined by projects and the Metadata API.
    const TOOLING: bool = true;
    /// Whether the API takes it away by itself, without its object.
    const REMOVABLE: bool = true;

    /// Reads and checks metadata; what other definitions have to say to it is checked by [`Part::place`].
    fn from_meta(object: &str, name: &str, node: &MetaNode) -> Result<Self, DefError>;

    /// The metadata as Tooling shows it: every member in the order of the alphabet.
    fn to_metadata(&self) -> Value;

    /// The value of one of [`Kind::columns`].
    fn column(&self, name: &str) -> Value;

    /// Hangs the definition on its object, which has all its fields by then; what does not fit it is refused.
    fn place(&self, object: &Object, rules: &mut ObjectRules) -> Result<(), DefError>;

    /// Whether it needs a field of an object: the field can't be taken away then.
    fn refers_to(&self, object: &str, field: &str) -> bool;

    /// Other parts that it can't be without ([`PartDef::qualified_name`]).
    fn needs(&self) -> Vec<String> {
        Vec::new()
    }

    /// Checks it against all other parts that the org has.
    fn check(&self, _parts: &[PartDef]) -> Result<(), DefError> {
        Ok(())
    }

    /// Tells it the id that the org gave it, and whether the org accepted it before: what its object has lost since then is no
    /// fault of it. Kinds whose records refer to it want to know.
    fn stored(&mut self, _id: Id, _kept: bool) {}

    /// A field is taken away: what it says of that goes with it. Whether it said anything.
    fn forget(&mut self, _object: &str, _field: &str) -> bool {
        false
    }

    /// Takes out what it says of standard fields and values that a standard object has not here, and names that: other orgs
    /// have features that bring more of them.
    fn fit(&mut self, _object: &Object) -> Vec<String> {
        Vec::new()
    }
}

/// What an org defined for the records of an object beside its fields.
#[derive(Debug, Default)]
pub struct ObjectRules {
    /// Active validation rules, in order of creation.
    pub validation_rules: Vec<ValidationRuleDef>,
    /// Active matching rules, in order of creation.
    pub matching_rules: Vec<Arc<MatchingRule>>,
    /// Active duplicate rules, in the order in which they are asked.
    pub duplicate_rules: Vec<Arc<DuplicateRuleDef>>,
    /// Approval processes, whether active or not, in the order in which they are asked.
    pub approval_processes: Vec<Arc<ApprovalProcessDef>>,
    /// Field updates, in order of creation.
    pub field_updates: Vec<Arc<FieldUpdateDef>>,
    /// Record types, in order of creation.
    pub record_types: Vec<RecordType>,
    /// List views, in order of creation.
    pub list_views: Vec<ListView>,
    /// Business processes, for the record types that name them.
    pub(crate) business_processes: Vec<BusinessProcess>,
    /// Active flows that its records start, in order of creation.
    pub flows: Vec<FlowDef>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident($def:ty)),+ $(,)?) => {
        /// The definition of something beside objects and fields.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum PartDef {
            $($(#[$doc])* $kind($def)),+
        }

        /// Every kind. What others of the same object refer to stands before them.
        pub const KINDS: &[&Kind] = &[$(&<$def>::KIND),+];

        /// See [`Part::LISTED`].
        pub fn listed(kind: &Kind) -> Option<(&'static str, &'static str)> {
            match kind.name { $(n if n == <$def>::KIND.name => <$def>::LISTED,)+ _ => None }
        }

        /// See [`Part::TOOLING`].
        pub fn is_tooling(kind: &Kind) -> bool {
            match kind.name { $(n if n == <$def>::KIND.name => <$def>::TOOLING,)+ _ => false }
        }

        /// See [`Part::OF_ORG`].
        pub fn is_of_org(kind: &Kind) -> bool {
            match kind.name { $(n if n == <$def>::KIND.name => <$def>::OF_ORG,)+ _ => false }
        }

        /// Whether the API takes things of a kind away by themselves; see [`Part::REMOVABLE`].
        pub fn is_removable(kind: &Kind) -> bool {
            match kind.name {
                $(n if n == <$def>::KIND.name => <$def>::REMOVABLE,)+
                _ => true,
            }
        }

        impl PartDef {
            /// Its kind.
            pub fn kind(&self) -> &'static Kind {
                match self { $(Self::$kind(_) => const { &<$def>::KIND }),+ }
            }

            /// The object it belongs to.
            pub fn object(&self) -> &str {
                match self { $(Self::$kind(def) => &def.object),+ }
            }

            /// Its own name.
            pub fn name(&self) -> &str {
                match self { $(Self::$kind(def) => &def.full_name),+ }
            }

            /// The same definition under another spelling of its object's name, or of its own.
            pub fn renamed(mut self, object: &str, name: &str) -> Self {
                match &mut self {
                    $(Self::$kind(def) => {
                        object.clone_into(&mut def.object);
                        name.clone_into(&mut def.full_name);
                    })+
                }
                self
            }

            /// Reads metadata of a kind; see [`Part::from_meta`].
            pub fn from_meta(kind: &Kind, object: &str, name: &str, node: &MetaNode) -> Result<Self, DefError> {
                let read = match kind.name {
                    $(n if n == <$def>::KIND.name => <$def>::from_meta(object, name, node).map(Self::$kind),)+
                    other => Err(DefError::unsupported(format_args!("{other} metadata is"))),
                };
                read.map_err(|e| e.at(node).about(qualified(kind, object, name)))
            }

            /// Reads what [`PartDef::to_stored`] wrote for a kind.
            pub fn from_stored(kind: &str, text: &str) -> Result<Self, serde_json::Error> {
                match kind {
                    $(n if n == <$def>::KIND.name => serde_json::from_str(text).map(Self::$kind),)+
                    other => Err(serde::de::Error::custom(format!("the kind {other} is not known"))),
                }
            }

            /// As an org stores it.
            pub fn to_stored(&self) -> Result<String, serde_json::Error> {
                match self { $(Self::$kind(def) => serde_json::to_string(def)),+ }
            }

            /// See [`Part::to_metadata`].
            pub fn to_metadata(&self) -> Value {
                match self { $(Self::$kind(def) => def.to_metadata()),+ }
            }

            /// See [`Part::column`].
            pub fn column(&self, name: &str) -> Value {
                match self { $(Self::$kind(def) => def.column(name)),+ }
            }

            /// See [`Part::place`].
            pub fn place(&self, object: &Object, rules: &mut ObjectRules) -> Result<(), DefError> {
                let placed = match self { $(Self::$kind(def) => def.place(object, rules)),+ };
                placed.map_err(|e| e.about(self.qualified_name()))
            }

            /// See [`Part::refers_to`].
            pub fn refers_to(&self, object: &str, field: &str) -> bool {
                match self { $(Self::$kind(def) => def.refers_to(object, field)),+ }
            }

            /// See [`Part::needs`].
            pub fn needs(&self) -> Vec<String> {
                match self { $(Self::$kind(def) => def.needs()),+ }
            }

            /// See [`Part::check`].
            pub fn check(&self, parts: &[PartDef]) -> Result<(), DefError> {
                let checked = match self { $(Self::$kind(def) => def.check(parts)),+ };
                checked.map_err(|e| e.about(self.qualified_name()))
            }

            /// The same definition under the id that the org gave it; see [`Part::stored`].
            pub fn stored(mut self, id: Id, kept: bool) -> Self {
                match &mut self { $(Self::$kind(def) => def.stored(id, kept)),+ }
                self
            }

            /// See [`Part::forget`].
            pub fn forget(&mut self, object: &str, field: &str) -> bool {
                match self { $(Self::$kind(def) => def.forget(object, field)),+ }
            }

            /// See [`Part::fit`].
            pub fn fit(&mut self, object: &Object) -> Vec<String> {
                match self { $(Self::$kind(def) => def.fit(object)),+ }
            }
        }
    };
}

kinds! {
    /// A condition that records must not meet.
    ValidationRule(ValidationRuleDef),
    /// When two records are taken for duplicates.
    MatchingRule(MatchingRuleDef),
    /// What happens where a record that is saved matches others.
    DuplicateRule(DuplicateRuleDef),
    /// Values of the picklist that says how far a record is.
    BusinessProcess(BusinessProcessDef),
    /// A kind of an object's records.
    RecordType(RecordTypeDef),
    /// A value that automation puts in a field.
    FieldUpdate(FieldUpdateDef),
    /// Who has to agree to a record.
    ApprovalProcess(ApprovalProcessDef),
    /// What happens when records are saved or deleted, or when it is asked for.
    Flow(FlowDef),
    /// A choice of an object's records, and of what is shown of them.
    ListView(ListViewDef),
    /// What is forbidden while it happens.
    TransactionPolicy(TransactionPolicyDef),
}

impl PartDef {
    /// The object on whose [`ObjectRules`] it hangs; none where it hangs on none.
    pub fn home(&self) -> Option<&str> {
        match self {
            Self::Flow(def) => def.starts_on(),
            Self::TransactionPolicy(_) => None,
            _ => Some(self.object()),
        }
    }

    /// `validation rule Account.Rule`, as messages and [`DefError::subject`] name it.
    pub fn qualified_name(&self) -> String {
        qualified(self.kind(), self.object(), self.name())
    }
}

/// What messages call something of a kind: `validation rule Account.Rule`.
pub(super) fn qualified(kind: &Kind, object: &str, name: &str) -> String {
    if is_of_org(kind) { format!("{} {name}", kind.what) } else { format!("{} {object}.{name}", kind.what) }
}

/// The folder of a kind that has files of its own.
pub fn folder(kind: &Kind) -> String {
    let ending = kind.ending;
    if let Some(stem) = ending.strip_suffix('y') {
        return format!("{stem}ies");
    }
    if ending.ends_with('s') { format!("{ending}es") } else { format!("{ending}s") }
}

/// A kind by the name of its metadata type.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name).copied()
}
