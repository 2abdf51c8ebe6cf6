//! Whose scripts may read an org's answers: its `CorsWhitelistEntry` records.
//!
//! A preflight names no org, so that the server's own database lists what all orgs allow. The records are the truth: the list
//! is put right after each save of them, and whenever an org is opened anew or gets another content.

use crate::system::{own, text};
use crate::{Failure, Org, Server};
use orglet_base::{Id, Origins, Statement};
use orglet_plan::write::table;
use orglet_store::Store;
use std::collections::BTreeSet;

/// The object whose records are the list.
pub(crate) const OBJECT: &str = "CorsWhitelistEntry";

/// How often the list is compared with the records that others change meanwhile.
const MOST_ROUNDS: usize = 8;

/// Makes the list say of an org what its records are. What was written is compared again: another process may have saved records
/// and put the list right since these were read, and what it wrote is not to be overwritten with older ones.
pub(crate) fn reconcile(list: &dyn Store, org: &Org) -> Result<(), Failure> {
    settled(|| is_right(list, org))
}

/// Compares a list of the server's with the rows of an org, and again while that changed the list.
pub(super) fn settled(mut is_right: impl FnMut() -> Result<bool, Failure>) -> Result<(), Failure> {
    for _ in 0..MOST_ROUNDS {
        if is_right()? {
            break;
        }
    }
    Ok(())
}

/// Whether the list says of an org what its records are; it is written anew where not.
fn is_right(list: &dyn Store, org: &Org) -> Result<bool, Failure> {
    let id = org.id.to_string();
    let have = patterns(org)?;
    let listed = own("SELECT pattern FROM \"_origins\" WHERE org = ?1", vec![id.as_str().into()]);
    let listed: BTreeSet<String> =
        list.read_with::<_, Failure>(|tx| Ok(tx.all(&listed)?))?.iter().map(|row| text(&row[0]).to_owned()).collect();
    if have == listed {
        return Ok(true);
    }
    list.transact_with::<_, Failure>(|tx| {
        tx.execute(&own("DELETE FROM \"_origins\" WHERE org = ?1", vec![id.as_str().into()]))?;
        for pattern in &have {
            let add = "INSERT INTO \"_origins\" VALUES (?1, ?2) ON CONFLICT (org, pattern) DO NOTHING";
            tx.execute(&own(add, vec![id.as_str().into(), pattern.as_str().into()]))?;
        }
        Ok(false)
    })
}

/// The patterns of an org's records.
fn patterns(org: &Org) -> Result<BTreeSet<String>, Failure> {
    let catalog = org.catalog();
    if !catalog.object(OBJECT).is_some_and(|object| org.has_rows(object)) {
        return Ok(BTreeSet::new());
    }
    let sql = format!("SELECT \"UrlPattern\", \"IsDeleted\" FROM {}", table(OBJECT, org.store.dialect()));
    let rows = org.read(|tx| Ok(tx.all(&Statement::new(sql.clone(), vec![]))?))?;
    let live = rows.iter().filter(|row| crate::system::int(&row[1]) == 0);
    Ok(live.map(|row| text(&row[0]).to_owned()).collect())
}

impl Server {
    /// Whether scripts of an origin may read answers of an org by its own list; where no org is named, of any.
    pub fn allows_origin(&self, org: Option<Id>, origin: &str) -> Result<bool, Failure> {
        let asked = match org {
            Some(org) => own("SELECT pattern FROM \"_origins\" WHERE org = ?1", vec![org.to_string().into()]),
            None => own("SELECT DISTINCT pattern FROM \"_origins\"", vec![]),
        };
        let rows = self.store.read_with::<_, Failure>(|tx| Ok(tx.all(&asked)?))?;
        Ok(rows.iter().any(|row| text(&row[0]).parse::<Origins>().is_ok_and(|pattern| pattern.takes(origin))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::hooked::{Hooked, insert, server};
    use super::*;
    use std::sync::Arc;

    fn allow(server: &Server, name: &str, origin: &str) {
        let fields = [("DeveloperName", name), ("MasterLabel", name), ("UrlPattern", origin)];
        insert(server, OBJECT, &fields.map(|(name, value)| (name, value.into()))).unwrap();
    }

    #[test]
    fn an_origin_that_is_saved_while_the_list_is_put_right_is_listed() {
        let server = Arc::new(server());
        allow(&server, "One", "https://one.example.com");
        let org = server.default_org();
        // Something is wrong with the list, so that it is written.
        let drop = own("DELETE FROM \"_origins\"", vec![]);
        server.store.transact_with::<_, Failure>(|tx| Ok(tx.execute(&drop)?)).unwrap();
        let other = server.clone();
        let list = Hooked::new(&server.store, move || allow(&other, "Two", "https://two.example.com"));
        reconcile(&list, &org).unwrap();
        for origin in ["https://one.example.com", "https://two.example.com"] {
            assert!(server.allows_origin(Some(org.id), origin).unwrap(), "{origin}");
        }
    }
}
