//! States and countries of addresses, where they have codes: the text and the code of each are kept in step, and a state is one of
//! its country.
//!
//! What follows from what is told by the platform's table of field syncing:
//! https://help.salesforce.com/s/articleView?id=xcloud.admin_state_country_picklists_field_syncing.htm

use crate::Failure;
use crate::failure::Gathered;
use crate::record::Row;
use orglet_base::{ApiError, ErrorCode, Value};
use orglet_schema::standard::places::{self, Country, State};
use orglet_schema::{CodedAddress, Field, Object};

/// The texts of an address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts<'a> {
    pub(crate) country: Option<&'a str>,
    pub(crate) state: Option<&'a str>,
}

/// What they mean.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) country: Option<&'static Country>,
    pub(crate) state: Option<&'static State>,
}

/// Reads texts that were written freely.
pub(crate) fn known(texts: Texts<'_>) -> Known {
    let country = texts.country.map(str::trim).and_then(places::country_by_any);
    let state = country.zip(texts.state.map(str::trim));
    let state = state.and_then(|(country, t)| country.state_by_name(t).or_else(|| country.state_by_code(t)));
    Known { country, state }
}

/// Brings the addresses of a record that is about to be written into step. `given` are the fields that the request sets, to which
/// those that follow are added. The platform's own rows are taken as they are where they make no sense.
pub(super) fn sync(object: &Object, old: Option<&Row>, row: &mut Row, given: &mut Vec<usize>, system: bool) -> Result<(), Failure> {
    let mut wrong = Gathered::default();
    for address in object.coded_addresses() {
        let parts = [address.state, address.country, address.state_code, address.country_code];
        if !parts.iter().any(|at| given.contains(at)) {
            continue;
        }
        let one = Address { object, address, old, row, given };
        match one.settle() {
            Ok((country, state)) => {
                let text = |text: Option<&'static str>| text.map_or(Value::Null, Value::from);
                row.values[address.country] = text(country.map(|c| c.name));
                row.values[address.country_code] = text(country.map(|c| c.code));
                row.values[address.state] = text(state.map(|s| s.name));
                row.values[address.state_code] = text(state.map(|s| s.code));
                for at in parts {
                    if !given.contains(&at) {
                        given.push(at);
                    }
                }
            }
            Err(_) if system => {}
            Err(e) => wrong.push(e),
        }
    }
    wrong.end()
}

struct Address<'a> {
    object: &'a Object,
    address: &'a CodedAddress,
    old: Option<&'a Row>,
    row: &'a Row,
    given: &'a [usize],
}

type Settled = (Option<&'static Country>, Option<&'static State>);

impl Address<'_> {
    /// What the request sets a field to: nothing where it does not, `Some(None)` where it clears it.
    fn given(&self, at: usize) -> Option<Option<&str>> {
        self.given.contains(&at).then(|| self.row.values[at].as_text())
    }

    fn was(&self, at: usize) -> Option<&str> {
        self.old.and_then(|old| old.values[at].as_text())
    }

    fn field(&self, at: usize) -> &Field {
        &self.object.fields()[at]
    }

    fn settle(&self) -> Result<Settled, ApiError> {
        let country = self.country()?;
        Ok((country, self.state(country)?))
    }

    fn country(&self) -> Result<Option<&'static Country>, ApiError> {
        let at = self.address;
        match (self.given(at.country_code), self.given(at.country)) {
            (Some(Some(code)), text) => {
                let country = places::country_by_code(code).ok_or_else(|| self.unavailable(at.country_code, code, "country/territory"))?;
                self.in_step(at.country, text.flatten(), country.name)?;
                Ok(Some(country))
            }
            (_, Some(Some(name))) => Ok(Some(self.named(name)?)),
            // A country that is taken away takes its state along.
            (Some(None), _) | (_, Some(None)) => Ok(None),
            (None, None) => match (self.was(at.country_code), self.was(at.country)) {
                (Some(code), name) => match places::country_by_code(code) {
                    Some(country) => Ok(Some(country)),
                    None => name.map(|name| self.named(name)).transpose(),
                },
                (None, Some(name)) => Ok(Some(self.named(name)?)),
                (None, None) => Ok(None),
            },
        }
    }

    fn named(&self, name: &str) -> Result<&'static Country, ApiError> {
        let text = "There's a problem with this country, even though it may appear correct. Please select a country/territory from the \
                    list of valid countries.";
        places::country_by_name(name).ok_or_else(|| self.refused(self.address.country, |label| format!("{text}: {label}")))
    }

    fn state(&self, country: Option<&'static Country>) -> Result<Option<&'static State>, ApiError> {
        let at = self.address;
        match (self.given(at.state_code), self.given(at.state)) {
            (Some(Some(code)), text) => {
                let state = self.coded(self.within(country, at.state_code)?, code)?;
                self.in_step(at.state, text.flatten(), state.name)?;
                Ok(Some(state))
            }
            (_, Some(Some(name))) => {
                let country = self.within(country, at.state)?;
                Ok(Some(country.state_by_name(name).ok_or_else(|| self.unknown_state())?))
            }
            (Some(None), _) | (_, Some(None)) => Ok(None),
            (None, None) => {
                let Some(country) = country else { return Ok(None) };
                match (self.was(at.state_code), self.was(at.state)) {
                    (Some(code), _) => self.coded(country, code).map(Some),
                    (None, Some(name)) => country.state_by_name(name).ok_or_else(|| self.unknown_state()).map(Some),
                    (None, None) => Ok(None),
                }
            }
        }
    }

    /// The country that a state has to have (crud-050).
    fn within(&self, country: Option<&'static Country>, at: usize) -> Result<&'static Country, ApiError> {
        let text = "A country/territory must be specified before specifying a state value for field";
        country.ok_or_else(|| self.refused(at, |label| format!("{text}: {label}")))
    }

    fn coded(&self, country: &'static Country, code: &str) -> Result<&'static State, ApiError> {
        let at = self.address.state_code;
        country.state_by_code(code).ok_or_else(|| match places::is_state_code(code) {
            true => {
                let text = "The existing country/territory doesn't recognize the state value for field";
                self.refused(at, |label| format!("{text}: {label}"))
            }
            false => self.unavailable(at, code, "state"),
        })
    }

    fn unknown_state(&self) -> ApiError {
        let text = "There's a problem with this state, even though it may appear correct. Please select a state from the list of valid \
                    states.";
        self.refused(self.address.state, |label| format!("{text}: {label}"))
    }

    fn unavailable(&self, at: usize, code: &str, what: &str) -> ApiError {
        let name = &self.field(at).name;
        let text = format!("The {name} field contains {code}, which isn't an available {what}. Your administrator can add it for you.");
        self.refused(at, |_| text)
    }

    /// A text that is set together with a code must be that of the code; a new record takes the code's.
    fn in_step(&self, at: usize, text: Option<&str>, name: &str) -> Result<(), ApiError> {
        match text {
            Some(text) if self.old.is_some() && orglet_base::fold(text) != orglet_base::fold(name) => {
                Err(self.refused(at, |label| format!("Mismatched integration value and ISO code for field: {label}")))
            }
            _ => Ok(()),
        }
    }

    fn refused(&self, at: usize, text: impl FnOnce(&str) -> String) -> ApiError {
        let field = self.field(at);
        ApiError::new(ErrorCode::FieldIntegrityException, text(&field.label)).with_fields([&field.name])
    }
}
