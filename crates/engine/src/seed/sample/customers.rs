//! Accounts in their hierarchies, and the people who work there.

use super::{Dice, Sample, column, decimal, id, number, table};
use orglet_base::{Id, Value};

const ACCOUNTS: &str = include_str!("../../../data/sample/accounts.tsv");
const CITIES: &str = include_str!("../../../data/sample/cities.tsv");
const NAMES: &str = include_str!("../../../data/sample/names.tsv");

/// Contacts of ten accounts in a row: some have none.
const CONTACTS: [usize; 10] = [6, 4, 5, 3, 0, 7, 4, 2, 5, 4];
/// Titles with their departments; the first contact of an account leads it.
const TITLES: &[(&str, &str)] = &[
    ("Managing Director", "Management"),
    ("Head of Procurement", "Procurement"),
    ("Plant Manager", "Operations"),
    ("Maintenance Engineer", "Operations"),
    ("Chief Financial Officer", "Finance"),
    ("Project Engineer", "Engineering"),
    ("Buyer", "Procurement"),
];
/// Where people come from.
pub(super) const SOURCES: &[&str] = &["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"];

/// An account that was made.
pub(super) struct Account {
    pub(super) id: Id,
    pub(super) name: &'static str,
    pub(super) city: City,
    pub(super) street: String,
    /// How many days ago it was made.
    pub(super) age: i64,
    pub(super) domain: String,
    /// Places of its contacts among the people.
    pub(super) contacts: std::ops::Range<usize>,
}

/// A contact or lead that was made.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) id: Id,
    pub(super) first: &'static str,
    pub(super) last: &'static str,
    pub(super) salutation: &'static str,
    pub(super) title: &'static str,
    pub(super) email: String,
    pub(super) phone: String,
    pub(super) mobile: String,
    pub(super) company: &'static str,
    /// The account, of a contact.
    pub(super) account: Option<usize>,
    pub(super) city: City,
    pub(super) street: String,
    pub(super) source: &'static str,
    pub(super) age: i64,
}

impl Person {
    /// First and last name, as the platform joins them.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.first, self.last)
    }
}

/// A city with what an address in it looks like.
#[derive(Clone, Copy)]
pub(super) struct City {
    pub(super) name: &'static str,
    pub(super) state: &'static str,
    pub(super) postal: &'static str,
    pub(super) country: &'static str,
    street: &'static str,
    phone: &'static str,
}

impl City {
    pub(super) fn all() -> Vec<Self> {
        table(CITIES)
            .map(|c| Self {
                name: column(&c, 0),
                state: column(&c, 1),
                postal: column(&c, 2),
                country: column(&c, 3),
                street: column(&c, 4),
                phone: column(&c, 5),
            })
            .collect()
    }

    pub(super) fn street(&self, dice: &mut Dice) -> String {
        self.street.replace('#', &dice.range(1, 240).to_string())
    }

    pub(super) fn phone(&self, dice: &mut Dice) -> String {
        dice.digits(self.phone)
    }
}

/// Sets the parts of an address.
macro_rules! address {
    ($record:expr, $prefix:literal, $street:expr, $city:expr) => {
        $record
            .set(concat!($prefix, "Street"), $street.as_str())
            .set(concat!($prefix, "City"), $city.name)
            .set(concat!($prefix, "State"), $city.state)
            .set(concat!($prefix, "PostalCode"), $city.postal)
            .set(concat!($prefix, "Country"), $city.country)
    };
}
pub(super) use address;

/// A name as part of an email or web address: small ASCII letters and digits.
pub(super) fn plain(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .filter_map(|c| match c {
            'a'..='z' | '0'..='9' => Some(c),
            'ë' | 'é' => Some('e'),
            'í' => Some('i'),
            'ñ' => Some('n'),
            'ø' => Some('o'),
            'ü' => Some('u'),
            _ => None,
        })
        .collect()
}

pub(super) fn accounts(sample: &mut Sample) {
    let mut dice = Dice::of(1);
    let cities = City::all();
    let calendar = sample.calendar;
    for (at, line) in table(ACCOUNTS).enumerate() {
        let name = column(&line, 0);
        let parent = sample.accounts.iter().find(|a| a.name == column(&line, 1)).map(|a| a.id);
        let Some(city) = cities.iter().find(|c| c.name == column(&line, 6)).copied() else { continue };
        let domain = format!("{}.example", plain(name));
        let street = city.street(&mut dice);
        // Parents stand first and are the oldest.
        let age = 364 - 7 * at as i64;
        let created = calendar.worked(-age, &mut dice);
        let modified = calendar.worked(-dice.range(0, age), &mut dice);
        let prospect = column(&line, 2) == "Prospect";
        let record = sample.add("Account");
        record
            .stamp(created, modified)
            .set("Name", name)
            .set("ParentId", parent.map_or(Value::Null, Value::Id))
            .set("Type", column(&line, 2))
            .set("Industry", column(&line, 3))
            .set("Rating", column(&line, 4))
            .set("Ownership", column(&line, 5))
            .set("NumberOfEmployees", Value::Int(number(column(&line, 7))))
            .set("AnnualRevenue", decimal(number(column(&line, 8)) * 1000))
            .set("YearStarted", column(&line, 9))
            .set("Website", format!("https://www.{domain}"))
            .set("Phone", city.phone(&mut dice))
            .set("Fax", if dice.chance(40) { city.phone(&mut dice) } else { String::new() })
            .set("AccountNumber", format!("A-{}", 10_000 + at))
            .set("AccountSource", dice.pick(SOURCES))
            .set("Site", if parent.is_some() { format!("{} site", city.name) } else { "Headquarters".into() })
            .set("Description", format!("{name} of {}: {}.", city.name, column(&line, 3)));
        address!(record, "Billing", street, city);
        if !prospect {
            let shipping = if dice.chance(60) { street.clone() } else { city.street(&mut dice) };
            address!(record, "Shipping", shipping, city);
        }
        let id = record.id;
        sample.accounts.push(Account { id, name, city, street, age, domain, contacts: 0..0 });
    }
}

/// The names of sample people.
pub(super) struct Names(Vec<Vec<&'static str>>);

impl Names {
    pub(super) fn read() -> Self {
        Self(table(NAMES).collect())
    }

    /// First name, last name, and whether it is a woman's, of the person at a place. Each name comes once: first names
    /// meet last names at a distance that grows with every round through the list.
    pub(super) fn of(&self, place: usize) -> (&'static str, &'static str, bool) {
        let first = place % self.0.len();
        let last = (place * 13 + place / self.0.len() * 7) % self.0.len();
        (column(&self.0[first], 0), column(&self.0[last], 1), first.is_multiple_of(2))
    }
}

pub(super) fn contacts(sample: &mut Sample) {
    let mut dice = Dice::of(2);
    let names = Names::read();
    let calendar = sample.calendar;
    for at in 0..sample.accounts.len() {
        let first_place = sample.people.len();
        for nth in 0..CONTACTS[at % CONTACTS.len()] {
            let account = &sample.accounts[at];
            let (title, department) = TITLES[nth % TITLES.len()];
            let (first, last, woman) = names.of(sample.people.len());
            let city = account.city;
            let salutation = match (dice.range(0, 9), woman) {
                (0, _) => "Dr.",
                (1, _) => "Prof.",
                (2..=7, true) => "Ms.",
                (2..=7, false) => "Mr.",
                _ => "",
            };
            let person = Person {
                id: id("Contact", sample.people.len()),
                first,
                last,
                salutation,
                title,
                email: format!("{}.{}@{}", plain(first), plain(last), account.domain),
                phone: city.phone(&mut dice),
                mobile: if dice.chance(70) { city.phone(&mut dice) } else { String::new() },
                company: account.name,
                account: Some(at),
                city,
                street: account.street.clone(),
                source: dice.pick(SOURCES),
                age: dice.range(account.age / 2, account.age),
            };
            let account_id = account.id;
            let boss = (nth > 0).then(|| sample.people[first_place + if nth > 3 { 1 } else { 0 }].id);
            let born = calendar.date(-365 * dice.range(24, 62) - dice.range(0, 364));
            let created = calendar.worked(-person.age, &mut dice);
            let modified = calendar.worked(-dice.range(0, person.age), &mut dice);
            let record = sample.add("Contact");
            record
                .stamp(created, modified)
                .set("AccountId", account_id)
                .set("FirstName", first)
                .set("LastName", last)
                .set("Salutation", salutation)
                .set("Title", title)
                .set("Department", department)
                .set("ReportsToId", boss.map_or(Value::Null, Value::Id))
                .set("Email", person.email.as_str())
                .set("Phone", person.phone.as_str())
                .set("MobilePhone", person.mobile.as_str())
                .set("LeadSource", person.source)
                .set("Birthdate", if dice.chance(50) { Value::Date(born) } else { Value::Null })
                .set("HasOptedOutOfEmail", dice.chance(8))
                .set("DoNotCall", dice.chance(8));
            address!(record, "Mailing", person.street, city);
            sample.people.push(person);
        }
        sample.accounts[at].contacts = first_place..sample.people.len();
    }
}
