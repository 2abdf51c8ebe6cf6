//! Compiling a flow: every name that it uses is found, every formula read, before it ever runs.

use super::names::{InFormulas, Kind, Missing, Named, names, scalar};
use super::{Compiled, Program, logic, text};
use orglet_base::fold_name;
use orglet_plan::formula::{self, Places, Type};
use orglet_schema::custom::flow::{Comparison, Condition, Connector, Flow, Given, InputField, ProcessorType, RecordFilter, Trigger};
use orglet_schema::custom::{DefError, FlowDef};
use orglet_schema::{Catalog, FieldType, Object};
use std::collections::HashMap;
use std::sync::Arc;

/// Most elements and resources that a flow may have together.
const MOST_NAMES: usize = 10_000;

fn refused(message: impl Into<String>) -> DefError {
    DefError::integrity(message)
}

/// Something that another org may have, or that is misspelt.
fn lacking(message: impl Into<String>) -> DefError {
    let mut e = refused(message);
    e.unsupported = true;
    e
}

impl From<Missing> for DefError {
    fn from(missing: Missing) -> Self {
        if missing.unsupported { lacking(missing.message) } else { refused(missing.message) }
    }
}

/// Compiles a flow against a catalog.
pub(crate) fn program(def: &FlowDef, catalog: &Catalog) -> Result<Program, DefError> {
    let flow = def.flow.clone();
    let names = names(&flow).map_err(refused)?;
    if names.len() > MOST_NAMES {
        return Err(refused(format!("A flow can have at most {MOST_NAMES} elements and resources.")));
    }
    let object = match flow.trigger() {
        Some((object, ..)) => Some(object_of(catalog, object)?),
        None => None,
    };
    let mut program = Program { flow, object, names, formulas: HashMap::new() };
    program.formulas = formulas(&program, catalog)?;
    let check = Check { program: &program, catalog, flow: &program.flow };
    check.all()?;
    Ok(program)
}

fn object_of(catalog: &Catalog, name: &str) -> Result<Arc<Object>, DefError> {
    let found = catalog.object(name).filter(|o| o.has_table());
    found.cloned().ok_or_else(|| lacking(format!("The object {name} is not there.")))
}

fn formulas(program: &Program, catalog: &Catalog) -> Result<HashMap<String, Compiled>, DefError> {
    let flow = &program.flow;
    let mut all = HashMap::new();
    let of_start = flow.start.as_ref().and_then(|start| start.filter_formula.as_deref());
    let conditions = flow.collection_processors.iter().filter_map(|p| Some((p.name.as_str(), p.formula.as_deref()?)));
    for (name, text) in of_start.map(|text| ("", text)).into_iter().chain(conditions) {
        let (compiled, ty) = compile(program, catalog, text)?;
        if !matches!(ty, Type::Boolean | Type::Null) {
            let message = format!("Formula result is data type ({}), incompatible with expected data type (true or false).", ty.label());
            return Err(refused(message));
        }
        all.insert(fold_name(name).into_owned(), compiled);
    }
    for formula in &flow.formulas {
        let (compiled, ty) = compile(program, catalog, &formula.expression)?;
        let Some(wanted) = scalar(formula.data_type) else {
            return Err(refused(format!("The formula {} has no data type that formulas have.", formula.name)));
        };
        let fits = ty == Type::Null || ty == wanted || (ty.is_text() && wanted.is_text());
        if !fits {
            let (ty, wanted) = (ty.label(), wanted.label());
            return Err(refused(format!("Formula result is data type ({ty}), incompatible with expected data type ({wanted}).")));
        }
        all.insert(fold_name(&formula.name).into_owned(), compiled);
    }
    Ok(all)
}

fn compile(program: &Program, catalog: &Catalog, formula: &str) -> Result<(Compiled, Type), DefError> {
    // A flow without a record has formulas that read none; their place for it is the user's.
    let base = match &program.object {
        Some(object) => object.clone(),
        None => object_of(catalog, "User")?,
    };
    let mut places = Places::of(&base);
    let resources = InFormulas { program, catalog };
    let plain = text::in_formula(formula);
    match formula::of_flow(&plain, catalog, &mut places, &resources) {
        Ok((node, ty)) => Ok((Compiled { node, places }, ty)),
        Err(fault) if fault.unsupported => Err(DefError::unsupported(fault.message)),
        Err(fault) => Err(lacking(fault.message)),
    }
}

struct Check<'a> {
    program: &'a Program,
    catalog: &'a Catalog,
    flow: &'a Flow,
}

impl Check<'_> {
    fn all(&self) -> Result<(), DefError> {
        let flow = self.flow;
        if let Some(start) = &flow.start {
            self.connector(start.connector.as_ref())?;
            if let Some(object) = &self.program.object {
                self.filters(object, &start.filters)?;
            }
            if start.filter_formula.is_none() {
                logic(start.filter_logic.as_deref(), start.filters.len()).map_err(refused)?;
            }
        }
        if let Some(first) = &flow.start_element_reference {
            self.element(first)?;
        }
        for node in &flow.assignments {
            self.connector(node.connector.as_ref())?;
            for item in &node.assignment_items {
                if item.operator.is_none() {
                    return Err(refused(format!("An item of the assignment {} has no operator.", node.name)));
                }
                self.target(&item.assign_to_reference)?;
                self.given(item.value.as_ref())?;
            }
        }
        for node in &flow.decisions {
            self.connector(node.default_connector.as_ref())?;
            for rule in &node.rules {
                self.connector(rule.connector.as_ref())?;
                self.conditions(&rule.conditions, rule.condition_logic.as_deref())?;
            }
        }
        for node in &flow.loops {
            self.connector(node.next_value_connector.as_ref())?;
            self.connector(node.no_more_values_connector.as_ref())?;
            self.list(&node.collection_reference)?;
            self.targets(node.assign_next_value_to_reference.as_deref())?;
        }
        for node in &flow.collection_processors {
            self.connector(node.connector.as_ref())?;
            self.list(node.collection_reference.as_deref().unwrap_or_default())?;
            self.targets(node.assign_next_value_to_reference.as_deref())?;
            match node.collection_processor_type {
                Some(ProcessorType::FilterCollectionProcessor) if node.formula.is_none() => {
                    self.conditions(&node.conditions, node.condition_logic.as_deref())?;
                }
                Some(_) => {}
                None => return Err(refused(format!("{} has no collectionProcessorType.", node.name))),
            }
            if node.limit.as_ref().is_some_and(|limit| limit.trim().parse::<usize>().is_err()) {
                return Err(refused(format!("The limit of {} is not a number.", node.name)));
            }
        }
        self.records()?;
        for node in &flow.custom_errors {
            self.connector(node.connector.as_ref())?;
            let Some(object) = &self.program.object else {
                return Err(refused(format!("The custom error {} needs a record that starts the flow.", node.name)));
            };
            for message in &node.custom_error_messages {
                self.merged(&message.error_message)?;
                if let Some(field) = message.field_selection.as_deref().filter(|_| message.is_field_error) {
                    self.field(object, field)?;
                }
            }
        }
        for node in &flow.subflows {
            self.connector(node.connector.as_ref())?;
            let Some(def) = self.catalog.flow(&node.flow_name).filter(|def| def.starts_on().is_none()) else {
                return Err(lacking(format!("The flow {} is not there, or not active.", node.flow_name)));
            };
            let has = |name: &str, input: bool| {
                let found = def.flow.variables.iter().find(|v| v.name.eq_ignore_ascii_case(name));
                found.is_some_and(|v| if input { v.is_input } else { v.is_output })
            };
            for input in &node.input_assignments {
                self.given(input.value.as_ref())?;
                if !has(&input.name, true) {
                    return Err(refused(format!("The flow {} has no input variable {}.", node.flow_name, input.name)));
                }
            }
            for output in &node.output_assignments {
                self.target(&output.assign_to_reference)?;
                if !has(&output.name, false) {
                    return Err(refused(format!("The flow {} has no output variable {}.", node.flow_name, output.name)));
                }
            }
        }
        for node in &flow.variables {
            self.program.kind(self.catalog, &node.name)?;
            self.given(node.value.as_ref())?;
        }
        flow.text_templates.iter().try_for_each(|node| self.merged(&node.text))?;
        if let Some((.., when)) = flow.trigger() {
            self.allowed(when)?;
        }
        Ok(())
    }

    /// What flows may do that run before their record is saved.
    fn allowed(&self, when: Trigger) -> Result<(), DefError> {
        let flow = self.flow;
        if when == Trigger::RecordBeforeSave {
            let other = flow.record_updates.iter().find(|u| !is_record(u.input_reference.as_deref())).map(|u| &u.name);
            let other = other.or(flow.record_creates.first().map(|c| &c.name)).or(flow.record_deletes.first().map(|d| &d.name));
            if let Some(name) = other {
                return Err(refused(format!("The element {name} can't be used in a flow that runs before its record is saved.")));
            }
        }
        Ok(())
    }

    fn records(&self) -> Result<(), DefError> {
        for node in &self.flow.record_lookups {
            self.connectors(node.connector.as_ref(), node.fault_connector.as_ref())?;
            let object = object_of(self.catalog, &node.object)?;
            self.filters(&object, &node.filters)?;
            logic(node.filter_logic.as_deref(), node.filters.len()).map_err(refused)?;
            for field in node.queried_fields.iter().chain(&node.sort_field) {
                self.field(&object, field)?;
            }
            self.targets(node.output_reference.as_deref())?;
            self.given(node.limit.as_ref())?;
            for output in &node.output_assignments {
                self.target(&output.assign_to_reference)?;
                self.field(&object, &output.field)?;
            }
        }
        for node in &self.flow.record_creates {
            self.connectors(node.connector.as_ref(), node.fault_connector.as_ref())?;
            self.targets(node.assign_record_id_to_reference.as_deref())?;
            match (&node.input_reference, &node.object) {
                (Some(reference), _) => drop(self.rows(reference)?),
                (None, Some(object)) => self.inputs(&*object_of(self.catalog, object)?, &node.input_assignments, true)?,
                (None, None) => return Err(refused(format!("{} creates records of no object.", node.name))),
            }
        }
        for node in &self.flow.record_updates {
            self.connectors(node.connector.as_ref(), node.fault_connector.as_ref())?;
            let object = self.aimed(&node.name, node.input_reference.as_deref(), node.object.as_deref())?;
            self.filters(&object, &node.filters)?;
            logic(node.filter_logic.as_deref(), node.filters.len()).map_err(refused)?;
            self.inputs(&object, &node.input_assignments, false)?;
            if !is_record(node.input_reference.as_deref()) {
                self.unfiltered(&node.name, node.input_reference.as_deref(), &node.filters)?;
            }
        }
        for node in &self.flow.record_deletes {
            self.connectors(node.connector.as_ref(), node.fault_connector.as_ref())?;
            let object = self.aimed(&node.name, node.input_reference.as_deref(), node.object.as_deref())?;
            self.filters(&object, &node.filters)?;
            logic(node.filter_logic.as_deref(), node.filters.len()).map_err(refused)?;
            self.unfiltered(&node.name, node.input_reference.as_deref(), &node.filters)?;
            // A delete of all that there is would be a slip.
            if node.input_reference.is_none() && node.filters.is_empty() {
                return Err(refused(format!("{} deletes records without a condition.", node.name)));
            }
        }
        Ok(())
    }

    /// Filters choose among the records of an object; records in hand are taken as they are.
    fn unfiltered(&self, element: &str, reference: Option<&str>, filters: &[RecordFilter]) -> Result<(), DefError> {
        match reference {
            Some(reference) if !filters.is_empty() => {
                Err(refused(format!("{element} has filters, which can't be used with the records of {reference}.")))
            }
            _ => Ok(()),
        }
    }

    /// The object of the records that an element is for.
    fn aimed(&self, element: &str, reference: Option<&str>, object: Option<&str>) -> Result<Arc<Object>, DefError> {
        match (reference, object) {
            (Some(reference), _) => self.rows(reference),
            (None, Some(object)) => object_of(self.catalog, object),
            (None, None) => Err(refused(format!("{element} is for records of no object."))),
        }
    }

    fn rows(&self, reference: &str) -> Result<Arc<Object>, DefError> {
        match self.program.kind(self.catalog, reference)? {
            Kind::Record(object) => Ok(object),
            Kind::List(item) => match *item {
                Kind::Record(object) => Ok(object),
                _ => Err(refused(format!("{reference} holds no records."))),
            },
            Kind::Value(_) => Err(refused(format!("{reference} holds no records."))),
        }
    }

    fn list(&self, reference: &str) -> Result<(), DefError> {
        match self.program.kind(self.catalog, reference)? {
            Kind::List(_) => Ok(()),
            _ => Err(refused(format!("{reference} is not a collection."))),
        }
    }

    fn inputs(&self, object: &Object, inputs: &[InputField], new: bool) -> Result<(), DefError> {
        for input in inputs {
            let at = self.field(object, &input.field)?;
            let field = &object.fields()[at];
            if !(if new { field.createable } else { field.updateable }) {
                return Err(refused(format!("The field {}.{} can't be written.", object.name, field.name)));
            }
            self.given(input.value.as_ref())?;
        }
        Ok(())
    }

    fn field(&self, object: &Object, name: &str) -> Result<usize, DefError> {
        // The words are those that a project's loader knows a field that was left out by.
        object.field_index(name).ok_or_else(|| lacking(format!("Field {}.{name} does not exist. Check spelling.", object.name)))
    }

    fn filters(&self, object: &Object, filters: &[RecordFilter]) -> Result<(), DefError> {
        for filter in filters {
            let at = self.field(object, &filter.field)?;
            if matches!(object.fields()[at].ty, FieldType::Address | FieldType::Location | FieldType::Base64) {
                return Err(refused(format!("Filters can't look at {}.", filter.field)));
            }
            self.operator(filter.operator, &filter.field)?;
            self.given(filter.value.as_ref())?;
        }
        Ok(())
    }

    fn operator(&self, operator: Option<Comparison>, of: &str) -> Result<(), DefError> {
        operator.map(|_| ()).ok_or_else(|| refused(format!("The condition on {of} has no operator.")))
    }

    fn conditions(&self, conditions: &[Condition], text: Option<&str>) -> Result<(), DefError> {
        logic(text, conditions.len()).map_err(refused)?;
        for condition in conditions {
            self.operator(condition.operator, &condition.left_value_reference)?;
            self.reference(&condition.left_value_reference)?;
            self.given(condition.right_value.as_ref())?;
        }
        Ok(())
    }

    fn reference(&self, name: &str) -> Result<(), DefError> {
        // In collection filters the item at hand has the filter's own name.
        self.program.kind(self.catalog, name).map(|_| ()).map_err(DefError::from)
    }

    fn given(&self, given: Option<&Given>) -> Result<(), DefError> {
        let Some(given) = given else { return Ok(()) };
        given.element_reference.as_deref().map_or(Ok(()), |name| self.reference(name))?;
        given.string_value.as_deref().map_or(Ok(()), |text| self.merged(text))
    }

    fn merged(&self, text: &str) -> Result<(), DefError> {
        text::fields(text).try_for_each(|name| self.reference(name))
    }

    fn targets(&self, name: Option<&str>) -> Result<(), DefError> {
        name.map_or(Ok(()), |name| self.target(name))
    }

    /// Something that a value can be given to.
    fn target(&self, name: &str) -> Result<(), DefError> {
        self.reference(name)?;
        let (head, path) = name.split_once('.').map_or((name, None), |(head, path)| (head, Some(path)));
        let refuse = || Err(refused(format!("{name} can't be given a value.")));
        let is_record = head.eq_ignore_ascii_case("$Record");
        if is_record || path.is_some() {
            let Some(path) = path.filter(|path| !path.contains('.')) else { return refuse() };
            let object = self.rows(head)?;
            let at = self.field(&object, path)?;
            let field = &object.fields()[at];
            if is_record && !(field.createable || field.updateable) {
                return refuse();
            }
        }
        match self.program.named(head) {
            Some(Named::Variable(_)) => Ok(()),
            Some(Named::Lookup(_) | Named::Loop(_)) if path.is_some() => Ok(()),
            None if is_record => Ok(()),
            _ => refuse(),
        }
    }

    fn element(&self, name: &str) -> Result<(), DefError> {
        match self.program.named(name) {
            None | Some(Named::Rule(..) | Named::Variable(_) | Named::Constant(_) | Named::Formula(_) | Named::Template(_)) => {
                Err(refused(format!("A connector leads to {name}, which is no element of the flow.")))
            }
            Some(_) => Ok(()),
        }
    }

    fn connector(&self, connector: Option<&Connector>) -> Result<(), DefError> {
        connector.map_or(Ok(()), |connector| self.element(&connector.target_reference))
    }

    fn connectors(&self, next: Option<&Connector>, fault: Option<&Connector>) -> Result<(), DefError> {
        self.connector(next)?;
        self.connector(fault)
    }
}

/// Whether a reference is the record that started the flow.
pub(super) fn is_record(reference: Option<&str>) -> bool {
    reference.is_some_and(|reference| reference.eq_ignore_ascii_case("$Record"))
}
