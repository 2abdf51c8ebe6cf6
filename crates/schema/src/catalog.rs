//! The catalog: an immutable snapshot of every object of an org. The standard objects are one shared part; an org's
//! custom metadata lies over it, so that an org costs only what it changed.

use crate::custom::FlowDef;
use crate::custom::apex::ApexSet;
use crate::object::Object;
use orglet_base::{Id, KeyPrefix, fold_name};
use std::collections::HashMap;
use std::sync::Arc;

/// A set of objects by name and key prefix.
#[derive(Debug, Default)]
pub struct ObjectSet {
    by_name: HashMap<String, Arc<Object>>,
    by_prefix: HashMap<KeyPrefix, Arc<Object>>,
}

impl ObjectSet {
    /// Builds the indexes. Where several objects share a key prefix, the first given keeps it.
    pub fn new(objects: impl IntoIterator<Item = Arc<Object>>) -> Self {
        let mut set = Self::default();
        for object in objects {
            if let Some(prefix) = object.key_prefix {
                set.by_prefix.entry(prefix).or_insert_with(|| object.clone());
            }
            set.by_name.insert(fold_name(&object.name).into_owned(), object);
        }
        set
    }

    /// An object by its API name, in any case.
    pub fn object(&self, name: &str) -> Option<&Arc<Object>> {
        self.by_name.get(fold_name(name).as_ref())
    }

    /// Every object, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.by_name.values()
    }
}

/// A snapshot of an org's schema.
#[derive(Debug, Clone)]
pub struct Catalog {
    version: u64,
    modified: orglet_base::DateTime,
    standard: Arc<ObjectSet>,
    overlay: Arc<ObjectSet>,
    /// Active flows by folded name.
    flows: Arc<HashMap<String, FlowDef>>,
    apex: Option<Arc<ApexSet>>,
}

impl Catalog {
    /// A catalog of the standard objects, with `overlay` (custom objects, and standard objects that custom fields
    /// changed) lying over it. `version` grows with each change; `modified` is the time of the last one.
    pub fn new(version: u64, modified: orglet_base::DateTime, standard: Arc<ObjectSet>, overlay: ObjectSet) -> Self {
        Self { version, modified, standard, overlay: Arc::new(overlay), flows: Arc::default(), apex: None }
    }

    /// The catalog with the active ones of these flows.
    pub fn with_flows(self, flows: impl IntoIterator<Item = FlowDef>) -> Self {
        let active = flows.into_iter().filter(|def| def.flow.is_active());
        Self { flows: Arc::new(active.map(|def| (fold_name(&def.full_name).into_owned(), def)).collect()), ..self }
    }

    /// An active flow by its API name, in any case.
    pub fn flow(&self, name: &str) -> Option<&FlowDef> {
        self.flows.get(fold_name(name).as_ref())
    }

    /// The active flows, sorted by name.
    pub fn flows(&self) -> Vec<&FlowDef> {
        let mut all: Vec<_> = self.flows.values().collect();
        all.sort_by(|a, b| a.full_name.cmp(&b.full_name));
        all
    }

    /// The same with the classes and triggers of the org, if it has any.
    pub fn with_apex(mut self, apex: ApexSet) -> Self {
        self.apex = (!apex.sources.is_empty()).then(|| Arc::new(apex));
        self
    }

    /// The classes and triggers of the org; none where there is not one.
    pub fn apex(&self) -> Option<&Arc<ApexSet>> {
        self.apex.as_ref()
    }

    /// Grows with each change of metadata.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// When metadata last changed.
    pub fn modified(&self) -> orglet_base::DateTime {
        self.modified
    }

    /// An object by its API name, in any case.
    pub fn object(&self, name: &str) -> Option<&Arc<Object>> {
        let key = fold_name(name);
        self.overlay.by_name.get(key.as_ref()).or_else(|| self.standard.by_name.get(key.as_ref()))
    }

    /// The object whose records' ids begin so.
    pub fn by_prefix(&self, prefix: KeyPrefix) -> Option<&Arc<Object>> {
        let found = self.overlay.by_prefix.get(&prefix).or_else(|| self.standard.by_prefix.get(&prefix))?;
        self.object(&found.name)
    }

    /// The object of a record id.
    pub fn object_of(&self, id: Id) -> Option<&Arc<Object>> {
        self.by_prefix(id.prefix())
    }

    /// The objects that the org made or changed, in no order.
    pub fn changed(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.overlay.iter()
    }

    /// Every object, sorted by name. Costs as much as there are objects: for describe global and the like.
    pub fn objects(&self) -> Vec<&Arc<Object>> {
        let mut all: Vec<_> = self.overlay.by_name.values().collect();
        all.extend(self.standard.by_name.iter().filter(|(name, _)| !self.overlay.by_name.contains_key(*name)).map(|(_, o)| o));
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }
}
