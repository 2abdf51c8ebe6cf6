//! What the checker makes of a program and the machine runs.

use crate::ast::Binary;
use crate::host::{Access, DmlKind};
use crate::schema::ObjectInfo;
use crate::ty::Ty;
use std::collections::HashMap;
use std::sync::Arc;

/// A step. The operands are on the stack, the last on top; what is said is what they leave there.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "named for what they do")]
pub(crate) enum Op {
    Nop,
    Const(u32),
    Null,
    Bool(bool),
    Int(i32),
    Load(u16),
    Store(u16),
    Dup,
    /// Doubles the two on top.
    Dup2,
    Pop,
    GetField(u16),
    /// Object, value: the value.
    SetField(u16),
    GetStatic(u32, u16),
    /// Value: the value.
    SetStatic(u32, u16),
    EnsureInit(u32),
    /// Object and field by their places in the pools.
    RecGet(u16, u16),
    /// Record, value: the value.
    RecSet(u16, u16),
    RecParent(u16, u16),
    RecSetParent(u16, u16),
    /// By the name of a relationship to children.
    RecChildren(u32),
    /// A field by its name, of a record whose object is not known.
    RecNamed(u32),
    Index,
    /// List, place, value: the value.
    SetIndex,
    Arith(Binary, Num),
    Negate,
    Not,
    Complement,
    Concat,
    Compare(Binary),
    /// Equality of `when`, which minds case.
    SameCase,
    Convert(Conv),
    Jump(u32),
    JumpIfFalse(u32),
    JumpIfTrue(u32),
    /// Jumps with the null on the stack; goes on with the value there.
    JumpIfNull(u32),
    /// Jumps with the value; goes on without the null.
    JumpIfSome(u32),
    Call(u32),
    /// Selector, number of arguments without the receiver.
    CallVirtual(u32, u8),
    CallNative(u32, u8),
    New(u32),
    NewRecord(u16),
    /// Type, number of items.
    NewList(u32, u32),
    NewMap(u32, u32),
    NewSized(u32),
    Cast(u32),
    InstanceOf(u32),
    TypeOf(u32),
    /// An object's token, a field's token.
    ObjectToken(u16),
    FieldToken(u16, u16),
    /// The describes of an object and of a field.
    ObjectDescribe(u16),
    FieldDescribe(u16, u16),
    Fields(u16),
    EnumValue(u32, u16),
    Return,
    ReturnVoid,
    Throw,
    TryPush(u32),
    TryPop,
    /// Iterable: iterator.
    Iterate,
    /// Iterator: iterator and value; jumps when there are no more.
    Next(u32),
    /// A list as lists of 200.
    Chunk,
    Query(u32),
    /// The only record of a list.
    OnlyRow,
    /// Kind, access, external id (`u32::MAX` for none).
    Dml(DmlKind, Access, u32),
    TriggerVar(TriggerVar),
}

/// Kinds of number, by rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "named as in the language")]
pub(crate) enum Num {
    Int,
    Long,
    Double,
    Decimal,
    Date,
    Datetime,
    Time,
    Bool,
}

/// Conversions that happen by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named for what they make")]
pub(crate) enum Conv {
    Long,
    Double,
    Decimal,
    IdToString,
    StringToId,
    DateToDatetime,
    Int,
}

/// Variables of `Trigger`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as in the language")]
pub(crate) enum TriggerVar {
    New,
    Old,
    NewMap,
    OldMap,
    Size,
    Operation,
    IsExecuting,
    IsInsert,
    IsUpdate,
    IsDelete,
    IsUndelete,
    IsBefore,
    IsAfter,
}

/// A constant.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "named as the types are")]
pub(crate) enum Const {
    Str(Arc<str>),
    Long(i64),
    Double(f64),
    Decimal(rust_decimal::Decimal),
}

/// A query of a method.
#[derive(Clone, Debug)]
pub(crate) struct QueryPlan {
    /// The query, binds without values.
    pub query: crate::host::Query,
    /// What comes of it.
    pub gives: QueryGives,
    /// The object of its records.
    pub object: Arc<str>,
}

/// What a query gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named for what they are")]
pub(crate) enum QueryGives {
    Records,
    Aggregates,
    Count,
    Search,
}

/// The steps of a method.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs, reason = "named for what they hold")]
pub(crate) struct Code {
    pub ops: Vec<Op>,
    /// The line of each step.
    pub lines: Vec<u32>,
    pub consts: Vec<Const>,
    pub types: Vec<Ty>,
    pub objects: Vec<Arc<ObjectInfo>>,
    pub queries: Vec<Arc<QueryPlan>>,
    /// Slots for parameters and variables.
    pub locals: u16,
}

/// Who sees a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "named as in the language")]
pub(crate) enum Visible {
    #[default]
    Private,
    Protected,
    Public,
    Global,
}

/// A method.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "named as in the language")]
pub(crate) struct Method {
    pub name: Arc<str>,
    pub class: u32,
    pub is_static: bool,
    pub is_virtual: bool,
    pub is_abstract: bool,
    pub is_override: bool,
    pub visible: Visible,
    pub params: Vec<Ty>,
    pub param_names: Vec<Arc<str>>,
    pub returns: Ty,
    /// By which it is found in a class's table.
    pub selector: Arc<str>,
    /// As stack traces name it; empty for the platform's own, which they don't show.
    pub trace: Arc<str>,
    pub code: Code,
}

/// A member of an instance, or of a class.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "named as in the language")]
pub(crate) struct Field {
    pub name: Arc<str>,
    pub ty: Ty,
    pub slot: u16,
    pub is_static: bool,
    pub is_final: bool,
    pub visible: Visible,
    /// Where a property has its own.
    pub getter: Option<u32>,
    pub setter: Option<u32>,
    pub is_property: bool,
    pub set_visible: Option<Visible>,
    pub readable: bool,
    pub writable: bool,
    pub class: u32,
}

/// A class, interface or enum.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "named as in the language")]
pub(crate) struct Class {
    pub name: Arc<str>,
    /// With the outer class's name in front.
    pub full_name: Arc<str>,
    pub outer: Option<u32>,
    pub kind: crate::ast::ClassKind,
    pub parent: Option<u32>,
    /// All classes and interfaces that it is, itself among them.
    pub is_a: Vec<u32>,
    pub interfaces: Vec<u32>,
    pub is_abstract: bool,
    pub is_virtual: bool,
    pub is_exception: bool,
    pub is_prelude: bool,
    /// By lower-case name.
    pub fields: HashMap<String, Field>,
    /// Slots of its instances, its parents' among them: name, type, whether it is transient.
    pub slots: Vec<(Arc<str>, Ty, bool)>,
    /// Types of its statics.
    pub statics: Vec<Ty>,
    pub methods: HashMap<String, Vec<u32>>,
    pub constructors: Vec<u32>,
    pub inner: HashMap<String, u32>,
    pub constants: Vec<Arc<str>>,
    /// Methods by selector.
    pub table: HashMap<Arc<str>, u32>,
    /// What gives statics and instances their first values.
    pub static_init: Option<u32>,
    pub instance_init: Option<u32>,
}

/// A trigger.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "named for what they are")]
pub(crate) struct Trigger {
    pub name: Arc<str>,
    pub object: Arc<ObjectInfo>,
    pub method: u32,
}

impl Visible {
    /// The narrower of two.
    pub(crate) fn min_of(self, other: Visible) -> Visible {
        if (self as u8) < other as u8 { self } else { other }
    }
}
