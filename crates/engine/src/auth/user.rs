//! A user as sessions know it: the facts of its record that requests need, read once and kept until the record changes.

use crate::{Failure, Org, record};
use jiff::tz::TimeZone;
use orglet_base::{DateTime, Id, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// A user.
#[derive(Debug)]
#[allow(missing_docs, reason = "named as the fields of User")]
pub struct User {
    pub id: Id,
    pub username: String,
    pub name: String,
    pub first_name: Option<String>,
    pub last_name: String,
    pub email: String,
    pub alias: String,
    pub nickname: String,
    pub profile_id: Option<Id>,
    pub role_id: Option<Id>,
    pub time_zone_key: String,
    pub time_zone: TimeZone,
    pub locale: String,
    pub language: String,
    pub user_type: String,
    pub active: bool,
    pub modified: Option<DateTime>,
    pub street: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub postal_code: Option<String>,
    pub country: Option<String>,
    pub mobile_phone: Option<String>,
}

/// The users that an org has read.
#[derive(Default)]
pub(crate) struct Users {
    by_id: HashMap<Id, Arc<User>>,
    /// Counts the times that users changed: what was read before a change is not kept after it.
    changes: u64,
}

impl Users {
    /// Forgets all of them; to be called when a change of users is committed.
    pub(crate) fn clear(&mut self) {
        self.by_id.clear();
        self.changes += 1;
    }
}

impl Org {
    /// A user by id; `None` where there is none.
    pub fn user(&self, id: Id) -> Result<Option<Arc<User>>, Failure> {
        self.keep_up()?;
        let changes = {
            let users = self.users.read();
            if let Some(known) = users.by_id.get(&id) {
                return Ok(Some(known.clone()));
            }
            users.changes
        };
        let catalog = self.catalog();
        let Some(object) = catalog.object("User") else { return Ok(None) };
        let Some(row) = self.read(|tx| record::by_id(tx, self, object, id))? else { return Ok(None) };
        let get = |name: &str| match row.get(object, name) {
            Value::Text(t) => Some(t.clone()),
            _ => None,
        };
        let text = |name: &str| get(name).unwrap_or_default();
        let key = get("TimeZoneSidKey").unwrap_or_else(|| "GMT".into());
        let user = Arc::new(User {
            id,
            username: text("Username"),
            name: text("Name"),
            first_name: get("FirstName"),
            last_name: text("LastName"),
            email: text("Email"),
            alias: text("Alias"),
            nickname: text("CommunityNickname"),
            profile_id: row.get(object, "ProfileId").as_id(),
            role_id: row.get(object, "UserRoleId").as_id(),
            time_zone: TimeZone::get(&key).unwrap_or(TimeZone::UTC),
            time_zone_key: key,
            locale: get("LocaleSidKey").unwrap_or_else(|| "en_US".into()),
            language: get("LanguageLocaleKey").unwrap_or_else(|| "en_US".into()),
            user_type: get("UserType").unwrap_or_else(|| "Standard".into()),
            active: *row.get(object, "IsActive") == Value::Bool(true),
            modified: match row.get(object, "LastModifiedDate") {
                Value::DateTime(t) => Some(*t),
                _ => None,
            },
            street: get("Street"),
            city: get("City"),
            state: get("State"),
            postal_code: get("PostalCode"),
            country: get("Country"),
            mobile_phone: get("MobilePhone"),
        });
        let mut users = self.users.write();
        if users.changes == changes {
            users.by_id.insert(id, user.clone());
        }
        drop(users);
        Ok(Some(user))
    }

    /// Whether a user has a login name, in any case, by the database's own word.
    pub(crate) fn has_username(&self, username: &str) -> Result<bool, Failure> {
        Ok(self.id_of_username(username)?.is_some())
    }

    fn id_of_username(&self, username: &str) -> Result<Option<Id>, Failure> {
        let catalog = self.catalog();
        let Some(object) = catalog.object("User") else { return Ok(None) };
        let Some(field) = object.field("Username") else { return Ok(None) };
        let found = self.read(|tx| record::find(tx, self, object, field, &Value::Text(username.to_owned()), 1))?;
        Ok(found.first().copied())
    }

    /// The user with a login name, in any case.
    pub fn user_by_name(&self, username: &str) -> Result<Option<Arc<User>>, Failure> {
        self.id_of_username(username)?.map_or(Ok(None), |id| self.user(id))
    }
}
