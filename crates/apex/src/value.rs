//! Values while a program runs.

use crate::host::RowError;
use crate::schema::{ChildInfo, ObjectInfo, PicklistEntry};
use crate::ty::Ty;
use orglet_base::{Date, DateTime, Id, Time};
use rust_decimal::Decimal;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// A value. Clones are cheap.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "named as the types are")]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i32),
    Long(i64),
    Double(f64),
    Decimal(Decimal),
    Str(Arc<str>),
    Id(Id),
    Date(Date),
    Datetime(DateTime),
    Time(Time),
    Blob(Rc<[u8]>),
    List(Rc<List>),
    Set(Rc<Table>),
    Map(Rc<Table>),
    Record(Rc<Rec>),
    Object(Rc<Instance>),
    /// A constant of an enum: class and place.
    Enum(u32, u16),
    Native(Rc<Native>),
}

impl Value {
    pub(crate) fn str(text: &str) -> Value {
        Value::Str(text.into())
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    pub(crate) fn list(of: Ty, items: Vec<Value>) -> Value {
        Value::List(Rc::new(List { of, items: RefCell::new(items), read_only: Cell::new(false) }))
    }

    pub(crate) fn native(native: Native) -> Value {
        Value::Native(Rc::new(native))
    }

    pub(crate) fn option(text: Option<&str>) -> Value {
        text.map_or(Value::Null, Value::str)
    }
}

/// A list.
#[derive(Debug)]
pub(crate) struct List {
    /// The type of its elements.
    pub of: Ty,
    /// Its elements.
    pub items: RefCell<Vec<Value>>,
    /// Set for `Trigger.new` and the like.
    pub read_only: Cell<bool>,
}

/// A set or map, in the order in which keys came.
#[derive(Debug)]
pub(crate) struct Table {
    /// The type of keys.
    pub key: Ty,
    /// The type of values; [`Ty::Void`] for sets.
    pub value: Ty,
    /// What it holds.
    pub data: RefCell<Entries>,
}

/// Keys and values with an index of hashes. Entries that went leave a hole.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    pub slots: Vec<Option<(Value, Value)>>,
    pub index: HashMap<u64, Vec<u32>>,
    pub live: usize,
}

impl Entries {
    /// Keys and values in order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = &(Value, Value)> {
        self.slots.iter().flatten()
    }
}

/// A record.
#[derive(Debug)]
pub(crate) struct Rec {
    /// Its object.
    pub object: Arc<ObjectInfo>,
    /// What it holds.
    pub data: RefCell<RecData>,
}

/// What a record holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecData {
    /// Fields by place.
    pub fields: Vec<(u16, Value)>,
    /// Parents by the place of their reference.
    pub parents: Vec<(u16, Value)>,
    /// Lists of children by relationship name.
    pub children: Vec<(Arc<str>, Value)>,
    /// What `addError` put on it.
    pub errors: Vec<RowError>,
    /// Whether it comes from a query, which makes it an error to read what was not selected.
    pub queried: bool,
    /// Whether it may not be changed.
    pub read_only: bool,
    /// Fields that the program set.
    pub touched: Vec<u16>,
}

impl Rec {
    pub(crate) fn new(object: Arc<ObjectInfo>) -> Rec {
        Rec { object, data: RefCell::default() }
    }

    pub(crate) fn get(&self, field: u16) -> Option<Value> {
        self.data.borrow().fields.iter().find(|(own, _)| *own == field).map(|(_, value)| value.clone())
    }

    /// Sets a field without a look at whether that is allowed.
    pub(crate) fn set(&self, field: u16, value: Value) {
        let mut data = self.data.borrow_mut();
        match data.fields.iter_mut().find(|(own, _)| *own == field) {
            Some((_, own)) => *own = value,
            None => data.fields.push((field, value)),
        }
    }

    pub(crate) fn id(&self) -> Option<Id> {
        match self.get(self.object.field_at("id")? as u16)? {
            Value::Id(id) => Some(id),
            Value::Str(text) => Id::parse(&text).ok(),
            _ => None,
        }
    }
}

/// An instance of a class.
#[derive(Debug)]
pub(crate) struct Instance {
    /// Its class.
    pub class: u32,
    /// Its members, its parents' first.
    pub fields: RefCell<Vec<Value>>,
    /// What exceptions have beside.
    pub exception: Option<RefCell<ExceptionState>>,
}

/// What an exception has beside its members.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExceptionState {
    pub message: Option<Arc<str>>,
    pub cause: Option<Value>,
    pub stack: String,
    pub line: u32,
    pub thrown: bool,
    pub rows: Vec<RowFailure>,
}

/// A row of a `DmlException`.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowFailure {
    pub index: usize,
    pub id: Option<Id>,
    pub error: RowError,
}

/// Values of the platform's own types.
#[derive(Debug)]
pub(crate) enum Native {
    ObjectType(Arc<ObjectInfo>),
    Field(Arc<ObjectInfo>, usize),
    DescribeObject(Arc<ObjectInfo>),
    DescribeField(Arc<ObjectInfo>, usize),
    Fields(Arc<ObjectInfo>),
    Picklist(PicklistEntry),
    Child(ChildInfo),
    Pattern(Arc<str>, fancy_regex::Regex),
    Matcher(RefCell<Matcher>),
    Type(Ty),
    Savepoint(u32),
    Zone(jiff::tz::TimeZone),
    Iterator(RefCell<(Vec<Value>, usize)>),
}

/// A matcher's state.
#[derive(Debug)]
pub(crate) struct Matcher {
    pub pattern: Value,
    pub text: Arc<str>,
    pub at: usize,
    pub groups: Option<Vec<Option<(usize, usize)>>>,
}

impl Native {
    pub(crate) fn ty(&self) -> Ty {
        Ty::Native(match self {
            Native::ObjectType(_) => "Schema.SObjectType",
            Native::Field(..) => "Schema.SObjectField",
            Native::DescribeObject(_) => "Schema.DescribeSObjectResult",
            Native::DescribeField(..) => "Schema.DescribeFieldResult",
            Native::Fields(_) => "Schema.SObjectTypeFields",
            Native::Picklist(_) => "Schema.PicklistEntry",
            Native::Child(_) => "Schema.ChildRelationship",
            Native::Pattern(..) => "System.Pattern",
            Native::Matcher(_) => "System.Matcher",
            Native::Type(_) => "System.Type",
            Native::Savepoint(_) => "System.Savepoint",
            Native::Zone(_) => "System.TimeZone",
            Native::Iterator(_) => "System.ListIterator",
        })
    }
}
