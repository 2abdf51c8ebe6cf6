//! Which formulas a change of metadata can matter to, told without reading any of them as a formula.

use crate::metadata::{Custom, FIELD, OBJECT};
use orglet_base::fold_name;
use orglet_schema::{Catalog, Object};
use std::collections::HashSet;

/// What a change touches, as formulas can name it. A formula that names none of it means after the change what it meant before.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// Folded names of objects that are other objects now: all formulas of theirs are touched.
    objects: HashSet<String>,
    /// Folded names without their suffix: of fields and objects, and of relationships that lead to these objects.
    names: HashSet<String>,
}

impl Touched {
    /// What is defined, changed or taken away.
    pub(crate) fn of<'a>(customs: impl Iterator<Item = &'a Custom>, old: &Catalog, new: &Catalog) -> Self {
        let mut touched = Self::default();
        let mut seen = HashSet::new();
        for custom in customs {
            touched.names(custom);
            let object = fold_name(&custom.object).into_owned();
            if custom.kind == OBJECT {
                touched.lead_to(old, &object);
                touched.lead_to(new, &object);
                touched.objects.insert(object.clone());
            }
            // A master-detail field takes the owner away, record types bring a field.
            if let (true, Some(was), Some(is)) = (seen.insert(object), old.object(&custom.object), new.object(&custom.object)) {
                touched.lost(was, is);
            }
        }
        touched
    }

    /// The names of fields and objects alone.
    pub(crate) fn named<'a>(customs: impl Iterator<Item = &'a Custom>) -> Self {
        let mut touched = Self::default();
        customs.for_each(|custom| touched.names(custom));
        touched
    }

    fn names(&mut self, custom: &Custom) {
        if [OBJECT, FIELD].contains(&custom.kind.as_str()) {
            self.names.insert(stem(&custom.name));
        }
    }

    /// The relationships that lead to an object, from wherever. Those that lead to several need the object's name in a path.
    fn lead_to(&mut self, catalog: &Catalog, object: &str) {
        for child in catalog.object(object).map_or(&[][..], |object| object.children()) {
            let field = catalog.object(&child.child).and_then(|object| object.field(&child.field));
            let field = field.filter(|field| field.reference_to.len() == 1);
            self.names.extend(field.and_then(|field| field.relationship_name.as_deref()).map(stem));
        }
    }

    /// The fields that an object has no more.
    fn lost(&mut self, was: &Object, is: &Object) {
        for field in was.fields().iter().filter(|field| is.field(&field.name).is_none()) {
            self.names.extend([Some(field.name.as_str()), field.relationship_name.as_deref()].into_iter().flatten().map(stem));
        }
    }

    /// Whether the change may matter to a formula of an object.
    pub(crate) fn reaches(&self, object: &str, text: &str) -> bool {
        if self.objects.contains(fold_name(object).as_ref()) {
            return true;
        }
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
        !self.names.is_empty() && words.map(fold_name).any(|word| self.is_in(&word))
    }

    /// Whether a folded word is one of the names, or is one with something behind it: `Place__Latitude__s` is of `Place__c`.
    fn is_in(&self, word: &str) -> bool {
        self.names.contains(word) || word.match_indices("__").any(|(at, _)| self.names.contains(&word[..at]))
    }
}

/// A name folded, without its suffix: `X__c`, `X__r` and `X__e` are of one thing.
fn stem(name: &str) -> String {
    let name = fold_name(name);
    ["__c", "__r", "__e"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(&name).to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "helpers of tests")]
mod tests {
    use super::*;
    use crate::metadata::{self, Edit};
    use crate::{OrgOptions, Server};
    use orglet_schema::custom::{FieldDef, MetaNode, ObjectDef};
    use serde_json::json;

    fn field(object: &str, name: &str, meta: serde_json::Value) -> Edit {
        Edit::AddField(FieldDef::from_meta(object, name, &MetaNode::from_json(&meta)).unwrap())
    }

    #[test]
    fn a_formula_with_a_path_is_reached_by_what_the_path_names_alone() {
        let server = Server::open(OrgOptions::default()).unwrap();
        let admin = server.admin().unwrap();
        let meta = json!({"label": "A", "pluralLabel": "As", "nameField": {"type": "Text", "label": "N"},
            "deploymentStatus": "Deployed", "sharingModel": "ReadWrite"});
        let object = |name: &str| Edit::AddObject(ObjectDef::from_meta(name, &MetaNode::from_json(&meta)).unwrap());
        let lookup = json!({"label": "B", "type": "Lookup", "referenceTo": "Boss__c", "relationshipName": "Hands"});
        let edits = vec![
            object("Boss__c"),
            object("Hand__c"),
            object("Else__c"),
            field("Hand__c", "Chief__c", lookup),
            field("Boss__c", "Place__c", json!({"label": "P", "type": "Location", "scale": 3, "displayLocationInDecimal": true})),
        ];
        let before = server.default_org().catalog();
        metadata::apply(&admin, edits).unwrap();
        let after = server.default_org().catalog();
        let all = metadata::all(&server.default_org()).unwrap();
        let of = |name: &str| Touched::of(all.iter().filter(|custom| custom.name == name), &before, &after);
        let formula = "Chief__r.Name = $User.Alias";
        // Objects by the relationships that lead to them, whatever these are called; fields by their names.
        assert!(of("Boss__c").reaches("Hand__c", formula));
        assert!(of("Chief__c").reaches("Hand__c", formula));
        assert!(of("Hand__c").reaches("Hand__c", "1 = 1"));
        assert!(of("Place__c").reaches("Hand__c", "Chief__r.place__latitude__s > 1"));
        for other in ["Else__c", "Place__c"] {
            assert!(!of(other).reaches("Hand__c", formula), "{other}");
        }
        assert!(!of("Boss__c").reaches("Account", "Parent.Name = 'x' && $Profile.Name = 'y'"));
        // What an object loses is touched too: a detail has no owner.
        let master = json!({"label": "M", "type": "MasterDetail", "referenceTo": "Boss__c", "relationshipName": "Elses"});
        metadata::apply(&admin, vec![field("Else__c", "Master__c", master)]).unwrap();
        let all = metadata::all(&server.default_org()).unwrap();
        let touched = Touched::of(all.iter().filter(|c| c.name == "Master__c"), &after, &server.default_org().catalog());
        assert!(touched.reaches("Hand__c", "Else__r.Owner:User.Name = 'x'") && touched.reaches("Else__c", "ISBLANK(OwnerId)"));
        assert!(!touched.reaches("Hand__c", formula));
    }
}
