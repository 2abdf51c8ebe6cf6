//! Countries and their states, and the codes that addresses have of them where an org has State and Country/Territory
//! Picklists.

use super::PLACES;
use super::sections::Sections;
use crate::field::{Field, FieldType, PicklistValue, Place, bitmap};
use orglet_base::fold;
use std::collections::HashMap;
use std::sync::OnceLock;

/// Objects whose addresses stay without codes: those of the platform's own company data.
const WITHOUT: &[&str] = &["DandBCompany"];
/// Characters that a code may have, as recorded.
const CODE_LENGTH: u32 = 10;

/// A country or a territory. What people see of it is also what integrations write, as long as nobody changes that.
#[derive(Debug)]
pub struct Country {
    /// Its place in the list.
    at: usize,
    /// The ISO code.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
}

/// A state of a country.
#[derive(Debug)]
pub struct State {
    /// The place of its country in the list.
    country: usize,
    /// The code, which other countries may have too.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    active: bool,
}

struct Lists {
    countries: Vec<Country>,
    states: Vec<State>,
    by_code: HashMap<String, usize>,
    by_name: HashMap<String, usize>,
    /// Other spellings of names.
    by_spelling: HashMap<String, usize>,
    /// Active states by country and folded code or name.
    state_by_code: HashMap<(usize, String), usize>,
    state_by_name: HashMap<(usize, String), usize>,
}

fn lists() -> &'static Lists {
    static LISTS: OnceLock<Lists> = OnceLock::new();
    LISTS.get_or_init(|| read(PLACES))
}

fn key(text: &str) -> String {
    fold(text).into_owned()
}

fn read(text: &'static str) -> Lists {
    let sections = Sections::read(text);
    let lines = |name: &str| sections.get(name).unwrap_or("").lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let part = |columns: &[&'static str], at: usize| columns.get(at).copied().unwrap_or("");
    let spellings = lines("countries").enumerate().flat_map(|(at, c)| part(&c, 2).split(';').map(move |other| (key(other), at)));
    let by_spelling = spellings.filter(|(other, _)| !other.is_empty()).collect();
    let countries: Vec<Country> =
        lines("countries").enumerate().map(|(at, c)| Country { at, code: part(&c, 0), name: part(&c, 1) }).collect();
    let by_code: HashMap<String, usize> = countries.iter().map(|c| (key(c.code), c.at)).collect();
    let states: Vec<State> = lines("states")
        .filter_map(|c| {
            let country = *by_code.get(&key(part(&c, 0)))?;
            Some(State { country, code: part(&c, 1), name: part(&c, 2), active: part(&c, 3) != "-" })
        })
        .collect();
    let active = || states.iter().enumerate().filter(|(_, s)| s.active);
    Lists {
        by_name: countries.iter().map(|c| (key(c.name), c.at)).collect(),
        state_by_code: active().map(|(at, s)| ((s.country, key(s.code)), at)).collect(),
        state_by_name: active().map(|(at, s)| ((s.country, key(s.name)), at)).collect(),
        by_code,
        by_spelling,
        countries,
        states,
    }
}

/// A country by its code, in any case.
pub fn country_by_code(code: &str) -> Option<&'static Country> {
    let lists = lists();
    lists.by_code.get(&key(code)).map(|at| &lists.countries[*at])
}

/// A country by its name, in any case.
pub fn country_by_name(name: &str) -> Option<&'static Country> {
    let lists = lists();
    lists.by_name.get(&key(name)).map(|at| &lists.countries[*at])
}

/// A country by what people may have written for it while they could write anything: its name, a code, another spelling.
pub fn country_by_any(text: &str) -> Option<&'static Country> {
    let lists = lists();
    let other = || lists.by_spelling.get(&key(text)).map(|at| &lists.countries[*at]);
    country_by_name(text).or_else(|| country_by_code(text)).or_else(other)
}

impl Country {
    /// An active state of it by its code, in any case.
    pub fn state_by_code(&self, code: &str) -> Option<&'static State> {
        let lists = lists();
        lists.state_by_code.get(&(self.at, key(code))).map(|at| &lists.states[*at])
    }

    /// An active state of it by its name, in any case.
    pub fn state_by_name(&self, name: &str) -> Option<&'static State> {
        let lists = lists();
        lists.state_by_name.get(&(self.at, key(name))).map(|at| &lists.states[*at])
    }
}

/// Whether any country has an active state of a code.
pub fn is_state_code(code: &str) -> bool {
    let code = key(code);
    lists().states.iter().any(|s| s.active && key(s.code) == code)
}

/// Whether an object has addresses that may have codes.
pub(super) fn has_addresses(object: &str) -> bool {
    !WITHOUT.contains(&object) && super::index().fields.get(object).is_some_and(|text| text.contains("\taddress\t"))
}

/// Fields with the codes of their addresses among them, where the describe of a real org has them: after the address's country. An
/// address that nobody can write has none.
pub(super) fn add_codes(fields: Vec<Field>) -> Vec<Field> {
    let addresses: Vec<String> = fields.iter().filter(|f| f.ty == FieldType::Address).map(|f| f.name.clone()).collect();
    let mut codes: Vec<(usize, Field)> = Vec::new();
    for address in addresses {
        let part = |ending: &str| {
            let mut parts = fields.iter().enumerate().filter(|(_, f)| f.compound.as_deref() == Some(address.as_str()));
            parts.find(|(_, f)| f.ty == FieldType::String && f.name.ends_with(ending))
        };
        let (Some((state_at, state)), Some((country_at, country))) = (part("State"), part("Country")) else { continue };
        if !(state.createable || state.updateable) {
            continue;
        }
        let country_code = code(country, Place::Country);
        let mut state_code = code(state, Place::State);
        state_code.controller = Some(country_code.name.clone());
        // Lists in the order of the alphabet have the state behind the country.
        codes.push((if state_at > country_at { state_at } else { country_at }, state_code));
        codes.push((country_at, country_code));
    }
    let mut all = Vec::with_capacity(fields.len() + codes.len());
    for (at, field) in fields.into_iter().enumerate() {
        all.push(field);
        all.extend(codes.iter().filter(|(after, _)| *after == at).map(|(_, code)| code.clone()));
    }
    all
}

/// The code beside a text.
fn code(text: &Field, place: Place) -> Field {
    let mut field = Field::new(format!("{}Code", text.name), format!("{} Code", text.label), FieldType::Picklist);
    (field.length, field.byte_length) = (CODE_LENGTH, CODE_LENGTH * 3);
    (field.createable, field.updateable, field.permissionable) = (text.createable, text.updateable, text.permissionable);
    field.compound.clone_from(&text.compound);
    field.restricted_picklist = true;
    field.place = Some(place);
    let lists = lists();
    let value = |code: &str, label: &str, valid_for: Option<String>| PicklistValue {
        value: code.to_owned(),
        label: label.to_owned(),
        active: true,
        default: false,
        valid_for,
        facts: Vec::new(),
    };
    field.picklist = match place {
        Place::Country => lists.countries.iter().map(|c| value(c.code, c.name, None)).collect(),
        Place::State => lists.states.iter().filter(|s| s.active).map(|s| value(s.code, s.name, Some(bitmap([s.country])))).collect(),
    };
    field
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standard::{objects, objects_with_places};
    use std::collections::HashSet;
    use std::sync::Arc;

    #[test]
    fn lists_are_those_recorded() {
        let lists = lists();
        assert_eq!((lists.countries.len(), lists.states.len()), (235, 396));
        assert_eq!(lists.states.iter().filter(|s| s.active).count(), 384);
        assert_eq!((lists.by_code.len(), lists.by_name.len()), (235, 235));
        assert_eq!((lists.state_by_code.len(), lists.state_by_name.len()), (384, 384));
        let with: HashSet<&str> = lists.states.iter().map(|s| lists.countries[s.country].code).collect();
        assert_eq!(with, HashSet::from(["AU", "BR", "CA", "CN", "IE", "IN", "IT", "JP", "MX", "US"]));
        assert!(PLACES.lines().all(|line| line.starts_with(['#', '=']) || (2..=4).contains(&line.split('\t').count())));
    }

    #[test]
    fn states_are_found_in_their_country() {
        let us = country_by_code("us").unwrap();
        assert_eq!((us.name, us.state_by_code("ca").map(|s| s.name)), ("United States", Some("California")));
        let italy = country_by_name("ITALY").unwrap();
        assert_eq!(italy.state_by_code("CA").map(|s| s.name), Some("Cagliari"));
        assert_eq!(italy.state_by_name("forlì-cesena").map(|s| s.code), Some("FC"));
        assert!(us.state_by_code("GU").is_none() && !is_state_code("GU") && is_state_code("ca"));
        assert!(country_by_name("US").is_none() && country_by_code("USA").is_none());
        assert_eq!(
            ["usa", "uk", "it", "ITALY", "Narnia", ""].map(|t| country_by_any(t).map(|c| c.code)),
            [Some("US"), Some("GB"), Some("IT"), Some("IT"), None, None]
        );
    }

    #[test]
    fn codes_are_as_recorded_of_a_lead() {
        let set = objects_with_places();
        let lead = set.object("Lead").unwrap();
        let names: Vec<&str> = lead.fields().iter().map(|f| f.name.as_str()).skip(9).take(9).collect();
        assert_eq!(names, ["Street", "City", "State", "PostalCode", "Country", "StateCode", "CountryCode", "Latitude", "Longitude"]);
        let state = lead.field("StateCode").unwrap();
        assert_eq!((state.label.as_str(), state.length, state.byte_length), ("State/Province Code", 10, 30));
        assert_eq!((state.controller.as_deref(), state.compound.as_deref()), (Some("CountryCode"), Some("Address")));
        assert!(state.restricted_picklist && state.createable && state.updateable && state.permissionable && state.groupable);
        let valid_for = |code: &str, name: &str| {
            let found = state.picklist.iter().find(|v| v.value == code && v.label == name);
            found.and_then(|v| v.valid_for.clone())
        };
        assert_eq!(valid_for("AC", "Acre").as_deref(), Some("AAAAAgAA"));
        assert_eq!(valid_for("AG", "Agrigento").as_deref(), Some("AAAAAAAAAAAAAAAAAEAA"));
        assert_eq!(valid_for("AL", "Alabama").as_deref(), Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAA"));
        assert_eq!(lead.coded_addresses().len(), 1);
    }

    #[test]
    fn only_objects_with_addresses_are_others() {
        let (plain, coded) = (objects(), objects_with_places());
        let mut others: Vec<&str> = Vec::new();
        for object in plain.iter() {
            let same = coded.object(&object.name).unwrap();
            assert!(object.coded_addresses().is_empty());
            if !Arc::ptr_eq(object, same) {
                assert_eq!(same.fields().len(), object.fields().len() + 2 * same.coded_addresses().len(), "{}", object.name);
                others.extend((!same.coded_addresses().is_empty()).then_some(object.name.as_str()));
            }
        }
        others.sort_unstable();
        let expected = "Account AccountBrand AlternativePaymentMethod CardPaymentMethod Contact ContactPointAddress Contract DigitalWallet \
                        Lead LegalEntity Order Organization Quote ServiceContract User WorkOrder WorkOrderLineItem";
        assert_eq!(others, expected.split_whitespace().collect::<Vec<_>>());
        assert_eq!(coded.object("Quote").unwrap().coded_addresses().len(), 4);
    }
}
