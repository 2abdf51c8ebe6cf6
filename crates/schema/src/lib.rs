//! The schema of an org: an immutable [`Catalog`] snapshot of sObjects, fields, relationships and picklists, the field
//! types (one file each in `types`), the standard objects' data files, and custom metadata.

pub mod access;
pub mod catalog;
pub mod custom;
pub mod field;
pub mod lookup_filter;
pub mod object;
pub mod standard;
pub mod tooling;
pub mod types;

pub use access::AccessSet;
pub use catalog::{Catalog, ObjectSet};
pub use custom::{DefError, FieldDef, FlowDef, MetaNode, ObjectDef, RecordType};
pub use field::{AutoNumber, DefaultValue, Field, FieldType, PicklistValue, Place};
pub use lookup_filter::LookupFilter;
pub use object::{ChildRelationship, CodedAddress, Object, ObjectFlags, Storage};
pub use types::{CellKind, FieldKind, Input, ParseFailure};
