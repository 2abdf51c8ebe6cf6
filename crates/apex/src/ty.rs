//! Static types.

use crate::code::Class;
use std::sync::Arc;

/// A static type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "named as in the language")]
pub(crate) enum Ty {
    Void,
    /// Of the literal `null`.
    Null,
    Object,
    Bool,
    Int,
    Long,
    Double,
    Decimal,
    Str,
    Id,
    Date,
    Datetime,
    Time,
    Blob,
    /// A record of an object; of any object.
    Record(Option<Arc<str>>),
    List(Arc<Ty>),
    Set(Arc<Ty>),
    Map(Arc<(Ty, Ty)>),
    /// A class, interface or enum of the program, the platform's own of the prelude among them.
    Class(u32),
    /// A type of the platform's whose values are made here.
    Native(&'static str),
    /// A parameter of a collection's methods: 0 is the element or key, 1 the value.
    Param(u8),
}

/// Types of the platform's without a class in the prelude, by the name that has its namespace.
pub(crate) const NATIVES: &[&str] = &[
    "Schema.SObjectType",
    "Schema.SObjectField",
    "Schema.DescribeSObjectResult",
    "Schema.DescribeFieldResult",
    "Schema.PicklistEntry",
    "Schema.ChildRelationship",
    "Schema.SObjectTypeFields",
    "System.Pattern",
    "System.Matcher",
    "System.Type",
    "System.Savepoint",
    "System.TimeZone",
    "System.ListIterator",
];

impl Ty {
    pub(crate) fn list(of: Ty) -> Ty {
        Ty::List(Arc::new(of))
    }

    pub(crate) fn set(of: Ty) -> Ty {
        Ty::Set(Arc::new(of))
    }

    pub(crate) fn map(key: Ty, value: Ty) -> Ty {
        Ty::Map(Arc::new((key, value)))
    }

    pub(crate) fn record(name: &str) -> Ty {
        Ty::Record(Some(name.into()))
    }

    /// A type without parameters by its lower-case name.
    pub(crate) fn plain(name: &str) -> Option<Ty> {
        Some(match name {
            "void" => Ty::Void,
            "object" => Ty::Object,
            "boolean" => Ty::Bool,
            "integer" => Ty::Int,
            "long" => Ty::Long,
            "double" => Ty::Double,
            "decimal" => Ty::Decimal,
            "string" => Ty::Str,
            "id" => Ty::Id,
            "date" => Ty::Date,
            "datetime" => Ty::Datetime,
            "time" => Ty::Time,
            "blob" => Ty::Blob,
            "sobject" => Ty::Record(None),
            _ => return None,
        })
    }

    /// A type of the platform's by its lower-case name, with or without its namespace.
    pub(crate) fn native(name: &str) -> Option<Ty> {
        NATIVES
            .iter()
            .find(|own| own.eq_ignore_ascii_case(name) || own.split_once('.').is_some_and(|(_, own)| own.eq_ignore_ascii_case(name)))
            .map(|own| Ty::Native(own))
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Ty::Int | Ty::Long | Ty::Double | Ty::Decimal)
    }

    /// As messages say it.
    pub(crate) fn show(&self, classes: &[Arc<Class>]) -> String {
        match self {
            Ty::Void => "void".to_owned(),
            Ty::Null => "null".to_owned(),
            Ty::Object => "Object".to_owned(),
            Ty::Bool => "Boolean".to_owned(),
            Ty::Int => "Integer".to_owned(),
            Ty::Long => "Long".to_owned(),
            Ty::Double => "Double".to_owned(),
            Ty::Decimal => "Decimal".to_owned(),
            Ty::Str => "String".to_owned(),
            Ty::Id => "Id".to_owned(),
            Ty::Date => "Date".to_owned(),
            Ty::Datetime => "Datetime".to_owned(),
            Ty::Time => "Time".to_owned(),
            Ty::Blob => "Blob".to_owned(),
            Ty::Record(None) => "SObject".to_owned(),
            Ty::Record(Some(name)) => name.to_string(),
            Ty::List(of) => format!("List<{}>", of.show(classes)),
            Ty::Set(of) => format!("Set<{}>", of.show(classes)),
            Ty::Map(of) => format!("Map<{},{}>", of.0.show(classes), of.1.show(classes)),
            Ty::Class(id) => classes.get(*id as usize).map_or_else(|| "Object".to_owned(), |class| class.full_name.to_string()),
            Ty::Native(name) => (*name).to_owned(),
            Ty::Param(_) => "ANY".to_owned(),
        }
    }

    /// The type with a collection's own types in place of its parameters.
    pub(crate) fn with(&self, of: &[Ty]) -> Ty {
        match self {
            Ty::Param(n) => of.get(*n as usize).cloned().unwrap_or(Ty::Object),
            Ty::List(inner) => Ty::list(inner.with(of)),
            Ty::Set(inner) => Ty::set(inner.with(of)),
            Ty::Map(inner) => Ty::map(inner.0.with(of), inner.1.with(of)),
            other => other.clone(),
        }
    }
}
