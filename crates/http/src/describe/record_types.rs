//! Record types as describes and layouts list them.

use crate::codec::Doc;
use orglet_base::{ApiError, Id};
use orglet_schema::custom::part::MASTER;
use orglet_schema::{Object, RecordType};

/// A record type of an object as the user has it.
pub(crate) struct Info<'a> {
    pub(crate) id: String,
    pub(crate) name: &'a str,
    pub(crate) developer_name: &'a str,
    pub(crate) active: bool,
    /// Whether the user may give it to records.
    pub(crate) available: bool,
    /// Whether the user's records are of it where none is given.
    pub(crate) default: bool,
    pub(crate) master: bool,
    /// What it leaves of picklists; none for the master's, which leaves all.
    pub(crate) record_type: Option<&'a RecordType>,
}

/// The record types of an object by their names, the master's last, as recorded of orgs that have several. Every user has
/// all active ones, and the master's is the default.
pub(crate) fn of(object: &Object) -> Vec<Info<'_>> {
    let mut types: Vec<&RecordType> = object.record_types().iter().collect();
    types.sort_by(|a, b| orglet_base::fold(&a.label).cmp(&orglet_base::fold(&b.label)).then(a.id.cmp(&b.id)));
    let own = types.into_iter().map(|t| Info {
        id: t.id.to_string(),
        name: &t.label,
        developer_name: &t.developer_name,
        active: t.active,
        available: t.active,
        default: false,
        master: false,
        record_type: Some(t),
    });
    let master = Info {
        id: MASTER.to_owned(),
        name: "Master",
        developer_name: "Master",
        active: true,
        available: true,
        default: true,
        master: true,
        record_type: None,
    };
    own.chain([master]).collect()
}

/// A record type of an object by a path's segment; none for the master's.
pub(crate) fn find<'a>(object: &'a Object, id: &str) -> Result<Option<&'a RecordType>, ApiError> {
    let id = Id::parse(id).map_err(|_| ApiError::not_found())?;
    if id.to_string() == MASTER {
        return Ok(None);
    }
    object.record_type(id).map(Some).ok_or_else(ApiError::not_found)
}

/// The `recordTypeInfos` of a describe. `layout` gives the address of a record type's layout, where the protocol has one.
pub(crate) fn described(object: &Object, layout: impl Fn(&str) -> Option<String>) -> Doc {
    Doc::list(of(object).into_iter().map(|info| {
        let mut doc = Doc::obj([
            ("active", info.active.into()),
            ("available", info.available.into()),
            ("defaultRecordTypeMapping", info.default.into()),
            ("developerName", info.developer_name.to_owned().into()),
            ("master", info.master.into()),
            ("name", info.name.to_owned().into()),
            ("recordTypeId", info.id.clone().into()),
        ]);
        if let Some(url) = layout(&info.id) {
            doc.push("urls", Doc::obj([("layout", url.into())]));
        }
        doc
    }))
}
