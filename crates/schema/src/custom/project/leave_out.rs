//! What a project asks for and an org has not, as is seen when everything is put together: it goes, and the rest is loaded.

use super::{Project, Skipped};
use crate::custom::apex;
use crate::custom::{DefError, FieldDef, PartDef};
use std::collections::{HashMap, HashSet};

impl Project {
    /// Leaves out what refusals are about where that needs something that is not built: a default or a lookup filter of a field, a part of
    /// an object. So does a class or a trigger that does not compile: what the compiler does not know may be sound on the platform. What needs a field that was left out goes as well. Answers whether it left out anything.
    pub fn leave_out(&mut self, errors: &[DefError]) -> bool {
        let gone = self.fields_left_out();
        let needs_gone = |e: &DefError| missing_field(&e.message).is_some_and(|name| gone.contains(&name.to_ascii_lowercase()));
        let mut refused: HashMap<String, Vec<&DefError>> = HashMap::new();
        for e in errors.iter().filter(|e| e.unsupported || e.column.is_some() || needs_gone(e)) {
            refused.entry(e.subject.as_deref().unwrap_or_default().to_ascii_lowercase()).or_default().push(e);
        }
        if refused.is_empty() {
            return false;
        }
        let mut left = Vec::new();
        self.apex.retain(|(kind, name, ..)| {
            let name = apex::qualified(*kind, name);
            let Some(e) = refused.get(&name.to_ascii_lowercase()).and_then(|errors| errors.first()) else { return true };
            left.push((name.clone(), name, e.message.clone()));
            false
        });
        for def in self.objects.iter_mut().flat_map(|o| &mut o.fields).chain(&mut self.fields) {
            let name = def.qualified_name();
            for e in refused.get(&name.to_ascii_lowercase()).into_iter().flatten() {
                left.extend(strip(def, e).map(|member| (format!("{member} of {name}"), name.clone(), e.message.clone())));
            }
        }
        self.parts.retain(|part: &PartDef| {
            let name = part.qualified_name();
            let Some(e) = refused.get(&name.to_ascii_lowercase()).and_then(|errors| errors.first()) else { return true };
            left.push((name.clone(), name, e.message.clone()));
            false
        });
        let any = !left.is_empty();
        for (what, origin, why) in left {
            let (path, line) = self.origins.get(&origin).cloned().unwrap_or_default();
            let of = |e: &&DefError| e.column.is_some() && e.subject.as_deref() == Some(&what);
            let line = errors.iter().find(of).and_then(|e| e.line).or(line);
            self.skipped.push(Skipped { path, line, what, why });
        }
        any
    }

    /// Folded names, without their objects, of the fields that were left out.
    fn fields_left_out(&self) -> HashSet<String> {
        let fields = self.skipped.iter().filter(|s| s.what.starts_with("field "));
        fields.filter_map(|s| s.what.rsplit('.').next()).map(str::to_ascii_lowercase).collect()
    }
}

/// The field, without its object, of which a refusal says that there is none.
fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("Field ")?.split(' ').next()?.rsplit('.').next()
}

/// Takes off a field what a refusal is about: the default that it names, or else the filter, where something is not built.
fn strip(def: &mut FieldDef, e: &DefError) -> Option<&'static str> {
    if e.fields.iter().any(|f| f == "defaultValue") && def.default_value.is_some() {
        def.default_value = None;
        return Some("defaultValue");
    }
    if e.unsupported && def.lookup_filter.is_some() {
        def.lookup_filter = None;
        return Some("lookupFilter");
    }
    None
}
