//! What the names of a flow stand for, and of what type it is.

use super::Program;
use orglet_base::fold_name;
use orglet_plan::formula::{Resources, Type};
use orglet_schema::custom::flow::{DataType, Flow};
use orglet_schema::{Catalog, FieldType, Object};
use std::collections::HashMap;
use std::sync::Arc;

/// Something that has a name, by its place in the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Assignment(usize),
    Decision(usize),
    /// An outcome of a decision.
    Rule(usize, usize),
    Loop(usize),
    Lookup(usize),
    Create(usize),
    Update(usize),
    Delete(usize),
    Error(usize),
    Subflow(usize),
    Processor(usize),
    Variable(usize),
    Constant(usize),
    Formula(usize),
    Template(usize),
}

/// The type of what a reference leads to.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// A value.
    Value(Type),
    /// A record.
    Record(Arc<Object>),
    /// Several of a kind.
    List(Box<Kind>),
}

/// Names beginning with `$` whose kinds of things this org has none of.
const NOT_BUILT: [&str; 12] = [
    "$Label",
    "$Setup",
    "$Permission",
    "$CustomMetadata",
    "$ObjectType",
    "$Credential",
    "$Network",
    "$Api",
    "$Client",
    "$System",
    "$Orchestration",
    "$Action",
];

/// Most collections that are made of one another.
const MOST_STEPS: usize = 32;

/// Why a reference is refused: what is missing, and whether other orgs may have it.
pub(super) struct Missing {
    pub(super) message: String,
    pub(super) unsupported: bool,
}

fn missing<T>(name: &str) -> Result<T, Missing> {
    Err(Missing { message: format!("{name} is not there: an element, a resource or a field of this name"), unsupported: true })
}

/// All names of a flow; a name that two things have is answered as an error.
pub(super) fn names(flow: &Flow) -> Result<HashMap<String, Named>, String> {
    let mut all: Vec<(&str, Named)> = Vec::new();
    macro_rules! add {
        ($($member:ident $kind:ident),+ $(,)?) => {
            $(all.extend(flow.$member.iter().enumerate().map(|(at, node)| (node.name.as_str(), Named::$kind(at))));)+
        };
    }
    add!(
        assignments Assignment, decisions Decision, loops Loop, record_lookups Lookup, record_creates Create, record_updates Update,
        record_deletes Delete, custom_errors Error, subflows Subflow, collection_processors Processor, variables Variable,
        constants Constant, formulas Formula, text_templates Template,
    );
    for (at, decision) in flow.decisions.iter().enumerate() {
        all.extend(decision.rules.iter().enumerate().map(|(rule, node)| (node.name.as_str(), Named::Rule(at, rule))));
    }
    let mut names = HashMap::with_capacity(all.len());
    for (name, named) in all {
        if name.is_empty() || name.contains('.') || names.insert(fold_name(name).into_owned(), named).is_some() {
            return Err(format!("The flow has more than one element or resource named \"{name}\", or one without a name."));
        }
    }
    Ok(names)
}

pub(super) fn scalar(data: Option<DataType>) -> Option<Type> {
    Some(match data? {
        DataType::String | DataType::Picklist | DataType::Multipicklist => Type::Text,
        DataType::Number | DataType::Currency => Type::Number,
        DataType::Boolean => Type::Boolean,
        DataType::Date => Type::Date,
        DataType::DateTime => Type::DateTime,
        DataType::Time => Type::Time,
        DataType::SObject => return None,
    })
}

/// The type of a field's values.
pub(super) fn of_field(ty: FieldType) -> Type {
    use FieldType::*;
    match ty {
        Boolean => Type::Boolean,
        Int | Long | Double | Currency | Percent => Type::Number,
        Date => Type::Date,
        DateTime => Type::DateTime,
        Time => Type::Time,
        Picklist => Type::Picklist,
        MultiPicklist => Type::MultiPicklist,
        _ => Type::Text,
    }
}

/// The object that a relationship leads to; where that may be of several objects, the path says which: `Owner:User`.
pub(super) fn parent(catalog: &Catalog, object: &Object, step: &str) -> Option<(usize, Arc<Object>)> {
    let (relationship, named) = step.split_once(':').map_or((step, None), |(relationship, object)| (relationship, Some(object)));
    let field = object.parent_field(relationship)?;
    let target = match named {
        Some(named) => field.reference_to.iter().find(|t| t.eq_ignore_ascii_case(named)),
        None => field.reference_to.first().filter(|_| field.reference_to.len() == 1),
    }?;
    let target = catalog.object(target).filter(|o| o.has_table())?;
    Some((object.field_index(&field.name)?, target.clone()))
}

/// What a path from a kind leads to.
fn walk(catalog: &Catalog, mut from: Kind, path: &[&str], name: &str) -> Result<Kind, Missing> {
    for (at, step) in path.iter().enumerate() {
        let Kind::Record(object) = &from else { return missing(name) };
        if at + 1 == path.len()
            && let Some(field) = object.field(step)
        {
            return Ok(Kind::Value(of_field(field.ty)));
        }
        from = match parent(catalog, object, step) {
            Some((_, target)) => Kind::Record(target),
            None => return missing(name),
        };
    }
    Ok(from)
}

impl Program {
    /// What a folded name stands for.
    pub(super) fn named(&self, name: &str) -> Option<Named> {
        self.names.get(fold_name(name).as_ref()).copied()
    }

    /// The type of what a reference leads to.
    pub(super) fn kind(&self, catalog: &Catalog, name: &str) -> Result<Kind, Missing> {
        self.kind_within(catalog, name, MOST_STEPS)
    }

    /// As [`Program::kind`], over so many collections that are made of one another.
    fn kind_within(&self, catalog: &Catalog, name: &str, depth: usize) -> Result<Kind, Missing> {
        if depth == 0 {
            return missing(name);
        }
        let mut steps = name.split('.');
        let head = steps.next().unwrap_or_default();
        let path: Vec<&str> = steps.collect();
        let is = |global: &str| head.eq_ignore_ascii_case(global);
        if is("$Record") || is("$Record__Prior") {
            let Some(object) = &self.object else { return missing(name) };
            return walk(catalog, Kind::Record(object.clone()), &path, name);
        }
        if is("$Flow") || is("$GlobalConstant") {
            let ty = match (path.as_slice(), is("$Flow")) {
                ([last], true) => match fold_name(last).as_ref() {
                    "currentdate" => Type::Date,
                    "currentdatetime" | "interviewstarttime" => Type::DateTime,
                    "faultmessage" | "currentrecord" | "interviewguid" => Type::Text,
                    _ => return Err(Missing { message: format!("{name} in flows is not supported by this org."), unsupported: true }),
                },
                ([last], false) => match fold_name(last).as_ref() {
                    "true" | "false" => Type::Boolean,
                    "emptystring" => Type::Text,
                    _ => return missing(name),
                },
                _ => return missing(name),
            };
            return Ok(Kind::Value(ty));
        }
        let global = [("$User", "User"), ("$Profile", "Profile"), ("$UserRole", "UserRole"), ("$Organization", "Organization")];
        if let Some((_, object)) = global.iter().find(|(global, _)| is(global)) {
            let Some(object) = catalog.object(object) else { return missing(name) };
            return walk(catalog, Kind::Record(object.clone()), &path, name);
        }
        if NOT_BUILT.iter().any(|global| is(global)) {
            return Err(Missing { message: format!("{head} in flows is not supported by this org."), unsupported: true });
        }
        let Some(named) = self.named(head) else { return missing(name) };
        if let (Named::Subflow(at), [output, rest @ ..]) = (named, path.as_slice()) {
            return self.output(catalog, at, output, rest, name);
        }
        let kind = self.kind_of(catalog, named, name, depth - 1)?;
        walk(catalog, kind, &path, name)
    }

    fn object(&self, catalog: &Catalog, object: &str, name: &str) -> Result<Kind, Missing> {
        match catalog.object(object).filter(|o| o.has_table()) {
            Some(object) => Ok(Kind::Record(object.clone())),
            None => Err(Missing { message: format!("{name} is of the object {object}, which this org does not have"), unsupported: true }),
        }
    }

    fn variable(&self, catalog: &Catalog, flow: &Flow, at: usize) -> Result<Kind, Missing> {
        let variable = &flow.variables[at];
        let one = match scalar(variable.data_type) {
            Some(ty) => Kind::Value(ty),
            None => match (variable.data_type, &variable.object_type) {
                (Some(_), Some(object)) => self.object(catalog, object, &variable.name)?,
                _ => return missing(&variable.name),
            },
        };
        Ok(if variable.is_collection { Kind::List(Box::new(one)) } else { one })
    }

    fn kind_of(&self, catalog: &Catalog, named: Named, name: &str, depth: usize) -> Result<Kind, Missing> {
        let flow = &self.flow;
        Ok(match named {
            Named::Variable(at) => self.variable(catalog, flow, at)?,
            Named::Constant(at) => match scalar(flow.constants[at].data_type) {
                Some(ty) => Kind::Value(ty),
                None => return missing(name),
            },
            Named::Formula(at) => match scalar(flow.formulas[at].data_type) {
                Some(ty) => Kind::Value(ty),
                None => return missing(name),
            },
            Named::Template(_) => Kind::Value(Type::Text),
            Named::Rule(..) => Kind::Value(Type::Boolean),
            Named::Lookup(at) if flow.record_lookups[at].store_output_automatically => {
                let lookup = &flow.record_lookups[at];
                let one = self.object(catalog, &lookup.object, name)?;
                if lookup.get_first_record_only { one } else { Kind::List(Box::new(one)) }
            }
            Named::Create(at) if flow.record_creates[at].store_output_automatically => Kind::Value(Type::Text),
            Named::Loop(at) => match self.kind_within(catalog, &flow.loops[at].collection_reference, depth)? {
                Kind::List(item) => *item,
                _ => return missing(&flow.loops[at].collection_reference),
            },
            Named::Processor(at) => match &flow.collection_processors[at].collection_reference {
                Some(collection) => self.kind_within(catalog, collection, depth)?,
                None => return missing(name),
            },
            // Other elements can be asked whether they were visited.
            _ => Kind::Value(Type::Boolean),
        })
    }

    fn output(&self, catalog: &Catalog, at: usize, output: &str, rest: &[&str], name: &str) -> Result<Kind, Missing> {
        let subflow = &self.flow.subflows[at];
        let Some(def) = catalog.flow(&subflow.flow_name).filter(|_| subflow.store_output_automatically) else { return missing(name) };
        let found = def.flow.variables.iter().position(|v| v.is_output && v.name.eq_ignore_ascii_case(output));
        let Some(at) = found else { return missing(name) };
        walk(catalog, self.variable(catalog, &def.flow, at)?, rest, name)
    }
}

/// The names of a program as formulas use them.
pub(super) struct InFormulas<'a> {
    pub(super) program: &'a Program,
    pub(super) catalog: &'a Catalog,
}

impl Resources for InFormulas<'_> {
    fn type_of(&self, name: &str) -> Result<Option<Type>, String> {
        // `$User` and the like are the formula's own.
        let head = name.split('.').next().unwrap_or_default();
        let own = ["$Record__Prior", "$Flow", "$GlobalConstant", "$Record"];
        if head.starts_with('$') && !own.iter().any(|global| head.eq_ignore_ascii_case(global)) {
            return Ok(None);
        }
        match self.program.kind(self.catalog, name) {
            Ok(Kind::Value(ty)) => Ok(Some(ty)),
            Ok(_) => Err(format!("Field {name} may not be used in this type of formula")),
            Err(missing) => Err(missing.message),
        }
    }
}
