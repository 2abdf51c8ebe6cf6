//! Which org a login name belongs to: names are unique over the server.
//!
//! The server's own database lists them, and each org's users are the truth. A save of users claims its names before it
//! begins and lets go of those that are not used when it has ended, so that a name that somebody has is always listed.
//! A list that says more than the truth (the server ended in between) is put right when the org is next opened. Other processes
//! do the same at the same time: who has changed the list compares again, as the truth may have changed meanwhile.

use super::origins::settled;
use crate::save::{Assign, Change, Saved};
use crate::system::{own, text};
use crate::{Failure, Org};
use orglet_base::{Id, Statement, fold};
use orglet_plan::write::table;
use orglet_store::Store;
use std::collections::HashSet;
use std::sync::Arc;

/// The list of login names.
pub(crate) struct Usernames {
    own: Arc<dyn Store>,
}

impl Usernames {
    pub(crate) fn new(own: Arc<dyn Store>) -> Self {
        Self { own }
    }

    /// The org of the user with a login name, in any case.
    pub(crate) fn org_of(&self, name: &str) -> Result<Option<Id>, Failure> {
        let asked = own("SELECT org FROM \"_usernames\" WHERE name = ?1", vec![fold(name).into_owned().into()]);
        let row = self.own.read_with::<_, Failure>(|tx| Ok(tx.first(&asked)?))?;
        Ok(row.and_then(|row| Id::parse(text(&row[0])).ok()))
    }

    /// Whether another org has a login name.
    pub(crate) fn is_taken(&self, org: Id, name: &str) -> Result<bool, Failure> {
        Ok(self.org_of(name)?.is_some_and(|owner| owner != org))
    }

    /// Gives names to an org where no other has them; answers the first that another has. Then none is given.
    pub(crate) fn claim(&self, org: Id, names: &[String]) -> Result<Option<String>, Failure> {
        let org = org.to_string();
        let mut taken = None;
        let claimed = self.own.transact_with::<_, Failure>(|tx| {
            taken = None;
            for name in names {
                let key = fold(name).into_owned();
                let claim = "INSERT INTO \"_usernames\" VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";
                tx.execute(&own(claim, vec![key.as_str().into(), org.as_str().into()]))?;
                let owner = tx.first(&own("SELECT org FROM \"_usernames\" WHERE name = ?1", vec![key.into()]))?;
                if owner.is_some_and(|row| text(&row[0]) != org) {
                    taken = Some(name.clone());
                    return Err(orglet_store::StoreError::Abort.into());
                }
            }
            Ok(())
        });
        match taken {
            Some(name) => Ok(Some(name)),
            None => claimed.map(|()| None),
        }
    }

    /// Makes the list say of an org what its users are, and that of origins what its records are.
    pub(crate) fn reconcile(&self, org: &Org) -> Result<(), Failure> {
        self.reconcile_origins(org)?;
        settled(|| {
            let listed = own("SELECT name FROM \"_usernames\" WHERE org = ?1", vec![org.id.to_string().into()]);
            let listed = self.own.read_with::<_, Failure>(|tx| Ok(tx.all(&listed)?))?;
            self.are_listed(org, &usernames(org)?, listed.iter().map(|row| text(&row[0]).to_owned()).collect())
        })
    }

    /// Whether the list has of an org the names that its users have, and no others of `listed` (folded); it is put right where not.
    fn are_listed(&self, org: &Org, have: &HashSet<String>, listed: HashSet<String>) -> Result<bool, Failure> {
        if *have == listed {
            return Ok(true);
        }
        let id = org.id.to_string();
        let changed = self.own.transact_with::<_, Failure>(|tx| {
            let mut changed = 0;
            for gone in listed.difference(have) {
                let drop = "DELETE FROM \"_usernames\" WHERE name = ?1 AND org = ?2";
                changed += tx.execute(&own(drop, vec![gone.as_str().into(), id.as_str().into()]))?;
            }
            for new in have.difference(&listed) {
                // A name that another org has stays with it: whoever came first logs in.
                let claim = "INSERT INTO \"_usernames\" VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";
                changed += tx.execute(&own(claim, vec![new.as_str().into(), id.as_str().into()]))?;
            }
            Ok(changed)
        })?;
        Ok(changed == 0)
    }

    /// Makes the list of origins say of an org what its records are.
    pub(crate) fn reconcile_origins(&self, org: &Org) -> Result<(), Failure> {
        super::origins::reconcile(&*self.own, org)
    }

    /// Runs a save of users with the names that it gives claimed before, and those that nobody has let go after.
    pub(crate) fn around(
        &self,
        org: &Org,
        change: &Change,
        run: impl FnOnce() -> Result<Vec<Result<Saved, Failure>>, Failure>,
    ) -> Result<Vec<Result<Saved, Failure>>, Failure> {
        let field = change.object.field_index("Username");
        let given = |record: &crate::save::Incoming| {
            record.fields.iter().find(|(index, _)| Some(*index) == field).and_then(|(_, assign)| match assign {
                Assign::Value(value) => value.as_text().map(str::to_owned),
                Assign::Lookup { .. } => None,
            })
        };
        let new: Vec<String> = change.records.iter().filter_map(given).collect();
        if new.is_empty() {
            return run();
        }
        // Two saves at a time could let go of each other's names.
        let _one_at_a_time = org.naming.lock();
        org.here()?;
        let mut touched = new.clone();
        for id in change.records.iter().filter_map(|r| r.id) {
            touched.extend(org.user(id)?.map(|user| user.username.clone()));
        }
        for name in &new {
            // A name that another org has is refused by the checks of the save, record by record.
            self.claim(org.id, std::slice::from_ref(name))?;
        }
        let done = run();
        org.users.write().clear();
        // What was saved stays saved: the list is put right when the org is next opened.
        if let Err(error) = self.follow(org, &touched) {
            tracing::warn!(org = %org.id, %error, "login names could not be listed");
        }
        done
    }

    /// Makes the list say of some names whether users of an org have them: those that nobody has are let go. One that somebody has
    /// may have been let go by another process, which looked before the save was committed.
    fn follow(&self, org: &Org, names: &[String]) -> Result<(), Failure> {
        settled(|| {
            let (mut have, mut listed) = (HashSet::new(), HashSet::new());
            for name in names {
                let key = fold(name).into_owned();
                if org.has_username(name)? {
                    have.insert(key.clone());
                }
                if self.org_of(name)? == Some(org.id) {
                    listed.insert(key);
                }
            }
            self.are_listed(org, &have, listed)
        })
    }
}

/// Every login name of an org, folded.
fn usernames(org: &Org) -> Result<HashSet<String>, Failure> {
    let catalog = org.catalog();
    if !catalog.object("User").is_some_and(|user| org.has_rows(user)) {
        return Ok(HashSet::new());
    }
    let statement = Statement::new(format!("SELECT \"Username\" FROM {}", table("User", org.store.dialect())), vec![]);
    let rows = org.read(|tx| Ok(tx.all(&statement)?))?;
    Ok(rows.iter().map(|row| fold(text(&row[0])).into_owned()).filter(|name| !name.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::super::hooked::{Hooked, insert, server};
    use super::*;
    use crate::{Server, ids};
    use orglet_base::Value;

    const NAME: &str = "late@user.example";

    fn user(server: &Server) {
        let mut fields: Vec<(&str, Value)> = [
            ("Username", NAME),
            ("LastName", "Late"),
            ("Email", NAME),
            ("Alias", "late"),
            ("CommunityNickname", "late"),
            ("TimeZoneSidKey", "GMT"),
            ("LocaleSidKey", "en_US"),
            ("LanguageLocaleKey", "en_US"),
            ("EmailEncodingKey", "UTF-8"),
        ]
        .map(|(name, value)| (name, value.into()))
        .into();
        fields.push(("ProfileId", Value::Id(ids::seeded("00e", 1))));
        insert(server, "User", &fields).unwrap();
    }

    /// The list as another process has it, for which a user is saved here between its look and its change of the list.
    fn beside(server: &Arc<Server>) -> Usernames {
        server.orgs.usernames.claim(server.default_org().id, &[NAME.to_owned()]).unwrap();
        let saver = server.clone();
        Usernames { own: Arc::new(Hooked::new(&server.store, move || user(&saver))) }
    }

    #[test]
    fn a_name_that_is_saved_while_the_list_is_put_right_stays_listed() {
        let server = Arc::new(server());
        let org = server.default_org();
        beside(&server).reconcile(&org).unwrap();
        assert_eq!(server.orgs.usernames.org_of(NAME).unwrap(), Some(org.id));
    }

    #[test]
    fn a_name_that_another_process_lets_go_stays_listed_where_it_was_saved_meanwhile() {
        let server = Arc::new(server());
        let org = server.default_org();
        beside(&server).follow(&org, &[NAME.to_owned()]).unwrap();
        assert_eq!(server.orgs.usernames.org_of(NAME).unwrap(), Some(org.id));
    }
}
