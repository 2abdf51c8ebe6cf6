//! An interview: a flow as it goes from element to element.

use super::check::is_record;
use super::names::{Named, scalar};
use super::value::{Data, Record, assigned, coerced, compare, fitted, order};
use super::{Program, logic};
use crate::apex::Session;
use crate::record::Row;
use crate::{Failure, Identity};
use orglet_base::{ApiError, DateTime, ErrorCode, Value, days, fold_name};
use orglet_schema::Catalog;
use orglet_schema::custom::flow::{
    AssignOperator, CollectionProcessor, Comparison, Condition, Connector, Given, IterationOrder, ProcessorType, RecordFilter,
    RecordTrigger, SortOrder, Variable,
};
use orglet_store::{StoreError, Tx};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

/// Most elements that an interview goes through, as the platform had it before 57.0.
const MOST_ELEMENTS: u32 = 2_000;
/// Most elements of an interview since: the platform looks at the clock.
const MOST_ELEMENTS_NOW: u32 = 50_000;
/// What is told of a fault that has no better words (restforce issue 624).
const UNHANDLED: &str = "<b>An unhandled fault has occurred in this flow</b><br>An unhandled fault has occurred while processing the \
                         flow.  Please contact your system administrator for more information.";

/// Why an interview ends before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Something went wrong that the flow does not handle: what admins are told.
    Fault(String),
    /// The flow refuses the record that started it.
    Refused(Vec<ApiError>),
    /// The save itself can't go on.
    Failure(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Stop::Failure(failure)
    }
}

impl From<StoreError> for Stop {
    fn from(e: StoreError) -> Self {
        Stop::Failure(e.into())
    }
}

impl Stop {
    pub(super) fn fault(text: impl Into<String>) -> Self {
        Stop::Fault(text.into())
    }

    pub(super) fn unhandled() -> Self {
        Stop::fault(UNHANDLED)
    }
}

/// What an interview runs in.
#[derive(Clone, Copy)]
pub(crate) struct World<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) catalog: &'a Catalog,
    pub(crate) now: DateTime,
}

/// A loop that is under way.
struct Turn {
    items: Vec<Data>,
    next: usize,
}

/// A flow under way.
pub(crate) struct Interview<'a> {
    pub(super) world: World<'a>,
    pub(super) program: &'a Program,
    /// The record that started it, and what it was.
    pub(crate) record: Option<Rc<RefCell<Record>>>,
    pub(super) prior: Option<&'a Row>,
    /// Whether it runs before its record is saved.
    pub(super) before: bool,
    pub(super) values: HashMap<String, Data>,
    /// What subflows put out.
    pub(super) outputs: HashMap<String, HashMap<String, Data>>,
    turns: HashMap<String, Turn>,
    visited: HashSet<String>,
    pub(super) fault: Option<String>,
    left: u32,
    /// Whether names of the record lead to what it was.
    pub(super) in_the_past: Cell<bool>,
    pub(super) depth: Cell<usize>,
}

impl<'a> Interview<'a> {
    pub(crate) fn new(world: World<'a>, program: &'a Program) -> Self {
        let old = program.flow.api_version.as_deref().and_then(|v| v.trim().parse::<f64>().ok()).is_some_and(|v| v < 57.0);
        Self {
            world,
            program,
            record: None,
            prior: None,
            before: false,
            values: HashMap::new(),
            outputs: HashMap::new(),
            turns: HashMap::new(),
            visited: HashSet::new(),
            fault: None,
            left: if old { MOST_ELEMENTS } else { MOST_ELEMENTS_NOW },
            in_the_past: Cell::new(false),
            depth: Cell::new(0),
        }
    }

    /// An interview about a record that is saved, or deleted.
    pub(crate) fn about(world: World<'a>, program: &'a Program, record: Record, prior: Option<&'a Row>, before: bool) -> Self {
        let record = Some(Rc::new(RefCell::new(record)));
        Self { record, prior, before, ..Self::new(world, program) }
    }

    /// Gives an input variable its value.
    pub(crate) fn give(&mut self, variable: &Variable, value: Data) -> Result<(), Stop> {
        let value = self.as_variable(variable, value)?;
        self.values.insert(fold_name(&variable.name).into_owned(), value);
        Ok(())
    }

    /// What a variable holds now.
    pub(crate) fn value(&self, tx: &mut dyn Tx, name: &str) -> Result<Data, Stop> {
        self.read(tx, name)
    }

    /// Whether the record that is saved starts the flow.
    pub(crate) fn starts(&self, tx: &mut dyn Tx) -> Result<bool, Stop> {
        let Some(start) = &self.program.flow.start else { return Ok(false) };
        let fits = match (start.record_trigger_type, self.prior) {
            (Some(RecordTrigger::Create), prior) => prior.is_none(),
            (Some(RecordTrigger::Update), prior) => prior.is_some(),
            (Some(RecordTrigger::CreateAndUpdate | RecordTrigger::Delete), _) => true,
            (None, _) => false,
        };
        if !fits || !self.meets(tx)? {
            return Ok(false);
        }
        if !start.does_require_record_changed_to_meet_criteria || self.prior.is_none() {
            return Ok(true);
        }
        Ok(!self.back_then(|| self.meets(tx))?)
    }

    fn back_then<T>(&self, work: impl FnOnce() -> T) -> T {
        let was = self.in_the_past.replace(true);
        let done = work();
        self.in_the_past.set(was);
        done
    }

    fn meets(&self, tx: &mut dyn Tx) -> Result<bool, Stop> {
        let Some(start) = &self.program.flow.start else { return Ok(false) };
        if start.filter_formula.is_some() {
            return Ok(self.formula(tx, "")? == Value::Bool(true));
        }
        self.filtered(tx, start.filter_logic.as_deref(), &start.filters)
    }

    /// Whether the record meets filters.
    pub(super) fn filtered(&self, tx: &mut dyn Tx, text: Option<&str>, filters: &[RecordFilter]) -> Result<bool, Stop> {
        let logic = logic(text, filters.len()).map_err(Stop::fault)?;
        logic.decide(&mut |at| {
            let filter = &filters[at];
            self.holds(tx, &format!("$Record.{}", filter.field), filter.operator, filter.value.as_ref())
        })
    }

    fn conditions(&self, tx: &mut dyn Tx, text: Option<&str>, conditions: &[Condition]) -> Result<bool, Stop> {
        let logic = logic(text, conditions.len()).map_err(Stop::fault)?;
        logic.decide(&mut |at| {
            let condition = &conditions[at];
            self.holds(tx, &condition.left_value_reference, condition.operator, condition.right_value.as_ref())
        })
    }

    fn holds(&self, tx: &mut dyn Tx, left: &str, operator: Option<Comparison>, right: Option<&Given>) -> Result<bool, Stop> {
        let Some(operator) = operator else { return Err(Stop::unhandled()) };
        let right = right.map_or(Ok(Data::Value(Value::Bool(true))), |given| self.given(tx, given))?;
        let wanted = !matches!(right, Data::Value(Value::Bool(false)));
        match operator {
            Comparison::WasVisited => return Ok(self.visited.contains(fold_name(left).as_ref()) == wanted),
            Comparison::IsChanged => {
                let changed = match (left.split_once('.'), self.prior) {
                    (Some((head, path)), Some(prior)) if is_record(Some(head)) => match self.record.as_ref().map(|r| r.borrow()) {
                        Some(record) => record.object.field_index(path).is_some_and(|at| record.row.values[at] != prior.values[at]),
                        None => false,
                    },
                    _ => false,
                };
                return Ok(changed == wanted);
            }
            _ => {}
        }
        let left_data = self.read(tx, left)?;
        // Days and moments are compared as what the left one is.
        let right = match (&left_data, right) {
            (Data::Value(Value::Date(_)), Data::Value(Value::DateTime(at))) => {
                Data::Value(Value::Date(days::today(at, &self.world.identity.user.time_zone)))
            }
            (Data::Value(Value::DateTime(_)), Data::Value(Value::Date(day))) => {
                Data::Value(Value::DateTime(days::midnight(day, &self.world.identity.user.time_zone)))
            }
            (_, right) => right,
        };
        Ok(compare(operator, &left_data, &right))
    }

    /// Runs it from its start to its end.
    pub(crate) fn run(&mut self, tx: &mut dyn Tx, session: &mut Session) -> Result<(), Stop> {
        let program = self.program;
        for variable in &program.flow.variables {
            let key = fold_name(&variable.name);
            if let Some(given) = variable.value.as_ref().filter(|_| !self.values.contains_key(key.as_ref())) {
                let value = self.given(tx, given)?;
                let value = self.as_variable(variable, value)?;
                self.values.insert(key.into_owned(), value);
            }
        }
        let flow = &program.flow;
        let start = flow.start.as_ref().and_then(|start| start.connector.as_ref()).map(|c| c.target_reference.as_str());
        let mut next = start.or(flow.start_element_reference.as_deref());
        while let Some(name) = next {
            if self.left == 0 || !session.flows.spend() {
                return Err(Stop::fault("Number of iterations exceeded"));
            }
            self.left -= 1;
            self.visited.insert(fold_name(name).into_owned());
            next = self.step(tx, session, name)?;
        }
        Ok(())
    }

    fn step(&mut self, tx: &mut dyn Tx, session: &mut Session, name: &str) -> Result<Option<&'a str>, Stop> {
        let program = self.program;
        let flow = &program.flow;
        let to = |connector: &'a Option<Connector>| connector.as_ref().map(|c| c.target_reference.as_str());
        Ok(match program.named(name) {
            Some(Named::Assignment(at)) => {
                for item in &flow.assignments[at].assignment_items {
                    let value = item.value.as_ref().map_or(Ok(Data::NULL), |given| self.given(tx, given))?;
                    self.assign(tx, &item.assign_to_reference, item.operator.unwrap_or(AssignOperator::Assign), value.copied())?;
                }
                to(&flow.assignments[at].connector)
            }
            Some(Named::Decision(at)) => {
                let decision = &flow.decisions[at];
                // Within a loop a decision is met again, and what it came to before is over.
                for rule in &decision.rules {
                    self.values.insert(fold_name(&rule.name).into_owned(), Data::Value(Value::Bool(false)));
                }
                for rule in &decision.rules {
                    let met = |tx: &mut dyn Tx| self.conditions(tx, rule.condition_logic.as_deref(), &rule.conditions);
                    let mut holds = met(tx)?;
                    if holds && rule.does_require_record_changed_to_meet_criteria && self.prior.is_some() {
                        holds = !self.back_then(|| met(tx))?;
                    }
                    self.values.insert(fold_name(&rule.name).into_owned(), Data::Value(Value::Bool(holds)));
                    if holds {
                        return Ok(to(&rule.connector));
                    }
                }
                to(&decision.default_connector)
            }
            Some(Named::Loop(at)) => {
                let node = &flow.loops[at];
                let key = fold_name(&node.name).into_owned();
                if !self.turns.contains_key(&key) {
                    let mut items = match self.read(tx, &node.collection_reference)? {
                        Data::List(items) => items,
                        _ => Vec::new(),
                    };
                    if node.iteration_order == Some(IterationOrder::Desc) {
                        items.reverse();
                    }
                    self.turns.insert(key.clone(), Turn { items, next: 0 });
                }
                let item = self.turns.get_mut(&key).and_then(|turn| {
                    turn.next += 1;
                    turn.items.get(turn.next - 1).cloned()
                });
                match item {
                    Some(item) => {
                        match &node.assign_next_value_to_reference {
                            Some(variable) => self.values.insert(fold_name(variable).into_owned(), item),
                            None => self.values.insert(key, item),
                        };
                        to(&node.next_value_connector)
                    }
                    None => {
                        self.turns.remove(&key);
                        to(&node.no_more_values_connector)
                    }
                }
            }
            Some(Named::Lookup(at)) => {
                let node = &flow.record_lookups[at];
                let done = self.look_up(tx, node);
                self.after(done, to(&node.connector), to(&node.fault_connector))?
            }
            Some(Named::Create(at)) => {
                let node = &flow.record_creates[at];
                let done = self.undoing(tx, session, |interview, tx, session| interview.create(tx, session, node));
                self.after(done, to(&node.connector), to(&node.fault_connector))?
            }
            Some(Named::Update(at)) => {
                let node = &flow.record_updates[at];
                let done = self.undoing(tx, session, |interview, tx, session| interview.update(tx, session, node));
                self.after(done, to(&node.connector), to(&node.fault_connector))?
            }
            Some(Named::Delete(at)) => {
                let node = &flow.record_deletes[at];
                let done = self.undoing(tx, session, |interview, tx, session| interview.delete(tx, session, node));
                self.after(done, to(&node.connector), to(&node.fault_connector))?
            }
            Some(Named::Error(at)) => {
                let object = self.record.as_ref().map(|record| record.borrow().object.clone());
                let mut errors = Vec::new();
                for message in &flow.custom_errors[at].custom_error_messages {
                    let text = self.merged(tx, &message.error_message)?;
                    let field = message.field_selection.as_deref().filter(|_| message.is_field_error);
                    let field = field.and_then(|name| object.as_ref()?.field(name)).map(|field| field.name.clone());
                    errors.push(ApiError::new(ErrorCode::FieldCustomValidationException, text).with_fields(field));
                }
                return Err(Stop::Refused(errors));
            }
            Some(Named::Subflow(at)) => {
                let node = &flow.subflows[at];
                self.subflow(tx, session, node)?;
                to(&node.connector)
            }
            Some(Named::Processor(at)) => {
                let node = &flow.collection_processors[at];
                self.process(tx, session, node)?;
                to(&node.connector)
            }
            _ => return Err(Stop::unhandled()),
        })
    }

    /// Does what an element does to records: all of it or nothing.
    fn undoing(
        &mut self,
        tx: &mut dyn Tx,
        session: &mut Session,
        work: impl FnOnce(&mut Self, &mut dyn Tx, &mut Session) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let grown = session.grown.len();
        let done = tx.nested(|tx| work(self, tx, session));
        if done.is_err() {
            session.grown.truncate(grown);
        }
        done
    }

    /// Where it goes on behind an element that may fail.
    fn after<'c>(&mut self, done: Result<(), Stop>, next: Option<&'c str>, fault: Option<&'c str>) -> Result<Option<&'c str>, Stop> {
        match done {
            Ok(()) => Ok(next),
            Err(Stop::Fault(text)) if fault.is_some() => {
                self.fault = Some(text.replace(GUIDE, LINKED_GUIDE));
                Ok(fault)
            }
            Err(stop) => Err(stop),
        }
    }

    fn subflow(&mut self, tx: &mut dyn Tx, session: &mut Session, node: &orglet_schema::custom::flow::Subflow) -> Result<(), Stop> {
        let World { identity, catalog, .. } = self.world;
        let Some(def) = catalog.flow(&node.flow_name) else { return Err(Stop::unhandled()) };
        let program = identity.org.flow_program(catalog, def).map_err(Stop::fault)?;
        let mut other = Interview::new(self.world, &program);
        let variable = |name: &str| program.flow.variables.iter().find(|v| v.name.eq_ignore_ascii_case(name));
        for input in &node.input_assignments {
            let value = input.value.as_ref().map_or(Ok(Data::NULL), |given| self.given(tx, given))?;
            if let Some(variable) = variable(&input.name) {
                other.give(variable, value.copied())?;
            }
        }
        if !session.flows.begin(&node.flow_name, None) {
            return Err(Stop::fault("Maximum trigger depth exceeded"));
        }
        let done = other.run(tx, session);
        session.flows.end();
        done?;
        let mut outputs = HashMap::new();
        for variable in program.flow.variables.iter().filter(|v| v.is_output) {
            outputs.insert(fold_name(&variable.name).into_owned(), other.read(tx, &variable.name)?);
        }
        for output in &node.output_assignments {
            if let Some(value) = outputs.get(fold_name(&output.name).as_ref()).cloned() {
                self.assign(tx, &output.assign_to_reference, AssignOperator::Assign, value)?;
            }
        }
        self.outputs.insert(fold_name(&node.name).into_owned(), outputs);
        Ok(())
    }

    fn process(&mut self, tx: &mut dyn Tx, session: &mut Session, node: &CollectionProcessor) -> Result<(), Stop> {
        let collection = node.collection_reference.as_deref().unwrap_or_default();
        let Data::List(mut items) = self.read(tx, collection)? else { return Ok(()) };
        let key = fold_name(&node.name).into_owned();
        if node.collection_processor_type == Some(ProcessorType::FilterCollectionProcessor) {
            let mut kept = Vec::new();
            for item in items {
                let name = node.assign_next_value_to_reference.as_deref().unwrap_or(&node.name);
                self.values.insert(fold_name(name).into_owned(), item.clone());
                let keep = match &node.formula {
                    Some(_) => self.formula(tx, &key)? == Value::Bool(true),
                    None => self.conditions(tx, node.condition_logic.as_deref(), &node.conditions)?,
                };
                if keep {
                    kept.push(item);
                }
                if !session.flows.spend() {
                    return Err(Stop::fault("Number of iterations exceeded"));
                }
            }
            self.values.insert(key, Data::List(kept));
            return Ok(());
        }
        let of = |item: &Data, field: Option<&str>| match (item, field) {
            (Data::Record(record), Some(field)) => record.borrow().row.get(&record.borrow().object, field).clone(),
            (Data::Value(value), _) => value.clone(),
            _ => Value::Null,
        };
        items.sort_by(|a, b| {
            for option in &node.sort_options {
                let (a, b) = (of(a, option.sort_field.as_deref()), of(b, option.sort_field.as_deref()));
                let first = option.does_put_empty_string_and_null_first;
                let ordering = match (a.is_null(), b.is_null()) {
                    (true, true) => std::cmp::Ordering::Equal,
                    (true, false) => {
                        if first {
                            std::cmp::Ordering::Less
                        } else {
                            std::cmp::Ordering::Greater
                        }
                    }
                    (false, true) => {
                        if first {
                            std::cmp::Ordering::Greater
                        } else {
                            std::cmp::Ordering::Less
                        }
                    }
                    (false, false) => {
                        let ordering = order(&a, &b).unwrap_or(std::cmp::Ordering::Equal);
                        if option.sort_order == Some(SortOrder::Desc) { ordering.reverse() } else { ordering }
                    }
                };
                if ordering.is_ne() {
                    return ordering;
                }
            }
            std::cmp::Ordering::Equal
        });
        if let Some(limit) = node.limit.as_ref().and_then(|limit| limit.trim().parse::<usize>().ok()).filter(|limit| *limit > 0) {
            items.truncate(limit);
        }
        // The collection itself is brought into its order.
        self.values.insert(fold_name(collection).into_owned(), Data::List(items.clone()));
        self.values.insert(key, Data::List(items));
        Ok(())
    }

    /// Gives something a value.
    pub(super) fn assign(&mut self, tx: &mut dyn Tx, target: &str, operator: AssignOperator, value: Data) -> Result<(), Stop> {
        let zone = &self.world.identity.user.time_zone;
        if let Some((head, field)) = target.split_once('.') {
            let record = self.record_of(head)?.ok_or_else(|| not_set(target))?;
            let mut record = record.borrow_mut();
            let at = record.object.field_index(field).ok_or_else(Stop::unhandled)?;
            let old = Data::Value(record.row.values[at].clone());
            let Data::Value(value) = assigned(operator, old, value, zone).map_err(Stop::fault)? else { return Err(Stop::unhandled()) };
            let value = fitted(&record.object.fields()[at], value, zone).map_err(Stop::fault)?;
            record.row.values[at] = value;
            record.set.insert(at);
            return Ok(());
        }
        let variable = match self.program.named(target) {
            Some(Named::Variable(at)) => &self.program.flow.variables[at],
            _ => return Err(Stop::unhandled()),
        };
        let old = if operator == AssignOperator::Assign { Data::NULL } else { self.read(tx, target)? };
        let value = assigned(operator, old, value, zone).map_err(Stop::fault)?;
        let value = self.as_variable(variable, value)?;
        self.values.insert(fold_name(target).into_owned(), value);
        Ok(())
    }

    /// A value as a variable holds it.
    fn as_variable(&self, variable: &Variable, value: Data) -> Result<Data, Stop> {
        let zone = &self.world.identity.user.time_zone;
        let one = |value: Data| match (value, scalar(variable.data_type).is_some(), variable.data_type) {
            (Data::Value(value), true, Some(ty)) => match coerced(value, ty, variable.scale, zone) {
                Ok(value) => Ok(Data::Value(value)),
                Err(ty) => Err(Stop::fault(format!("The value of {} is not of the type {ty}", variable.name))),
            },
            (Data::Record(record), false, _) => {
                let fits = variable.object_type.as_deref().is_some_and(|o| o.eq_ignore_ascii_case(&record.borrow().object.name));
                if fits { Ok(Data::Record(record)) } else { Err(Stop::unhandled()) }
            }
            (Data::Value(Value::Null), false, _) => Ok(Data::NULL),
            _ => Err(Stop::unhandled()),
        };
        match (variable.is_collection, value) {
            (true, Data::List(items)) => Ok(Data::List(items.into_iter().map(one).collect::<Result<_, _>>()?)),
            (true, Data::Value(Value::Null)) => Ok(Data::List(Vec::new())),
            (true, item) => Ok(Data::List(vec![one(item)?])),
            (false, value) => one(value),
        }
    }

    /// The record that a name holds, to be changed. A variable that holds none yet gets an empty one.
    fn record_of(&mut self, name: &str) -> Result<Option<Rc<RefCell<Record>>>, Stop> {
        if is_record(Some(name)) {
            return Ok(self.record.clone());
        }
        let key = fold_name(name).into_owned();
        match (self.values.get(&key), self.program.named(name)) {
            (Some(Data::Record(record)), _) => Ok(Some(record.clone())),
            (_, Some(Named::Variable(at))) => {
                let object = self.program.flow.variables[at].object_type.as_deref().and_then(|o| self.world.catalog.object(o));
                let Some(object) = object else { return Ok(None) };
                let row = Row::empty(object);
                let record = Rc::new(RefCell::new(Record { object: object.clone(), row, set: BTreeSet::new() }));
                self.values.insert(key, Data::Record(record.clone()));
                Ok(Some(record))
            }
            _ => Ok(None),
        }
    }

    pub(super) fn put(&mut self, name: &str, value: Data) {
        self.values.insert(fold_name(name).into_owned(), value);
    }
}

/// How faults name the page about error codes, and how that is linked where a flow reads of a fault itself.
pub(super) const GUIDE: &str = "SOAP API Developer Guide";
const LINKED_GUIDE: &str = "<a href='https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_concepts_core_data_objects.htm#'>SOAP API Developer Guide</a>";

/// The platform's words for something in which nothing is.
pub(super) fn not_set(name: &str) -> Stop {
    Stop::fault(format!("The flow failed to access the value for {name} because it hasn't been set or assigned."))
}

/// What tells an interview from others.
pub(crate) fn guid() -> Result<String, Failure> {
    let text = crate::auth::random_text(32)?;
    let hex: String = text.bytes().map(|b| char::from_digit(u32::from(b) % 16, 16).unwrap_or('0')).collect();
    Ok(format!("{}-{}", &hex[..28], &hex[28..]))
}
