//! Field paths: qualifiers, parent relationships, the pseudo-object Name of polymorphic ones.

use super::{Binder, MAX_PARENT_LEVELS, MAX_RELATIONSHIPS};
use crate::emit::{Join, Sql, quoted, sql};
use crate::plan::ParentKind;
use crate::shape::key_field;
use crate::views;
use orglet_base::{ApiError, ErrorCode, OwnedCell};
use orglet_schema::{CellKind, Field, FieldType, Object, Place};
use orglet_syntax::ast::{Ident, Path, Span};
use std::sync::Arc;

/// The tables of a query and the names for them.
pub(super) struct Scope {
    pub root: Arc<Object>,
    pub joins: Vec<Join>,
    /// What each table is joined by: the table and column it hangs on, and its object. Parallel to `joins`.
    keys: Vec<(Sql, String)>,
    /// The virtual object behind each table. Parallel to `joins`.
    pub virtuals: Vec<Option<usize>>,
    prefix: char,
    anchors: Vec<(String, Anchor)>,
    /// Relationships used, by the column they hang on.
    relationships: Vec<String>,
}

/// A place from which a path goes on.
#[derive(Clone, Debug)]
pub(super) struct Anchor {
    pub base: Base,
    pub steps: Vec<Step>,
}

/// What a relationship leads to.
#[derive(Clone, Debug)]
pub(super) enum Base {
    /// A table of the scope.
    Table(usize, Arc<Object>),
    /// One of several objects, told by the id.
    Name { id: Sql, targets: Vec<Arc<Object>> },
}

/// A relationship on a path.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// As the schema spells it.
    pub name: String,
    pub kind: ParentKind,
    /// NULL where there is no parent.
    pub id: Sql,
}

/// A field that a path leads to.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Its value; empty for fields without a column.
    pub sql: Sql,
    pub kind: CellKind,
    pub ty: FieldType,
    /// As the schema spells it.
    pub name: String,
    pub base: Base,
    pub steps: Vec<Step>,
    /// `None` for fields of the pseudo-object Name.
    pub field: Option<(Arc<Object>, usize)>,
}

/// Fields of the pseudo-object Name.
const NAME_FIELDS: &[(&str, FieldType)] = &[
    ("Id", FieldType::Id),
    ("Name", FieldType::String),
    ("NameOrAlias", FieldType::String),
    ("FirstName", FieldType::String),
    ("LastName", FieldType::String),
    ("MiddleName", FieldType::String),
    ("Suffix", FieldType::String),
    ("Salutation", FieldType::String),
    ("Title", FieldType::String),
    ("Email", FieldType::Email),
    ("Phone", FieldType::Phone),
    ("Type", FieldType::String),
    ("Username", FieldType::String),
    ("Alias", FieldType::String),
    ("IsActive", FieldType::Boolean),
    ("ProfileId", FieldType::Reference),
    ("UserRoleId", FieldType::Reference),
    ("RecordTypeId", FieldType::Reference),
];

impl Scope {
    pub(super) fn new(root: Arc<Object>, prefix: char, join: Join, number: Option<usize>) -> Self {
        Self {
            root,
            joins: vec![join],
            keys: vec![(Sql::default(), String::new())],
            virtuals: vec![number],
            prefix,
            anchors: Vec::new(),
            relationships: Vec::new(),
        }
    }

    /// A column of one of the tables.
    pub(super) fn column(&self, table: usize, name: &str) -> Sql {
        let mut out = sql![self.joins[table].alias, ".", quoted(name)];
        out.tables = 1 << table;
        out
    }

    /// What the scope's tables are called by.
    pub(super) fn prefix(&self) -> char {
        self.prefix
    }

    /// Whether the table of a virtual object hangs on this column of the root.
    pub(super) fn hangs_on(&self, virtual_number: usize, reference: &str) -> bool {
        let table = self.virtuals.iter().position(|n| *n == Some(virtual_number));
        table.is_some_and(|t| self.keys[t].0 == self.column(0, reference))
    }

    fn root_anchor(&self) -> Anchor {
        Anchor { base: Base::Table(0, self.root.clone()), steps: Vec::new() }
    }

    /// Another name for the root.
    pub(super) fn name_root(&mut self, name: &str) {
        self.name_anchor(name, self.root_anchor());
    }

    /// A name for a place.
    pub(super) fn name_anchor(&mut self, name: &str, anchor: Anchor) {
        self.anchors.push((name.to_ascii_lowercase(), anchor));
    }

    /// Whether a name stands for a place.
    pub(super) fn is_anchor(&self, name: &str) -> bool {
        self.anchors.iter().any(|(n, _)| n.eq_ignore_ascii_case(name))
    }

    /// The table of an object that hangs on a column: the one that is there, or a new one.
    fn joined(&mut self, on: Sql, object: &Arc<Object>, source: impl FnOnce() -> (Sql, Option<usize>)) -> usize {
        if let Some(i) = self.keys.iter().position(|(sql, name)| *sql == on && *name == object.name) {
            return i;
        }
        let table = self.joins.len();
        let alias = format!("{}{table}", self.prefix);
        let key = key_field(object);
        let (source, number) = source();
        let condition = sql![alias, ".", quoted(key.map_or("Id", |f| &f.name)), " = ", on];
        self.joins.push(Join { source, alias, on: Some(condition) });
        self.keys.push((on, object.name.clone()));
        self.virtuals.push(number);
        table
    }
}

impl Scope {
    /// The table of what a user saw of the rows with a key: the one that is there, or a new one.
    fn joined_views(&mut self, key: Sql, user: OwnedCell) -> usize {
        if let Some(i) = self.keys.iter().position(|(sql, name)| *sql == key && name == views::TABLE) {
            return i;
        }
        let table = self.joins.len();
        let alias = format!("{}{table}", self.prefix);
        let condition = sql![alias, ".\"user\" = ", user, " AND ", alias, ".id = ", key];
        self.joins.push(Join { source: sql![views::TABLE], alias, on: Some(condition) });
        self.keys.push((key, views::TABLE.to_owned()));
        self.virtuals.push(None);
        table
    }
}

impl Found {
    /// The field; `None` for those of the pseudo-object Name.
    pub(super) fn field(&self) -> Option<&Field> {
        self.field.as_ref().map(|(object, i)| &object.fields()[*i])
    }

    /// The path to the text beside the code of a state, which is what people see of it: other countries' states have the same
    /// code. Nothing where the field is none.
    pub(super) fn text_of_state(&self, path: &Path) -> Option<Path> {
        self.field().filter(|f| f.place == Some(Place::State))?;
        let mut text = path.clone();
        let last = text.segments.last_mut()?;
        last.text.truncate(last.text.len().checked_sub("Code".len())?);
        Some(text)
    }

    /// Whether it is compared by folded characters.
    pub(super) fn folds(&self) -> bool {
        match self.field() {
            Some(f) => !f.compares_exactly(),
            None => self.ty.is_text(),
        }
    }

    pub(super) fn sortable(&self) -> bool {
        self.field().is_none_or(|f| f.sortable && f.has_column())
    }

    pub(super) fn groupable(&self) -> bool {
        self.field().is_none_or(|f| f.groupable && f.has_column())
    }

    /// The values of a picklist in their order, for ordering by it.
    pub(super) fn picklist(&self) -> Option<Vec<String>> {
        let field = self.field().filter(|f| f.ty == FieldType::Picklist && !f.picklist.is_empty())?;
        Some(field.picklist.iter().map(|v| v.value.clone()).collect())
    }
}

/// Whether a reference leads to the pseudo-object Name.
pub(super) fn is_polymorphic(field: &Field) -> bool {
    field.name_pointing || field.reference_to.len() > 1
}

impl Binder<'_> {
    /// The place that a path of relationships leads to, qualifier included.
    pub(super) fn anchor(&mut self, scope: &mut Scope, path: &Path) -> Result<Anchor, ApiError> {
        let (anchor, rest) = self.start(scope, &path.segments);
        self.walk(scope, anchor, rest, path.span)
    }

    /// Takes the qualifier off a path.
    fn start<'p>(&self, scope: &Scope, segments: &'p [Ident]) -> (Anchor, &'p [Ident]) {
        if segments.len() > 1
            && let Some((_, anchor)) = scope.anchors.iter().find(|(name, _)| name.eq_ignore_ascii_case(&segments[0].text))
        {
            return (anchor.clone(), &segments[1..]);
        }
        (scope.root_anchor(), segments)
    }

    fn walk(&mut self, scope: &mut Scope, mut at: Anchor, segments: &[Ident], span: Span) -> Result<Anchor, ApiError> {
        for segment in segments {
            if at.steps.len() == MAX_PARENT_LEVELS {
                let text = format!("A path may go up through {MAX_PARENT_LEVELS} parent relationships at most");
                return Err(self.cx.malformed(span, text));
            }
            at = self.step(scope, at, segment, span)?;
        }
        Ok(at)
    }

    fn step(&mut self, scope: &mut Scope, at: Anchor, segment: &Ident, span: Span) -> Result<Anchor, ApiError> {
        let unknown = |binder: &Self| {
            let text = format!(
                "Didn't understand relationship '{}' in field path. If you are attempting to use a custom relationship, be sure to append \
                 the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.",
                segment.text
            );
            binder.cx.at(ErrorCode::InvalidField, span, text)
        };
        let (name, on, targets, polymorphic) = match &at.base {
            Base::Table(table, object) => {
                let field = object.parent_field(&segment.text).filter(|f| self.cx.access.reads_field(object, f));
                let Some(field) = field else { return Err(unknown(self)) };
                let name = field.relationship_name.clone().unwrap_or_default();
                (name, scope.column(*table, &field.name), self.targets(field), is_polymorphic(field))
            }
            Base::Name { id, targets } => {
                // The pseudo-object has these parents of its own.
                let known = ["Profile", "UserRole", "RecordType"].into_iter().find(|r| segment.text.eq_ignore_ascii_case(r));
                let Some(name) = known else { return Err(unknown(self)) };
                let on = self.name_field(id, &targets.clone(), &format!("{name}Id"));
                (name.to_owned(), on, self.cx.catalog.object(name).cloned().into_iter().collect(), false)
            }
        };
        let Some(first) = targets.first().cloned() else { return Err(unknown(self)) };
        if !scope.relationships.contains(&on.text) {
            scope.relationships.push(on.text.clone());
            self.check_relationships(scope.relationships.len(), span)?;
        }
        let mut steps = at.steps;
        let base = if polymorphic {
            steps.push(Step { name, kind: ParentKind::ById, id: on.clone() });
            Base::Name { id: on, targets }
        } else {
            let table = self.join(scope, on, &first);
            let id = scope.column(table, key_field(&first).map_or("Id", |f| f.name.as_str()));
            steps.push(Step { name, kind: ParentKind::Fixed(first.clone()), id });
            Base::Table(table, first)
        };
        Ok(Anchor { base, steps })
    }

    pub(super) fn check_relationships(&self, count: usize, span: Span) -> Result<(), ApiError> {
        if count > MAX_RELATIONSHIPS {
            return Err(self.cx.malformed(span, format!("A query may use {MAX_RELATIONSHIPS} parent relationships at most")));
        }
        Ok(())
    }

    /// The table of a parent that hangs on a column.
    pub(super) fn join(&mut self, scope: &mut Scope, on: Sql, object: &Arc<Object>) -> usize {
        scope.joined(on, object, || self.scan(object))
    }

    /// Counts the relationships of a TYPEOF.
    pub(super) fn count_relationship(&self, scope: &mut Scope, key: String, span: Span) -> Result<(), ApiError> {
        if !scope.relationships.contains(&key) {
            scope.relationships.push(key);
        }
        self.check_relationships(scope.relationships.len(), span)
    }

    /// The objects that a reference may point to, as far as the org has them.
    pub(super) fn targets(&self, field: &Field) -> Vec<Arc<Object>> {
        let found = field.reference_to.iter().filter_map(|name| self.cx.catalog.object(name));
        found.filter(|o| self.cx.access.sees_object(o)).cloned().collect()
    }

    /// A field.
    pub(super) fn resolve(&mut self, scope: &mut Scope, path: &Path) -> Result<Found, ApiError> {
        let (anchor, rest) = self.start(scope, &path.segments);
        self.resolve_from(scope, anchor, rest, path.span)
    }

    /// A field, from a place on.
    pub(super) fn resolve_from(&mut self, scope: &mut Scope, anchor: Anchor, segments: &[Ident], span: Span) -> Result<Found, ApiError> {
        let Some((last, parents)) = segments.split_last() else { return Err(self.cx.unexpected(span, "'.'")) };
        let at = self.walk(scope, anchor, parents, span)?;
        let Anchor { base, steps } = at;
        match &base {
            Base::Table(table, object) => {
                let found = object.field_index(&last.text).filter(|i| self.cx.access.reads_field(object, &object.fields()[*i]));
                let Some(index) = found else { return Err(self.unknown_field(&last.text, &object.name, span)) };
                let field = &object.fields()[index];
                let sql = self.value(scope, *table, object, field);
                let (kind, ty, name) = (field.cell_kind(), field.ty, field.name.clone());
                let field = Some((object.clone(), index));
                Ok(Found { sql, kind, ty, name, base, steps, field })
            }
            Base::Name { id, targets } => {
                let known = NAME_FIELDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(&last.text));
                let Some((name, ty)) = known else { return Err(self.unknown_field(&last.text, "Name", span)) };
                let sql = self.name_field(id, &targets.clone(), name);
                let kind = name_kind(*ty);
                Ok(Found { sql, kind, ty: *ty, name: (*name).to_owned(), base, steps, field: None })
            }
        }
    }

    /// A field's value in a table of the scope; empty for fields without a column.
    pub(super) fn value(&mut self, scope: &mut Scope, table: usize, object: &Object, field: &Field) -> Sql {
        if field.is_personal() && object.has_table() {
            self.seen(scope, table, object, field)
        } else if field.has_column() {
            scope.column(table, &field.name)
        } else {
            Sql::default()
        }
    }

    /// When the user last saw a record. What is known of a query's own rows is joined, so that a query of what was seen
    /// reads that and not all records; of parents it is looked up, since tables of a query are few.
    fn seen(&mut self, scope: &mut Scope, table: usize, object: &Object, field: &Field) -> Sql {
        self.personal = true;
        let Some(key) = key_field(object).map(|f| scope.column(table, &f.name)) else { return sql!["NULL"] };
        let column = views::column(field);
        let user = OwnedCell::Text(self.cx.user.to_string());
        if table > 0 {
            let found = sql!["(SELECT v.", column, " FROM ", views::TABLE, " AS v WHERE v.\"user\" = ", user, " AND v.id = ", key, ")"];
            return self.emit.instant(&found);
        }
        let at = scope.joined_views(key, user);
        let mut out = self.emit.instant(&sql![scope.joins[at].alias, ".", column]);
        out.tables = 1 << at;
        out
    }

    pub(super) fn unknown_field(&self, field: &str, entity: &str, span: Span) -> ApiError {
        let text = format!(
            "No such column '{field}' on entity '{entity}'. If you are attempting to use a custom field, be sure to append the '__c' after \
             the custom field name. Please reference your WSDL or the describe call for the appropriate names."
        );
        self.cx.at(ErrorCode::InvalidField, span, text)
    }

    /// A field of the pseudo-object Name: taken from the one object that the id belongs to. One look-up for each row,
    /// however many objects the reference may point to.
    fn name_field(&mut self, id: &Sql, targets: &[Arc<Object>], name: &str) -> Sql {
        if name == "Id" {
            return id.clone();
        }
        let wanted = NAME_FIELDS.iter().find(|(n, _)| *n == name).map_or(CellKind::Text, |(_, ty)| name_kind(*ty));
        let mut arms = Sql::default();
        for object in targets {
            let Some(prefix) = object.key_prefix else { continue };
            let value = if name == "Type" && object.name != "Group" {
                sql!["'", object.name.replace('\'', "''"), "'"]
            } else {
                let field = match name {
                    "Name" => object.name_field(),
                    "NameOrAlias" => object.field("Alias").or_else(|| object.name_field()),
                    _ => object.field(name),
                };
                let usable = field.filter(|f| f.has_column() && f.cell_kind() == wanted && object.has_table());
                let Some(field) = usable.filter(|f| self.cx.access.reads_field(object, f)) else { continue };
                let column = quoted(&field.name);
                self.reads(object);
                sql!["(SELECT p.", column, " FROM ", self.emit.table(&object.name), " AS p WHERE p.\"Id\" = ", id, ")"]
            };
            arms.push(sql![" WHEN '", prefix.as_str(), "' THEN ", value]);
        }
        if arms.text.is_empty() { sql!["NULL"] } else { sql!["CASE substr(", id, ", 1, 3)", arms, " END"] }
    }
}

fn name_kind(ty: FieldType) -> CellKind {
    match ty {
        FieldType::Id | FieldType::Reference => CellKind::Id,
        FieldType::Boolean => CellKind::Bool,
        _ => CellKind::Text,
    }
}
