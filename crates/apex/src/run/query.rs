//! Queries, and walking through what they and others give.

use super::record::given;
use super::{Done, Vm};
use crate::code::{QueryGives, QueryPlan, TriggerVar};
use crate::host::{Bind, BindValue, Query};
use crate::outcome::TriggerEvent;
use crate::ty::Ty;
use crate::value::{Native, Value};
use orglet_base::Value as Plain;
use std::cell::RefCell;

pub(crate) const MAX_QUERIES: u32 = 100;
const MAX_QUERY_ROWS: u32 = 50_000;
const MAX_SEARCHES: u32 = 20;

impl Vm<'_, '_> {
    pub(super) fn query(&mut self, plan: &QueryPlan, binds: Vec<Value>) -> Done<Value> {
        let mut query = plan.query.clone();
        for (bind, value) in query.binds.iter_mut().zip(binds) {
            bind.value = self.bound(&value)?;
        }
        self.run_query(&query, plan.gives, &plan.object)
    }

    /// A value as what a query is given.
    pub(crate) fn bound(&mut self, value: &Value) -> Done<BindValue> {
        Ok(match value {
            Value::List(list) => {
                let items = list.items.borrow().clone();
                BindValue::Many(items.iter().map(|item| self.bound_one(item)).collect())
            }
            Value::Set(set) => {
                let items: Vec<Value> = set.data.borrow().pairs().map(|(key, _)| key.clone()).collect();
                BindValue::Many(items.iter().map(|item| self.bound_one(item)).collect())
            }
            other => BindValue::One(self.bound_one(other)),
        })
    }

    fn bound_one(&mut self, value: &Value) -> Plain {
        match value {
            // A record stands for its id.
            Value::Record(record) => record.id().map_or(Plain::Null, Plain::Id),
            Value::Enum(class, at) => {
                self.program.class_at(*class).constants.get(*at as usize).map_or(Plain::Null, |name| Plain::Text(name.to_string()))
            }
            Value::Str(text) => Plain::Text(text.to_string()),
            other => given(other),
        }
    }

    pub(crate) fn run_query(&mut self, query: &Query, gives: QueryGives, object: &str) -> Done<Value> {
        if gives == QueryGives::Search {
            return self.search(query);
        }
        let usage = self.host.usage();
        usage.queries += 1;
        if usage.queries > MAX_QUERIES {
            let count = usage.queries;
            return Err(self.limit(format!("Too many SOQL queries: {count}")));
        }
        let rows = match self.ask(|host| host.query(query)) {
            Ok(rows) => rows,
            Err(error) => return Err(self.host_error(error)),
        };
        if gives == QueryGives::Count {
            let count = rows.count.unwrap_or(rows.records.len() as i64);
            return Ok(Value::Int(i32::try_from(count).unwrap_or(i32::MAX)));
        }
        let usage = self.host.usage();
        usage.query_rows = usage.query_rows.saturating_add(rows.records.len() as u32);
        if usage.query_rows > MAX_QUERY_ROWS {
            return Err(self.limit(format!("Too many query rows: {}", MAX_QUERY_ROWS + 1)));
        }
        let mut items = Vec::with_capacity(rows.records.len());
        for record in &rows.records {
            items.push(self.take_in(record, true, 0)?);
        }
        let of = if gives == QueryGives::Aggregates { Ty::record("AggregateResult") } else { Ty::record(object) };
        Ok(Value::list(of, items))
    }

    fn search(&mut self, query: &Query) -> Done<Value> {
        let usage = self.host.usage();
        usage.searches += 1;
        if usage.searches > MAX_SEARCHES {
            let count = usage.searches;
            return Err(self.limit(format!("Too many SOSL queries: {count}")));
        }
        let lists = match self.ask(|host| host.search(query)) {
            Ok(lists) => lists,
            Err(error) => return Err(self.host_error(error)),
        };
        let mut out = Vec::with_capacity(lists.len());
        for list in lists {
            let mut items = Vec::with_capacity(list.len());
            for record in &list {
                items.push(self.take_in(record, true, 0)?);
            }
            out.push(Value::list(Ty::Record(None), items));
        }
        Ok(Value::list(Ty::list(Ty::Record(None)), out))
    }

    /// A query that is a text, with binds by the names of a map.
    /// `given` says that the program made the map, not the place where the query stands.
    pub(crate) fn dynamic_query(&mut self, text: &str, binds: &Value, given: bool, access: crate::host::Access) -> Done<Value> {
        let mut query = crate::check::own_clauses(text);
        if access != crate::host::Access::System {
            query.access = access;
        }
        for (span, name) in bind_names(&query.text) {
            let Value::Map(map) = binds else { return Err(self.null_pointer()) };
            let keys: Vec<Value> = map.data.borrow().pairs().map(|(key, _)| key.clone()).collect();
            let key = keys.iter().find(|key| matches!(key, Value::Str(text) if text.eq_ignore_ascii_case(&name))).cloned();
            let value = match key {
                Some(key) => self.table_get(map, &key)?.unwrap_or(Value::Null),
                None if given => return Err(self.exception("QueryException", format!("Key '{name}' does not exist in the bindMap"))),
                None => return Err(self.exception("QueryException", format!("Variable does not exist: {name}"))),
            };
            let value = self.bound(&value)?;
            query.binds.push(Bind { span, value });
        }
        if query.text.len() > orglet_syntax::soql::MAX_CHARS {
            return Err(self.exception("QueryException", "SOQL statements can not be longer than 100000 characters"));
        }
        let (gives, object) = match crate::check::shape(&query.with_literals()) {
            Ok(shape) => shape,
            Err(message) => return Err(self.exception("QueryException", message)),
        };
        let object = self.object(&object).map_or(object, |info| info.name.clone());
        self.run_query(&query, gives, &object)
    }

    /// The only record of a list.
    pub(super) fn only_row(&mut self, value: &Value) -> Done<Value> {
        let Value::List(list) = value else { return Err(self.null_pointer()) };
        let items = list.items.borrow();
        let text = match items.as_slice() {
            [one] => return Ok(one.clone()),
            [] => "List has no rows for assignment to SObject",
            _ => "List has more than 1 row for assignment to SObject",
        };
        drop(items);
        Err(self.exception("QueryException", text))
    }

    pub(crate) fn iterate(&mut self, value: Value) -> Done<Value> {
        let items = match &value {
            Value::List(list) => list.items.borrow().clone(),
            Value::Set(set) => set.data.borrow().pairs().map(|(key, _)| key.clone()).collect(),
            Value::Object(instance) => return self.invoke_virtual(&instance.clone(), "iterator()", Vec::new()),
            Value::Native(_) => return Ok(value),
            _ => return Err(self.null_pointer()),
        };
        self.grown(items.len() * 16)?;
        Ok(Value::native(Native::Iterator(RefCell::new((items, 0)))))
    }

    pub(super) fn next(&mut self, iterator: &Value) -> Done<Option<Value>> {
        match iterator {
            Value::Native(native) => match &**native {
                Native::Iterator(state) => {
                    let (items, at) = &mut *state.borrow_mut();
                    let value = items.get(*at).cloned();
                    *at += 1;
                    Ok(value)
                }
                _ => Ok(None),
            },
            Value::Object(instance) => match self.invoke_virtual(&instance.clone(), "hasnext()", Vec::new())? {
                Value::Bool(true) => self.invoke_virtual(&instance.clone(), "next()", Vec::new()).map(Some),
                _ => Ok(None),
            },
            _ => Err(self.null_pointer()),
        }
    }

    /// Methods of `Iterable` and `Iterator` on what is no instance of a class.
    pub(super) fn collection_call(&mut self, receiver: &Value, selector: &str, args: Vec<Value>) -> Done<Value> {
        let _ = args;
        match (selector, receiver) {
            ("iterator()", _) => self.iterate(receiver.clone()),
            ("hasnext()", Value::Native(native)) => match &**native {
                Native::Iterator(state) => {
                    let state = state.borrow();
                    Ok(Value::Bool(state.1 < state.0.len()))
                }
                _ => Ok(Value::Bool(false)),
            },
            ("next()", _) => match self.next(receiver)? {
                Some(value) => Ok(value),
                None => Err(self.exception("NoSuchElementException", "Iterator has no more elements")),
            },
            _ => Err(self.exception("TypeException", format!("Method does not exist: {selector}"))),
        }
    }

    pub(super) fn trigger_variable(&mut self, var: TriggerVar) -> Done<Value> {
        let Some(state) = &self.trigger else {
            return Ok(match var {
                TriggerVar::New | TriggerVar::Old | TriggerVar::NewMap | TriggerVar::OldMap | TriggerVar::Operation => Value::Null,
                TriggerVar::Size => Value::Int(0),
                _ => Value::Bool(false),
            });
        };
        let event = state.event;
        let flag = |events: &[TriggerEvent]| Ok(Value::Bool(events.contains(&event)));
        match var {
            TriggerVar::New => Ok(state.new.clone()),
            TriggerVar::Old => Ok(state.old.clone()),
            TriggerVar::Size => Ok(Value::Int(state.size as i32)),
            TriggerVar::IsExecuting => Ok(Value::Bool(true)),
            TriggerVar::IsInsert => flag(&[TriggerEvent::BeforeInsert, TriggerEvent::AfterInsert]),
            TriggerVar::IsUpdate => flag(&[TriggerEvent::BeforeUpdate, TriggerEvent::AfterUpdate]),
            TriggerVar::IsDelete => flag(&[TriggerEvent::BeforeDelete, TriggerEvent::AfterDelete]),
            TriggerVar::IsUndelete => flag(&[TriggerEvent::AfterUndelete]),
            TriggerVar::IsBefore => Ok(Value::Bool(event.is_before())),
            TriggerVar::IsAfter => Ok(Value::Bool(!event.is_before())),
            TriggerVar::Operation => {
                let Some(class) = crate::library::prelude_class("TriggerOperation") else { return Ok(Value::Null) };
                let at = match event {
                    TriggerEvent::BeforeInsert => 0,
                    TriggerEvent::BeforeUpdate => 1,
                    TriggerEvent::BeforeDelete => 2,
                    TriggerEvent::AfterInsert => 3,
                    TriggerEvent::AfterUpdate => 4,
                    TriggerEvent::AfterDelete => 5,
                    TriggerEvent::AfterUndelete => 6,
                };
                Ok(Value::Enum(class, at))
            }
            TriggerVar::NewMap | TriggerVar::OldMap => {
                let new = var == TriggerVar::NewMap;
                let made = if new { &state.new_map } else { &state.old_map };
                if let Some(made) = made {
                    return Ok(made.clone());
                }
                let list = if new { state.new.clone() } else { state.old.clone() };
                let map = match &list {
                    // Records have no ids ahead of their insert.
                    Value::List(list) if !(new && event == TriggerEvent::BeforeInsert) => {
                        let map = self.table(Ty::Id, list.of.clone());
                        for item in list.items.borrow().clone() {
                            if let Value::Record(record) = &item
                                && let Some(id) = record.id()
                            {
                                self.table_put(&map, Value::Id(id), item.clone())?;
                            }
                        }
                        Value::Map(map)
                    }
                    _ => Value::Null,
                };
                if let Some(state) = &mut self.trigger {
                    if new {
                        state.new_map = Some(map.clone());
                    } else {
                        state.old_map = Some(map.clone());
                    }
                }
                Ok(map)
            }
        }
    }
}

/// The binds of a text that is a query: their bytes and names.
fn bind_names(text: &str) -> Vec<(std::ops::Range<usize>, String)> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    let mut word = String::new();
    while at < bytes.len() {
        match bytes[at] {
            b'\'' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'\'' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b':' => {
                let start = at;
                at += 1;
                while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
                    at += 1;
                }
                let from = at;
                while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
                    at += 1;
                }
                if at > from && bytes[from].is_ascii_alphabetic() {
                    out.push((start..at, text[from..at].to_owned()));
                }
            }
            c => {
                word.push(c as char);
                at += 1;
            }
        }
    }
    out
}
