//! A change of metadata under way: what is there, what is added, changed and taken away.

use super::{Body, Custom, EVENT_PREFIXES, Edit, FIELD, OBJECT, PREFIXES, value_sets};
use crate::ids::{self, Counters};
use crate::system::own;
use crate::{Failure, Identity, Org, events};
use orglet_base::{ApiError, DateTime, ErrorCode, Id, KeyPrefix, Statement};
use orglet_schema::custom::{ApexDef, FieldDef, PartDef, part};
use orglet_schema::tooling;
use orglet_store::{StoreError, Tx};

/// Digits of key prefixes, in their order.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn insert(custom: &Custom) -> Result<Statement, Failure> {
    let body = match &custom.body {
        Body::Object(def) => serde_json::to_string(def),
        Body::Field(def) => serde_json::to_string(def),
        Body::Part(def) => def.to_stored(),
        Body::Apex(def) => serde_json::to_string(def),
    }
    .map_err(|e| StoreError::Other(e.to_string()))?;
    let prefix = custom.prefix.map(|p| p.to_string()).unwrap_or_default();
    Ok(own(
        "INSERT INTO \"_custom\" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
         ON CONFLICT (id) DO UPDATE SET object = ?3, name = ?4, body = ?6, modified = ?8",
        vec![
            custom.id.to_string().into(),
            custom.kind.as_str().into(),
            custom.object.as_str().into(),
            custom.name.as_str().into(),
            prefix.into(),
            body.into(),
            custom.created.as_str().into(),
            custom.modified.as_str().into(),
            custom.author.as_str().into(),
        ],
    ))
}

/// The definitions of an org as a change makes them, until they are written.
pub(super) struct Draft<'a> {
    pub(super) org: &'a Org,
    pub(super) identity: &'a Identity,
    pub(super) now: DateTime,
    pub(super) customs: Vec<Custom>,
    pub(super) changed: Vec<Id>,
    /// Those that lost what they said of a field that goes: written anew, but accepted before.
    pub(super) rewritten: Vec<Id>,
    pub(super) removed: Vec<Custom>,
    pub(super) prefixes: Prefixes,
    pub(super) event_prefixes: Prefixes,
}

/// How many key prefixes of a kind the org has given, and how many this change takes on top.
pub(super) struct Prefixes {
    pub(super) first: usize,
    pub(super) taken: u64,
}

impl Draft<'_> {
    pub(super) fn apply(&mut self, edit: Edit) -> Result<Id, Failure> {
        match edit {
            Edit::AddObject(mut def) => {
                let fields = std::mem::take(&mut def.fields);
                let prefix = self.next_prefix(def.event.is_some())?;
                let name = def.full_name.clone();
                let id = self.add(OBJECT, &name, &name, Some(prefix), Body::Object(def))?;
                for mut field in fields {
                    field.object.clone_from(&name);
                    self.apply(Edit::AddField(field))?;
                }
                Ok(id)
            }
            Edit::AddField(mut def) => {
                value_sets::resolve(&mut def, &self.customs).map_err(|e| Failure::Definition(Box::new(e)))?;
                let object = self.spelt(&def.object);
                let name = def.full_name.clone();
                self.add(FIELD, &object, &name, None, Body::Field(FieldDef { object: object.clone(), ..def }))
            }
            Edit::ChangeObject(id, mut def) => {
                def.fields.clear();
                self.change(id, Body::Object(def))
            }
            Edit::ChangeField(id, mut def) => {
                value_sets::resolve(&mut def, &self.customs).map_err(|e| Failure::Definition(Box::new(e)))?;
                self.change(id, Body::Field(def))
            }
            Edit::AddPart(def) => {
                let (kind, object, name) = (def.kind().name, self.spelt(def.object()), def.name().to_owned());
                let def = def.renamed(&object, &name);
                self.add(kind, &object, &name, None, Body::Part(def))
            }
            Edit::ChangePart(id, def) => self.change(id, Body::Part(def)),
            Edit::AddApex(def) => self.add_apex(def),
            Edit::ChangeApex(id, def) => self.change_apex(id, def),
            Edit::Remove(id) => {
                self.may_go(id)?;
                self.remove(id)
            }
        }
    }

    /// An object's name as it was made.
    fn spelt(&self, object: &str) -> String {
        let own = self.customs.iter().find(|c| c.kind == OBJECT && c.name.eq_ignore_ascii_case(object)).map(|c| c.name.clone());
        own.or_else(|| self.org.catalog().object(object).map(|o| o.name.clone())).unwrap_or_else(|| object.to_owned())
    }

    fn add(&mut self, kind: &str, object: &str, name: &str, prefix: Option<KeyPrefix>, body: Body) -> Result<Id, Failure> {
        if self.customs.iter().any(|c| c.kind == kind && c.object.eq_ignore_ascii_case(object) && c.name.eq_ignore_ascii_case(name)) {
            let what = match &body {
                Body::Object(_) => "object",
                Body::Field(_) => "field",
                Body::Part(def) => def.kind().what,
                Body::Apex(def) => def.kind.word(),
            };
            let shown = if kind == OBJECT { name.to_owned() } else { format!("{name} on {object}") };
            let text = format!("There is already a {what} named {shown}.");
            return Err(ApiError::new(ErrorCode::DuplicateDeveloperName, text).with_fields(["DeveloperName"]).into());
        }
        let prefix_of_id = match &body {
            Body::Object(_) => tooling::CUSTOM_OBJECT,
            Body::Field(_) => tooling::CUSTOM_FIELD,
            Body::Part(def) => def.kind().prefix,
            Body::Apex(def) => def.kind.prefix(),
        };
        let id = self.org.new_ids(KeyPrefix::parse(prefix_of_id).unwrap_or(ids::seeded(prefix_of_id, 0).prefix()), 1)?[0];
        let stamp = self.now.to_canonical();
        self.customs.push(Custom {
            id,
            kind: kind.to_owned(),
            object: object.to_owned(),
            name: name.to_owned(),
            prefix,
            body,
            created: stamp.clone(),
            modified: stamp,
            author: self.identity.user.id.to_string(),
        });
        self.changed.push(id);
        Ok(id)
    }

    /// Adds a class or a trigger. Names are unique over all objects, and refused in the platform's words for each kind.
    fn add_apex(&mut self, mut def: ApexDef) -> Result<Id, Failure> {
        def.check().map_err(|e| Failure::Definition(Box::new(e)))?;
        self.one_of_its_name(&def, None)?;
        def.object = def.object.map(|object| self.spelt(&object));
        let (object, name) = (def.object.clone().unwrap_or_default(), def.name.clone());
        self.add(def.kind.name(), &object, &name, None, Body::Apex(def))
    }

    /// Gives a class or a trigger another body; it may be renamed by it.
    fn change_apex(&mut self, id: Id, mut def: ApexDef) -> Result<Id, Failure> {
        def.check().map_err(|e| Failure::Definition(Box::new(e)))?;
        self.one_of_its_name(&def, Some(id))?;
        def.object = def.object.map(|object| self.spelt(&object));
        let (object, name) = (def.object.clone().unwrap_or_default(), def.name.clone());
        self.change(id, Body::Apex(def))?;
        if let Some(custom) = self.customs.iter_mut().find(|c| c.id == id) {
            (custom.object, custom.name) = (object, name);
        }
        Ok(id)
    }

    fn one_of_its_name(&self, def: &ApexDef, own: Option<Id>) -> Result<(), Failure> {
        let same = |c: &&Custom| {
            Some(c.id) != own && c.apex_def().is_some_and(|other| other.kind == def.kind && other.name.eq_ignore_ascii_case(&def.name))
        };
        let Some(other) = self.customs.iter().find(same) else { return Ok(()) };
        let text = format!("duplicate value found: <unknown> duplicates value on record with id: {}", other.id.as_15());
        Err(ApiError::new(ErrorCode::DuplicateValue, text).with_fields(Vec::<String>::new()).into())
    }

    fn change(&mut self, id: Id, body: Body) -> Result<Id, Failure> {
        let custom = self.customs.iter_mut().find(|c| c.id == id).ok_or_else(crate::failure::no_row)?;
        let renamed = match &body {
            Body::Object(def) => !def.full_name.eq_ignore_ascii_case(&custom.name),
            Body::Field(def) => !def.full_name.eq_ignore_ascii_case(&custom.name) || !def.object.eq_ignore_ascii_case(&custom.object),
            Body::Part(def) => !def.name().eq_ignore_ascii_case(&custom.name) || !def.object().eq_ignore_ascii_case(&custom.object),
            Body::Apex(_) => false,
        };
        if renamed {
            let e = ApiError::new(ErrorCode::FieldIntegrityException, "The name of a definition cannot be changed here");
            return Err(e.with_fields(["FullName"]).into());
        }
        // Another case is the same name, and tables and columns keep the one that they were made with.
        custom.body = match body {
            Body::Object(mut def) => {
                def.full_name.clone_from(&custom.name);
                Body::Object(def)
            }
            Body::Field(mut def) => {
                def.full_name.clone_from(&custom.name);
                def.object.clone_from(&custom.object);
                Body::Field(def)
            }
            Body::Part(def) => Body::Part(def.renamed(&custom.object, &custom.name)),
            Body::Apex(def) => Body::Apex(def),
        };
        custom.modified = self.now.to_canonical();
        self.changed.push(id);
        Ok(id)
    }

    /// Refuses to take away by itself what goes with its object alone; of record types in the words of a failed deployment.
    fn may_go(&self, id: Id) -> Result<(), Failure> {
        let part = self.customs.iter().find(|c| c.id == id).and_then(Custom::part_def);
        match part.map(PartDef::kind).filter(|kind| !part::is_removable(kind)) {
            Some(kind) => {
                let text = format!("Cannot delete {} through API", kind.what);
                Err(ApiError::new(ErrorCode::CannotInsertUpdateActivateEntity, text).with_fields(Vec::<String>::new()).into())
            }
            None => Ok(()),
        }
    }

    fn remove(&mut self, id: Id) -> Result<Id, Failure> {
        let at = self.customs.iter().position(|c| c.id == id).ok_or_else(crate::failure::no_row)?;
        let custom = self.customs.remove(at);
        if custom.kind == OBJECT {
            let own: Vec<Id> = self.customs.iter().filter(|c| c.object.eq_ignore_ascii_case(&custom.name)).map(|c| c.id).collect();
            for field in own {
                self.remove(field)?;
            }
        }
        if custom.kind == FIELD {
            for other in &mut self.customs {
                if let Body::Part(def) = &mut other.body
                    && def.forget(&custom.object, &custom.name)
                    && !self.rewritten.contains(&other.id)
                {
                    self.rewritten.push(other.id);
                }
            }
        }
        self.changed.retain(|c| *c != id);
        self.removed.push(custom);
        Ok(id)
    }

    /// Key prefixes of custom objects go a00, a01 … a0Z, a0a … in the order of creation, those of platform events e00, e01 …
    /// in the order of theirs, and are never used again.
    fn next_prefix(&mut self, event: bool) -> Result<KeyPrefix, Failure> {
        let (letter, counted) = if event { (b'e', &mut self.event_prefixes) } else { (b'a', &mut self.prefixes) };
        let n = counted.first + counted.taken as usize;
        if n >= DIGITS.len() * DIGITS.len() {
            return Err(ApiError::new(ErrorCode::LimitExceeded, "this org has no key prefix left for another custom object").into());
        }
        counted.taken += 1;
        Ok(KeyPrefix([letter, DIGITS[n / 62], DIGITS[n % 62]]))
    }

    /// Whether a definition is written anew.
    pub(super) fn writes(&self, custom: &Custom) -> bool {
        self.changed.contains(&custom.id) || self.rewritten.contains(&custom.id)
    }

    /// Writes the definitions, and takes away what belonged to those that are gone.
    pub(super) fn write(&self, tx: &mut dyn Tx) -> Result<(), Failure> {
        for custom in &self.removed {
            tx.execute(&own("DELETE FROM \"_custom\" WHERE id = ?1", vec![custom.id.to_string().into()]))?;
            self.forget_in_bin(tx, custom)?;
            // A field of the same name that is made later counts from its own start.
            let (sql, key) = match custom.kind.as_str() {
                OBJECT => ("DELETE FROM \"_counters\" WHERE substr(lower(name), 1, length(?1)) = lower(?1)", format!("{}.", custom.name)),
                FIELD => ("DELETE FROM \"_counters\" WHERE lower(name) = lower(?1)", format!("{}.{}", custom.object, custom.name)),
                _ => continue,
            };
            tx.execute(&own(sql, vec![key.into()]))?;
        }
        for custom in self.customs.iter().filter(|c| self.writes(c)) {
            tx.execute(&insert(custom)?)?;
        }
        for (name, prefixes) in [(PREFIXES, &self.prefixes), (EVENT_PREFIXES, &self.event_prefixes)] {
            if prefixes.taken > 0 {
                ids::bump(tx, Counters::Named, name, 0, prefixes.taken)?;
            }
        }
        events::note_schemas(tx, &self.customs, &self.changed, &self.removed)
    }

    /// Takes what the recycle bin notes of an object or a field that goes away with it: a field of the same name that is made later
    /// is another.
    fn forget_in_bin(&self, tx: &mut dyn Tx, gone: &Custom) -> Result<(), Failure> {
        let catalog = self.org.catalog();
        let Some(prefix) = catalog.object(&gone.object).and_then(|object| object.key_prefix) else { return Ok(()) };
        let prefix = prefix.to_string();
        let statement = match gone.kind.as_str() {
            OBJECT => own(
                "DELETE FROM \"_bin\" WHERE substr(id, 1, 3) = ?1 OR substr(root, 1, 3) = ?1 OR substr(parent, 1, 3) = ?1",
                vec![prefix.into()],
            ),
            FIELD => own("DELETE FROM \"_bin\" WHERE field = ?2 AND substr(id, 1, 3) = ?1", vec![prefix.into(), gone.name.as_str().into()]),
            _ => return Ok(()),
        };
        tx.execute(&statement)?;
        Ok(())
    }
}
