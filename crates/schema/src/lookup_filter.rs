//! Lookup filters: the conditions that the record which a lookup names must meet. This is the filter as the catalog has it,
//! with what its conditions mean for values; reading the values belongs to the save.

use crate::field::{Field, FieldType};
use crate::object::Object;
use crate::types::Input;
use orglet_base::{DateTime, Id, Time, Value, time};
use rust_decimal::Decimal;
use std::cmp::Ordering;

/// A filter that is active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupFilter {
    /// Only a help for choosing: a save takes records that do not meet it.
    pub optional: bool,
    /// What a save that does not meet it is told instead of the platform's sentence.
    pub message: Option<String>,
    /// The conditions.
    pub items: Vec<FilterItem>,
    /// How they hang together.
    pub logic: Logic,
}

impl LookupFilter {
    /// The fields of the record with the lookup that the conditions look at, each once.
    pub fn controlling_fields(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for item in &self.items {
            let right = match &item.right {
                FilterRight::Path(path) => Some(path),
                FilterRight::Texts(_) => None,
            };
            for path in std::iter::once(&item.left).chain(right).filter(|p| p.root == FilterRoot::Source) {
                if !names.iter().any(|n| n.eq_ignore_ascii_case(&path.field)) {
                    names.push(&path.field);
                }
            }
        }
        names
    }
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterItem {
    /// What is looked at.
    pub left: FilterPath,
    /// How.
    pub operation: FilterOperation,
    /// What it is compared with.
    pub right: FilterRight,
}

/// The right side of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilterRight {
    /// Another field.
    Path(FilterPath),
    /// Constants as written, of which one must fit; one that is empty stands for no value.
    Texts(Vec<String>),
}

/// Whose field a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterRoot {
    /// The record that the lookup names.
    Target,
    /// The record with the lookup (`$Source`).
    Source,
    /// Who saves it (`$User`).
    User,
    /// That user's profile (`$Profile`).
    Profile,
    /// That user's role (`$UserRole`).
    Role,
}

impl FilterRoot {
    /// The object of a root that is not one of the two records.
    pub fn object(self) -> Option<&'static str> {
        match self {
            FilterRoot::Target | FilterRoot::Source => None,
            FilterRoot::User => Some("User"),
            FilterRoot::Profile => Some("Profile"),
            FilterRoot::Role => Some("UserRole"),
        }
    }
}

/// A field that a condition looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterPath {
    /// Whose.
    pub root: FilterRoot,
    /// A relationship that leads on from there.
    pub relation: Option<String>,
    /// The field.
    pub field: String,
}

/// The operators of conditions, named as in the metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the platform's own")]
pub enum FilterOperation {
    Equals,
    NotEqual,
    LessThan,
    GreaterThan,
    LessOrEqual,
    GreaterOrEqual,
    Contains,
    NotContain,
    StartsWith,
    Includes,
    Excludes,
}

impl FilterOperation {
    /// Reads a metadata name.
    pub fn parse(name: &str) -> Option<Self> {
        use FilterOperation::*;
        Some(match name {
            "equals" => Equals,
            "notEqual" => NotEqual,
            "lessThan" => LessThan,
            "greaterThan" => GreaterThan,
            "lessOrEqual" => LessOrEqual,
            "greaterOrEqual" => GreaterOrEqual,
            "contains" => Contains,
            "notContain" => NotContain,
            "startsWith" => StartsWith,
            "includes" => Includes,
            "excludes" => Excludes,
            _ => return None,
        })
    }

    /// Whether fields of a type can be looked at so.
    pub fn takes(self, ty: FieldType) -> bool {
        use FilterOperation::*;
        match self {
            Equals | NotEqual => true,
            LessThan | GreaterThan | LessOrEqual | GreaterOrEqual => !matches!(ty, FieldType::Boolean | FieldType::MultiPicklist),
            Contains | NotContain | StartsWith => Family::of(ty) == Some(Family::Text),
            Includes | Excludes => ty == FieldType::MultiPicklist,
        }
    }

    /// Whether it holds of a value. A constant with several values is met by one of them; what has no value equals no value,
    /// and differs from every other.
    pub fn holds(self, left: &Value, wanted: &[Wanted]) -> bool {
        use FilterOperation::*;
        match self {
            Equals => wanted.iter().any(|w| w.equals(left)),
            NotEqual => !wanted.iter().any(|w| w.equals(left)),
            LessThan => wanted.iter().any(|w| w.order(left, false) == Some(Ordering::Less)),
            GreaterThan => wanted.iter().any(|w| w.order(left, true) == Some(Ordering::Greater)),
            LessOrEqual => wanted.iter().any(|w| w.order(left, true).is_some_and(Ordering::is_le)),
            GreaterOrEqual => wanted.iter().any(|w| w.order(left, false).is_some_and(Ordering::is_ge)),
            Contains => within(left, wanted, |text, part| text.contains(part)),
            NotContain => !within(left, wanted, |text, part| text.contains(part)),
            StartsWith => within(left, wanted, |text, part| text.starts_with(part)),
            Includes => includes(left, wanted),
            Excludes => !includes(left, wanted),
        }
    }
}

/// Capitals count: the platform says so of lookup filters.
fn within(left: &Value, wanted: &[Wanted], test: impl Fn(&str, &str) -> bool) -> bool {
    let text = text_of(left);
    wanted.iter().any(|w| match w {
        Wanted::Value(v) => text.as_deref().zip(text_of(v).as_deref()).is_some_and(|(text, part)| test(text, part)),
        Wanted::Blank => left.is_null(),
        Wanted::Range(..) => false,
    })
}

/// Whether a multi-select picklist has one of the values; values joined by a semicolon must all be there.
fn includes(left: &Value, wanted: &[Wanted]) -> bool {
    let text = text_of(left).unwrap_or_default();
    let has = |one: &str| text.split(';').any(|v| v == one);
    wanted.iter().any(|w| match w {
        Wanted::Value(v) => text_of(v).is_some_and(|all| all.split(';').map(str::trim).all(has)),
        Wanted::Blank => left.is_null(),
        Wanted::Range(..) => false,
    })
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        other => Some(other.display()),
    }
}

/// What a value is compared with, when it comes to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// No value.
    Blank,
    /// A value.
    Value(Value),
    /// From the first up to, and without, the second: days.
    Range(Value, Value),
}

impl From<Value> for Wanted {
    fn from(value: Value) -> Self {
        if value.is_null() { Wanted::Blank } else { Wanted::Value(value) }
    }
}

impl Wanted {
    fn equals(&self, left: &Value) -> bool {
        match self {
            Wanted::Blank => left.is_null(),
            Wanted::Value(v) => compare(left, v) == Some(Ordering::Equal),
            Wanted::Range(from, to) => compare(left, from).is_some_and(Ordering::is_ge) && compare(left, to).is_some_and(Ordering::is_lt),
        }
    }

    /// Where a value lies. Of a range of days the first counts, or the last (`last`).
    fn order(&self, left: &Value, last: bool) -> Option<Ordering> {
        match self {
            Wanted::Blank => None,
            Wanted::Value(v) => compare(left, v),
            Wanted::Range(from, _) if !last => compare(left, from),
            Wanted::Range(_, to) => match compare(left, to)? {
                Ordering::Less => Some(Ordering::Less),
                _ => Some(Ordering::Greater),
            },
        }
    }
}

/// The order of two values of one family; none where one has no value or they don't compare.
fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    let number = |v: &Value| match v {
        Value::Int(n) => Some(Decimal::from(*n)),
        Value::Decimal(d) => Some(*d),
        _ => None,
    };
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        (Value::DateTime(a), Value::DateTime(b)) => Some(a.0.cmp(&b.0)),
        (Value::Time(a), Value::Time(b)) => Some(a.to_canonical().cmp(&b.to_canonical())),
        (Value::Id(a), Value::Id(b)) => Some(a.to_string().cmp(&b.to_string())),
        // An id among texts is one that is written down, perhaps in its short form.
        (Value::Id(id), Value::Text(text)) | (Value::Text(text), Value::Id(id)) => {
            Some(if Id::parse(text).is_ok_and(|other| other == *id) { Ordering::Equal } else { Ordering::Less })
        }
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        _ => Some(number(a)?.cmp(&number(b)?)),
    }
}

/// Types whose values compare with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Texts, and ids as such.
    Text,
    /// Numbers.
    Number,
    /// Checkboxes.
    Checkbox,
    /// Days.
    Date,
    /// Instants.
    DateTime,
    /// Times of a day.
    Time,
}

impl Family {
    /// The family of a type; some types cannot be looked at.
    pub fn of(ty: FieldType) -> Option<Self> {
        use FieldType::*;
        Some(match ty {
            Id | String | TextArea | Email | Phone | Url | Picklist | MultiPicklist | Combobox | Reference => Family::Text,
            Int | Long | Double | Currency | Percent => Family::Number,
            Boolean => Family::Checkbox,
            Date => Family::Date,
            DateTime => Family::DateTime,
            Time => Family::Time,
            Address | Location | EncryptedString | Base64 | AnyType | ComplexValue => return None,
        })
    }
}

/// A constant of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constant {
    /// As it is.
    Wanted(Wanted),
    /// A date literal (`TODAY`, `LAST_N_DAYS:7`), which means something else each day.
    Days(String, Option<u64>),
    /// A day, for a field of instants: the whole day in the user's time zone.
    Day(orglet_base::Date),
}

/// The constants of an item: parted by commas, those with a comma in quotes.
pub fn texts(text: &str) -> Vec<String> {
    let (mut parts, mut part, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => parts.push(std::mem::take(&mut part)),
            c => part.push(c),
        }
    }
    parts.push(part);
    parts.iter().map(|p| p.trim().to_owned()).collect()
}

/// Reads a constant as a value of an object's field; none where it is none. Record types are named.
pub fn constant(object: &Object, field: &Field, text: &str) -> Option<Constant> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Constant::Wanted(Wanted::Blank));
    }
    let value = |value: Value| Some(Constant::Wanted(Wanted::Value(value)));
    match Family::of(field.ty)? {
        Family::Text if matches!(field.ty, FieldType::Id | FieldType::Reference) => {
            let named = || object.record_types().iter().find(|t| t.developer_name.eq_ignore_ascii_case(text)).map(|t| t.id);
            value(Value::Id(Id::parse(text).ok().or_else(|| named().filter(|_| field.name == "RecordTypeId"))?))
        }
        Family::Text => value(Value::Text(text.to_owned())),
        Family::Number => value(Value::Decimal(text.parse().ok()?)),
        Family::Checkbox => match field.ty.kind().parse(field, Input::Text(text)) {
            Ok(v) => value(v),
            Err(_) => None,
        },
        Family::Date => match day(text) {
            Some(day) => value(Value::Date(day)),
            None => days(text),
        },
        Family::DateTime => match (DateTime::parse(text), day(text)) {
            (Some(at), _) => value(Value::DateTime(at)),
            (None, Some(day)) => Some(Constant::Day(day)),
            (None, None) => days(text),
        },
        Family::Time => value(Value::Time(Time::parse(text)?)),
    }
}

/// `2026-01-31`, or `1/31/2026` as the pages of an org in the United States write it.
fn day(text: &str) -> Option<orglet_base::Date> {
    if let Some(day) = time::parse_date(text) {
        return Some(day);
    }
    let mut parts = text.split('/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if parts.next().is_some() || !digits(month, 2) || !digits(day, 2) || year.len() != 4 || !digits(year, 4) {
        return None;
    }
    time::parse_date(&format!("{year}-{month:0>2}-{day:0>2}"))
}

fn days(text: &str) -> Option<Constant> {
    let (word, number) = match text.split_once(':') {
        Some((word, number)) => (word, Some(number.trim().parse().ok()?)),
        None => (text, None),
    };
    let word = word.trim().replace(' ', "_").to_ascii_uppercase();
    word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_' || b.is_ascii_digit()).then_some(Constant::Days(word, number))
}

/// How conditions hang together: `1 AND (2 OR NOT 3)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Logic {
    /// A condition, by its place.
    Item(usize),
    /// All of them.
    All(Vec<Logic>),
    /// One of them.
    Any(Vec<Logic>),
    /// Not so.
    Not(Box<Logic>),
}

/// Most characters of a text of logic.
const MAX_LOGIC: usize = 255;
/// How deep brackets may stand in one another.
const MAX_DEPTH: usize = 32;

impl Logic {
    /// All of so many conditions.
    pub fn all_of(items: usize) -> Self {
        Logic::All((0..items).map(Logic::Item).collect())
    }

    /// Reads the text of a boolean filter over so many conditions, each of which it has to name.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str, items: usize) -> Result<Self, String> {
        if text.chars().count() > MAX_LOGIC {
            return Err(format!("The filter logic can be at most {MAX_LOGIC} characters long."));
        }
        let tokens = tokens(text)?;
        let mut parser = Parser { tokens: &tokens, at: 0, used: vec![false; items] };
        let logic = parser.some(0)?;
        match parser.tokens.get(parser.at) {
            None => {}
            Some(Token::Close) => return Err("Your filter is missing a parenthesis.".to_owned()),
            Some(_) => return Err("Your filter is imprecise or incorrect.".to_owned()),
        }
        if parser.used.contains(&false) {
            return Err("Some filter conditions are defined but not referenced in your filter logic.".to_owned());
        }
        Ok(logic)
    }

    /// Decides by asking for no more conditions than it takes.
    ///
    /// # Errors
    /// That of `item`.
    pub fn decide<E>(&self, item: &mut impl FnMut(usize) -> Result<bool, E>) -> Result<bool, E> {
        match self {
            Logic::Item(at) => item(*at),
            Logic::Not(inner) => Ok(!inner.decide(item)?),
            Logic::All(parts) => {
                for part in parts {
                    if !part.decide(item)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Logic::Any(parts) => {
                for part in parts {
                    if part.decide(item)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Token {
    Number(usize),
    And,
    Or,
    Not,
    Open,
    Close,
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' | ')' => 1,
            c if c.is_ascii_digit() => rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()),
            c if c.is_alphabetic() => rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (word, after) = rest.split_at(length);
        let number = word.parse().ok().map(Token::Number);
        tokens.push(match word.to_ascii_uppercase().as_str() {
            "(" => Token::Open,
            ")" => Token::Close,
            "AND" => Token::And,
            "OR" => Token::Or,
            "NOT" => Token::Not,
            _ => number.ok_or_else(|| format!("The filter logic contains an invalid word: {word}."))?,
        });
        rest = after.trim_start();
    }
    Ok(tokens)
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    used: Vec<bool>,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).copied();
        self.at += 1;
        token
    }

    /// Parts joined by one word.
    fn some(&mut self, depth: usize) -> Result<Logic, String> {
        let mut parts = vec![self.one(depth)?];
        let joined = self.tokens.get(self.at).copied().filter(|t| matches!(t, Token::And | Token::Or));
        while let Some(token) = self.tokens.get(self.at).copied().filter(|t| matches!(t, Token::And | Token::Or)) {
            if Some(token) != joined {
                return Err("Your filter must use parentheses around successive AND and OR expressions.".to_owned());
            }
            self.at += 1;
            parts.push(self.one(depth)?);
        }
        Ok(match joined {
            None => parts.remove(0),
            Some(Token::Or) => Logic::Any(parts),
            Some(_) => Logic::All(parts),
        })
    }

    fn one(&mut self, depth: usize) -> Result<Logic, String> {
        if depth > MAX_DEPTH {
            return Err("The filter logic is nested too deeply.".to_owned());
        }
        match self.next() {
            Some(Token::Number(n)) => {
                let at = n.checked_sub(1).filter(|at| *at < self.used.len());
                let at = at.ok_or_else(|| format!("The filter logic references an undefined filter: {n}."))?;
                self.used[at] = true;
                Ok(Logic::Item(at))
            }
            Some(Token::Not) => Ok(Logic::Not(Box::new(self.one(depth + 1)?))),
            Some(Token::Open) => {
                let inner = self.some(depth + 1)?;
                match self.next() {
                    Some(Token::Close) => Ok(inner),
                    _ => Err("Your filter is missing a parenthesis.".to_owned()),
                }
            }
            _ => Err("Your filter is imprecise or incorrect.".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(text: &str, items: &[bool]) -> Result<bool, String> {
        Logic::parse(text, items.len())?.decide(&mut |at| Ok(items[at]))
    }

    #[test]
    fn logic_is_read_and_decided() {
        assert_eq!(decided("1 AND 2", &[true, false]), Ok(false));
        assert_eq!(decided("1 or (2 and not 3)", &[false, true, false]), Ok(true));
        assert_eq!(decided("NOT (1 OR 2)", &[false, false]), Ok(true));
        assert_eq!(decided("((1))AND(2)", &[true, true]), Ok(true));
        for (text, items, told) in [
            ("1 AND 3", 2, "The filter logic references an undefined filter: 3."),
            ("0 AND 1", 1, "The filter logic references an undefined filter: 0."),
            ("1", 2, "Some filter conditions are defined but not referenced in your filter logic."),
            ("1 AND 2 OR 3", 3, "Your filter must use parentheses around successive AND and OR expressions."),
            ("(1 AND 2", 2, "Your filter is missing a parenthesis."),
            ("1 AND 2)", 2, "Your filter is missing a parenthesis."),
            ("1 2", 2, "Your filter is imprecise or incorrect."),
            ("1 XOR 2", 2, "The filter logic contains an invalid word: XOR."),
            ("", 1, "Your filter is imprecise or incorrect."),
        ] {
            assert_eq!(Logic::parse(text, items).unwrap_err(), told, "{text}");
        }
    }

    #[test]
    fn blanks_equal_blanks_and_nothing_else() {
        use FilterOperation::*;
        let text = |t: &str| [Wanted::from(Value::from(t))];
        assert!(Equals.holds(&Value::Null, &text("")) && !Equals.holds(&Value::Null, &text("a")));
        assert!(NotEqual.holds(&Value::Null, &text("a")) && !NotEqual.holds(&Value::Null, &text("")));
        assert!(!LessThan.holds(&Value::Null, &text("a")) && !GreaterOrEqual.holds(&Value::from("a"), &text("")));
        assert!(NotContain.holds(&Value::Null, &text("a")) && !Contains.holds(&Value::Null, &text("a")));
        assert!(Excludes.holds(&Value::Null, &text("a")));
    }

    #[test]
    fn values_compare_in_their_family() {
        use FilterOperation::*;
        let wanted = |v: Value| [Wanted::from(v)];
        assert!(Equals.holds(&Value::Int(2), &wanted(Value::Decimal("2.0".parse().unwrap()))));
        assert!(!Equals.holds(&Value::from("Abc"), &wanted(Value::from("abc"))));
        assert!(StartsWith.holds(&Value::from("Abc"), &wanted(Value::from("Ab"))));
        assert!(Includes.holds(&Value::from("a;b;c"), &wanted(Value::from("c; a"))));
        assert!(!Includes.holds(&Value::from("a;b"), &wanted(Value::from("b;c"))));
        let id = Id::parse("001000000000001AAA").unwrap();
        assert!(Equals.holds(&Value::Id(id), &wanted(Value::from("001000000000001"))));
        let day = |t: &str| Value::Date(time::parse_date(t).unwrap());
        let week = [Wanted::Range(day("2026-01-05"), day("2026-01-12"))];
        let holds = |op: FilterOperation, at: &str| op.holds(&day(at), &week);
        assert!(holds(Equals, "2026-01-11") && !holds(Equals, "2026-01-12") && holds(NotEqual, "2026-01-04"));
        assert!(holds(LessThan, "2026-01-04") && !holds(LessThan, "2026-01-05") && holds(LessOrEqual, "2026-01-11"));
        assert!(holds(GreaterThan, "2026-01-12") && !holds(GreaterThan, "2026-01-11") && holds(GreaterOrEqual, "2026-01-05"));
    }

    #[test]
    fn constants_are_of_their_field() {
        let object = Object::new("X", "X", "X", Default::default);
        let of = |ty, text| constant(&object, &Field::new("F", "F", ty), text);
        assert_eq!(of(FieldType::Boolean, "True"), Some(Constant::Wanted(Wanted::Value(Value::Bool(true)))));
        assert_eq!(of(FieldType::Boolean, "maybe"), None);
        assert_eq!(of(FieldType::Double, "1.50"), Some(Constant::Wanted(Wanted::Value(Value::Decimal("1.50".parse().unwrap())))));
        assert_eq!(of(FieldType::Double, "many"), None);
        assert_eq!(of(FieldType::Date, "1/31/2026"), of(FieldType::Date, "2026-01-31"));
        assert_eq!(of(FieldType::Date, "last n days:7"), Some(Constant::Days("LAST_N_DAYS".to_owned(), Some(7))));
        assert_eq!(of(FieldType::Reference, "Acme"), None);
        assert_eq!(of(FieldType::String, " "), Some(Constant::Wanted(Wanted::Blank)));
    }

    #[test]
    fn any_text_is_read_or_refused() {
        // Texts of the letters that mean something, and of some that don't, by a generator that always gives the same.
        let letters: Vec<char> = "0123456789() ANDORNOTandx:;,/-é\u{1F600}.".chars().collect();
        let object = Object::new("X", "X", "X", Default::default);
        let mut seed: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut next = |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed % below as u64) as usize
        };
        for _ in 0..20_000 {
            let length = next(60);
            let text: String = (0..length).map(|_| letters[next(letters.len())]).collect();
            if let Ok(logic) = Logic::parse(&text, next(12)) {
                let _ = logic.decide::<()>(&mut |_| Ok(true));
            }
            for (ty, _) in crate::types::ALL {
                let _ = constant(&object, &Field::new("F", "F", *ty), &text);
            }
        }
        assert!(Logic::parse(&"(".repeat(250), 1).is_err());
    }
}
