//! What describes of every protocol tell of objects and fields.

pub(crate) mod appearance;
pub(crate) mod field;
pub(crate) mod layout_items;
pub(crate) mod layouts;
pub(crate) mod record_types;
pub(crate) mod search;

use crate::codec::Doc;
use field::optional;
use orglet_base::ApiVersion;
use orglet_engine::Identity;
use orglet_schema::standard::describe as facts;
use orglet_schema::{Catalog, Object};
use std::sync::Arc;

/// Who looks at what an org is made of, by whichever protocol.
pub(crate) trait Viewer {
    /// The user, in the org.
    fn identity(&self) -> &Identity;

    /// What the org is made of.
    fn catalog(&self) -> &Catalog;

    /// `https://host`, with which addresses begin.
    fn origin(&self) -> &str;

    /// The path of an object's rows, with its final slash; empty where the protocol tells no paths.
    fn rows_path(&self, object: &Object) -> String;

    /// An object that the user sees.
    fn visible(&self, name: &str) -> Option<&Arc<Object>> {
        self.catalog().object(name).filter(|object| self.identity().access.sees_object(object))
    }
}

/// The members that a version has, of a list of them.
pub(crate) fn keys(all: &'static [&'static str], version: ApiVersion) -> impl Iterator<Item = &'static str> {
    all.iter().copied().filter(move |k| facts::key_since(k) <= u32::from(version.0))
}

/// A member of an object that has no list or object of its own.
pub(crate) fn member(object: &Object, key: &str) -> Doc {
    let flags = &object.flags;
    match key {
        "activateable" => flags.activateable.into(),
        "associateEntityType" => optional(object.associate_type.as_deref()),
        "associateParentEntity" => optional(object.associate_parent.as_deref()),
        "compactLayoutable" => flags.compact_layoutable.into(),
        "createable" => flags.createable.into(),
        "custom" => object.custom.into(),
        "customSetting" => flags.custom_setting.into(),
        "deepCloneable" => facts::deep_cloneable(object).into(),
        "deletable" => flags.deletable.into(),
        "deprecatedAndHidden" => flags.deprecated_and_hidden.into(),
        "feedEnabled" => flags.feed_enabled.into(),
        "hasSubtypes" => flags.has_subtypes.into(),
        "keyPrefix" => optional(object.key_prefix.as_ref().map(|p| p.as_str())),
        "label" => object.label.clone().into(),
        "labelPlural" => object.label_plural.clone().into(),
        "layoutable" => flags.layoutable.into(),
        "mergeable" => flags.mergeable.into(),
        "mruEnabled" => flags.mru_enabled.into(),
        "name" => object.name.clone().into(),
        "queryable" => flags.queryable.into(),
        "replicateable" => flags.replicateable.into(),
        "retrieveable" => flags.retrieveable.into(),
        "searchLayoutable" => flags.search_layoutable.into(),
        "searchable" => flags.searchable.into(),
        "triggerable" => flags.triggerable.into(),
        "undeletable" => flags.undeletable.into(),
        "updateable" => flags.updateable.into(),
        // isInterface, isSubtype.
        _ => false.into(),
    }
}

/// The relationships to children.
pub(crate) fn children(catalog: &Catalog, object: &Object) -> Doc {
    Doc::list(object.children().iter().filter(|c| catalog.object(&c.child).is_some()).map(|c| {
        Doc::obj([
            ("cascadeDelete", c.cascade_delete.into()),
            ("childSObject", c.child.clone().into()),
            ("deprecatedAndHidden", c.deprecated_and_hidden.into()),
            ("field", c.field.clone().into()),
            ("junctionIdListNames", Doc::List(Vec::new())),
            ("junctionReferenceTo", Doc::List(Vec::new())),
            ("relationshipName", optional(c.name.as_deref())),
            ("restrictedDelete", c.restricted_delete.into()),
        ])
    }))
}

/// The scopes that queries of the object may have.
pub(crate) fn scopes(object: &Object) -> Doc {
    Doc::list(facts::supported_scopes(object).into_iter().map(|(name, label)| Doc::obj([("label", label.into()), ("name", name.into())])))
}
