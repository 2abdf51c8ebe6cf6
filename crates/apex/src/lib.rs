//! The Apex language: classes, triggers and anonymous blocks, compiled against an org's objects and run in it.
//!
//! A [`Program`] is all of an org's classes and triggers, checked and resolved; it is immutable and can be shared. It knows the
//! org by the traits [`Schema`] (while it is compiled) and [`Host`] (while it runs) alone. What the language has and this
//! crate has not is an error at compile time.

mod ast;
mod check;
mod code;
pub mod host;
mod lexer;
mod library;
pub mod outcome;
mod parser;
mod program;
mod run;
pub mod schema;
mod ty;
mod value;

pub use host::{Access, Bind, BindValue, Dml, DmlKind, Host, HostError, Query, Record, RowError, RowResult, Rows, Usage, UserInfo};
pub use outcome::{
    AnonymousOutcome, ApexException, ClassInfo, CompileError, Data, InvocableInfo, InvocableVariable, RestArguments, RestFailure,
    RestOutcome, RestRequest, Source, TriggerContext, TriggerEvent, TriggerInfo, TriggerOutcome, TriggerRow, UnitKind,
};
pub use program::{Program, compile};
pub use schema::{ChildInfo, FieldInfo, FieldKind, ObjectInfo, PicklistEntry, Schema};
