//! What flows do with records: reads by the planner, writes by the save, both in the transaction that the flow is in.

use super::check::is_record;
use super::run::{GUIDE, Interview, Stop, World, not_set};
use super::value::{Data, MOST_ITEMS, Record, fitted};
use crate::apex::Session;
use crate::query::RowSet;
use crate::record::{self, Row};
use crate::save::{self, Assign, Change, DuplicateOptions, Incoming, Op, Saved};
use crate::{Failure, query};
use orglet_base::time::date_text;
use orglet_base::{ApiVersion, CellKind, ErrorCode, Id, Value};
use orglet_plan::Output;
use orglet_schema::custom::flow::{
    AssignOperator, Comparison, InputField, RecordCreate, RecordDelete, RecordFilter, RecordLookup, RecordUpdate, SortOrder,
};
use orglet_schema::lookup_filter::Logic;
use orglet_schema::{FieldType, Object};
use orglet_store::Tx;
use orglet_syntax::{Quirks, soql};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

/// What is told of an element whose records could not be read or written.
fn told(verb: &str, failure: Failure) -> Stop {
    if failure.errors().is_empty() {
        return Stop::Failure(failure);
    }
    // A row that another save holds is no matter of the flow's.
    if failure.errors().iter().any(|e| e.code() == ErrorCode::UnableToLockRow) {
        return Stop::Failure(failure);
    }
    Stop::Fault(sentences(verb, failure.errors().iter().map(|e| (e.code().as_str(), e.message()))))
}

fn sentences<'e>(verb: &str, errors: impl Iterator<Item = (&'e str, &'e str)>) -> String {
    let one = |(code, message): (&str, &str)| {
        format!(
            "This error occurred when the flow tried to {verb} records: {code}: {message}. You can look up ExceptionCode values in the {GUIDE}."
        )
    };
    errors.map(one).collect::<Vec<_>>().join("---")
}

fn object_of(world: &World<'_>, name: &str) -> Result<Arc<Object>, Stop> {
    world.catalog.object(name).cloned().ok_or_else(|| Stop::fault(format!("The object {name} is not there")))
}

impl Interview<'_> {
    pub(super) fn look_up(&mut self, tx: &mut dyn Tx, node: &RecordLookup) -> Result<(), Stop> {
        let object = object_of(&self.world, &node.object)?;
        let limit = match (node.get_first_record_only, &node.limit) {
            (true, _) => 1,
            (false, Some(given)) => match self.given(tx, given)? {
                Data::Value(Value::Decimal(n)) => usize::try_from(n.trunc().mantissa()).unwrap_or(0).clamp(1, MOST_ITEMS),
                _ => MOST_ITEMS,
            },
            (false, None) => MOST_ITEMS,
        };
        let sort = node.sort_field.as_deref().zip(node.sort_order);
        let ids = self.find(tx, "look up", &object, (node.filter_logic.as_deref(), &node.filters), sort, limit)?;
        let rows = self.load(tx, &object, &ids)?;
        let mut found: Vec<Data> =
            rows.into_iter().map(|row| Data::record(Record { object: object.clone(), row, set: BTreeSet::new() })).collect();
        let is_none = found.is_empty();
        let first = found.first().cloned();
        let all = if node.get_first_record_only { found.pop().unwrap_or(Data::NULL) } else { Data::List(found) };
        if node.store_output_automatically {
            self.put(&node.name, all);
            return Ok(());
        }
        if is_none && !node.assign_null_values_if_no_records_found {
            return Ok(());
        }
        if let Some(target) = &node.output_reference {
            let is_list = self.is_collection(target);
            let value = match (is_list, all) {
                (false, Data::List(_)) => first.clone().unwrap_or(Data::NULL),
                (_, all) => all,
            };
            self.assign(tx, target, AssignOperator::Assign, value)?;
        }
        for output in &node.output_assignments {
            let value = match &first {
                Some(Data::Record(record)) => record.borrow().row.get(&object, &output.field).clone(),
                _ => Value::Null,
            };
            self.assign(tx, &output.assign_to_reference, AssignOperator::Assign, Data::Value(value))?;
        }
        Ok(())
    }

    fn is_collection(&self, name: &str) -> bool {
        self.program.flow.variables.iter().any(|v| v.is_collection && v.name.eq_ignore_ascii_case(name))
    }

    /// The ids of the records that meet filters, in their order.
    fn find(
        &self,
        tx: &mut dyn Tx,
        verb: &str,
        object: &Arc<Object>,
        (logic, filters): (Option<&str>, &[RecordFilter]),
        sort: Option<(&str, SortOrder)>,
        limit: usize,
    ) -> Result<Vec<Id>, Stop> {
        let World { identity, catalog, .. } = self.world;
        let logic = super::logic(logic, filters.len()).map_err(Stop::fault)?;
        let mut clauses = Vec::with_capacity(filters.len());
        for filter in filters {
            clauses.push(self.clause(tx, object, filter)?);
        }
        let mut text = format!("SELECT Id FROM {}", object.name);
        if !clauses.is_empty() {
            text.push_str(" WHERE ");
            written(&logic, &clauses, &mut text);
        }
        if let Some((field, order)) = sort {
            let order = if order == SortOrder::Desc { "DESC" } else { "ASC" };
            text.push_str(&format!(" ORDER BY {field} {order}"));
        }
        text.push_str(&format!(" LIMIT {}", limit.min(MOST_ITEMS)));
        let version = ApiVersion::LATEST;
        let ast = soql::parse(&text, Quirks::for_api_version(u32::from(version.0))).map_err(|e| {
            let code = ErrorCode::all().find(|c| c.as_str() == e.code()).unwrap_or(ErrorCode::MalformedQuery);
            told(verb, orglet_base::ApiError::new(code, e.render(&text)).into())
        })?;
        let plan = orglet_plan::plan(&ast, &query::context(identity, catalog, &text, version)).map_err(|e| told(verb, e.into()))?;
        let Output::Records(records) = &plan.output else { return Ok(Vec::new()) };
        if !plan.virtuals.is_empty() {
            return Err(Stop::fault(format!("Flows that read {} are not supported by this org", object.name)));
        }
        let ids = RowSet::read_ids(tx, &records.ids())?;
        Ok(ids.iter().filter_map(|id| Id::parse(id).ok()).collect())
    }

    /// A filter as a condition of a query.
    fn clause(&self, tx: &mut dyn Tx, object: &Object, filter: &RecordFilter) -> Result<String, Stop> {
        let zone = &self.world.identity.user.time_zone;
        let Some(field) = object.field(&filter.field) else { return Err(Stop::fault(format!("Field {} is not there", filter.field))) };
        let name = &field.name;
        let value = filter.value.as_ref().map_or(Ok(Data::NULL), |given| self.given(tx, given))?;
        let operator = filter.operator.unwrap_or(Comparison::EqualTo);
        let nothing = "Id = null".to_owned();
        let one = |value: Value| -> Result<String, Stop> { Ok(literal(&fitted(field, value, zone).map_err(Stop::fault)?)) };
        if let Comparison::In | Comparison::NotIn = operator {
            let items = match value {
                Data::List(items) => items,
                other => vec![other],
            };
            let mut literals = Vec::with_capacity(items.len());
            for item in items {
                match item {
                    Data::Value(value) => literals.push(one(value)?),
                    Data::Record(record) => literals.push(one(record.borrow().row.get(&record.borrow().object, "Id").clone())?),
                    Data::List(_) => return Err(Stop::fault("a collection of collections can't be looked for")),
                }
            }
            return Ok(match (literals.is_empty(), operator) {
                (true, Comparison::In) => nothing,
                (true, _) => "Id != null".to_owned(),
                (false, Comparison::In) => format!("{name} IN ({})", literals.join(", ")),
                (false, _) => format!("{name} NOT IN ({})", literals.join(", ")),
            });
        }
        let Data::Value(value) = value else { return Err(Stop::fault(format!("Field {name} can't be compared with a record"))) };
        let pattern = |before: &str, after: &str| {
            let text = super::value::shown(&value, zone);
            let text = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            format!("{name} LIKE '{before}{}{after}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
        };
        Ok(match operator {
            Comparison::IsNull | Comparison::IsBlank | Comparison::IsEmpty => {
                format!("{name} {} null", if value == Value::Bool(false) { "!=" } else { "=" })
            }
            Comparison::StartsWith | Comparison::EndsWith | Comparison::Contains if value.is_null() => nothing,
            Comparison::StartsWith => pattern("", "%"),
            Comparison::EndsWith => pattern("%", ""),
            Comparison::Contains => pattern("%", "%"),
            Comparison::EqualTo => format!("{name} = {}", one(value)?),
            Comparison::NotEqualTo => format!("{name} != {}", one(value)?),
            // Nothing is more or less than nothing.
            _ if value.is_null() => nothing,
            Comparison::GreaterThan => format!("{name} > {}", one(value)?),
            Comparison::LessThan => format!("{name} < {}", one(value)?),
            Comparison::GreaterThanOrEqualTo => format!("{name} >= {}", one(value)?),
            Comparison::LessThanOrEqualTo => format!("{name} <= {}", one(value)?),
            _ => return Err(Stop::fault("a filter has an operator that filters don't have")),
        })
    }

    /// Whole records, in the order of their ids as given.
    fn load(&self, tx: &mut dyn Tx, object: &Object, ids: &[Id]) -> Result<Vec<Row>, Stop> {
        let columns = object.fields().iter().filter(|f| f.has_column() && f.cell_kind() != CellKind::Blob);
        let names: Vec<&str> = columns.map(|f| f.name.as_str()).collect();
        let mut by_id = std::collections::HashMap::with_capacity(ids.len());
        for piece in ids.chunks(record::PIECE) {
            for row in record::some(tx, &self.world.identity.org, object, piece, &names)? {
                if let Some(id) = row.get(object, "Id").as_id() {
                    by_id.insert(id, row);
                }
            }
        }
        Ok(ids.iter().filter_map(|id| by_id.remove(id)).collect())
    }

    /// The fields that an element gives values.
    fn inputs(&self, tx: &mut dyn Tx, object: &Object, inputs: &[InputField]) -> Result<Vec<(usize, Value)>, Stop> {
        let zone = &self.world.identity.user.time_zone;
        let mut fields = Vec::with_capacity(inputs.len());
        for input in inputs {
            let Some(at) = object.field_index(&input.field) else { return Err(Stop::fault(format!("Field {} is not there", input.field))) };
            let value = match input.value.as_ref().map_or(Ok(Data::NULL), |given| self.given(tx, given))? {
                Data::Value(value) => value,
                Data::Record(record) => record.borrow().row.get(&record.borrow().object, "Id").clone(),
                Data::List(_) => return Err(Stop::fault(format!("Field {} can't hold a collection", input.field))),
            };
            fields.push((at, fitted(&object.fields()[at], value, zone).map_err(Stop::fault)?));
        }
        Ok(fields)
    }

    /// Saves records as the flow's own step: all of them or none.
    fn save(
        &self,
        tx: &mut dyn Tx,
        session: &mut Session,
        verb: &str,
        object: &Arc<Object>,
        op: Op,
        records: Vec<Incoming>,
    ) -> Result<Vec<Saved>, Stop> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let change = Change { object: object.clone(), op, records, all_or_none: true, system: false, guard: None };
        let World { identity, catalog, .. } = self.world;
        let outcomes = save::within(tx, identity, catalog, session, &change).map_err(|failure| told(verb, failure))?;
        let mut saved = Vec::with_capacity(outcomes.len());
        let mut failed = Vec::new();
        for outcome in outcomes {
            match outcome {
                Ok(done) => saved.push(done),
                Err(failure) => match told(verb, failure) {
                    Stop::Fault(text) => failed.push(text),
                    stop => return Err(stop),
                },
            }
        }
        if failed.is_empty() { Ok(saved) } else { Err(Stop::Fault(failed.join("---"))) }
    }

    pub(super) fn create(&mut self, tx: &mut dyn Tx, session: &mut Session, node: &RecordCreate) -> Result<(), Stop> {
        if let Some(reference) = &node.input_reference {
            let records = records(self.read(tx, reference)?, reference)?;
            let Some(first) = records.first() else { return Ok(()) };
            let object = first.borrow().object.clone();
            let incoming = records.iter().map(|record| fresh(&record.borrow())).collect();
            let saved = self.save(tx, session, "create", &object, Op::Insert, incoming)?;
            for (record, saved) in records.iter().zip(saved) {
                record.borrow_mut().row.set(&object, "Id", saved.id);
            }
            return Ok(());
        }
        let object = object_of(&self.world, node.object.as_deref().unwrap_or_default())?;
        let fields = self.inputs(tx, &object, &node.input_assignments)?;
        let saved = self.save(tx, session, "create", &object, Op::Insert, vec![incoming(None, fields)])?;
        let id = saved.first().map_or(Value::Null, |saved| Value::Text(saved.id.to_string()));
        if let Some(target) = &node.assign_record_id_to_reference {
            self.assign(tx, target, AssignOperator::Assign, Data::Value(id.clone()))?;
        }
        if node.store_output_automatically {
            self.put(&node.name, Data::Value(id));
        }
        Ok(())
    }

    pub(super) fn update(&mut self, tx: &mut dyn Tx, session: &mut Session, node: &RecordUpdate) -> Result<(), Stop> {
        let Some(reference) = &node.input_reference else {
            let object = object_of(&self.world, node.object.as_deref().unwrap_or_default())?;
            let ids = self.find(tx, "update", &object, (node.filter_logic.as_deref(), &node.filters), None, MOST_ITEMS)?;
            let fields = self.inputs(tx, &object, &node.input_assignments)?;
            let incoming = ids.into_iter().map(|id| incoming(Some(id), fields.clone())).collect();
            self.save(tx, session, "update", &object, Op::Update, incoming)?;
            return Ok(());
        };
        let of_record = is_record(Some(reference));
        if of_record && !node.filters.is_empty() && !self.filtered(tx, node.filter_logic.as_deref(), &node.filters)? {
            return Ok(());
        }
        if of_record && self.before {
            let Some(record) = self.record.clone() else { return Err(not_set(reference)) };
            let object = record.borrow().object.clone();
            for (at, value) in self.inputs(tx, &object, &node.input_assignments)? {
                let mut record = record.borrow_mut();
                record.row.values[at] = value;
                record.set.insert(at);
            }
            return Ok(());
        }
        let records = records(self.read(tx, reference)?, reference)?;
        let Some(first) = records.first() else { return Ok(()) };
        let object = first.borrow().object.clone();
        let given = self.inputs(tx, &object, &node.input_assignments)?;
        let mut incoming_all = Vec::with_capacity(records.len());
        for record in &records {
            let record = record.borrow();
            let Some(id) = record.row.get(&object, "Id").as_id() else {
                let text = "MISSING_ARGUMENT: Id not specified in an update call";
                return Err(Stop::Fault(sentences("update", text.split_once(": ").into_iter())));
            };
            let mut fields: Vec<(usize, Value)> = record.set.iter().map(|at| (*at, record.row.values[*at].clone())).collect();
            fields.retain(|(at, _)| object.fields()[*at].name != "Id" && !given.iter().any(|(other, _)| other == at));
            fields.extend(given.iter().cloned());
            incoming_all.push(incoming(Some(id), fields));
        }
        self.save(tx, session, "update", &object, Op::Update, incoming_all)?;
        for record in &records {
            let mut record = record.borrow_mut();
            for (at, value) in &given {
                record.row.values[*at] = value.clone();
            }
            record.set.clear();
        }
        Ok(())
    }

    pub(super) fn delete(&mut self, tx: &mut dyn Tx, session: &mut Session, node: &RecordDelete) -> Result<(), Stop> {
        let (object, ids) = match &node.input_reference {
            None => {
                let object = object_of(&self.world, node.object.as_deref().unwrap_or_default())?;
                let ids = self.find(tx, "delete", &object, (node.filter_logic.as_deref(), &node.filters), None, MOST_ITEMS)?;
                (object, ids)
            }
            Some(reference) => {
                let records = records(self.read(tx, reference)?, reference)?;
                let Some(first) = records.first() else { return Ok(()) };
                let object = first.borrow().object.clone();
                let ids = records.iter().filter_map(|record| record.borrow().row.get(&object, "Id").as_id()).collect();
                (object, ids)
            }
        };
        let incoming = ids.into_iter().map(|id| incoming(Some(id), Vec::new())).collect();
        self.save(tx, session, "delete", &object, Op::Delete, incoming)?;
        Ok(())
    }
}

fn incoming(id: Option<Id>, fields: Vec<(usize, Value)>) -> Incoming {
    let fields = fields.into_iter().map(|(at, value)| (at, Assign::Value(value))).collect();
    Incoming { id, key: None, fields, duplicates: DuplicateOptions::default() }
}

/// A record in hand as a new one: what it has of what a new record may bring, and all that the flow itself set.
fn fresh(record: &Record) -> Incoming {
    let fields = record.object.fields().iter().enumerate().filter(|(at, field)| {
        let has = !record.row.values[*at].is_null() && field.createable && field.ty != FieldType::Base64;
        field.name != "Id" && (has || record.set.contains(at))
    });
    incoming(None, fields.map(|(at, _)| (at, record.row.values[at].clone())).collect())
}

fn records(data: Data, name: &str) -> Result<Vec<Rc<RefCell<Record>>>, Stop> {
    match data {
        Data::Record(record) => Ok(vec![record]),
        Data::List(items) => items.into_iter().map(|item| records(item, name)).collect::<Result<Vec<_>, _>>().map(|all| all.concat()),
        Data::Value(_) => Err(not_set(name)),
    }
}

/// A logic with its conditions written out.
fn written(logic: &Logic, clauses: &[String], out: &mut String) {
    let join = |parts: &[Logic], word: &str, out: &mut String| {
        out.push('(');
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                out.push_str(word);
            }
            written(part, clauses, out);
        }
        out.push(')');
    };
    match logic {
        Logic::Item(at) => out.push_str(clauses.get(*at).map_or("Id = null", String::as_str)),
        Logic::All(parts) => join(parts, " AND ", out),
        Logic::Any(parts) => join(parts, " OR ", out),
        Logic::Not(inner) => {
            out.push_str("(NOT ");
            written(inner, clauses, out);
            out.push(')');
        }
    }
}

/// A value as a query writes it.
fn literal(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Decimal(n) => n.normalize().to_string(),
        Value::Date(day) => date_text(*day),
        Value::DateTime(at) => at.to_canonical(),
        Value::Time(time) => time.to_canonical(),
        other => format!("'{}'", escaped(&other.display())),
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c => out.push(c),
        }
    }
    out
}
