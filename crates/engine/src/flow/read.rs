//! What an interview reads: values, texts with names in them, references, formulas.

use super::names::{Named, parent};
use super::run::{Interview, Stop, World, guid, not_set};
use super::text::{Piece, pieces};
use super::value::{Data, MAX_TEXT, Record, coerced, shown};
use crate::formula::{Answer, Finder, Scope, Trouble};
use crate::record::{self, Row};
use crate::save::formula_rows;
use orglet_base::time::parse_date;
use orglet_base::{DateTime, Value, days, fold_name};
use orglet_schema::Object;
use orglet_schema::custom::flow::Given;
use orglet_store::Tx;
use rust_decimal::Decimal;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

/// How many formulas may be made of one another.
const DEEPEST_FORMULA: usize = 32;

impl Interview<'_> {
    /// A value that is given, or what has it.
    pub(super) fn given(&self, tx: &mut dyn Tx, given: &Given) -> Result<Data, Stop> {
        let wrong = |text: &str| Stop::fault(format!("The value {text} is not of its type"));
        if let Some(name) = &given.element_reference {
            return self.read(tx, name);
        }
        Ok(Data::Value(match given {
            Given { string_value: Some(text), .. } => Value::from(self.merged(tx, text)?),
            Given { number_value: Some(text), .. } => {
                let number = Decimal::from_str(text.trim()).or_else(|_| Decimal::from_scientific(text.trim()));
                Value::Decimal(number.map_err(|_| wrong(text))?)
            }
            Given { boolean_value: Some(b), .. } => Value::Bool(*b),
            Given { date_value: Some(text), .. } => Value::Date(parse_date(text.trim()).ok_or_else(|| wrong(text))?),
            Given { date_time_value: Some(text), .. } => Value::DateTime(DateTime::parse(text.trim()).ok_or_else(|| wrong(text))?),
            _ => Value::Null,
        }))
    }

    /// A text with what its names stand for.
    pub(super) fn merged(&self, tx: &mut dyn Tx, text: &str) -> Result<String, Stop> {
        let mut out = String::with_capacity(text.len());
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Name(name) => match self.read(tx, name)? {
                    Data::Value(value) => out.push_str(&shown(&value, &self.world.identity.user.time_zone)),
                    Data::Record(_) | Data::List(_) => return Err(Stop::unhandled()),
                },
            }
            if out.len() > MAX_TEXT {
                return Err(Stop::fault("a text is too long"));
            }
        }
        Ok(out)
    }

    /// What a reference leads to.
    pub(super) fn read(&self, tx: &mut dyn Tx, name: &str) -> Result<Data, Stop> {
        let (head, path) = name.split_once('.').map_or((name, None), |(head, path)| (head, Some(path)));
        let is = |global: &str| head.eq_ignore_ascii_case(global);
        if is("$Record") || is("$Record__Prior") {
            let past = is("$Record__Prior") || self.in_the_past.get();
            return match (&self.record, past, path) {
                (Some(record), false, None) => Ok(Data::Record(record.clone())),
                (Some(record), false, Some(path)) => {
                    let record = record.borrow();
                    self.field(tx, &record.object, &record.row, path, true, name)
                }
                (Some(record), true, path) => match (self.prior, path) {
                    (Some(prior), Some(path)) => self.field(tx, &record.borrow().object.clone(), prior, path, true, name),
                    (Some(prior), None) => {
                        let object = record.borrow().object.clone();
                        Ok(Data::record(Record { object, row: prior.clone(), set: BTreeSet::new() }))
                    }
                    (None, _) => Ok(Data::NULL),
                },
                (None, ..) => Err(Stop::unhandled()),
            };
        }
        if head.starts_with('$') {
            return self.global(tx, head, path.unwrap_or_default(), name);
        }
        let key = fold_name(head);
        let Some(named) = self.program.named(head) else { return Err(Stop::unhandled()) };
        if let (Named::Subflow(_), Some(path)) = (named, path) {
            let (output, rest) = path.split_once('.').map_or((path, None), |(output, rest)| (output, Some(rest)));
            let value = self.outputs.get(key.as_ref()).and_then(|o| o.get(fold_name(output).as_ref())).cloned().unwrap_or(Data::NULL);
            return match rest {
                Some(rest) => self.inside(tx, value, rest, name),
                None => Ok(value),
            };
        }
        let flow = &self.program.flow;
        let value = match named {
            Named::Constant(at) => flow.constants[at].value.as_ref().map_or(Ok(Data::NULL), |given| self.given(tx, given))?,
            Named::Formula(at) => {
                let value = self.formula(tx, key.as_ref())?;
                let formula = &flow.formulas[at];
                let zone = &self.world.identity.user.time_zone;
                let ty = formula.data_type.ok_or_else(Stop::unhandled)?;
                Data::Value(coerced(value, ty, formula.scale, zone).map_err(|_| Stop::unhandled())?)
            }
            Named::Template(at) => Data::Value(Value::from(self.merged(tx, &flow.text_templates[at].text)?)),
            Named::Variable(at) if flow.variables[at].is_collection => {
                self.values.get(key.as_ref()).cloned().unwrap_or(Data::List(Vec::new()))
            }
            Named::Rule(..) => self.values.get(key.as_ref()).cloned().unwrap_or(Data::Value(Value::Bool(false))),
            _ => self.values.get(key.as_ref()).cloned().unwrap_or(Data::NULL),
        };
        match path {
            Some(path) => self.inside(tx, value, path, name),
            None => Ok(value),
        }
    }

    fn inside(&self, tx: &mut dyn Tx, value: Data, path: &str, name: &str) -> Result<Data, Stop> {
        match value {
            Data::Record(record) => {
                let record = record.borrow();
                self.field(tx, &record.object, &record.row, path, false, name)
            }
            Data::Value(Value::Null) => Err(not_set(name)),
            _ => Err(Stop::unhandled()),
        }
    }

    fn field(&self, tx: &mut dyn Tx, object: &Arc<Object>, row: &Row, path: &str, lenient: bool, name: &str) -> Result<Data, Stop> {
        let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
        if rest.is_none()
            && let Some(at) = object.field_index(step)
        {
            let value = row.values.get(at).cloned().unwrap_or(Value::Null);
            return Ok(Data::Value(match value {
                Value::Null if object.fields()[at].ty == orglet_schema::FieldType::Boolean => Value::Bool(false),
                value => value,
            }));
        }
        let catalog = self.world.catalog;
        let (at, target) = parent(catalog, object, step).ok_or_else(Stop::unhandled)?;
        let id = row.values.get(at).and_then(Value::as_id).filter(|id| catalog.object_of(*id).is_some_and(|o| o.name == target.name));
        let parent = match id {
            Some(id) => record::by_id(tx, &self.world.identity.org, &target, id)?,
            None => None,
        };
        match (parent, rest) {
            (Some(row), Some(rest)) => self.field(tx, &target, &row, rest, lenient, name),
            (Some(row), None) => Ok(Data::record(Record { object: target, row, set: BTreeSet::new() })),
            (None, _) if lenient => Ok(Data::NULL),
            (None, _) => Err(not_set(name)),
        }
    }

    fn global(&self, tx: &mut dyn Tx, head: &str, path: &str, name: &str) -> Result<Data, Stop> {
        let World { identity, catalog, now, .. } = self.world;
        let value = |value| Ok(Data::Value(value));
        match (fold_name(head).as_ref(), fold_name(path).as_ref()) {
            ("$flow", "currentdate") => value(Value::Date(days::today(now, &identity.user.time_zone))),
            ("$flow", "currentdatetime" | "interviewstarttime") => value(Value::DateTime(now)),
            ("$flow", "faultmessage") => value(self.fault.clone().map_or(Value::Null, Value::from)),
            ("$flow", "currentrecord") => {
                let id = self.record.as_ref().map(|record| record.borrow().row.get(&record.borrow().object, "Id").clone());
                value(id.unwrap_or(Value::Null))
            }
            ("$flow", "interviewguid") => value(Value::from(guid()?)),
            ("$globalconstant", "true") => value(Value::Bool(true)),
            ("$globalconstant", "false") => value(Value::Bool(false)),
            ("$globalconstant", _) => value(Value::Null),
            (global, _) => {
                let user = identity.user.id;
                let (object, id, path) = match global {
                    "$user" => ("User", user, path.to_owned()),
                    "$profile" => ("User", user, format!("Profile.{path}")),
                    "$userrole" => ("User", user, format!("UserRole.{path}")),
                    "$organization" => ("Organization", identity.org.id, path.to_owned()),
                    _ => return Err(Stop::unhandled()),
                };
                let object = catalog.object(object).ok_or_else(Stop::unhandled)?;
                match record::by_id(tx, &identity.org, object, id)? {
                    Some(row) => self.field(tx, object, &row, &path, true, name),
                    None => Ok(Data::NULL),
                }
            }
        }
    }

    /// What a formula comes to now.
    pub(super) fn formula(&self, tx: &mut dyn Tx, key: &str) -> Result<Value, Stop> {
        let Some(compiled) = self.program.formulas.get(key).filter(|_| self.depth.get() < DEEPEST_FORMULA) else {
            return Err(Stop::unhandled());
        };
        self.depth.set(self.depth.get() + 1);
        let done = self.evaluate(tx, compiled);
        self.depth.set(self.depth.get() - 1);
        done
    }

    fn evaluate(&self, tx: &mut dyn Tx, compiled: &super::Compiled) -> Result<Value, Stop> {
        let World { identity, catalog, now, .. } = self.world;
        let places = compiled.places.all();
        let past = self.prior.filter(|_| self.in_the_past.get());
        let row = match (&self.record, past) {
            (_, Some(prior)) => prior.clone(),
            (Some(record), None) => record.borrow().row.clone(),
            (None, None) => Row::empty(&places[0].object),
        };
        let rows = formula_rows(tx, identity, catalog, &row, places)?;
        let finder = Names { tx: RefCell::new(tx), interview: self, stop: RefCell::default() };
        let time_zone = &identity.user.time_zone;
        let scope = Scope { places, rows: &rows, record: &row, old: self.prior, now, time_zone, finder: &finder };
        let outcome = scope.value(&compiled.node);
        if let Some(stop) = finder.stop.take() {
            return Err(stop);
        }
        outcome.map_err(|Trouble(why)| why.map_or_else(Stop::unhandled, Stop::fault))
    }
}

/// What the names of a flow stand for while one of its formulas is worked out.
struct Names<'a, 'b> {
    tx: RefCell<&'a mut dyn Tx>,
    interview: &'a Interview<'b>,
    /// What went wrong on the way, which is no matter of the formula's.
    stop: RefCell<Option<Stop>>,
}

impl Finder for Names<'_, '_> {
    fn find(&self, object: &Object, key: usize, value: String, field: usize) -> Result<Option<Row>, Trouble> {
        let mut tx = self.tx.borrow_mut();
        let (key, field) = (&object.fields()[key], &object.fields()[field]);
        let org = &*self.interview.world.identity.org;
        let found = record::find(&mut **tx, org, object, key, &Value::Text(value), 1)
            .and_then(|ids| record::some(&mut **tx, org, object, &ids, &[&field.name]));
        found.map(|mut rows| rows.pop()).map_err(|failure| {
            self.stop.replace(Some(failure.into()));
            Trouble(None)
        })
    }

    fn resource(&self, name: &str) -> Answer {
        let mut tx = self.tx.borrow_mut();
        match self.interview.read(&mut **tx, name) {
            Ok(Data::Value(Value::Int(n))) => Ok(Value::Decimal(Decimal::from(n))),
            Ok(Data::Value(Value::Id(id))) => Ok(Value::Text(id.to_string())),
            Ok(Data::Value(value)) => Ok(value),
            Ok(_) => Err(Trouble(None)),
            Err(stop) => {
                self.stop.replace(Some(stop));
                Err(Trouble(None))
            }
        }
    }
}
