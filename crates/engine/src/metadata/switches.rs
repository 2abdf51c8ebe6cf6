//! Settings that are part of the catalog: other objects, or rules, than an org has without them.

use super::{Seen, after, build, check_rules, note_change, places, stored, tables};
use crate::settings::{Kept, Setting, Settings};
use crate::{Failure, Org, matching, sites};
use orglet_store::Tx;

/// What the settings of an org make of its catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Switches {
    /// The states and countries of addresses have codes.
    pub(crate) places: bool,
    /// The platform's own duplicate rules are active.
    pub(crate) duplicate_rules: bool,
    /// There are sites.
    pub(crate) sites: bool,
}

/// Where settings are looked up.
pub(crate) trait Chosen {
    /// Whether something is on.
    fn is_on(&self, setting: Setting) -> bool;
}

impl Chosen for Settings {
    fn is_on(&self, setting: Setting) -> bool {
        Settings::is_on(self, setting)
    }
}

impl Chosen for Kept {
    fn is_on(&self, setting: Setting) -> bool {
        Kept::is_on(self, setting)
    }
}

impl Switches {
    /// As settings say.
    pub(crate) fn of(chosen: &impl Chosen) -> Self {
        let is_on = |setting| chosen.is_on(setting);
        Self {
            places: is_on(Setting::StateCountryPicklists),
            duplicate_rules: is_on(Setting::StandardDuplicateRules),
            sites: is_on(Setting::DigitalExperiences),
        }
    }

    /// With another setting.
    pub(crate) fn with(mut self, setting: Setting, on: bool) -> Self {
        match setting {
            Setting::StateCountryPicklists => self.places = on,
            Setting::StandardDuplicateRules => self.duplicate_rules = on,
            Setting::DigitalExperiences => self.sites = on,
            _ => {}
        }
        self
    }
}

/// Switches what is part of the catalog. Codes of states and countries are another set of standard objects: tables get the columns,
/// with codes derived from the texts, or lose them. `work` is done in the same transaction. The caller holds [`Org::changing`].
pub(crate) fn switch<T>(org: &Org, to: Switches, mut work: impl FnMut(&mut dyn Tx) -> Result<T, Failure>) -> Result<T, Failure> {
    org.here()?;
    let old = org.catalog();
    let customs = stored(&*org.store)?;
    let new = build(&customs, &[], to, old.version() + 1, after(Some(old.modified()), org.now()))?;
    check_rules(&customs, &[], None, &old, &new).map_err(|all| Seen::default().all(all))?;
    let statements = tables::migration(org, &old, &new)?;
    let places = Switches::of(&org.settings).places != to.places;
    let done = org.store.transact_alone_with::<_, Failure>(|tx| {
        org.still(tx, &old)?;
        if !to.sites {
            sites::check_none(tx)?;
        }
        for statement in &statements {
            tx.execute(statement)?;
        }
        if places {
            places::derive(tx, org, &new)?;
        }
        matching::settle(tx, &new, org.store.dialect(), &|object| org.has_rows(object))?;
        note_change(tx, new.version(), new.modified())?;
        work(tx)
    })?;
    for object in old.objects().into_iter().filter(|object| new.object(&object.name).is_none()) {
        org.forget_table(&object.name);
    }
    org.set_catalog(new);
    Ok(done)
}
