//! References: fields of the record, paths over relationships, and the names that begin with `$`.

use super::check::Checker;
use super::{Fault, Node, Purpose, Reference, Source, Span, Type};
use orglet_base::DateTime;
use orglet_schema::{Field, FieldType, Object};
use std::sync::Arc;

/// Most relationships that a path goes over.
const MOST_STEPS: usize = 10;

/// `$System.OriginDateTime`: 1900-01-01T00:00:00Z.
const ORIGIN: DateTime = DateTime(-2_208_988_800_000);

/// Names beginning with `$` whose kinds of metadata this org has none of.
const NOT_BUILT: [&str; 7] = ["$Label", "$Setup", "$Permission", "$CustomMetadata", "$ObjectType", "$Credential", "$Network"];

fn unknown(name: &str, span: Span) -> Fault {
    Fault::new(span, format!("Field {name} does not exist. Check spelling."))
}

impl Checker<'_> {
    /// The field of `$ObjectType.Object__c.Fields.Field__c`, with its object.
    pub(super) fn merge_field(&self, name: &str) -> Option<(Arc<Object>, usize)> {
        let [root, object, fields, field] = name.split('.').collect::<Vec<_>>()[..] else { return None };
        if !root.eq_ignore_ascii_case("$ObjectType") || !fields.eq_ignore_ascii_case("Fields") {
            return None;
        }
        let object = self.catalog.object(object).filter(|o| o.has_table())?;
        Some((object.clone(), object.field_index(field)?))
    }

    /// A reference, with the type of what it names.
    pub(super) fn reference(&mut self, name: &str, span: Span) -> Result<(Node, Type), Fault> {
        let mut steps: Vec<&str> = name.split('.').collect();
        if let Some(resources) = self.resources {
            if steps.len() < 2 || !steps[0].eq_ignore_ascii_case("$Record") {
                return match resources.type_of(name).map_err(|message| Fault::new(span, message))? {
                    Some(ty) => Ok((Node::Resource(name.to_owned()), ty)),
                    None if name.starts_with('$') => self.elsewhere(name, &steps, span),
                    None => Err(unknown(name, span)),
                };
            }
            steps.remove(0);
            return self.of_record(name, &steps, span);
        }
        let Some(last) = steps.pop().filter(|l| !l.is_empty()) else { return Err(unknown(name, span)) };
        if name.starts_with('$') {
            return self.global(name, &steps, last, span);
        }
        if self.purpose == Purpose::Default {
            return Err(Fault::new(span, format!("Field {name} may not be used in this type of formula")));
        }
        steps.push(last);
        self.of_record(name, &steps, span)
    }

    /// A path that begins at the record.
    fn of_record(&mut self, name: &str, path: &[&str], span: Span) -> Result<(Node, Type), Fault> {
        let Some((last, steps)) = path.split_last().filter(|(_, steps)| steps.len() <= MOST_STEPS) else {
            return Err(unknown(name, span));
        };
        let mut place = 0;
        for step in steps {
            place = self.step(place, step).ok_or_else(|| unknown(name, span))?;
        }
        self.field(place, last, name, span)
    }

    fn elsewhere(&mut self, name: &str, path: &[&str], span: Span) -> Result<(Node, Type), Fault> {
        match path.split_last() {
            Some((last, steps)) => self.global(name, steps, last, span),
            None => Err(unknown(name, span)),
        }
    }

    fn global(&mut self, name: &str, steps: &[&str], last: &str, span: Span) -> Result<(Node, Type), Fault> {
        let [root] = steps else {
            return Err(match NOT_BUILT.iter().find(|n| steps.first().is_some_and(|s| s.eq_ignore_ascii_case(n))) {
                Some(kind) => Fault::unsupported(span, format!("{kind} in formulas is")),
                None => unknown(name, span),
            });
        };
        let is = |n: &str| root.eq_ignore_ascii_case(n);
        let place = if is("$User") {
            self.row(Source::User, "User")
        } else if is("$Profile") {
            self.row(Source::User, "User").and_then(|user| self.step(user, "Profile"))
        } else if is("$UserRole") {
            self.row(Source::User, "User").and_then(|user| self.step(user, "UserRole"))
        } else if is("$Organization") {
            self.row(Source::Organization, "Organization")
        } else if is("$RecordType") && self.purpose == Purpose::Rule {
            self.step(0, "RecordType")
        } else if is("$System") && last.eq_ignore_ascii_case("OriginDateTime") {
            return Ok((Node::DateTime(ORIGIN), Type::DateTime));
        } else if let Some(kind) = NOT_BUILT.iter().find(|n| is(n)) {
            return Err(Fault::unsupported(span, format!("{kind} in formulas is")));
        } else {
            None
        };
        self.field(place.ok_or_else(|| unknown(name, span))?, last, name, span)
    }

    fn row(&mut self, source: Source, object: &str) -> Option<usize> {
        let object = self.catalog.object(object)?.clone();
        Some(self.places.intern(source, &object))
    }

    /// The place that a relationship of a place leads to. Where that may be of several objects, the path says which:
    /// `Owner:User`.
    fn step(&mut self, place: usize, step: &str) -> Option<usize> {
        let (relationship, object) = match step.split_once(':') {
            Some((relationship, object)) => (relationship, Some(object)),
            None => (step, None),
        };
        let here = self.places.all()[place].object.clone();
        let field = here.parent_field(relationship)?;
        let by = here.field_index(&field.name)?;
        // Queues are the groups that own records.
        let target = match object {
            Some(queue) if queue.eq_ignore_ascii_case("Queue") => field.reference_to.iter().find(|t| *t == "Group"),
            Some(object) => field.reference_to.iter().find(|t| t.eq_ignore_ascii_case(object)),
            None if field.reference_to.len() == 1 => field.reference_to.first(),
            None => None,
        }?;
        let target = self.catalog.object(target).filter(|o| o.has_table())?.clone();
        self.places.read(place, by);
        Some(self.places.intern(Source::Parent { of: place, by }, &target))
    }

    fn field(&mut self, place: usize, field: &str, name: &str, span: Span) -> Result<(Node, Type), Fault> {
        let object = self.places.all()[place].object.clone();
        let is_queue = object.name == "Group" && field.eq_ignore_ascii_case("QueueName");
        let index = object.field_index(if is_queue { "Name" } else { field }).ok_or_else(|| unknown(name, span))?;
        let field = &object.fields()[index];
        let ty = self.type_of(field, name, span)?;
        let location = match ty {
            Type::Location => Some(coordinates(&object, field).ok_or_else(|| unknown(name, span))?),
            _ => None,
        };
        for read in location.map_or(vec![index], |(a, b)| vec![a, b]) {
            self.places.read(place, read);
        }
        Ok((Node::Field(Reference { place, field: index, percent: field.ty == FieldType::Percent, location }), ty))
    }

    pub(super) fn type_of(&self, field: &Field, name: &str, span: Span) -> Result<Type, Fault> {
        use FieldType::*;
        let unsupported = |kind: &str| {
            let message = format!("You referenced an unsupported field type called \"{kind}\" using the following field: {name}");
            Err(Fault::new(span, message))
        };
        Ok(match field.ty {
            String | TextArea | Email | Phone | Url | Combobox | EncryptedString | AnyType => Type::Text,
            Boolean => Type::Boolean,
            Int | Long | Double | Currency | Percent => Type::Number,
            Date => Type::Date,
            DateTime => Type::DateTime,
            Time => Type::Time,
            Picklist => Type::Picklist,
            MultiPicklist => Type::MultiPicklist,
            Location => Type::Location,
            Id | Reference => {
                let labels = field.reference_to.iter().filter_map(|o| self.catalog.object(o)).map(|o| o.label.as_str());
                Type::Id(labels.collect::<Vec<_>>().join(","))
            }
            Address => return unsupported("Address"),
            Base64 => return unsupported("Base64"),
            ComplexValue => return unsupported("Complex Value"),
        })
    }
}

/// The fields of a location's latitude and longitude.
fn coordinates(object: &Arc<Object>, field: &Field) -> Option<(usize, usize)> {
    let at = |part: &str| {
        object.parts_of(&field.name).find(|f| f.name.trim_end_matches("__s").ends_with(part)).and_then(|f| object.field_index(&f.name))
    };
    Some((at("Latitude")?, at("Longitude")?))
}
