//! The plan of a query: statements and the shape of the answer.

use crate::emit::{AggregateSql, RecordSql};
use orglet_base::{Name, Statement};
use orglet_schema::{CellKind, FieldType, Object};
use orglet_syntax::ast::ForClause;
use std::sync::Arc;

/// A checked query.
#[derive(Debug)]
pub struct Plan {
    /// What it gives.
    pub output: Output,
    /// The virtual objects read: `Param::Virtual(i)` stands for the rows of `virtuals[i]`.
    pub virtuals: Vec<VirtualNeed>,
    /// Every object that has a table and that some statement of the plan reads; the tables may have to be made first.
    pub tables: Vec<Arc<Object>>,
    /// FOR VIEW or FOR REFERENCE: which dates of the rows read should be set. It changes no result.
    pub for_clause: Option<ForClause>,
    /// Whether the same query of the same user has the same plan as long as the catalog stays: nothing in it depends on
    /// what time it is.
    pub lasting: bool,
    /// Whether FIELDS(ALL) or FIELDS(CUSTOM) is selected anywhere: such a result has one page.
    pub unbounded_fields: bool,
    /// Whether it reads what the user last saw: what is noted of that must be written first.
    pub personal: bool,
}

/// What a query gives.
#[derive(Debug)]
pub enum Output {
    /// `SELECT COUNT()`: one row of one whole number.
    Count(Statement),
    /// AggregateResult rows.
    Aggregate(AggregatePlan),
    /// Records.
    Records(RecordPlan),
}

/// A virtual object whose rows a plan reads. Rows are arrays of cells, one for each field with `has_column()` in order.
#[derive(Debug, Clone)]
pub struct VirtualNeed {
    /// The object.
    pub object: Arc<Object>,
    /// Values that the rows must have: a field's name and what it may be. The statement filters too; the rows made may
    /// be a superset.
    pub filters: Vec<(String, Vec<String>)>,
}

/// A query of records.
#[derive(Debug)]
pub struct RecordPlan {
    /// The object of the rows.
    pub object: Arc<Object>,
    /// How a row becomes a record; column numbers are those of [`RecordPlan::page`]'s rows. Column 0 is the Id.
    pub shape: Vec<Node>,
    /// Child sub-queries, numbered by [`Node::Child`].
    pub children: Vec<ChildPlan>,
    /// LIMIT.
    pub limit: Option<u64>,
    /// OFFSET, 0 where there is none.
    pub offset: u64,
    pub(crate) sql: RecordSql,
}

impl RecordPlan {
    /// The values of the first rows: at most `max_rows`, and no more than LIMIT. Column 0 is the row's Id.
    pub fn page(&self, max_rows: u64) -> Statement {
        self.sql.page(self.limit.map_or(max_rows, |l| l.min(max_rows)), self.offset)
    }

    /// The Ids of the whole result in order, with LIMIT and OFFSET applied.
    pub fn ids(&self) -> Statement {
        self.sql.ids(self.limit, self.offset)
    }

    /// The values of the rows with these Ids, in no order; the query's filter is not applied again.
    pub fn by_ids(&self, ids: Vec<String>) -> Statement {
        self.sql.by_ids(ids)
    }

    /// Number of columns of a row.
    pub fn width(&self) -> usize {
        self.sql.width()
    }
}

/// A child sub-query.
#[derive(Debug)]
pub struct ChildPlan {
    /// The relationship's name, as the schema spells it.
    pub name: String,
    /// The reference field of the child that points at the parent.
    pub field: String,
    /// How its rows become records. Use [`ChildPlan::for_parents`] for its rows, not the plan's own statements
    /// ([`RecordPlan::by_ids`] serves paging within one parent's children).
    pub plan: RecordPlan,
}

impl ChildPlan {
    /// The children of these parents, in the sub-query's order within each parent, its LIMIT and OFFSET applied per
    /// parent. Column 0 is the child's Id; the last column, beyond those that the shape names, is the parent's Id.
    pub fn for_parents(&self, parent_ids: &[String]) -> Statement {
        self.plan.sql.for_parents(parent_ids, &self.field, self.plan.limit, self.plan.offset)
    }
}

/// A query with aggregates or GROUP BY.
#[derive(Debug)]
pub struct AggregatePlan {
    /// How a row becomes an AggregateResult: [`Node::Value`]s only.
    pub shape: Vec<Node>,
    /// LIMIT.
    pub limit: Option<u64>,
    /// OFFSET, 0 where there is none.
    pub offset: u64,
    pub(crate) sql: AggregateSql,
}

impl AggregatePlan {
    /// The first `max_rows` rows, and no more than LIMIT.
    pub fn statement(&self, max_rows: u64) -> Statement {
        self.sql.statement(self.limit.map_or(max_rows, |l| l.min(max_rows)), self.offset)
    }
}

/// A part of a record.
#[derive(Debug, Clone)]
pub enum Node {
    /// A plain value.
    Value {
        /// Its key.
        name: Name,
        /// Its column.
        column: usize,
        /// How the cell becomes a value.
        kind: OutKind,
        /// The field it comes from: object and index in `Object::fields()`. None for most function results.
        source: Option<(Arc<Object>, usize)>,
    },
    /// A parent record.
    Parent {
        /// The relationship's name.
        name: Name,
        /// Its object.
        object: ParentKind,
        /// The column of its Id; NULL there means that there is no parent, and the whole is null.
        id_column: usize,
        /// Its parts.
        nodes: Vec<Node>,
    },
    /// An address, null where every part is.
    Address {
        /// The compound field's name.
        name: Name,
        /// Key, column and kind of each part, in the order of the answer.
        parts: Vec<(&'static str, usize, CellKind)>,
    },
    /// A geolocation, null where either half is.
    Location {
        /// The compound field's name.
        name: Name,
        /// Column of the latitude.
        latitude: usize,
        /// Column of the longitude.
        longitude: usize,
        /// Kind of both cells.
        kind: CellKind,
    },
    /// A child sub-query: `RecordPlan::children[child]`.
    Child {
        /// The relationship's name.
        name: Name,
        /// Number of the sub-query.
        child: usize,
    },
    /// TYPEOF.
    TypeOf {
        /// The relationship's name.
        name: Name,
        /// The column of the reference; NULL there means null.
        id_column: usize,
        /// The WHEN branches: the object and its parts.
        branches: Vec<(Arc<Object>, Vec<Node>)>,
        /// ELSE. Where it is empty and no branch fits, the whole is null.
        otherwise: Vec<Node>,
    },
}

impl Node {
    /// The key under which the part stands in its record.
    pub fn name(&self) -> &Name {
        match self {
            Node::Value { name, .. }
            | Node::Parent { name, .. }
            | Node::Address { name, .. }
            | Node::Location { name, .. }
            | Node::Child { name, .. }
            | Node::TypeOf { name, .. } => name,
        }
    }
}

/// The object of a parent record.
#[derive(Debug, Clone)]
pub enum ParentKind {
    /// Always this one.
    Fixed(Arc<Object>),
    /// One of several: `attributes.type` is `Name`, the address that of the real object, found by the Id's prefix.
    ById,
}

/// How a cell becomes a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutKind {
    /// By its cell kind. `Blob`: the cell is 1 where there are bytes, else NULL (an address is shown in their stead).
    /// `Compound`: the field has no column; the engine makes the value itself, the column is that of the row's Id.
    Cell(CellKind),
    /// An exact number in plain decimal text (SUM, AVG, DISTANCE).
    DecimalText,
    /// `toLabel()`: the picklist value's label; `source` names the field.
    Label(CellKind),
    /// `FORMAT()`: the value as the user's locale writes it.
    Formatted(Box<OutKind>, FieldType),
}
