//! Formulas over a catalog: names resolved, types checked, what they read listed. The engine evaluates what comes out.
//!
//! The types, what functions take and the words of refusals are those of the platform's own engine
//! (github.com/salesforce/formula-engine: the commands' `validate`, `labels.xml`), corrected by what real orgs were seen to
//! answer. Blanks are blanks, as in validation rules; nothing is read as zero.

mod calls;
mod check;
mod functions;
mod paths;
mod pattern;

pub use functions::Function;
pub use orglet_syntax::formula::ast::{Op, Span};
pub use pattern::{Pattern, TooComplicated};

use orglet_base::DateTime;
use orglet_schema::{Catalog, FieldType, Object};
use rust_decimal::Decimal;
use std::sync::Arc;

/// What a formula is for: which references and functions it may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The condition of a validation rule: the record, what it was, and what is above it.
    Rule,
    /// The default of a field: no record yet.
    Default,
    /// A formula of a flow, which names its record, where it has one, as `$Record`, and other things by their names.
    Flow,
}

/// The type of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as the platform names them")]
pub enum Type {
    Null,
    Boolean,
    Number,
    Text,
    /// An id, which is text, with the label of the object that it names.
    Id(String),
    Date,
    DateTime,
    Time,
    Location,
    /// A picklist field itself, which few functions take.
    Picklist,
    /// A multi-select picklist field itself.
    MultiPicklist,
}

impl Type {
    /// The name that messages have for it.
    pub fn label(&self) -> String {
        let name = match self {
            Type::Null => "Null",
            Type::Boolean => "Boolean",
            Type::Number => "Number",
            Type::Text => "Text",
            Type::Id(object) => return format!("Lookup({object})"),
            Type::Date => "Date",
            Type::DateTime => "Date/Time",
            Type::Time => "Time",
            Type::Location => "Geolocation",
            Type::Picklist => "Picklist",
            Type::MultiPicklist => "Picklist (Multi-Select)",
        };
        name.to_owned()
    }

    /// Whether it is text of some kind.
    pub fn is_text(&self) -> bool {
        matches!(self, Type::Text | Type::Id(_))
    }

    /// Whether values of both may be compared.
    fn meets(&self, other: &Type) -> bool {
        *self == Type::Null || *other == Type::Null || self == other || (self.is_text() && other.is_text())
    }

    /// The type of a value that is of one or the other.
    fn common(&self, other: &Type) -> Option<Type> {
        match (self, other) {
            (Type::Null, t) | (t, Type::Null) => Some(t.clone()),
            (a, b) if a == b => Some(a.clone()),
            (a, b) if a.is_text() && b.is_text() => Some(Type::Text),
            _ => None,
        }
    }
}

/// A checked expression.
#[derive(Clone, Debug)]
pub enum Node {
    /// No value.
    Null,
    /// A checkbox's value.
    Bool(bool),
    /// A number as it stands in the formula: TEXT() leaves the zero before its point.
    Number(Decimal),
    /// Text.
    Text(String),
    /// An instant that a name stands for.
    DateTime(DateTime),
    /// A regular expression that is known beforehand.
    Pattern(Arc<Pattern>),
    /// A field of a row.
    Field(Reference),
    /// The opposite of a truth.
    Not(Box<Node>),
    /// The opposite of a number.
    Negate(Box<Node>),
    /// Operands and the operators between them, from left to right.
    Chain(Box<Node>, Vec<Link>),
    /// A function and its arguments.
    Call(Function, Vec<Node>),
    /// A field of a row that is looked for.
    Lookup(Box<Lookup>),
    /// What a name stands for beside rows: see [`Resources`].
    Resource(String),
}

/// An operator, and the operand to its right.
#[derive(Clone, Debug)]
pub struct Link {
    /// The operator.
    pub op: Op,
    /// What it joins, as far as blanks are concerned.
    pub over: Over,
    /// The operand.
    pub right: Node,
}

/// What a blank operand means to an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Text: a blank is empty text.
    Text,
    /// Truths: a blank is false where two are compared.
    Truth,
    /// Anything else: a blank makes the result blank.
    Other,
}

/// A field that a formula reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Index of the row in the places.
    pub place: usize,
    /// Index in the fields of the row's object.
    pub field: usize,
    /// Whether the value is a percentage, which formulas read as a hundredth of it.
    pub percent: bool,
    /// For the location fields: the indexes of latitude and longitude.
    pub location: Option<(usize, usize)>,
}

/// A row that formulas read.
#[derive(Clone, Debug)]
pub struct Place {
    /// Which row.
    pub source: Source,
    /// Its object.
    pub object: Arc<Object>,
    /// The names of the fields that are read.
    pub fields: Vec<String>,
}

/// Which row a [`Place`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The record itself; always the first place.
    Record,
    /// The user who saves it.
    User,
    /// The org's own row.
    Organization,
    /// The row that a reference field of another place's row names.
    Parent {
        /// The other place; it stands before this one.
        of: usize,
        /// Index of the reference field in that place's object.
        by: usize,
    },
}

/// The rows that the formulas of an object read, the record first.
#[derive(Clone, Debug)]
pub struct Places {
    all: Vec<Place>,
    /// Objects and fields of rows that are looked for by their names.
    looked_up: Vec<(String, String)>,
}

/// A search for a row by its name: `VLOOKUP`.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// The object.
    pub object: Arc<Object>,
    /// Index of its name field.
    pub key: usize,
    /// The field that is asked for, in no place.
    pub field: Reference,
    /// The name.
    pub value: Node,
}

impl Places {
    /// The record alone.
    pub fn of(object: &Arc<Object>) -> Self {
        let record = Place { source: Source::Record, object: object.clone(), fields: Vec::new() };
        Self { all: vec![record], looked_up: Vec::new() }
    }

    /// All of them; a parent stands behind the row that names it.
    pub fn all(&self) -> &[Place] {
        &self.all
    }

    /// Whether a field of an object is read, wherever.
    pub fn reads(&self, object: &str, field: &str) -> bool {
        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        self.all.iter().any(|p| same(&p.object.name, object) && p.fields.iter().any(|f| same(f, field)))
            || self.looked_up.iter().any(|(o, f)| same(o, object) && same(f, field))
    }

    /// The index of a place, which is added where it is not known yet.
    fn intern(&mut self, source: Source, object: &Arc<Object>) -> usize {
        match self.all.iter().position(|p| p.source == source && p.object.name == object.name) {
            Some(at) => at,
            None => {
                self.all.push(Place { source, object: object.clone(), fields: Vec::new() });
                self.all.len() - 1
            }
        }
    }

    /// Notes that a field of a place is read.
    fn read(&mut self, place: usize, field: usize) {
        let place = &mut self.all[place];
        let name = &place.object.fields()[field].name;
        if !place.fields.contains(name) {
            place.fields.push(name.clone());
        }
    }
}

/// Names that formulas of a flow may use beside the fields of rows.
pub trait Resources {
    /// The type of what a name stands for; none where it stands for nothing.
    ///
    /// # Errors
    /// The sentence that refuses a name which stands for something that formulas can't use.
    fn type_of(&self, name: &str) -> Result<Option<Type>, String>;
}

/// Why a formula is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The sentence; where the formula is sound and only this org lacks something, what that is.
    pub message: String,
    /// Where, in bytes of the formula.
    pub span: Span,
    /// The formula is sound on the platform, but something it asks for is not built here.
    pub unsupported: bool,
}

impl Fault {
    fn new(span: Span, message: impl Into<String>) -> Self {
        Self { message: message.into(), span, unsupported: false }
    }

    fn unsupported(span: Span, what: impl Into<String>) -> Self {
        Self { message: what.into(), span, unsupported: true }
    }
}

impl From<orglet_syntax::formula::FormulaError> for Fault {
    fn from(e: orglet_syntax::formula::FormulaError) -> Self {
        Self::new(e.span, e.message)
    }
}

/// Checks a formula against the fields of an object. What it reads is added to `places`.
pub fn check(text: &str, purpose: Purpose, catalog: &Catalog, places: &mut Places) -> Result<(Node, Type), Fault> {
    let tree = orglet_syntax::formula::parse(text)?;
    check::Checker { catalog, purpose, places, resources: None }.value(&tree)
}

/// Checks a formula of a flow. What it reads of the record, and of what is above it, is added to `places`.
pub fn of_flow(text: &str, catalog: &Catalog, places: &mut Places, resources: &dyn Resources) -> Result<(Node, Type), Fault> {
    let tree = orglet_syntax::formula::parse(text)?;
    check::Checker { catalog, purpose: Purpose::Flow, places, resources: Some(resources) }.value(&tree)
}

/// Checks the formula of a field's default, which must be of the field's type. Percentages are hundredths.
pub fn default(text: &str, of: FieldType, catalog: &Catalog, places: &mut Places) -> Result<Node, Fault> {
    let (node, ty) = check(text, Purpose::Default, catalog, places)?;
    let expected = match of {
        FieldType::Date => Type::Date,
        FieldType::DateTime => Type::DateTime,
        FieldType::Time => Type::Time,
        FieldType::Boolean => Type::Boolean,
        FieldType::Int | FieldType::Long | FieldType::Double | FieldType::Currency | FieldType::Percent => Type::Number,
        _ => Type::Text,
    };
    if ty == Type::Null || ty == expected || (ty.is_text() && expected == Type::Text) {
        return Ok(node);
    }
    let message = format!("Formula result is data type ({}), incompatible with expected data type ({}).", ty.label(), expected.label());
    Err(Fault::new(Span::default(), message))
}

/// Checks the condition of a validation rule, which must be a truth.
pub fn condition(text: &str, catalog: &Catalog, places: &mut Places) -> Result<Node, Fault> {
    let (node, ty) = check(text, Purpose::Rule, catalog, places)?;
    match ty {
        Type::Boolean | Type::Null => Ok(node),
        other => {
            let message = format!("Formula result is data type ({}), incompatible with expected data type (true or false).", other.label());
            Err(Fault::new(Span::default(), message))
        }
    }
}
