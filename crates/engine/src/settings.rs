//! Settings of an org: what is on or off in it, and the allocations that it holds its clients to. One way for all of
//! them: a key of the table below, a line in the org's database where somebody chose a value, and a number in memory
//! that requests read.
//!
//! They are part of an org's content: a snapshot, a copy and a move have them, and an org that goes back to a snapshot
//! goes back to the settings of then.

use crate::metadata::{self, Switches};
use crate::orgs::AdminError;
use crate::shared::Stamped;
use crate::system::{own, text};
use crate::{Failure, Org, Server};
use orglet_store::{Store, StoreError, Tx};
use std::sync::atomic::{AtomicI64, Ordering};

/// A setting of an org.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// API requests of a day.
    DailyApiRequests,
    /// Requests that run long at once.
    ConcurrentRequests,
    /// Saves that run long at once.
    ConcurrentTransactions,
    /// After how many seconds a request, or a save, runs long.
    LongRequestSeconds,
    /// Data storage.
    DataStorageMb,
    /// File storage.
    FileStorageMb,
    /// Whether audit fields can be set on create.
    SetAuditFields,
    /// Whether the org is of an edition without the API.
    ApiDisabled,
    /// Whether Apex REST is switched off.
    ApexRestDisabled,
    /// Whether the org is one without Chatter, and so without the Connect API and what is built upon it.
    ConnectApiDisabled,
    /// Whether the states and countries of addresses have codes (State and Country/Territory Picklists).
    StateCountryPicklists,
    /// Whether the platform's own duplicate rules are active.
    StandardDuplicateRules,
    /// Whether the org has digital experiences, and so sites.
    DigitalExperiences,
}

/// What values a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A number within bounds. Where none is chosen nothing is refused.
    Number(i64, i64),
    /// On or off; off where nothing is chosen.
    Flag,
}

/// A line of the table of settings.
struct Key {
    setting: Setting,
    name: &'static str,
    kind: Kind,
    about: &'static str,
}

/// The most requests of a day: more than a server can answer in one.
const MOST_REQUESTS: i64 = 1_000_000_000_000;
/// The most megabytes of a storage: a petabyte.
const MOST_MB: i64 = 1 << 30;

const KEYS: [Key; 13] = [
    Key {
        setting: Setting::DailyApiRequests,
        name: "dailyApiRequests",
        kind: Kind::Number(0, MOST_REQUESTS),
        about: "API requests of a day; further ones are refused",
    },
    Key {
        setting: Setting::ConcurrentRequests,
        name: "concurrentRequests",
        kind: Kind::Number(1, 10_000),
        about: "requests that may run long at once; meanwhile others are refused",
    },
    Key {
        setting: Setting::ConcurrentTransactions,
        name: "concurrentTransactions",
        kind: Kind::Number(1, 10_000),
        about: "saves that may run long at once; meanwhile others are refused",
    },
    Key {
        setting: Setting::LongRequestSeconds,
        name: "longRequestSeconds",
        kind: Kind::Number(0, 120),
        about: "seconds after which a request or a save runs long; 20 where none is set",
    },
    Key {
        setting: Setting::DataStorageMb,
        name: "dataStorageMB",
        kind: Kind::Number(0, MOST_MB),
        about: "megabytes of data storage; records that don't fit are refused",
    },
    Key {
        setting: Setting::FileStorageMb,
        name: "fileStorageMB",
        kind: Kind::Number(0, MOST_MB),
        about: "megabytes of file storage; files that don't fit are refused",
    },
    Key {
        setting: Setting::SetAuditFields,
        name: "setAuditFields",
        kind: Kind::Flag,
        about: "whether CreatedDate, CreatedById, LastModifiedDate and LastModifiedById can be set on create",
    },
    Key {
        setting: Setting::ApiDisabled,
        name: "apiDisabled",
        kind: Kind::Flag,
        about: "whether the org is of an edition without the API: REST requests and SOAP logins are refused",
    },
    Key { setting: Setting::ApexRestDisabled, name: "apexRestDisabled", kind: Kind::Flag, about: "whether Apex REST is switched off" },
    Key {
        setting: Setting::ConnectApiDisabled,
        name: "connectApiDisabled",
        kind: Kind::Flag,
        about: "whether the Connect API is off, as without Chatter: requests to the UI API are refused",
    },
    Key {
        setting: Setting::StateCountryPicklists,
        name: "stateCountryPicklists",
        kind: Kind::Flag,
        about: "whether addresses have codes of states and countries, and take those of their lists alone",
    },
    Key {
        setting: Setting::StandardDuplicateRules,
        name: "standardDuplicateRules",
        kind: Kind::Flag,
        about: "whether the standard duplicate rules of accounts, contacts and leads are active, as they are in a new org of the platform",
    },
    Key {
        setting: Setting::DigitalExperiences,
        name: "digitalExperiences",
        kind: Kind::Flag,
        about: "whether the org has digital experiences, and so sites; it stays on once there are some",
    },
];

/// A value of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingValue {
    /// A number.
    Number(i64),
    /// On or off.
    Flag(bool),
}

/// In memory: nothing was chosen. No setting takes it.
const UNSET: i64 = i64::MIN;

impl Setting {
    /// Every setting, in the order of the table.
    pub fn all() -> impl Iterator<Item = Setting> {
        KEYS.iter().map(|key| key.setting)
    }

    fn key(self) -> &'static Key {
        // The table has them in the order of the enum, which a test holds.
        &KEYS[self as usize]
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.key().name
    }

    /// What it does, in a few words.
    pub fn about(self) -> &'static str {
        self.key().about
    }

    /// A setting by its name.
    pub fn named(name: &str) -> Result<Setting, AdminError> {
        let names = || KEYS.iter().map(|key| key.name).collect::<Vec<_>>().join(", ");
        let found = KEYS.iter().find(|key| key.name == name).map(|key| key.setting);
        found.ok_or_else(|| AdminError::Invalid(format!("there is no setting '{name}'; there is {}", names())))
    }

    /// The number that a value is kept as. Refuses what the setting does not take.
    fn number(self, value: SettingValue) -> Result<i64, AdminError> {
        let name = self.name();
        match (self.key().kind, value) {
            (Kind::Number(least, most), SettingValue::Number(n)) if (least..=most).contains(&n) => Ok(n),
            (Kind::Number(least, most), _) => {
                Err(AdminError::Invalid(format!("'{name}' is a whole number from {least} to {most}, or null for none")))
            }
            (Kind::Flag, SettingValue::Flag(on)) => Ok(i64::from(on)),
            (Kind::Flag, SettingValue::Number(_)) => Err(AdminError::Invalid(format!("'{name}' is true or false"))),
        }
    }

    /// A kept number as a value; none where nothing was chosen.
    fn value(self, number: i64) -> Option<SettingValue> {
        match self.key().kind {
            Kind::Number(..) => (number != UNSET).then_some(SettingValue::Number(number)),
            Kind::Flag => Some(SettingValue::Flag(number == 1)),
        }
    }
}

/// A change of a setting: a value, or none to choose nothing any more.
pub type SettingChange = (Setting, Option<SettingValue>);

/// The settings of an org as requests read them.
#[derive(Debug)]
pub struct Settings([AtomicI64; KEYS.len()]);

impl Settings {
    /// A number that was chosen; `None` where nothing is refused on its account.
    pub fn number(&self, setting: Setting) -> Option<i64> {
        Some(self.0[setting as usize].load(Ordering::Relaxed)).filter(|n| *n != UNSET)
    }

    /// Whether something is on.
    pub fn is_on(&self, setting: Setting) -> bool {
        self.number(setting) == Some(1)
    }

    pub(crate) fn of(kept: Kept) -> Self {
        Self(kept.0.map(AtomicI64::new))
    }

    pub(crate) fn take(&self, kept: Kept) {
        for (place, number) in self.0.iter().zip(kept.0) {
            place.store(number, Ordering::Relaxed);
        }
    }
}

/// The settings that a database holds.
#[derive(Clone, Copy)]
pub(crate) struct Kept([i64; KEYS.len()]);

impl Kept {
    pub(crate) fn read(store: &dyn Store) -> Result<Self, Failure> {
        store.read_with(Self::within)
    }

    /// Whether something is on.
    pub(crate) fn is_on(&self, setting: Setting) -> bool {
        self.0[setting as usize] == 1
    }

    pub(crate) fn within(tx: &mut dyn Tx) -> Result<Self, Failure> {
        let rows = tx.all(&own("SELECT name, value FROM \"_settings\"", vec![]))?;
        let mut kept = Self([UNSET; KEYS.len()]);
        for row in &rows {
            // A later release may have others.
            let Some(key) = KEYS.iter().find(|key| key.name == text(&row[0])) else { continue };
            kept.0[key.setting as usize] = text(&row[1]).parse().unwrap_or(UNSET);
        }
        Ok(kept)
    }
}

/// Refuses values that settings don't take, before anything is done.
pub(crate) fn check(changes: &[SettingChange]) -> Result<Vec<(Setting, Option<i64>)>, AdminError> {
    changes.iter().map(|(setting, value)| Ok((*setting, value.map(|value| setting.number(value)).transpose()?))).collect()
}

impl Org {
    /// Changes settings, all or none.
    pub fn change_settings(&self, changes: &[SettingChange]) -> Result<(), AdminError> {
        let numbers = check(changes)?;
        if numbers.is_empty() {
            return Ok(());
        }
        self.on_current(|_| self.change_numbers(&numbers)).map_err(|e| match e {
            // Something that is defined looks at what would not be there any more.
            Failure::Definition(e) => AdminError::Invalid(e.to_string()),
            e => e.into(),
        })
    }

    fn change_numbers(&self, numbers: &[(Setting, Option<i64>)]) -> Result<(), Failure> {
        let _as_it_is = self.changing.lock();
        let catalog = self.catalog();
        let now = Switches::of(&self.settings);
        // What is part of the catalog is to be decided from what the database says: another process may have switched it.
        let decides = numbers.iter().any(|(setting, _)| now.with(*setting, true) != now.with(*setting, false));
        let write = |tx: &mut dyn Tx| {
            if decides && Switches::of(&Kept::within(tx)?) != now {
                return Err(StoreError::Schema("another process has changed settings".to_owned()).into());
            }
            for (setting, number) in numbers {
                write(tx, *setting, *number)?;
            }
            self.stamp(tx, Stamped::Settings)
        };
        let to = numbers.iter().fold(now, |to, (setting, number)| to.with(*setting, *number == Some(1)));
        let stamps = match to == now {
            false => metadata::switch(self, to, write)?,
            true => self.transact(|tx| {
                if decides {
                    self.still(tx, &catalog)?;
                }
                write(tx)
            })?,
        };
        self.stamped(stamps);
        self.settings.take(Kept::read(&*self.store)?);
        Ok(())
    }
}

fn write(tx: &mut dyn Tx, setting: Setting, number: Option<i64>) -> Result<(), Failure> {
    let name = setting.name();
    let statement = match number {
        Some(number) => own(
            "INSERT INTO \"_settings\" VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            vec![name.into(), number.to_string().into()],
        ),
        None => own("DELETE FROM \"_settings\" WHERE name = ?1", vec![name.into()]),
    };
    tx.execute(&statement)?;
    Ok(())
}

impl Server {
    /// The settings of an org by its name or its id, in the order of the table.
    pub fn org_settings(&self, org: &str) -> Result<Vec<SettingChange>, AdminError> {
        let entry = self.entry(org)?;
        let org = self.opened(&entry)?;
        Ok(Setting::all().map(|setting| (setting, setting.value(org.settings.number(setting).unwrap_or(UNSET)))).collect())
    }

    /// Changes settings of an org by its name or its id, all or none. They hold from the next request on, whichever server
    /// answers it.
    pub fn change_org_settings(&self, org: &str, changes: &[SettingChange]) -> Result<(), AdminError> {
        check(changes)?;
        let entry = self.entry(org)?;
        let changed = self.with_org(entry.id, |org| {
            org.keep_up()?;
            match org.change_settings(changes) {
                Err(AdminError::Failure(failure)) => Err(failure),
                done => Ok(done),
            }
        })?;
        changed.ok_or_else(|| AdminError::NotFound(format!("there is no org '{}'", entry.name)))?.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (place, key) in KEYS.iter().enumerate() {
            assert_eq!(key.setting as usize, place, "{}", key.name);
            assert_eq!(Setting::named(key.name).ok(), Some(key.setting));
        }
    }

    #[test]
    fn values_keep_to_their_bounds() {
        let refused = |setting: Setting, value| assert!(matches!(setting.number(value), Err(AdminError::Invalid(_))), "{value:?}");
        refused(Setting::DailyApiRequests, SettingValue::Number(-1));
        refused(Setting::DailyApiRequests, SettingValue::Flag(true));
        refused(Setting::LongRequestSeconds, SettingValue::Number(121));
        refused(Setting::SetAuditFields, SettingValue::Number(1));
        assert!(matches!(Setting::DataStorageMb.number(SettingValue::Number(0)), Ok(0)));
        assert!(matches!(Setting::named("nonsense"), Err(AdminError::Invalid(_))));
    }
}
